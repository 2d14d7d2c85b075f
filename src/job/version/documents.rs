//! What a reader needs beside the tables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset};

use super::{Version, accounting};
use crate::diff::{self, Changes};
use crate::digest::{canonical, sha256};
use crate::error::{Context, Error, Result};
use crate::gate::GateReport;
use crate::ingest::{FileAccount, Reading};
use crate::job::accounts;
use crate::metadata::{self, Check, Coverage, Description, METHOD, METHOD_FILES, method_texts};
use crate::model::Model;
use crate::publish::{self, Versions};
use crate::release::{
    ACCOUNTS, About, Accounting, FileEntry, PACK, PACK_LIST, Packer, StagedFile, part_of_month, recompute_sql,
    window_sql,
};
use crate::schema::{Language, dictionary_html, dictionary_markdown};
use crate::site::{Site, World};

/// The file of the project that holds the outlines of the départements.
const MAP: &str = "data/carte/departements.json";

/// Of what the documents that tell of a version speak.
struct Subject<'a> {
    about: &'a About,
    as_of: DateTime<FixedOffset>,
    /// Every file that holds a table.
    files: &'a [&'a FileEntry],
    coverage: &'a Coverage,
    accounting: Accounting,
    checks: &'a [Check<'a>],
}

impl Version<'_> {
    /// Dictionary, schemas, models, changes, metadata: what a reader needs beside the tables. Returns the digest of all that
    /// they say whatever the rows are.
    pub(in crate::job) fn document(
        &mut self,
        models: &[Model],
        reading: &Reading,
        gates: &[GateReport],
        changes: Option<&Changes>,
        before: &Versions,
    ) -> Result<String> {
        self.accounts(&reading.accounts)?;
        let fixed = self.fixed_texts(models)?;
        let checks: Vec<Check<'_>> = gates.iter().map(check).collect();
        let files = self.sorted_entries();
        let subject = Subject {
            about: self.staging.about(),
            as_of: self.order.as_of,
            files: &files,
            coverage: &self.coverage,
            accounting: accounting(&reading.accounts),
            checks: &checks,
        };
        let told = self.telling_texts(models, &subject)?;
        let words_sha256 = self.words_sha256(models, &fixed)?;
        let told_changes = changes.map(diff::to_markdown);
        let world = World::of(|table| self.rows(table))?;
        let pages = self.described(&subject, |description| {
            self.pages(&Site::new(
                description,
                &world,
                method_of(&fixed),
                told_changes.as_deref(),
                &before.versions,
                &self.map(),
            )?)
        })?;
        let mut texts = [fixed, told].concat();
        if let Some(changes) = changes {
            let value = serde_json::to_value(changes).internal("changes")?;
            texts.push(("changes.json".to_owned(), format!("{value:#}\n")));
        }
        texts.extend(told_changes.map(|text| ("CHANGES.md".to_owned(), text)));
        for (path, text) in texts {
            self.files.push(self.staging.text(&path, &text)?);
        }
        self.files.extend(pages);
        Ok(words_sha256)
    }

    /// The account of each raw file; parts that say what they said stay where they are.
    fn accounts(&mut self, accounts: &[FileAccount]) -> Result<()> {
        let as_of = self.staging.about().as_of;
        for (part, accounts) in accounts::parts(accounts, |month| part_of_month(month, as_of)) {
            let text = serde_json::to_string(&accounts).internal(ACCOUNTS)? + "\n";
            let staged = self.staging.shared_text(ACCOUNTS, &part, "json", &text)?;
            let there =
                self.ground.and_then(|ground| ground.manifest.files.iter().find(|file| file.path == staged.entry.path));
            match there {
                Some(entry) => self.carried.push(entry.clone()),
                None => self.files.push(staged),
            }
        }
        Ok(())
    }

    /// What is the same for every version of these schemas and models.
    fn fixed_texts(&self, models: &[Model]) -> Result<Vec<(String, String)>> {
        let tables = self.catalog.for_readers();
        let mut texts: Vec<(String, String)> = Vec::new();
        for (language, code) in [(Language::French, "fr"), (Language::English, "en")] {
            texts.push((format!("dictionnaire.{code}.md"), dictionary_markdown(&tables, language)));
            texts.push((format!("dictionnaire.{code}.html"), dictionary_html(&tables, language)));
        }
        texts.extend(tables.iter().map(|table| (format!("schemas/{}.json", table.name), table.text.clone())));
        texts.extend(models.iter().map(|model| (format!("models/{}.sql", model.table), model.sql.clone())));
        let place = |error: Error| error.at_path(&self.order.project.path(METHOD));
        let method = std::fs::read_to_string(self.order.project.path(METHOD)).usage("cannot read the method");
        let halves = method.and_then(|text| method_texts(&text)).map_err(place)?;
        texts.extend(halves.map(|(name, text)| (name.to_owned(), text)));
        Ok(texts)
    }

    /// What tells of one version.
    fn telling_texts(&self, models: &[Model], subject: &Subject<'_>) -> Result<Vec<(String, String)>> {
        let version = &subject.about.version;
        let mut texts = vec![
            ("recompute.sql".to_owned(), recompute_sql(version, subject.files, models, self.catalog)?),
            ("fenetre.sql".to_owned(), window_sql(version, subject.files, models, self.catalog)?),
        ];
        texts.extend(self.described(subject, |description| Ok(metadata::texts(description)))?);
        Ok(texts)
    }

    /// Lets something be told of a subject.
    fn described<T>(&self, subject: &Subject<'_>, tell: impl FnOnce(&Description<'_>) -> Result<T>) -> Result<T> {
        tell(&Description {
            about: subject.about,
            pipeline: self.order.pipeline,
            as_of: subject.as_of,
            tables: &self.catalog.for_readers(),
            files: subject.files,
            coverage: subject.coverage,
            accounting: subject.accounting,
            checks: subject.checks,
        })
    }

    /// The outlines that the site's map is drawn from.
    fn map(&self) -> PathBuf {
        self.order.project.path(MAP)
    }

    /// The pages on which people look at the figures: all of them in a pack, and those that stand unpacked in the version's
    /// own folder. That is the whole site where the version is the first to speak of a month that is over, for those are the
    /// ones to cite; in the others the front page, so that a night does not grow with the history.
    fn pages(&self, site: &Site<'_>) -> Result<Vec<StagedFile>> {
        let (mut packer, mut files) = (Packer::begin()?, Vec::new());
        let closes_a_month = self.closes_a_month();
        site.each_page(|path, page| {
            packer.add(&path, &page)?;
            if closes_a_month {
                files.push(self.staging.bytes(&path, &page)?);
            }
            Ok(())
        })?;
        if !closes_a_month {
            for (path, page) in site.front_alone() {
                files.push(self.staging.bytes(&path, &page)?);
            }
        }
        let (pack, list) = packer.finish()?;
        let list = serde_json::to_string_pretty(&list).internal(PACK_LIST)? + "\n";
        files.extend([self.staging.bytes(PACK, &pack)?, self.staging.text(PACK_LIST, &list)?]);
        Ok(files)
    }

    /// Whether no version before spoke of the end of the last month.
    fn closes_a_month(&self) -> bool {
        let month = |moment: &str| moment.get(..7).map(str::to_owned);
        let before = self.ground.and_then(|ground| month(&ground.manifest.as_of));
        before.is_none_or(|before| Some(before) < month(&self.order.as_of.to_rfc3339()))
    }

    /// The digest of all words of a version that do not follow from its rows: a version of the same rows is worth publishing
    /// where titles, descriptions, addresses, or this program's way of telling are others. They are those of the documents
    /// of a version of no name, no moment and no figures, over files of the same names.
    fn words_sha256(&self, models: &[Model], fixed: &[(String, String)]) -> Result<String> {
        let about =
            About { version: "version".to_owned(), as_of: DateTime::UNIX_EPOCH, ..self.staging.about().clone() };
        let own = format!("versions/{}/", self.order.version);
        let nameless = |entry: &FileEntry| {
            let within = entry.path.strip_prefix(&own).or_else(|| entry.path.rsplit('/').next()).unwrap_or_default();
            let path = format!("versions/version/{within}");
            FileEntry { path, bytes: 0, sha256: String::new(), rows: Some(0), content_digest: None, ..entry.clone() }
        };
        let mut files: Vec<FileEntry> = self.entries().map(nameless).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let subject = Subject {
            about: &about,
            as_of: DateTime::UNIX_EPOCH.fixed_offset(),
            files: &files.iter().collect::<Vec<_>>(),
            coverage: &Coverage::default(),
            accounting: Accounting::default(),
            checks: &[],
        };
        let told = self.telling_texts(models, &subject)?;
        let nowhere = World::default();
        let texts = fixed.iter().chain(&told);
        let mut digests: BTreeMap<String, String> =
            texts.map(|(name, text)| (name.clone(), sha256(text.as_bytes()))).collect();
        self.described(&subject, |description| {
            let site = Site::new(description, &nowhere, method_of(fixed), None, &[], &self.map())?;
            site.each_page(|path, page| {
                digests.insert(path, sha256(&page));
                Ok(())
            })
        })?;
        Ok(sha256(canonical(&digests)?.as_bytes()))
    }

    /// `sha256sum -c SHA256SUMS`, in the version's own folder, checks every file that the version names.
    pub(in crate::job) fn sums(&mut self) -> Result<()> {
        let own = format!("versions/{}/", self.order.version);
        let line = |entry: &FileEntry| {
            let path = &entry.path;
            let from_here = path.strip_prefix(&own).map_or_else(|| format!("../../{path}"), str::to_owned);
            format!("{}  {from_here}\n", entry.sha256)
        };
        let sums: String = self.sorted_entries().into_iter().map(line).collect();
        self.files.push(self.staging.text(publish::DIGESTS, &sums)?);
        Ok(())
    }
}

/// The method in both languages, out of the texts of a version.
fn method_of(texts: &[(String, String)]) -> [&str; 2] {
    METHOD_FILES.map(|name| texts.iter().find(|(file, _)| file == name).map_or("", |(_, text)| text))
}

fn check(gate: &GateReport) -> Check<'_> {
    Check {
        code: gate.gate.code(),
        passed: gate.passed,
        figure: &gate.figure,
        threshold: &gate.threshold,
        overruled: gate.overruled.as_deref(),
    }
}

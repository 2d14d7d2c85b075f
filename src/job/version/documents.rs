//! What a reader needs beside the tables.

use super::{Version, accounting};
use crate::diff::{self, Changes};
use crate::error::{Context, Error, Result};
use crate::gate::GateReport;
use crate::ingest::Reading;
use crate::metadata::{self, Check, Description, METHOD, method_texts};
use crate::model::Model;
use crate::publish;
use crate::release::{FileEntry, recompute_sql, window_sql};
use crate::schema::{Language, TableSchema, dictionary_html, dictionary_markdown};

impl Version<'_> {
    /// Dictionary, schemas, models, changes, metadata: what a reader needs beside the tables.
    pub(in crate::job) fn document(
        &mut self,
        models: &[Model],
        reading: &Reading,
        gates: &[GateReport],
        changes: Option<&Changes>,
    ) -> Result<()> {
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
        if let Some(changes) = changes {
            texts.push((
                "changes.json".to_owned(),
                format!("{:#}\n", serde_json::to_value(changes).internal("changes")?),
            ));
            texts.push(("CHANGES.md".to_owned(), diff::to_markdown(changes)));
        }
        let entries: Vec<&FileEntry> = self.entries().collect();
        texts.push(("recompute.sql".to_owned(), recompute_sql(&self.order.version, &entries, models, self.catalog)?));
        texts.push(("fenetre.sql".to_owned(), window_sql(&self.order.version, &entries, models, self.catalog)?));
        for (path, content) in texts {
            self.files.push(self.staging.text(&path, &content)?);
        }
        for (path, content) in self.metadata(&tables, reading, gates) {
            self.files.push(self.staging.text(&path, &content)?);
        }
        Ok(())
    }

    fn metadata(&self, tables: &[&TableSchema], reading: &Reading, gates: &[GateReport]) -> Vec<(String, String)> {
        let files: Vec<&FileEntry> = self.entries().collect();
        metadata::texts(&Description {
            about: self.staging.about(),
            pipeline: self.order.pipeline,
            as_of: self.order.as_of,
            tables,
            files: &files,
            coverage: &self.coverage,
            accounting: accounting(&reading.accounts),
            checks: &gates.iter().map(check).collect::<Vec<_>>(),
        })
    }

    /// `sha256sum -c SHA256SUMS`, in the version's own folder, checks every file that the version names.
    pub(in crate::job) fn sums(&mut self) -> Result<()> {
        let own = format!("versions/{}/", self.order.version);
        let line = |entry: &FileEntry| {
            let path = &entry.path;
            let from_here = path.strip_prefix(&own).map_or_else(|| format!("../../{path}"), str::to_owned);
            format!("{}  {from_here}\n", entry.sha256)
        };
        let mut entries: Vec<&FileEntry> = self.entries().collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let sums: String = entries.into_iter().map(line).collect();
        self.files.push(self.staging.text(publish::DIGESTS, &sums)?);
        Ok(())
    }
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

//! A version being built: its tables, its files, what is found out about it on the way.

mod derive;
mod documents;
mod judge;
mod measured;
mod parts;
mod pieces;
mod reads;
mod shown;
mod since;
mod years;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono::Utc;
use rayon::prelude::*;

use self::parts::{Part, Written};
use super::ground::Ground;
use super::{Built, Order, RunDigest, SetAside};
use crate::error::{Error, Result};
use crate::gate::GateReport;
use crate::ingest::{FileAccount, Months, Quarantined, Reading, Reason, gathered, id_fingerprints, identifiers_table};
use crate::metadata::Coverage;
use crate::outcome::endings;
use crate::progress::Progress;
use crate::release::{About, Accounting, FileEntry, Manifest, Origins, RawFile, StagedFile, Staging};
use crate::schema::{Catalog, Origin};
use crate::tables;

/// The column by which tables are split.
const MONTH: &str = "mois";

/// Rows of `identifiants` that are written at once.
const IDS_AT_ONCE: usize = 1 << 16;

/// A version being built.
pub(super) struct Version<'a> {
    order: &'a Order<'a>,
    catalog: &'a Catalog,
    ground: Option<&'a Ground<'a>>,
    staging: Arc<Staging>,
    files: Vec<StagedFile>,
    /// Files that stay as the version before has them.
    carried: Vec<FileEntry>,
    /// Where each table is, by its parts; one without a name where it is not split.
    tables: BTreeMap<String, BTreeMap<String, Part>>,
    /// Months of which a line is new, or of which a table that reopens months no longer says the same.
    touched: BTreeSet<String>,
    violations: Vec<String>,
    fictional_attempts: u64,
    digest: RunDigest,
    coverage: Coverage,
}

impl<'a> Version<'a> {
    pub(super) fn new(order: &'a Order<'a>, catalog: &'a Catalog, ground: Option<&'a Ground<'a>>) -> Result<Self> {
        let about = About {
            title: order.pipeline.title.clone(),
            title_en: order.pipeline.title_en.clone(),
            version: order.version.clone(),
            as_of: order.as_of.with_timezone(&Utc),
            simulated: order.pipeline.simulated,
            licence: tables::LICENCE,
            licence_url: tables::LICENCE_URL,
        };
        Ok(Self {
            order,
            catalog,
            ground,
            staging: Arc::new(Staging::new(about)?),
            files: Vec::new(),
            carried: Vec::new(),
            tables: BTreeMap::new(),
            touched: BTreeSet::new(),
            violations: Vec::new(),
            fictional_attempts: 0,
            digest: RunDigest::default(),
            coverage: Coverage::default(),
        })
    }

    /// Settles every month that is touched and writes it day by day, keeping none in memory; the others stay as they are. The
    /// account of repeated lines is closed here.
    pub(super) fn attempts(&mut self, months: &Months, reading: &mut Reading, progress: &dyn Progress) -> Result<()> {
        let repeats = months.repeats()?;
        reading.withdraw(&repeats)?;
        let names = months.names();
        progress.begin("mois", names.len() as u64);
        let (staging, catalog) = (&*self.staging, self.catalog);
        let (attempts, identifiers) = (catalog.table("tentatives")?, catalog.table("identifiants")?);
        let settle = |month: &String| {
            let mut rows = staging.begin(attempts, Some(month))?;
            let mut prints = Vec::new();
            months.settle(month, &repeats, |day| {
                progress.proceed()?;
                prints.extend(id_fingerprints(day)?);
                rows.push(day).map(drop)
            })?;
            progress.advance(1);
            if rows.rows() == 0 {
                // Every line of it repeats or contradicts one of another month.
                return Ok(Vec::new());
            }
            let mut ids = staging.begin(identifiers, Some(month))?;
            prints.sort_unstable();
            prints.dedup();
            for some in prints.chunks(IDS_AT_ONCE) {
                ids.push(&identifiers_table(month, some)?)?;
            }
            let written = [(attempts, rows), (identifiers, ids)]
                .map(|(table, writer)| Written::exported(staging, table, writer.finish()?));
            written.into_iter().collect()
        };
        // As many as there are threads, and no more: a thread that waits within a month would begin another.
        let mut settled: Vec<Vec<Written<'_>>> = Vec::new();
        for some in names.chunks(rayon::current_num_threads()) {
            settled.extend(some.par_iter().map(settle).collect::<Result<Vec<_>>>()?);
        }
        progress.end();
        self.touched.extend(names);
        for name in ["tentatives", "identifiants"] {
            self.tables.entry(name.to_owned()).or_default();
            self.carry_untouched(name)?;
        }
        settled.into_iter().flatten().for_each(|written| self.keep(written));
        self.join_years(identifiers)
    }

    /// How many services are in scope.
    pub(super) fn services(&mut self, count: usize) {
        self.digest.services = count;
    }

    /// A declared table that nothing makes stops the run, as a declared column does; a model that reads what nobody makes
    /// does too.
    pub(super) fn check_complete(&self) -> Result<()> {
        match self.catalog.iter().find(|table| !self.tables.contains_key(&table.name)) {
            None => Ok(()),
            Some(missing) => Err(Error::usage(format!("the table {} is declared, and nothing makes it", missing.name))
                .at(format!("schemas/tables/{}.json", missing.name))
                .hint(match missing.guichets.origin {
                    Origin::Model => {
                        format!("add pipelines/models/{}.sql, or look whether what it reads exists", missing.name)
                    }
                    _ => "remove the schema, or correct its origin".to_owned(),
                })),
        }
    }

    /// Every file of the version, made by this run or not.
    fn entries(&self) -> impl Iterator<Item = &FileEntry> {
        self.files.iter().map(|file| &file.entry).chain(&self.carried)
    }

    /// The same in the order of their paths, which does not depend on which of them were made by this run.
    fn sorted_entries(&self) -> Vec<&FileEntry> {
        let mut entries: Vec<&FileEntry> = self.entries().collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries
    }

    /// What the closing summary and the documents say of the whole version.
    pub(super) fn count(&mut self, measured: &RecordBatch) -> Result<()> {
        let services = self.rows("disponibilite_ensemble")?;
        self.coverage = Coverage::of(&services, measured);
        for ending in endings() {
            self.digest.outcomes.insert(ending.code.to_owned(), crate::schema::total(&services, ending.code));
        }
        Ok(())
    }

    /// The version as it is to be published.
    pub(super) fn finish(mut self, reading: Reading, gates: Vec<GateReport>, origins: Origins) -> Built {
        let read = reading.accounts.iter().filter(|account| reading.read.contains(&account.file));
        let mut files_read: Vec<RawFile> = read
            .map(|account| RawFile { file: account.file.to_string(), sha256: Some(account.sha256.clone()) })
            .collect();
        files_read.sort();
        (self.digest.expected, self.digest.measured) = (self.coverage.expected, self.coverage.measured);
        self.digest.set_aside = set_aside(&reading.quarantined);
        self.digest.accounting = accounting(&reading.accounts);
        self.digest.unread = reading.unread().cloned().collect();
        // Names and numbers always serialise.
        let value = |serialised: Result<serde_json::Value, serde_json::Error>| serialised.unwrap_or_default();
        let files: Vec<FileEntry> = self.sorted_entries().into_iter().cloned().collect();
        let manifest = Manifest {
            version: self.order.version.clone(),
            pipeline: self.order.pipeline.name.clone(),
            title: self.staging.about().marked(&self.order.pipeline.title),
            simulated: self.order.pipeline.simulated,
            as_of: self.order.as_of.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            licence: tables::LICENCE_URL.to_owned(),
            files,
            accounting: self.digest.accounting,
            inputs: serde_json::Value::Null,
            left_alone: value(serde_json::to_value(reading.all_left_alone())),
            files_read,
            made_with: origins,
            engine: self.order.engines.elsewhere().map(str::to_owned),
            gates: value(serde_json::to_value(&gates)),
            parent: None,
        };
        self.digest.left_alone = gathered(reading.left_alone);
        Built { staging: self.staging, files: self.files, manifest, gates, digest: self.digest }
    }
}

/// The records set aside, most of one kind first.
fn set_aside(quarantined: &[Quarantined]) -> Vec<SetAside> {
    let mut kinds: BTreeMap<(Reason, Option<&str>), (u64, &Quarantined)> = BTreeMap::new();
    for row in quarantined {
        let kind = kinds.entry((row.reason, row.field.as_deref())).or_insert((0, row));
        kind.0 += 1;
        kind.1 = kind.1.min(row);
    }
    let mut kinds: Vec<SetAside> = kinds
        .into_iter()
        .map(|((reason, field), (records, first))| SetAside {
            reason: reason.code(),
            field: field.map(str::to_owned),
            records,
            first: format!("{}:{}", first.file, first.line),
        })
        .collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.records));
    kinds
}

fn accounting(accounts: &[FileAccount]) -> Accounting {
    let sum = |of: fn(&FileAccount) -> u64| accounts.iter().map(of).sum();
    Accounting {
        files: accounts.len() as u64,
        lines: sum(|account| account.lines),
        headers: sum(|account| account.headers),
        records: sum(|account| account.records),
        attempts: sum(|account| account.attempts),
        duplicates: sum(|account| account.duplicates),
        blank: sum(|account| account.blank),
        without_data: sum(|account| account.without_data),
        quarantined: sum(|account| account.quarantined),
    }
}

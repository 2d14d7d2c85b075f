//! A version being built: its tables, its files, what is found out about it on the way.

use arrow::array::{Array, AsArray, RecordBatch};
use chrono::Utc;
use rayon::prelude::*;

use super::{Built, Order, RunDigest};
use crate::error::{Error, Result};
use crate::gate::{self, GateReport};
use crate::ingest::{FileAccount, Months, Reading};
use crate::metadata::{self, Check, Coverage, Description};
use crate::model::{Engine, Model};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::publish;
use crate::registry::Registry;
use crate::release::{About, Accounting, FileEntry, Manifest, Origins, Staged, StagedFile, Staging, recompute_sql};
use crate::schema::{Catalog, Language, Origin, TableSchema, dictionary_html, dictionary_markdown};
use crate::scope::Seen;
use crate::tables;

/// A version being built.
pub(super) struct Version<'a> {
    order: &'a Order<'a>,
    catalog: &'a Catalog,
    staging: Staging,
    engine: Engine,
    files: Vec<StagedFile>,
    tables: Vec<String>,
    violations: Vec<String>,
    fictional_attempts: u64,
    digest: RunDigest,
    coverage: Coverage,
}

impl<'a> Version<'a> {
    pub(super) fn new(order: &'a Order<'a>, catalog: &'a Catalog) -> Result<Self> {
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
            staging: Staging::new(about)?,
            engine: Engine::default(),
            files: Vec::new(),
            tables: Vec::new(),
            violations: Vec::new(),
            fictional_attempts: 0,
            digest: RunDigest::default(),
            coverage: Coverage::default(),
        })
    }

    /// Settles every month and writes it, keeping none in memory; the account of repeated lines is closed here.
    pub(super) fn attempts(
        &mut self,
        months: &Months,
        reading: &mut Reading,
        registry: &Registry,
        progress: &dyn Progress,
    ) -> Result<Seen> {
        let table = self.catalog.table("tentatives")?;
        let repeats = months.repeats()?;
        reading.withdraw(&repeats)?;
        let names = months.names();
        progress.begin("mois", names.len() as u64);
        let staging = &self.staging;
        let settled: Vec<Option<Month>> = names
            .par_iter()
            .map(|month| {
                let attempts = months.settle(month, &repeats)?;
                progress.advance(1);
                if attempts.num_rows() == 0 {
                    // Every line of it repeats or contradicts one of another month.
                    return Ok(None);
                }
                let staged = staging.stage(table, Some(month), &attempts)?;
                Ok(Some(Month {
                    seen: Seen::of(&staged.batch)?,
                    fictional: fictional(&staged.batch, registry),
                    parquet: staged.parquet,
                    violations: staged.violations,
                }))
            })
            .collect::<Result<_>>()?;
        progress.end();
        let mut seen = Seen::default();
        let mut paths = Vec::new();
        for month in settled.into_iter().flatten() {
            seen.join(month.seen);
            self.fictional_attempts += month.fictional;
            self.violations.extend(month.violations);
            paths.push(month.parquet.local.clone());
            self.files.push(month.parquet);
        }
        if paths.is_empty() {
            // A run without any attempt still has a table, which the gates will find too small.
            let empty = RecordBatch::new_empty(table.arrow_schema());
            paths.push(self.staging.stage(table, None, &empty)?.parquet.local);
        }
        self.engine.register("tentatives", &paths)?;
        self.tables.push(table.name.clone());
        Ok(seen)
    }

    /// How many services are in scope.
    pub(super) fn services(&mut self, count: usize) {
        self.digest.services = count;
    }

    /// Stages a table in every format that its schema asks for, and makes it known to the models.
    pub(super) fn table(&mut self, name: &str, columns: &RecordBatch) -> Result<()> {
        let table = self.catalog.table(name)?;
        let staged = self.staging.stage(table, None, columns)?;
        self.keep(table, staged)
    }

    fn keep(&mut self, table: &TableSchema, staged: Staged) -> Result<()> {
        self.files.extend(self.staging.export(table, &staged)?);
        self.engine.register(&table.name, std::slice::from_ref(&staged.parquet.local))?;
        self.note(&table.name, &staged.batch);
        self.violations.extend(staged.violations);
        self.files.push(staged.parquet);
        self.tables.push(table.name.clone());
        Ok(())
    }

    pub(super) fn derive(&mut self, models: &[Model], progress: &dyn Progress) -> Result<()> {
        progress.begin("modèles", models.len() as u64);
        for model in models {
            let started = std::time::Instant::now();
            let derived = self.engine.run(model)?;
            let modelled = started.elapsed();
            self.table(&model.table, &derived)?;
            let written = started.elapsed().saturating_sub(modelled);
            tracing::info!(table = model.table, rows = derived.num_rows(), ?modelled, ?written, "derived");
            progress.advance(1);
        }
        progress.end();
        Ok(())
    }

    /// A declared table that nothing makes stops the run, as a declared column does.
    pub(super) fn check_complete(&self) -> Result<()> {
        match self.catalog.iter().find(|table| !self.tables.contains(&table.name)) {
            None => Ok(()),
            Some(missing) => Err(Error::usage(format!("the table {} is declared, and nothing makes it", missing.name))
                .at(format!("schemas/tables/{}.json", missing.name))
                .hint(match missing.guichets.origin {
                    Origin::Model => format!("add pipelines/models/{}.sql, or remove the schema", missing.name),
                    _ => "remove the schema, or correct its origin".to_owned(),
                })),
        }
    }

    pub(super) fn judge(&mut self, accounts: &[FileAccount]) -> Result<Vec<GateReport>> {
        let subject = gate::Subject {
            violations: &self.violations,
            accounts,
            thresholds: &self.order.pipeline.gates,
            as_of: self.order.as_of.with_timezone(&Utc),
            fictional_attempts: self.fictional_attempts,
            simulated: self.order.pipeline.simulated,
        };
        gate::try_all(&subject, &mut self.engine, self.order.overrules)
    }

    /// Dictionary, schemas, models, metadata: what a reader needs beside the tables.
    pub(super) fn document(&mut self, models: &[Model], reading: &Reading, gates: &[GateReport]) -> Result<()> {
        let tables: Vec<&TableSchema> = self.catalog.iter().collect();
        let mut texts: Vec<(String, String)> = Vec::new();
        for (language, code) in [(Language::French, "fr"), (Language::English, "en")] {
            texts.push((format!("dictionnaire.{code}.md"), dictionary_markdown(&tables, language)));
            texts.push((format!("dictionnaire.{code}.html"), dictionary_html(&tables, language)));
        }
        texts.extend(tables.iter().map(|table| (format!("schemas/{}.json", table.name), table.text.clone())));
        texts.extend(models.iter().map(|model| (format!("models/{}.sql", model.table), model.sql.clone())));
        let entries: Vec<&FileEntry> = self.files.iter().map(|file| &file.entry).collect();
        texts.push(("recompute.sql".to_owned(), recompute_sql(&self.order.version, &entries, models, self.catalog)?));
        for (path, content) in texts {
            self.files.push(self.staging.text(&path, &content)?);
        }
        for (path, content) in self.metadata(&tables, reading, gates) {
            self.files.push(self.staging.text(&path, &content)?);
        }
        Ok(())
    }

    fn metadata(&self, tables: &[&TableSchema], reading: &Reading, gates: &[GateReport]) -> Vec<(String, String)> {
        let files: Vec<&FileEntry> = self.files.iter().map(|file| &file.entry).collect();
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

    /// What the closing summary needs of a table.
    fn note(&mut self, table: &str, batch: &RecordBatch) {
        let sum = |column: &str| crate::schema::total(batch, column);
        if table == "disponibilite_jour" {
            self.coverage = Coverage::of(batch);
            self.digest.expected = sum("tentatives_prevues");
            self.digest.measured = sum("cycles_mesures");
            for outcome in Outcome::ALL {
                self.digest.outcomes.insert(outcome.code().to_owned(), sum(outcome.code()));
            }
        }
    }

    /// `sha256sum -c SHA256SUMS`, in the version's own folder, checks every file that the version names.
    pub(super) fn sums(&mut self) -> Result<()> {
        self.files.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
        let own = format!("versions/{}/", self.order.version);
        let line = |file: &StagedFile| {
            let path = &file.entry.path;
            let from_here = path.strip_prefix(&own).map_or_else(|| format!("../../{path}"), str::to_owned);
            format!("{}  {from_here}\n", file.entry.sha256)
        };
        let sums: String = self.files.iter().map(line).collect();
        self.files.push(self.staging.text(publish::DIGESTS, &sums)?);
        Ok(())
    }

    pub(super) fn finish(mut self, reading: Reading, gates: Vec<GateReport>, origins: Origins) -> Built {
        for row in &reading.quarantined {
            *self.digest.quarantined_by_reason.entry(row.reason.code()).or_default() += 1;
        }
        self.digest.accounting = accounting(&reading.accounts);
        self.digest.ignored = reading.ignored;
        // Names and numbers always serialise.
        let value = |serialised: Result<serde_json::Value, serde_json::Error>| serialised.unwrap_or_default();
        let manifest = Manifest {
            version: self.order.version.clone(),
            pipeline: self.order.pipeline.name.clone(),
            title: self.staging.about().marked(&self.order.pipeline.title),
            simulated: self.order.pipeline.simulated,
            as_of: self.order.as_of.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            licence: tables::LICENCE_URL.to_owned(),
            files: self.files.iter().map(|file| file.entry.clone()).collect(),
            accounting: self.digest.accounting,
            inputs: value(serde_json::to_value(&reading.accounts)),
            made_with: origins,
            gates: value(serde_json::to_value(&gates)),
            parent: None,
        };
        Built { staging: self.staging, files: self.files, manifest, gates, digest: self.digest }
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

/// What is kept of a month once it is written.
struct Month {
    parquet: StagedFile,
    seen: Seen,
    fictional: u64,
    violations: Vec<String>,
}

fn accounting(accounts: &[FileAccount]) -> Accounting {
    let sum = |of: fn(&FileAccount) -> u64| accounts.iter().map(of).sum();
    Accounting {
        files: accounts.len() as u64,
        lines: sum(|account| account.lines),
        attempts: sum(|account| account.attempts),
        duplicates: sum(|account| account.duplicates),
        blank: sum(|account| account.blank),
        quarantined: sum(|account| account.quarantined),
    }
}

/// Attempts on counters that the registry calls fictional.
fn fictional(attempts: &RecordBatch, registry: &Registry) -> u64 {
    let Some(counters) = attempts.column_by_name("guichet_id") else { return 0 };
    let Some(dictionary) = counters.as_any_dictionary_opt() else { return 0 };
    let names = dictionary.values().as_string::<i32>();
    if names.is_empty() {
        // `normalized_keys` asks for at least one value.
        return 0;
    }
    let fictional: Vec<bool> = names
        .iter()
        .map(|name| name.and_then(|name| registry.counter(name)).is_some_and(|counter| counter.fictional))
        .collect();
    dictionary.normalized_keys().into_iter().filter(|key| fictional.get(*key).copied().unwrap_or(false)).count() as u64
}

//! The main job, as a short story: raw logs in, a version out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use rayon::prelude::*;
use serde::Serialize;
use tokio::runtime::Handle;

use crate::config::{Pipeline, Project, Schedule};
use crate::digest::sha256;
use crate::error::{Context, Error, Result};
use crate::gate::{self, GateReport, Overrule};
use crate::ingest::{FileAccount, Ingest, Months, Reading, accounts_table, list, quarantine_table};
use crate::model::{Engine, Model};
use crate::outcome::{Outcome, RuleSet};
use crate::progress::Progress;
use crate::publish::{self, Release, Store};
use crate::registry::Registry;
use crate::release::{
    About, Accounting, FileEntry, Manifest, Origins, RulesEntry, Staged, StagedFile, Staging, recompute_sql,
};
use crate::schema::{Catalog, Language, Origin, TableSchema, dictionary_html, dictionary_markdown};
use crate::scope::{self, Seen};
use crate::tables;

/// What a run is asked.
pub struct Order<'a> {
    /// The clone of the project.
    pub project: &'a Project,
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// Where the raw logs are.
    pub raw: &'a [String],
    /// The moment of which the version will speak.
    pub as_of: DateTime<FixedOffset>,
    /// The name of the version.
    pub version: String,
    /// Gates overruled on purpose.
    pub overrules: &'a [Overrule],
}

/// A version, built and judged, that nobody can see yet.
pub struct Built {
    /// Where its files are; they go with it.
    pub staging: Staging,
    /// Its files.
    pub files: Vec<StagedFile>,
    /// Its manifest, without a parent.
    pub manifest: Manifest,
    /// What the gates found.
    pub gates: Vec<GateReport>,
    /// What a person wants to know of it.
    pub digest: RunDigest,
}

/// What a person wants to know of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RunDigest {
    /// The account of all files together.
    pub accounting: Accounting,
    /// Lines set aside, by reason.
    pub quarantined_by_reason: BTreeMap<&'static str, u64>,
    /// Attempts, by outcome.
    pub outcomes: BTreeMap<String, i64>,
    /// Services in scope.
    pub services: usize,
    /// Cycles that the schedule expected, and those that were measured.
    pub expected: i64,
    /// See `expected`.
    pub measured: i64,
    /// Files that are no logs of the pipeline.
    pub ignored: Vec<String>,
}

/// Builds a version from its raw logs. Nothing outside a temporary folder is written.
///
/// # Errors
/// Whatever keeps the version from being built; what a raw file *holds* is never a reason.
pub fn build(order: &Order<'_>, runtime: &Handle, progress: &dyn Progress) -> Result<Built> {
    let catalog = Catalog::load(&order.project.tables())?;
    let registry = Registry::load(&catalog, &order.pipeline.registry_folders(order.project))?;
    let rules = RuleSet::load(&order.pipeline.rules_path())?;
    let schedule = Schedule::load(&order.pipeline.schedule_path())?;
    let models = Model::load_all(&order.project.models())?;

    let ingest = Ingest { pipeline: order.pipeline, registry: &registry, rules: &rules, runtime };
    let months = Months::new(order.pipeline.limits.memory_mib << 20)?;
    let mut reading = ingest.read(list(order.raw, runtime)?, &months, progress)?;

    let mut version = Version::new(order, &catalog)?;
    let seen = version.attempts(&months, &mut reading, &registry, progress)?;
    version.table("quarantaine", &quarantine_table(reading.quarantined.clone())?)?;
    version.table("fichiers", &accounts_table(&reading.accounts)?)?;
    version.table("regles", &tables::rules(&rules)?)?;
    version.table("parametres", &tables::settings(&order.pipeline.method)?)?;
    for (name, table) in registry.tables() {
        version.table(name, table)?;
    }
    let as_of = order.as_of.with_timezone(&Utc);
    let scope = scope::expand(&schedule, &seen, &registry, order.pipeline.registry.zone, as_of)?;
    version.digest.services = scope.services;
    version.table("perimetre", &scope.periods)?;
    version.table("calendrier", &scope.days)?;
    version.derive(&models, progress)?;
    version.check_complete()?;

    let gates = version.judge(&reading.accounts)?;
    version.document(&models)?;
    version.sums()?;
    let origins = origins(order, &rules, &models)?;
    Ok(version.finish(reading, gates, origins))
}

/// Publishes what was built, unless the store says the same already.
///
/// # Errors
/// [`Refused`](crate::error::Kind::Refused) when a gate refuses: the night is then recorded in the store and the pointer
/// stays; [`Unreachable`](crate::error::Kind::Unreachable) when the store cannot be written or another publisher won.
pub fn release(order: &Order<'_>, built: &Built, store: &dyn Store) -> Result<publish::Outcome> {
    if let Some(refusal) = gate::refusal(&built.gates) {
        let refused: Vec<&GateReport> = built.gates.iter().filter(|gate| !gate.passed).collect();
        let reports = serde_json::to_value(refused).internal("gates")?;
        publish::record_refusal(store, &order.version, order.as_of, order.pipeline.simulated, reports)?;
        return Err(refusal);
    }
    publish::publish(
        store,
        Release {
            files: &built.files,
            manifest: built.manifest.clone(),
            as_of: order.as_of,
            fresh_for: TimeDelta::hours(order.pipeline.fresh_hours),
        },
    )
}

/// A version being built.
struct Version<'a> {
    order: &'a Order<'a>,
    catalog: &'a Catalog,
    staging: Staging,
    engine: Engine,
    files: Vec<StagedFile>,
    tables: Vec<String>,
    violations: Vec<String>,
    fictional_attempts: u64,
    digest: RunDigest,
}

impl<'a> Version<'a> {
    fn new(order: &'a Order<'a>, catalog: &'a Catalog) -> Result<Self> {
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
        })
    }

    /// Settles every month and writes it, keeping none in memory; the account of repeated lines is closed here.
    fn attempts(
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

    /// Stages a table in every format that its schema asks for, and makes it known to the models.
    fn table(&mut self, name: &str, columns: &RecordBatch) -> Result<()> {
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

    fn derive(&mut self, models: &[Model], progress: &dyn Progress) -> Result<()> {
        progress.begin("modèles", models.len() as u64);
        for model in models {
            let derived = self.engine.run(model)?;
            self.table(&model.table, &derived)?;
            progress.advance(1);
        }
        progress.end();
        Ok(())
    }

    /// A declared table that nothing makes stops the run, as a declared column does.
    fn check_complete(&self) -> Result<()> {
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

    fn judge(&mut self, accounts: &[FileAccount]) -> Result<Vec<GateReport>> {
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

    /// Dictionary, schemas, models: what a reader needs beside the tables.
    fn document(&mut self, models: &[Model]) -> Result<()> {
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
        Ok(())
    }

    /// What the closing summary needs of a table.
    fn note(&mut self, table: &str, batch: &RecordBatch) {
        let sum = |column: &str| crate::schema::total(batch, column);
        if table == "disponibilite_jour" {
            self.digest.expected = sum("tentatives_prevues");
            self.digest.measured = sum("cycles_mesures");
            for outcome in Outcome::ALL {
                self.digest.outcomes.insert(outcome.code().to_owned(), sum(outcome.code()));
            }
        }
    }

    /// `sha256sum -c SHA256SUMS`, in the version's own folder, checks every file that the version names.
    fn sums(&mut self) -> Result<()> {
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

    fn finish(mut self, reading: Reading, gates: Vec<GateReport>, origins: Origins) -> Built {
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

fn origins(order: &Order<'_>, rules: &RuleSet, models: &[Model]) -> Result<Origins> {
    let digest = |path: PathBuf| -> Result<String> {
        let bytes = std::fs::read(&path).usage("cannot read").map_err(|error| error.at_path(&path))?;
        Ok(sha256(&bytes))
    };
    Ok(Origins {
        code: env!("CARGO_PKG_VERSION").to_owned(),
        rules: RulesEntry { version: rules.version().to_owned(), sha256: digest(order.pipeline.rules_path())? },
        models: models.iter().map(|model| (model.table.clone(), sha256(model.sql.as_bytes()))).collect(),
        schedule_sha256: digest(order.pipeline.schedule_path())?,
    })
}

//! The main job, as a short story: raw logs in, a version out.

mod version;

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde::Serialize;
use tokio::runtime::Handle;

use self::version::Version;
use crate::config::{Pipeline, Project, Schedule};
use crate::digest::sha256;
use crate::error::{Context, Result};
use crate::gate::{self, GateReport, Overrule};
use crate::ingest::{Ingest, Months, accounts_table, list, quarantine_table};
use crate::model::Model;
use crate::outcome::RuleSet;
use crate::progress::Progress;
use crate::publish::{self, Release, Store};
use crate::registry::Registry;
use crate::release::{Accounting, Manifest, Origins, RulesEntry, StagedFile, Staging};
use crate::schema::Catalog;
use crate::scope;
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
    version.services(scope.services);
    version.table("perimetre", &scope.periods)?;
    version.table("calendrier", &scope.days)?;
    version.derive(&models, progress)?;
    version.check_complete()?;

    let gates = version.judge(&reading.accounts)?;
    version.document(&models, &reading, &gates)?;
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

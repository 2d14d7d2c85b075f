//! The main job, as a short story: raw logs in, a version out.

mod accounts;
mod compare;
mod failed;
mod foundation;
mod ground;
mod logs;
mod origins;
mod reading;
mod reopened;
mod shards;
mod version;

pub use compare::{SchemaReport, compare_published, compare_schemas};
pub use shards::{ShardOrder, ShardRecord, ingest_shard};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde::Serialize;
use tokio::runtime::Handle;

use self::foundation::Foundation;
use self::ground::Ground;
use self::logs::Logs;
use self::version::Version;
use crate::config::{Pipeline, Project};
use crate::error::{Context, Result};
use crate::gate::{self, GateReport, Overrule};
use crate::ingest::{LeftAlone, Months, Reading, accounts_table, quarantine_table, repetitions_table};
use crate::model::Engines;
use crate::progress::Progress;
use crate::publish::{self, Base, Release, SigningKey, Store};
use crate::release::{Accounting, Manifest, Origins, StagedFile, Staging};
use crate::schema::Format;
use crate::scope::{Scope, Seen};
use crate::tables;

/// What a run is asked.
pub struct Order<'a> {
    /// The clone of the project.
    pub project: &'a Project,
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// Where the raw logs are.
    pub raw: &'a [String],
    /// Files there that are not read, by their published names.
    pub without: &'a [String],
    /// Where shards have read them already, see [`ingest_shard`]; then nothing is read here.
    pub ingested: Option<&'a str>,
    /// The moment of which the version will speak.
    pub as_of: DateTime<FixedOffset>,
    /// The name of the version.
    pub version: String,
    /// Gates overruled on purpose.
    pub overrules: &'a [Overrule],
    /// Whether everything is read and derived anew, whatever the version before has.
    pub rebuild: bool,
    /// Whether raw files that failed nights had read may be left out.
    pub forget_failed: bool,
    /// What works out the derived tables.
    pub engines: &'a dyn Engines,
}

/// A version, built and judged, that nobody can see yet.
pub struct Built {
    /// Where its files are; they go with it.
    pub staging: Arc<Staging>,
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
    /// Records set aside, by reason and field.
    pub set_aside: Vec<SetAside>,
    /// Dates of slots that are not believed.
    pub dates_set_aside: i64,
    /// Mappings by which nothing could be read, and what was seen instead.
    pub unread: Vec<String>,
    /// Consultations, by outcome: one is a cycle of a service, and may take several attempts.
    pub outcomes: BTreeMap<String, i64>,
    /// Services in scope.
    pub services: usize,
    /// Cycles that the schedule expected, and those that were measured.
    pub expected: i64,
    /// See `expected`.
    pub measured: i64,
    /// What was found and not read, and why.
    pub left_alone: Vec<LeftAlone>,
    /// Tables, or parts of them, that one of their formats does not hold.
    pub left_out: Vec<LeftOut>,
}

/// A table, or a part of one, with more rows than a format holds: it leaves in its others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The table.
    pub table: String,
    /// The format in which it does not leave.
    pub format: Format,
    /// How many rows it has.
    pub rows: u64,
}

impl RunDigest {
    /// What to do where lines were read and not one of them is an attempt.
    fn nothing_read(&self) -> Option<String> {
        let first = self.set_aside.first().filter(|_| self.accounting.attempts == 0)?;
        let seen = self.unread.first().unwrap_or(&first.first);
        Some(format!(
            "nothing was published. Not one line could be read, so the mapping or the logs are wrong, and not a threshold: {seen}. \
             See what becomes of a line with guichets explain PIPELINE FILE:LINE"
        ))
    }
}

/// Records set aside for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// Why.
    pub reason: &'static str,
    /// Which field of the contract, if one is known.
    pub field: Option<String>,
    /// How many.
    pub records: u64,
    /// The first of them, as `guichets explain` takes it.
    pub first: String,
}

/// Builds a version from its raw logs, on top of what the store held when the run began. Nothing outside a temporary
/// folder is written.
///
/// # Errors
/// Whatever keeps the version from being built; what a raw file *holds* is never a reason.
pub fn build(
    order: &Order<'_>,
    (store, base): (&dyn Store, &Base),
    runtime: &Handle,
    progress: &dyn Progress,
) -> Result<Built> {
    let foundation = Foundation::load(order.project, order.pipeline)?;
    let (catalog, origins) = (&foundation.catalog, &foundation.origins);
    let accounts =
        base.manifest().map(|manifest| accounts::of_version(store, manifest)).transpose()?.unwrap_or_default();
    let logs = Logs::find(order, &foundation, (store, base, &accounts), runtime)?;
    let ground = base
        .manifest()
        .map(|manifest| Ground::of((store, manifest), accounts, catalog, origins, &logs.read_names(), order.rebuild))
        .transpose()?;
    let ground = ground.as_ref();
    let months = Months::new(order.pipeline.limits.gathered_bytes())?;
    let mut reading = reading::read(logs, (&foundation, ground), &months, runtime, progress)?;

    let mut version = Version::new(order, catalog, ground)?;
    version.attempts(&months, &mut reading, progress)?;
    state(&mut version, order, &foundation, &mut reading)?;
    derive(&mut version, order, &foundation, progress)?;

    let changes = timed("compared", || version.changes(origins))?;
    let gates = timed("judged", || version.judge(&reading, changes.as_ref()))?;
    let words_sha256 = timed("documented", || {
        version.document(&foundation.models, &reading, &gates, changes.as_ref(), &base.versions)
    })?;
    version.sums()?;
    Ok(version.finish(reading, gates, Origins { words_sha256, ..origins.clone() }))
}

/// The tables that no model makes: what was read, and by which rules, settings and registry.
fn state(
    version: &mut Version<'_>,
    order: &Order<'_>,
    foundation: &Foundation<'_>,
    reading: &mut Reading,
) -> Result<()> {
    reading.quarantined.sort_unstable();
    version.table("quarantaine", &quarantine_table(&reading.quarantined)?)?;
    version.table("repetitions", &repetitions_table(&reading.repeats)?)?;
    version.table("fichiers", &accounts_table(&reading.accounts)?)?;
    version.table("regles", &tables::rules(&foundation.rules)?)?;
    version.table("issues", &tables::outcomes()?)?;
    version.table("parametres", &tables::settings(&order.pipeline.method)?)?;
    version.table("signatures_listees", &tables::signatures(&order.pipeline.probe.signatures)?)?;
    for (name, table) in foundation.registry.tables() {
        version.table(name, table)?;
    }
    Ok(())
}

/// The tables that models make. What was measured says which services there are; scope and calendar follow from that, and the
/// other models from these.
fn derive(
    version: &mut Version<'_>,
    order: &Order<'_>,
    foundation: &Foundation<'_>,
    progress: &dyn Progress,
) -> Result<()> {
    let Foundation { registry, schedule, models, .. } = foundation;
    version.derive(models, progress)?;
    let measured = version.measured()?;
    version.count_measured(&measured, registry)?;
    let as_of = order.as_of.with_timezone(&Utc);
    let scope = Scope::of(schedule, &Seen::of(&measured)?, registry, order.pipeline.registry.zone, as_of);
    version.services(scope.services());
    for (name, table) in scope.tables()? {
        version.table(name, &table)?;
    }
    version.calendar(&scope)?;
    version.derive(models, progress)?;
    version.check_complete()?;
    version.count(&measured)
}

/// Notes how long something took, beside what the tables say of themselves.
fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let done = work()?;
    tracing::info!(took = ?started.elapsed(), "{what}");
    Ok(done)
}

/// Where a version goes, and on top of what.
pub struct Destination<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// What it held when the run began.
    pub base: &'a Base,
    /// Who vouches for the version, where somebody does.
    pub signing: Option<&'a SigningKey>,
}

/// Publishes what was built, unless the store says the same already.
///
/// # Errors
/// [`Refused`](crate::error::Kind::Refused) when a gate refuses: the night is then recorded in the store and the pointer
/// stays; [`Unreachable`](crate::error::Kind::Unreachable) when the store cannot be written or another publisher won;
/// [`Interrupted`](crate::error::Kind::Interrupted) when somebody stops it before the pointer moves.
pub fn release(
    order: &Order<'_>,
    built: &Built,
    to: &Destination<'_>,
    progress: &dyn Progress,
) -> Result<publish::Outcome> {
    if let Some(refusal) = gate::refusal(&built.gates) {
        let refused: Vec<&GateReport> = built.gates.iter().filter(|gate| !gate.passed).collect();
        let reports = serde_json::to_value(refused).internal("gates")?;
        let read = built.manifest.files_read.clone();
        publish::record_refusal(to.store, &order.version, order.as_of, order.pipeline.simulated, reports, read)?;
        return Err(match built.digest.nothing_read() {
            // Whoever overrules a gate then publishes an empty table.
            Some(hint) => refusal.hint(hint),
            None => refusal,
        });
    }
    publish::publish(
        to.store,
        Release {
            base: to.base,
            files: &built.files,
            manifest: built.manifest.clone(),
            as_of: order.as_of,
            fresh_for: (!order.pipeline.publication.is_finished())
                .then(|| TimeDelta::hours(order.pipeline.fresh_hours)),
            signing: to.signing,
        },
        progress,
    )
}

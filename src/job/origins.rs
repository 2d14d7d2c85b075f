//! What made a version, in digests: while they stay, what a run before made can be kept.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::{Method, Pipeline, Project, UnknownIds};
use crate::digest::{canonical, sha256};
use crate::error::{Context, Result};
use crate::ingest::INGEST_REVISION;
use crate::model::Model;
use crate::outcome::RuleSet;
use crate::registry::Registry;
use crate::release::{Origins, RulesEntry, content_digest};
use crate::schema::{Catalog, Origin, TableSchema};

/// All that decides what becomes of a raw line.
pub(super) struct Made<'a> {
    pub(super) project: &'a Project,
    pub(super) pipeline: &'a Pipeline,
    pub(super) catalog: &'a Catalog,
    pub(super) registry: &'a Registry,
    pub(super) rules: &'a RuleSet,
    pub(super) models: &'a [Model],
    /// Of the schedule, what decides whether a line is set aside.
    pub(super) earliest: Option<DateTime<Utc>>,
}

/// What decides what becomes of a raw line; its canonical JSON is what `ingest_sha256` is of. Of settings, it holds what the
/// person wrote, so that a key that a later release knows changes nothing for those who do not write it.
#[derive(Serialize)]
struct Ingested<'a> {
    revision: u32,
    /// Files of tables say so, and stand as long as this does.
    simulated: bool,
    rules_sha256: &'a str,
    sources: &'a [toml::Value],
    unknown_ids: UnknownIds,
    zone: Option<&'static str>,
    line_bytes: usize,
    unpack_ratio: u64,
    zstd_window_mib: u64,
    /// Of the method, the bounds of the classes of delays.
    delays_days: [i32; 2],
    earliest_us: Option<i64>,
    registry: BTreeMap<&'a str, &'a str>,
    tables: BTreeMap<&'a str, Value>,
}

/// What decides what the tables become, given the attempts; its canonical JSON is what `derive_sha256` is of.
#[derive(Serialize)]
struct Derived<'a> {
    ingest_sha256: &'a str,
    method: &'a Method,
    models: &'a BTreeMap<String, String>,
    schemas: BTreeMap<&'a str, String>,
    schedule_sha256: &'a str,
    registry: BTreeMap<&'a str, &'a str>,
    /// Of what is told of the robot, the identities alone are in a table.
    signatures: &'a [String],
}

impl Made<'_> {
    /// All but the words, of which the documents are told when they are written.
    pub(super) fn origins(&self) -> Result<Origins> {
        let pipeline = self.pipeline;
        let rules = RulesEntry {
            version: self.rules.version().to_owned(),
            sha256: file_digest(&pipeline.rules_path(self.project))?,
        };
        let schedule_sha256 = file_digest(&pipeline.schedule_path())?;
        let registry = self.registry_digests()?;
        let registry: BTreeMap<&str, &str> = registry.iter().map(|(name, digest)| (&**name, &**digest)).collect();
        let (limits, method) = (&pipeline.limits, &pipeline.method);
        let ingested = Ingested {
            revision: INGEST_REVISION,
            simulated: pipeline.simulated,
            rules_sha256: &rules.sha256,
            sources: &pipeline.sources_as_written,
            unknown_ids: pipeline.registry.unknown,
            zone: pipeline.registry.zone.map(Tz::name),
            line_bytes: limits.line_bytes,
            unpack_ratio: limits.unpack_ratio,
            zstd_window_mib: limits.zstd_window_mib,
            delays_days: [method.delai_court_jours, method.delai_long_jours],
            earliest_us: self.earliest.map(|instant| instant.timestamp_micros()),
            registry: ["guichets", "demarches"]
                .into_iter()
                .filter_map(|name| Some((name, *registry.get(name)?)))
                .collect(),
            tables: self.ingested_tables()?,
        };
        let ingest_sha256 = sha256(canonical(&ingested)?.as_bytes());
        let models = self.models.iter().map(|model| (model.table.clone(), sha256(model.sql.as_bytes()))).collect();
        let derived = Derived {
            ingest_sha256: &ingest_sha256,
            method,
            models: &models,
            schemas: self.catalog.iter().map(|table| (&*table.name, sha256(table.text.as_bytes()))).collect(),
            schedule_sha256: &schedule_sha256,
            registry,
            signatures: &pipeline.probe.signatures,
        };
        let derive_sha256 = sha256(canonical(&derived)?.as_bytes());
        let code = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Origins { code, rules, models, schedule_sha256, ingest_sha256, derive_sha256, words_sha256: String::new() })
    }

    fn registry_digests(&self) -> Result<Vec<(String, String)>> {
        let digest = |(name, rows): &(String, arrow::array::RecordBatch)| {
            let digest = content_digest(self.catalog.table(name)?, rows)?;
            Ok((name.clone(), digest))
        };
        self.registry.tables().iter().map(digest).collect()
    }

    /// All of their declarations but what they are said to mean, and to whom they are shown, which may change without
    /// reading anything again.
    fn ingested_tables(&self) -> Result<BTreeMap<&str, Value>> {
        let ingested = self.catalog.iter().filter(|table| table.guichets.origin == Origin::Ingest);
        let declared = |table: &'_ TableSchema| {
            let mut schema: Value = serde_json::from_str(&table.text).internal("a schema that was read")?;
            let fields = schema["fields"].take();
            let fields = fields.as_array().into_iter().flatten();
            let fields: Vec<Value> = fields.map(|field| of(field, &["name", "type", "arrow", "constraints"])).collect();
            let publication = of(&schema["guichets"], &["formats", "order", "partition"]);
            Ok(json!({ "key": schema["primaryKey"], "publication": publication, "fields": fields }))
        };
        ingested.map(|table| Ok((&*table.name, declared(table)?))).collect()
    }
}

/// Some keys of an object, those that it has.
fn of(object: &Value, keys: &[&str]) -> Value {
    keys.iter().filter_map(|key| Some(((*key).to_owned(), object.get(key)?.clone()))).collect()
}

fn file_digest(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).usage("cannot read").map_err(|error| error.at_path(path))?;
    Ok(sha256(&bytes))
}

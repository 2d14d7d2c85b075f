//! What made a version, in digests: while they stay, what a run before made can be kept.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::Order;
use crate::digest::sha256;
use crate::error::{Context, Result};
use crate::ingest::INGEST_REVISION;
use crate::model::Model;
use crate::outcome::RuleSet;
use crate::registry::Registry;
use crate::release::{Origins, RulesEntry, content_digest};
use crate::schema::{Catalog, Origin, Publication};

/// All that decides what becomes of a raw line.
pub(super) struct Made<'a> {
    pub(super) order: &'a Order<'a>,
    pub(super) catalog: &'a Catalog,
    pub(super) registry: &'a Registry,
    pub(super) rules: &'a RuleSet,
    pub(super) models: &'a [Model],
    /// Of the schedule, what decides whether a line is set aside.
    pub(super) earliest: Option<DateTime<Utc>>,
}

impl Made<'_> {
    pub(super) fn origins(&self) -> Result<Origins> {
        let pipeline = self.order.pipeline;
        let rules =
            RulesEntry { version: self.rules.version().to_owned(), sha256: file_digest(&pipeline.rules_path())? };
        let schedule_sha256 = file_digest(&pipeline.schedule_path())?;
        let code = env!("CARGO_PKG_VERSION").to_owned();
        // Of these, `Debug` writes every field.
        let limits = &pipeline.limits;
        let limits = (limits.line_bytes, limits.unpack_ratio, limits.zstd_window_mib);
        let earliest = self.earliest.map(|instant| instant.timestamp_micros());
        let settings = format!("{:?}", (&pipeline.sources, &pipeline.registry, limits, &pipeline.method, earliest));
        let registry = self.registry_digests()?;
        let known = registry.iter().filter(|(name, _)| matches!(name.as_str(), "guichets" | "demarches"));
        let known: String = known.map(|(_, digest)| digest.as_str()).collect();
        let ingest_sha256 = sha256(
            [INGEST_REVISION.to_string().as_str(), &rules.sha256, &settings, &known, &self.ingested_tables()]
                .join("\n")
                .as_bytes(),
        );
        let models: String = self.models.iter().map(|model| model.sql.as_str()).collect();
        let schemas: String = self.catalog.iter().map(|table| table.text.as_str()).collect();
        let registry: String = registry.into_iter().map(|(_, digest)| digest).collect();
        // Of what is told of the robot, the identities alone are in a table.
        let listed = pipeline.probe.signatures.join("\n");
        let derive_sha256 = sha256(
            [&ingest_sha256, &models, &schemas, &schedule_sha256, &registry, &listed]
                .map(String::as_str)
                .join("\n")
                .as_bytes(),
        );
        Ok(Origins {
            code,
            rules,
            models: self.models.iter().map(|model| (model.table.clone(), sha256(model.sql.as_bytes()))).collect(),
            schedule_sha256,
            ingest_sha256,
            derive_sha256,
        })
    }

    fn registry_digests(&self) -> Result<Vec<(String, String)>> {
        let digest = |(name, rows): &(String, arrow::array::RecordBatch)| {
            let digest = content_digest(self.catalog.table(name)?, std::slice::from_ref(rows))?;
            Ok((name.clone(), digest))
        };
        self.registry.tables().iter().map(digest).collect()
    }

    /// All of their declarations but what they are said to mean, and to whom they are shown, which may change without
    /// reading anything again.
    fn ingested_tables(&self) -> String {
        let ingested = self.catalog.iter().filter(|table| table.guichets.origin == Origin::Ingest);
        let tables = ingested.map(|table| {
            let fields: Vec<_> =
                table.fields.iter().map(|field| (&field.name, field.data_type(), &field.constraints)).collect();
            let Publication { origin, formats, order, partition, intermediate: _, reopens: _ } = &table.guichets;
            format!("{:?}", (&table.name, origin, formats, order, partition, &table.primary_key, fields))
        });
        tables.collect::<Vec<_>>().join(";")
    }
}

fn file_digest(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).usage("cannot read").map_err(|error| error.at_path(path))?;
    Ok(sha256(&bytes))
}

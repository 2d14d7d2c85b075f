//! What every station of the reading knows.

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;

use super::find::mapping;
use crate::config::{Pipeline, SourceMapping};
use crate::outcome::RuleSet;
use crate::registry::Registry;

/// What reading needs to know.
#[derive(Clone, Copy)]
pub struct Ingest<'a> {
    /// Mappings, limits, thresholds.
    pub pipeline: &'a Pipeline,
    /// Counters and procedures.
    pub registry: &'a Registry,
    /// Outcome rules.
    pub rules: &'a RuleSet,
    /// The first instant of which the schedule speaks; what is before it is set aside.
    pub earliest: Option<DateTime<Utc>>,
    /// For sources that are not local.
    pub runtime: &'a Handle,
}

impl<'a> Ingest<'a> {
    /// The mapping of a file, where the pipeline maps foreign logs.
    pub(super) fn mapping(&self, name: &str) -> Option<&'a SourceMapping> {
        mapping(self.pipeline, name)
    }
}

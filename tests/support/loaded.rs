//! A pipeline that is loaded once, for many logs that are read in this process.

use guichets_ouverts::config::{Pipeline, Project, Schedule};
use guichets_ouverts::ingest::Ingest;
use guichets_ouverts::outcome::RuleSet;
use guichets_ouverts::registry::Registry;
use guichets_ouverts::schema::Catalog;
use tokio::runtime::Runtime;

use super::foreign::{Foreign, PLAIN};
use super::root;

/// A pipeline that was loaded, for runs in this process.
pub struct Loaded {
    _folder: Foreign,
    pub pipeline: Pipeline,
    registry: Registry,
    rules: RuleSet,
    schedule: Schedule,
    pub runtime: Runtime,
}

impl Loaded {
    /// Of logs that are mapped so, or of the contract; lines end after `line_bytes`.
    pub fn new(source: Option<&str>, line_bytes: usize) -> Self {
        let folder = Foreign::new(source.unwrap_or(PLAIN));
        let mut pipeline = Pipeline::load(folder.pipeline()).unwrap();
        pipeline.limits.line_bytes = line_bytes;
        if source.is_none() {
            pipeline.sources.clear();
        }
        let project = Project::holding(root()).unwrap();
        let registry =
            Registry::load(&Catalog::load(&project.tables()).unwrap(), &pipeline.registry_folders(&project)).unwrap();
        let rules = RuleSet::load(&pipeline.rules_path(&project)).unwrap();
        let schedule = Schedule::load(&pipeline.schedule_path()).unwrap();
        Self { _folder: folder, pipeline, registry, rules, schedule, runtime: Runtime::new().unwrap() }
    }

    pub fn ingest(&self) -> Ingest<'_> {
        Ingest {
            pipeline: &self.pipeline,
            registry: &self.registry,
            rules: &self.rules,
            earliest: self.schedule.earliest(),
            runtime: self.runtime.handle(),
        }
    }
}

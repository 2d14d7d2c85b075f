//! What a run is made by: everything that is read before the first raw log.

use tokio::runtime::Handle;

use super::origins::Made;
use crate::config::{Pipeline, Project, Schedule, UnknownIds};
use crate::error::Result;
use crate::ingest::Ingest;
use crate::model::Model;
use crate::outcome::RuleSet;
use crate::registry::Registry;
use crate::release::Origins;
use crate::schema::Catalog;

/// Declarations, registry, rules, schedule and models, and their digests.
pub(super) struct Foundation<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) catalog: Catalog,
    pub(super) registry: Registry,
    pub(super) rules: RuleSet,
    pub(super) schedule: Schedule,
    pub(super) models: Vec<Model>,
    pub(super) origins: Origins,
}

impl<'a> Foundation<'a> {
    /// Reads the folders of a project and of a pipeline.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage), naming the file and the line.
    pub(super) fn load(project: &'a Project, pipeline: &'a Pipeline) -> Result<Self> {
        let catalog = Catalog::load(&project.tables())?;
        let registry = Registry::load(&catalog, &pipeline.registry_folders(project))?;
        let rules = RuleSet::load(&pipeline.rules_path(project))?;
        let schedule = Schedule::load(&pipeline.schedule_path())?;
        let models = Model::load_all(&project.models())?;
        if pipeline.registry.unknown == UnknownIds::Quarantine {
            let known = (|id: &str| registry.counter(id).is_some(), |id: &str| registry.has_procedure(id));
            schedule.check_known(&pipeline.schedule_path(), known.0, known.1)?;
        }
        let made = Made {
            project,
            pipeline,
            catalog: &catalog,
            registry: &registry,
            rules: &rules,
            models: &models,
            earliest: schedule.earliest(),
        };
        let origins = made.origins()?;
        Ok(Self { pipeline, catalog, registry, rules, schedule, models, origins })
    }

    /// What reading needs to know.
    pub(super) fn ingest(&'a self, runtime: &'a Handle) -> Ingest<'a> {
        let Self { pipeline, registry, rules, schedule, .. } = self;
        Ingest { pipeline, registry, rules, earliest: schedule.earliest(), runtime }
    }
}

//! Configuration: a project's folders, and a pipeline with its mappings, rules, schedule and thresholds.

mod datagouv;
mod engine;
mod mapping;
mod method;
mod period;
mod pipeline;
mod publication;
pub mod reference;
mod schedule;
mod statement;
mod time_form;

pub use datagouv::{Datagouv, Spatial, is_loopback};
pub use engine::EngineSettings;
pub use mapping::{
    Digest, Each, FinalNewline, FullMapping, LogFormat, SourceMapping, TimeMapping, Unpivot, ValueMapping,
};
pub use method::Method;
pub use period::{Exit, ExitReason, Period};
pub use pipeline::{Gates, Limits, Pipeline, RegistrySettings, UnknownIds};
pub use publication::{Contact, Frequency, Organisation, Place, PublicationSettings};
pub use schedule::Schedule;
pub use statement::{EvidenceSettings, ProbeSettings, Statement};
pub use time_form::{EpochUnit, TimeForm};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::error::{Error, Result};

/// The folders that a run reads besides the raw logs: those of a clone, or those that the command brings along.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
    /// Where they were unpacked for this run alone, it goes with the last that reads them.
    _unpacked: Option<Arc<TempDir>>,
}

impl Project {
    /// The project that holds a path: the nearest folder above it with `schemas/tables` in it.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when there is none.
    pub fn holding(path: &Path) -> Result<Self> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        absolute
            .ancestors()
            .find(|folder| folder.join("schemas/tables").is_dir())
            .map(|root| Self { root: root.to_owned(), _unpacked: None })
            .ok_or_else(|| {
                Error::usage("no folder here or above holds schemas/tables")
                    .at_path(path)
                    .hint("name a clone of the project with --project DIR, or leave it out")
            })
    }

    /// The project that was unpacked into a temporary folder.
    #[must_use]
    pub fn unpacked(folder: TempDir) -> Self {
        Self { root: folder.path().to_owned(), _unpacked: Some(Arc::new(folder)) }
    }

    /// Where the table schemas are.
    #[must_use]
    pub fn tables(&self) -> PathBuf {
        self.root.join("schemas/tables")
    }

    /// Where the models are.
    #[must_use]
    pub fn models(&self) -> PathBuf {
        self.root.join("pipelines/models")
    }

    /// A path given relative to the project's root.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The folder of a pipeline: a path to it, or its name.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when there is none, naming those that there are.
    pub fn pipeline_folder(&self, name_or_path: &str) -> Result<PathBuf> {
        let by_path = PathBuf::from(name_or_path);
        let by_name = self.root.join("pipelines").join(name_or_path);
        [by_path, by_name].into_iter().find(|folder| folder.join("pipeline.toml").is_file()).ok_or_else(|| {
            Error::usage(format!("no pipeline « {name_or_path} »"))
                .hint(format!("a pipeline is a folder with pipeline.toml in it; here there are {}", self.names()))
        })
    }

    fn names(&self) -> String {
        let entries = std::fs::read_dir(self.root.join("pipelines")).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().join("pipeline.toml").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names.join(", ")
    }
}

//! `guichets check`: what a run would find, without publishing.

use std::process::ExitCode;

use chrono::{DateTime, FixedOffset};
use clap::Args;
use guichets_ouverts::error::Result;

use super::Common;
use super::run::{Run, instant};

/// Read the raw logs, build the tables and try the gates, and publish nothing
#[derive(Debug, Args)]
pub struct Check {
    /// A pipeline: its name under pipelines/, or a path to its folder
    #[arg(value_name = "PIPELINE", default_value = "exemple")]
    pipeline: String,
    /// Where the raw logs are, as for run
    #[arg(long, value_name = "PATH_OR_URL", num_args = 1..)]
    raw: Vec<String>,
    /// The moment of which the version would speak, as for run
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    as_of: Option<DateTime<FixedOffset>>,
}

impl Check {
    /// A run that publishes nothing.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        Run::check(self.pipeline, self.raw, self.as_of).run(common)
    }
}

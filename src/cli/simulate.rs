//! `guichets simulate`: logs that no probe wrote.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use guichets_ouverts::error::{Context, Result};
use guichets_ouverts::simulate::{Compression, Options, simulate};

use super::{Common, print};

/// Write simulated raw logs from a scenario and a seed
#[derive(Debug, Args)]
pub struct Simulate {
    /// The scenario
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Another seed than the scenario's
    #[arg(long)]
    seed: Option<u64>,
    /// About how many attempts, where the scenario's own size is not wanted
    #[arg(long, value_name = "N")]
    attempts: Option<u64>,
    /// How the logs are packed
    #[arg(long, value_enum, default_value_t = Packing::Zstd)]
    compression: Packing,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Simulate {
    /// Writes the logs and says what was written.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let compression = match self.compression {
            Packing::None => Compression::None,
            Packing::Gzip => Compression::Gzip,
            Packing::Zstd => Compression::Zstd,
        };
        let options = Options { seed: self.seed, attempts: self.attempts, compression };
        let summary = simulate(&self.scenario, &self.out, &options)?;
        let told = serde_json::to_value(&summary).internal("the summary")?;
        print(&if common.json {
            format!("{told:#}")
        } else {
            format!(
                "simulated {} attempts in {} files, from {} to {}: {}",
                told["attempts"],
                told["files"],
                told["from"],
                told["to"],
                self.out.display()
            )
        });
        Ok(ExitCode::SUCCESS)
    }
}

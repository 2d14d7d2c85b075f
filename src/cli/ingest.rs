//! `guichets ingest`: one shard of the raw logs, read wherever a scheduler puts it.

use std::process::ExitCode;

use clap::Args;
use guichets_ouverts::error::{Context, Result};
use guichets_ouverts::ingest::Shard;
use guichets_ouverts::job::{ShardOrder, ingest_shard};
use guichets_ouverts::net;
use tokio::runtime::Runtime;

use super::display::grouped;
use super::run::raw_logs;
use super::{Common, print, watch};

/// Read one shard of the raw logs; once all are read, guichets run --ingested makes a version of them
///
/// Every shard is shown all the logs and reads those that fall to it, by their sizes: so the number can be that of a task of an array
/// job (Kubernetes, Slurm, Batch), plus one. A shard that is read twice changes nothing.
#[derive(Debug, Args)]
pub struct IngestCommand {
    /// A pipeline: its name under pipelines/, or a path to its folder
    #[arg(value_name = "PIPELINE")]
    pipeline: String,
    /// Where the raw logs are, as for run: all of them, for every shard the same [default: those that the pipeline names]
    #[arg(long, value_name = "PATH_OR_URL", num_args = 1..)]
    raw: Vec<String>,
    /// Which shard, of how many
    #[arg(long, value_name = "K/N")]
    shard: Shard,
    /// Where it leaves what it has read: a folder or a URL (s3, gs, az), the same for all
    #[arg(long, value_name = "URL")]
    work: String,
}

impl IngestCommand {
    /// Reads, and tells.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let (project, pipeline) = common.pipeline(&self.pipeline)?;
        let raw = raw_logs(self.raw, &project, &pipeline)?;
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        let order =
            ShardOrder { project: &project, pipeline: &pipeline, raw: &raw, shard: self.shard, work: &self.work };
        let record = ingest_shard(&order, runtime.handle(), watch::progress(common.json).as_ref())?;
        if common.json {
            print(&serde_json::to_string_pretty(&record).internal("the record of a shard")?);
        } else {
            let attempts = grouped(record.attempts);
            print(&format!("shard {}: {attempts} attempts are in {}", record.shard, net::shown(&self.work)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

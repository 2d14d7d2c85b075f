//! `guichets sweep`: what no version names.

use std::fmt::Write as _;
use std::process::ExitCode;

use chrono::{TimeDelta, Utc};
use clap::Args;
use guichets_ouverts::error::{Context, Result};
use guichets_ouverts::publish::{self, Guard, Sweep, What, sweep};

use super::{Common, display, print, print_json};

/// List what no version names, left by publishers that were killed, were stopped or lost; with --delete, remove it
///
/// A publisher that is at work while something is removed loses, as if another had been faster, and is run again.
#[derive(Debug, Args)]
pub struct SweepCommand {
    /// The store: a folder, s3://, gs:// or az://
    #[arg(value_name = "STORE")]
    store: String,
    /// Remove what is listed
    #[arg(long)]
    delete: bool,
    /// Leave alone what was written in the last so many days: more than any run takes
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16))]
    older_than: u16,
}

impl SweepCommand {
    /// Sweeps and tells.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let guard = if self.delete { Guard::Required } else { Guard::Reader };
        let store = publish::open(&self.store, guard)?;
        let found = sweep(store.as_ref(), TimeDelta::days(self.older_than.into()), Utc::now(), self.delete)?;
        if common.json {
            print_json(&found, "what was swept")?;
        } else {
            print(&told(&found, self.delete).internal("what was swept")?);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn told(found: &Sweep, delete: bool) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for leftover in &found.leftovers {
        let what = match leftover.what {
            What::Orphan => "orphan",
            What::Debris => "debris",
            What::Claim => "claim",
        };
        writeln!(
            text,
            "  {what}  {}  {} bytes  {}",
            leftover.modified,
            display::grouped(leftover.bytes),
            leftover.path
        )?;
    }
    let objects = display::plural(found.leftovers.len() as u64, "object");
    let young = match found.young {
        0 => String::new(),
        young => format!("; {} more that may be somebody's who is at work", display::grouped(young as u64)),
    };
    match (found.leftovers.is_empty(), delete) {
        (true, _) => write!(text, "nothing is left over{young}")?,
        (false, true) => write!(text, "{} of {objects} removed{young}", found.removed)?,
        (false, false) => {
            let bytes = display::grouped(found.bytes);
            write!(text, "{objects} of {bytes} bytes that no version names{young}; --delete removes them")?;
        }
    }
    Ok(text)
}

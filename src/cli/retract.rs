//! `guichets retract`: a version is no longer vouched for.

use std::process::ExitCode;

use chrono::Utc;
use clap::Args;
use guichets_ouverts::error::Result;
use guichets_ouverts::publish::{self, Guard, retract};

use super::{Common, print, print_json};

/// Mark a version as wrong, for a reason that everybody will read, and move the pointer back to the last good one
#[derive(Debug, Args)]
pub struct Retract {
    /// The store
    #[arg(value_name = "STORE")]
    store: String,
    /// The version
    #[arg(value_name = "VERSION")]
    version: String,
    /// Why: a sentence for those who have used it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Remove its bytes as well; a tombstone says why they are gone, and the manifest stays
    #[arg(long)]
    remove: bool,
}

impl Retract {
    /// Retracts and tells.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let store = publish::open(&self.store, Guard::Required)?;
        let done = retract(store.as_ref(), &self.version, &self.reason, self.remove, Utc::now().fixed_offset())?;
        if common.json {
            print_json(&done, "the retraction")?;
            return Ok(ExitCode::SUCCESS);
        }
        let current = done.current.as_deref().unwrap_or("none: publish a corrected one");
        let moved = if done.moved { "the pointer moved; " } else { "" };
        let removed = if self.remove { format!("; {} objects were removed", done.removed) } else { String::new() };
        print(&format!("version {} is retracted; {moved}the current version is {current}{removed}", done.version));
        if !done.descendants.is_empty() {
            print(&format!(
                "made on top of it, carrying its rows, and still vouched for: {}; retract them too, unless they put right what \
                 was wrong",
                done.descendants.join(", ")
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

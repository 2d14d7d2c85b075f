//! `guichets diff`: what changed between two versions.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use guichets_ouverts::diff::{Difference, compare};
use guichets_ouverts::error::{Context, Result};
use guichets_ouverts::publish;

use super::{Common, print};

/// Say what changed between two versions: rows of each table, attempts whose outcome is no longer the same
#[derive(Debug, Args)]
pub struct Diff {
    /// The store
    #[arg(value_name = "STORE")]
    store: String,
    /// The older version
    #[arg(value_name = "A")]
    from: String,
    /// The newer version
    #[arg(value_name = "B")]
    to: String,
}

impl Diff {
    /// Compares and tells.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let store = publish::open(&self.store)?;
        let difference = compare(store.as_ref(), &self.from, &self.to)?;
        print(&if common.json {
            format!("{:#}", serde_json::to_value(&difference).internal("the difference")?)
        } else {
            told(&difference).internal("the difference")?
        });
        Ok(ExitCode::SUCCESS)
    }
}

fn told(difference: &Difference) -> Result<String, std::fmt::Error> {
    let mut text = format!("from version {} to version {}\n", difference.from, difference.to);
    let [before, after] = &difference.rules;
    if before == after {
        writeln!(text, "rules: {}, unchanged", before.version)?;
    } else {
        writeln!(text, "rules: {} became {}", before.version, after.version)?;
    }
    writeln!(text, "attempts: {} added, {} gone", difference.attempts_added, difference.attempts_gone)?;
    if difference.moves.is_empty() {
        writeln!(text, "no attempt has another outcome than before")?;
    }
    for moved in &difference.moves {
        writeln!(text, "  {:>10} from {} to {}", moved.attempts, moved.from, moved.to)?;
    }
    for (table, rows) in &difference.tables {
        writeln!(text, "{table}: {} rows, were {}", rows.after, rows.before)?;
    }
    if difference.tables.is_empty() {
        writeln!(text, "every table holds the same rows")?;
    }
    text.pop();
    Ok(text)
}

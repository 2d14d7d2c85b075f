//! `guichets diff`: what changed between two versions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use guichets_ouverts::diff::{Changes, Matched, write_rows};
use guichets_ouverts::error::{Context, Result};
use guichets_ouverts::job::compare_published;
use guichets_ouverts::publish::{self, Guard};
use guichets_ouverts::schema::TableSchema;

use super::{Common, print, print_json};

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
    /// Write the rows that differ there, as one Parquet file for each table file that differs
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Diff {
    /// Compares and tells.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let store = publish::open(&self.store, Guard::default())?;
        let mut rows = RowFiles { folder: self.out.as_deref(), written: BTreeMap::new() };
        let changes =
            compare_published(store.as_ref(), &self.from, &self.to, &mut |table, matched| rows.write(table, matched))?;
        if common.json {
            print_json(&changes, "the changes")?;
        } else {
            print(&told(&changes).internal("the changes")?);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the rows that differ go.
struct RowFiles<'a> {
    folder: Option<&'a Path>,
    written: BTreeMap<String, usize>,
}

impl RowFiles<'_> {
    fn write(&mut self, table: &TableSchema, matched: &Matched) -> Result<()> {
        let Some(folder) = self.folder else { return Ok(()) };
        std::fs::create_dir_all(folder).unreachable("cannot write").map_err(|error| error.at_path(folder))?;
        let number = self.written.entry(table.name.clone()).or_default();
        *number += 1;
        let name = match number {
            1 => format!("{}.parquet", table.name),
            more => format!("{}-{more}.parquet", table.name),
        };
        write_rows(table, matched, &folder.join(name))
    }
}

fn told(changes: &Changes) -> Result<String, std::fmt::Error> {
    let mut text = format!("from version {} to version {}\n", changes.from, changes.to);
    let [before, after] = &changes.rules;
    if before == after {
        writeln!(text, "rules: {}, unchanged", before.version)?;
    } else {
        writeln!(text, "rules: {} became {}", before.version, after.version)?;
    }
    if !changes.models.is_empty() {
        writeln!(text, "models: {} are no longer the same", changes.models.join(", "))?;
    }
    if changes.schedule {
        writeln!(text, "the schedule is no longer the same")?;
    }
    let attempts = changes.table("tentatives");
    writeln!(text, "attempts: {} added, {} gone", attempts.added, attempts.removed)?;
    if changes.moves.is_empty() {
        writeln!(text, "no attempt has another outcome than before")?;
    }
    for moved in &changes.moves {
        writeln!(text, "  {:>10} from {} to {}", moved.attempts, moved.from, moved.to)?;
    }
    for (table, change) in &changes.tables {
        writeln!(
            text,
            "{table}: {} rows, were {}: {} added, {} removed, {} changed",
            change.after, change.before, change.added, change.removed, change.changed
        )?;
        for column in &change.columns {
            writeln!(text, "  {column}")?;
        }
    }
    if changes.tables.is_empty() {
        writeln!(text, "every table holds the same rows")?;
    }
    text.pop();
    Ok(text)
}

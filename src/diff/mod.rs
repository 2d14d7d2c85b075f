//! What changed from one version to another: rows of each table by their keys, columns, rules, and attempts whose outcome
//! is no longer the same.

mod rows;
mod text;

pub use rows::{Matched, write_rows};
pub use text::to_markdown;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use serde::Serialize;

use self::rows::{compare_rows, outcome_moves};
use crate::error::{Context, Result};
use crate::release::{FileEntry, Origins, RulesEntry, read_parquet};
use crate::schema::{Format, SchemaChange, TableSchema, conform, schema_changes};

/// What changed from one version to another; `changes.json` of a version says it of the version before.
#[derive(Debug, Clone, Serialize)]
pub struct Changes {
    /// The older version.
    pub from: String,
    /// The newer version.
    pub to: String,
    /// The rules of each; equal where they did not change.
    pub rules: [RulesEntry; 2],
    /// Models whose text is no longer the same.
    pub models: Vec<String>,
    /// Whether the schedule is another.
    pub schedule: bool,
    /// Each table that is not the same in both.
    pub tables: BTreeMap<String, TableChange>,
    /// Attempts that both versions have, by the outcome that each gives them.
    pub moves: Vec<Move>,
}

/// What changed in a table. Rows are told apart by the table's key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableChange {
    /// Rows in the older version.
    pub before: u64,
    /// Rows in the newer version.
    pub after: u64,
    /// Rows that only the newer version has.
    pub added: u64,
    /// Rows that only the older version has.
    pub removed: u64,
    /// Rows of which a value differs, in a column that both versions have.
    pub changed: u64,
    /// Version of the schema in each; nothing where the version has no such table.
    pub schema: [Option<String>; 2],
    /// What changed in the schema.
    pub columns: Vec<SchemaChange>,
}

/// Attempts that went from one outcome to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The outcome in the older version.
    pub from: String,
    /// The outcome in the newer version.
    pub to: String,
    /// How many.
    pub attempts: u64,
}

impl Changes {
    /// What changed in a table; nothing where it is the same in both.
    #[must_use]
    pub fn table(&self, name: &str) -> TableChange {
        self.tables.get(name).cloned().unwrap_or_default()
    }
}

/// One of two versions: what its manifest says, and how its files are read.
pub struct Side<'a> {
    /// Its name.
    pub version: &'a str,
    /// What made it.
    pub made_with: &'a Origins,
    /// Its files.
    pub files: &'a [FileEntry],
    /// Brings one of them to a local path.
    pub open: &'a (dyn Fn(&FileEntry) -> Result<PathBuf> + Sync),
    /// The schema of a table that it has.
    pub schema: &'a (dyn Fn(&str) -> Result<TableSchema> + Sync),
}

/// Looks at each pair of table files that differ.
pub type Visit<'a> = &'a mut dyn FnMut(&TableSchema, &Matched) -> Result<()>;

/// Compares two versions, and shows each pair of differing table files to `visit`.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when a file cannot be read.
pub fn compare(old: &Side<'_>, new: &Side<'_>, visit: Visit<'_>) -> Result<Changes> {
    let (before, after) = (parts(old.files), parts(new.files));
    let mut tables: BTreeMap<String, TableChange> = BTreeMap::new();
    let mut moves: BTreeMap<(String, String), u64> = BTreeMap::new();
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).map(|(table, _)| *table).collect();
    for name in names {
        let has = |parts: &Parts<'_>| parts.keys().any(|(table, _)| *table == name);
        let old_schema = if has(&before) { Some((old.schema)(name)?) } else { None };
        let new_schema = if has(&after) { Some((new.schema)(name)?) } else { None };
        let version = |schema: &Option<TableSchema>| schema.as_ref().map(|schema| schema.version.clone());
        let mut change = TableChange {
            before: rows_of(&before, name),
            after: rows_of(&after, name),
            schema: [version(&old_schema), version(&new_schema)],
            columns: match (&old_schema, &new_schema) {
                (Some(old), Some(new)) => schema_changes(old, new),
                _ => Vec::new(),
            },
            ..TableChange::default()
        };
        let Some(reading) = new_schema.as_ref().or(old_schema.as_ref()) else { continue };
        let mut differs = !change.columns.is_empty() || change.schema[0] != change.schema[1];
        for [was, is] in differing(&of(&before, name), &of(&after, name), reading) {
            let (was, is) = (rows(&was, old, old_schema.as_ref())?, rows(&is, new, new_schema.as_ref())?);
            let matched = compare_rows(reading, was, is)?;
            // Rows that only went into another part are where they were.
            differs |= !(matched.added.is_empty() && matched.removed.is_empty() && matched.changed.is_empty());
            change.added += matched.added.len() as u64;
            change.removed += matched.removed.len() as u64;
            change.changed += matched.changed.len() as u64;
            if name == "tentatives" {
                outcome_moves(&matched, &mut moves)?;
            }
            visit(reading, &matched)?;
        }
        if differs {
            tables.insert(name.to_owned(), change);
        }
    }
    let models = old.made_with.models.keys().chain(new.made_with.models.keys()).collect::<BTreeSet<_>>();
    let differs = |model: &&&String| old.made_with.models.get(**model) != new.made_with.models.get(**model);
    let mut moves: Vec<Move> = moves.into_iter().map(|((from, to), attempts)| Move { from, to, attempts }).collect();
    moves.sort_by_key(|moved| std::cmp::Reverse(moved.attempts));
    Ok(Changes {
        from: old.version.to_owned(),
        to: new.version.to_owned(),
        rules: [old.made_with.rules.clone(), new.made_with.rules.clone()],
        models: models.iter().filter(differs).map(|model| (*model).clone()).collect(),
        schedule: old.made_with.schedule_sha256 != new.made_with.schedule_sha256,
        tables,
        moves,
    })
}

/// The Parquet files of a version, by table and part.
type Parts<'a> = BTreeMap<(&'a str, &'a str), &'a FileEntry>;

fn parts(files: &[FileEntry]) -> Parts<'_> {
    let tables = files.iter().filter(|file| file.format == Some(Format::Parquet));
    tables
        .filter_map(|file| Some(((file.table.as_deref()?, file.partition.as_deref().unwrap_or_default()), file)))
        .collect()
}

fn rows_of(parts: &Parts<'_>, name: &str) -> u64 {
    let rows = parts.iter().filter(|((table, _), _)| *table == name).filter_map(|(_, file)| file.rows);
    // A manifest may state any numbers.
    rows.fold(0, u64::saturating_add)
}

/// The parts of one table, by their names.
fn of<'a>(parts: &Parts<'a>, name: &str) -> BTreeMap<&'a str, &'a FileEntry> {
    parts.iter().filter(|((table, _), _)| *table == name).map(|((_, part), file)| (*part, *file)).collect()
}

/// The parts that do not say the same, in groups whose rows belong together. A row of a table by month never leaves its month;
/// one of a table that is split goes from part to part, as a drought that goes on does, and as all do once a year is over.
fn differing<'a>(
    before: &BTreeMap<&'a str, &'a FileEntry>,
    after: &BTreeMap<&'a str, &'a FileEntry>,
    schema: &TableSchema,
) -> Vec<[Vec<&'a FileEntry>; 2]> {
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let same = |name: &&str| match (before.get(*name), after.get(*name)) {
        (Some(was), Some(is)) => was.content_digest == is.content_digest,
        _ => false,
    };
    let by_month = schema.guichets.split.is_none() && !names.contains("");
    let group_of = |name: &'a str| match name.get(..4) {
        _ if !by_month => "",
        Some(year) if names.contains(year) => year,
        _ => name,
    };
    let mut groups: BTreeMap<&str, [Vec<&FileEntry>; 2]> = BTreeMap::new();
    for name in names.iter().copied().filter(|name| !same(name)) {
        let group = groups.entry(group_of(name)).or_default();
        group[0].extend(before.get(name));
        group[1].extend(after.get(name));
    }
    groups.into_values().collect()
}

fn rows(files: &[&FileEntry], side: &Side<'_>, schema: Option<&TableSchema>) -> Result<Option<RecordBatch>> {
    let Some(schema) = schema.filter(|_| !files.is_empty()) else { return Ok(None) };
    let parts = files.iter().map(|file| conform(schema, &read_parquet(&(side.open)(file)?)?));
    concat_batches(&schema.arrow_schema(), &parts.collect::<Result<Vec<_>>>()?).internal(&schema.name).map(Some)
}

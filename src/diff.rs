//! What changed between two versions: rows of each table, and attempts whose outcome is no longer the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use serde::Serialize;
use tempfile::TempDir;

use crate::error::{Context, Result};
use crate::model::{Engine, Model};
use crate::publish::{Store, fetch, manifest_of};
use crate::release::{FileEntry, Manifest, RulesEntry};
use crate::schema::Format;

/// What changed from one version to another.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// The older version.
    pub from: String,
    /// The newer version.
    pub to: String,
    /// The rules of each; equal where they did not change.
    pub rules: [RulesEntry; 2],
    /// Rows of each table whose content is not the same.
    pub tables: BTreeMap<String, RowCounts>,
    /// Attempts that both versions have, by the outcome that each gives them.
    pub moves: Vec<Move>,
    /// Attempts that only the newer version has.
    pub attempts_added: i64,
    /// Attempts that only the older version has.
    pub attempts_gone: i64,
}

/// Rows of a table in the two versions.
#[derive(Debug, Default, Serialize)]
pub struct RowCounts {
    /// In the older version.
    pub before: u64,
    /// In the newer version.
    pub after: u64,
}

/// Attempts that went from one outcome to another.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The outcome in the older version.
    pub from: String,
    /// The outcome in the newer version.
    pub to: String,
    /// How many.
    pub attempts: i64,
}

const MOVES: &str = "
WITH paires AS (
    SELECT a.issue AS avant, b.issue AS apres
    FROM ancienne AS a
    INNER JOIN nouvelle AS b ON a.tentative_id = b.tentative_id
)
SELECT avant, apres, COUNT(*) AS n
FROM paires
WHERE avant <> apres
GROUP BY avant, apres
ORDER BY n DESC, avant, apres";

const ONLY: &str = "
SELECT 'x' AS avant, 'x' AS apres, COUNT(*) AS n
FROM {here} AS a LEFT JOIN {there} AS b ON a.tentative_id = b.tentative_id
WHERE b.issue IS NULL";

/// Compares two versions of a store. Months that both share are not read.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the store has no such version;
/// [`Unreachable`](crate::error::Kind::Unreachable) when a file is not what its manifest says.
pub fn compare(store: &dyn Store, from: &str, to: &str) -> Result<Difference> {
    let (before, after) = (manifest_of(store, from)?, manifest_of(store, to)?);
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    let mut engine = Engine::default();
    let sides = [("ancienne", &before, &after), ("nouvelle", &after, &before)];
    let mut present = [false; 2];
    for (side, (name, here, there)) in sides.into_iter().enumerate() {
        let files = changed_attempts(store, here, there, &folder.path().join(name))?;
        present[side] = !files.is_empty();
        if present[side] {
            engine.register(name, &files)?;
        }
    }
    let mut only = |here: &str, there: &str, both: bool| -> Result<i64> {
        let alone = format!("SELECT 'x' AS avant, 'x' AS apres, COUNT(*) AS n FROM {here}");
        let sql = if both { ONLY.replace("{here}", here).replace("{there}", there) } else { alone };
        Ok(ask(&mut engine, &sql)?.first().map_or(0, |row| row.attempts))
    };
    let both = present == [true, true];
    let attempts_gone = if present[0] { only("ancienne", "nouvelle", both)? } else { 0 };
    let attempts_added = if present[1] { only("nouvelle", "ancienne", both)? } else { 0 };
    Ok(Difference {
        from: from.to_owned(),
        to: to.to_owned(),
        tables: changed_tables(&before, &after),
        moves: if both { ask(&mut engine, MOVES)? } else { Vec::new() },
        attempts_added,
        attempts_gone,
        rules: [before.made_with.rules, after.made_with.rules],
    })
}

/// The months of attempts that the other version does not have as they are.
fn changed_attempts(store: &dyn Store, here: &Manifest, there: &Manifest, folder: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).unreachable("cannot make a temporary folder")?;
    let wanted = |file: &&FileEntry| {
        file.table.as_deref() == Some("tentatives")
            && file.format == Some(Format::Parquet)
            && !there.files.iter().any(|other| other.path == file.path)
    };
    here.files.iter().filter(wanted).map(|file| fetch(store, file, folder)).collect()
}

fn changed_tables(before: &Manifest, after: &Manifest) -> BTreeMap<String, RowCounts> {
    let (was, is) = (before.contents(), after.contents());
    let mut tables: BTreeMap<String, RowCounts> = BTreeMap::new();
    let names = was.keys().chain(is.keys()).filter(|key| was.get(*key) != is.get(*key)).map(|(table, _)| *table);
    for name in names {
        let rows = |manifest: &Manifest| {
            let files = manifest.files.iter();
            let parts =
                files.filter(|file| file.table.as_deref() == Some(name) && file.format == Some(Format::Parquet));
            parts.filter_map(|file| file.rows).sum()
        };
        tables.insert(name.to_owned(), RowCounts { before: rows(before), after: rows(after) });
    }
    tables
}

fn ask(engine: &mut Engine, sql: &str) -> Result<Vec<Move>> {
    let batch = engine.run(&Model { table: "diff".to_owned(), sql: sql.to_owned(), reads: Vec::new() })?;
    let text = |name: &str| column(&batch, name, &arrow::datatypes::DataType::Utf8);
    let (from, to) = (text("avant")?, text("apres")?);
    let counts = column(&batch, "n", &arrow::datatypes::DataType::Int64)?;
    let (from, to, counts) = (from.as_string::<i32>(), to.as_string::<i32>(), counts.as_primitive::<Int64Type>());
    Ok((0..batch.num_rows())
        .map(|row| Move { from: from.value(row).to_owned(), to: to.value(row).to_owned(), attempts: counts.value(row) })
        .collect())
}

fn column(batch: &RecordBatch, name: &str, kind: &arrow::datatypes::DataType) -> Result<arrow::array::ArrayRef> {
    let found = batch.column_by_name(name).ok_or_else(|| crate::error::Error::internal(format!("no column {name}")))?;
    arrow::compute::cast(found, kind).internal(name)
}

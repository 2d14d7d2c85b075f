//! Rows of a table in two versions, told apart by their key.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array, new_null_array};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use arrow::row::{RowConverter, Rows, SortField};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::error::{Context, Error, Result};
use crate::schema::{TableSchema, column};

/// The rows of one file of a table in two versions, and which are where.
pub struct Matched {
    /// In the older version; without rows where it has no such file.
    pub before: RecordBatch,
    /// In the newer version; without rows where it has no such file.
    pub after: RecordBatch,
    /// Rows of `after` that are not in `before`.
    pub added: Vec<u32>,
    /// Rows of `before` that are not in `after`.
    pub removed: Vec<u32>,
    /// The same row in both, with another value in a column that both have.
    pub changed: Vec<(u32, u32)>,
}

/// The column that says what became of a row.
const CHANGE: &str = "changement";

pub(super) fn compare_rows(
    table: &TableSchema,
    before: Option<RecordBatch>,
    after: Option<RecordBatch>,
) -> Result<Matched> {
    let empty = || RecordBatch::new_empty(table.arrow_schema());
    let (before, after) = (before.unwrap_or_else(empty), after.unwrap_or_else(empty));
    let common: Vec<&str> = table
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .filter(|name| before.column_by_name(name).is_some() && after.column_by_name(name).is_some())
        .collect();
    let key: Vec<&str> = table.primary_key.iter().map(String::as_str).filter(|name| common.contains(name)).collect();
    let (old_keys, new_keys) = (encoded(table, &before, &key)?, encoded(table, &after, &key)?);
    let (old_rows, new_rows) = (encoded(table, &before, &common)?, encoded(table, &after, &common)?);
    // Rows whose key stands twice are matched in their order.
    let mut waiting: HashMap<[u8; 16], Vec<u32>> = HashMap::with_capacity(before.num_rows());
    for row in (0..count(&before)?).rev() {
        waiting.entry(short(&old_keys, row)).or_default().push(row);
    }
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for row in 0..count(&after)? {
        match waiting.get_mut(&short(&new_keys, row)).and_then(Vec::pop) {
            None => added.push(row),
            Some(old) if old_rows.row(old as usize) != new_rows.row(row as usize) => changed.push((old, row)),
            Some(_) => {}
        }
    }
    let mut removed: Vec<u32> = waiting.into_values().flatten().collect();
    removed.sort_unstable();
    Ok(Matched { before, after, added, removed, changed })
}

fn count(batch: &RecordBatch) -> Result<u32> {
    u32::try_from(batch.num_rows()).internal("more than 2^32 rows")
}

/// Rows as bytes that compare as the rows do.
fn encoded(table: &TableSchema, batch: &RecordBatch, names: &[&str]) -> Result<Rows> {
    let columns: Vec<ArrayRef> = names
        .iter()
        .map(|name| {
            let column = batch.column_by_name(name).ok_or_else(|| Error::internal(format!("no column {name}")))?;
            let kind = table.field(name).map_or_else(|| column.data_type().clone(), crate::schema::Field::data_type);
            // A column of another type than the table's now is compared by what it says.
            cast(column, &kind).or_else(|_| cast(column, &DataType::Utf8)).internal(*name)
        })
        .collect::<Result<_>>()?;
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields).internal("cannot compare the rows")?;
    converter.convert_columns(&columns).internal("cannot compare the rows")
}

/// 128 bits of a key: two keys of a table never share them by chance.
fn short(rows: &Rows, row: u32) -> [u8; 16] {
    let hash = blake3::hash(rows.row(row as usize).as_ref());
    let mut short = [0; 16];
    short.copy_from_slice(&hash.as_bytes()[..16]);
    short
}

/// Adds up how many attempts went from which outcome to which.
pub(super) fn outcome_moves(matched: &Matched, moves: &mut BTreeMap<(String, String), u64>) -> Result<()> {
    let outcomes = |batch: &RecordBatch| column(batch, "issue", &DataType::Utf8);
    let (before, after) = (outcomes(&matched.before)?, outcomes(&matched.after)?);
    let (before, after) = (before.as_string::<i32>(), after.as_string::<i32>());
    for (old, new) in &matched.changed {
        let (from, to) = (before.value(*old as usize), after.value(*new as usize));
        if from != to {
            *moves.entry((from.to_owned(), to.to_owned())).or_default() += 1;
        }
    }
    Ok(())
}

/// Writes the rows that differ as Parquet: the table's columns, and first of all `changement`: `ajoutee`, `retiree`,
/// `modifiee_avant` or `modifiee_apres`.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the file cannot be written.
pub fn write_rows(table: &TableSchema, matched: &Matched, path: &Path) -> Result<()> {
    let (old, new): (Vec<u32>, Vec<u32>) = matched.changed.iter().copied().unzip();
    let schema = Arc::new(row_schema(table));
    let part = |batch: &RecordBatch, rows: Vec<u32>, change: &str| labelled(table, &schema, batch, rows, change);
    let parts = [
        part(&matched.before, matched.removed.clone(), "retiree")?,
        part(&matched.before, old, "modifiee_avant")?,
        part(&matched.after, new, "modifiee_apres")?,
        part(&matched.after, matched.added.clone(), "ajoutee")?,
    ];
    let rows = concat_batches(&schema, &parts).internal("the rows that differ")?;
    let place = |error: Error| error.at_path(path);
    let file = std::fs::File::create(path).unreachable("cannot write").map_err(place)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer =
        ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).internal("the rows that differ")?;
    writer.write(&rows).unreachable("cannot write").map_err(place)?;
    writer.close().unreachable("cannot write").map_err(place)?;
    Ok(())
}

fn row_schema(table: &TableSchema) -> Schema {
    let change = Arc::new(ArrowField::new(CHANGE, DataType::Utf8, false));
    let columns = table.arrow_schema();
    let nullable = columns.fields().iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true)));
    Schema::new(std::iter::once(change).chain(nullable).collect::<Vec<_>>())
}

fn labelled(
    table: &TableSchema,
    schema: &Arc<Schema>,
    batch: &RecordBatch,
    rows: Vec<u32>,
    change: &str,
) -> Result<RecordBatch> {
    let picked = take_record_batch(batch, &UInt32Array::from(rows)).internal("the rows that differ")?;
    let label = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(change, picked.num_rows()))) as ArrayRef;
    let columns = table.fields.iter().map(|field| match picked.column_by_name(&field.name) {
        // A value that the new type cannot hold is left out here; the schema's changes say that the type is another.
        Some(column) => cast(column, &field.data_type()).internal(&field.name),
        None => Ok(new_null_array(&field.data_type(), picked.num_rows())),
    });
    let columns = std::iter::once(Ok(label)).chain(columns).collect::<Result<Vec<_>>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns).internal("the rows that differ")
}

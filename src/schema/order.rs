//! The published order of rows.

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::row::{RowConverter, SortField};

use super::{TableSchema, conform};
use crate::error::{Context, Error, Result};

/// A table as it is declared and in its declared order, nulls first: what may be published.
///
/// # Errors
/// As for [`conform`]; [`Internal`](crate::error::Kind::Internal) when a column of the order is missing.
pub fn ordered(table: &TableSchema, columns: &RecordBatch) -> Result<RecordBatch> {
    sorted(table, &conform(table, columns)?)
}

fn sorted(table: &TableSchema, batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = table
        .guichets
        .order
        .iter()
        .map(|name| {
            batch.column_by_name(name).cloned().ok_or_else(|| Error::internal(format!("the column {name} is missing")))
        })
        .collect::<Result<Vec<_>>>()?;
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields).internal("cannot order the rows")?;
    let rows = converter.convert_columns(&columns).internal("cannot order the rows")?;
    if rows.iter().is_sorted() {
        return Ok(batch.clone());
    }
    let mut order: Vec<u32> = (0..u32::try_from(batch.num_rows()).internal("more than 2^32 rows")?).collect();
    order.sort_unstable_by(|a, b| rows.row(*a as usize).cmp(&rows.row(*b as usize)));
    take_record_batch(batch, &UInt32Array::from(order)).internal("cannot order the rows")
}

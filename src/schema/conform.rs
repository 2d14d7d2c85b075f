//! The door through which every table passes: declared columns only, all of them, of the declared types.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};

use super::TableSchema;
use crate::error::{Context, Error, Result};

/// Puts columns into the declared order and types.
///
/// A dictionary of the declared type is kept as it is (the writers read through it); any other difference of type is
/// cast where no value is lost.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when a column is not declared, a declared one is missing, a value does
/// not fit its type, or a required column holds a null. All of them mean that a model or a decoder is wrong.
pub fn conform(table: &TableSchema, columns: &RecordBatch) -> Result<RecordBatch> {
    let place = format!("schemas/tables/{}.json", table.name);
    let found = columns.schema();
    if let Some(stranger) = found.fields().iter().find(|field| table.field(field.name()).is_none()) {
        return Err(Error::internal(format!("the column {} is not declared and cannot be published", stranger.name()))
            .at(place)
            .hint("declare it in the schema, or remove it from what makes the table"));
    }
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(table.fields.len());
    for field in &table.fields {
        let array = columns
            .column_by_name(&field.name)
            .ok_or_else(|| Error::internal(format!("the declared column {} is missing", field.name)).at(&place))?;
        if field.constraints.required && array.logical_null_count() > 0 {
            return Err(Error::internal(format!(
                "the required column {} has {} empty values",
                field.name,
                array.logical_null_count()
            ))
            .at(&place));
        }
        arrays.push(as_declared(array, &field.data_type()).internal(format!("the column {}", field.name))?);
    }
    let physical = arrow::datatypes::Schema::new(
        table
            .arrow_schema()
            .fields()
            .iter()
            .zip(&arrays)
            .map(|(field, array)| field.as_ref().clone().with_data_type(array.data_type().clone()))
            .collect::<Vec<_>>(),
    );
    RecordBatch::try_new(physical.into(), arrays).internal(format!("the table {} does not hold together", table.name))
}

/// A column by its name, as the type that the caller reads.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when it is not there, or is no such thing.
pub fn column(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<ArrayRef> {
    let column = batch.column_by_name(name).ok_or_else(|| Error::internal(format!("no column {name}")))?;
    cast(column, kind).internal(name)
}

/// The instants of a column by its name.
///
/// # Errors
/// As for [`column`].
pub fn instants(batch: &RecordBatch, name: &str) -> Result<TimestampMicrosecondArray> {
    let kind = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Ok(column(batch, name, &kind)?.as_primitive::<TimestampMicrosecondType>().clone())
}

fn as_declared(array: &ArrayRef, declared: &DataType) -> Result<ArrayRef, arrow::error::ArrowError> {
    match array.data_type() {
        same if same == declared => Ok(array.clone()),
        DataType::Dictionary(_, value) if value.as_ref() == declared => Ok(array.clone()),
        // Instants are counted from the epoch in UTC everywhere in this program; only the label is missing.
        DataType::Timestamp(TimeUnit::Microsecond, None) if matches!(declared, DataType::Timestamp(..)) => {
            Ok(Arc::new(array.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC")))
        }
        _ => cast_with_options(array, declared, &CastOptions { safe: false, ..CastOptions::default() }),
    }
}

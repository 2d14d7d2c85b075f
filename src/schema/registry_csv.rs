//! Registry tables: CSV files kept by hand, typed by their schema.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::DataType;
use chrono::{DateTime, NaiveDate};

use super::cell::unpublishable;
use super::{Field, TableSchema};
use crate::calendar::days_since_epoch;
use crate::error::{Context, Error, Result};

/// Reads one table from the files of that name in several registry folders, in their order.
///
/// A folder without the file contributes nothing; when no folder has it, the table is empty.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) with file, line and column when a header or a value does not fit the schema.
pub fn read_registry_table(table: &TableSchema, folders: &[std::path::PathBuf]) -> Result<RecordBatch> {
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); table.fields.len()];
    let mut origin: Vec<String> = Vec::new();
    for folder in folders {
        let path = folder.join(format!("{}.csv", table.name));
        if path.is_file() {
            read_file(table, &path, &mut columns, &mut origin)?;
        }
    }
    let arrays = table
        .fields
        .iter()
        .zip(&columns)
        .map(|(field, values)| {
            typed(field, values).map_err(|(row, text)| {
                Error::usage(format!("« {text} » is not a {:?} for {}", field.kind, field.name)).at(&origin[row])
            })
        })
        .collect::<Result<Vec<ArrayRef>>>()?;
    RecordBatch::try_new(table.arrow_schema(), arrays)
        .usage(format!("the registry table {} does not fit its schema", table.name))
}

fn read_file(
    table: &TableSchema,
    path: &Path,
    columns: &mut [Vec<Option<String>>],
    origin: &mut Vec<String>,
) -> Result<()> {
    let place = |error: Error| error.at_path(path);
    let mut reader = csv::Reader::from_path(path).usage("cannot read the registry").map_err(place)?;
    let header = reader.headers().usage("cannot read the registry").map_err(place)?;
    let declared: Vec<&str> = table.fields.iter().map(|field| field.name.as_str()).collect();
    if header.iter().ne(declared.iter().copied()) {
        return Err(place(
            Error::usage("the header is not that of the schema").hint(format!("it must be {}", declared.join(","))),
        ));
    }
    for record in reader.records() {
        let record = record.usage("cannot read the registry").map_err(place)?;
        let line = record.position().map_or(0, csv::Position::line);
        origin.push(format!("{}:{line}", path.display()));
        for ((field, column), value) in table.fields.iter().zip(columns.iter_mut()).zip(record.iter()) {
            // Found out while the table is written, it would be nobody's fault.
            if field.data_type() == DataType::Utf8
                && let Some(why) = unpublishable(value)
            {
                return Err(Error::usage(format!("the value of {} {why} and cannot be published", field.name))
                    .at(format!("{}:{line}", path.display()))
                    .hint("write it in another way, on one line"));
            }
            column.push((!value.is_empty()).then(|| value.to_owned()));
        }
    }
    Ok(())
}

/// The position and the text of a value that does not parse.
type Misfit = (usize, String);

fn typed(field: &Field, values: &[Option<String>]) -> Result<ArrayRef, Misfit> {
    /// Parses each value and appends it to a builder.
    macro_rules! build {
        ($builder:expr, $parse:expr) => {{
            let mut builder = $builder;
            for (row, value) in values.iter().enumerate() {
                match value {
                    None => builder.append_null(),
                    Some(text) => builder.append_value($parse(text.as_str()).ok_or_else(|| (row, text.clone()))?),
                }
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    Ok(match field.data_type() {
        DataType::Int32 => build!(Int32Builder::new(), |text: &str| text.parse().ok()),
        DataType::Int64 => build!(Int64Builder::new(), |text: &str| text.parse().ok()),
        DataType::Float64 => build!(Float64Builder::new(), |text: &str| text.parse().ok()),
        DataType::Boolean => build!(BooleanBuilder::new(), |text: &str| text.parse().ok()),
        DataType::Date32 => build!(Date32Builder::new(), |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .map(days_since_epoch)),
        DataType::Timestamp(..) => {
            build!(TimestampMicrosecondBuilder::new().with_timezone("UTC"), |text: &str| {
                DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.timestamp_micros())
            })
        }
        _ => {
            let mut builder = StringBuilder::new();
            builder.extend(values.iter().map(Option::as_deref));
            Arc::new(builder.finish())
        }
    })
}

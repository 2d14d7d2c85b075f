//! What a table's values must satisfy, checked before anything leaves.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int32Type};
use arrow::row::{RowConverter, SortField};
use regex::Regex;

use super::{Field, Origin, TableSchema};
use crate::error::{Context, Result};

/// What is out of order in a table, one sentence each; nothing where all is well.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when a pattern of the schema is no regular expression.
pub fn violations(table: &TableSchema, batch: &RecordBatch) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for field in &table.fields {
        if let Some(array) = batch.column_by_name(&field.name) {
            found.extend(field_violation(table, field, array)?);
        }
    }
    // Ids of attempts are told apart over the whole history, while they are read.
    if table.guichets.partition.is_none() || table.guichets.origin == Origin::Model {
        found.extend(repeated_keys(table, batch)?);
    }
    Ok(found)
}

fn field_violation(table: &TableSchema, field: &Field, array: &ArrayRef) -> Result<Option<String>> {
    let name = format!("{}.{}", table.name, field.name);
    let constraints = &field.constraints;
    let value = match field.data_type() {
        DataType::Utf8 if constraints.one_of.is_some() || constraints.pattern.is_some() => {
            let pattern = constraints.pattern.as_deref().map(|pattern| Regex::new(&format!("^(?:{pattern})$")));
            let pattern = pattern.transpose().usage(format!("the pattern of {name}"))?;
            // Of a column of few distinct values only these are looked at.
            let distinct = match array.as_any_dictionary_opt() {
                Some(dictionary) => dictionary.values().clone(),
                None => array.clone(),
            };
            let fits = |text: &str| {
                constraints.one_of.as_ref().is_none_or(|allowed| allowed.iter().any(|one| one == text))
                    && pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
            };
            distinct.as_string::<i32>().iter().flatten().find(|text| !fits(text)).map(str::to_owned)
        }
        DataType::Int32 | DataType::Int64 | DataType::Float64
            if constraints.minimum.is_some() || constraints.maximum.is_some() =>
        {
            let numbers = cast(array, &DataType::Float64).internal(&name)?;
            let fits = |number: f64| {
                constraints.minimum.is_none_or(|minimum| number >= minimum)
                    && constraints.maximum.is_none_or(|maximum| number <= maximum)
            };
            let numbers = numbers.as_primitive::<Float64Type>();
            numbers.iter().flatten().find(|number| !fits(*number)).map(|number| number.to_string())
        }
        _ => None,
    };
    Ok(value.map(|value| format!("{name} holds « {value} », which its schema does not allow")))
}

/// A key that stands on two rows.
fn repeated_keys(table: &TableSchema, batch: &RecordBatch) -> Result<Option<String>> {
    let columns: Vec<ArrayRef> =
        table.primary_key.iter().filter_map(|name| batch.column_by_name(name).cloned()).collect();
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields).internal("cannot compare keys")?;
    let rows = converter.convert_columns(&columns).internal("cannot compare keys")?;
    let mut seen = HashSet::with_capacity(batch.num_rows());
    let repeated = rows.iter().position(|row| !seen.insert(row));
    Ok(repeated.map(|row| format!("{}: the key of row {} stands twice", table.name, row + 1)))
}

/// The sum of a whole-number column; 0 where there is no such column.
#[must_use]
pub fn total(batch: &RecordBatch, column: &str) -> i64 {
    let Some(array) = batch.column_by_name(column) else { return 0 };
    array.as_primitive_opt::<Int32Type>().map_or(0, |numbers| numbers.iter().flatten().map(i64::from).sum())
}

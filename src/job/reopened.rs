//! Which months a small table moves: their rows are derived again even where no line is new.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};

use crate::calendar::{first_of_month, month};
use crate::error::{Context, Result};
use crate::schema::{column, instants};

/// What a table says of each month, as one hash.
type Prints = BTreeMap<String, blake3::Hasher>;

/// The months of which two states of a table differ: those that its column `mois` names or, without one, those that its
/// rows span, from `debut_utc` to `fin_utc`.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when a column is missing.
pub(super) fn reopened_months(old: &RecordBatch, new: &RecordBatch) -> Result<BTreeSet<String>> {
    let (before, after) = if new.column_by_name("mois").is_some() {
        (by_month(old)?, by_month(new)?)
    } else {
        let (was, is) = (all_columns(old)?, all_columns(new)?);
        (by_span(old, &same(&was, &is))?, by_span(new, &same(&is, &was))?)
    };
    let digest = |prints: &Prints, month: &str| prints.get(month).map(blake3::Hasher::finalize);
    let months = before.keys().chain(after.keys());
    Ok(months.filter(|month| digest(&before, month) != digest(&after, month)).cloned().collect())
}

fn all_columns(batch: &RecordBatch) -> Result<Rows> {
    rows_of(batch.columns())
}

fn rows_of(columns: &[ArrayRef]) -> Result<Rows> {
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields).internal("rows")?;
    converter.convert_columns(columns).internal("rows")
}

/// Which rows stand in another table, too, letter for letter.
fn same(rows: &Rows, others: &Rows) -> Vec<bool> {
    let others: HashSet<OwnedRow> = others.iter().map(|row| row.owned()).collect();
    rows.iter().map(|row| others.contains(&row.owned())).collect()
}

fn by_month(batch: &RecordBatch) -> Result<Prints> {
    let mut prints = Prints::new();
    let months = column(batch, "mois", &DataType::Utf8)?;
    for (row, month) in all_columns(batch)?.iter().zip(months.as_string::<i32>()) {
        prints.entry(month.unwrap_or_default().to_owned()).or_default().update(row.as_ref());
    }
    Ok(prints)
}

/// A row counts in each month that it overlaps, with its beginning, which tables name, and its end as far as the month goes:
/// that one ends later tonight than last night says nothing of the months before. Two days more on each side, for the zones
/// of the counters; and, of a period of one cadence, one and a half of it: a look may be half a cadence early, and its cycle is cut
/// where the period ends.
fn by_span(batch: &RecordBatch, stands: &[bool]) -> Result<Prints> {
    let mut prints = Prints::new();
    let (starts, ends) = (instants(batch, "debut_utc")?, instants(batch, "fin_utc")?);
    let is_end = |name: &str| matches!(name, "debut_utc" | "fin_utc");
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    let others: Vec<ArrayRef> =
        fields.filter(|(field, _)| !is_end(field.name())).map(|(_, column)| column.clone()).collect();
    let rows = rows_of(&others)?;
    let cadences =
        batch.column_by_name("cadence_s").map(|_| column(batch, "cadence_s", &DataType::Int64)).transpose()?;
    let cadence = |row: usize| cadences.as_ref().map_or(0, |cadences| cadences.as_primitive::<Int64Type>().value(row));
    let instant = |micros: i64| DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default();
    for row in (0..batch.num_rows()).filter(|row| !stands[*row]) {
        let (start, end) = (instant(starts.value(row)), instant(ends.value(row)));
        let margin = TimeDelta::days(2) + TimeDelta::seconds(cadence(row) + cadence(row) / 2);
        let mut first = first_of_month((start - margin).date_naive());
        while midnight(first) < end + margin {
            let Some(next) = first.checked_add_months(Months::new(1)) else { break };
            let until = end.min(midnight(next) + margin);
            if start.max(midnight(first) - margin) < until {
                let print = prints.entry(month(first)).or_default();
                print.update(rows.row(row).as_ref());
                for edge in [start, until] {
                    print.update(&edge.timestamp_micros().to_le_bytes());
                }
            }
            first = next;
        }
    }
    Ok(prints)
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(chrono::NaiveTime::MIN).and_utc()
}

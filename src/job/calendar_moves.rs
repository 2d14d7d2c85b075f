//! In which months the calendar is no longer what it was: their rows are derived again even where no line is new.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::row::{RowConverter, SortField};
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};

use crate::calendar::month;
use crate::error::{Context, Error, Result};
use crate::schema::column;

/// What the days and the periods of each month say, as one hash.
type Prints = BTreeMap<String, blake3::Hasher>;

/// The months in which the tables `calendrier` or `perimetre` differ.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when a column is missing.
pub(super) fn moved_months(old: [&RecordBatch; 2], new: [&RecordBatch; 2]) -> Result<BTreeSet<String>> {
    let (before, after) = (prints(old)?, prints(new)?);
    let digest = |prints: &Prints, month: &str| prints.get(month).map(blake3::Hasher::finalize);
    let months = before.keys().chain(after.keys());
    Ok(months.filter(|month| digest(&before, month) != digest(&after, month)).cloned().collect())
}

fn prints([days, periods]: [&RecordBatch; 2]) -> Result<Prints> {
    let mut prints = Prints::new();
    let months = column(days, "mois", &DataType::Utf8)?;
    let months = months.as_string::<i32>();
    let converter = RowConverter::new(days.columns().iter().map(sort_field).collect()).internal("calendrier")?;
    let rows = converter.convert_columns(days.columns()).internal("calendrier")?;
    for (row, month) in rows.iter().zip(months) {
        prints.entry(month.unwrap_or_default().to_owned()).or_default().update(row.as_ref());
    }
    add_periods(periods, &mut prints)?;
    Ok(prints)
}

fn sort_field(column: &ArrayRef) -> SortField {
    SortField::new(column.data_type().clone())
}

/// A period counts in each month that it overlaps, with its beginning, which tables name, and its end as far as the month
/// goes: that one ends later tonight than last night says nothing of the months before. Two days more on each side, for
/// the zones of the counters.
fn add_periods(periods: &RecordBatch, prints: &mut Prints) -> Result<()> {
    let instants = |name: &str| {
        let column = periods.column_by_name(name).ok_or_else(|| Error::internal(format!("no column {name}")))?;
        Ok::<_, Error>(column.as_primitive::<TimestampMicrosecondType>().clone())
    };
    let (starts, ends) = (instants("debut_utc")?, instants("fin_utc")?);
    let others: Vec<ArrayRef> = periods
        .schema_ref()
        .fields()
        .iter()
        .zip(periods.columns())
        .filter(|(field, _)| !matches!(field.name().as_str(), "debut_utc" | "fin_utc"))
        .map(|(_, column)| column.clone())
        .collect();
    let converter = RowConverter::new(others.iter().map(sort_field).collect()).internal("perimetre")?;
    let rows = converter.convert_columns(&others).internal("perimetre")?;
    let margin = TimeDelta::days(2);
    let instant = |micros: i64| DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default();
    for row in 0..periods.num_rows() {
        let (start, end) = (instant(starts.value(row)), instant(ends.value(row)));
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
    Ok(())
}

fn first_of_month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(chrono::NaiveTime::MIN).and_utc()
}

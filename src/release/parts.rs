//! Parts of a table that grows with the days: a year that is over is one file for ever, of the year under way each month is
//! one. So a night writes its month, and a person opens a year.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use super::part_writer::PartWriter;
use super::staging::{Staged, Staging};
use crate::error::{Context, Error, Result};
use crate::schema::{TableSchema, violations};

/// How long after midnight in UTC a year goes on somewhere, and what was logged in its last hours may still come in.
const YEAR_GOES_ON: TimeDelta = TimeDelta::days(1);

/// Whether a year is over everywhere at a moment.
#[must_use]
pub fn is_over(year: i32, as_of: DateTime<Utc>) -> bool {
    let next = NaiveDate::from_ymd_opt(year + 1, 1, 1).and_then(|day| day.and_hms_opt(0, 0, 0));
    next.is_some_and(|next| as_of >= next.and_utc() + YEAR_GOES_ON)
}

/// The part of what has no date, and of what has no row.
const UNDATED: &str = "sans-date";

/// The part to which what is of a month belongs: `2018`, `2019-04` in a year that is not over, or that of what has no month.
#[must_use]
pub fn part_of_month(month: &str, as_of: DateTime<Utc>) -> String {
    match month.get(..4).and_then(|year| year.parse().ok()) {
        Some(year) if is_over(year, as_of) => month[..4].to_owned(),
        Some(_) => month.to_owned(),
        None => UNDATED.to_owned(),
    }
}

/// The name of a part: `2018`, or `2019-04` in a year that is not over.
fn name(date: NaiveDate, as_of: DateTime<Utc>) -> String {
    if is_over(date.year(), as_of) { format!("{:04}", date.year()) } else { date.format("%Y-%m").to_string() }
}

/// A table that leaves in parts, being written batch by batch.
pub struct PartsWriter<'a> {
    staging: &'a Staging,
    table: &'a TableSchema,
    parts: BTreeMap<String, PartWriter<'a>>,
    violations: Vec<String>,
}

/// A table that leaves in parts, on its way out.
#[derive(Debug)]
pub struct Parts {
    /// Its parts by their names.
    pub parts: BTreeMap<String, Staged>,
    /// What is out of order in them.
    pub violations: Vec<String>,
}

impl<'a> PartsWriter<'a> {
    pub(super) const fn begin(staging: &'a Staging, table: &'a TableSchema) -> Self {
        Self { staging, table, parts: BTreeMap::new(), violations: Vec::new() }
    }

    /// Adds rows that are as they are published, see [`ordered`](crate::schema::ordered), all of which come after those before.
    ///
    /// # Errors
    /// As for [`PartWriter::push`]; [`Internal`](crate::error::Kind::Internal) where the column that dates the rows is of a type
    /// that has no year, or has no value.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        // Looked for in all parts at once: a key may stand in two.
        if self.violations.is_empty() {
            self.violations = violations(self.table, batch)?;
        }
        for (part, rows) in by_part(self.table, batch, self.staging.about().as_of)? {
            let writer = match self.parts.entry(part) {
                Entry::Occupied(begun) => begun.into_mut(),
                Entry::Vacant(new) => {
                    let writer = self.staging.begin(self.table, Some(new.key()))?;
                    new.insert(writer)
                }
            };
            writer.append(&rows)?;
        }
        Ok(())
    }

    /// Ends the files. A table without rows has one part all the same, so that there is something to open.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn finish(mut self) -> Result<Parts> {
        if self.parts.is_empty() {
            self.parts.insert(UNDATED.to_owned(), self.staging.begin(self.table, Some(UNDATED))?);
        }
        let parts = self.parts.into_iter().map(|(part, writer)| Ok((part, writer.finish()?)));
        Ok(Parts { parts: parts.collect::<Result<_>>()?, violations: self.violations })
    }
}

/// The rows of a table by the part that each belongs to, in the order in which they stand.
fn by_part(table: &TableSchema, rows: &RecordBatch, as_of: DateTime<Utc>) -> Result<BTreeMap<String, RecordBatch>> {
    let column = table.guichets.split.as_deref().unwrap_or_default();
    let names =
        names(rows, column, as_of).map_err(|error| error.at(format!("table {}, column {column}", table.name)))?;
    let mut by_name: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for (row, name) in names.iter().enumerate() {
        by_name.entry(name).or_insert_with(|| vec![false; names.len()])[row] = true;
    }
    let part = |(name, belongs): (&str, Vec<bool>)| {
        Ok((name.to_owned(), filter_record_batch(rows, &BooleanArray::from(belongs)).internal("parts")?))
    };
    by_name.into_iter().map(part).collect()
}

/// The part of each row.
fn names(rows: &RecordBatch, column: &str, as_of: DateTime<Utc>) -> Result<Vec<String>> {
    let dates = rows.column_by_name(column).ok_or_else(|| Error::internal("there is no such column"))?;
    if dates.null_count() > 0 && dates.data_type() != &DataType::Utf8 {
        return Err(Error::internal("a row belongs to no part"));
    }
    let undated = || Error::internal("no date");
    match dates.data_type() {
        DataType::Date32 => {
            let days = dates.as_primitive::<Date32Type>().values();
            days.iter()
                .map(|day| NaiveDate::from_epoch_days(*day).map(|day| name(day, as_of)).ok_or_else(undated))
                .collect()
        }
        DataType::Timestamp(..) => {
            let instants = dates.as_primitive::<TimestampMicrosecondType>().values();
            let instant = |micros: &i64| DateTime::from_timestamp_micros(*micros).ok_or_else(undated);
            instants.iter().map(|micros| Ok(name(instant(micros)?.date_naive(), as_of))).collect()
        }
        // A week of ISO 8601, `2019-W16`, or a month.
        DataType::Utf8 => Ok(dates
            .as_string::<i32>()
            .iter()
            .map(|text| match text.unwrap_or_default() {
                week if week.contains('W') => week.get(..4).unwrap_or(UNDATED).to_owned(),
                month => part_of_month(month, as_of),
            })
            .collect()),
        other => Err(Error::internal(format!("a column of type {other} has no year"))),
    }
}

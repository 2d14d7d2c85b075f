//! Rows of text under the names of their columns: what a page needs of a query's result.

use std::collections::HashMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, NaiveDate, Utc};

use crate::error::{Context, Result};

/// Rows of text under the names of their columns.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// The position of each column.
    columns: HashMap<String, usize>,
    rows: Vec<Vec<String>>,
}

/// One row of a [`Grid`].
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    columns: &'a HashMap<String, usize>,
    cells: &'a [String],
}

impl Grid {
    /// The rows of a result; an empty text where there is no value, and instants to the second, in UTC.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when a column is of a type that has no text.
    pub fn of(batch: &RecordBatch) -> Result<Self> {
        let options = FormatOptions::new();
        let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
        for column in batch.columns() {
            if let Some(instants) = column.as_primitive_opt::<TimestampMicrosecondType>() {
                for (cells, instant) in rows.iter_mut().zip(instants) {
                    cells.push(instant.and_then(DateTime::from_timestamp_micros).map_or_else(String::new, written));
                }
                continue;
            }
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options).internal("cannot show a column")?;
            for (row, cells) in rows.iter_mut().enumerate() {
                cells.push(formatter.value(row).to_string());
            }
        }
        let columns =
            batch.schema().fields().iter().enumerate().map(|(at, field)| (field.name().clone(), at)).collect();
        Ok(Self { columns, rows })
    }

    /// The rows.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.rows.iter().map(|cells| Line { columns: &self.columns, cells })
    }

    /// A row by its position, where there is one.
    #[must_use]
    pub fn line(&self, row: usize) -> Option<Line<'_>> {
        self.rows.get(row).map(|cells| Line { columns: &self.columns, cells })
    }

    /// The first row, where there is one.
    #[must_use]
    pub fn first(&self) -> Option<Line<'_>> {
        self.lines().next()
    }

    /// The rows of which a column holds a text.
    #[must_use]
    pub fn only(&self, column: &str, text: &str) -> Self {
        let rows = self.lines().filter(|line| line.text(column) == text).map(|line| line.cells.to_vec()).collect();
        Self { columns: self.columns.clone(), rows }
    }

    /// Some of the rows that stand together.
    #[must_use]
    pub fn part(&self, rows: std::ops::Range<usize>) -> Self {
        Self { columns: self.columns.clone(), rows: self.rows.get(rows).unwrap_or_default().to_vec() }
    }

    /// Whether it has no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<'a> Line<'a> {
    /// A cell; nothing where there is no value, or no such column.
    #[must_use]
    pub fn text(&self, column: &str) -> &'a str {
        self.columns.get(column).map_or("", |at| &self.cells[*at])
    }

    /// A cell as a number.
    #[must_use]
    pub fn number(&self, column: &str) -> Option<f64> {
        self.text(column).parse().ok()
    }

    /// A cell as a count; 0 where there is no value.
    #[must_use]
    pub fn count(&self, column: &str) -> i64 {
        self.text(column).parse().unwrap_or(0)
    }

    /// A cell as a day.
    #[must_use]
    pub fn day(&self, column: &str) -> Option<NaiveDate> {
        self.text(column).parse().ok()
    }

    /// A cell as an instant.
    #[must_use]
    pub fn instant(&self, column: &str) -> Option<DateTime<Utc>> {
        self.text(column).parse().ok()
    }
}

fn written(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

//! One file on its way into the months.

use std::sync::Arc;

use chrono::NaiveDate;

use super::account::FileAccount;
use super::columns::{Columns, Row};
use super::context::Ingest;
use super::judge::{Fate, LinePlace, Witness};
use super::months::Months;
use super::packing::Compression;
use super::reject::Quarantined;
use super::stream::Delivered;
use crate::calendar::{first_of_month, month};
use crate::error::Result;

/// A month's columns are handed over when they reach this many rows.
const BATCH_ROWS: usize = 65_536;

/// Gathers the attempts of one file and keeps the account of its lines.
pub(super) struct FileReader<'a> {
    ingest: Ingest<'a>,
    months: &'a Months,
    name: Arc<str>,
    /// By the first day of the month; a file rarely has more than one or two.
    columns: Vec<(NaiveDate, Columns)>,
    quarantined: Vec<Quarantined>,
    lines: u64,
    headers: u64,
    records: u64,
    blank: u64,
    attempts: u64,
    without_data: u64,
    complete: bool,
}

impl<'a> FileReader<'a> {
    pub(super) fn new(ingest: Ingest<'a>, name: &str, months: &'a Months) -> Self {
        Self {
            ingest,
            months,
            name: Arc::from(name),
            columns: Vec::new(),
            quarantined: Vec::new(),
            lines: 0,
            headers: 0,
            records: 0,
            blank: 0,
            attempts: 0,
            without_data: 0,
            complete: true,
        }
    }

    /// Ends the file: hands over what is waiting and gives the account.
    pub(super) fn finish(
        mut self,
        compression: Compression,
        delivered: Delivered,
    ) -> Result<(FileAccount, Vec<Quarantined>)> {
        let mut months: Vec<String> = self.columns.iter().map(|(first_day, _)| month(*first_day)).collect();
        months.sort();
        for (first_day, columns) in &mut self.columns {
            if columns.rows() > 0 {
                self.months.add(&month(*first_day), columns.finish()?)?;
            }
        }
        let account = FileAccount {
            file: self.name,
            bytes: delivered.bytes,
            sha256: delivered.sha256,
            compression,
            lines: self.lines,
            headers: self.headers,
            records: self.records,
            attempts: self.attempts,
            duplicates: 0,
            blank: self.blank,
            without_data: self.without_data,
            quarantined: self.quarantined.len() as u64,
            complete: self.complete,
            e_tag: None,
            months,
        };
        Ok((account, self.quarantined))
    }

    fn push(&mut self, row: &Row<'_>) -> Result<()> {
        let first_day = first_of_month(row.local.date);
        let known = self.columns.iter().position(|(month, _)| *month == first_day);
        let columns = known.unwrap_or_else(|| {
            self.columns.push((first_day, Columns::default()));
            self.columns.len() - 1
        });
        let (_, columns) = &mut self.columns[columns];
        columns.push(row, &self.ingest.pipeline.method);
        if columns.rows() >= BATCH_ROWS {
            self.months.add(&month(first_day), columns.finish()?)?;
        }
        Ok(())
    }
}

impl Witness for FileReader<'_> {
    fn see(&mut self, place: LinePlace, fate: Fate<'_>) -> Result<()> {
        if matches!(fate, Fate::Header) {
            self.headers += 1;
            return Ok(());
        }
        self.lines += u64::from(place.rank == 1);
        self.records += 1;
        match fate {
            Fate::Header => {}
            Fate::Blank => self.blank += 1,
            Fate::WithoutData => self.without_data += 1,
            Fate::Attempt(row) => {
                self.attempts += 1;
                self.push(row)?;
            }
            Fate::SetAside(reject) => {
                if reject.reason.ends_the_file() {
                    self.complete = false;
                }
                self.quarantined.push(Quarantined {
                    file: Arc::clone(&self.name),
                    line: place.line,
                    rank: place.rank,
                    offset: place.offset,
                    length: place.length,
                    reason: reject.reason,
                    field: reject.field.map(Into::into),
                });
            }
        }
        Ok(())
    }
}

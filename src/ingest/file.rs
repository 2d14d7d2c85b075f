//! One file on its way into the months.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;

use super::account::FileAccount;
use super::columns::{Columns, Place, Row};
use super::decoder::Decoder;
use super::lines::Item;
use super::months::Months;
use super::packing::{self, Compression};
use super::reader::Ingest;
use super::reject::{Quarantined, Reason, Reject};
use super::stream::Delivered;
use crate::calendar::{Local, month};
use crate::error::Result;
use crate::outcome::{Classifier, Evidence};

/// A month's columns are handed over when they reach this many rows.
const BATCH_ROWS: usize = 65_536;

/// Takes the lines of one file and keeps the account of them.
pub(super) struct FileReader<'a> {
    ingest: Ingest<'a>,
    decoder: Decoder<'a>,
    classifier: Classifier<'a>,
    months: &'a Months,
    index: u64,
    name: Arc<str>,
    first_line_seen: bool,
    /// By the first day of the month; a file rarely has more than one or two.
    columns: Vec<(NaiveDate, Columns)>,
    quarantined: Vec<Quarantined>,
    lines: u64,
    blank: u64,
    attempts: u64,
    complete: bool,
}

/// Where a line stands in its file: its number and the offset of its first byte.
type LinePlace = (u64, u64);

impl<'a> FileReader<'a> {
    pub(super) fn new(ingest: Ingest<'a>, index: u64, name: &str, months: &'a Months) -> Self {
        Self {
            ingest,
            decoder: ingest.decoder(name),
            classifier: Classifier::new(ingest.rules),
            months,
            index,
            name: Arc::from(name),
            first_line_seen: false,
            columns: Vec::new(),
            quarantined: Vec::new(),
            lines: 0,
            blank: 0,
            attempts: 0,
            complete: true,
        }
    }

    pub(super) fn take(&mut self, item: Item<'_>) -> Result<()> {
        match item {
            Item::TooLong { number, offset, length } => {
                self.set_aside((number, offset), length, Reject::line(Reason::LineTooLong));
            }
            Item::Broken { number, offset, error } => {
                self.complete = false;
                self.set_aside((number, offset), 0, Reject::line(packing::reason(error)));
            }
            Item::Line { number, offset, bytes, terminated } => {
                let length = bytes.len() as u64;
                if let Err(reject) = self.take_line((number, offset), bytes)? {
                    let cut =
                        matches!(reject.reason, Reason::InvalidJson | Reason::InvalidUtf8 | Reason::UnexpectedColumns);
                    let reject = if cut && !terminated { Reject::line(Reason::TruncatedLine) } else { reject };
                    self.set_aside((number, offset), length, reject);
                }
            }
        }
        Ok(())
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
            attempts: self.attempts,
            duplicates: 0,
            blank: self.blank,
            quarantined: self.quarantined.len() as u64,
            complete: self.complete,
            e_tag: None,
            months,
        };
        Ok((account, self.quarantined))
    }

    fn set_aside(&mut self, at: LinePlace, length: u64, reject: Reject) {
        self.lines += 1;
        let (line, offset) = at;
        let Reject { reason, field } = reject;
        self.quarantined.push(Quarantined {
            file: Arc::clone(&self.name),
            line,
            offset,
            length,
            reason,
            field: field.map(Into::into),
        });
    }

    /// The outer error stops the run; the inner one sets the line aside.
    fn take_line(&mut self, at: LinePlace, bytes: &[u8]) -> Result<Result<(), Reject>> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            self.lines += 1;
            self.blank += 1;
            return Ok(Ok(()));
        }
        let Ok(line) = std::str::from_utf8(bytes) else { return Ok(Err(Reject::line(Reason::InvalidUtf8))) };
        if !std::mem::replace(&mut self.first_line_seen, true) && self.decoder.is_header(&self.name, line)? {
            return Ok(Ok(()));
        }
        let columns = match self.push(at, line) {
            Ok(columns) => columns,
            Err(reject) => return Ok(Err(reject)),
        };
        self.lines += 1;
        self.attempts += 1;
        let (first_day, columns) = &mut self.columns[columns];
        if columns.rows() >= BATCH_ROWS {
            self.months.add(&month(*first_day), columns.finish()?)?;
        }
        Ok(Ok(()))
    }

    /// Decodes a line and appends it; returns where its month's columns stand.
    fn push(&mut self, at: LinePlace, line: &str) -> Result<usize, Reject> {
        let (raw, checked) = self.decoder.decode(line)?;
        let counter = self.ingest.registry.counter(&raw.counter);
        // An unknown counter was set aside unless the pipeline states a zone for such counters.
        let zone = counter.map(|counter| counter.zone).or(self.ingest.pipeline.registry.zone).unwrap_or(Tz::UTC);
        let rules = self.ingest.rules;
        let row = Row {
            local: Local::of(checked.instant, zone),
            checked,
            department: counter
                .map_or((None, None), |counter| (counter.department.as_deref(), counter.department_iso.as_deref())),
            rule: &rules.rules()[self.classifier.classify(&Evidence::of(&raw))],
            rules_version: rules.version(),
            place: Place {
                file: self.index,
                name: &self.name,
                line: at.0,
                offset: at.1,
                length: line.len() as u64,
                digest: line_digest(line),
            },
            raw: &raw,
        };
        let first_day = row.local.date.with_day(1).unwrap_or(row.local.date);
        let known = self.columns.iter().position(|(month, _)| *month == first_day);
        let columns = known.unwrap_or_else(|| {
            self.columns.push((first_day, Columns::default()));
            self.columns.len() - 1
        });
        self.columns[columns].1.push(&row, &self.ingest.pipeline.method);
        Ok(columns)
    }
}

/// The first 64 bits of the BLAKE3 of a line. It is compared only between lines that carry the same id.
fn line_digest(line: &str) -> u64 {
    let hash = blake3::hash(line.as_bytes());
    hash.as_bytes()[..8].iter().fold(0, |digest, byte| digest << 8 | u64::from(*byte))
}

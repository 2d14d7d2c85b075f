//! CSV, in the one dialect that every reader tried reads right.
//!
//! UTF-8 without a byte order mark, commas, quotes only where needed, CRLF, a decimal point, ISO 8601 dates and instants
//! in UTC, `true` and `false`, nothing for a null. Instants of one column have one precision: pandas takes the first for
//! the form of them all, and leaves the column as text where another comes. Line ends inside a cell and cells that a
//! spreadsheet would run as a formula are refused rather than mended: what is published is what was computed, or it is
//! not published.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use ::csv::{Terminator, Writer, WriterBuilder};
use arrow::array::{AsArray, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

use super::exporter::{Cell, Export, Exporter};
use crate::error::{Context, Error, Result};
use crate::schema::{Format, unpublishable};

/// Between these two magnitudes a number is written without an exponent.
const PLAIN: std::ops::Range<f64> = 1e-9..1e21;

/// Bytes gathered before each write to the file.
const BUFFER: usize = 1 << 16;

/// Writes [`Format::Csv`].
#[derive(Debug, Clone, Copy)]
pub struct CsvExporter;

impl Exporter for CsvExporter {
    fn format(&self) -> Format {
        Format::Csv
    }

    fn extension(&self) -> &'static str {
        "csv"
    }

    fn media_type(&self) -> &'static str {
        "text/csv; charset=utf-8"
    }

    fn export(&self, export: &Export<'_>, path: &Path) -> Result<()> {
        let place = |error: Error| error.at_path(path);
        let file = File::create(path).unreachable("cannot create the CSV").map_err(place)?;
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).buffer_capacity(BUFFER).from_writer(file);
        let names = export.table.fields.iter().map(|field| &field.name);
        writer.write_record(names).unreachable("cannot write the CSV").map_err(place)?;
        let digits = fraction_digits(export)?;
        let mut text = Vec::with_capacity(64);
        export.each_row(|row, cells| {
            refuse_unsafe_texts(export, row, cells)?;
            write_row(&mut writer, cells, &digits, &mut text).unreachable("cannot write the CSV").map_err(place)
        })?;
        writer.flush().unreachable("cannot write the CSV").map_err(place)
    }
}

/// For each column, how many digits of a second its instants take: as many as the one that needs most.
fn fraction_digits(export: &Export<'_>) -> Result<Vec<usize>> {
    let fields = export.table.fields.iter();
    let mut digits: BTreeMap<&str, usize> = fields
        .filter(|field| matches!(field.data_type(), DataType::Timestamp(..)))
        .map(|field| (field.name.as_str(), 0))
        .collect();
    let instants: Vec<&str> = digits.keys().copied().collect();
    if !instants.is_empty() {
        export.rows.each_of(&instants, &mut |batch| {
            for (name, digits) in &mut digits {
                let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt());
                // Another type is refused where its cells are read.
                let instants =
                    column.into_iter().flat_map(|column: &TimestampMicrosecondArray| column.iter().flatten());
                *digits = instants.map(needed_digits).fold(*digits, usize::max);
            }
            Ok(())
        })?;
    }
    Ok(export.table.fields.iter().map(|field| digits.get(field.name.as_str()).copied().unwrap_or_default()).collect())
}

/// None, those of milliseconds, or those of microseconds.
const fn needed_digits(micros: i64) -> usize {
    match micros % 1_000_000 {
        0 => 0,
        micros if micros % 1000 == 0 => 3,
        _ => 6,
    }
}

fn refuse_unsafe_texts(export: &Export<'_>, row: usize, cells: &[Option<Cell<'_>>]) -> Result<()> {
    for (field, cell) in export.table.fields.iter().zip(cells) {
        if let Some(Cell::Text(text)) = cell
            && let Some(why) = unpublishable(text)
        {
            return Err(export.refusal(field, row, why));
        }
    }
    Ok(())
}

/// Writes one record; `text` is the buffer of its cells, kept from row to row so that no cell allocates.
fn write_row(
    writer: &mut Writer<File>,
    cells: &[Option<Cell<'_>>],
    digits: &[usize],
    text: &mut Vec<u8>,
) -> ::csv::Result<()> {
    for (cell, digits) in cells.iter().zip(digits) {
        match cell {
            None => writer.write_field(b"")?,
            Some(Cell::Text(value)) => writer.write_field(value)?,
            Some(cell) => {
                text.clear();
                write_cell(text, *cell, *digits)?;
                writer.write_field(&text)?;
            }
        }
    }
    writer.write_record(None::<&[u8]>)
}

fn write_cell(out: &mut Vec<u8>, cell: Cell<'_>, digits: usize) -> io::Result<()> {
    match cell {
        Cell::Text(value) => out.write_all(value.as_bytes()),
        Cell::Integer(value) => write!(out, "{value}"),
        Cell::Number(value) => write_number(out, value),
        Cell::Boolean(value) => write!(out, "{value}"),
        Cell::Date(value) => write_date(out, value),
        Cell::Instant(value) => write_instant(out, value, digits),
    }
}

/// The shortest digits that read back as the same number.
fn write_number(out: &mut Vec<u8>, value: f64) -> io::Result<()> {
    if value == 0.0 || PLAIN.contains(&value.abs()) { write!(out, "{value}") } else { write!(out, "{value:e}") }
}

fn write_date(out: &mut Vec<u8>, date: NaiveDate) -> io::Result<()> {
    write!(out, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// `digits` of a second: 0, 3 or 6, and no fewer than the instant needs.
fn write_instant(out: &mut Vec<u8>, instant: DateTime<Utc>, digits: usize) -> io::Result<()> {
    write_date(out, instant.date_naive())?;
    write!(out, "T{:02}:{:02}:{:02}", instant.hour(), instant.minute(), instant.second())?;
    let micros = instant.timestamp_subsec_micros();
    match digits {
        0 => {}
        3 => write!(out, ".{:03}", micros / 1000)?,
        _ => write!(out, ".{micros:06}")?,
    }
    out.write_all(b"Z")
}

#[cfg(test)]
mod tests {
    use super::super::exporter::fixture;
    use super::*;
    use crate::error::Kind;

    /// 2019-04-21T13:45:00Z.
    const WHOLE: i64 = 1_555_854_300_000_000;

    fn export(code: &str, taux: f64, micros: i64) -> Result<String> {
        export_all(code, taux, &[micros])
    }

    /// A full row and one of nulls for each instant, each in a batch of its own.
    fn export_all(code: &str, taux: f64, instants: &[i64]) -> Result<String> {
        let (table, about) = (fixture::table(), fixture::about(false));
        let batches: Vec<_> = instants.iter().map(|micros| fixture::batch(&table, code, taux, *micros)).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("essai.csv");
        CsvExporter.export(&Export { table: &table, rows: &batches, about: &about }, &path)?;
        Ok(std::fs::read_to_string(path).unwrap())
    }

    fn number(value: f64) -> String {
        let mut out = Vec::new();
        write_number(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_dialect() {
        assert_eq!(
            export("01", 0.958_814, WHOLE).unwrap(),
            "code,issue,essais,octets,taux,prevu,jour,instant\r\n\
             01,non,-3,1099511627776,0.958814,true,2019-04-21,2019-04-21T13:45:00Z\r\n\
             ,,,,,,,\r\n"
        );
    }

    #[test]
    fn quotes_only_where_needed() {
        assert!(export("Saint-Denis, « gare »", 0.5, WHOLE).unwrap().contains("\r\n\"Saint-Denis, « gare »\",non"));
        assert!(export("le \"non\"", 0.5, WHOLE).unwrap().contains("\r\n\"le \"\"non\"\"\",non"));
        assert!(
            export("l'été à 9 h ; ou plus tard", 0.5, WHOLE).unwrap().contains("\r\nl'été à 9 h ; ou plus tard,non")
        );
    }

    #[test]
    fn the_instants_of_a_column_take_the_digits_that_the_finest_needs() {
        let written = |instants: &[i64]| -> Vec<String> {
            let text = export_all("a", 0.5, instants).unwrap();
            text.split([',', '\r']).filter_map(|cell| cell.split_once('T')).map(|(_, time)| time.to_owned()).collect()
        };
        assert_eq!(written(&[WHOLE, WHOLE + 60_000_000]), ["13:45:00Z", "13:46:00Z"]);
        assert_eq!(written(&[WHOLE, WHOLE + 250_000]), ["13:45:00.000Z", "13:45:00.250Z"]);
        assert_eq!(written(&[WHOLE + 250_000, WHOLE + 7]), ["13:45:00.250000Z", "13:45:00.000007Z"]);
        assert_eq!(written(&[-1]), ["23:59:59.999999Z"]);
    }

    #[test]
    fn numbers_read_back_as_themselves() {
        assert_eq!(
            [0.0, 19.0, 1.0 / 3.0, 1e-7, 1e20].map(number).join(" "),
            "0 19 0.3333333333333333 0.0000001 100000000000000000000"
        );
        assert_eq!([f64::MAX, 5e-324].map(number).join(" "), "1.7976931348623157e308 5e-324");
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_refused() {
        for code in ["=1+1", "+33", "-1", "@a", "\ta", "\ra", "a\nb", "a\rb"] {
            let error = export(code, 0.5, WHOLE).unwrap_err();
            assert_eq!(error.kind(), Kind::Internal, "{code:?}");
            assert_eq!(error.place(), Some("table essai, column code, row 1"), "{code:?}");
            assert!(error.advice().is_some());
        }
    }

    #[test]
    fn what_is_no_number_or_no_date_is_refused() {
        for taux in [f64::NAN, f64::INFINITY] {
            assert_eq!(export("a", taux, WHOLE).unwrap_err().place(), Some("table essai, column taux, row 1"));
        }
        assert_eq!(export("a", 0.5, i64::MAX).unwrap_err().place(), Some("table essai, column instant, row 1"));
    }
}

//! Each published CSV file satisfies the schema that it is published with, by the validators that its readers use; and
//! a file that does not is refused by both, so that their approval means something.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::python::python_json;
use crate::support::{Version, sample, seine_maritime};

const VALIDATORS: [&str; 2] = ["frictionless", "validata"];

/// What both validators say of each CSV file against its schema, in the order given.
fn verdicts(pairs: &[(PathBuf, PathBuf)]) -> Vec<Value> {
    let paths = pairs.iter().flat_map(|(schema, csv)| [schema, csv]);
    let told = python_json(include_str!("support/validators.py"), paths);
    assert_eq!(told.as_array().unwrap().len(), pairs.len());
    told.as_array().unwrap().clone()
}

/// The published CSV files of a version: what the manifest says of each, its schema, and itself.
fn published(version: &Version) -> Vec<(&Value, (PathBuf, PathBuf))> {
    let pair = |file: &Value| {
        let schema = version.folder().join("schemas").join(format!("{}.json", file["table"].as_str().unwrap()));
        (schema, version.store().join(file["path"].as_str().unwrap()))
    };
    version.files_in("csv").map(|file| (file, pair(file))).collect()
}

fn assert_valid(version: &Version) {
    let (files, pairs): (Vec<_>, Vec<_>) = published(version).into_iter().unzip();
    assert!(!files.is_empty());
    for (file, verdict) in files.iter().zip(verdicts(&pairs)) {
        for validator in VALIDATORS {
            let told = &verdict[validator];
            assert_eq!(told["valid"], true, "{validator}, {}: {}", file["path"], told["complaints"]);
            assert_eq!(told["rows"], file["rows"], "{validator}, {}", file["path"]);
        }
    }
}

#[test]
fn the_csv_files_of_the_sample_are_valid() {
    assert_valid(&sample());
}

#[test]
fn the_csv_files_of_seine_maritime_are_valid() {
    if let Some(version) = seine_maritime() {
        assert_valid(&version);
    }
}

/// The first rows of a CSV file, and its columns by their declarations.
struct Table {
    fields: Vec<Value>,
    records: Vec<Vec<String>>,
}

impl Table {
    fn read(schema: &Path, csv: &Path) -> Self {
        let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
        let reader = csv::ReaderBuilder::new().has_headers(false).from_path(csv).unwrap();
        let records = reader.into_records().take(10).map(|row| row.unwrap().iter().map(str::to_owned).collect());
        Self { fields: schema["fields"].as_array().unwrap().clone(), records: records.collect() }
    }

    /// The first column of which something is declared.
    fn column(&self, declares: impl Fn(&Value) -> bool) -> Option<usize> {
        self.fields.iter().position(declares)
    }

    /// The same table with another value on its last row.
    fn with(&self, column: usize, value: &str) -> Vec<Vec<String>> {
        let mut records = self.records.clone();
        value.clone_into(&mut records.last_mut().unwrap()[column]);
        records
    }

    /// The same table with one more column.
    fn with_a_column(&self) -> Vec<Vec<String>> {
        let cells = std::iter::once("de_trop").chain(std::iter::repeat("1"));
        let records = self.records.iter().zip(cells);
        records.map(|(record, cell)| record.iter().cloned().chain([cell.to_owned()]).collect()).collect()
    }

    /// Every way of spoiling it that its schema knows.
    fn spoiled(&self) -> Vec<(&'static str, Vec<Vec<String>>)> {
        let is = |kind: &'static str| move |field: &Value| field["type"] == kind;
        let wrong = [
            (
                "a value that is none of those allowed",
                self.column(|f| f["constraints"]["enum"].is_array()),
                "peut-être",
            ),
            ("a required value is missing", self.column(|f| f["constraints"]["required"] == true), ""),
            ("a number that is none", self.column(is("integer")), "beaucoup"),
            ("a day that is not in the calendar", self.column(is("date")), "2019-02-29"),
            ("an answer that is neither true nor false", self.column(is("boolean")), "oui"),
        ];
        let values = wrong.into_iter().filter_map(|(what, column, value)| Some((what, self.with(column?, value))));
        values.chain([("a column that is not declared", self.with_a_column())]).collect()
    }
}

fn write(path: &Path, records: &[Vec<String>]) {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_path(path).unwrap();
    for record in records {
        writer.write_record(record).unwrap();
    }
    writer.flush().unwrap();
}

#[test]
fn a_spoiled_csv_file_is_refused_by_both_validators() {
    let (version, folder) = (sample(), tempfile::tempdir().unwrap());
    let (mut pairs, mut told) = (Vec::new(), Vec::new());
    for (file, (schema, csv)) in published(&version) {
        let table = Table::read(&schema, &csv);
        for (what, records) in table.spoiled() {
            let spoiled = folder.path().join(format!("{}.csv", pairs.len()));
            write(&spoiled, &records);
            pairs.push((schema.clone(), spoiled));
            told.push(format!("{}: {what}", file["table"]));
        }
        // The same rows, copied and not spoiled: it is not the copying that is refused.
        let copied = folder.path().join(format!("{}.csv", pairs.len()));
        write(&copied, &table.records);
        pairs.push((schema, copied));
        told.push(String::new());
    }
    for (what, verdict) in told.iter().zip(verdicts(&pairs)) {
        for validator in VALIDATORS {
            assert_eq!(verdict[validator]["valid"], what.is_empty(), "{validator}, {what}: {verdict}");
        }
    }
}

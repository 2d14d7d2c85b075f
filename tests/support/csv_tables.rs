//! CSV files beside their schemas: what both validators say of them, and every way of spoiling one.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::python::python_json;

pub const VALIDATORS: [&str; 2] = ["frictionless", "validata"];

/// What both validators say of each CSV file against its schema, in the order given.
pub fn verdicts(pairs: &[(PathBuf, PathBuf)]) -> Vec<Value> {
    let paths = pairs.iter().flat_map(|(schema, csv)| [schema, csv]);
    let told = python_json(include_str!("validators.py"), paths);
    assert_eq!(told.as_array().unwrap().len(), pairs.len());
    told.as_array().unwrap().clone()
}

/// The first rows of a CSV file, and its columns by their declarations.
pub struct Table {
    fields: Vec<Value>,
    /// The header and the first rows.
    pub records: Vec<Vec<String>>,
}

/// A value that the schema of a table forbids.
pub struct Fault {
    /// What is wrong with it, in French: the published examples name their faults.
    pub what: &'static str,
    /// The place of its column, from 0.
    pub column: usize,
    pub value: &'static str,
}

impl Table {
    /// The header of a CSV file, and at most as many rows.
    pub fn read(schema: &Path, csv: &Path, rows: usize) -> Self {
        let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
        let reader = csv::ReaderBuilder::new().has_headers(false).from_path(csv).unwrap();
        let records = reader.into_records().take(rows + 1);
        let records = records.map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        Self { fields: schema["fields"].as_array().unwrap().clone(), records }
    }

    /// The first column of which something is declared.
    fn column(&self, declares: impl Fn(&Value) -> bool) -> Option<usize> {
        self.fields.iter().position(declares)
    }

    /// The same table with another value on its last row.
    pub fn with(&self, fault: &Fault) -> Vec<Vec<String>> {
        let mut records = self.records.clone();
        fault.value.clone_into(&mut records.last_mut().unwrap()[fault.column]);
        records
    }

    /// The same table with one more column.
    pub fn with_a_column(&self) -> Vec<Vec<String>> {
        let cells = std::iter::once("de_trop").chain(std::iter::repeat("1"));
        let records = self.records.iter().zip(cells);
        records.map(|(record, cell)| record.iter().cloned().chain([cell.to_owned()]).collect()).collect()
    }

    /// Every value that its schema knows to be wrong.
    pub fn faults(&self) -> Vec<Fault> {
        let is = |kind: &'static str| move |field: &Value| field["type"] == kind;
        let wrong = [
            ("valeur hors de la liste", self.column(|f| f["constraints"]["enum"].is_array()), "peut-être"),
            ("valeur obligatoire absente", self.column(|f| f["constraints"]["required"] == true), ""),
            ("nombre entier qui n'en est pas un", self.column(is("integer")), "beaucoup"),
            ("date qui n'existe pas", self.column(is("date")), "2019-02-29"),
            ("booléen qui n'en est pas un", self.column(is("boolean")), "oui"),
        ];
        wrong.into_iter().filter_map(|(what, column, value)| Some(Fault { what, column: column?, value })).collect()
    }

    /// The name of a column.
    pub fn name(&self, column: usize) -> &str {
        &self.records[0][column]
    }
}

/// The bytes of a CSV file in the published form.
pub fn csv_bytes(records: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for record in records {
        writer.write_record(record).unwrap();
    }
    writer.into_inner().unwrap()
}

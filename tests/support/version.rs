//! A published version, read from its store as a stranger would.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use chrono::{DateTime, SecondsFormat};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use tempfile::TempDir;

use super::guichets;

/// Values by column, as text; empty for null.
pub type Row = BTreeMap<String, String>;

/// A published version.
pub struct Version {
    store: PathBuf,
    pub manifest: Value,
    _folder: TempDir,
}

impl Version {
    /// Runs a pipeline over logs into a store of its own.
    pub fn of(pipeline: &Path, raw: &[&Path], as_of: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let mut args = vec!["run".as_ref(), pipeline.as_os_str()];
        for path in raw {
            args.extend(["--raw".as_ref(), path.as_os_str()]);
        }
        args.extend(["--store".as_ref(), store.as_os_str(), "--as-of".as_ref(), as_of.as_ref()]);
        let run = guichets(folder.path(), args);
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
        let latest = json(&store.join("latest.json"));
        let version = latest["version"].as_str().unwrap();
        let manifest = json(&store.join("versions").join(version).join("manifest.json"));
        Self { store, manifest, _folder: folder }
    }

    /// The store that holds it and nothing else.
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// The folder of what is its own.
    pub fn folder(&self) -> PathBuf {
        self.store.join("versions").join(self.manifest["version"].as_str().unwrap())
    }

    /// What the manifest says of each file.
    pub fn files(&self) -> impl Iterator<Item = &Value> {
        self.manifest["files"].as_array().unwrap().iter()
    }

    /// What the manifest says of each file of a format.
    pub fn files_in<'a>(&'a self, format: &'a str) -> impl Iterator<Item = &'a Value> {
        self.files().filter(move |file| file["format"] == format)
    }

    /// The schemas that it was published with, by table.
    pub fn schemas(&self) -> BTreeMap<String, Value> {
        let files = fs::read_dir(self.folder().join("schemas")).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), json(&path))).collect()
    }

    /// The account of each raw file, by its name.
    pub fn inputs(&self) -> BTreeMap<String, Value> {
        let inputs = inputs(&self.store, &self.manifest).into_iter();
        inputs.map(|input| (input["file"].as_str().unwrap().to_owned(), input)).collect()
    }

    /// The rows of a table, of all its parts: of its CSV files, or of its Parquet files where it is one by month or has no
    /// CSV. The instants of a CSV file have as many digits as one of them needs.
    pub fn rows(&self, table: &str) -> Vec<Row> {
        let at = |file: &Value| self.store.join(file["path"].as_str().unwrap());
        let csv: Vec<&Value> = self.files_in("csv").filter(|file| file["table"] == table).collect();
        if !csv.is_empty() && table != "tentatives" {
            return in_order(table, csv.into_iter().flat_map(|file| csv_rows(&at(file))));
        }
        self.files_in("parquet")
            .filter(|file| file["table"] == table)
            .flat_map(|file| parquet_rows(&at(file)))
            .collect()
    }
}

/// Rows in their order: those of files go into parts by their last months, and into none where they have none.
pub fn in_order(table: &str, rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.collect();
    if table == "fichiers" {
        rows.sort_by(|a, b| a["fichier"].cmp(&b["fichier"]));
    }
    rows
}

/// The account of each raw file of a version, in the order of their names.
pub fn inputs(store: &Path, manifest: &Value) -> Vec<Value> {
    let files = manifest["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap());
    let parts = files.filter(|path| path.starts_with("data/comptes/")).map(|path| json(&store.join(path)));
    let mut inputs: Vec<Value> = parts.flat_map(|part| part.as_array().unwrap().clone()).collect();
    inputs.sort_by_key(|input| input["file"].as_str().unwrap().to_owned());
    inputs
}

/// A JSON file.
pub fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The rows of a CSV file.
pub fn csv_rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// Instants as the CSV files write them, in UTC.
fn parquet_rows(path: &Path) -> Vec<Row> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let from = rows.len();
        rows.resize_with(from + batch.num_rows(), Row::new);
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            let instants = matches!(field.data_type(), DataType::Timestamp(..));
            let column = cast(column, if instants { &DataType::Int64 } else { &DataType::Utf8 }).unwrap();
            for (index, row) in rows[from..].iter_mut().enumerate() {
                let value = match column.is_null(index) {
                    true => String::new(),
                    false if instants => {
                        let instant = DateTime::from_timestamp_micros(column.as_primitive::<Int64Type>().value(index));
                        instant.unwrap().to_rfc3339_opts(SecondsFormat::AutoSi, true)
                    }
                    false => column.as_string::<i32>().value(index).to_owned(),
                };
                row.insert(field.name().clone(), value);
            }
        }
    }
    rows
}

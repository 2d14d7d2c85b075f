//! What is published can be read where it lies, by its address and in parts: by DuckDB, Polars and pyarrow, and by
//! hyparquet in JavaScript.

use std::ffi::OsStr;
use std::iter;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::DataType;
use chrono::DateTime;
use guichets_ouverts::release::{About, Export, exporter};
use guichets_ouverts::schema::{Field, Format, TableSchema};

use serde_json::{Value, json};

use crate::support::tools::{NOTEBOOKS, node_folder, script};
use crate::support::{Run, Version, root, sample, seine_maritime};

const READERS: [&str; 4] = ["duckdb", "polars", "pyarrow", "hyparquet"];

/// What the readers find; nothing where Node.js is not to be had.
fn read(version: &Version, more: &[&str]) -> Option<Value> {
    let node = node_folder("js")?;
    let args = [version.store().as_os_str(), node.as_os_str()].into_iter().chain(more.iter().map(OsStr::new));
    Some(script(&NOTEBOOKS, "over_http.py", args))
}

/// The server that the tests and the README use is one.
#[test]
fn the_server_answers_as_an_object_store_does() {
    assert_eq!(script(&NOTEBOOKS, "serve_answers.py", iter::empty::<&str>()), json!([]));
}

fn assert_readable(version: &Version) {
    let Some(report) = read(version, &[]) else { return };
    assert_eq!(report["complaints"], json!([]));
    for reader in READERS {
        assert_eq!(report["reads"][reader], version.files_in("parquet").count(), "{reader}");
        assert!(report["sent"][reader].as_u64() > Some(0), "{reader}: {}", report["sent"]);
    }
}

#[test]
fn readers_find_the_sample_by_its_address_and_fetch_only_what_they_need() {
    assert_readable(&sample());
}

#[test]
fn readers_find_seine_maritime_by_its_address_and_fetch_only_what_they_need() {
    if let Some(version) = seine_maritime() {
        assert_readable(&version);
    }
}

#[test]
fn a_server_without_ranges_would_be_heard() {
    let Some(report) = read(&sample(), &["without-ranges"]) else { return };
    let heard: Vec<&str> = report["complaints"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for reader in READERS {
        assert!(heard.iter().any(|told| told.starts_with(&format!("{reader}, one column"))), "{reader}: {heard:?}");
    }
}

const SERVICES: usize = 1_000;
const DAYS: usize = 365;

/// A column of a year of a thousand services, whose successive values have nothing in common: a real one takes less.
fn column(field: &Field) -> ArrayRef {
    let rows = SERVICES * DAYS;
    // Multiplied by a large odd number, successive rows have nothing in common.
    let drawn = move |most: usize| (0..rows).map(move |row| ((row * 2_654_435_761) >> 8) % most);
    let integer = |value: usize| i32::try_from(value).unwrap();
    match (field.name.as_str(), field.data_type()) {
        ("guichet_id", _) => Arc::new((0..rows).map(|row| Some(service(row / DAYS))).collect::<StringArray>()),
        ("demarche_id", _) => Arc::new(StringArray::from(vec!["premier-titre"; rows])),
        ("jour", _) => Arc::new((0..rows).map(|row| Some(17_897 + integer(row % DAYS))).collect::<Date32Array>()),
        ("qualite" | "motif" | "departement", _) => {
            Arc::new(drawn(4).map(|value| Some(format!("valeur-{value}"))).collect::<StringArray>())
        }
        (_, DataType::Utf8) => Arc::new(StringArray::from(vec!["2019-04"; rows])),
        (_, DataType::Int32) => Arc::new(drawn(25).map(|value| Some(integer(value))).collect::<Int32Array>()),
        (_, DataType::Int64) => Arc::new(drawn(86_400).map(|value| i64::try_from(value).ok()).collect::<Int64Array>()),
        (_, DataType::Boolean) => Arc::new(drawn(2).map(|value| Some(value == 0)).collect::<BooleanArray>()),
        (_, DataType::Float64) => {
            // Of at most two dozen looks a day.
            let rate = |value: usize| {
                f64::from(integer(value % 25).min(integer(1 + value / 25))) / f64::from(integer(1 + value / 25))
            };
            Arc::new(drawn(600).map(|value| Some(rate(value))).collect::<Float64Array>())
        }
        (name, kind) => panic!("{name}: {kind}"),
    }
}

fn service(number: usize) -> String {
    format!("guichet-{number:04}")
}

/// A page that draws one service asks for the end of the file, and for what it needs of the groups in which the service is.
#[test]
fn one_service_of_a_year_is_fetched_in_three_ranges() {
    let Some(node) = node_folder("js") else { return };
    let table = TableSchema::load(&root().join("schemas/tables/disponibilite_jour.json")).unwrap();
    let columns = table.fields.iter().map(|field| (&field.name, column(field), true));
    let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let about = About {
        title: "Essai".into(),
        title_en: "Trial".into(),
        version: "2020-01-02".into(),
        as_of: DateTime::UNIX_EPOCH,
        simulated: true,
        licence: "",
        licence_url: "",
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disponibilite_jour-2019.parquet");
    exporter(Format::Parquet).export(&Export { table: &table, rows: &rows, about: &about }, &path).unwrap();
    let fetched = |number: usize| -> Value {
        let mut command = Command::new("node");
        command.arg(node.join("one_service.mjs")).arg(&path).arg(service(number));
        let columns = ["guichet_id", "demarche_id", "jour", "taux_sans_rdv", "borne_basse", "borne_haute"];
        let run = Run::of(command.args(columns).current_dir::<&Path>(&node));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        serde_json::from_str(&run.stdout).unwrap()
    };
    for number in [0, 81, 500, 999] {
        let fetched = fetched(number);
        assert_eq!(fetched["rows"], DAYS, "{number}: {fetched}");
        assert!(
            fetched["ranges"].as_u64() <= Some(3) && fetched["bytes"].as_u64() <= Some(250_000),
            "{number}: {fetched}"
        );
    }
}

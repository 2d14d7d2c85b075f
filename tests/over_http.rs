//! What is published can be read where it lies, by its address and in parts: by DuckDB, Polars and pyarrow, and by
//! hyparquet in JavaScript.

use std::ffi::OsStr;
use std::iter;

use serde_json::{Value, json};

use crate::support::tools::{NOTEBOOKS, node_folder, script};
use crate::support::{Version, sample, seine_maritime};

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

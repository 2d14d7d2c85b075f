//! What is published can be read: by pandas, Polars, DuckDB and spreadsheets, with the rows that the manifest counts and
//! the values and types that the schemas declare.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use guichets_ouverts::digest::sha256;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::python::{python, python_json};
use crate::support::{Run, Version, copy, sample, seine_maritime, tree};

const READERS: &str = include_str!("support/readers.py");
const PARQUET_FILES: &str = include_str!("support/parquet_files.py");

fn complaints(report: &Value) -> Vec<&str> {
    report["complaints"].as_array().unwrap().iter().map(|complaint| complaint.as_str().unwrap()).collect()
}

/// Every reader reads every file of its formats, and finds what was written.
fn assert_readable(version: &Version) {
    let report = python_json(READERS, [version.store()]);
    assert_eq!(complaints(&report), Vec::<&str>::new());
    let count = |format| version.files_in(format).count();
    for reader in ["pandas", "polars", "duckdb"] {
        assert_eq!(report["reads"][reader], count("parquet") + count("csv"), "{reader}");
        assert!(report["values"][reader].as_u64() > Some(10_000), "{reader}: {}", report["values"]);
    }
    assert!(count("xlsx") > 0, "no workbook is published");
    assert_eq!(report["reads"]["openpyxl"], count("xlsx"));
}

#[test]
fn common_readers_find_the_sample() {
    assert_readable(&sample());
}

#[test]
fn common_readers_find_seine_maritime() {
    if let Some(version) = seine_maritime() {
        assert_readable(&version);
    }
}

/// A file says what it holds, in types that every reader has, and in parts that can be fetched alone.
fn assert_well_made(version: &Version) {
    let report = python_json(PARQUET_FILES, [version.store()]);
    assert_eq!(complaints(&report), Vec::<&str>::new());
    assert_eq!(report["files"], version.files_in("parquet").count());
}

#[test]
fn the_parquet_files_of_the_sample_describe_themselves() {
    assert_well_made(&sample());
}

#[test]
fn the_parquet_files_of_seine_maritime_describe_themselves() {
    if let Some(version) = seine_maritime() {
        assert_well_made(&version);
    }
}

fn a_copy_of(version: &Version) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(version.store(), folder.path());
    folder
}

/// Where a file of a table is, from the store's root.
fn path_of(version: &Version, table: &str, format: &str) -> String {
    version.files_in(format).find(|file| file["table"] == table).unwrap()["path"].as_str().unwrap().to_owned()
}

#[test]
fn a_reader_that_finds_something_else_would_be_heard() {
    let changes = [
        ("guichets", ",01,", ",1,"),
        ("lacunes", ".344Z,", ".345Z,"),
        ("calendrier", ",2019-02-01,", ",2019-02-28,"),
        ("fichiers", ",true,", ",oui,"),
        ("demarches", "\r\n", "\r\n\"\r\n"),
    ];
    let version = sample();
    let store = a_copy_of(&version);
    for (table, written, changed) in changes {
        let path = store.path().join(path_of(&version, table, "csv"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(written), "{table} no longer holds {written:?}");
        fs::write(&path, text.replacen(written, changed, 1)).unwrap();
    }
    let report = python_json(READERS, [store.path()]);
    for reader in ["pandas", "polars", "duckdb"] {
        for (table, ..) in changes {
            let path = path_of(&version, table, "csv");
            let place = format!("{reader}, {}", path.rsplit('/').next().unwrap());
            assert!(complaints(&report).iter().any(|told| told.starts_with(&place)), "{place}: {report}");
        }
    }
}

#[test]
fn a_parquet_file_that_another_hand_wrote_would_be_heard() {
    let version = sample();
    let store = a_copy_of(&version);
    let rewrite = "import sys, pyarrow.parquet as pq; pq.write_table(pq.read_table(sys.argv[1]), sys.argv[1])";
    let path = path_of(&version, "incidents", "parquet");
    python(rewrite, [store.path().join(&path)]);
    let file = path.rsplit('/').next().unwrap();
    let report = python_json(PARQUET_FILES, [store.path()]);
    let heard = complaints(&report);
    for promise in ["key-values", "row group 0, order", "debut_utc, compression", "debut_utc, page index"] {
        assert!(heard.iter().any(|told| told.contains(&format!("{file}, {promise}"))), "{promise}: {heard:?}");
    }
}

#[test]
fn every_digest_and_size_of_the_manifest_is_true_and_it_names_every_file() {
    let version = sample();
    let mut stored = tree(version.store());
    for file in version.files() {
        let path = file["path"].as_str().unwrap();
        let bytes = stored.remove(path).unwrap_or_else(|| panic!("{path} is named by the manifest, and not there"));
        assert_eq!((&file["bytes"], &file["sha256"]), (&bytes.len().into(), &sha256(&bytes).into()), "{path}");
        let own = format!("versions/{}/", version.manifest["version"].as_str().unwrap());
        let name = path.strip_prefix(&own).unwrap_or_else(|| path.rsplit('/').next().unwrap());
        // The digests are written for paths that are not those of the stable names.
        let stable = (name != "SHA256SUMS").then_some(bytes);
        assert!(stored.remove(&format!("latest/{name}")) == stable, "latest/{name} holds something else");
    }
    let manifest = format!("versions/{}/manifest.json", version.manifest["version"].as_str().unwrap());
    let rest: BTreeSet<&str> = stored.keys().map(String::as_str).filter(|name| *name != ".lock").collect();
    let copy = stored["latest/manifest.json"] == stored[&manifest];
    assert!(copy, "the mark of the stable names is a copy of the manifest");
    assert_eq!(
        rest,
        BTreeSet::from([
            "index.html",
            "latest.json",
            "latest/manifest.json",
            "renewals.json",
            "versions.json",
            &manifest
        ])
    );
}

#[test]
fn sha256sum_checks_every_file_from_the_folder_of_the_version() {
    let version = sample();
    let check = |folder: &Path| {
        Run::of(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(folder))
    };
    let checked = check(&version.folder());
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    // All but the list itself.
    assert_eq!(checked.stdout.lines().count(), version.files().count() - 1);

    let store = a_copy_of(&version);
    fs::write(store.path().join(path_of(&version, "lacunes", "csv")), "guichet_id\r\n").unwrap();
    let folder = store.path().join(version.folder().strip_prefix(version.store()).unwrap());
    assert_eq!(check(&folder).code, Some(1), "a file that changed was not found");
}

//! Each published CSV file satisfies the schema that it is published with, by the validators that its readers use; and
//! a file that does not is refused by both, so that their approval means something.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::csv_tables::{Table, VALIDATORS, csv_bytes, verdicts};
use crate::support::{Version, sample, seine_maritime};

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

#[test]
fn a_spoiled_csv_file_is_refused_by_both_validators() {
    let (version, folder) = (sample(), tempfile::tempdir().unwrap());
    let (mut pairs, mut told) = (Vec::new(), Vec::new());
    for (file, (schema, csv)) in published(&version) {
        let table = Table::read(&schema, &csv, 9);
        let wrong = table.faults().into_iter().map(|fault| (fault.what, table.with(&fault)));
        for (what, records) in wrong.chain([("colonne non déclarée", table.with_a_column())]) {
            let spoiled = folder.path().join(format!("{}.csv", pairs.len()));
            fs::write(&spoiled, csv_bytes(&records)).unwrap();
            pairs.push((schema.clone(), spoiled));
            told.push(format!("{}: {what}", file["table"]));
        }
        // The same rows, copied and not spoiled: it is not the copying that is refused.
        let copied = folder.path().join(format!("{}.csv", pairs.len()));
        fs::write(&copied, csv_bytes(&table.records)).unwrap();
        pairs.push((schema, copied));
        told.push(String::new());
    }
    for (what, verdict) in told.iter().zip(verdicts(&pairs)) {
        for validator in VALIDATORS {
            assert_eq!(verdict[validator]["valid"], what.is_empty(), "{validator}, {what}: {verdict}");
        }
    }
}

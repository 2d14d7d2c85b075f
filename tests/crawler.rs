//! data.gouv.fr's crawler, which decides how the platform shows a CSV file, finds in ours what their schemas declare.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::python::Environment;
use crate::support::tools::{provided, script};
use crate::support::{Version, copy, sample, seine_maritime};

static CRAWLER: Environment = Environment::new("tests/crawler-requirements.txt");

/// What the crawler finds; nothing where a library that it needs is not to be had.
fn crawled(store: &Path) -> Option<Value> {
    let there = provided(Command::new(CRAWLER.interpreter()).args(["-c", "import magic"]), &["libmagic1"]);
    there.then(|| script(&CRAWLER, "crawler.py", [store]))
}

fn assert_understood(version: &Version) {
    let Some(report) = crawled(version.store()) else { return };
    assert_eq!(report["complaints"], json!([]));
    let files = version.files_in("csv").filter(|file| file["rows"] != 0).count();
    assert_eq!(report["files"], files);
    for (guess, at_least) in
        [("string as string", 100), ("date as date", 5), ("datetime as datetime", 15), ("integer as int", 80)]
    {
        assert!(report["taken"][guess].as_u64() >= Some(at_least), "{guess}: {}", report["taken"]);
    }
}

#[test]
fn the_crawler_takes_the_columns_of_the_sample_for_what_they_are() {
    assert_understood(&sample());
}

#[test]
fn the_crawler_takes_the_columns_of_seine_maritime_for_what_they_are() {
    if let Some(version) = seine_maritime() {
        assert_understood(&version);
    }
}

#[test]
fn a_file_that_the_crawler_takes_for_something_else_would_be_heard() {
    let version = sample();
    let store = tempfile::tempdir().unwrap();
    copy(version.store(), store.path());
    let change = |table: &str, change: fn(String) -> Vec<u8>| {
        let file = version.files_in("csv").find(|file| file["table"] == table).unwrap();
        let path = store.path().join(file["path"].as_str().unwrap());
        let (before, text) = (fs::read(&path).unwrap(), fs::read_to_string(&path).unwrap());
        let after = change(text);
        assert_ne!(before, after, "{table} is as it was");
        fs::write(&path, after).unwrap();
    };
    change("guichets", |text| text.replace(',', ";").into_bytes());
    change("calendrier", |text| text.replacen(",2019-02-03,", ",hier,", 1).into_bytes());
    // Latin-1, as far as it goes.
    change("demarches", |text| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect());
    let Some(report) = crawled(store.path()) else { return };
    let heard: Vec<&str> = report["complaints"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for place in ["guichets.csv, separator", "calendrier-2019-02.csv, jour", "demarches.csv, encoding"] {
        assert!(heard.iter().any(|told| told.starts_with(place)), "{place}: {heard:?}");
    }
}

//! Readers of yesterday read every Parquet file, and find in it what those of today find. They are the oldest that the
//! documentation promises.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::python::Environment;
use crate::support::{Run, root, sample, skipped};

/// Each library with the environment that pins it.
static OLD: [(&str, Environment); 4] = [
    ("pyarrow", Environment::new("tests/old-readers/pyarrow-11.txt")),
    ("pyarrow", Environment::new("tests/old-readers/pyarrow-16.txt")),
    ("fastparquet", Environment::new("tests/old-readers/fastparquet-2023.txt")),
    ("duckdb", Environment::new("tests/old-readers/duckdb-0.9.txt")),
];

fn read(python: &Path, library: &str, store: &Path) -> Value {
    let script = root().join("tests/support/old_readers.py");
    let run = Run::of(Command::new(python).arg(script).arg(library).arg(store));
    assert_eq!(run.code, Some(0), "{library}\n{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn readers_of_yesterday_find_what_those_of_today_find() {
    let version = sample();
    let today = read(crate::support::python::common(), "pyarrow", version.store());
    assert_eq!(today["unreadable"], serde_json::json!({}));
    let files = today["files"].as_object().unwrap();
    assert_eq!(files.len(), version.files_in("parquet").count());
    for (library, environment) in &OLD {
        let Some(python) = environment.available() else {
            skipped(&format!("there is no {library} of that time for this Python"));
            continue;
        };
        let found = read(python, library, version.store());
        let name = format!("{library} {}", found["version"]);
        assert_eq!(found["unreadable"], serde_json::json!({}), "{name}");
        for (path, content) in files {
            assert_eq!(found["files"][path], *content, "{name}, {path}");
        }
    }
}

/// What the documentation promises is what is tried.
#[test]
fn the_oldest_readers_are_named_in_the_documentation() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for (library, environment) in &OLD {
        let pins = fs::read_to_string(root().join(environment.requirements())).unwrap();
        let pin = pins.lines().find_map(|line| line.strip_prefix(&format!("{library}=="))).unwrap();
        assert!(readme.contains(&format!("{library} {pin}")), "README.md does not name {library} {pin}");
    }
}

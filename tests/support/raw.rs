//! Raw logs of one line of the contract, a pipeline that lets everything through, and what a run leaves alone.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Store, root};

/// As of when runs speak.
pub const AS_OF: &str = "2019-06-01T00:00:00+02:00";

/// A pipeline for logs of the contract whose gates let everything through.
pub fn tolerant() -> PathBuf {
    root().join("tests/fixtures/pipelines/tolerant")
}

/// A good line of the contract.
pub fn line(number: u32) -> String {
    let line = json!({
        "contract": "attempt/1",
        "attempt_id": format!("01D8HVSR1Z{number:016}"),
        "started_at": "2019-04-16T08:00:00+02:00",
        "counter": "evry-prefecture",
        "procedure": "premier-titre",
        "page_text": "Aucun créneau disponible",
    });
    format!("{line}\n")
}

/// `name reason` of each entry of a list of files left alone, with the number of files of a folder.
pub fn left_alone(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list of files left alone: {list}"));
    let count = |file: &Value| file["files"].as_u64().map_or_else(String::new, |count| format!(" ({count})"));
    let told =
        |file: &Value| format!("{}{} {}", file["file"].as_str().unwrap(), count(file), file["why"].as_str().unwrap());
    list.iter().map(told).collect()
}

/// A folder of raw logs, each of one line with an id of its own.
pub struct Raw {
    folder: TempDir,
    pub logs: u32,
}

impl Raw {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("raw")).unwrap();
        Self { folder, logs: 0 }
    }

    pub fn of(names: &[&str]) -> Self {
        names.iter().fold(Self::new(), |raw, name| raw.log(name.as_bytes()))
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("raw")
    }

    /// Beside the raw logs.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn log(mut self, name: &[u8]) -> Self {
        self.logs += 1;
        let path = self.path().join(OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, line(self.logs)).unwrap();
        self
    }

    pub fn run(&self) -> Told {
        Told::of(Store::new(), &tolerant(), &[&self.path()])
    }
}

/// What a run told of its files.
pub struct Told {
    pub store: Store,
    pub read: Vec<String>,
    /// `name reason`.
    pub left_alone: Vec<String>,
}

impl Told {
    pub fn of(store: Store, pipeline: &Path, raw: &[&Path]) -> Self {
        let run = store.run(pipeline, raw, AS_OF, &["--json"]);
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        let manifest = store.manifest();
        let left_alone = left_alone(&told["summary"]["left_alone"]);
        assert_eq!(left_alone, self::left_alone(&manifest["left_alone"]), "the manifest keeps what the run told");
        let read: Vec<String> = store.rows("fichiers").iter().map(|row| row["fichier"].clone()).collect();
        assert_eq!(told["summary"]["accounting"]["quarantined"], 0, "{}", run.stdout);
        Self { store, read, left_alone }
    }
}

//! A store of a test's own, and what runs leave in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::version::{csv_rows, in_order, inputs, json};
use super::{Row, Run, Tree, guichets_of, root, tree};

pub struct Store {
    folder: TempDir,
    project: PathBuf,
}

impl Store {
    /// An empty store, for runs of this project.
    pub fn new() -> Self {
        Self::of(root())
    }

    /// An empty store, for runs of a project of the test's own.
    pub fn of(project: &Path) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), project: project.to_owned() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Runs a pipeline over logs into this store.
    pub fn run(&self, pipeline: &Path, raw: &[&Path], as_of: &str, more: &[&str]) -> Run {
        let mut args = vec![OsStr::new("run"), pipeline.as_os_str()];
        for path in raw {
            args.extend([OsStr::new("--raw"), path.as_os_str()]);
        }
        let store = self.path();
        args.extend(["--store".as_ref(), store.as_os_str(), "--as-of".as_ref(), as_of.as_ref()]);
        args.extend(more.iter().map(OsStr::new));
        guichets_of(&self.project, self.folder.path(), args)
    }

    /// Every file in it, but the lock, which is empty and says nothing.
    pub fn tree(&self) -> Tree {
        let mut files = if self.path().is_dir() { tree(&self.path()) } else { Tree::new() };
        files.remove(".lock");
        files
    }

    /// The bytes of the pointer; nothing where nothing was published.
    pub fn pointer(&self) -> Option<Vec<u8>> {
        fs::read(self.path().join("latest.json")).ok()
    }

    /// The manifest of the current version.
    pub fn manifest(&self) -> Value {
        let pointer = json(&self.path().join("latest.json"));
        json(&self.path().join(pointer["manifest"].as_str().unwrap()))
    }

    /// The account of each raw file of the current version.
    pub fn inputs(&self) -> Vec<Value> {
        inputs(&self.path(), &self.manifest())
    }

    /// The lines of `versions.json`.
    pub fn records(&self) -> Vec<Value> {
        json(&self.path().join("versions.json"))["versions"].as_array().unwrap().clone()
    }

    /// The rows of a table's CSV files in the current version.
    pub fn rows(&self, table: &str) -> Vec<Row> {
        let manifest = self.manifest();
        let files = manifest["files"].as_array().unwrap().iter();
        let csv: Vec<&Value> = files.filter(|file| file["table"] == table && file["format"] == "csv").collect();
        assert!(!csv.is_empty(), "{table} has no CSV");
        in_order(table, csv.into_iter().flat_map(|file| csv_rows(&self.path().join(file["path"].as_str().unwrap()))))
    }

    /// The content digest of each file that holds a table, by the file's name without its folder.
    pub fn content(&self) -> Vec<(String, String)> {
        let manifest = self.manifest();
        let files = manifest["files"].as_array().unwrap().iter().filter(|file| file["table"].is_string());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut content: Vec<(String, String)> = files
            .map(|file| (text(&file["path"]).rsplit('/').next().unwrap().to_owned(), text(&file["content_digest"])))
            .collect();
        // Paths under data/ hold digests of bytes.
        content.sort();
        content
    }
}

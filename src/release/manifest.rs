//! The manifest: what a version is made of, and from what.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema::Format;

/// The name of the files that hold the account of each raw file, in JSON: what the table `fichiers` says of it and, beside,
/// its months and the mark by which an object store knew it.
pub const ACCOUNTS: &str = "comptes";

/// `versions/<version>/manifest.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// A date, `2026-11-21`, then `2026-11-21.2`.
    pub version: String,
    /// The pipeline that made it.
    pub pipeline: String,
    /// What is published, in French.
    pub title: String,
    /// True where the attempts come from the simulator.
    pub simulated: bool,
    /// The moment of which the version speaks.
    pub as_of: String,
    /// The licence of the data.
    pub licence: String,
    /// Every file, by its path from the store's root.
    pub files: Vec<FileEntry>,
    /// Sums over the inputs.
    pub accounting: Accounting,
    /// The account of each raw file, in versions of before it stood apart, in the files named [`ACCOUNTS`].
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub inputs: Value,
    /// What was found beside them and not read, and why; the reasons are those of the closing summary.
    #[serde(default)]
    pub left_alone: Value,
    /// Those of them that this version was the first to read.
    #[serde(default)]
    pub files_read: Vec<RawFile>,
    /// What made it: rules, models, schemas, code.
    pub made_with: Origins,
    /// What worked out the derived tables, where it was not this program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// What the gates found.
    pub gates: Value,
    /// The version before.
    pub parent: Option<Parent>,
}

/// A raw file as a run has read it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "WrittenRawFile")]
pub struct RawFile {
    /// Its name in the account.
    pub file: String,
    /// SHA-256 of its bytes as delivered; nothing in what was written before it was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A name alone is what was once written.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenRawFile {
    Name(String),
    File { file: String, sha256: Option<String> },
}

impl From<WrittenRawFile> for RawFile {
    fn from(written: WrittenRawFile) -> Self {
        match written {
            WrittenRawFile::Name(file) => Self { file, sha256: None },
            WrittenRawFile::File { file, sha256 } => Self { file, sha256 },
        }
    }
}

/// One published file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// From the store's root.
    pub path: String,
    /// The table that it holds, if it holds one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub table: Option<String>,
    /// The part of the table, where it is split.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub partition: Option<String>,
    /// Its format, where it holds a table.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<Format>,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Rows of the table.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rows: Option<u64>,
    /// Hash of the logical rows: the same whoever writes the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_digest: Option<String>,
    /// Version of the table's schema.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub schema_version: Option<String>,
}

impl FileEntry {
    /// A file that holds no table.
    #[must_use]
    pub const fn plain(path: String, bytes: u64, sha256: String) -> Self {
        Self {
            path,
            table: None,
            partition: None,
            format: None,
            bytes,
            sha256,
            rows: None,
            content_digest: None,
            schema_version: None,
        }
    }
}

/// records = attempts + duplicates + blank + without data + quarantined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names of the table fichiers, summed")]
pub struct Accounting {
    pub files: u64,
    pub lines: u64,
    pub headers: u64,
    pub records: u64,
    pub attempts: u64,
    pub duplicates: u64,
    pub blank: u64,
    pub without_data: u64,
    pub quarantined: u64,
}

/// What made a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origins {
    /// Version of this program.
    pub code: String,
    /// The outcome rules.
    pub rules: RulesEntry,
    /// SHA-256 of each model, by the table that it makes.
    pub models: BTreeMap<String, String>,
    /// SHA-256 of the schedule.
    pub schedule_sha256: String,
    /// SHA-256 of all that decides what a raw line becomes: while it stays, what was read need not be read again.
    pub ingest_sha256: String,
    /// SHA-256 of all that decides what the tables become, given the attempts.
    pub derive_sha256: String,
    /// SHA-256 of all that the documents say whatever the rows are; empty in what was written before it was noted.
    #[serde(default)]
    pub words_sha256: String,
}

/// The outcome rules of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesEntry {
    /// As the file says.
    pub version: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The version before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its name.
    pub version: String,
    /// SHA-256 of its manifest: each version vouches for the one before.
    pub manifest_sha256: String,
}

impl Manifest {
    /// What would have to differ for a new version to say something new: the logical rows of each table, by part.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<(&str, &str), &str> {
        self.files
            .iter()
            .filter_map(|file| {
                let digest = file.content_digest.as_deref()?;
                Some(((file.table.as_deref()?, file.partition.as_deref().unwrap_or_default()), digest))
            })
            .collect()
    }

    /// Files of a name that are no table and that versions share.
    pub fn shared<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a FileEntry> + use<'a> {
        let folder = format!("data/{name}/");
        self.files.iter().filter(move |file| file.table.is_none() && file.path.starts_with(&folder))
    }

    /// In which formats each table, or part of one, leaves, and by which version of its schema.
    #[must_use]
    pub fn forms(&self) -> BTreeSet<(&str, &str, Option<Format>, Option<&str>)> {
        let forms = self.files.iter().filter_map(|file| {
            let part = file.partition.as_deref().unwrap_or_default();
            Some((file.table.as_deref()?, part, file.format, file.schema_version.as_deref()))
        });
        forms.collect()
    }

    /// The files that hold the version's own schemas, by table.
    #[must_use]
    pub fn schemas(&self) -> BTreeMap<&str, &FileEntry> {
        let folder = format!("versions/{}/schemas/", self.version);
        let schemas = self.files.iter().filter_map(|file| {
            let table = file.path.strip_prefix(&folder)?.strip_suffix(".json")?;
            Some((table, file))
        });
        schemas.collect()
    }

    /// The manifest as it is written: two-space JSON with a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A manifest is strings and numbers under string keys: it always serialises.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

//! Small versions made by hand, to publish many of them quickly.

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset, TimeDelta};
use guichets_ouverts::digest::sha256;
use guichets_ouverts::error::Result;
use guichets_ouverts::progress::{Progress, Silent};
use guichets_ouverts::publish::{Base, Outcome, Release, Store, free_version, publish};
use guichets_ouverts::release::{FileEntry, Manifest, StagedFile};
use guichets_ouverts::schema::Format;
use serde_json::json;
use tempfile::TempDir;

/// A version of three files: a month that versions share, a table of its own, and a text.
pub struct SmallRelease {
    _folder: TempDir,
    files: Vec<StagedFile>,
    manifest: Manifest,
    as_of: DateTime<FixedOffset>,
}

impl SmallRelease {
    /// A version whose table says `said` a given number of times.
    pub fn saying(version: &str, said: &str, rows: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = |name: &str| format!("versions/{version}/{name}");
        let table = format!("texte\r\n{}", format!("{said}\r\n").repeat(rows));
        let month = "mois\r\n2019-04\r\n".to_owned();
        let files = vec![
            file(folder.path().join("a"), own("paroles.csv"), Some(("paroles", None)), &table, rows),
            month_of(folder.path().join("b"), &month),
            file(folder.path().join("c"), own("LISEZ-MOI.txt"), None, &format!("{version} dit {said}\n"), 0),
            // Another form of one name, and one that never changes.
            file(folder.path().join("d"), own("paroles.md"), None, &format!("# {said}\n{}", "-".repeat(rows)), 0),
            file(folder.path().join("e"), own("licence.txt"), None, "Licence Ouverte 2.0\n", 0),
        ];
        Self::of(version, folder, files)
    }

    /// A version of two files, whose month holds `month`: as few as can be.
    pub fn tiny(version: &str, said: &str, month: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = format!("versions/{version}/paroles.csv");
        let table = file(folder.path().join("a"), path, Some(("paroles", None)), &format!("texte\r\n{said}\r\n"), 1);
        let month = month_of(folder.path().join("b"), &format!("mois\r\n{month}\r\n"));
        Self::of(version, folder, vec![table, month])
    }

    fn of(version: &str, folder: TempDir, files: Vec<StagedFile>) -> Self {
        let entries: Vec<&FileEntry> = files.iter().map(|file| &file.entry).collect();
        let as_of = DateTime::parse_from_rfc3339("2019-06-01T00:00:00+02:00").unwrap();
        let manifest = json!({
            "version": version, "pipeline": "essai", "title": "Essai", "simulated": true, "as_of": as_of.to_rfc3339(),
            "licence": "", "files": entries, "inputs": [], "files_read": [], "gates": [], "parent": null,
            "accounting": { "files": 0, "lines": 0, "attempts": 0, "duplicates": 0, "blank": 0, "quarantined": 0 },
            "made_with": { "code": "0", "rules": { "version": "1", "sha256": "" }, "models": {}, "schedule_sha256": "",
                "ingest_sha256": "", "derive_sha256": "" },
        });
        Self { _folder: folder, files, manifest: serde_json::from_value(manifest).unwrap(), as_of }
    }

    /// Publishes it on top of what the store holds now.
    pub fn publish(&self, store: &dyn Store) -> Result<Outcome> {
        self.publish_on(store, &Base::read(store)?, &Silent)
    }

    /// Publishes it on top of what the store held.
    pub fn publish_on(&self, store: &dyn Store, base: &Base, progress: &dyn Progress) -> Result<Outcome> {
        let release = Release {
            base,
            files: &self.files,
            manifest: self.manifest.clone(),
            as_of: self.as_of,
            fresh_for: Some(TimeDelta::hours(36)),
            signing: None,
        };
        publish(store, release, progress)
    }
}

/// Publishes something under the next free name.
pub fn publish_next(store: &dyn Store, said: &str, rows: usize) -> Result<Outcome> {
    let base = Base::read(store)?;
    let version = free_version(store, "2019-06-01")?;
    SmallRelease::saying(&version, said, rows).publish_on(store, &base, &Silent)
}

fn month_of(local: PathBuf, month: &str) -> StagedFile {
    let path = format!("data/mois/2019-04/{}/mois-2019-04.csv", &sha256(month.as_bytes())[..16]);
    file(local, path, Some(("mois", Some("2019-04"))), month, 1)
}

fn file(local: PathBuf, path: String, table: Option<(&str, Option<&str>)>, content: &str, rows: usize) -> StagedFile {
    fs::write(&local, content).unwrap();
    let entry = FileEntry {
        path,
        table: table.map(|(table, _)| table.to_owned()),
        partition: table.and_then(|(_, partition)| partition).map(str::to_owned),
        format: table.map(|_| Format::Csv),
        bytes: content.len() as u64,
        sha256: sha256(content.as_bytes()),
        rows: table.map(|_| rows as u64),
        content_digest: table.map(|_| sha256(content.as_bytes())),
        schema_version: None,
    };
    StagedFile { local, entry }
}

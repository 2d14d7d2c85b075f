//! The order in which a version is written.

use std::collections::HashSet;

use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat, TimeDelta};
use serde_json::Value;

use super::read::{current_manifest, parsed};
use super::records::{Pointer, Status, VersionRecord, Versions};
use super::{StorageKey, Store};
use crate::digest::sha256;
use crate::error::{Error, Kind, Result};
use crate::release::{Manifest, Parent, StagedFile};

/// The list of digests of a version, for `sha256sum -c`.
pub const DIGESTS: &str = "SHA256SUMS";

/// A version that passed its gates.
pub struct Release<'a> {
    /// Its files, all named by the manifest.
    pub files: &'a [StagedFile],
    /// Its manifest; the parent is filled in here.
    pub manifest: Manifest,
    /// The moment of which it speaks.
    pub as_of: DateTime<FixedOffset>,
    /// How long readers may take it for current.
    pub fresh_for: TimeDelta,
}

/// What publishing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The pointer moved.
    Published(Published),
    /// The current version says the same already.
    NothingNew {
        /// The current version.
        version: String,
    },
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub version: String,
    /// Objects that were written because they were missing.
    pub written: usize,
    /// Objects that were there already.
    pub shared: usize,
    /// SHA-256 of its manifest.
    pub manifest_sha256: String,
}

/// Publishes a version, unless the current one says the same.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store cannot be written or another publisher won; the
/// pointer has then not moved.
pub fn publish(store: &dyn Store, mut release: Release<'_>) -> Result<Outcome> {
    let latest = store.get(&StorageKey::Latest.path())?;
    let current = current_manifest(store)?;
    if let Some((pointer, manifest)) = &current {
        if says_the_same(manifest, &release.manifest) {
            return Ok(Outcome::NothingNew { version: pointer.version.clone() });
        }
        release.manifest.parent =
            Some(Parent { version: pointer.version.clone(), manifest_sha256: pointer.manifest_sha256.clone() });
    }
    let (mut written, mut shared) = (0, 0);
    for file in release.files {
        let key = StorageKey::File { path: file.entry.path.clone() };
        // A path under data/ names its bytes; one under versions/ may be left from a night that was cut short.
        if file.entry.partition.is_some() && store.size(&file.entry.path)? == Some(file.entry.bytes) {
            shared += 1;
        } else {
            store.put_file(&key, &file.local)?;
            written += 1;
        }
    }
    let version = release.manifest.version.clone();
    let manifest = release.manifest.to_json();
    let manifest_key = StorageKey::Manifest { version: version.clone() };
    store.put(&manifest_key, manifest.as_bytes())?;
    let manifest_sha256 = sha256(manifest.as_bytes());
    let pointer = Pointer {
        version: version.clone(),
        manifest: manifest_key.path(),
        manifest_sha256: manifest_sha256.clone(),
        published_at: instant(release.as_of),
        fresh_until: instant(release.as_of + release.fresh_for),
    };
    if !store.swap(&StorageKey::Latest, latest.as_deref(), &json(&pointer))? {
        return Err(another_won(store));
    }
    record(
        store,
        &VersionRecord {
            version: version.clone(),
            status: Status::Published,
            as_of: instant(release.as_of),
            simulated: release.manifest.simulated,
            manifest_sha256: Some(manifest_sha256.clone()),
            refused_by: None,
        },
    )?;
    renew_stable_names(store, release.files, &version, current.as_ref().map(|(_, manifest)| manifest))?;
    Ok(Outcome::Published(Published { version, written, shared, manifest_sha256 }))
}

/// Keeps a refused night in the list of versions; the pointer does not move.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store cannot be written.
pub fn record_refusal(
    store: &dyn Store,
    version: &str,
    as_of: DateTime<FixedOffset>,
    simulated: bool,
    gates: Value,
) -> Result<()> {
    record(
        store,
        &VersionRecord {
            version: version.to_owned(),
            status: Status::Refused,
            as_of: instant(as_of),
            simulated,
            manifest_sha256: None,
            refused_by: Some(gates),
        },
    )
}

/// Takes a name that a person chose for a version.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when it is not a date with or without a number, or the store has a version of
/// that name: what was published is never overwritten.
pub fn chosen_version(store: Option<&dyn Store>, name: &str) -> Result<String> {
    let (day, number) = name.split_once('.').unwrap_or((name, "2"));
    let well_formed = day.len() == 10
        && NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok()
        && number.parse::<u32>().is_ok_and(|parsed| parsed >= 2 && parsed.to_string() == number);
    if !well_formed {
        return Err(Error::usage(format!("« {name} » is no name of a version"))
            .hint("a version is a date, 2026-11-21, then 2026-11-21.2, 2026-11-21.3 and so on"));
    }
    match store {
        Some(store) if used_versions(store)?.contains(name) => {
            Err(Error::usage(format!("there is a version {name} already"))
                .at(store.name())
                .hint("a published version is never overwritten; leave --version out and the next free name is taken"))
        }
        _ => Ok(name.to_owned()),
    }
}

/// A name for a version of that day which the store has not used: `2026-11-21`, then `2026-11-21.2`.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
pub fn free_version(store: &dyn Store, day: &str) -> Result<String> {
    let used = used_versions(store)?;
    let candidates = std::iter::once(day.to_owned()).chain((2..).map(|number| format!("{day}.{number}")));
    candidates.into_iter().find(|name| !used.contains(name)).ok_or_else(|| Error::internal("no free version"))
}

/// The names that published or retracted versions have.
fn used_versions(store: &dyn Store) -> Result<HashSet<String>> {
    let current = current_manifest(store)?.map(|(pointer, _)| pointer.version);
    let records = list(store)?.1.versions.into_iter().filter(|record| record.status != Status::Refused);
    Ok(records.map(|record| record.version).chain(current).collect())
}

fn list(store: &dyn Store) -> Result<(Option<Vec<u8>>, Versions)> {
    let bytes = store.get(&StorageKey::Versions.path())?;
    let versions = match &bytes {
        None => Versions::default(),
        Some(bytes) => parsed(bytes, store, "versions.json")?,
    };
    Ok((bytes, versions))
}

/// Adds a line to the list. Where another publisher adds one at the same time, both stay.
fn record(store: &dyn Store, record: &VersionRecord) -> Result<()> {
    for _ in 0..100 {
        let (before, mut versions) = list(store)?;
        versions.versions.push(record.clone());
        if record.status == Status::Published {
            versions.last_successful = Some(record.version.clone());
        }
        if store.swap(&StorageKey::Versions, before.as_deref(), &json(&versions))? {
            return Ok(());
        }
    }
    Err(Error::unreachable("the list of versions never stood still").at(store.name()))
}

fn another_won(store: &dyn Store) -> Error {
    let winner = current_manifest(store)
        .ok()
        .flatten()
        .map_or_else(String::new, |(pointer, _)| format!(": version {} of {}", pointer.version, pointer.published_at));
    Error::new(Kind::Unreachable, format!("another publisher was faster{winner}"))
        .at(store.name())
        .hint("nothing of this run is visible; run again on top of the other's version")
}

/// Copies the files under their stable names, and removes those that only the version before had.
fn renew_stable_names(store: &dyn Store, files: &[StagedFile], version: &str, before: Option<&Manifest>) -> Result<()> {
    let mut names = HashSet::new();
    for file in files {
        if let Some(name) = stable_name(&file.entry.path, version) {
            store.put_file(&StorageKey::Stable { name: name.clone() }, &file.local)?;
            names.insert(name);
        }
    }
    let gone = before
        .into_iter()
        .flat_map(|before| before.files.iter().filter_map(|file| stable_name(&file.path, &before.version)));
    for name in gone.filter(|name| !names.contains(name)) {
        store.delete(&StorageKey::Stable { name })?;
    }
    Ok(())
}

/// The name of a file under `latest/`: its path within the version, or its bare name where versions share it. The list
/// of digests has none: it speaks of paths within the version.
#[must_use]
pub fn stable_name(path: &str, version: &str) -> Option<String> {
    let within = path.strip_prefix(&format!("versions/{version}/"));
    let name = within.or_else(|| path.rsplit('/').next())?;
    (name != DIGESTS).then(|| name.to_owned())
}

/// The same logical rows, by the same rules and models.
fn says_the_same(current: &Manifest, new: &Manifest) -> bool {
    current.contents() == new.contents() && current.made_with.rules == new.made_with.rules
}

fn instant(time: DateTime<FixedOffset>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    // Strings and numbers under string keys: they always serialise.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

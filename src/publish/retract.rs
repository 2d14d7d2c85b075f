//! Retraction: a version is no longer vouched for. History is not rewritten: the version stays in the list, its manifest
//! stays in the chain, and its bytes stay unless their removal is asked for.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::names::another_won;
use super::protocol::{amend, complete, instant};
use super::read::{current_manifest, current_pointer, list, manifest_of};
use super::records::{Pointer, Status, VersionRecord};
use super::{StorageKey, Store, each, json, stable};
use crate::error::{Error, Result};
use crate::release::Manifest;

/// What retracting a version came to.
#[derive(Debug, Serialize)]
pub struct Retraction {
    /// The version.
    pub version: String,
    /// The version that is current now, where there is one.
    pub current: Option<String>,
    /// Whether the pointer had to move.
    pub moved: bool,
    /// Objects that were removed.
    pub removed: usize,
}

#[derive(Serialize)]
struct Tombstone<'a> {
    version: &'a str,
    reason: &'a str,
    removed_at: String,
    files: Vec<&'a str>,
}

/// Marks a version as retracted, for a reason that everybody will read; moves the pointer back to the youngest version
/// that is still vouched for, where it leads to the retracted one; and removes its bytes where `remove` says so.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when there is no such version; [`Unreachable`](crate::error::Kind::Unreachable)
/// when the store does not answer, or a publisher moved the pointer meanwhile.
pub fn retract(
    store: &dyn Store,
    version: &str,
    reason: &str,
    remove: bool,
    now: DateTime<FixedOffset>,
) -> Result<Retraction> {
    // A publisher that was killed in between has not listed its version yet.
    if let Some((pointer, manifest)) = current_manifest(store)? {
        complete(store, &pointer, &manifest)?;
    }
    let versions = list(store)?.1;
    let Some(record) = versions.published(version) else {
        return Err(Error::usage(format!("the store has published no version {version}"))
            .at(store.name())
            .hint("guichets status and versions.json list those that it has"));
    };
    let manifest = manifest_of(store, version)?.1;
    store.check_swap()?;
    let at = record.retracted_at.clone().unwrap_or_else(|| instant(now));
    // Marked first: whatever happens next, nobody can take it for good.
    amend(store, |versions| {
        for record in
            versions.versions.iter_mut().filter(|record| record.version == version && record.status != Status::Refused)
        {
            record.status = Status::Retracted;
            record.retracted_at = Some(at.clone());
            record.reason = Some(reason.to_owned());
        }
    })?;
    let moved = move_back(store, version)?;
    let current = current_pointer(store)?.map(|(_, pointer)| pointer.version);
    if current.is_some() {
        stable::renew(store, &HashMap::new())?;
    } else {
        stable::remove(store, &manifest)?;
    }
    let removed = if remove { remove_bytes(store, version, reason, &manifest, &at)? } else { 0 };
    Ok(Retraction { version: version.to_owned(), current, moved, removed })
}

/// Moves the pointer away from a version, to the youngest good one; where there is none, it leads nowhere and says so.
fn move_back(store: &dyn Store, version: &str) -> Result<bool> {
    let Some((bytes, pointer)) = current_pointer(store)? else { return Ok(false) };
    if pointer.version != version {
        return Ok(false);
    }
    let versions = list(store)?.1;
    let Some(good) = versions.last_good() else {
        let none = json(&NoVersion { version: None });
        return moved(store, store.swap(&StorageKey::Latest, Some(&bytes), &none)?);
    };
    moved(store, store.swap(&StorageKey::Latest, Some(&bytes), &json(&pointer_to(good)))?)
}

fn moved(store: &dyn Store, swapped: bool) -> Result<bool> {
    if swapped {
        return Ok(true);
    }
    Err(another_won(store, "the pointer moved while the version was being retracted"))
}

/// The pointer where no version is vouched for any more.
#[derive(Serialize)]
struct NoVersion {
    version: Option<String>,
}

fn pointer_to(record: &VersionRecord) -> Pointer {
    Pointer {
        version: record.version.clone(),
        manifest: StorageKey::Manifest { version: record.version.clone() }.path(),
        manifest_sha256: record.manifest_sha256.clone().unwrap_or_default(),
        published_at: record.as_of.clone(),
        fresh_until: record.fresh_until.clone(),
    }
}

/// Removes what no other version has, and says so in its place. The manifest stays: the chain leads through it.
fn remove_bytes(store: &dyn Store, version: &str, reason: &str, manifest: &Manifest, at: &str) -> Result<usize> {
    let mut shared = HashSet::new();
    let versions = list(store)?.1;
    let others =
        versions.versions.iter().filter(|record| record.status != Status::Refused && record.version != version);
    for other in others {
        let gone = store.size(&StorageKey::Tombstone { version: other.version.clone() }.path())?.is_some();
        if !gone {
            shared.extend(manifest_of(store, &other.version)?.1.files.into_iter().map(|file| file.path));
        }
    }
    let files: Vec<&str> =
        manifest.files.iter().map(|file| &*file.path).filter(|path| !shared.contains(*path)).collect();
    let tombstone = Tombstone { version, reason, removed_at: at.to_owned(), files: files.clone() };
    store.put(&StorageKey::Tombstone { version: version.to_owned() }, &json(&tombstone))?;
    each(&files, |path| store.delete(&StorageKey::File { path: (*path).to_owned() }))?;
    Ok(files.len())
}

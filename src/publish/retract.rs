//! Retraction: a version is no longer vouched for. History is not rewritten: the version stays in the list, its manifest
//! stays in the chain, and its bytes stay unless their removal is asked for.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::clearing::{Clearing, named};
use super::names::another_won;
use super::protocol::{amend, complete, instant};
use super::read::{current_manifest, current_pointer, list, manifest_of};
use super::records::{NoVersion, Pointer, Status, VersionRecord};
use super::{StorageKey, Store, json, stable};
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
    /// Versions that were made on top of it, which carry its rows, and are still vouched for.
    pub descendants: Vec<String>,
    /// Objects that were removed.
    pub removed: usize,
}

#[derive(Serialize)]
struct Tombstone<'a> {
    version: &'a str,
    reason: &'a str,
    removed_at: String,
    files: Vec<&'a String>,
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
    // One that was published while this was going on is told of, too.
    let current = current_manifest(store)?;
    if let Some((pointer, manifest)) = &current {
        complete(store, pointer, manifest)?;
    }
    stable::renew(store, &HashMap::new(), Some(version))?;
    let removed = if remove { remove_bytes(store, version, reason, &manifest, &at)? } else { 0 };
    Ok(Retraction {
        version: version.to_owned(),
        current: current.map(|(pointer, _)| pointer.version),
        moved,
        descendants: descendants(store, version)?,
        removed,
    })
}

/// Moves the pointer away from a version, to the youngest good one; where there is none, it leads nowhere and says so.
fn move_back(store: &dyn Store, version: &str) -> Result<bool> {
    let Some((bytes, pointer)) = current_pointer(store)? else { return Ok(false) };
    if pointer.version != version {
        return Ok(false);
    }
    let versions = list(store)?.1;
    let Some(good) = versions.last_good() else {
        let none = json(&NoVersion { version: None, fence: store.token() });
        return moved(store, store.swap(&StorageKey::Latest, Some(&bytes), &none)?);
    };
    moved(store, store.swap(&StorageKey::Latest, Some(&bytes), &json(&pointer_to(good, store.token())))?)
}

fn moved(store: &dyn Store, swapped: bool) -> Result<bool> {
    if swapped {
        return Ok(true);
    }
    Err(another_won(store, "the pointer moved while the version was being retracted"))
}

fn pointer_to(record: &VersionRecord, fence: String) -> Pointer {
    Pointer {
        version: record.version.clone(),
        manifest: StorageKey::Manifest { version: record.version.clone() }.path(),
        manifest_sha256: record.manifest_sha256.clone().unwrap_or_default(),
        published_at: record.as_of.clone(),
        fresh_until: record.fresh_until.clone(),
        // It was there before: a publisher that saw it then must not take it for the same.
        fence: Some(fence),
    }
}

/// Removes what no other version has, and says so in its place. The manifest stays: the chain leads through it.
fn remove_bytes(store: &dyn Store, version: &str, reason: &str, manifest: &Manifest, at: &str) -> Result<usize> {
    let named = named(store, Some(version))?;
    let files = manifest.files.iter().map(|file| file.path.clone()).filter(|path| !named.contains(path)).collect();
    let command = format!("guichets retract {version} --remove");
    let clearing = Clearing::begin(store, &command, files, Some(version))?;
    let tombstone = Tombstone { version, reason, removed_at: at.to_owned(), files: clearing.files.iter().collect() };
    store.put(&StorageKey::Tombstone { version: version.to_owned() }, &json(&tombstone))?;
    clearing.finish()
}

/// The published versions that were made on top of one, whether directly or not, the oldest first.
fn descendants(store: &dyn Store, version: &str) -> Result<Vec<String>> {
    let listed = list(store)?.1.versions;
    let mut found = vec![version.to_owned()];
    let mut standing = Vec::new();
    let after = listed.iter().skip_while(|record| record.version != version);
    for record in after.filter(|record| record.status != Status::Refused && record.version != version) {
        let parent = manifest_of(store, &record.version)?.1.parent;
        if parent.is_some_and(|parent| found.contains(&parent.version)) {
            found.push(record.version.clone());
            standing.extend((record.status == Status::Published).then(|| record.version.clone()));
        }
    }
    Ok(standing)
}

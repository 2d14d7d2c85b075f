//! Names of versions: a date, `2026-11-21`, then `2026-11-21.2`. The name of a published version is never used again,
//! whatever becomes of it; that of a night that was refused or stopped is.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde::Serialize;

use super::read::{current_pointer, list};
use super::records::Status;
use super::{Base, StorageKey, Store};
use crate::digest::token;
use crate::error::{Error, Kind, Result};

/// Takes a name that a person chose for a version.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when it is not a date with or without a number, or the store has a version of
/// that name: what was published is never overwritten.
pub fn chosen_version(store: &dyn Store, name: &str) -> Result<String> {
    let (day, number) = name.split_once('.').unwrap_or((name, "2"));
    let well_formed = day.len() == 10
        && NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok()
        && number.parse::<u32>().is_ok_and(|parsed| parsed >= 2 && parsed.to_string() == number);
    if !well_formed {
        return Err(Error::usage(format!("« {name} » is no name of a version"))
            .hint("a version is a date, 2026-11-21, then 2026-11-21.2, 2026-11-21.3 and so on"));
    }
    if used_versions(store)?.contains(name) || is_claimed(store, name)? {
        return Err(Error::usage(format!("there is a version {name} already"))
            .at(store.name())
            .hint("a published version is never overwritten; leave --version out and the next free name is taken"));
    }
    Ok(name.to_owned())
}

/// A name for a version of that day which the store has not used: `2026-11-21`, then `2026-11-21.2`.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
pub fn free_version(store: &dyn Store, day: &str) -> Result<String> {
    let used = used_versions(store)?;
    let candidates = std::iter::once(day.to_owned()).chain((2..).map(|number| format!("{day}.{number}")));
    for name in candidates.filter(|name| !used.contains(name)) {
        if !is_claimed(store, &name)? {
            return Ok(name);
        }
    }
    Err(Error::internal("no free version"))
}

/// The names that published or retracted versions have.
fn used_versions(store: &dyn Store) -> Result<HashSet<String>> {
    let current = current_pointer(store)?.map(|(_, pointer)| pointer.version);
    let records = list(store)?.1.versions.into_iter().filter(|record| record.status != Status::Refused);
    Ok(records.map(|record| record.version).chain(current).collect())
}

/// A claim that stays was left by a publisher that was killed: what it wrote is nobody's, and its name stays unused.
fn is_claimed(store: &dyn Store, version: &str) -> Result<bool> {
    Ok(store.size(&StorageKey::Claim { version: version.to_owned() }.path())?.is_some())
}

/// What a publisher says when it takes a name.
#[derive(Serialize)]
struct Mark {
    publisher: String,
    manifest_sha256: String,
}

/// Takes a version's name for this publisher alone, so that nobody else writes under it.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when another publisher has it, or the store does not answer.
pub(super) fn claim(store: &dyn Store, version: &str, base: &Base, manifest_sha256: &str) -> Result<()> {
    let key = StorageKey::Claim { version: version.to_owned() };
    let mark = Mark { publisher: token(), manifest_sha256: manifest_sha256.to_owned() };
    if store.swap(&key, None, &super::json(&mark))? {
        // A faster publisher may have come and gone: it moves the pointer and lists its version before it gives the claim
        // back, so one of the two shows here.
        let moved = store.get(&StorageKey::Latest.path())? != base.pointer_bytes;
        if moved || used_versions(store)?.contains(version) {
            unclaim(store, version)?;
            return Err(another_won(store, "it published while this run was at work"));
        }
        return Ok(());
    }
    Err(another_won(
        store,
        &format!("version {version} is another's, who began to publish it while this run was at work"),
    ))
}

/// Gives a name free, or removes the mark of a version that is published.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
pub(super) fn unclaim(store: &dyn Store, version: &str) -> Result<()> {
    store.delete(&StorageKey::Claim { version: version.to_owned() })
}

/// The refusal of the slower of two publishers.
pub(super) fn another_won(store: &dyn Store, why: &str) -> Error {
    let current = current_pointer(store).ok().flatten().map_or_else(
        || "the store has no current version yet".to_owned(),
        |(_, pointer)| format!("the current version is {} of {}", pointer.version, pointer.published_at),
    );
    Error::new(Kind::Unreachable, format!("another publisher was faster: {why}; {current}"))
        .at(store.name())
        .hint("nothing of this run is visible; run again on top of the other's version")
}

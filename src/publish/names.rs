//! Names of versions: a date, `2026-11-21`, then `2026-11-21.2`. A name under which something was written is never used
//! again, whatever becomes of it: what is under it may be kept by caches for a year. That of a night that was refused is.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use serde::Serialize;

use super::read::{current_pointer, list};
use super::records::Status;
use super::{Base, StorageKey, Store};
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
        return Err(Error::usage(format!("there is a version {name} already")).at(store.name()).hint(
            "what was published, or begun, is never overwritten; leave --version out and the next free name is taken",
        ));
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

/// A claim that stays was left by a publisher that was killed, was stopped or lost, and a manifest without one by a program
/// that gave claims back: what was written under the name may be in caches, and the name stays unused.
fn is_claimed(store: &dyn Store, version: &str) -> Result<bool> {
    let there = |key: StorageKey| Ok(store.size(&key.path())?.is_some());
    Ok(there(StorageKey::Claim { version: version.to_owned() })?
        || there(StorageKey::Manifest { version: version.to_owned() })?)
}

/// What a publisher says when it takes a name.
#[derive(Serialize)]
struct Mark<'a> {
    publisher: String,
    manifest_sha256: &'a str,
}

/// A version's name, taken by one publisher alone, so that nobody else writes under it.
pub(super) struct Claim<'a> {
    store: &'a dyn Store,
    key: StorageKey,
    written: AtomicBool,
}

impl<'a> Claim<'a> {
    /// Takes a name.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when another publisher has it, the base no longer stands, or the
    /// store does not answer.
    pub(super) fn take(store: &'a dyn Store, version: &str, base: &Base, manifest_sha256: &str) -> Result<Self> {
        let key = StorageKey::Claim { version: version.to_owned() };
        let mark = Mark { publisher: store.token(), manifest_sha256 };
        if !store.swap(&key, None, &super::json(&mark))? {
            return Err(another_won(
                store,
                &format!("version {version} is another's, who began to publish it while this run was at work"),
            ));
        }
        let claim = Self { store, key, written: AtomicBool::new(false) };
        claim.holds(version, base).inspect_err(|_| claim.give_up())?;
        Ok(claim)
    }

    /// A faster publisher may have come and gone: it moves the pointer and lists its version before it gives the claim back,
    /// so one of the two shows here.
    fn holds(&self, version: &str, base: &Base) -> Result<()> {
        base.stands(self.store)?;
        let moved = self.store.get(&StorageKey::Latest.path())? != base.pointer_bytes;
        if moved || used_versions(self.store)?.contains(version) {
            return Err(another_won(self.store, "the pointer moved while this run was at work"));
        }
        Ok(())
    }

    /// Something is about to be written under the name. Whoever fetches it may keep it, so the name is never used again
    /// unless it is that of this very version.
    pub(super) fn writes(&self) {
        self.written.store(true, Ordering::Relaxed);
    }

    /// The version will not be published. Where nothing was written, the name is free again, unless the store no longer
    /// answers.
    pub(super) fn give_up(&self) {
        if !self.written.load(Ordering::Relaxed) {
            let _ = self.done();
        }
    }

    /// Removes the claim.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
    pub(super) fn done(&self) -> Result<()> {
        self.store.delete(&self.key)
    }
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

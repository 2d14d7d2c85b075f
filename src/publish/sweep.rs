//! What no version names: what publishers that were killed, were stopped or lost have written, and halves of writes. It costs
//! room and nothing else; no reader is led to it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use super::clearing::{self, Clearing, named};
use super::read::{current_pointer, list};
use super::records::Status;
use super::{Object, StorageKey, Store, json};
use crate::error::Result;

/// How long caches may keep what was once fetched, in days: as long a name is not used again.
const KEPT_DAYS: i64 = 365;
/// By which a removal that was cut short is known again.
const COMMAND: &str = "guichets sweep --delete";

/// What sweeping a store found.
#[derive(Debug, Serialize)]
pub struct Sweep {
    /// What no version names, by its path.
    pub leftovers: Vec<Leftover>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Objects that no version names either, and that are too young: somebody may be at work.
    pub young: usize,
    /// Objects that were removed.
    pub removed: usize,
}

/// An object that no version names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leftover {
    /// From the store's root.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last written, RFC 3339.
    pub modified: String,
    /// What it is.
    pub what: What,
}

/// What is left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A file that a publisher wrote, and no version has.
    Orphan,
    /// Half a write, or a trial of the store.
    Debris,
    /// A claim on a name that nobody needs any more.
    Claim,
}

/// Finds what no version names and nobody has written to for so long; removes it where `delete` says so.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) where the store cannot be listed; [`Unreachable`](crate::error::Kind::Unreachable)
/// when it does not answer, or something else is being removed.
pub fn sweep(store: &dyn Store, older_than: TimeDelta, now: DateTime<Utc>, delete: bool) -> Result<Sweep> {
    // Listed first: what is published meanwhile is then named.
    let objects = store.objects()?;
    let found = Found::of(store, &objects, now - older_than, now)?;
    let leftovers = found.leftovers(&objects);
    let young = objects.iter().filter(|object| object.modified > found.before && found.what(object).is_some()).count();
    let removed = if delete { remove(store, &leftovers)? } else { 0 };
    let bytes = leftovers.iter().map(|leftover| leftover.bytes).sum();
    Ok(Sweep { leftovers, bytes, young, removed })
}

fn remove(store: &dyn Store, leftovers: &[Leftover]) -> Result<usize> {
    if leftovers.is_empty() && !clearing::is_cut_short(store, COMMAND)? {
        return Ok(0);
    }
    store.check_swap()?;
    let paths = leftovers.iter().map(|leftover| leftover.path.clone()).collect();
    let clearing = Clearing::begin(store, COMMAND, paths, None)?;
    // What was under a name may be in caches: it stays claimed, from now on for as long as they keep it.
    let claims: BTreeSet<String> = clearing
        .files
        .iter()
        .filter_map(|path| within_version(path))
        .filter(|(version, name)| *name != CLAIM && !clearing.is_published(version))
        .map(|(version, _)| version.to_owned())
        .collect();
    for version in claims {
        store.put(&StorageKey::Claim { version }, &json(&serde_json::json!({ "publisher": COMMAND })))?;
    }
    clearing.finish()
}

const CLAIM: &str = "claim.json";

/// A version's name, and that of a file within it.
fn within_version(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("versions/")?.split_once('/')
}

/// What is in a store, and what versions have of it.
struct Found<'a> {
    published: HashSet<String>,
    named: HashSet<String>,
    /// By version: what was written to it last, and whether there is more than a claim.
    versions: BTreeMap<&'a str, (DateTime<Utc>, bool)>,
    /// What is younger is left alone.
    before: DateTime<Utc>,
    /// Claims that are older are of no more use.
    unused_before: DateTime<Utc>,
}

impl<'a> Found<'a> {
    fn of(store: &dyn Store, objects: &'a [Object], before: DateTime<Utc>, now: DateTime<Utc>) -> Result<Self> {
        let current = current_pointer(store)?.map(|(_, pointer)| pointer.version);
        let listed = list(store)?.1.versions.into_iter().filter(|record| record.status != Status::Refused);
        let published = listed.map(|record| record.version).chain(current).collect();
        let mut versions: BTreeMap<&str, (DateTime<Utc>, bool)> = BTreeMap::new();
        for object in objects {
            if let Some((version, name)) = within_version(&object.path) {
                let (last, more) = versions.entry(version).or_insert((object.modified, false));
                *last = object.modified.max(*last);
                *more |= name != CLAIM;
            }
        }
        let unused_before = before.min(now - TimeDelta::days(KEPT_DAYS));
        Ok(Self { published, named: named(store, None)?, versions, before, unused_before })
    }

    /// What an object is that no version has; nothing of one that has its place.
    fn what(&self, object: &Object) -> Option<What> {
        let path = &*object.path;
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.starts_with(".aside-") || path.starts_with(".probe-") {
            return Some(What::Debris);
        }
        if path.starts_with("data/") {
            return (!self.named.contains(path)).then_some(What::Orphan);
        }
        let (version, within) = within_version(path)?;
        if self.published.contains(version) {
            return match within {
                "manifest.json" | "manifest.json.minisig" | "TOMBSTONE.json" => None,
                CLAIM => Some(What::Claim),
                _ => (!self.named.contains(path)).then_some(What::Orphan),
            };
        }
        match (within, self.versions.get(version)) {
            // It tells that the name was used, for as long as caches keep what was under it.
            (CLAIM, Some((last, more))) => (!more && *last < self.unused_before).then_some(What::Claim),
            _ => Some(What::Orphan),
        }
    }

    /// Those that are old enough; of a version that is not published, all of whose objects are.
    fn leftovers(&self, objects: &[Object]) -> Vec<Leftover> {
        let rests = |object: &Object| {
            let version = within_version(&object.path).map(|(version, _)| version);
            let last = version.filter(|version| !self.published.contains(*version));
            let last = last.and_then(|version| self.versions.get(version)).map_or(object.modified, |(last, _)| *last);
            last <= self.before
        };
        let mut leftovers: Vec<Leftover> = objects
            .iter()
            .filter(|object| rests(object))
            .filter_map(|object| {
                let modified = object.modified.to_rfc3339_opts(SecondsFormat::Secs, true);
                Some(Leftover { path: object.path.clone(), bytes: object.bytes, modified, what: self.what(object)? })
            })
            .collect();
        leftovers.sort_by(|a, b| a.path.cmp(&b.path));
        leftovers
    }
}

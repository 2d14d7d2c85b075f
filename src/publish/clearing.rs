//! Removing objects of a store in which others may be about to count on them: a publisher writes no shared file that it
//! finds there, and may have found it long ago.
//!
//! First a notice says what is to be removed, and no publisher begins that needs any of it. Then the pointer is written
//! anew with the same meaning, so that no publisher can finish that began before. Then nobody counts on what no version
//! names, and it is removed. A removal that was killed leaves its notice, until the same one is run again.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use super::again::until_ours;
use super::read::{current_manifest, current_pointer, list, manifest_of, parsed};
use super::records::{NoVersion, Pointer, Status};
use super::{StorageKey, Store, each, gather, json};
use crate::error::{Error, Result};
use crate::release::Manifest;

/// What is being removed.
#[derive(Serialize, Deserialize)]
struct Notice {
    /// Drawn at random.
    by: String,
    /// The command that removes, and that ends a removal that was cut short.
    command: String,
    /// From the store's root.
    files: BTreeSet<String>,
}

/// A removal that was announced, and of which nobody any more counts on anything.
pub(super) struct Clearing<'a> {
    store: &'a dyn Store,
    /// What no version names.
    pub files: BTreeSet<String>,
    named: HashSet<String>,
}

impl<'a> Clearing<'a> {
    /// Announces the removal of files, and leaves out what a version names after all: `but` is the one whose bytes are to go.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when another removal is under way, or the store does not answer.
    pub(super) fn begin(
        store: &'a dyn Store,
        command: &str,
        files: BTreeSet<String>,
        but: Option<&str>,
    ) -> Result<Self> {
        announce(store, &Notice { by: store.token(), command: command.to_owned(), files: files.clone() })?;
        fence(store)?;
        let named = named(store, but)?;
        Ok(Self { store, files: files.into_iter().filter(|path| !named.contains(path)).collect(), named })
    }

    /// Whether there is a published version of that name, if only since the removal was announced.
    pub(super) fn is_published(&self, version: &str) -> bool {
        self.named.contains(&StorageKey::Manifest { version: version.to_owned() }.path())
    }

    /// Removes them; gives back how many.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
    pub(super) fn finish(self) -> Result<usize> {
        let files: Vec<String> = self.files.into_iter().collect();
        each(self.store, &files, |path| self.store.delete(&StorageKey::File { path: path.clone() }))?;
        self.store.delete(&StorageKey::Clearing)?;
        Ok(files.len())
    }
}

fn announce(store: &dyn Store, notice: &Notice) -> Result<()> {
    let before = store.get(&StorageKey::Clearing.path())?;
    let other =
        before.as_deref().map(|bytes| parsed::<Notice>(bytes, store, &StorageKey::Clearing.path())).transpose()?;
    let other = other.filter(|other| other.command != notice.command);
    if other.is_none() && store.swap(&StorageKey::Clearing, before.as_deref(), &json(notice))? {
        return Ok(());
    }
    Err(under_way(store, other.as_ref()))
}

/// Whether a removal by that command was announced, and not ended.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
pub(super) fn is_cut_short(store: &dyn Store, command: &str) -> Result<bool> {
    let path = StorageKey::Clearing.path();
    let notice = store.get(&path)?.map(|bytes| parsed::<Notice>(&bytes, store, &path)).transpose()?;
    Ok(notice.is_some_and(|notice| notice.command == command))
}

fn under_way(store: &dyn Store, other: Option<&Notice>) -> Error {
    let command = other.map_or("another command", |other| &*other.command);
    Error::unreachable(format!("something is being removed from the store, by {command}"))
        .at(store.name())
        .hint(format!("wait until it ends; where it was cut short, run {command} again first"))
}

/// Makes sure that nothing that a new version needs is being removed.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when something is, or the store does not answer.
pub(super) fn spares(store: &dyn Store, manifest: &Manifest) -> Result<()> {
    let path = StorageKey::Clearing.path();
    let Some(bytes) = store.get(&path)? else { return Ok(()) };
    let notice: Notice = parsed(&bytes, store, &path)?;
    match manifest.files.iter().find(|file| notice.files.contains(&file.path)) {
        None => Ok(()),
        Some(file) => Err(under_way(store, Some(&notice)).at(format!("{}/{}", store.name(), file.path))),
    }
}

/// Writes the pointer anew, with the same meaning: whoever has read it before can no longer move it.
fn fence(store: &dyn Store) -> Result<()> {
    until_ours(store, &StorageKey::Latest, || {
        let before = store.get(&StorageKey::Latest.path())?;
        let after = match current_pointer(store)? {
            Some((bytes, _)) if Some(&bytes) != before.as_ref() => return Ok(None),
            Some((_, pointer)) => json(&Pointer { fence: Some(store.token()), ..pointer }),
            None => json(&NoVersion { version: None, fence: store.token() }),
        };
        Ok(store.swap(&StorageKey::Latest, before.as_deref(), &after)?.then_some(()))
    })
}

/// Every file that a version names whose bytes are to stay, and what says of each version what it is; but not the files of
/// one version.
pub(super) fn named(store: &dyn Store, but: Option<&str>) -> Result<HashSet<String>> {
    // First of all the current one: its publisher may have been killed before it was listed, and so may no other have been,
    // for whoever publishes on top of one lists it first.
    let current = current_manifest(store)?.map(|(_, manifest)| manifest.version);
    let records = list(store)?.1.versions.into_iter().filter(|record| record.status != Status::Refused);
    let published: BTreeSet<String> = records.map(|record| record.version).chain(current).collect();
    let published: Vec<String> = published.into_iter().collect();
    let paths = gather(store, &published, |version| {
        let version = || version.clone();
        let tombstone = StorageKey::Tombstone { version: version() }.path();
        let gone = but == Some(&*version()) || store.size(&tombstone)?.is_some();
        let files = if gone { Vec::new() } else { manifest_of(store, &version())?.1.files };
        let of_it = [StorageKey::Manifest { version: version() }, StorageKey::Signature { version: version() }];
        let of_it = of_it.iter().map(StorageKey::path).chain([tombstone]);
        Ok(Some(files.into_iter().map(|file| file.path).chain(of_it).collect::<Vec<_>>()))
    })?;
    Ok(paths.into_iter().flatten().collect())
}

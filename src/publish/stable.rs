//! The stable names under `latest/`: copies of the current version's files, for those who want one address for ever.
//! They are renewed one by one, after the pointer has moved; whoever needs files that belong together follows the pointer.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use super::protocol::DIGESTS;
use super::read::{current_pointer, fetch, manifest_of};
use super::{StorageKey, Store, each};
use crate::digest::sha256;
use crate::error::{Context, Result};
use crate::release::{FileEntry, Manifest};

/// The copy of the manifest is written last: where it is the current one's, every stable name is renewed.
const MARK: &str = "manifest.json";

/// Makes `latest/` hold the files of the current version; `local` are those at hand, by their paths in the store. Where
/// the pointer moves meanwhile, the work is done again for where it went.
pub(super) fn renew(store: &dyn Store, local: &HashMap<&str, &Path>) -> Result<()> {
    while let Some((_, pointer)) = current_pointer(store)? {
        let mark_key = StorageKey::Stable { name: MARK.to_owned() };
        let mark = store.get(&mark_key.path())?;
        if mark.as_ref().is_some_and(|bytes| sha256(bytes) == pointer.manifest_sha256) {
            return Ok(());
        }
        let (text, manifest) = manifest_of(store, &pointer.version)?;
        // What is there: the files of the version whose renewal came to its end last. Without the mark that it leaves,
        // anything may be there, and everything is written.
        let before: Option<Manifest> = mark.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let there: HashMap<String, &FileEntry> = before.iter().flat_map(names).collect();
        store.delete(&mark_key)?;
        let wanted: Vec<(String, &FileEntry)> = names(&manifest).collect();
        let differing: Vec<&(String, &FileEntry)> =
            wanted.iter().filter(|(name, file)| there.get(name).is_none_or(|is| is.sha256 != file.sha256)).collect();
        if !copy(store, &differing, local, &pointer.version)? {
            continue;
        }
        let kept: HashSet<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
        // A renewal that was cut short left no list: the version before had what may be left over.
        let parent = match &manifest.parent {
            Some(parent) if before.is_none() => Some(manifest_of(store, &parent.version)?.1),
            _ => None,
        };
        let left_over = there.into_keys().chain(parent.iter().flat_map(names).map(|(name, _)| name));
        for name in left_over.filter(|name| !kept.contains(name.as_str())) {
            store.delete(&StorageKey::Stable { name })?;
        }
        store.put(&mark_key, &text)?;
    }
    Ok(())
}

/// Copies files of a version, as long as it is the current one: a slow publisher must not write over what a faster one has
/// renewed meanwhile. Returns false where it no longer is.
fn copy(
    store: &dyn Store,
    files: &[&(String, &FileEntry)],
    local: &HashMap<&str, &Path>,
    version: &str,
) -> Result<bool> {
    let overtaken = AtomicBool::new(false);
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    each(files, |(name, file)| {
        if current_pointer(store)?.is_none_or(|(_, pointer)| pointer.version != version) {
            overtaken.store(true, Ordering::Relaxed);
        }
        if overtaken.load(Ordering::Relaxed) {
            return Ok(());
        }
        let here = match local.get(&*file.path) {
            Some(path) => (*path).to_owned(),
            None => fetch(store, file, folder.path())?,
        };
        store.put_file(&StorageKey::Stable { name: name.clone() }, &here)
    })?;
    Ok(!overtaken.into_inner())
}

/// Removes every stable name of a version; first of all the mark, which would say that they are there.
pub(super) fn remove(store: &dyn Store, manifest: &Manifest) -> Result<()> {
    store.delete(&StorageKey::Stable { name: MARK.to_owned() })?;
    let names: Vec<String> = names(manifest).map(|(name, _)| name).collect();
    each(&names, |name| store.delete(&StorageKey::Stable { name: name.clone() }))
}

/// The files that have a stable name, each with it.
fn names(manifest: &Manifest) -> impl Iterator<Item = (String, &FileEntry)> {
    manifest.files.iter().filter_map(|file| Some((stable_name(&file.path, &manifest.version)?, file)))
}

/// The name of a file under `latest/`: its path within the version, or its bare name where versions share it. The list
/// of digests has none: it speaks of paths within the version.
#[must_use]
pub fn stable_name(path: &str, version: &str) -> Option<String> {
    let within = path.strip_prefix(&format!("versions/{version}/"));
    let name = within.or_else(|| path.rsplit('/').next())?;
    (name != DIGESTS).then(|| name.to_owned())
}

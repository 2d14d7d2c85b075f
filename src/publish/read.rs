//! Reading a store as anyone would: pointer, manifest, files, each checked against what vouches for it.

use std::path::{Path, PathBuf};

use super::records::Pointer;
use super::{StorageKey, Store};
use crate::digest::sha256;
use crate::error::{Context, Error, Result};
use crate::release::{FileEntry, Manifest};

/// The current version's pointer and manifest, where there is one.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer, or what it answers is not what a
/// publisher wrote.
pub fn current_manifest(store: &dyn Store) -> Result<Option<(Pointer, Manifest)>> {
    let Some(bytes) = store.get(&StorageKey::Latest.path())? else { return Ok(None) };
    let pointer: Pointer = parsed(&bytes, store, "latest.json")?;
    let manifest = store.get(&pointer.manifest)?.ok_or_else(|| {
        Error::unreachable("the pointer leads nowhere").at(format!("{}/{}", store.name(), pointer.manifest))
    })?;
    if sha256(&manifest) != pointer.manifest_sha256 {
        return Err(Error::unreachable("the manifest is not the one that the pointer vouches for").at(format!(
            "{}/{}",
            store.name(),
            pointer.manifest
        )));
    }
    let manifest = parsed(&manifest, store, &pointer.manifest)?;
    Ok(Some((pointer, manifest)))
}

/// What a publisher wrote as JSON.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(bytes: &[u8], store: &dyn Store, path: &str) -> Result<T> {
    serde_json::from_slice(bytes)
        .unreachable("not what a publisher writes")
        .map_err(|error| error.at(format!("{}/{path}", store.name())))
}

/// The manifest of a version.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the store has no such version;
/// [`Unreachable`](crate::error::Kind::Unreachable) when it does not answer.
pub fn manifest_of(store: &dyn Store, version: &str) -> Result<Manifest> {
    let path = StorageKey::Manifest { version: version.to_owned() }.path();
    let bytes = store.get(&path)?.ok_or_else(|| {
        Error::usage(format!("the store has no version {version}"))
            .at(store.name())
            .hint("versions.json lists those that it has")
    })?;
    parsed(&bytes, store, &path)
}

/// Brings a file of a version into a local folder, and checks it against its digest.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it is not there, or not the one that the manifest vouches for.
pub fn fetch(store: &dyn Store, file: &FileEntry, folder: &Path) -> Result<PathBuf> {
    let place = |error: Error| error.at(format!("{}/{}", store.name(), file.path));
    let bytes = store.get(&file.path)?.ok_or_else(|| place(Error::unreachable("the file is not there")))?;
    if sha256(&bytes) != file.sha256 {
        return Err(place(Error::unreachable("the file is not the one that the manifest vouches for")));
    }
    let local = folder.join(file.path.rsplit('/').next().unwrap_or(&file.path));
    std::fs::write(&local, bytes).unreachable("cannot write").map_err(place)?;
    Ok(local)
}

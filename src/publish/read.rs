//! Reading a store as anyone would: pointer, manifest, files, each checked against what vouches for it.

use std::path::{Path, PathBuf};

use super::records::{Pointer, Versions};
use super::{StorageKey, Store, each};
use crate::digest::{sha256, sha256_file};
use crate::error::{Context, Error, Result};
use crate::release::{FileEntry, Manifest};

/// The version on top of which a run works: what the store held when the run began. A version is published on top of
/// it or not at all.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// `latest.json` as it was, where there was one.
    pub(super) pointer_bytes: Option<Vec<u8>>,
    /// What it says, and the manifest that it vouches for.
    pub current: Option<(Pointer, Manifest)>,
}

impl Base {
    /// Reads what the store holds now.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer, or what it answers is not what a
    /// publisher wrote.
    pub fn read(store: &dyn Store) -> Result<Self> {
        let Some((pointer_bytes, pointer)) = current_pointer(store)? else { return Ok(Self::default()) };
        let manifest = vouched_manifest(store, &pointer)?;
        Ok(Self { pointer_bytes: Some(pointer_bytes), current: Some((pointer, manifest)) })
    }

    /// A chain of versions is of one publication.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the store holds versions of another pipeline.
    pub fn check_pipeline(&self, store: &dyn Store, pipeline: &str) -> Result<()> {
        match self.manifest() {
            Some(manifest) if manifest.pipeline != pipeline => Err(Error::usage(format!(
                "the store holds versions of the pipeline {}, not of {pipeline}",
                manifest.pipeline
            ))
            .at(store.name())
            .hint("give each pipeline a store of its own with --store")),
            _ => Ok(()),
        }
    }

    /// The manifest of that version.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.current.as_ref().map(|(_, manifest)| manifest)
    }
}

/// The pointer, as it is written and what it says.
pub(super) fn current_pointer(store: &dyn Store) -> Result<Option<(Vec<u8>, Pointer)>> {
    let path = StorageKey::Latest.path();
    let Some(bytes) = store.get(&path)? else { return Ok(None) };
    let pointer = parsed(&bytes, store, &path)?;
    Ok(Some((bytes, pointer)))
}

/// The current version's pointer and manifest, where there is one.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer, or what it answers is not what a
/// publisher wrote.
pub fn current_manifest(store: &dyn Store) -> Result<Option<(Pointer, Manifest)>> {
    let Some((_, pointer)) = current_pointer(store)? else { return Ok(None) };
    let manifest = vouched_manifest(store, &pointer)?;
    Ok(Some((pointer, manifest)))
}

fn vouched_manifest(store: &dyn Store, pointer: &Pointer) -> Result<Manifest> {
    let place = |error: Error| error.at(format!("{}/{}", store.name(), pointer.manifest));
    let manifest =
        store.get(&pointer.manifest)?.ok_or_else(|| place(Error::unreachable("the pointer leads nowhere")))?;
    if sha256(&manifest) != pointer.manifest_sha256 {
        return Err(place(Error::unreachable("the manifest is not the one that the pointer vouches for")));
    }
    parsed(&manifest, store, &pointer.manifest)
}

/// What a publisher wrote as JSON.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(bytes: &[u8], store: &dyn Store, path: &str) -> Result<T> {
    serde_json::from_slice(bytes)
        .unreachable("not what a publisher writes")
        .map_err(|error| error.at(format!("{}/{path}", store.name())))
}

/// The list of versions, as it is written and what it says.
pub(super) fn list(store: &dyn Store) -> Result<(Option<Vec<u8>>, Versions)> {
    let path = StorageKey::Versions.path();
    let bytes = store.get(&path)?;
    let versions = match &bytes {
        None => Versions::default(),
        Some(bytes) => parsed(bytes, store, &path)?,
    };
    Ok((bytes, versions))
}

/// The manifest of a version, as it is written and what it says.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the store has no such version;
/// [`Unreachable`](crate::error::Kind::Unreachable) when it does not answer.
pub fn manifest_of(store: &dyn Store, version: &str) -> Result<(Vec<u8>, Manifest)> {
    let path = StorageKey::Manifest { version: version.to_owned() }.path();
    let bytes = store.get(&path)?.ok_or_else(|| {
        Error::usage(format!("the store has no version {version}"))
            .at(store.name())
            .hint("versions.json lists those that it has")
    })?;
    let manifest = parsed(&bytes, store, &path)?;
    Ok((bytes, manifest))
}

/// Brings files of a version under a local folder, several at once.
///
/// # Errors
/// As for [`fetch`].
pub fn fetch_all(store: &dyn Store, files: &[&FileEntry], folder: &Path) -> Result<()> {
    each(files, |file| fetch(store, file, folder).map(|_| ()))
}

/// Brings a file of a version under a local folder, and checks it against its digest.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it is not there, or not the one that the manifest vouches for.
pub fn fetch(store: &dyn Store, file: &FileEntry, folder: &Path) -> Result<PathBuf> {
    let place = |error: Error| error.at(format!("{}/{}", store.name(), file.path));
    let local = folder.join(&file.path);
    if let Some(parent) = local.parent() {
        std::fs::create_dir_all(parent).unreachable("cannot write").map_err(place)?;
    }
    // Under its own name it stands only once it is whole and the right one.
    let aside = local.with_extension("part");
    if !store.get_file(&file.path, &aside)? {
        return Err(place(Error::unreachable("the file is not there")));
    }
    if sha256_file(&aside)? != (file.bytes, file.sha256.clone()) {
        return Err(place(Error::unreachable("the file is not the one that the manifest vouches for")));
    }
    std::fs::rename(&aside, &local).unreachable("cannot write").map_err(place)?;
    Ok(local)
}

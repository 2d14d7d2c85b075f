//! Reading a store as anyone would: pointer, manifest, files, each checked against what vouches for it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::records::{Pointer, Status, VersionRecord, Versions};
use super::{StorageKey, Store, each};
use crate::digest::{sha256, sha256_file};
use crate::error::{Context, Error, Result};
use crate::release::{FileEntry, Manifest, RawFile};
use crate::schema::TableSchema;

/// The version on top of which a run works: what the store held when the run began. A version is published on top of
/// it or not at all.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// `latest.json` as it was, where there was one.
    pub(super) pointer_bytes: Option<Vec<u8>>,
    /// What it says, and the manifest that it vouches for.
    pub current: Option<(Pointer, Manifest)>,
    /// The list of versions.
    pub versions: Versions,
}

impl Base {
    /// Reads what the store holds now.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer, or what it answers is not what a
    /// publisher wrote.
    pub fn read(store: &dyn Store) -> Result<Self> {
        let versions = list(store)?.1;
        let pointer_bytes = store.get(&StorageKey::Latest.path())?;
        let pointer = pointer_bytes.as_deref().map(|bytes| parsed_pointer(bytes, store)).transpose()?.flatten();
        let Some(pointer) = pointer else { return Ok(Self { pointer_bytes, current: None, versions }) };
        if versions.published(&pointer.version).is_some_and(|record| record.status == Status::Retracted) {
            return Err(still_current(store, &pointer.version));
        }
        let manifest = vouched_manifest(store, &pointer)?;
        Ok(Self { pointer_bytes, current: Some((pointer, manifest)), versions })
    }

    /// Makes sure that nobody has retracted it since.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when somebody has, or the store does not answer.
    pub(super) fn stands(&self, store: &dyn Store) -> Result<()> {
        let Some((pointer, _)) = &self.current else { return Ok(()) };
        let versions = list(store)?.1;
        match versions.published(&pointer.version).filter(|record| record.status == Status::Retracted) {
            None => Ok(()),
            Some(record) => Err(Error::unreachable(format!(
                "version {}, on which this run stands, was retracted while it was at work: {}",
                pointer.version,
                record.reason.as_deref().unwrap_or("no reason was given")
            ))
            .at(store.name())
            .hint("nothing of this run is visible; run again, on top of the version that stands now")),
        }
    }

    /// A chain of versions is of one publication.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the store holds versions of another pipeline.
    pub fn check_pipeline(&self, store: &dyn Store, pipeline: &str) -> Result<()> {
        self.manifest().map_or(Ok(()), |manifest| check_pipeline(store, manifest, pipeline))
    }

    /// Raw files that the current version left alone.
    #[must_use]
    pub fn files_left_alone(&self) -> HashSet<String> {
        let left_alone = self.manifest().and_then(|manifest| manifest.left_alone.as_array());
        left_alone.into_iter().flatten().filter_map(|file| Some(file["file"].as_str()?.to_owned())).collect()
    }

    /// Nights that were refused or retracted since.
    pub fn failed_since(&self) -> impl Iterator<Item = &VersionRecord> {
        let current = self.current.as_ref().map(|(pointer, _)| pointer.version.as_str());
        let since = self.versions.since(current);
        since.filter(|record| record.status != Status::Published)
    }

    /// The manifest of that version.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.current.as_ref().map(|(_, manifest)| manifest)
    }
}

/// Whether a version is of a pipeline.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when it is another's.
pub fn check_pipeline(store: &dyn Store, manifest: &Manifest, pipeline: &str) -> Result<()> {
    if manifest.pipeline == pipeline {
        return Ok(());
    }
    Err(Error::usage(format!("the store holds versions of the pipeline {}, not of {pipeline}", manifest.pipeline))
        .at(store.name())
        .hint("give each pipeline a store of its own with --store"))
}

/// Of a version that was retracted, and to which the pointer leads all the same.
fn still_current(store: &dyn Store, version: &str) -> Error {
    Error::unreachable(format!("version {version} was retracted, and is still current"))
        .at(store.name())
        .hint("the retraction was cut short: run guichets retract again")
}

/// The pointer, as it is written and what it says.
pub(super) fn current_pointer(store: &dyn Store) -> Result<Option<(Vec<u8>, Pointer)>> {
    let Some(bytes) = store.get(&StorageKey::Latest.path())? else { return Ok(None) };
    Ok(parsed_pointer(&bytes, store)?.map(|pointer| (bytes, pointer)))
}

/// A pointer that names no version says that every version was retracted.
fn parsed_pointer(bytes: &[u8], store: &dyn Store) -> Result<Option<Pointer>> {
    let path = StorageKey::Latest.path();
    let value: Value = parsed(bytes, store, &path)?;
    if value["version"].is_null() { Ok(None) } else { parsed(bytes, store, &path).map(Some) }
}

/// The current version's pointer and manifest, where there is one; whether it may be cited is for the caller to see, as
/// [`citable`] does.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer, or what it answers is not what a
/// publisher wrote.
pub(super) fn current_manifest(store: &dyn Store) -> Result<Option<(Pointer, Manifest)>> {
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
    parsed_manifest(&manifest, store, &pointer.manifest)
}

/// A manifest names files of its own version and shared ones, and nothing outside the store.
pub(super) fn parsed_manifest(bytes: &[u8], store: &dyn Store, path: &str) -> Result<Manifest> {
    let manifest: Manifest = parsed(bytes, store, path)?;
    let own = format!("versions/{}/", manifest.version);
    let inside = |path: &str| {
        (path.starts_with(&own) || path.starts_with("data/"))
            && !path.contains('\\')
            && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
    };
    match manifest.files.iter().find(|file| !inside(&file.path)) {
        None => Ok(manifest),
        Some(file) => {
            Err(Error::unreachable(format!("the manifest names « {} », which is not a file of it", file.path))
                .at(format!("{}/{path}", store.name())))
        }
    }
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
    let manifest = parsed_manifest(&bytes, store, &path)?;
    Ok((bytes, manifest))
}

/// The raw files that a night has read: as its record says, or its manifest where it has one.
///
/// # Errors
/// As for [`manifest_of`].
pub fn files_read(store: &dyn Store, record: &VersionRecord) -> Result<Vec<RawFile>> {
    if record.files_read.is_empty() && record.manifest_sha256.is_some() {
        return Ok(manifest_of(store, &record.version)?.1.files_read);
    }
    Ok(record.files_read.clone())
}

/// The current version, where there is one that may be cited.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it was retracted, the list of versions does not vouch for it, the store
/// does not answer, or what it answers is not what a publisher wrote.
pub fn citable_now(store: &dyn Store) -> Result<Option<(Pointer, Manifest)>> {
    let base = Base::read(store)?;
    let Some((pointer, manifest)) = base.current else { return Ok(None) };
    // The list was read before the pointer, and a publisher completes it after that.
    let is_listed = base.versions.published(&pointer.version).is_some();
    let versions = if is_listed { base.versions } else { list(store)?.1 };
    check_listed(store, &versions, &pointer.version, &pointer.manifest_sha256)?;
    Ok(Some((pointer, manifest)))
}

/// Whether the list of versions gives the manifest of a version that digest.
fn check_listed(store: &dyn Store, versions: &Versions, version: &str, manifest_sha256: &str) -> Result<()> {
    match versions.published(version).map(|record| record.manifest_sha256.as_deref()) {
        Some(Some(listed)) if listed == manifest_sha256 => Ok(()),
        None => Err(Error::unreachable(format!("version {version} is not in the list of versions"))
            .at(store.name())
            .hint("a publisher is still at it, or was stopped there: ask again later, or run again, which completes the list")),
        Some(_) => Err(Error::unreachable(format!("the list of versions does not vouch for version {version}"))
            .at(store.name())
            .hint("guichets verify says what else does not hold")),
    }
}

/// A version that may be cited: the current one, or one by its name; with the digest of its manifest.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the store has no such version, or it was retracted;
/// [`Unreachable`](crate::error::Kind::Unreachable) as for [`citable_now`].
pub fn citable(store: &dyn Store, version: Option<&str>) -> Result<(String, Manifest)> {
    let Some(version) = version else {
        let (pointer, manifest) = citable_now(store)?.ok_or_else(|| {
            Error::usage("the store has no version to cite").at(store.name()).hint("publish one with guichets run")
        })?;
        return Ok((pointer.manifest_sha256, manifest));
    };
    let versions = list(store)?.1;
    let record = versions.published(version);
    if let Some(record) = record.filter(|record| record.status == Status::Retracted) {
        if current_pointer(store)?.is_some_and(|(_, pointer)| pointer.version == version) {
            return Err(still_current(store, version));
        }
        let reason = record.reason.as_deref().unwrap_or("no reason was given");
        return Err(Error::usage(format!("version {version} was retracted: {reason}"))
            .at(store.name())
            .hint("leave --version out, and the version that stands is taken"));
    }
    let (bytes, manifest) = manifest_of(store, version)?;
    let digest = sha256(&bytes);
    check_listed(store, &versions, version, &digest)?;
    Ok((digest, manifest))
}

/// Brings files of a version under a local folder, several at once.
///
/// # Errors
/// As for [`fetch`].
pub fn fetch_all(store: &dyn Store, files: &[&FileEntry], folder: &Path) -> Result<()> {
    each(store, files, |file| fetch(store, file, folder).map(|_| ()))
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
    let mut aside = local.clone().into_os_string();
    aside.push(".part");
    let aside = PathBuf::from(aside);
    if !store.get_file(&file.path, &aside, file.bytes)? {
        return Err(place(Error::unreachable("the file is not there")));
    }
    if sha256_file(&aside)? != (file.bytes, file.sha256.clone()) {
        return Err(place(Error::unreachable("the file is not the one that the manifest vouches for")));
    }
    std::fs::rename(&aside, &local).unreachable("cannot write").map_err(place)?;
    Ok(local)
}

/// The schema that a version carries for one of its tables.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it is not there.
pub fn published_schema(store: &dyn Store, manifest: &Manifest, table: &str, folder: &Path) -> Result<TableSchema> {
    let entry = manifest.schemas().remove(table).ok_or_else(|| {
        Error::unreachable(format!("the version {} has no schema of {table}", manifest.version)).at(store.name())
    })?;
    TableSchema::load(&fetch(store, entry, folder)?)
}

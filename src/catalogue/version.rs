//! The published version that a catalogue is to speak of: read from the store, never from the working copy.

use crate::digest::sha256;
use crate::error::{Context, Error, Kind, Result};
use crate::publish::{Pointer, Status, StorageKey, Store, Versions, current_manifest, fetch_all};
use crate::release::Manifest;
use crate::schema::Catalog;

/// The current version of a store, with the schemas that it was published with.
#[derive(Debug, Clone)]
pub struct PublishedVersion {
    /// The pointer that led to it.
    pub pointer: Pointer,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its schemas.
    pub schemas: Catalog,
}

impl PublishedVersion {
    /// Reads the current version of a pipeline's store.
    ///
    /// # Errors
    /// [`Usage`](Kind::Usage) when nothing is published there, or by another pipeline; [`Refused`](Kind::Refused) when
    /// the version was retracted; [`Unreachable`](Kind::Unreachable) when the store does not answer, or does not hold
    /// what its manifest says.
    pub fn read(store: &dyn Store, pipeline: &str) -> Result<Self> {
        let (pointer, manifest) = current_manifest(store)?.ok_or_else(|| {
            Error::usage("nothing is published there yet")
                .at(store.name())
                .hint("publish first, with guichets run; a catalogue speaks of what readers can already fetch")
        })?;
        if manifest.pipeline != pipeline {
            return Err(Error::usage(format!(
                "the store holds the publication of {}, not of {pipeline}",
                manifest.pipeline
            ))
            .at(store.name()));
        }
        vouched_for(store, &pointer.version)?;
        let schemas = schemas(store, &manifest)?;
        Ok(Self { pointer, manifest, schemas })
    }

    /// Whether what an address gave is this version's manifest.
    #[must_use]
    pub fn is_its_manifest(&self, bytes: &[u8]) -> bool {
        sha256(bytes) == self.pointer.manifest_sha256
    }
}

/// The list of versions must not say otherwise than the pointer.
fn vouched_for(store: &dyn Store, version: &str) -> Result<()> {
    let path = StorageKey::Versions.path();
    let Some(bytes) = store.get(&path)? else { return Ok(()) };
    let versions: Versions = serde_json::from_slice(&bytes)
        .unreachable("not what a publisher writes")
        .map_err(|error| error.at(format!("{}/{path}", store.name())))?;
    // A night that was refused may bear the same name.
    match versions.published(version) {
        Some(record) if record.status == Status::Retracted => {
            Err(Error::new(Kind::Refused, format!("the version {version} is no longer vouched for"))
                .at(format!("{}/{path}", store.name()))
                .hint("publish another version first"))
        }
        _ => Ok(()),
    }
}

/// The schemas of the version itself: those of the working copy may be newer.
fn schemas(store: &dyn Store, manifest: &Manifest) -> Result<Catalog> {
    let folder = tempfile::TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    let prefix = format!("versions/{}/schemas/", manifest.version);
    fetch_all(store, &manifest.schemas().into_values().collect::<Vec<_>>(), folder.path())?;
    Catalog::load(&folder.path().join(&prefix)).map_err(|error| error.at(format!("{}/{prefix}", store.name())))
}

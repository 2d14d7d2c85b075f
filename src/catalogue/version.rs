//! The published version that a catalogue is to speak of: read from the store, never from the working copy.

use crate::digest::sha256;
use crate::error::{Context, Error, Result};
use crate::publish::{Pointer, Store, check_pipeline, citable_now, fetch_all};
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
    /// [`Usage`](crate::error::Kind::Usage) when nothing is published there, or by another pipeline;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the version was retracted or the list of versions does not vouch
    /// for it, the store does not answer, or does not hold what its manifest says.
    pub fn read(store: &dyn Store, pipeline: &str) -> Result<Self> {
        let (pointer, manifest) = citable_now(store)?.ok_or_else(|| {
            Error::usage("nothing is published there yet")
                .at(store.name())
                .hint("publish first, with guichets run; a catalogue speaks of what readers can already fetch")
        })?;
        check_pipeline(store, &manifest, pipeline)?;
        let schemas = schemas(store, &manifest)?;
        Ok(Self { pointer, manifest, schemas })
    }

    /// Whether what an address gave is this version's manifest.
    #[must_use]
    pub fn is_its_manifest(&self, bytes: &[u8]) -> bool {
        sha256(bytes) == self.pointer.manifest_sha256
    }
}

/// The schemas of the version itself: those of the working copy may be newer.
fn schemas(store: &dyn Store, manifest: &Manifest) -> Result<Catalog> {
    let folder = tempfile::TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    let prefix = format!("versions/{}/schemas/", manifest.version);
    fetch_all(store, &manifest.schemas().into_values().collect::<Vec<_>>(), folder.path())?;
    Catalog::load(&folder.path().join(&prefix)).map_err(|error| error.at(format!("{}/{prefix}", store.name())))
}

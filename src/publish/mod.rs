//! Publish: a version becomes visible, whole, by one move of a pointer.
//!
//! Order of writing: the files that are missing, by digest; the manifest; then the pointer `latest.json`, by one
//! conditional write; then the list `versions.json`; then the stable names under `latest/`. A reader who follows the
//! pointer sees the old version or the new one, never a mix.

mod key;
mod local;
mod protocol;
mod read;
mod records;

pub use key::{CachePolicy, StorageKey};
pub use local::LocalStore;
pub use protocol::{
    DIGESTS, Outcome, Published, Release, chosen_version, free_version, publish, record_refusal, stable_name,
};
pub use read::{current_manifest, fetch, manifest_of};
pub use records::{Pointer, Status, VersionRecord, Versions};

use std::path::Path;

use crate::error::{Error, Result};

/// Where versions are kept. Every write is atomic: a reader sees the object before it or after it.
pub trait Store: Send + Sync {
    /// How the store was named by the caller.
    fn name(&self) -> String;

    /// The bytes of an object, or nothing where there is none.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>>;

    /// The size of an object, or nothing where there is none.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
    fn size(&self, path: &str) -> Result<Option<u64>>;

    /// Writes an object from a file, over what was there.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be written.
    fn put_file(&self, key: &StorageKey, file: &Path) -> Result<()>;

    /// Writes an object from bytes, over what was there.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be written.
    fn put(&self, key: &StorageKey, bytes: &[u8]) -> Result<()>;

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be removed.
    fn delete(&self, key: &StorageKey) -> Result<()>;

    /// Writes an object only if it still holds `expected` (`None`: only if it does not exist). Returns false, and
    /// writes nothing, where another publisher was faster.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be written.
    fn swap(&self, key: &StorageKey, expected: Option<&[u8]>, bytes: &[u8]) -> Result<bool>;
}

/// Opens the store of a URL or a folder.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) for a scheme that no store has.
pub fn open(store: &str) -> Result<Box<dyn Store>> {
    match store.split_once("://") {
        None => Ok(Box::new(LocalStore::open(Path::new(store))?)),
        Some(("file", path)) => Ok(Box::new(LocalStore::open(Path::new(path))?)),
        Some((scheme, _)) => Err(Error::usage(format!("publishing to {scheme}:// is not there yet"))
            .at(store)
            .hint("publish to a local folder and synchronise it")),
    }
}

//! Where versions are kept, whatever keeps them: a folder, an object store, or, to read alone, an HTTP address.

mod http;
mod local;
mod object;

pub use local::{ASIDE, LocalStore, place};
pub use object::ObjectBackend;

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::http::HttpStore;
use super::StorageKey;
use crate::digest::token;
use crate::error::{Error, Result};
use crate::net;

/// Where versions are kept. Every write is atomic: a reader sees the object before it or after it, and after it no
/// reader sees what was before.
pub trait Store: Send + Sync {
    /// How the store was named by the caller.
    fn name(&self) -> String;

    /// The bytes of a small object, or nothing where there is none.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer, or the object is larger than any that is
    /// read whole.
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>>;

    /// Brings an object into a local file; returns false where there is none. Of one that has more bytes than `at_most`
    /// no more is brought than shows it.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer, or answers less than it said.
    fn get_file(&self, path: &str, file: &Path, at_most: u64) -> Result<bool>;

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
    /// writes nothing, where another publisher was faster. Where the answer to the write is lost, what the store holds
    /// afterwards decides; so no two publishers may ever swap in the same bytes.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be written, or is refused though nobody else wrote.
    fn swap(&self, key: &StorageKey, expected: Option<&[u8]>, bytes: &[u8]) -> Result<bool>;

    /// Makes sure that [`swap`](Self::swap) keeps its promise here, by trying it.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) where the store cannot write conditionally, only claims to, or refuses the tags
    /// that it gave itself;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it does not answer.
    fn check_swap(&self) -> Result<()>;

    /// Every object under the store's root, whoever wrote it, in no particular order.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) where the store cannot be listed;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it does not answer.
    fn objects(&self) -> Result<Vec<Object>>;

    /// Where anyone could fetch an object over HTTP, if the store is public; nothing for a folder.
    fn public_url(&self, path: &str) -> Option<String>;

    /// Requests under way at once, 1 or more: what takes time is the way to the store, not the work.
    fn at_once(&self) -> usize {
        8
    }

    /// Waits before something is tried again.
    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }

    /// By which a writer knows its own marks again. No two are ever the same.
    fn token(&self) -> String {
        token()
    }
}

/// An object as a listing gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// From the store's root.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last written, by the store's clock.
    pub modified: DateTime<Utc>,
}

/// What a store is opened for, and what to do with one that cannot write conditionally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guard {
    /// It is read alone, and nothing is written there, not even to try it.
    #[default]
    Reader,
    /// Nothing is published there unless it writes conditionally.
    Required,
    /// Somebody said that there is never more than one publisher.
    Waived,
}

/// Opens the store of a URL or a folder. Nothing is asked of it, and nothing made, before the first use. Endpoints and
/// credentials of object stores come from the environment variables that the crate `object_store` documents
/// (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_NAME` and so on), and from
/// nowhere else. Amazon's own machines are asked for theirs only where `AWS_METADATA_ENDPOINT` says so.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) for a scheme that no store has, or a configuration that cannot be; for S3, where
/// there are no credentials.
pub fn open(store: &str, guard: Guard) -> Result<Box<dyn Store>> {
    match store.split_once("://") {
        None => Ok(Box::new(LocalStore::new(Path::new(store)))),
        Some(("file", path)) => Ok(Box::new(LocalStore::new(Path::new(path)))),
        Some(("http" | "https", _)) => Ok(Box::new(HttpStore::new(store)?)),
        Some(("s3" | "s3a" | "gs" | "az" | "azure" | "abfs" | "abfss" | "memory", _)) => {
            Ok(Box::new(ObjectBackend::open(store, guard)?))
        }
        Some((scheme, _)) => Err(Error::usage(format!("no store is reached by {scheme}://"))
            .at(net::shown(store))
            .hint("name a folder, or use s3://bucket/prefix, gs://, az:// or, to read alone, http:// or https://")),
    }
}

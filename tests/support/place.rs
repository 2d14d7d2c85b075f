//! Stores of a test's own, of every kind, and what a reader finds there.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use guichets_ouverts::error::{Error, Kind, Result};
use guichets_ouverts::progress::{Progress, Silent};
use guichets_ouverts::publish::{Base, LocalStore, ObjectBackend, Store, Versions, verify};
use object_store::memory::InMemory;
use tempfile::TempDir;

use super::azure::Container;
use super::gcs::Gcs;
use super::s3::Bucket;

/// A store that a test can open as often as it likes.
pub enum Place {
    Folder(TempDir),
    Memory(Arc<InMemory>),
    S3(Bucket),
    Azure(Container),
    Google(Gcs),
}

impl Place {
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Memory(Arc::default())).chain(Self::shared())
    }

    /// Those that several processes can reach.
    pub fn shared() -> impl Iterator<Item = Self> {
        let here = [Self::Folder(tempfile::tempdir().unwrap()), Self::S3(Bucket::new()), Self::Google(Gcs::new())];
        here.into_iter().chain(Container::new().map(Self::Azure))
    }

    pub fn open(&self) -> Box<dyn Store> {
        match self {
            Self::Folder(folder) => Box::new(LocalStore::new(folder.path())),
            Self::Memory(memory) => Box::new(ObjectBackend::over("memory:///", Arc::clone(memory) as _).unwrap()),
            Self::S3(bucket) => Box::new(bucket.store()),
            Self::Azure(container) => Box::new(container.store()),
            Self::Google(gcs) => Box::new(gcs.store()),
        }
    }

    /// A publisher in a process of its own, which begins when the file `start` is there.
    pub fn publisher(&self, said: &str, start: &Path) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "publishers::a_publisher_in_a_process_of_its_own", "--nocapture"]);
        let url = match self {
            Self::Folder(folder) => folder.path().to_str().unwrap().to_owned(),
            Self::S3(bucket) => {
                command.envs(bucket.environment());
                bucket.url()
            }
            Self::Azure(container) => {
                command.envs(container.environment());
                container.url()
            }
            Self::Google(gcs) => {
                command.envs(gcs.environment());
                gcs.url()
            }
            Self::Memory(_) => unreachable!("no other process sees this one's memory"),
        };
        command.env("PUBLISHER_STORE", url).env("PUBLISHER_SAYS", said).env("PUBLISHER_START", start);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// What a reader who follows the pointer finds: a version that verifies, and what its table says.
pub fn read(store: &dyn Store) -> Option<String> {
    let (_, manifest) = Base::read(store).unwrap().current?;
    let path = format!("versions/{}/paroles.csv", manifest.version);
    let entry = manifest.files.iter().find(|file| file.path == path).unwrap();
    let bytes = store.get(&path).unwrap().expect("the manifest's files are there");
    assert_eq!(guichets_ouverts::digest::sha256(&bytes), entry.sha256, "the file is the manifest's");
    Some(String::from_utf8(bytes).unwrap().lines().nth(1).unwrap().to_owned())
}

/// The current version is all that it says.
pub fn assert_verifies(store: &dyn Store) {
    let found = verify(store, None, None, &Silent).unwrap();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert!(found.files > 0);
}

/// The list of versions.
pub fn versions(store: &dyn Store) -> Versions {
    serde_json::from_slice(&store.get("versions.json").unwrap().unwrap()).unwrap()
}

/// Stops a publication after some of its steps.
pub struct StopsAfter(pub AtomicUsize);

impl Progress for StopsAfter {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn proceed(&self) -> Result<()> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(|_| ()).map_err(|_| Error::new(Kind::Interrupted, "stopped"))
    }
}

//! Publish: a version becomes visible, whole, by one move of a pointer.
//!
//! Order of writing: a claim on the version's name; the files that are missing, by digest; the manifest; then the pointer
//! `latest.json`, by one conditional write; then the list `versions.json`; then the stable names under `latest/`. A reader
//! who follows the pointer sees the old version or the new one, never a mix.
//!
//! Whoever has an address can verify what stands there, without the program that published it:
//!
//! ```
//! use guichets_ouverts::progress::Silent;
//! use guichets_ouverts::publish::{Guard, open, verify};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let packed = std::fs::File::open("tests/fixtures/stores/before-0.1.0/store.tar.zst").unwrap();
//! # let mut unpacked = zstd::Decoder::new(packed).unwrap();
//! # unpacked.window_log_max(27).unwrap();
//! # tar::Archive::new(unpacked).unpack(folder.path()).unwrap();
//! # let address = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path().display().to_string();
//! let store = open(&address, Guard::default())?; // a folder here; s3://, gs://, az:// and https:// as well
//! let verified = verify(store.as_ref(), None, None, &Silent)?;
//! assert!(verified.faults.is_empty());
//! # Ok::<(), guichets_ouverts::error::Error>(())
//! ```

mod again;
mod clearing;
mod key;
mod names;
mod protocol;
mod read;
mod records;
mod retract;
mod sign;
mod stable;
mod status;
mod store;
mod sweep;
mod verify;
mod view;

pub use key::{CachePolicy, StorageKey};
pub use names::{chosen_version, free_version};
pub use protocol::{DIGESTS, News, Outcome, Published, Release, publish, record_refusal};
pub use read::{
    Base, check_pipeline, citable, citable_now, fetch, fetch_all, files_read, manifest_of, published_schema,
};
pub use records::{Pointer, Status, VersionRecord, Versions};
pub use retract::{Retraction, retract};
pub use sign::{SigningKey, VerifyingKey};
pub use stable::{stable_name, stable_names_stand, unpack_pages};
pub use status::{Health, StatusReport, status};
pub use store::{ASIDE, Guard, LocalStore, Object, ObjectBackend, Store, open, place};
pub use sweep::{Leftover, Sweep, What, sweep};
pub use verify::{Fault, VerifiedVersion, verify};
pub use view::{View, Withdrawal, view};

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Result;

/// Does something with each item, as many at once as the store bears; stops at the first error.
fn each<T: Sync>(store: &dyn Store, items: &[T], act: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let at_once = store.at_once().min(items.len());
    if at_once <= 1 {
        return items.iter().try_for_each(act);
    }
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = act(item) {
                        // The others stop after what they have in hand.
                        next.store(items.len(), Ordering::Relaxed);
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// The same, and what it gives of each item, where it gives something; in no particular order.
fn gather<T: Sync, R: Send>(
    store: &dyn Store,
    items: &[T],
    act: impl Fn(&T) -> Result<Option<R>> + Sync,
) -> Result<Vec<R>> {
    let found = Mutex::new(Vec::new());
    each(store, items, |item| {
        let result = act(item)?;
        found.lock().unwrap_or_else(PoisonError::into_inner).extend(result);
        Ok(())
    })?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// As publishers write JSON: two spaces, and a line end.
fn json(value: &impl serde::Serialize) -> Vec<u8> {
    // Strings and numbers under string keys: they always serialise.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

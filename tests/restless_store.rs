//! Whoever changes an object that others never stop changing gives up after a while, and says so.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use guichets_ouverts::error::{Kind, Result};
use guichets_ouverts::publish::{LocalStore, Object, StorageKey, Store, record_refusal};
use serde_json::json;

/// A folder in which another publisher is always faster, and time does not pass.
struct Restless {
    folder: LocalStore,
    /// How often another is faster before nobody is.
    others: Mutex<u32>,
    pauses: Mutex<Vec<Duration>>,
}

impl Store for Restless {
    fn name(&self) -> String {
        self.folder.name()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>> {
        self.folder.get(path)
    }

    fn get_file(&self, path: &str, file: &Path, at_most: u64) -> Result<bool> {
        self.folder.get_file(path, file, at_most)
    }

    fn size(&self, path: &str) -> Result<Option<u64>> {
        self.folder.size(path)
    }

    fn put_file(&self, key: &StorageKey, file: &Path) -> Result<()> {
        self.folder.put_file(key, file)
    }

    fn put(&self, key: &StorageKey, bytes: &[u8]) -> Result<()> {
        self.folder.put(key, bytes)
    }

    fn delete(&self, key: &StorageKey) -> Result<()> {
        self.folder.delete(key)
    }

    fn swap(&self, key: &StorageKey, expected: Option<&[u8]>, bytes: &[u8]) -> Result<bool> {
        let mut others = self.others.lock().unwrap();
        if *others == 0 {
            return self.folder.swap(key, expected, bytes);
        }
        *others -= 1;
        Ok(false)
    }

    fn check_swap(&self) -> Result<()> {
        Ok(())
    }

    fn objects(&self) -> Result<Vec<Object>> {
        self.folder.objects()
    }

    fn public_url(&self, _: &str) -> Option<String> {
        None
    }

    fn pause(&self, time: Duration) {
        self.pauses.lock().unwrap().push(time);
    }
}

/// Notes a refused night while others are faster so often; gives how long was waited each time.
fn note(others: u32) -> (Result<()>, Vec<Duration>) {
    let folder = tempfile::tempdir().unwrap();
    let store =
        Restless { folder: LocalStore::new(folder.path()), others: Mutex::new(others), pauses: Mutex::default() };
    let now = "2019-06-01T06:00:00+02:00".parse().unwrap();
    let noted = record_refusal(&store, "2019-06-01", now, true, json!([]), Vec::new());
    assert_eq!(noted.is_ok(), store.get("versions.json").unwrap().is_some());
    (noted, store.pauses.into_inner().unwrap())
}

#[test]
fn what_others_never_stop_changing_is_given_up_and_told() {
    let (noted, pauses) = note(u32::MAX);
    let error = noted.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.to_string().contains("versions.json kept changing during 100 attempts"), "{error}");
    assert!(error.advice().is_some_and(|hint| hint.contains("run again")), "{error}");
    assert!(pauses.is_sorted() && pauses.len() == 99, "no wait is shorter than the one before: {pauses:?}");
    assert!(pauses.iter().sum::<Duration>() < Duration::from_secs(30), "nobody waits for minutes: {pauses:?}");
}

#[test]
fn what_others_change_a_few_times_is_changed_after_them() {
    let (noted, pauses) = note(3);
    noted.unwrap();
    assert_eq!(pauses.len(), 3);
}

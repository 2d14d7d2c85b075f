//! Verifying a version finds what is wrong with it, wherever that is.

use guichets_ouverts::progress::Silent;
use guichets_ouverts::publish::{StorageKey, citable, manifest_of, verify};

use crate::support::place::{Place, assert_verifies};
use crate::support::releases::publish_next;

/// A manifest is what somebody else wrote: a path that leads out of the store is not followed.
#[test]
fn a_manifest_that_names_files_elsewhere_is_refused() {
    let place = Place::Folder(tempfile::tempdir().unwrap());
    let store = place.open();
    publish_next(store.as_ref(), "un", 3).unwrap();
    let path = "versions/2019-06-01/manifest.json";
    let text = String::from_utf8(store.get(path).unwrap().unwrap()).unwrap();
    for elsewhere in ["/etc/passwd", "data/../../passwd", "versions/2031-01-01/x.csv", "data//x"] {
        let changed = text.replacen("versions/2019-06-01/LISEZ-MOI.txt", elsewhere, 1);
        assert_ne!(changed, text);
        store.put(&StorageKey::File { path: path.to_owned() }, changed.as_bytes()).unwrap();
        let refused = manifest_of(store.as_ref(), "2019-06-01").unwrap_err();
        assert!(refused.to_string().contains(elsewhere), "{refused}");
    }
}

#[test]
fn bytes_flipped_in_any_file_are_named() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        publish_next(store, "un", 3).unwrap();
        publish_next(store, "deux", 3).unwrap();
        let (_, manifest) = citable(store, None).unwrap();
        let files = manifest.files.iter().map(|file| file.path.clone());
        let paths = files
            .chain(["versions/2019-06-01.2/manifest.json", "versions/2019-06-01/manifest.json"].map(str::to_owned));
        for path in paths {
            let good = store.get(&path).unwrap().unwrap();
            let mut bad = good.clone();
            // A digit of a JSON number or a letter of a text: what is read must still be JSON.
            let at = bad.iter().rposition(u8::is_ascii_digit).unwrap_or(bad.len() / 2);
            bad[at] = if bad[at] == b'1' { b'2' } else { b'1' };
            let key = StorageKey::File { path: path.clone() };
            store.put(&key, &bad).unwrap();
            let found = verify(store, None, None, &Silent);
            let named = match &found {
                Ok(found) => found.faults.iter().any(|fault| fault.path == path),
                Err(error) => error.to_string().contains(&path),
            };
            assert!(named, "{path}: {found:?}");
            store.put(&key, &good).unwrap();
        }
        assert_verifies(store);
        store.delete(&StorageKey::File { path: manifest.files[0].path.clone() }).unwrap();
        let found = verify(store, None, None, &Silent).unwrap();
        assert_eq!((found.faults.len(), found.faults[0].what.as_str()), (1, "is not there"));
    }
}

/// What a slow publisher wrote over a stable name, or removed, is found, though the mark is the current version's.
#[test]
fn a_stable_name_that_is_not_the_current_version_s_is_named() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        publish_next(store, "un", 3).unwrap();
        let before = store.get("latest/paroles.csv").unwrap().unwrap();
        publish_next(store, "ax", 3).unwrap();
        let name = StorageKey::Stable { name: "paroles.csv".to_owned() };
        assert_eq!(store.size(&name.path()).unwrap(), Some(before.len() as u64), "the size tells nothing");
        let now = store.get(&name.path()).unwrap().unwrap();
        store.put(&name, &before).unwrap();
        let faults = |expected: &str| {
            let found = verify(store, None, None, &Silent).unwrap();
            let told: Vec<&str> = found.faults.iter().map(|fault| fault.path.as_str()).collect();
            assert_eq!(told, [expected], "{:?}", found.faults);
        };
        faults("latest/paroles.csv");
        store.delete(&name).unwrap();
        faults("latest/paroles.csv");
        store.put(&name, &now).unwrap();
        assert_verifies(store);
        // While they are being renewed they may be of several versions.
        store.delete(&StorageKey::Stable { name: "manifest.json".to_owned() }).unwrap();
        store.put(&name, &before).unwrap();
        let found = verify(store, None, None, &Silent).unwrap();
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
        assert!(found.warnings[0].what.contains("the next run ends it"), "{:?}", found.warnings);
    }
}

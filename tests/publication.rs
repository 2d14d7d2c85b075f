//! A version becomes visible whole or not at all, on whatever store: a folder, memory, or a server of S3's, Azure's
//! or Google's kind over HTTP.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use guichets_ouverts::error::Kind;
use guichets_ouverts::progress::Silent;
use guichets_ouverts::publish::{Base, Outcome, StorageKey, Store, free_version, verify};

use crate::support::place::{Place, StopsAfter, assert_verifies, read, versions};
use crate::support::releases::{SmallRelease, publish_next};
use crate::support::s3::Bucket;

#[test]
fn one_of_many_swaps_wins() {
    for place in Place::all() {
        let key = StorageKey::Latest;
        let mut current: Option<Vec<u8>> = None;
        for round in 0..10 {
            let wins = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for publisher in 0..12 {
                    let (place, key, current, wins) = (&place, &key, &current, &wins);
                    scope.spawn(move || {
                        let bytes = format!("{round}-{publisher}");
                        if place.open().swap(key, current.as_deref(), bytes.as_bytes()).unwrap() {
                            wins.fetch_add(1, Ordering::SeqCst);
                        }
                    });
                }
            });
            assert_eq!(wins.into_inner(), 1, "{}, round {round}", place.open().name());
            current = place.open().get(&key.path()).unwrap();
        }
        assert!(!place.open().swap(&key, None, b"new").unwrap(), "what is there is not created");
        assert!(!place.open().swap(&key, Some(b"other"), b"new").unwrap(), "what changed is not replaced");
        place.open().check_swap().unwrap();
    }
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for place in Place::all() {
        let store = place.open();
        // More than one part of an upload, and not a whole number of them.
        let large: Vec<u8> = (0_u32..5_000_000).flat_map(u32::to_le_bytes).collect();
        let file = folder.path().join("large");
        std::fs::write(&file, &large).unwrap();
        let key = StorageKey::File { path: "data/grand/fichier.parquet".to_owned() };
        store.put_file(&key, &file).unwrap();
        assert_eq!(store.size(&key.path()).unwrap(), Some(large.len() as u64));
        let back = folder.path().join("back");
        assert!(store.get_file(&key.path(), &back, u64::MAX).unwrap());
        assert!(std::fs::read(&back).unwrap() == large, "{}", store.name());
        store.delete(&key).unwrap();
        store.delete(&key).unwrap();
        assert_eq!(store.size(&key.path()).unwrap(), None);
        assert_eq!(store.get(&key.path()).unwrap(), None);
        assert!(!store.get_file(&key.path(), &back, u64::MAX).unwrap());
    }
}

#[test]
fn a_version_is_published_once_and_the_next_on_top_of_it() {
    for place in Place::all() {
        let store = place.open();
        let first = SmallRelease::saying("2019-06-01", "un", 3);
        assert!(matches!(first.publish(store.as_ref()).unwrap(), Outcome::Published(_)));
        assert_eq!(read(store.as_ref()).unwrap(), "un");
        let again = SmallRelease::saying("2019-06-01.2", "un", 3).publish(store.as_ref()).unwrap();
        assert_eq!(again, Outcome::NothingNew { version: "2019-06-01".to_owned() });
        let Outcome::Published(second) = publish_next(store.as_ref(), "deux", 3).unwrap() else { panic!("new") };
        assert_eq!((second.version.as_str(), second.shared), ("2019-06-01.2", 1), "the month is shared");
        assert_eq!(read(store.as_ref()).unwrap(), "deux");
        assert_verifies(store.as_ref());
        let listed: Vec<String> = versions(store.as_ref()).versions.into_iter().map(|record| record.version).collect();
        assert_eq!(listed, ["2019-06-01", "2019-06-01.2"]);
        assert_eq!(store.get("latest/LISEZ-MOI.txt").unwrap().unwrap(), b"2019-06-01.2 dit deux\n");
        let chain = verify(store.as_ref(), None, None, &Silent).unwrap().chain;
        assert_eq!(chain, ["2019-06-01.2", "2019-06-01"]);
    }
}

#[test]
fn objects_say_what_they_are_and_how_long_they_keep() {
    let bucket = Bucket::new();
    let place = Place::S3(bucket);
    publish_next(place.open().as_ref(), "un", 3).unwrap();
    let Place::S3(bucket) = &place else { unreachable!("made so above") };
    let head = |path: &str| bucket.request("GET", &format!("donnees/ouvertes/{path}"), "").1;
    for (path, kind, cache) in [
        ("latest.json", "application/json", "no-cache"),
        ("versions.json", "application/json", "no-cache"),
        ("latest/paroles.csv", "text/csv; charset=utf-8", "no-cache"),
        ("versions/2019-06-01/paroles.csv", "text/csv; charset=utf-8", "public, max-age=31536000, immutable"),
        ("versions/2019-06-01/manifest.json", "application/json", "public, max-age=31536000, immutable"),
    ] {
        let head = head(path);
        assert!(head.contains(&format!("content-type: {kind}\r\n")), "{path}: {head}");
        assert!(head.contains(&format!("cache-control: {cache}\r\n")), "{path}: {head}");
        assert!(!head.contains("content-encoding"), "{path}: {head}");
    }
}

#[test]
fn a_reader_never_sees_a_mix() {
    for place in Place::all() {
        let done = AtomicBool::new(false);
        let looks = AtomicUsize::new(0);
        publish_next(place.open().as_ref(), "0", 50).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let store = place.open();
                let mut last = 0;
                while !done.load(Ordering::SeqCst) {
                    let said: u32 = read(store.as_ref()).unwrap().parse().unwrap();
                    assert!(said >= last, "readers do not go back in time");
                    last = said;
                    looks.fetch_add(1, Ordering::SeqCst);
                }
            });
            let store = place.open();
            for publication in 1..=50 {
                publish_next(store.as_ref(), &publication.to_string(), 50).unwrap();
            }
            done.store(true, Ordering::SeqCst);
        });
        assert!(looks.into_inner() > 50, "{}", place.open().name());
        assert_verifies(place.open().as_ref());
    }
}

/// Every object under `versions/`, each with its bytes.
fn written(store: &dyn Store) -> BTreeSet<(String, Vec<u8>)> {
    let objects = store.objects().unwrap().into_iter().filter(|object| object.path.starts_with("versions/"));
    let lasting = objects.filter(|object| !object.path.ends_with("claim.json"));
    lasting.map(|object| (object.path.clone(), store.get(&object.path).unwrap().unwrap())).collect()
}

/// What was written under a name may be in caches for a year: the name is used again only where nothing was.
#[test]
fn a_publication_that_is_stopped_leaves_nothing_visible_and_its_name_to_nobody() {
    for place in Place::all() {
        let store = place.open();
        publish_next(store.as_ref(), "avant", 3).unwrap();
        let mut names = BTreeSet::new();
        let mut before = written(store.as_ref());
        for steps in 0..6_usize {
            let base = Base::read(store.as_ref()).unwrap();
            let name = free_version(store.as_ref(), "2019-06-01").unwrap();
            let release = SmallRelease::saying(&name, &format!("après {steps}"), 3);
            let stopped = release.publish_on(store.as_ref(), &base, &StopsAfter(steps.into())).unwrap_err();
            assert_eq!(stopped.kind(), Kind::Interrupted);
            assert_eq!(read(store.as_ref()).unwrap(), "avant");
            let after = written(store.as_ref());
            assert!(after.is_superset(&before), "nothing is written over, and nothing taken back");
            assert!(names.insert(name.clone()) || before == after, "{name} is used a second time");
            let next = free_version(store.as_ref(), "2019-06-01").unwrap();
            assert_eq!(next == name, before == after, "{name}: it is free where nothing was written, and only there");
            if next == name {
                names.remove(&name);
            }
            before = after;
        }
        publish_next(store.as_ref(), "après", 3).unwrap();
        assert_eq!(read(store.as_ref()).unwrap(), "après");
        assert_verifies(store.as_ref());
    }
}

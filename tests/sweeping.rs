//! What no version names can be listed and removed; what a version names, or somebody may be at work on, cannot.

use chrono::{TimeDelta, Utc};
use guichets_ouverts::publish::{Base, StorageKey, Store, free_version, retract, sweep};
use serde_json::Value;

use crate::support::place::{Place, StopsAfter, assert_verifies, read};
use crate::support::releases::{SmallRelease, publish_next};
use crate::support::sample;

fn paths(store: &dyn Store) -> Vec<String> {
    let mut paths: Vec<String> = store.objects().unwrap().into_iter().map(|object| object.path).collect();
    paths.sort();
    paths
}

/// What is left over, each with what it is, had it been written long ago.
fn left_over(store: &dyn Store, delete: bool) -> Vec<String> {
    let later = Utc::now() + TimeDelta::days(8);
    let found = sweep(store, TimeDelta::days(7), later, delete).unwrap();
    assert_eq!(found.young, 0);
    assert_eq!(found.removed, if delete { found.leftovers.len() } else { 0 });
    found.leftovers.iter().map(|leftover| format!("{:?} {}", leftover.what, leftover.path)).collect()
}

#[test]
fn what_no_version_names_is_listed_and_removed() {
    let at = chrono::DateTime::parse_from_rfc3339("2019-06-03T09:00:00+02:00").unwrap();
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        SmallRelease::tiny("2019-06-01", "un", "avril").publish(store).unwrap();
        SmallRelease::tiny("2019-06-01.2", "deux", "mai").publish(store).unwrap();
        retract(store, "2019-06-01", "faux", false, at).unwrap();
        let clean = paths(store);
        assert_eq!(left_over(store, true), Vec::<String>::new(), "the bytes of a retracted version stay");
        assert_eq!(paths(store), clean);

        // A publisher that was stopped, half a write, a trial, and the claim of one killed when it was done.
        let base = Base::read(store).unwrap();
        let stopped =
            SmallRelease::tiny("2019-06-01.3", "trois", "juin").publish_on(store, &base, &StopsAfter(2.into()));
        assert!(stopped.is_err());
        let debris = StorageKey::File { path: "versions/2019-06-01.2/.aside-x".to_owned() };
        for key in [
            debris,
            StorageKey::Probe { token: "x".to_owned() },
            StorageKey::Claim { version: "2019-06-01.2".to_owned() },
        ] {
            store.put(&key, b"x").unwrap();
        }
        let found = left_over(store, false);
        let told: Vec<(&str, &str)> = found.iter().map(|line| line.split_once(' ').unwrap()).collect();
        let [(probe, _), (month, path), ("Debris", _), ("Claim", _), rest @ ..] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!((*probe, *month), ("Debris", "Orphan"));
        assert!(path.starts_with("data/mois/2019-04/"), "{path}");
        let names: Vec<&str> = rest.iter().map(|(_, path)| *path).collect();
        assert_eq!(names, ["versions/2019-06-01.3/manifest.json", "versions/2019-06-01.3/paroles.csv"]);
        let young = sweep(store, TimeDelta::days(7), Utc::now(), true).unwrap();
        assert_eq!((young.leftovers.len(), young.young), (0, 6), "somebody may be at work");

        assert_eq!(left_over(store, true), found);
        let mut kept = clean.clone();
        kept.push("versions/2019-06-01.3/claim.json".to_owned());
        kept.sort();
        assert_eq!(paths(store), kept, "the claim says that the name was used");
        assert_eq!(left_over(store, true), Vec::<String>::new());
        assert_eq!(free_version(store, "2019-06-01").unwrap(), "2019-06-01.4");
        let years = sweep(store, TimeDelta::days(7), Utc::now() + TimeDelta::days(380), true).unwrap();
        assert_eq!((years.removed, paths(store)), (1, clean), "no cache holds anything of it any more");
        assert_eq!(read(store).unwrap(), "deux");
        assert_verifies(store);
        publish_next(store, "quatre", 3).unwrap();
        assert_verifies(store);
    }
}

/// A publisher that counts on an orphan loses against the sweep that removes it, and succeeds after it.
#[test]
fn a_publisher_does_not_count_on_what_is_swept() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        publish_next(store, "un", 3).unwrap();
        let base = Base::read(store).unwrap();
        let stopped =
            SmallRelease::tiny("2019-06-01.2", "deux", "juin").publish_on(store, &base, &StopsAfter(2.into()));
        assert!(stopped.is_err());
        assert!(!left_over(store, true).is_empty());
        let lost = SmallRelease::tiny("2019-06-01.3", "trois", "juin").publish_on(
            store,
            &base,
            &guichets_ouverts::progress::Silent,
        );
        assert!(lost.unwrap_err().to_string().contains("the pointer moved"));
        SmallRelease::tiny("2019-06-01.3", "trois", "juin").publish(store).unwrap();
        assert_verifies(store);
    }
}

/// A whole publication has nothing left over, and the command says so; a store can be swept only where it can be listed.
#[test]
fn the_sample_has_nothing_left_over() {
    let version = sample();
    let store = version.store();
    let swept = crate::support::guichets(store, ["--json", "sweep", store.to_str().unwrap(), "--older-than", "0"]);
    assert_eq!(swept.code, Some(0), "{}", swept.stderr);
    let told: Value = serde_json::from_str(&swept.stdout).unwrap();
    assert_eq!((told["leftovers"].as_array().unwrap().len(), told["removed"].as_u64()), (0, Some(0)), "{told}");
    let over_http = crate::support::guichets(store, ["sweep", "http://127.0.0.1:9/"]);
    assert_eq!(over_http.code, Some(2), "{}", over_http.stderr);
    assert!(over_http.stderr.contains("cannot be listed over HTTP"), "{}", over_http.stderr);
}

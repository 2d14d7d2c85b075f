//! A retracted version is no longer vouched for: the pointer goes back, nobody stands on it, and what others have stays.

use chrono::{DateTime, FixedOffset};
use guichets_ouverts::error::{Error, Kind, Result};
use guichets_ouverts::progress::{Progress, Silent};
use guichets_ouverts::publish::{Base, Health, Status, StorageKey, Store, retract, status, verify};

use crate::support::place::{Place, assert_verifies, read, versions};
use crate::support::releases::{SmallRelease, publish_next};

fn at() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2019-06-03T09:00:00+02:00").unwrap()
}

#[test]
fn a_retracted_version_is_marked_and_the_pointer_goes_back() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        for said in ["un", "deux", "trois"] {
            publish_next(store, said, 3).unwrap();
        }
        let done = retract(store, "2019-06-01.3", "un guichet était compté deux fois", false, at()).unwrap();
        assert_eq!((done.moved, done.current.as_deref(), done.removed), (true, Some("2019-06-01.2"), 0));
        assert_eq!(read(store).unwrap(), "deux");
        assert_eq!(store.get("latest/LISEZ-MOI.txt").unwrap().unwrap(), b"2019-06-01.2 dit deux\n");
        assert_eq!(versions(store).last_successful.as_deref(), Some("2019-06-01.2"));
        let bytes = store.get("versions/2019-06-01.3/paroles.csv").unwrap();
        assert!(bytes.is_some(), "the bytes stay unless their removal is asked for");

        let done = retract(store, "2019-06-01.2", "un nom y figurait", true, at()).unwrap();
        assert_eq!((done.current.as_deref(), done.removed), (Some("2019-06-01"), 4), "what others share stays");
        assert_eq!(store.get("versions/2019-06-01.2/paroles.csv").unwrap(), None);
        assert!(store.get("versions/2019-06-01.2/TOMBSTONE.json").unwrap().is_some());
        assert_eq!(read(store).unwrap(), "un");
        assert_verifies(store);
        let gone = verify(store, Some("2019-06-01.2"), None, &Silent).unwrap();
        assert_eq!(gone.removed.as_deref(), Some("un nom y figurait"));
        assert!(gone.faults.is_empty(), "{:?}", gone.faults);

        publish_next(store, "quatre", 3).unwrap();
        let chain = verify(store, None, None, &Silent).unwrap().chain;
        assert_eq!(chain, ["2019-06-01.4", "2019-06-01"], "the names of retracted versions are not used again");
        let kept: Vec<Status> = versions(store).versions.iter().map(|record| record.status).collect();
        assert_eq!(kept, [Status::Published, Status::Retracted, Status::Retracted, Status::Published]);

        for version in ["2019-06-01.4", "2019-06-01"] {
            retract(store, version, "tout est faux", false, at()).unwrap();
        }
        assert!(Base::read(store).unwrap().current.is_none(), "no version is vouched for");
        assert_eq!(store.get("latest/LISEZ-MOI.txt").unwrap(), None);
        let unknown = retract(store, "2031-01-01", "?", false, at()).unwrap_err();
        assert_eq!(unknown.kind(), Kind::Usage);

        publish_next(store, "cinq", 3).unwrap();
        assert_eq!(read(store).unwrap(), "cinq");
        for name in ["LISEZ-MOI.txt", "licence.txt", "paroles.csv", "mois-2019-04.csv"] {
            assert!(store.get(&format!("latest/{name}")).unwrap().is_some(), "{name} is back");
        }
        let chain = verify(store, None, None, &Silent).unwrap().chain;
        assert_eq!(chain, ["2019-06-01.5"], "nothing that was retracted is stood on");
    }
}

/// A retraction that was cut short after its first step is told by everyone who asks, and ends when it is run again.
#[test]
fn a_retraction_that_was_cut_short_is_not_taken_for_done() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        publish_next(store, "un", 3).unwrap();
        publish_next(store, "deux", 3).unwrap();
        let mut marked = versions(store);
        marked.versions[1].status = Status::Retracted;
        store.put(&StorageKey::Versions, &serde_json::to_vec(&marked).unwrap()).unwrap();
        let refused = Base::read(store).unwrap_err();
        assert!(refused.to_string().contains("was retracted, and is still current"), "{refused}");
        let found = verify(store, None, None, &Silent).unwrap();
        assert!(found.faults.iter().any(|fault| fault.path == "latest.json"), "{:?}", found.faults);
        assert_eq!(status(store, None, false, at().into()).unwrap().health, Health::Broken);
        retract(store, "2019-06-01.2", "faux", false, at()).unwrap();
        assert_eq!(read(store).unwrap(), "un");
        assert_verifies(store);
    }
}

/// The publisher was killed between the pointer and the list: a retraction completes the list before it looks what may be
/// removed.
#[test]
fn what_the_current_version_shares_is_not_removed_though_no_list_names_it() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        publish_next(store, "un", 3).unwrap();
        let listed = store.get("versions.json").unwrap().unwrap();
        publish_next(store, "deux", 3).unwrap();
        store.put(&StorageKey::Versions, &listed).unwrap();
        retract(store, "2019-06-01", "faux", true, at()).unwrap();
        assert_verifies(store);
        assert_eq!(read(store).unwrap(), "deux");
    }
}

/// Somebody else marks a version as retracted while a publication is under way, and is not yet done with it.
struct MarksMeanwhile<'a> {
    store: &'a dyn Store,
    after: std::sync::atomic::AtomicUsize,
}

impl Progress for MarksMeanwhile<'_> {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn proceed(&self) -> Result<()> {
        if self.after.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            mark(self.store);
        }
        Ok(())
    }
}

/// The first step of a retraction of the only version.
fn mark(store: &dyn Store) {
    let mut marked = versions(store);
    marked.versions[0].status = Status::Retracted;
    marked.versions[0].reason = Some("faux".to_owned());
    store.put(&StorageKey::Versions, &serde_json::to_vec(&marked).unwrap()).unwrap();
}

/// The version on which a run stands is retracted before it takes a name, or while it writes: nothing becomes visible.
#[test]
fn nothing_is_published_on_top_of_a_version_that_was_retracted_meanwhile() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        publish_next(store, "un", 3).unwrap();
        let listed = store.get("versions.json").unwrap().unwrap();
        let base = Base::read(store).unwrap();
        let refused = |error: Error| {
            assert_eq!(error.kind(), Kind::Unreachable);
            let told = error.to_string();
            assert!(told.contains("version 2019-06-01, on which this run stands, was retracted"), "{told}");
            assert_eq!(base.manifest().unwrap().version, "2019-06-01");
            let pointer = String::from_utf8(store.get("latest.json").unwrap().unwrap()).unwrap();
            assert!(pointer.contains("\"2019-06-01\""), "{pointer}");
        };
        mark(store);
        refused(SmallRelease::saying("2019-06-01.2", "deux", 3).publish_on(store, &base, &Silent).unwrap_err());
        // The fifth file, and then the manifest.
        for after in [4, 5] {
            store.put(&StorageKey::Versions, &listed).unwrap();
            let meanwhile = MarksMeanwhile { store, after: after.into() };
            let name = format!("2019-06-01.{after}");
            refused(SmallRelease::saying(&name, "deux", 3).publish_on(store, &base, &meanwhile).unwrap_err());
        }
        retract(store, "2019-06-01", "faux", false, at()).unwrap();
        publish_next(store, "trois", 3).unwrap();
        assert_verifies(store);
    }
}

/// What was made on top of a retracted version carries its rows: whoever retracts is told, and whoever verifies.
#[test]
fn what_stands_on_a_retracted_version_is_named() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        for said in ["un", "deux", "trois", "quatre"] {
            publish_next(store, said, 3).unwrap();
        }
        assert_eq!(retract(store, "2019-06-01.4", "faux", false, at()).unwrap().descendants, Vec::<String>::new());
        let done = retract(store, "2019-06-01", "un nom y figurait", false, at()).unwrap();
        assert_eq!(done.descendants, ["2019-06-01.2", "2019-06-01.3"], "those that are still vouched for");
        assert!(!done.moved);
        let found = verify(store, None, None, &Silent).unwrap();
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        let told: Vec<&str> = found.warnings.iter().map(|warning| warning.what.as_str()).collect();
        assert_eq!(told, ["2019-06-01 was retracted: un nom y figurait"]);
    }
}

/// A publisher that began before a removal, and found a shared file there, loses; one that begins while it is under way
/// waits, if it needs what goes; one that needs none of it publishes.
#[test]
fn what_is_removed_is_in_no_version_that_is_published_meanwhile() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        SmallRelease::tiny("2019-06-01", "un", "avril").publish(store).unwrap();
        SmallRelease::tiny("2019-06-01.2", "deux", "mai").publish(store).unwrap();
        let base = Base::read(store).unwrap();
        let done = retract(store, "2019-06-01", "faux", true, at()).unwrap();
        assert_eq!(done.removed, 2, "its table, and the month that no other version has");
        let early = SmallRelease::tiny("2019-06-01.3", "trois", "avril");
        let lost = early.publish_on(store, &base, &Silent).unwrap_err();
        assert!(lost.to_string().contains("the pointer moved"), "{lost}");
        // The removal was cut short: its notice is still there.
        let month = versions_of_month(store);
        let notice = serde_json::json!({
            "by": "x", "command": "guichets retract 2019-06-01 --remove", "files": [month],
        });
        store.put(&StorageKey::Clearing, notice.to_string().as_bytes()).unwrap();
        let waits = SmallRelease::tiny("2019-06-01.4", "quatre", "avril").publish(store).unwrap_err();
        assert_eq!(waits.kind(), Kind::Unreachable);
        assert!(waits.advice().unwrap().contains("run guichets retract 2019-06-01 --remove again"), "{waits}");
        SmallRelease::tiny("2019-06-01.5", "cinq", "juin").publish(store).unwrap();
        retract(store, "2019-06-01", "faux", true, at()).unwrap();
        SmallRelease::tiny("2019-06-01.6", "six", "avril").publish(store).unwrap();
        assert_eq!(read(store).unwrap(), "six");
        assert_verifies(store);
    }
}

/// The path of the month that the first version had.
fn versions_of_month(store: &dyn Store) -> String {
    let (_, manifest) = guichets_ouverts::publish::manifest_of(store, "2019-06-01").unwrap();
    manifest.files.into_iter().map(|file| file.path).find(|path| path.starts_with("data/")).unwrap()
}

//! The protocol of publication, in every order in which its steps can fall among those of others, with a kill anywhere.
//!
//! The real code runs on a store in memory that lets one operation of one process happen at a time; see
//! `support/interleave.rs`. Whatever the order: who follows the pointer finds a whole version; what was told to be
//! published is listed; a path that caches keep never holds something else; and if all are killed wherever they are, the
//! next run succeeds and leaves everything as it should be.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use guichets_ouverts::digest::sha256;
use guichets_ouverts::error::{Kind, Result};
use guichets_ouverts::progress::Silent;
use guichets_ouverts::publish::{
    Base, Outcome, Retraction, Status, StorageKey, Store, Versions, free_version, retract, stable_name, sweep,
};
use guichets_ouverts::release::Manifest;

use crate::support::interleave::{Explored, Process, explore};
use crate::support::model_store::{Place, World};
use crate::support::releases::SmallRelease;

/// How many turns are taken from one who could have gone on, where every order would take too long: three give every order of
/// four stretches, and nearly all that goes wrong between two processes does so in as many.
const TURNS: usize = 3;

/// What a process told in the end.
#[derive(Debug)]
enum Told {
    Published(String),
    NothingNew,
    Retracted(Retraction),
    Swept,
    Failed(Kind, String),
}

/// Versions are made once: the searches publish the same ones again and again.
#[derive(Default)]
struct Releases(Mutex<HashMap<(String, String), Arc<SmallRelease>>>);

impl Releases {
    /// A publisher that says `said`, with a month of its own or one that others share.
    fn publisher<'a>(&'a self, said: &'a str, month: &'a str) -> Process<'a, Told> {
        Box::new(move |store| told(self.publish(store, said, month)))
    }

    fn publish(&self, store: &dyn Store, said: &str, month: &str) -> Result<Outcome> {
        let base = Base::read(store)?;
        let version = free_version(store, "2019-06-01")?;
        let key = (version.clone(), said.to_owned());
        let made = || Arc::new(SmallRelease::tiny(&version, said, month));
        let release = Arc::clone(self.0.lock().unwrap().entry(key).or_insert_with(made));
        release.publish_on(store, &base, &Silent)
    }

    /// A world in which these were published, each with its month.
    fn world(&self, versions: &[(&str, &str)]) -> World {
        let place = Place::alone(World::default());
        for (said, month) in versions {
            assert!(matches!(self.publish(&place, said, month).unwrap(), Outcome::Published(_)));
        }
        place.world()
    }
}

fn told(outcome: Result<Outcome>) -> Told {
    match outcome {
        Ok(Outcome::Published(published)) => Told::Published(published.version),
        Ok(_) => Told::NothingNew,
        Err(error) => Told::Failed(error.kind(), error.to_string()),
    }
}

fn retracts(store: &dyn Store, version: &str, remove: bool) -> Result<Retraction> {
    let at = DateTime::parse_from_rfc3339("2019-06-03T09:00:00+02:00").unwrap();
    retract(store, version, "faux", remove, at)
}

fn retraction(version: &str, remove: bool) -> Process<'_, Told> {
    Box::new(move |store| match retracts(store, version, remove) {
        Ok(retraction) => Told::Retracted(retraction),
        Err(error) => Told::Failed(error.kind(), error.to_string()),
    })
}

fn parsed<T: serde::de::DeserializeOwned>(world: &World, path: &str) -> Option<T> {
    world.objects.get(path).map(|bytes| serde_json::from_slice(bytes).unwrap())
}

fn versions(world: &World) -> Versions {
    parsed(world, "versions.json").unwrap_or_default()
}

/// The version to which the pointer leads, where it leads to one.
fn current(world: &World) -> Option<Manifest> {
    let pointer: serde_json::Value = parsed(world, "latest.json")?;
    parsed(world, pointer["manifest"].as_str()?)
}

/// Who follows the pointer finds the version that it vouches for, whole; and no cache was ever told two things.
fn whole(world: &World) -> Result<(), String> {
    if let Some(path) = &world.broken {
        return Err(format!("{path} held two things, and is kept by caches"));
    }
    let Some(pointer) = parsed::<serde_json::Value>(world, "latest.json") else { return Ok(()) };
    let Some(path) = pointer["manifest"].as_str() else { return Ok(()) };
    let vouched = |path: &str, sha: &str| match world.objects.get(path) {
        None => Err(format!("the pointer leads to {path}, which is not there")),
        Some(bytes) if sha256(bytes) != sha => Err(format!("{path} is not what is vouched for")),
        Some(_) => Ok(()),
    };
    vouched(path, pointer["manifest_sha256"].as_str().unwrap())?;
    current(world).unwrap().files.iter().try_for_each(|file| vouched(&file.path, &file.sha256))
}

/// Every version of the chain is listed once, and the stable names are those of the current one.
fn in_order(world: &World) -> Result<(), String> {
    whole(world)?;
    let listed = versions(world).versions;
    let names: BTreeSet<&str> = listed.iter().map(|record| &*record.version).collect();
    if names.len() != listed.len() {
        return Err("a version is listed twice".to_owned());
    }
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    if let Some(manifest) = current(world) {
        let mut link = Some(manifest.version.clone());
        while let Some(version) = link {
            if !names.contains(&*version) {
                return Err(format!("{version} is in no list"));
            }
            let of_it: Manifest = parsed(world, &format!("versions/{version}/manifest.json")).unwrap();
            link = of_it.parent.map(|parent| parent.version);
        }
        for file in &manifest.files {
            let name = format!("latest/{}", stable_name(&file.path, &manifest.version).unwrap());
            if world.objects.get(&*name).is_none_or(|bytes| sha256(bytes) != file.sha256) {
                return Err(format!("{name} is not that of {}", manifest.version));
            }
            wanted.insert(name);
        }
        wanted.insert("latest/manifest.json".to_owned());
    }
    let there: BTreeSet<String> =
        world.objects.keys().filter(|path| path.starts_with("latest/")).map(ToString::to_string).collect();
    if there == wanted { Ok(()) } else { Err(format!("under latest/ there is {there:?}")) }
}

/// All are killed. Whoever retracts does it again, where a run says so; then the next run publishes, and all is in order.
fn recovers(world: &World, releases: &Releases, retracted: Option<(&str, bool)>) -> Result<(), String> {
    whole(world)?;
    let place = Place::alone(world.clone());
    let mut next = releases.publish(&place, "ensuite", "celui d'ensuite");
    if let (Err(error), Some((version, remove))) = (&next, retracted) {
        if error.kind() != Kind::Unreachable || !error.advice().unwrap_or_default().contains("guichets retract") {
            return Err(format!("the next run fails: {error}"));
        }
        retracts(&place, version, remove).map_err(|error| format!("it cannot be retracted again: {error}"))?;
        next = releases.publish(&place, "ensuite", "celui d'ensuite");
    }
    next.map_err(|error| format!("the next run fails: {error}"))?;
    in_order(&place.world())
}

/// What was told is so.
fn as_told(world: &World, told: &[&Told]) -> Result<(), String> {
    let listed = versions(world);
    let good = |version: &str| listed.published(version).is_some_and(|record| record.status == Status::Published);
    for one in told {
        match one {
            Told::Published(version) if listed.published(version).is_none() => {
                return Err(format!("{version} was told to be published, and is in no list"));
            }
            Told::Retracted(retraction) if good(&retraction.version) => {
                return Err(format!("{} was told to be retracted", retraction.version));
            }
            Told::Retracted(retraction) => {
                let on_top = listed.versions.iter().filter(|record| good(&record.version)).find(|record| {
                    let of_it: Manifest = parsed(world, &format!("versions/{}/manifest.json", record.version)).unwrap();
                    of_it.parent.is_some_and(|parent| parent.version == retraction.version)
                        && !retraction.descendants.contains(&record.version)
                });
                if let Some(record) = on_top {
                    return Err(format!("{} stands on what was retracted, and nobody was told", record.version));
                }
            }
            Told::Failed(kind, error) if *kind != Kind::Unreachable => return Err(error.clone()),
            _ => {}
        }
    }
    in_order(world)
}

fn sweeping<'a>() -> Process<'a, Told> {
    Box::new(|store| match sweep(store, TimeDelta::days(7), Utc::now(), true) {
        Ok(_) => Told::Swept,
        Err(error) => Told::Failed(error.kind(), error.to_string()),
    })
}

/// Searches, says how far it went, and that this was far enough. `GUICHETS_TURNS` says how many turns may be taken from one
/// who could have gone on, or `all`.
fn search(
    name: &str,
    initial: &World,
    processes: &[Process<'_, Told>],
    turns: usize,
    releases: &Releases,
    retracted: Option<(&str, bool)>,
    at_least: f64,
) {
    let stated = std::env::var("GUICHETS_TURNS").ok();
    let turns = stated.map_or(turns, |turns| turns.parse().unwrap_or(usize::MAX));
    let explored = explore(
        initial,
        processes,
        turns,
        |world| recovers(world, releases, retracted),
        |world, told| as_told(world, told).map_err(|wrong| format!("{wrong}, told {told:?}")),
    );
    let Explored { interleavings, states, worlds } = explored;
    println!(
        "{name}: {interleavings} interleavings, {states} states, {worlds} states of the store in which all are killed"
    );
    assert!(interleavings >= at_least || turns < TURNS, "{name}: {interleavings}");
}

#[test]
fn two_publishers() {
    let releases = Releases::default();
    let world = releases.world(&[("avant", "avril")]);
    let processes = [releases.publisher("un", "mai"), releases.publisher("deux", "mai")];
    search("two publishers", &world, &processes, TURNS, &releases, None, 45_000.0);
}

#[test]
fn a_publisher_and_the_retraction_of_what_it_stands_on() {
    let releases = Releases::default();
    let world = releases.world(&[("avant", "avril"), ("encore", "mai")]);
    let processes = [releases.publisher("un", "juin"), retraction("2019-06-01.2", true)];
    search("its base", &world, &processes, TURNS, &releases, Some(("2019-06-01.2", true)), 38_000.0);
}

#[test]
fn a_publisher_and_the_removal_of_what_it_shares() {
    let releases = Releases::default();
    let world = releases.world(&[("avant", "avril"), ("encore", "mai")]);
    let processes = [releases.publisher("un", "avril"), retraction("2019-06-01", true)];
    search("what it shares", &world, &processes, TURNS, &releases, Some(("2019-06-01", true)), 25_000.0);
}

#[test]
fn a_publisher_and_a_sweep_of_what_it_would_share() {
    let releases = Releases::default();
    let mut world = releases.world(&[("avant", "avril")]);
    // What a publisher that was killed had written: a month that this one has, too, and a claim with a file beside it.
    let killed = releases.world(&[("avant", "avril"), ("un", "mai")]);
    let orphans =
        killed.objects.iter().filter(|(path, _)| path.starts_with("data/") || path.contains("2019-06-01.2/p"));
    for (path, bytes) in orphans {
        world.put(&StorageKey::File { path: path.to_string() }, bytes);
    }
    world.put(&StorageKey::Claim { version: "2019-06-01.2".to_owned() }, b"{}");
    let processes = [releases.publisher("un", "mai"), sweeping()];
    search("a sweep", &world, &processes, usize::MAX, &releases, None, 1e14);
}

#[test]
fn two_publishers_and_a_retraction() {
    let releases = Releases::default();
    let world = releases.world(&[("avant", "avril"), ("encore", "mai")]);
    let processes =
        [releases.publisher("un", "mai"), releases.publisher("deux", "mai"), retraction("2019-06-01.2", true)];
    search("two and a retraction", &world, &processes, 1, &releases, Some(("2019-06-01.2", true)), 600.0);
}

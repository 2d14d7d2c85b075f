//! A version becomes visible whole or not at all, on whatever store, whoever else publishes, and whenever the publisher is
//! killed. One suite for a folder, for memory, and for servers of S3's, Azure's and Google's kind over HTTP.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::DateTime;
use guichets_ouverts::error::{Error, Kind, Result};
use guichets_ouverts::progress::{Progress, Silent};
use guichets_ouverts::publish::{
    Base, Guard, Health, LocalStore, ObjectBackend, Outcome, Status, StorageKey, Store, Versions, citable,
    free_version, manifest_of, open, retract, status, verify,
};
use object_store::memory::InMemory;
use tempfile::TempDir;

use crate::support::azure::Container;
use crate::support::gcs::Gcs;
use crate::support::releases::{SmallRelease, publish_next};
use crate::support::s3::Bucket;

/// A store that a test can open as often as it likes.
enum Place {
    Folder(TempDir),
    Memory(Arc<InMemory>),
    S3(Bucket),
    Azure(Container),
    Google(Gcs),
}

impl Place {
    fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Memory(Arc::default())).chain(Self::shared())
    }

    /// Those that several processes can reach.
    fn shared() -> impl Iterator<Item = Self> {
        let here = [Self::Folder(tempfile::tempdir().unwrap()), Self::S3(Bucket::new()), Self::Google(Gcs::new())];
        here.into_iter().chain(Container::new().map(Self::Azure))
    }

    fn open(&self) -> Box<dyn Store> {
        match self {
            Self::Folder(folder) => Box::new(LocalStore::new(folder.path())),
            Self::Memory(memory) => Box::new(ObjectBackend::over("memory:///", Arc::clone(memory) as _).unwrap()),
            Self::S3(bucket) => Box::new(bucket.store()),
            Self::Azure(container) => Box::new(container.store()),
            Self::Google(gcs) => Box::new(gcs.store()),
        }
    }

    /// A publisher in a process of its own, which begins when the file `start` is there.
    fn publisher(&self, said: &str, start: &Path) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "publication::a_publisher_in_a_process_of_its_own", "--nocapture"]);
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

/// Does nothing as a test: it is what other tests start.
#[test]
fn a_publisher_in_a_process_of_its_own() {
    let (Ok(url), Ok(said)) = (std::env::var("PUBLISHER_STORE"), std::env::var("PUBLISHER_SAYS")) else { return };
    let store = open(&url, Guard::Required).unwrap();
    let base = Base::read(store.as_ref()).unwrap();
    let version = free_version(store.as_ref(), "2019-06-01").unwrap();
    let release = SmallRelease::saying(&version, &said, 200);
    let start = std::env::var("PUBLISHER_START").unwrap();
    println!("ready");
    while !start.is_empty() && !Path::new(&start).exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let told = match release.publish_on(store.as_ref(), &base, &Silent) {
        Ok(Outcome::Published(published)) => format!("published {}", published.version),
        Ok(Outcome::NothingNew { version }) => format!("nothing new since {version}"),
        Err(error) => format!("exit {}: {error}", error.kind().exit_code()),
    };
    println!("{told}");
}

/// What a reader who follows the pointer finds: a version that verifies, and what its table says.
fn read(store: &dyn Store) -> Option<String> {
    let (_, manifest) = Base::read(store).unwrap().current?;
    let path = format!("versions/{}/paroles.csv", manifest.version);
    let entry = manifest.files.iter().find(|file| file.path == path).unwrap();
    let bytes = store.get(&path).unwrap().expect("the manifest's files are there");
    assert_eq!(guichets_ouverts::digest::sha256(&bytes), entry.sha256, "the file is the manifest's");
    Some(String::from_utf8(bytes).unwrap().lines().nth(1).unwrap().to_owned())
}

fn assert_verifies(store: &dyn Store) {
    let found = verify(store, None, None, &Silent).unwrap();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert!(found.files > 0);
}

fn versions(store: &dyn Store) -> Versions {
    serde_json::from_slice(&store.get("versions.json").unwrap().unwrap()).unwrap()
}

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

/// The first line that begins with one of these, or ends so: the test harness may have begun the line.
fn line_with(stdout: &mut BufReader<ChildStdout>, words: &[&str]) -> String {
    let mut read = String::new();
    loop {
        let mut line = String::new();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "none of {words:?} in:\n{read}");
        let line = line.trim();
        if words.iter().any(|word| line.starts_with(word) || line.ends_with(word)) {
            return line.to_owned();
        }
        read += line;
    }
}

#[test]
fn of_twelve_publishers_one_wins_and_the_others_say_so() {
    for place in Place::shared() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..10 {
            let start = folder.path().join(round.to_string());
            let mut publishers: Vec<(Child, BufReader<ChildStdout>)> = (0..12)
                .map(|publisher| {
                    let mut process = place.publisher(&format!("{round}-{publisher}"), &start).spawn().unwrap();
                    let stdout = BufReader::new(process.stdout.take().unwrap());
                    (process, stdout)
                })
                .collect();
            // Each has read what the store holds before any writes.
            for (_, stdout) in &mut publishers {
                line_with(stdout, &["ready"]);
            }
            std::fs::write(&start, "").unwrap();
            let told: Vec<String> = publishers
                .into_iter()
                .map(|(mut process, mut stdout)| {
                    let told = line_with(&mut stdout, &["published", "exit"]);
                    process.wait().unwrap();
                    told
                })
                .collect();
            let (won, lost): (Vec<&String>, Vec<&String>) = told.iter().partition(|line| line.starts_with("published"));
            assert_eq!(won.len(), 1, "{told:?}");
            let another = lost.iter().filter(|line| line.starts_with("exit 4") && line.contains("another publisher"));
            assert_eq!(another.count(), 11, "{told:?}");
            let store = place.open();
            assert_verifies(store.as_ref());
            assert!(read(store.as_ref()).unwrap().starts_with(&format!("{round}-")));
            assert_eq!(versions(store.as_ref()).versions.len(), round + 1);
        }
    }
}

/// Killed at whatever moment, the publisher leaves the old version or the new one, and the next publisher succeeds.
#[test]
fn a_publisher_killed_at_any_moment_leaves_a_whole_version() {
    for place in Place::shared() {
        let store = place.open();
        publish_next(store.as_ref(), "premier", 200).unwrap();
        // How long a publication takes, so that kills fall into every stage of it.
        let begun = Instant::now();
        assert!(place.publisher("mesure", Path::new("")).output().unwrap().status.success());
        let mut whole = begun.elapsed();
        let mut seen = BTreeSet::new();
        let mut unfinished = 0;
        for attempt in 0..110_u32 {
            let said = format!("tentative-{attempt}");
            let before = read(store.as_ref()).unwrap();
            let mut publisher = place.publisher(&said, Path::new("")).spawn().unwrap();
            std::thread::sleep(whole * (attempt % 55) / 50);
            let _ = publisher.kill();
            publisher.wait().unwrap();
            let after = read(store.as_ref()).unwrap();
            assert!(after == before || after == said, "the old version or the new one: {after}");
            assert_verifies_but_the_list(store.as_ref());
            unfinished += u32::from(after == before);
            // On a machine that is busier than when it was measured, it takes longer.
            if after == before && attempt % 55 >= 50 {
                whole += whole / 4;
            }
            seen.insert(after);
        }
        assert!(unfinished > 0 && seen.len() > 1, "kills fell before and after the pointer moved: {unfinished}");
        publish_next(store.as_ref(), "dernier", 200).unwrap();
        assert_eq!(read(store.as_ref()).unwrap(), "dernier");
        assert_verifies(store.as_ref());
        let listed: Vec<String> = versions(store.as_ref()).versions.into_iter().map(|record| record.version).collect();
        let chain = verify(store.as_ref(), None, None, &Silent).unwrap().chain;
        assert_eq!(listed.iter().rev().collect::<Vec<_>>(), chain.iter().collect::<Vec<_>>(), "none is forgotten");
    }
}

/// Between the move of the pointer and the list there is a moment; the next run completes what a killed one left.
fn assert_verifies_but_the_list(store: &dyn Store) {
    let found = verify(store, None, None, &Silent).unwrap();
    let others: Vec<_> = found.faults.iter().filter(|fault| fault.path != "versions.json").collect();
    assert!(others.is_empty(), "{others:?}");
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

/// Stops a publication after some of its steps.
struct StopsAfter(AtomicUsize);

impl Progress for StopsAfter {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn proceed(&self) -> Result<()> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(|_| ()).map_err(|_| Error::new(Kind::Interrupted, "stopped"))
    }
}

#[test]
fn a_publication_that_is_stopped_leaves_nothing_visible() {
    for place in Place::all() {
        let store = place.open();
        publish_next(store.as_ref(), "avant", 3).unwrap();
        for steps in 0..4 {
            let base = Base::read(store.as_ref()).unwrap();
            let release = SmallRelease::saying("2019-06-01.2", "après", 3);
            let stopped = release.publish_on(store.as_ref(), &base, &StopsAfter(steps.into())).unwrap_err();
            assert_eq!(stopped.kind(), Kind::Interrupted);
            assert_eq!(read(store.as_ref()).unwrap(), "avant");
            assert_eq!(free_version(store.as_ref(), "2019-06-01").unwrap(), "2019-06-01.2", "its name is free again");
        }
    }
}

#[test]
fn a_retracted_version_is_marked_and_the_pointer_goes_back() {
    let at = DateTime::parse_from_rfc3339("2019-06-03T09:00:00+02:00").unwrap();
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        for said in ["un", "deux", "trois"] {
            publish_next(store, said, 3).unwrap();
        }
        let done = retract(store, "2019-06-01.3", "un guichet était compté deux fois", false, at).unwrap();
        assert_eq!((done.moved, done.current.as_deref(), done.removed), (true, Some("2019-06-01.2"), 0));
        assert_eq!(read(store).unwrap(), "deux");
        assert_eq!(store.get("latest/LISEZ-MOI.txt").unwrap().unwrap(), b"2019-06-01.2 dit deux\n");
        assert_eq!(versions(store).last_successful.as_deref(), Some("2019-06-01.2"));
        let bytes = store.get("versions/2019-06-01.3/paroles.csv").unwrap();
        assert!(bytes.is_some(), "the bytes stay unless their removal is asked for");

        let done = retract(store, "2019-06-01.2", "un nom y figurait", true, at).unwrap();
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
            retract(store, version, "tout est faux", false, at).unwrap();
        }
        assert!(Base::read(store).unwrap().current.is_none(), "no version is vouched for");
        assert_eq!(store.get("latest/LISEZ-MOI.txt").unwrap(), None);
        let unknown = retract(store, "2031-01-01", "?", false, at).unwrap_err();
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
    let at = DateTime::parse_from_rfc3339("2019-06-03T09:00:00+02:00").unwrap();
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
        assert_eq!(status(store, None, false, at.into()).unwrap().health, Health::Broken);
        retract(store, "2019-06-01.2", "faux", false, at).unwrap();
        assert_eq!(read(store).unwrap(), "un");
        assert_verifies(store);
    }
}

/// The publisher was killed between the pointer and the list: a retraction completes the list before it looks what may be
/// removed.
#[test]
fn what_the_current_version_shares_is_not_removed_though_no_list_names_it() {
    let at = DateTime::parse_from_rfc3339("2019-06-03T09:00:00+02:00").unwrap();
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        publish_next(store, "un", 3).unwrap();
        let listed = store.get("versions.json").unwrap().unwrap();
        publish_next(store, "deux", 3).unwrap();
        store.put(&StorageKey::Versions, &listed).unwrap();
        retract(store, "2019-06-01", "faux", true, at).unwrap();
        assert_verifies(store);
        assert_eq!(read(store).unwrap(), "deux");
    }
}

/// Both began on the same base and chose the same name; the slower one comes when the faster one has done all and given
/// its claim back.
#[test]
fn a_publisher_that_comes_late_writes_nothing_over_the_winner() {
    for place in Place::all() {
        let store = place.open();
        let store = store.as_ref();
        let base = Base::read(store).unwrap();
        let (fast, slow) =
            (SmallRelease::saying("2019-06-01", "vite", 3), SmallRelease::saying("2019-06-01", "lentement", 3));
        fast.publish_on(store, &base, &Silent).unwrap();
        let lost = slow.publish_on(store, &base, &Silent).unwrap_err();
        assert_eq!(lost.kind(), Kind::Unreachable);
        assert!(lost.to_string().contains("another publisher was faster"), "{lost}");
        assert_eq!(read(store).unwrap(), "vite");
        assert_verifies(store);

        // The same, where the winner was retracted meanwhile: the pointer is what it was.
        let base = Base::read(store).unwrap();
        let slow = SmallRelease::saying("2019-06-01.2", "encore", 3);
        SmallRelease::saying("2019-06-01.2", "vite encore", 3).publish_on(store, &base, &Silent).unwrap();
        let at = DateTime::parse_from_rfc3339("2019-06-03T09:00:00+02:00").unwrap();
        retract(store, "2019-06-01.2", "faux", false, at).unwrap();
        assert!(slow.publish_on(store, &base, &Silent).is_err());
        assert_eq!(read(store).unwrap(), "vite");
        assert_verifies(store);
    }
}

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

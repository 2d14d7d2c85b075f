//! Whoever else publishes, and whenever a publisher is killed: one version at a time becomes visible, whole.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout};
use std::time::{Duration, Instant};

use chrono::DateTime;
use guichets_ouverts::error::Kind;
use guichets_ouverts::progress::Silent;
use guichets_ouverts::publish::{Base, Guard, Outcome, Store, free_version, open, retract, verify};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use crate::support::place::{Place, assert_verifies, read, versions};
use crate::support::releases::{SmallRelease, publish_next};

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

/// How many publishers are killed on each kind of store: 100, or half of what `GUICHETS_KILLS` says.
fn kills() -> u32 {
    std::env::var("GUICHETS_KILLS").map_or(100, |kills| kills.parse::<u32>().expect("a number").div_ceil(2))
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
        let mut draw = Pcg32::seed_from_u64(u64::from(std::process::id()));
        let mut seen = BTreeSet::new();
        let mut unfinished = 0;
        for attempt in 0..kills() {
            let said = format!("tentative-{attempt}");
            let before = read(store.as_ref()).unwrap();
            let mut publisher = place.publisher(&said, Path::new("")).spawn().unwrap();
            // Somewhat longer than it takes, now and then.
            let moment = draw.random_range(0..1100_u32);
            std::thread::sleep(whole * moment / 1000);
            let _ = publisher.kill();
            publisher.wait().unwrap();
            let after = read(store.as_ref()).unwrap();
            assert!(after == before || after == said, "the old version or the new one: {after}");
            assert_verifies_but_the_list(store.as_ref());
            unfinished += u32::from(after == before);
            // On a machine that is busier than when it was measured, it takes longer.
            if after == before && moment > 1000 {
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

//! Tables that leave in parts: what is in no part of the days asked for, in no part at all, or in parts that were left out.

use std::path::Path;

use crate::support::workshop::days;
use crate::support::{Attempts, Kind, Store, guichets};

/// Days that no schedule covers have no seconds of it, and so no part of `temps_jours`; their lines are there all the same.
#[test]
fn a_court_file_has_the_lines_of_days_off_schedule() {
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-02-10T08:00:00Z").saw(
        Kind::No,
        7,
        "2019-04-16T08:00:00Z",
    );
    let pipeline = logs.pipeline("", "*,*,2019-02-01T00:00:00+01:00,2019-03-01T00:00:00+01:00,60,true,essai");
    let store = Store::new();
    let run = store.run(&pipeline, &[&logs.path()], "2019-05-01T00:00:00+02:00", &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let months = |table: &str| {
        let of_it = |name: &String| {
            name.starts_with(&format!("{table}-2019-")).then(|| name[table.len() + 1..][..7].to_owned())
        };
        store.content().iter().filter_map(|(name, _)| of_it(name)).collect::<Vec<_>>()
    };
    assert!(!months("temps_jours").contains(&"2019-04".to_owned()), "{:?}", months("temps_jours"));
    let folder = tempfile::tempdir().unwrap();
    let service =
        ["--guichet", "evry-prefecture", "--demarche", "premier-titre", "--du", "2019-04-15", "--au", "2019-04-20"];
    let store = store.path();
    let place = [Path::new("dossier"), &pipeline, Path::new("--store"), &store];
    let written = guichets(folder.path(), place.into_iter().chain(service.iter().map(Path::new)));
    assert_eq!(written.code, Some(0), "{}{}", written.stdout, written.stderr);
}

/// A table without rows has a part that no month names: another month is no news.
#[test]
fn a_month_that_brings_nothing_publishes_nothing() {
    let logs = Attempts::on("evry-prefecture").saw(Kind::Yes, 1, "2019-04-16T08:00:00Z");
    let pipeline = logs.pipeline("", "*,*,2019-04-16T08:00:00Z,2019-04-16T09:00:00Z,60,true,essai");
    let store = Store::new();
    for (as_of, code) in [("2019-05-02T00:00:00Z", 0), ("2019-06-02T00:00:00Z", 1), ("2019-07-02T00:00:00Z", 1)] {
        let night = store.run(&pipeline, &[&logs.path()], as_of, &[]);
        assert_eq!(night.code, Some(code), "{as_of}: {}{}", night.stdout, night.stderr);
        assert!(store.rows("penuries").is_empty() && store.rows("lacunes").is_empty(), "{as_of}");
    }
}

/// A failed night names the members that it had read; to leave out their archive leaves them out.
#[test]
fn an_archive_of_a_failed_night_is_left_out_with_its_members() {
    let workshop = days();
    let (store, pipeline, raw) = (Store::new(), workshop.pipeline("*.csv"), workshop.raw());
    let night = |name: &str, member: &str, more: &[&str]| {
        workshop.tool("tar", &["-cf", &format!("../raw/{name}"), member]);
        store.run(&pipeline, &[&raw], crate::support::raw::AS_OF, more)
    };
    assert_eq!(night("a.archive", "01.csv", &[]).code, Some(0));
    assert_eq!(night("b.archive", "02.csv", &[]).code, Some(0));
    let path = store.path();
    let retract = ["retract", path.to_str().unwrap(), "2019-06-01.2", "--reason", "essai"];
    let retracted = guichets(workshop.bench().as_path(), retract);
    assert_eq!(retracted.code, Some(0), "{}", retracted.stderr);
    let third = night("c.archive", "03.csv", &["--without", "b.archive"]);
    assert_eq!(third.code, Some(0), "{}{}", third.stdout, third.stderr);
    let read: Vec<String> = store.rows("fichiers").iter().map(|row| row["fichier"].clone()).collect();
    assert_eq!(read, ["a.archive/01.csv", "c.archive/03.csv"]);
}

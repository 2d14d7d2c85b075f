//! Anyone can recompute the derived tables: another engine, given the published models and the published Parquet files
//! and nothing else, finds the same rows.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::python::python_json;
use crate::support::{Attempts, Kind, Version, copy, german_offices, guichets, root, sample, seine_maritime};

/// What DuckDB finds with the models of a folder.
fn recomputed(version: &Version, models: &Path) -> Value {
    let script = concat!(include_str!("support/store_tables.py"), include_str!("support/referee.py"));
    python_json(script, [version.store(), models])
}

/// Every derived table comes out the same, and holds as many rows as the manifest says.
fn assert_recomputable(version: &Version) {
    let report = recomputed(version, &version.folder().join("models"));
    for (table, schema) in version.schemas() {
        let published = schema["guichets"]["formats"].as_array().is_some_and(|formats| !formats.is_empty());
        let derived = published && schema["guichets"]["origin"] == "model";
        assert_eq!(report.get(&table).is_some(), derived, "{table} has a model if and only if it is derived");
        if derived {
            let files = version.files_in("parquet").filter(|file| file["table"] == table.as_str());
            let published: u64 = files.map(|file| file["rows"].as_u64().unwrap()).sum();
            let found = &report[&table];
            let differences = found["differences"].as_array().unwrap();
            assert!(differences.is_empty(), "{table}: {} differences, as {}", differences.len(), differences[0]);
            assert_eq!(found["rows"], published, "{table}");
            let compared = found["values"].as_u64() > Some(0) || found["rows"] == 0;
            assert!(compared, "{table}: nothing was compared");
        }
    }
}

#[test]
fn another_engine_finds_the_sample() {
    assert_recomputable(&sample());
}

#[test]
fn another_engine_finds_seine_maritime() {
    if let Some(version) = seine_maritime() {
        assert_recomputable(&version);
    }
}

#[test]
fn another_engine_finds_the_german_offices() {
    if let Some(version) = german_offices() {
        assert_recomputable(&version);
    }
}

/// The scenario of the sample, on so many services that it makes a million attempts.
#[test]
fn another_engine_finds_a_million_simulated_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let scenario = root().join("data/sample/scenario.toml");
    let args = ["simulate".as_ref(), scenario.as_os_str(), "--attempts".as_ref(), "1060000".as_ref(), "--out".as_ref()];
    let simulated = guichets(folder.path(), args.into_iter().chain([logs.as_os_str()]));
    assert_eq!(simulated.code, Some(0), "{}", simulated.stderr);
    let pipeline = root().join("tests/fixtures/pipelines/un-million");
    let version = Version::of(&pipeline, &[&logs], "2019-06-01T00:00:00+02:00");
    assert!(version.manifest["accounting"]["attempts"].as_u64() > Some(1_000_000));
    assert_recomputable(&version);
}

/// What a version's own script tells of each derived table: its name, and how many rows are published, stand on one side
/// only, and differ.
fn told_by_its_script(version: &Version) -> Vec<Value> {
    let told = python_json(include_str!("support/recompute.py"), [version.folder()]);
    let derived = version.schemas().into_values().filter(|schema| {
        let schema = &schema["guichets"];
        schema["origin"] == "model" && schema["formats"].as_array().is_some_and(|formats| !formats.is_empty())
    });
    let tables = told.as_array().unwrap().clone();
    assert_eq!(tables.len(), derived.count(), "one line for each derived table that is published");
    tables
}

/// Of these, the tables that are not the same.
pub fn differing(version: &Version) -> Vec<Value> {
    told_by_its_script(version).into_iter().filter(|table| [&table[2], &table[3]] != [0, 0]).collect()
}

/// What a version carries for anyone with DuckDB finds what the version holds.
#[test]
fn a_version_carries_what_recomputes_it() {
    for table in told_by_its_script(&sample()) {
        // The sample's log names its consultations whole: nothing is attached.
        assert_eq!(table[1] == 0, table[0] == "rattachements", "{table}: nothing was compared");
        assert_eq!([&table[2], &table[3]], [0, 0], "{table}");
    }
}

/// A table that is split by month has no file where it has no row, and none is not what an engine reads.
#[test]
fn a_version_of_which_tables_are_empty_carries_what_recomputes_it() {
    let logs = || Attempts::on("evry-prefecture");
    let always = "*,*,2019-04-01T00:00:00+02:00,,60,true,essai";
    let before = "*,*,2019-04-01T00:00:00+02:00,2019-04-10T00:00:00+02:00,60,true,essai";
    let cases = [
        ("no attempt", logs().broken_line(), always, "tentatives"),
        ("no answer", logs().saw(Kind::Captcha, 24, "2019-04-16T08:00:00Z"), always, "reponses_heures"),
        ("no attempt on the schedule", logs().saw(Kind::No, 24, "2019-04-16T08:00:00Z"), before, "presences"),
    ];
    for (what, logs, schedule, empty) in cases {
        let pipeline = logs.pipeline("gates = { attempts_min = 0, answers_min = 0, quarantine_max = 1.0 }", schedule);
        let version = Version::of(&pipeline, &[&logs.path()], "2019-05-01T00:00:00+02:00");
        assert!(version.files().all(|file| file["table"] != empty), "{what}: {empty} has a file");
        assert_eq!(differing(&version), Vec::<Value>::new(), "{what}");
    }
}

/// The referee sees a method that is not the published one, in whatever table and however little it changes.
#[test]
fn another_method_does_not_pass_for_ours() {
    let version = sample();
    let changes = [
        ("periodes", "* (z / t) * (z / t)", "* 1.0000000001 * (z / t) * (z / t)", "disponibilite_"),
        (
            "sommes_periodes",
            "THEN semaine_iso END) AS semaines_avec_non",
            "THEN mois END) AS semaines_avec_non",
            "disponibilite_",
        ),
        ("sommes_semaines", "WHERE non > 0) AS jours_avec_non", "WHERE non > 1) AS jours_avec_non", "sommes_semaines"),
        ("lacunes", "dernier_cycle + 1 AS numero", "dernier_cycle + 2 AS numero", "lacunes"),
    ];
    for (table, ours, theirs, seen_in) in changes {
        let models = tempfile::tempdir().unwrap();
        copy(&version.folder().join("models"), models.path());
        let path = models.path().join(format!("{table}.sql"));
        let sql = fs::read_to_string(&path).unwrap();
        assert!(sql.contains(ours), "{table} no longer says {ours}");
        fs::write(&path, sql.replace(ours, theirs)).unwrap();
        let report = recomputed(&version, models.path());
        let report = report.as_object().unwrap().iter();
        let differing = report.filter(|(_, found)| !found["differences"].as_array().unwrap().is_empty());
        let differing: Vec<&str> = differing.map(|(name, _)| name.as_str()).collect();
        // A step on the way is seen in what is made of it.
        assert!(!differing.is_empty(), "nothing differs where {table} says {theirs}");
        assert!(differing.iter().all(|name| name.starts_with(seen_in)), "{differing:?}, where {table} says {theirs}");
    }
}

/// A table by month must not look into another month: the referee makes each month alone and sees that it did.
#[test]
fn a_model_that_looks_into_another_month_is_noticed() {
    let version = sample();
    let models = tempfile::tempdir().unwrap();
    copy(&version.folder().join("models"), models.path());
    let path = models.path().join("suites_reponses_mois.sql");
    let sql = fs::read_to_string(&path).unwrap();
    let ours = "LAG(instant_utc) OVER (PARTITION BY guichet_id, demarche_id, mois ORDER BY rang)";
    assert!(sql.contains(ours), "suites_reponses_mois no longer says {ours}");
    let theirs = "LAG(instant_utc) OVER (PARTITION BY guichet_id, demarche_id ORDER BY mois, rang)";
    fs::write(&path, sql.replace(ours, theirs)).unwrap();
    let report = recomputed(&version, models.path());
    let told = report["suites_reponses_mois"]["differences"].to_string();
    assert!(told.contains("month by month only"), "{told}");
}

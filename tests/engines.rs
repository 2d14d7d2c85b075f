//! The models run on other engines as they are, without rewriting, and give the same: DuckDB, DataFusion, and Sail by
//! the protocol of Spark. What is published must not depend on who worked it out.

use std::fs;
use std::path::Path;
use std::process::Command;

use guichets_ouverts::model::Model;
use serde_json::Value;

use crate::support::python::Environment;
use crate::support::{Run, Version, copy, root, sample, seine_maritime};

pub static ENGINES: Environment = Environment::new("tests/requirements-engines.txt");

const DUCKDB: &str = "duckdb";
const DATAFUSION: &str = "datafusion";
const SAIL: &str = "sail";

/// What an engine makes of a version's tables by the models of a folder, for each table that is published.
fn made_by(engine: &str, version: &Version, models: &Path) -> Value {
    let mut command = Command::new(ENGINES.interpreter());
    // As a file: the client of Spark looks for a whole Spark where the script has none.
    command.arg(root().join("tests/support/engines.py")).arg(engine).arg(version.store()).arg(models);
    command.args(Model::load_all(models).unwrap().into_iter().map(|model| model.table));
    let run = Run::of(&mut command);
    assert_eq!(run.code, Some(0), "{engine}: {}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{engine}: {error}: {}", run.stdout))
}

/// Every table that is published comes out the same, to the last bit of its reals: so its content digest is the same.
fn assert_the_same(engine: &str, version: &Version) {
    let report = made_by(engine, version, &version.folder().join("models"));
    let mut values = 0;
    let mut reals = 0;
    for (table, schema) in version.schemas() {
        let published = schema["guichets"]["formats"].as_array().is_some_and(|formats| !formats.is_empty());
        if schema["guichets"]["origin"] != "model" || !published {
            // A step on the way is told of only where it is not as declared.
            assert_eq!(report[&table], Value::Null, "{engine}, {table}");
            continue;
        }
        let found = &report[&table];
        let rows: u64 = version
            .files_in("parquet")
            .filter(|file| file["table"] == *table)
            .map(|file| file["rows"].as_u64().unwrap())
            .sum();
        let differences = found["differences"].as_array().unwrap_or_else(|| panic!("{engine} makes no {table}"));
        assert!(differences.is_empty(), "{engine}, {table}: {differences:?}");
        assert_eq!(found["rows"], rows, "{engine}, {table}");
        assert_eq!(found["nearly"], 0, "{engine}, {table}: of {} reals, in the last bit", found["reals"]);
        values += found["values"].as_u64().unwrap();
        reals += found["reals"].as_u64().unwrap();
    }
    println!("{engine}: {values} values are the same, {reals} of them reals, to the last bit");
    assert!(values > 10_000 && reals > 500, "{engine}: only {values} values and {reals} reals were compared");
}

#[test]
fn every_model_gives_the_same_bits_on_duckdb() {
    assert_the_same(DUCKDB, &sample());
}

#[test]
fn every_model_gives_the_same_bits_on_datafusion() {
    assert_the_same(DATAFUSION, &sample());
}

#[test]
fn every_model_gives_the_same_bits_on_sail() {
    assert_the_same(SAIL, &sample());
}

#[test]
fn a_real_log_gives_the_same_bits_on_other_engines() {
    if let Some(version) = seine_maritime() {
        assert_the_same(DATAFUSION, &version);
        assert_the_same(SAIL, &version);
    }
}

/// A last bit, a value, a type and a query that fails are each seen.
#[test]
fn what_another_engine_makes_otherwise_is_seen() {
    let version = sample();
    let models = tempfile::tempdir().unwrap();
    copy(&version.folder().join("models"), models.path());
    let changes = [
        ("delais", "AS part_aucune_date", "* 1.0000000000000003 AS part_aucune_date"),
        ("plannings_jours", "COUNT(*) AS", "COUNT(*) + 1 AS"),
        (
            "synthese_departements",
            "    services_suffisants,\n    cycles",
            "    CAST(services_suffisants AS DOUBLE) AS services_suffisants,\n    cycles",
        ),
        ("signatures", "FROM ", "FROM nulle_part_"),
    ];
    for (table, ours, theirs) in changes {
        let path = models.path().join(format!("{table}.sql"));
        let sql = fs::read_to_string(&path).unwrap();
        assert!(sql.contains(ours), "{table} no longer says {ours}");
        fs::write(&path, sql.replace(ours, theirs)).unwrap();
    }
    let report = made_by(DATAFUSION, &version, models.path());
    let told = |table: &str| report[table]["differences"].to_string();
    assert_eq!(told("delais"), "[]");
    assert!(report["delais"]["nearly"].as_u64() > Some(0), "{}", report["delais"]);
    assert!(told("plannings_jours").contains("published"), "{}", told("plannings_jours"));
    assert!(told("synthese_departements").contains("services_suffisants is of the type double"), "{report}");
    assert!(told("signatures").contains("it fails"), "{}", told("signatures"));
}

/// What the documentation says was run is what is tried.
#[test]
fn the_engines_are_named_in_the_documentation_with_the_versions_that_are_tried() {
    let scaling = fs::read_to_string(root().join("SCALING.md")).unwrap();
    let pins = fs::read_to_string(root().join(ENGINES.requirements())).unwrap();
    for (package, name) in [("duckdb", "DuckDB"), ("datafusion", "DataFusion"), ("pysail", "Sail")] {
        let pin = pins.lines().find_map(|line| line.strip_prefix(&format!("{package}=="))).unwrap();
        assert!(scaling.contains(&format!("{name} {pin}")), "SCALING.md does not name {name} {pin}");
    }
}

//! The models compute what the documentation says: over small random worlds in which the hard cases are common, loops
//! that owe nothing to the SQL find the same rows.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::python::python_json;
use crate::support::{copy, sample};

/// What the loops find against the models of a folder.
fn tried(models: &Path) -> Value {
    python_json(include_str!("support/brute_force.py"), [models])
}

/// The differences, one line for each table and world.
fn wrong(report: &Value) -> Vec<&str> {
    report["wrong"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn brute_force_finds_what_the_models_find() {
    let report = tried(&sample().folder().join("models"));
    assert!(report["worlds"].as_u64() >= Some(100), "{}", report["worlds"]);
    let rows = report["rows"].as_object().unwrap();
    for table in ["penuries", "rythme_ouvertures", "lacunes"] {
        assert!(rows[table].as_u64() > Some(0), "{table}: nothing was compared");
    }
    let wrong = wrong(&report);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// One constant of each model, or of one that it reads, is changed, and each is noticed.
#[test]
fn brute_force_notices_another_method() {
    let changes = [
        ("penuries", "suites_reponses_mois", "<= 3.0", "<= 4.0"),
        ("rythme_ouvertures", "suites_reponses", "<= 1440.0", "< 1440.0"),
        ("lacunes", "lacunes", "cadence_min + 0.5", "cadence_min + 0.49"),
    ];
    let models = tempfile::tempdir().unwrap();
    copy(&sample().folder().join("models"), models.path());
    for (_, model, ours, theirs) in changes {
        let path = models.path().join(format!("{model}.sql"));
        let sql = fs::read_to_string(&path).unwrap();
        assert!(sql.contains(ours), "{model} no longer says {ours}");
        fs::write(&path, sql.replace(ours, theirs)).unwrap();
    }
    let report = tried(models.path());
    for (table, model, _, theirs) in changes {
        let noticed = wrong(&report).iter().any(|line| line.starts_with(&format!("{table}: ")));
        assert!(noticed, "{table} notices nothing where {model} says {theirs}");
    }
}

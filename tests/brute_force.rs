//! The models compute what the documentation says: over small random worlds in which the hard cases are common, loops
//! that owe nothing to the SQL find the same rows.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::python::python_json;
use crate::support::{copy, root};

/// What the loops find against the models of a folder; until they find that a table differs, where it is named.
fn tried(models: &Path, until: Option<&str>) -> Value {
    let args = [models.as_os_str()].into_iter().chain(until.map(OsStr::new));
    python_json(include_str!("support/brute_force.py"), args)
}

/// The differences, one line for each table and world.
fn wrong(report: &Value) -> Vec<&str> {
    report["wrong"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn brute_force_finds_what_the_models_find() {
    let report = tried(&root().join("pipelines/models"), None);
    assert!(report["worlds"].as_u64() >= Some(100), "{}", report["worlds"]);
    let rows = report["rows"].as_object().unwrap();
    for table in ["penuries", "rythme_ouvertures", "lacunes"] {
        assert!(rows[table].as_u64() > Some(0), "{table}: nothing was compared");
    }
    let wrong = wrong(&report);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// One thing that a model, or one that it reads, says is changed after the other, and each is noticed.
#[test]
fn brute_force_notices_another_method() {
    let changes = [
        ("penuries", "intermediaires/suites_reponses_mois", "NULLIF(3.5 *", "NULLIF(3.6 *"),
        ("penuries", "intermediaires/suites_reponses_mois", "THEN 3.5 * i.cadence_min_s", "THEN 4.5 * i.cadence_min_s"),
        ("penuries", "intermediaires/suites_reponses_mois", "usure < 1000000000", "usure < 2000000000"),
        ("penuries", "intermediaires/suites_reponses", "usure < 1000000000", "usure <= 1000000000"),
        ("rythme_ouvertures", "intermediaires/suites_reponses", "* 1000000000.0 / 86401.0", "* 1000000000.0 / 8640.0"),
        ("rythme_ouvertures", "intermediaires/suites_reponses", "e.ecart_s < 86401.0", "e.ecart_s < 86400.0"),
        ("penuries", "penuries", "% 7 AS fenetre", "% 8 AS fenetre"),
        ("penuries", "penuries", "(numero + 3) % 7", "(numero + 4) % 7"),
        ("penuries", "penuries", "ELSE 3.5 * CAST(c.cadence_s", "ELSE 3.6 * CAST(c.cadence_s"),
        ("penuries", "penuries", "THEN CAST(86400 AS DOUBLE)", "THEN CAST(86401 AS DOUBLE)"),
        ("penuries", "penuries", "WHEN ouverte THEN", "WHEN NOT ouverte THEN"),
        ("penuries", "penuries", "r.numero <= p.dernier_numero", "r.numero < p.dernier_numero"),
        (
            "rythme_ouvertures",
            "rythme_ouvertures",
            "WHEN au_plus_s IS NULL THEN 1 ELSE 0",
            "WHEN au_plus_s IS NULL THEN 0 ELSE 1",
        ),
        (
            "rythme_ouvertures",
            "intermediaires/reponses_heures",
            "EXTRACT(MINUTE FROM j.debut_utc)",
            "EXTRACT(SECOND FROM j.debut_utc)",
        ),
        ("lacunes", "lacunes", "etendue + 0.5", "etendue + 0.4"),
        ("lacunes", "lacunes", "WHEN ouverte THEN", "WHEN NOT ouverte THEN"),
        ("lacunes", "lacunes", "dernier_cycle + 1 AS numero", "dernier_cycle + 2 AS numero"),
    ];
    let models = tempfile::tempdir().unwrap();
    for (table, model, ours, theirs) in changes {
        copy(&root().join("pipelines/models"), models.path());
        let path = models.path().join(format!("{model}.sql"));
        let sql = fs::read_to_string(&path).unwrap();
        assert!(sql.contains(ours), "{model} no longer says {ours}");
        fs::write(&path, sql.replace(ours, theirs)).unwrap();
        let report = tried(models.path(), Some(table));
        let noticed = wrong(&report).iter().any(|line| line.starts_with(&format!("{table}: ")));
        assert!(noticed, "{table} notices nothing where {model} says {theirs}");
    }
}

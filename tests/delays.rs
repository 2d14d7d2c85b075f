//! Delays are those of all answers: loops find every column again, another method is noticed, and a delay does not look
//! shorter because appointments are scarcer.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::python::python_json;
use crate::support::{Attempts, Kind, Store, root};

const MODEL: &str = "pipelines/models/delais.sql";
const BENEATH: &str = "pipelines/models/intermediaires/delais_mesures.sql";

/// What the loops find against the models of a folder.
fn tried(models: &Path) -> Value {
    python_json(include_str!("support/delays.py"), [models])
}

#[test]
fn loops_find_every_delay_again() {
    let report = tried(&root().join("pipelines/models"));
    assert!(report["rows"].as_u64() >= Some(200), "{report}");
    assert_eq!(report["wrong"], json!([]));
}

/// Of the dates alone, the median would have been 11 to 14 days in all three, and the shorter the fewer they were.
#[test]
fn a_delay_does_not_look_shorter_where_dates_are_scarcer() {
    let report = tried(&root().join("pipelines/models"));
    let scarce = report["scarce"].as_array().unwrap();
    let told = |row: &Value| (row["delai_median_jours"].as_u64(), row["delai_median_superieur_a_jours"].as_u64());
    let (median, beyond) = told(&scarce[0]);
    assert!(median.is_some_and(|days| (19..=23).contains(&days)) && beyond.is_none(), "true median 21: {}", scarce[0]);
    for row in &scarce[1..] {
        assert_eq!(told(row), (None, Some(30)), "{row}");
    }
    let none: Vec<f64> = scarce.iter().map(|row| row["part_aucune_date"].as_f64().unwrap()).collect();
    assert!(none.is_sorted(), "{none:?}");
}

/// A cycle of thirty days that began in January and was looked at in February: January has seconds of a « no », and no answer.
#[test]
fn a_month_that_was_answered_after_it_has_no_delays() {
    let log = Attempts::on("evry-prefecture").saw(Kind::No, 1, "2019-02-05T10:00:00Z");
    let pipeline = log.pipeline(
        "method = { reponses_min_mois = 1, jours_min_mois = 1 }",
        "evry-prefecture,premier-titre,2019-01-15T00:00:00+01:00,,43200,true,essai",
    );
    let store = Store::new();
    let run = store.run(&pipeline, &[&log.path()], "2019-02-20T00:00:00Z", &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let of = |table: &str| store.rows(table).into_iter().find(|row| row["mois"] == "2019-01").unwrap();
    assert_eq!(of("disponibilite_mois")["taux_sans_rdv"], "1");
    let delays = of("delais");
    assert_eq!([&delays["motif_delais"], &delays["delai_median_superieur_a_jours"]], ["aucune_reponse", ""]);
}

#[test]
fn the_loops_notice_another_method() {
    let changes = [
        (BENEATH, "10 * p.jusque_la >= 9 *", "10 * p.jusque_la >= 8 *"),
        (BENEATH, "2 * p.jusque_la >=", "2 * p.jusque_la >"),
        (BENEATH, "p.delai_jours <= c.horizon_min_jours", "p.delai_jours < c.horizon_min_jours"),
        (BENEATH, "complete AND negatifs_consignes", "negatifs_consignes"),
        (MODEL, "horizon_min_jours >= delai_long_jours", "horizon_min_jours > delai_long_jours"),
        (MODEL, "WHERE poids_en = 'secondes'", ""),
    ];
    for (model, ours, theirs) in changes {
        let models = tempfile::tempdir().unwrap();
        for path in [MODEL, BENEATH] {
            let sql = fs::read_to_string(root().join(path)).unwrap();
            assert!(path != model || sql.contains(ours), "{model} no longer says {ours}");
            let sql = if path == model { sql.replace(ours, theirs) } else { sql };
            fs::write(models.path().join(Path::new(path).file_name().unwrap()), sql).unwrap();
        }
        assert_ne!(tried(models.path())["wrong"], json!([]), "nothing is noticed where {model} says {theirs:?}");
    }
}

//! The file for court says what the published tables say, and needs nothing beside itself.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::{Row, guichets, sample};

const SERVICE: (&str, &str) = ("exemple-mont-mirage", "renouvellement-titre");
const DAYS: (&str, &str) = ("2019-02-25", "2019-03-17");

fn of_service(row: &Row) -> bool {
    let day = row["date_locale"].as_str();
    (row["guichet_id"].as_str(), row["demarche_id"].as_str()) == SERVICE && (DAYS.0..=DAYS.1).contains(&day)
}

fn args<'a>(store: &'a str, guichet: &'a str, du: &'a str, au: &'a str) -> Vec<&'a str> {
    let service = ["dossier", "exemple", "--guichet", guichet, "--demarche", SERVICE.1];
    service.into_iter().chain(["--du", du, "--au", au, "--store", store]).collect()
}

#[test]
fn a_dossier_holds_each_attempt_of_the_period_and_the_figures_that_follow() {
    let version = sample();
    let folder = tempfile::tempdir().unwrap();
    let store = version.store().to_str().unwrap();
    let run = guichets(folder.path(), ["--json"].into_iter().chain(args(store, SERVICE.0, DAYS.0, DAYS.1)));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let read = |kind: &str| fs::read_to_string(folder.path().join(told[kind].as_str().unwrap())).unwrap();
    let (html, csv) = (read("html"), read("csv"));

    let attempts: Vec<Row> = version.rows("tentatives").into_iter().filter(of_service).collect();
    assert!(attempts.len() > 100, "the period was chosen to hold many attempts");
    let listed: Vec<Row> = csv::Reader::from_reader(csv.as_bytes()).deserialize().map(Result::unwrap).collect();
    let key = |row: &Row| (row["tentative_id"].clone(), row["reponse"].clone(), row["preuve_sha256"].clone());
    let sorted = |rows: &[Row]| rows.iter().map(key).collect::<BTreeSet<_>>();
    assert_eq!(sorted(&listed), sorted(&attempts));
    assert_eq!(listed.len(), attempts.len(), "each attempt once");
    for attempt in &attempts {
        assert!(html.contains(&attempt["tentative_id"]), "{} is not in the page", attempt["tentative_id"]);
    }

    let of_days = |row: &Row| {
        let day = row["jour"].as_str();
        (row["guichet_id"].as_str(), row["demarche_id"].as_str()) == SERVICE && (DAYS.0..=DAYS.1).contains(&day)
    };
    let consultations: Vec<Row> = version.rows("consultations").into_iter().filter(of_days).collect();
    assert!(consultations.len() < attempts.len(), "the service has retries, which fold into their consultation");
    let refused: Vec<&Row> = consultations.iter().filter(|row| row["reponse"] == "non").collect();
    let distinct = |column: &str| refused.iter().map(|row| row[column].as_str()).collect::<BTreeSet<_>>().len();
    let figure = |value: usize, label: &str| format!("<tr><td>{value}</td><td>{label}</td></tr>");
    for (value, label) in [
        (consultations.len(), "consultations"),
        (attempts.len(), "tentatives, sur tous les plannings"),
        (refused.len(), "réponses « non »"),
        (distinct("jour"), "jours distincts avec un « non »"),
        (distinct("semaine_iso"), "semaines ISO distinctes avec un « non »"),
    ] {
        assert!(html.contains(&figure(value, label)), "{}", figure(value, label));
    }
}

#[test]
fn a_dossier_needs_nothing_beside_itself_and_says_where_it_comes_from() {
    let version = sample();
    let folder = tempfile::tempdir().unwrap();
    let run = guichets(folder.path(), args(version.store().to_str().unwrap(), SERVICE.0, DAYS.0, DAYS.1));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let page = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let page = page.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "html")).unwrap();
    let html = fs::read_to_string(page).unwrap();
    for outside in ["<script", "<link", "src=", "@import", "url("] {
        assert!(!html.contains(outside), "the page asks for something outside itself: {outside}");
    }
    let latest: Value =
        serde_json::from_str(&fs::read_to_string(version.store().join("latest.json")).unwrap()).unwrap();
    for said in [latest["manifest_sha256"].as_str().unwrap(), latest["version"].as_str().unwrap(), "DONNÉES SIMULÉES"]
    {
        assert!(html.contains(said), "{said}");
    }
}

#[test]
fn a_dossier_without_attempts_is_refused_and_not_empty() {
    let version = sample();
    let folder = tempfile::tempdir().unwrap();
    let store = version.store().to_str().unwrap();
    for (guichet, du, au, said) in [
        ("exemple-nulle-part", DAYS.0, DAYS.1, "no attempt on exemple-nulle-part"),
        (SERVICE.0, "2031-01-01", "2031-02-01", "from 2031-01-01 to 2031-02-01"),
        (SERVICE.0, DAYS.1, DAYS.0, "is before"),
        ("x' OR '1' = '1", DAYS.0, DAYS.1, "no attempt on"),
    ] {
        let run = guichets(folder.path(), args(store, guichet, du, au));
        assert_eq!(run.code, Some(2), "{}", run.stdout);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
    }
}

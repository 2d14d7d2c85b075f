//! What a consultation is: a cycle of a service in which every planning that was expected answered, or else no « no »; and
//! what time it stands for.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::referee::differing;
use crate::support::{Attempts, Kind, Row, Store, Version, root, sample, seine_maritime};

const AS_OF: &str = "2019-05-01T00:00:00+02:00";
const SCHEDULE: &str = "*,*,2019-04-01T00:00:00+02:00,,60,true,essai";
const EVERYTHING: &str = "gates = { cycles_max = 1.0, incomplete_max = 1.0 }";

fn attempts() -> Attempts {
    Attempts::on("evry-prefecture")
}

fn publish(logs: &Attempts, settings: &str) -> Version {
    Version::of(&logs.pipeline(settings, SCHEDULE), &[&logs.path()], AS_OF)
}

/// One cycle of a service, each planning with what it showed, a minute after the other.
fn cycle(logs: Attempts, day: u32, hour: u32, plannings: &[(&str, Kind)]) -> Attempts {
    plannings.iter().zip(0..).fold(logs, |logs, ((planning, kind), minute)| {
        let at = format!("2019-04-{day:02}T{hour:02}:{minute:02}:00Z");
        logs.look(*kind, &at, &json!({"run_id": format!("{day}-{hour}"), "planning": planning}))
    })
}

/// Days of eight cycles in which all three plannings say no.
fn whole_days(days: std::ops::RangeInclusive<u32>) -> Attempts {
    let three = [("p1", Kind::No), ("p2", Kind::No), ("p3", Kind::No)];
    days.flat_map(|day| (6..14).map(move |hour| (day, hour)))
        .fold(attempts(), |logs, (day, hour)| cycle(logs, day, hour, &three))
}

/// The only consultation that began at an instant.
fn at(version: &Version, instant: &str) -> Row {
    let mut found: Vec<Row> =
        version.rows("consultations").into_iter().filter(|row| row["instant_utc"] == instant).collect();
    assert_eq!(found.len(), 1, "{instant}");
    found.remove(0)
}

fn said(row: &Row, columns: [&str; 4]) -> [String; 4] {
    columns.map(|column| row[column].clone())
}

const JUDGED: [&str; 4] = ["reponse", "issue", "complete", "plannings_absents"];

#[test]
fn a_planning_that_was_not_asked_makes_no_no() {
    let logs = cycle(whole_days(1..=2), 3, 6, &[("p1", Kind::No)]);
    let logs = cycle(logs, 3, 7, &[("p1", Kind::No), ("p2", Kind::No), ("p3", Kind::Timeout)]);
    let logs = cycle(logs, 3, 8, &[("p1", Kind::Yes)]);
    let logs = cycle(logs, 3, 9, &[("p1", Kind::No), ("p2", Kind::Captcha)]);
    let version = publish(&logs, EVERYTHING);
    let judged = |hour: u32| said(&at(&version, &format!("2019-04-03T{hour:02}:00:00Z")), JUDGED);
    assert_eq!(judged(6), ["inconnue", "incomplete", "false", "2"]);
    assert_eq!(judged(7), ["inconnue", "erreur_reseau", "false", "0"]);
    assert_eq!(judged(8), ["oui", "rdv_propose", "false", "2"], "an offer is one whatever is missing");
    assert_eq!(judged(9), ["inconnue", "captcha_exige", "false", "1"], "the failure is the reason");
    assert_eq!(said(&at(&version, "2019-04-02T06:00:00Z"), JUDGED), ["non", "aucun_rdv", "true", "0"]);
    assert_eq!(differing(&version), Vec::<Value>::new());

    let day = version.rows("disponibilite_jour").into_iter().find(|row| row["jour"] == "2019-04-03").unwrap();
    let counts = ["consultations", "oui", "oui_incomplets", "non", "inconnues", "incompletes", "reponses_retenues"];
    assert_eq!(counts.map(|column| day[column].as_str()), ["4", "1", "1", "0", "3", "3", "0"]);
    assert_eq!((day["taux_sans_rdv"].as_str(), day["motif"].as_str()), ("", "aucune_consultation_complete"));
}

#[test]
fn the_closing_summary_counts_what_was_incomplete_too() {
    let logs = cycle(whole_days(1..=2), 3, 6, &[("p1", Kind::No)]);
    let run = Store::new().run(&logs.pipeline(EVERYTHING, SCHEDULE), &[&logs.path()], AS_OF, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("17 consultations, one cycle of a service each"), "{}", run.stdout);
    let bar = run.stdout.lines().find(|line| line.contains("incomplete  ")).expect("a bar");
    assert_eq!(bar.split_whitespace().take(3).collect::<Vec<_>>(), ["incomplete", "inconnue", "1"]);
}

#[test]
fn retries_fold_into_their_cycle() {
    let named = |planning: &str, attempt: u32| json!({"run_id": "c", "planning": planning, "try": attempt});
    let logs = whole_days(1..=2)
        .look(Kind::Timeout, "2019-04-03T06:00:00Z", &named("p1", 1))
        .look(Kind::No, "2019-04-03T06:01:00Z", &named("p2", 1))
        .look(Kind::Yes, "2019-04-03T06:02:00Z", &named("p3", 1))
        .look(Kind::No, "2019-04-03T06:10:00Z", &named("p1", 2))
        .look(Kind::No, "2019-04-03T06:12:00Z", &named("p3", 2));
    let row = at(&publish(&logs, EVERYTHING), "2019-04-03T06:00:00Z");
    assert_eq!(said(&row, JUDGED), ["oui", "rdv_propose", "true", "0"], "an offer in any try, an answer in the last");
    assert_eq!(said(&row, ["lignes", "essais", "plannings", "plannings_repondus"]), ["5", "2", "3", "3"]);
}

#[test]
fn a_planning_is_expected_from_its_first_answer_and_not_for_a_slip() {
    let logs = (6..14).fold(attempts(), |logs, hour| cycle(logs, 1, hour, &[("p1", Kind::No)]));
    let logs = cycle(logs, 1, 15, &[("p1", Kind::No), ("slip", Kind::No)]);
    let logs = (6..12).fold(logs, |logs, hour| cycle(logs, 2, hour, &[("p1", Kind::No), ("p2", Kind::No)]));
    let logs = cycle(logs, 3, 6, &[("p1", Kind::No)]);
    let version = publish(&logs, EVERYTHING);
    let judged = |instant: &str| said(&at(&version, instant), JUDGED);
    assert_eq!(judged("2019-04-01T06:00:00Z"), ["non", "aucun_rdv", "true", "0"], "before p2 was first seen");
    assert_eq!(
        judged("2019-04-03T06:00:00Z"),
        ["inconnue", "incomplete", "false", "1"],
        "p2 is missed, the slip is not"
    );
    let expected: BTreeMap<String, String> =
        version.rows("plannings").into_iter().map(|row| (row["planning_id"].clone(), row["attendu"].clone())).collect();
    let wanted = [("p1", "true"), ("p2", "true"), ("slip", "false")];
    assert_eq!(expected, wanted.map(|(id, expected)| (id.to_owned(), expected.to_owned())).into());
}

#[test]
fn a_planning_out_of_scope_is_not_expected_and_one_without_a_name_asks_the_whole_service() {
    let gone =
        |planning: &str| json!({"run_id": "c1", "planning": planning, "http_status": 404, "page_text": "Not Found"});
    let whole = |run: &str| json!({"run_id": run});
    let logs = whole_days(1..=2)
        .look(Kind::No, "2019-04-03T06:00:00Z", &json!({"run_id": "c1", "planning": "p1"}))
        .look(Kind::Unrecognized, "2019-04-03T06:01:00Z", &gone("p2"))
        .look(Kind::Unrecognized, "2019-04-03T06:02:00Z", &gone("p3"))
        .look(Kind::No, "2019-04-03T07:00:00Z", &whole("c2"))
        .look(Kind::Timeout, "2019-04-03T08:00:00Z", &whole("c3"));
    let version = publish(&logs, EVERYTHING);
    let judged = |instant: &str| said(&at(&version, instant), JUDGED);
    assert_eq!(judged("2019-04-03T06:00:00Z"), ["non", "aucun_rdv", "true", "0"]);
    assert_eq!(judged("2019-04-03T07:00:00Z"), ["non", "aucun_rdv", "true", "3"], "the service answered as a whole");
    assert_eq!(judged("2019-04-03T08:00:00Z"), ["inconnue", "erreur_reseau", "false", "3"]);
}

#[test]
fn a_robot_that_stops_at_the_first_offer_gets_no_rate_that_is_wrong() {
    // Half of the cycles are offered at the first planning, and the robot goes home.
    let mut logs = attempts();
    for day in 1..=20 {
        for hour in 6..14 {
            let three = [("p1", Kind::No), ("p2", Kind::No), ("p3", Kind::No)];
            logs = cycle(logs, day, hour, if hour % 2 == 0 { &three } else { &[("p1", Kind::Yes)] });
        }
    }
    let schedule = "*,*,2019-04-01T00:00:00+02:00,2019-04-21T00:00:00+02:00,60,true,essai";
    let version = Version::of(&logs.pipeline(EVERYTHING, schedule), &[&logs.path()], AS_OF);
    let month = &version.rows("disponibilite_mois")[0];
    assert_eq!(said(month, ["taux_sans_rdv", "motif", "oui_incomplets", "non"]), ["", "oui_incomplets", "80", "80"]);
    let bounds = ["borne_basse", "borne_haute"].map(|column| month[column].parse::<f64>().unwrap());
    assert!(bounds[0] > 0.3 && bounds[1] < 0.7, "what is known is known: {bounds:?}");
}

#[test]
fn a_refused_vantage_neither_halves_nor_doubles_what_another_saw() {
    let from = |vantage: &str, run: String| json!({"run_id": run, "vantage": vantage});
    let mut logs = attempts();
    for hour in 0..24 {
        let at = |minute: u32| format!("2019-04-02T{hour:02}:{minute:02}:00Z");
        let kind = if hour < 6 { Kind::Yes } else { Kind::No };
        logs = logs
            .look(Kind::Captcha, &at(0), &from("ip-1", format!("a{hour}")))
            .look(kind, &at(10), &from("ip-2", format!("b{hour}")))
            .look(if hour == 12 { Kind::Yes } else { kind }, &at(20), &from("ip-2", format!("c{hour}")));
    }
    let version = publish(&logs, EVERYTHING);
    let days = version.rows("disponibilite_ensemble");
    let row = &days[0];
    let seconds = ["secondes_repondues", "secondes_non", "secondes_inconnues"].map(|column| row[column].clone());
    // 24 hours answered, of which 17 are « no », and half of the one of which two looks said different things.
    assert_eq!(seconds, ["86400", "63000", "0"]);
    assert_eq!(row["consultations"], "72");
}

/// The lines of the sample of which the planning is not one of some, in the month of May.
fn without_plannings(month: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for part in ["02", "03", "04", "05"] {
        let path = root().join(format!("data/sample/attempts-2019-{part}.ndjson.zst"));
        let text = String::from_utf8(zstd::decode_all(fs::File::open(path).unwrap()).unwrap()).unwrap();
        lines.extend(
            text.lines()
                .filter(|line| {
                    let died = line.contains("\"counter\":\"exemple-port-songe\",\"procedure\":\"retrait-titre\"")
                        && line.contains(&format!("\"started_at\":\"{month}"));
                    !died || line.contains("guichet-1")
                })
                .map(str::to_owned),
        );
    }
    lines
}

#[test]
fn a_robot_that_dies_after_the_first_of_three_plannings_raises_no_rate() {
    let of = |row: &Row| {
        row["guichet_id"] == "exemple-port-songe" && row["demarche_id"] == "retrait-titre" && row["mois"] == "2019-05"
    };
    let untouched = sample().rows("disponibilite_mois").into_iter().find(of).unwrap();
    let truth: f64 = untouched["taux_sans_rdv"].parse().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs.ndjson");
    fs::write(&logs, without_plannings("2019-05").join("\n") + "\n").unwrap();
    let version = Version::of("exemple".as_ref(), &[&logs], "2019-06-01T00:00:00+02:00");
    let month = version.rows("disponibilite_mois").into_iter().find(of).unwrap();
    assert_eq!(
        said(&month, ["taux_sans_rdv", "ic95_bas", "motif", "non"]),
        ["", "", "aucune_consultation_complete", "0"]
    );
    let bound = |column: &str| month[column].parse::<f64>().unwrap();
    assert!(bound("borne_basse") <= truth && truth <= bound("borne_haute"), "{month:?}");
    assert!(bound("part_incompletes") > 0.99, "{month:?}");
    for row in version.rows("consultations").into_iter().filter(|row| of(row) && row["plannings_absents"] != "0") {
        assert!(["oui", "inconnue"].contains(&row["reponse"].as_str()), "{row:?}");
    }
    let kinds: Vec<String> = version
        .rows("signaux")
        .into_iter()
        .filter(|row| row["guichet_id"] == "exemple-port-songe")
        .map(|row| row["type"].clone())
        .collect();
    assert!(kinds.iter().any(|kind| kind == "consultations_incompletes"), "{kinds:?}");
    let gates = version.manifest["gates"].as_array().unwrap();
    let figure =
        gates.iter().find(|gate| gate["gate"] == "incompletes").unwrap()["figure"].as_str().unwrap().to_owned();
    assert!(!figure.starts_with("0 of"), "{figure}");
}

#[test]
fn in_the_sample_no_no_stands_beside_an_offer_and_complete_cases_give_the_rates_of_the_method() {
    let version = sample();
    let key = |row: &Row, cycle: &str| ["guichet_id", "demarche_id", "mois", cycle].map(|column| row[column].clone());
    let answers: BTreeMap<[String; 4], String> =
        version.rows("consultations").iter().map(|row| (key(row, "consultation_id"), row["reponse"].clone())).collect();
    for line in version.rows("tentatives").iter().filter(|line| line["reponse"] == "oui") {
        assert_eq!(answers[&key(line, "cycle_id")], "oui", "{line:?}");
    }
    let mut shares: Vec<String> = version
        .rows("disponibilite_mois")
        .into_iter()
        .filter(|row| row["guichet_id"] == "exemple-port-songe" && row["demarche_id"] == "retrait-titre")
        .map(|row| format!("{} {:.3}", row["mois"], row["part_des_consultations"].parse::<f64>().unwrap()))
        .collect();
    shares.sort();
    assert_eq!(shares, ["2019-02 0.598", "2019-03 0.637", "2019-04 0.647", "2019-05 0.663"]);
}

#[test]
fn a_rate_of_seine_maritime_is_a_share_of_scheduled_time() {
    let Some(version) = seine_maritime() else { return };
    let rows = version.rows("disponibilite_mois");
    let row = rows.iter().find(|row| row["demarche_id"] == "premier-titre").unwrap();
    let seconds = ["secondes_non", "secondes_repondues", "secondes_mesurees", "secondes_prevues"];
    let minutes = seconds.map(|column| row[column].parse::<u32>().unwrap() / 60);
    assert_eq!(minutes, [4_065, 7_125, 7_125, 7_665]);
    assert_eq!(
        said(row, ["non_retenus", "reponses_retenues", "periode_complete", "motif"]),
        ["169", "271", "false", "periode_incomplete"]
    );
    assert!((row["taux_sans_rdv"].parse::<f64>().unwrap() - 4_065.0 / 7_125.0).abs() < 1e-12);
    assert!(version.rows("penuries").iter().all(|row| row["en_cours"] == "false"), "nobody measures any more");
    let delays = version.rows("delais");
    assert_eq!(delays.len(), 6);
    for row in delays {
        assert_eq!((row["part_aucune_date"].as_str(), row["motif"].as_str()), ("", "dates_non_relevees"), "{row:?}");
    }
}

//! The rule before all others: « we could not look » is never « there was none ». Attempts without an answer change no
//! rate, and days without an attempt are rows that say so.

use std::collections::BTreeMap;
use std::fs;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Attempts, Kind, Row, Store, root, sample};

const AVAILABILITY: [(&str, &str); 3] =
    [("disponibilite_jour", "jour"), ("disponibilite_semaine", "semaine_iso"), ("disponibilite_mois", "mois")];

/// Two days of the sample's logs.
fn two_days() -> Vec<String> {
    let path = root().join("data/sample/attempts-2019-02.ndjson.zst");
    let text = String::from_utf8(zstd::decode_all(fs::File::open(path).unwrap()).unwrap()).unwrap();
    text.lines().take(300).map(str::to_owned).collect()
}

/// Publishes logs of those days under thresholds that let every row with an answer have a rate.
fn published(lines: &[String]) -> Store {
    let pipeline = Attempts::on("");
    let schedule = root().join("pipelines/exemple/schedule.csv");
    let settings = format!(
        "simulated = true\nschedule = \"{}\"\ngates = {{ unrecognized_max = 1.0, incomplete_max = 1.0 }}\n\
         method = {{ reponses_min_jour = 1, reponses_min_semaine = 1, jours_min_semaine = 1, reponses_min_mois = 1, \
         jours_min_mois = 1, couverture_suffisante = 0.0, largeur_bornes_max = 1.0 }}",
        schedule.display(),
    );
    let folder = pipeline.pipeline(&settings, "");
    let logs = folder.join("logs.ndjson");
    fs::write(&logs, lines.join("\n") + "\n").unwrap();
    let store = Store::new();
    let run = store.run(&folder, &[&logs], "2019-02-05T00:00:00+01:00", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    store
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is « {} »", row[column]))
}

fn sum(rows: &[Row], column: &str) -> f64 {
    rows.iter().map(|row| number(row, column)).sum()
}

/// The rows of a table by service and time.
fn by_key(rows: Vec<Row>, time: &str) -> BTreeMap<[String; 3], Row> {
    rows.into_iter().map(|row| (["guichet_id", "demarche_id", time].map(|column| row[column].clone()), row)).collect()
}

/// The same log with attempts added that saw nothing, each by the service and on the day of a line that is there.
fn with_unknowns(lines: &[String], unknowns: &[(usize, Kind, i64)]) -> Vec<String> {
    let added = unknowns.iter().enumerate().map(|(number, (line, kind, seconds))| {
        let beside: Value = serde_json::from_str(&lines[*line]).unwrap();
        let at = DateTime::parse_from_rfc3339(beside["started_at"].as_str().unwrap()).unwrap();
        let later = at + TimeDelta::seconds(*seconds);
        let at = if later.date_naive() == at.date_naive() { later } else { at };
        let mut attempt = json!({
            "contract": "attempt/1", "attempt_id": format!("00000000-0000-4000-8000-{number:012}"),
            "started_at": at.to_rfc3339(), "counter": beside["counter"], "procedure": beside["procedure"],
            "system": "ez_planning", "probe": "essai", "verdict": "no_slot",
        });
        attempt.as_object_mut().unwrap().extend(kind.evidence().as_object().unwrap().clone());
        attempt.to_string()
    });
    lines.iter().cloned().chain(added).collect()
}

fn unknown() -> impl Strategy<Value = (usize, Kind, i64)> {
    let kind = prop_oneof![Just(Kind::Timeout), Just(Kind::Captcha), Just(Kind::Unrecognized)];
    (0_usize..300, kind, 0_i64..3_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 20, ..ProptestConfig::default() })]

    /// The robot's own verdict on each added line is « no slot », as a careless robot would have it.
    #[test]
    fn attempts_without_an_answer_change_no_rate(unknowns in prop::collection::vec(unknown(), 1..120)) {
        let lines = two_days();
        let (before, after) = (published(&lines), published(&with_unknowns(&lines, &unknowns)));
        for (table, time) in AVAILABILITY {
            let (old, new) = (by_key(before.rows(table), time), by_key(after.rows(table), time));
            prop_assert!(old.keys().eq(new.keys()), "{}: other rows", table);
            let (mut rates, mut more, mut bounded) = (0, 0.0, 0);
            for (key, was) in &old {
                let is = &new[key];
                for same in ["taux_sans_rdv", "oui", "non", "reponses", "hors_champ", "secondes_non", "secondes_repondues", "ic95_bas", "ic95_haut"] {
                    // A day has no interval.
                    prop_assert_eq!(is.get(same), was.get(same), "{} {:?} {}", table, key, same);
                }
                rates += i32::from(!is["taux_sans_rdv"].is_empty());
                let unknown = number(is, "inconnues") - number(was, "inconnues");
                more += unknown;
                if unknown > 0.0 {
                    // The bounds open where the cycle had no answer, never close, and still hold the rate.
                    if let (Ok(rate), Ok(low), Ok(high)) = (is["taux_sans_rdv"].parse::<f64>(), is["borne_basse"].parse(), is["borne_haute"].parse()) {
                        prop_assert!((low..=high).contains(&rate), "{} {:?}", table, key);
                        prop_assert!(low <= number(was, "borne_basse") && high >= number(was, "borne_haute"));
                        bounded += 1;
                    }
                }
            }
            prop_assert!(rates > 0 && bounded > 0, "{}: nothing was compared", table);
            prop_assert_eq!(more.to_string(), unknowns.len().to_string(), "{}", table);
        }
    }
}

/// Every service, day and number of expected cycles, from the schedule alone and cycle by cycle.
fn expected() -> BTreeMap<[String; 3], i64> {
    let mut days = BTreeMap::new();
    let mut schedule = csv::Reader::from_path(root().join("pipelines/exemple/schedule.csv")).unwrap();
    for row in schedule.deserialize() {
        let row: Row = row.unwrap();
        let zone = if row["guichet_id"] == "exemple-ile-nuage" { Tz::Indian__Reunion } else { Tz::Europe__Paris };
        let instant = |column: &str| row[column].parse::<DateTime<Utc>>().unwrap();
        let cadence = TimeDelta::minutes(row["cadence_min"].parse().unwrap());
        let mut cycle = instant("debut");
        while cycle < instant("fin") {
            let day = cycle.with_timezone(&zone).date_naive().to_string();
            *days.entry([row["guichet_id"].clone(), row["demarche_id"].clone(), day]).or_default() += 1;
            cycle += cadence;
        }
    }
    days
}

#[test]
fn every_day_in_scope_is_a_row() {
    let version = sample();
    for table in ["disponibilite_jour", "calendrier"] {
        let rows = by_key(version.rows(table), "jour");
        let found: BTreeMap<_, i64> =
            rows.into_iter().map(|(key, row)| (key, row["cycles_prevus"].parse().unwrap())).collect();
        assert_eq!(found, expected(), "{table}");
    }
}

#[test]
fn every_week_and_month_in_scope_is_a_row_and_the_sum_of_its_days() {
    let version = sample();
    let days = version.rows("disponibilite_jour");
    for (table, column) in [("disponibilite_semaine", "semaine_iso"), ("disponibilite_mois", "mois")] {
        let mut sums: BTreeMap<[String; 3], [f64; 4]> = BTreeMap::new();
        let counts = ["cycles_prevus", "oui", "non", "inconnues"];
        for day in &days {
            let sum = sums.entry(["guichet_id", "demarche_id", column].map(|column| day[column].clone())).or_default();
            counts.iter().zip(sum).for_each(|(count, sum)| *sum += number(day, count));
        }
        let rows = by_key(version.rows(table), column);
        let found: BTreeMap<_, _> =
            rows.into_iter().map(|(key, row)| (key, counts.map(|count| number(&row, count)))).collect();
        assert_eq!(found, sums, "{table}");
    }
}

/// Stories of the sample: from 5 to 8 March, by the clock of Paris, the robot was silent.
#[test]
fn days_on_which_nobody_looked_say_so() {
    let version = sample();
    let outage: Vec<String> = (5..=8).map(|day| NaiveDate::from_ymd_opt(2019, 3, day).unwrap().to_string()).collect();
    let days = version.rows("disponibilite_jour");
    // The island's clock is ahead: the first of its four days began before the silence.
    let silent = |row: &&Row| outage[usize::from(row["guichet_id"] == "exemple-ile-nuage")..].contains(&row["jour"]);
    let silent: Vec<&Row> = days.iter().filter(silent).collect();
    assert_eq!(silent.len(), 9 * 4 - 1, "nine services are in scope in March");
    for row in silent {
        assert_eq!((row["qualite"].as_str(), row["motif"].as_str()), ("aucune_mesure", "aucune_mesure"), "{row:?}");
        assert!(number(row, "cycles_prevus") > 0.0 && row["couverture"] == "0", "{row:?}");
        for empty in ["taux_sans_rdv", "borne_basse", "borne_haute", "taux_reponse"] {
            assert_eq!(row[empty], "", "{empty}: {row:?}");
        }
        for none in ["lignes", "consultations", "oui", "non", "inconnues"] {
            assert_eq!(row[none], "0", "{none}: {row:?}");
        }
    }
}

#[test]
fn each_attempt_is_counted_once_in_each_table() {
    let version = sample();
    let attempts: u64 = version
        .files_in("parquet")
        .filter(|file| file["table"] == "tentatives")
        .map(|file| file["rows"].as_u64().unwrap())
        .sum();
    assert!(attempts > 18_000);
    for (table, _) in AVAILABILITY {
        let rows = version.rows(table);
        assert_eq!(sum(&rows, "lignes").to_string(), attempts.to_string(), "{table}");
        let outcomes: f64 =
            guichets_ouverts::outcome::Outcome::ALL.iter().map(|outcome| sum(&rows, outcome.code())).sum();
        assert_eq!(
            (outcomes + sum(&rows, "incomplete")).to_string(),
            sum(&rows, "consultations").to_string(),
            "{table}: every consultation has one outcome"
        );
    }
}

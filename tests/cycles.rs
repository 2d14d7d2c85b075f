//! A cycle is one run of the robot over its targets, and one consultation: an id that names several does not melt days
//! together, a version whose cycles cannot be what they say is refused, and what is made of cycles is what loops find.

use serde_json::{Value, json};

use crate::referee::differing;
use crate::support::python::python_json;
use crate::support::{Attempts, Kind, Row, Run, Store, Version, root};

const AS_OF: &str = "2019-05-01T00:00:00+02:00";
const SCHEDULE: &str = "*,*,2019-04-01T00:00:00+02:00,,60,true,essai";

fn attempts() -> Attempts {
    Attempts::on("evry-prefecture")
}

/// Eight attempts a day for ten days, of which the last says « yes »; what each day's cycles are called is up to the test.
fn ten_days(mut name: impl FnMut(u32, u32) -> Value) -> Attempts {
    let mut logs = attempts();
    for day in 1..=10 {
        for cycle in 1..=8 {
            let kind = if (day, cycle) == (10, 8) { Kind::Yes } else { Kind::No };
            logs = logs.look(kind, &format!("2019-04-{day:02}T{:02}:00:00Z", 6 + cycle), &name(day, cycle));
        }
    }
    logs
}

fn publish(logs: &Attempts, settings: &str) -> Version {
    Version::of(&logs.pipeline(settings, SCHEDULE), &[&logs.path()], AS_OF)
}

fn run(logs: &Attempts) -> Run {
    Store::new().run(&logs.pipeline("", SCHEDULE), &[&logs.path()], AS_OF, &[])
}

/// What the gate found.
fn figure(version: &Version) -> String {
    let gates = version.manifest["gates"].as_array().unwrap();
    gates.iter().find(|gate| gate["gate"] == "cycles").unwrap()["figure"].as_str().unwrap().to_owned()
}

/// Each day's counts of consultations and of « no ».
fn days(version: &Version) -> Vec<[String; 2]> {
    let days = version.rows("disponibilite_jour").into_iter().filter(|day| day["consultations"] != "0");
    days.map(|day| [day["consultations"].clone(), day["non"].clone()]).collect()
}

const EVERYTHING: &str = "gates.cycles_max = 1.0";

#[test]
fn ids_numbered_anew_each_day_do_not_melt_ten_days_into_one() {
    let logs = ten_days(|_, cycle| json!({"run_id": format!("cycle-{cycle}")}));
    let version = publish(&logs, EVERYTHING);
    assert_eq!(version.rows("consultations").len(), 80);
    let mut expected = vec![["8".to_owned(), "8".to_owned()]; 10];
    expected[9][1] = "7".to_owned();
    assert_eq!(days(&version), expected);
    assert_eq!(differing(&version), Vec::<Value>::new(), "another engine parts them alike");

    let told = figure(&version);
    assert!(told.starts_with("72 of 80 cycles (90.00 %): 72 whose id is used again, 0 that last too long"), "{told}");
    let refused = run(&logs);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    let refusal = "the gate « cycles » refuses: 72 of 80 cycles";
    let example = "as cycle-1 of evry-prefecture / premier-titre in 2019-04";
    assert!(refused.stderr.contains(refusal) && refused.stderr.contains(example), "{}", refused.stderr);
}

#[test]
fn ids_numbered_anew_are_cycles_of_their_own_where_the_log_says_when_each_began() {
    let name = |day: u32, cycle: u32| json!({"run_id": format!("cycle-{cycle}"), "run_started_at": format!("2019-04-{day:02}T{:02}:00:00Z", 6 + cycle)});
    let version = publish(&ten_days(name), "");
    let consultations = version.rows("consultations");
    assert_eq!(consultations.len(), 80);
    assert!(consultations.iter().all(|row| row["debut_consigne"] == "true" && row["debut_utc"] == row["instant_utc"]));
    assert_eq!(figure(&version), "0 of 80 cycles (0.00 %)");
}

#[test]
fn one_id_for_ten_days_is_noticed() {
    let logs = ten_days(|_, _| json!({"run_id": "processus-1"}));
    let version = publish(&logs, EVERYTHING);
    // The nights part the days; within a day nothing tells the cycles apart.
    assert_eq!(version.rows("consultations").len(), 10);
    assert_eq!(differing(&version), Vec::<Value>::new());
    let told = figure(&version);
    assert!(
        told.starts_with("10 of 10 cycles (100.00 %): 9 whose id is used again, 10 that last too long, 10"),
        "{told}"
    );
    assert_eq!(run(&logs).code, Some(3));
}

#[test]
fn one_beginning_for_ten_days_is_noticed() {
    let began = json!({"run_id": "processus-1", "run_started_at": "2019-04-01T06:00:00Z"});
    let logs = ten_days(|_, _| began.clone());
    let version = publish(&logs, EVERYTHING);
    assert_eq!(version.rows("consultations").len(), 1, "the log says that it is one cycle");
    assert!(figure(&version).contains("1 that last too long, 1 that ask a planning twice"), "{}", figure(&version));
    assert_eq!(run(&logs).code, Some(3));
}

#[test]
fn a_beginning_that_moves_with_each_attempt_is_noticed() {
    let mut logs = attempts();
    for minute in 0..4 {
        let at = format!("2019-04-16T08:0{minute}:00Z");
        let named = json!({"run_id": "cycle-1", "run_started_at": at, "planning": format!("p{minute}")});
        logs = logs.look(Kind::No, &at, &named);
    }
    let version = publish(&logs, EVERYTHING);
    assert_eq!(differing(&version), Vec::<Value>::new());
    let told = figure(&version);
    assert!(told.starts_with("3 of 4 cycles (75.00 %): 3 whose id is used again"), "{told}");
}

#[test]
fn a_planning_asked_twice_in_one_try_is_noticed_and_a_second_try_is_not() {
    let named = |planning: &str, attempt: u32| json!({"run_id": "c1", "planning": planning, "try": attempt});
    let honest = attempts()
        .look(Kind::No, "2019-04-16T08:00:00Z", &named("p1", 1))
        .look(Kind::Timeout, "2019-04-16T08:01:00Z", &named("p2", 1))
        .look(Kind::No, "2019-04-16T08:05:00Z", &named("p2", 2));
    let version = publish(&honest, "");
    assert_eq!(figure(&version), "0 of 1 cycles (0.00 %)");
    let consultations = version.rows("consultations");
    let told = |row: &Row| ["debut_utc", "plannings", "lignes", "essais", "reponse"].map(|column| row[column].clone());
    let one = ["2019-04-16T08:00:00Z", "2", "3", "2", "non"].map(str::to_owned);
    assert_eq!(consultations.iter().map(told).collect::<Vec<_>>(), [one], "both tries are of one consultation");

    let twice = honest.look(Kind::Yes, "2019-04-16T08:06:00Z", &named("p1", 1));
    let told = figure(&publish(&twice, EVERYTHING));
    assert!(told.starts_with("1 of 1 cycles (100.00 %): 0 whose id is used again, 0 that last too long, 1"), "{told}");
}

#[test]
fn a_few_repeated_targets_among_many_cycles_pass() {
    let mut logs = attempts();
    for cycle in 0..30 {
        let at = format!("2019-04-{:02}T08:00:00Z", 1 + cycle % 30);
        logs = logs.look(Kind::No, &at, &json!({"run_id": format!("c{cycle}")}));
    }
    let logs = logs.look(Kind::No, "2019-04-01T08:01:00Z", &json!({"run_id": "c0"}));
    assert_eq!(run(&logs).code, Some(0), "{}", run(&logs).stderr);
    assert!(figure(&publish(&logs, "")).starts_with("1 of 30 cycles (3.33 %)"));
}

#[test]
fn a_newest_month_numbered_anew_is_not_hidden_by_a_long_history() {
    let mut logs = attempts();
    for cycle in 0..2400 {
        let at = format!("2019-04-{:02}T{:02}:{:02}:00Z", 2 + cycle / 1440, cycle / 60 % 24, cycle % 60);
        logs = logs.look(Kind::No, &at, &json!({"run_id": format!("avril-{cycle}")}));
    }
    for day in 1..=15 {
        for cycle in 0..8 {
            let at = format!("2019-05-{day:02}T{:02}:00:00Z", 6 + cycle);
            logs = logs.look(Kind::No, &at, &json!({"run_id": format!("cycle-{cycle}")}));
        }
    }
    let run = Store::new().run(&logs.pipeline("", SCHEDULE), &[&logs.path()], "2019-06-01T00:00:00+02:00", &[]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("112 of 120 cycles of the newest month (93.33 %)"), "{}", run.stderr);
}

#[test]
fn the_longest_cycle_is_a_parameter_that_anyone_can_read() {
    let named = json!({"run_id": "c1"});
    let logs = attempts().look(Kind::No, "2019-04-16T08:00:00Z", &named).look(Kind::No, "2019-04-16T14:00:01Z", &named);
    assert_eq!(publish(&logs, EVERYTHING).rows("consultations").len(), 2);
    let version = publish(&logs, "gates.cycles_max = 1.0\nmethod.cycle_max_h = 7");
    assert_eq!(version.rows("consultations").len(), 1);
    assert_eq!(version.rows("parametres")[0]["cycle_max_h"], "7");
}

/// Runs what stands beside `compare.py`, which says what it prints.
const LOOPS: &str = "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]); \
                     import compare; compare.main(*sys.argv[2:])";

/// What a model could say instead, in a way that only hard cases show.
const CHANGES: [[&str; 3]; 27] = [
    ["rattachements", "<= ecart_max THEN 0", "< ecart_max THEN 0"],
    ["rattachements", "c.debut_utc, e.premier_utc", "c.debut_utc"],
    ["plannings_consultes", "/ 86400.0 + 0.5", "/ 86400.0 + 1.5"],
    ["rattachements", "numero * cadence_s >= fin_s", "numero * cadence_s > fin_s"],
    ["rattachements", "essai = 1 OR precedente IS NULL", "essai = 1"],
    ["plannings_consultes", "CAST(t.essai AS BIGINT) * 100 + r.rang", "CAST(100 AS BIGINT) + r.rang"],
    ["plannings_consultes", "CASE WHEN r.offres > 0 THEN 1 ELSE", "CASE WHEN r.offres > 9 THEN 1 ELSE"],
    ["rattachements", "mois, cycle_id, numero)", "cycle_id, numero)"],
    ["plannings_jours", "MIN(CASE WHEN reponse <> 'inconnue' THEN instant_utc END)", "MIN(instant_utc)"],
    ["plannings", ">= CAST(p.plannings_cycles_min", "> CAST(p.plannings_cycles_min"],
    ["plannings_attendus", "<= 2 * fenetre", "<= 2 * fenetre + 1"],
    ["plannings_attendus", "v.premier_utc >= d.depuis_utc", "v.debut_utc >= d.depuis_utc"],
    ["plannings_attendus", "AND l.planning_id IS NULL", ""],
    ["consultations", "r.instant_utc < a.fin_utc", "r.instant_utc <= a.fin_utc"],
    ["consultations", "r.plannings_muets = 0 AND", ""],
    ["consultations", "OR COALESCE(c.plannings_absents, 0) = 0", "OR TRUE"],
    ["consultations", "reponse IN ('oui', 'non') AND planning_id", "reponse <> 'inconnue' AND planning_id"],
    ["consultations", "(c.numero + 2.0)", "(c.numero + 3.0)"],
    ["rattachements", "MAX(demande) OVER", "MIN(demande) OVER"],
    ["consultations", "AND c.fin_s > c.regard_s", ""],
    ["consultations", "cadence_s < EXTRACT(EPOCH FROM j.fin_mois", "cadence_s <= EXTRACT(EPOCH FROM j.fin_mois"],
    ["cycles", "s.consigne = 0 OR", "s.consigne = 0 AND"],
    ["cycles", "lignes > essais", "lignes > essais + 1"],
    ["cycles_regardes", "d.debut_s >= EXTRACT(EPOCH FROM j.fin_utc)", "d.debut_s > EXTRACT(EPOCH FROM j.fin_utc)"],
    ["cycles_regardes", "c.debut_s - c.avance_s < c.debut_mois_s", "c.debut_s < c.debut_mois_s"],
    ["temps_jours", "jusqu_a_aucune_date / reponses + 0.5", "jusqu_a_aucune_date / reponses"],
    ["temps_jours", "date + entre + au_dela + non_lue + oui_incomplets, 0)", "date + entre + au_dela + non_lue, 0)"],
];

#[test]
fn loops_find_what_the_models_find_of_cycles_and_time_and_notice_another_method() {
    let (loops, models) = (root().join("tests/support/loops"), root().join("pipelines/models"));
    let changes = serde_json::to_string(&CHANGES).unwrap();
    let args = [loops.as_os_str(), models.as_os_str(), changes.as_ref()];
    let report = python_json(LOOPS, args);
    for (table, rows) in report["rows"].as_object().unwrap() {
        assert!(rows.as_u64() > Some(500), "{table}: {rows} rows");
    }
    assert_eq!(report["wrong"], json!([]));
    assert_eq!(report["unnoticed"], json!([]), "nobody notices where a model says this");
}

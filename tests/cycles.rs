//! A cycle is one run of the robot over its targets: an id that names several does not melt days together, and a version
//! whose cycles cannot be what they say is refused.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::referee::differing;
use crate::support::python::python_json;
use crate::support::{Attempts, Kind, Run, Store, Version, copy, root};

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

/// Each day's counts of consultations, expected and measured cycles, and « no ».
fn days(version: &Version) -> Vec<[String; 2]> {
    let days = version.rows("disponibilite_jour").into_iter().filter(|day| day["tentatives"] != "0");
    days.map(|day| [day["tentatives"].clone(), day["non"].clone()]).collect()
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
    let tries: Vec<[&str; 4]> = consultations
        .iter()
        .map(|row| ["essai", "debut_utc", "plannings", "lignes"].map(|column| row[column].as_str()))
        .collect();
    let began = "2019-04-16T08:00:00Z";
    assert_eq!(tries, [["1", began, "2", "2"], ["2", began, "1", "1"]], "both tries are of one cycle");

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
    let mut logs = attempts().saw(Kind::No, 1400, "2019-04-02T00:00:00Z").saw(Kind::No, 1000, "2019-04-03T00:00:00Z");
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

/// What loops that owe nothing to the SQL find over random logs, against the models of a folder.
fn looped(models: &Path) -> Vec<Value> {
    let report = python_json(include_str!("support/cycles.py"), [models]);
    assert!(report["rows"].as_u64() > Some(1_000), "{report}");
    report["wrong"].as_array().unwrap().clone()
}

#[test]
fn loops_find_the_cycles_that_the_models_find_and_notice_another_method() {
    assert_eq!(looped(&root().join("pipelines/models")), Vec::<Value>::new());
    let changes = [
        ("consultations", "<= ecart_max THEN 0", "< ecart_max THEN 0"),
        ("consultations", "c.debut_utc, e.premier_utc", "c.debut_utc"),
        ("consultations", "/ 86400.0 + 0.5", "/ 86400.0 + 1.5"),
        ("cycles", "s.consigne = 0 OR", "s.consigne = 0 AND"),
        ("cycles", "lignes > plannings", "lignes > plannings + 1"),
    ];
    for (model, ours, theirs) in changes {
        let models = tempfile::tempdir().unwrap();
        copy(&root().join("pipelines/models"), models.path());
        let path = models.path().join(format!("{model}.sql"));
        let sql = fs::read_to_string(&path).unwrap();
        assert!(sql.contains(ours), "{model} no longer says {ours}");
        fs::write(&path, sql.replacen(ours, theirs, 1)).unwrap();
        assert!(!looped(models.path()).is_empty(), "nobody notices where {model} says {theirs}");
    }
}

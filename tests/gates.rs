//! What a gate refuses, nobody sees: the readers keep the version before, the refusal is on record, and whoever overrules
//! it does so by name and with a reason that stays.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use guichets_ouverts::gate::Gate;
use serde_json::Value;

use crate::support::{Attempts, Kind, Run, Store, copy_project, root};

const REAL: &str = "evry-prefecture";
const FICTIONAL: &str = "exemple-val-imaginaire";
const AS_OF: &str = "2019-05-01T00:00:00+02:00";
const SCHEDULE: &str = "*,*,2019-01-01T00:00:00+01:00,,60,true,essai";
const MORNING: &str = "2019-04-16T08:00:00Z";
const NOON: &str = "2019-04-16T12:00:00Z";

/// Ten refusals of the service on one morning.
fn ten() -> Attempts {
    Attempts::on(REAL).saw(Kind::No, 10, MORNING)
}

/// What an attempt says that belongs to a cycle.
fn cycle() -> Value {
    serde_json::json!({"run_id": "c1"})
}

/// Twenty cycles that ask two plannings, and two that stop after the first.
fn cut_short() -> Attempts {
    (0..22).fold(Attempts::on(REAL), |logs, cycle| {
        let asked = if cycle < 20 { &["a", "b"][..] } else { &["a"] };
        asked.iter().fold(logs, |logs, planning| {
            let named = serde_json::json!({"run_id": format!("c{cycle}"), "planning": planning});
            logs.look(Kind::No, &format!("2019-04-16T08:{cycle:02}:00Z"), &named)
        })
    })
}

/// A run that one gate refuses, and what the refusal must say.
struct Case {
    gate: Gate,
    logs: Attempts,
    settings: &'static str,
    as_of: &'static str,
    figure: &'static str,
    threshold: &'static str,
}

impl Case {
    fn new(gate: Gate, logs: Attempts, settings: &'static str, figure: &'static str, threshold: &'static str) -> Self {
        Self { gate, logs, settings, as_of: AS_OF, figure, threshold }
    }

    fn run(&self, store: &Store, more: &[&str]) -> Run {
        store.run(&self.logs.pipeline(self.settings, SCHEDULE), &[&self.logs.path()], self.as_of, more)
    }
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    vec![
        Case::new(Gate::Attempts, ten(), "gates.attempts_min = 11", "10", "at least 11"),
        Case::new(Gate::Answers, ten().saw(Kind::Timeout, 5, NOON), "gates.answers_min = 11", "10", "at least 11"),
        Case::new(Gate::Quarantine, ten().broken_line(), "gates.quarantine_max = 0.09",
            "1 of 11 records (9.09 %)", "at most 9.00 %"),
        Case::new(Gate::Unrecognized, ten().saw(Kind::Unrecognized, 1, NOON), "gates.unrecognized_max = 0.09",
            "1 of 11 attempts (9.09 %)", "at most 9.00 %"),
        Case::new(Gate::Cycles, ten().look(Kind::No, NOON, &cycle()).look(Kind::No, NOON, &cycle()), "gates.cycles_max = 0.05",
            "1 of 1 cycles (100.00 %): 0 whose id is used again, 0 that last too long, 1 that ask a planning twice in one try, \
             as c1 of evry-prefecture / premier-titre in 2019-04", "at most 5.00 %"),
        Case::new(Gate::Incomplete, cut_short(), "gates.incomplete_max = 0.09",
            "2 of 22 consultations (9.09 %) lack an expected planning, as of evry-prefecture / premier-titre in 2019-04",
            "at most 9.00 %"),
        Case::new(Gate::Negatives, Attempts::on(REAL).saw(Kind::Yes, 20, MORNING), "gates.only_yes_min = 20",
            "1 day of a probe with « yes » alone, 20 times or more", "negatifs_consignes = false"),
        Case { as_of: "2019-04-16T10:08:59+02:00", ..Case::new(Gate::AsOf, ten(), "",
            "newest attempt at 2019-04-16T08:09:00+00:00", "not after 2019-04-16T08:08:59+00:00") },
        // A second is not too late only once it has ended.
        Case { as_of: "2019-04-16T12:00:00Z", ..Case::new(Gate::AsOf, ten().saw(Kind::No, 1, "2019-04-16T12:00:00.9Z"), "",
            "newest attempt at 2019-04-16T12:00:01+00:00", "not after 2019-04-16T12:00:00+00:00") },
        Case::new(Gate::Simulation, ten(), "simulated = true",
            "0 of 10 attempts on fictional counters", "all of them: the pipeline is declared simulated"),
        Case::new(Gate::Simulation, Attempts::on(FICTIONAL).saw(Kind::No, 10, MORNING), "",
            "10 of 10 attempts on fictional counters", "none of them"),
    ]
}

/// Publishes a version of the log's first half, whatever the gates say; the log then grows.
fn publish_half(case: &Case, store: &Store) {
    let gates = Gate::ALL.iter().filter(|gate| gate.can_be_overruled());
    let accept_all: Vec<&str> = gates.flat_map(|gate| ["--accept", gate.code()]).collect();
    let more = [&accept_all[..], &["--because", "half of it"]].concat();
    let run = store.run(&case.logs.pipeline("", SCHEDULE), &[&case.logs.half_path()], case.as_of, &more);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// The gates that a line of `versions.json` blames.
fn blamed(record: &Value) -> Vec<&str> {
    record["refused_by"].as_array().unwrap().iter().map(|gate| gate["gate"].as_str().unwrap()).collect()
}

#[test]
fn a_refusal_names_gate_figure_threshold_and_the_way_to_overrule_it() {
    for case in cases() {
        let run = case.run(&Store::new(), &[]);
        let gate = case.gate.code();
        assert_eq!(run.code, Some(3), "{gate}: {}", run.stderr);
        let refusal = format!("the gate « {gate} » refuses: {} (asked: ", case.figure);
        for told in [refusal.as_str(), case.threshold, &format!("--accept {gate} --because")] {
            assert!(run.stderr.contains(told), "{gate} does not say « {told} »: {}", run.stderr);
        }
    }
}

#[test]
fn a_refused_version_is_on_record_and_nothing_of_it_is_visible() {
    for case in cases() {
        let store = Store::new();
        publish_half(&case, &store);
        let before = store.tree();
        assert_eq!(case.run(&store, &[]).code, Some(3));
        let mut after = store.tree();
        let record = store.records().pop().unwrap();
        assert_eq!((&record["status"], blamed(&record)), (&"refused".into(), vec![case.gate.code()]));
        assert_eq!(record["refused_by"][0]["figure"], case.figure);
        after.insert("versions.json".to_owned(), before["versions.json"].clone());
        assert!(after == before, "{}: {:?}", case.gate.code(), after.keys());
    }
}

#[test]
fn a_refused_first_night_leaves_no_pointer() {
    let store = Store::new();
    assert_eq!(cases()[0].run(&store, &[]).code, Some(3));
    assert_eq!(store.tree().keys().collect::<Vec<_>>(), ["versions.json"]);
    let list: Value = serde_json::from_slice(&store.tree()["versions.json"]).unwrap();
    assert_eq!(list["last_successful"], Value::Null);
}

#[test]
fn an_overruled_gate_lets_the_version_pass_and_the_manifest_keeps_the_reason() {
    for case in cases() {
        let store = Store::new();
        publish_half(&case, &store);
        let (gate, pointer) = (case.gate.code(), store.pointer());
        let run = case.run(&store, &["--accept", gate, "--because", "vu avec l'équipe, c'est juste"]);
        assert_eq!(run.code, Some(0), "{gate}: {}", run.stderr);
        assert_ne!(store.pointer(), pointer, "{gate}");
        let manifest = store.manifest();
        for report in manifest["gates"].as_array().unwrap() {
            let overruled = report["gate"] == gate;
            assert_eq!(report["passed"], !overruled, "{report}");
            let reason = overruled.then_some("vu avec l'équipe, c'est juste");
            assert_eq!(report.get("overruled").and_then(Value::as_str), reason, "{report}");
        }
    }
}

#[test]
fn overruling_one_gate_overrules_no_other() {
    let logs = ten().broken_line();
    let pipeline = logs.pipeline("gates = { attempts_min = 11, quarantine_max = 0.0 }", SCHEDULE);
    let store = Store::new();
    let run = |more: &[&str]| store.run(&pipeline, &[&logs.path()], AS_OF, more);

    let both = run(&[]);
    assert!(both.stderr.contains("« tentatives » refuses") && both.stderr.contains("« quarantaine » refuses"));
    let one = run(&["--accept", "tentatives", "--because", "petit essai"]);
    assert_eq!(one.code, Some(3), "{}", one.stderr);
    assert!(!one.stderr.contains("« tentatives »") && one.stderr.contains("--accept quarantaine"), "{}", one.stderr);
    assert_eq!(store.pointer(), None);
    let all = run(&["--accept", "tentatives", "--accept", "quarantaine", "--because", "petit essai"]);
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    assert_eq!(store.records().len(), 3, "two refusals and a publication");
}

#[test]
fn a_gate_that_passes_is_not_marked_as_overruled() {
    let (logs, store) = (ten(), Store::new());
    let run = store.run(
        &logs.pipeline("", SCHEDULE),
        &[&logs.path()],
        AS_OF,
        &["--accept", "quarantaine", "--because", "au cas où"],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let gates = store.manifest()["gates"].clone();
    let tried: Vec<&str> = gates.as_array().unwrap().iter().map(|gate| gate["gate"].as_str().unwrap()).collect();
    assert!(tried.into_iter().eq(Gate::ALL.iter().map(|gate| gate.code())), "{gates}");
    assert!(gates.as_array().unwrap().iter().all(|gate| gate["passed"] == true && gate["overruled"].is_null()));
}

#[test]
fn check_refuses_as_run_does_and_writes_nothing() {
    let case = &cases()[0];
    let (folder, logs) = (tempfile::tempdir().unwrap(), case.logs.path());
    let pipeline = case.logs.pipeline(case.settings, SCHEDULE);
    let args = ["check".as_ref(), pipeline.as_os_str(), "--raw".as_ref(), logs.as_os_str()];
    let run = crate::support::guichets(folder.path(), args.into_iter().chain(["--as-of".as_ref(), AS_OF.as_ref()]));
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("the gate « tentatives » refuses"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The two pipelines that must never be taken for each other.
#[test]
fn simulated_logs_are_never_published_as_real_ones() {
    let store = Store::new();
    let sample = root().join("data/sample");
    let run = store.run(&root().join("pipelines/rendez-vous"), &[&sample], "2019-06-01T00:00:00+02:00", &[]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("the gate « quarantaine » refuses"), "{}", run.stderr);
    assert_eq!(store.pointer(), None);
}

/// Days are judged month by month: also those of a year that is over, which is one part, with empty months after them.
#[test]
fn a_day_of_yes_alone_is_told_each_night_once_its_year_is_over() {
    let logs = Attempts::on(REAL).saw(Kind::Yes, 60, MORNING).saw(Kind::No, 10, "2020-03-02T08:00:00Z");
    let (store, overruled) = (Store::new(), ["--accept", "negatifs", "--because", "essai"]);
    let pipeline = logs.pipeline("", SCHEDULE);
    let run = store.run(&pipeline, &[&logs.path()], "2020-03-09T00:00:00+01:00", &overruled);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(store.path().join("latest/jours_mesures-2019.parquet").is_file());
    let logs = logs.saw(Kind::No, 3, "2020-03-10T08:00:00Z");
    let night = store.run(&pipeline, &[&logs.path()], "2020-03-11T00:00:00+01:00", &[]);
    assert!(night.stderr.contains("« negatifs » refuses: 1 day of a probe"), "{}", night.stderr);
}

#[test]
fn a_log_that_cannot_say_no_gives_no_rate_once_the_schedule_says_so() {
    let logs = Attempts::on(REAL).saw(Kind::Yes, 60, MORNING).saw(Kind::No, 10, "2019-04-18T08:00:00Z");
    let schedule = "\
        *,*,2019-04-16T00:00:00+02:00,2019-04-17T00:00:00+02:00,60,false,premiers jours\n\
        *,*,2019-04-17T00:00:00+02:00,,60,true,ensuite";
    let store = Store::new();
    let refused = store.run(&logs.pipeline("", SCHEDULE), &[&logs.path()], AS_OF, &[]);
    assert!(refused.stderr.contains("the gate « negatifs » refuses"), "{}", refused.stderr);
    let run = store.run(&logs.pipeline("", schedule), &[&logs.path()], AS_OF, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);

    let days = store.rows("disponibilite_jour");
    let day = |date: &str| days.iter().find(|row| row["jour"] == date).unwrap();
    let first = day("2019-04-16");
    assert_eq!((first["oui"].as_str(), first["reponses_retenues"].as_str()), ("60", "0"));
    assert_eq!((first["qualite"].as_str(), first["motif"].as_str()), ("insuffisante", "negatifs_non_consignes"));
    for empty in ["taux_sans_rdv", "borne_basse", "borne_haute"] {
        assert_eq!(first[empty], "", "{empty}");
    }
    let (second, looks) = (day("2019-04-18"), ["non_retenus", "part_des_consultations", "taux_sans_rdv", "motif"]);
    // Ten looks within one cycle are one of the four that a day's rate asks for.
    assert_eq!(looks.map(|column| second[column].as_str()), ["10", "1", "", "trop_peu_de_reponses"]);
    // The month keeps what its other days can bear, and none of what that day could not say.
    let month = &store.rows("disponibilite_mois")[0];
    assert_eq!((month["oui"].as_str(), month["reponses_retenues"].as_str()), ("60", "10"));
}

/// A project of the test's own, with a text of one of its files changed.
fn project_where(file: &str, written: &str, changed: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    copy_project(folder.path());
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(written), "{file} no longer holds {written:?}");
    fs::write(&path, text.replacen(written, changed, 1)).unwrap();
    let project = folder.path().to_owned();
    (folder, project)
}

fn refused_in(project: &Path) -> String {
    let (logs, store) = (ten(), Store::of(project));
    let run = store.run(&logs.pipeline("", SCHEDULE), &[&logs.path()], AS_OF, &[]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert_eq!(store.pointer(), None);
    run.stderr
}

#[test]
fn a_value_that_its_schema_does_not_allow_is_refused() {
    let (_folder, project) = project_where("data/registry/guichets.csv", ",prefecture,2A,", ",prefecture,20A,");
    let refusal = refused_in(&project);
    assert!(refusal.contains("the gate « schema » refuses: guichets.departement holds « 20A »"), "{refusal}");
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let (_folder, project) = project_where("data/registry/demarches.csv", "premier-titre,", "renouvellement-titre,");
    let refusal = refused_in(&project);
    assert!(refusal.contains("« schema »") && refusal.contains("demarches: the key of row"), "{refusal}");
}

/// These gates say that our own figures do not hold together: overruling one would publish a wrong figure.
#[test]
fn a_version_that_does_not_hold_together_cannot_be_accepted() {
    let (_folder, project) = project_where("data/registry/guichets.csv", ",prefecture,2A,", ",prefecture,20A,");
    let refusal = refused_in(&project);
    assert!(refusal.contains("« schema » cannot be overruled") && !refusal.contains("--accept"), "{refusal}");
    for gate in ["schema", "comptabilite", "grille"] {
        let (logs, store) = (ten(), Store::of(&project));
        let accept = ["--accept", gate, "--because", "il faut publier"];
        let run = store.run(&logs.pipeline("", SCHEDULE), &[&logs.path()], AS_OF, &accept);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains("does not hold together, and cannot be overruled"), "{}", run.stderr);
        assert_eq!(store.pointer(), None);
    }
}

#[test]
fn days_on_which_nobody_looked_do_not_vanish_behind_many_attempts() {
    let named = |from: &str| format!("evry-prefecture,premier-titre,{from}T00:00:00+01:00,,60,true,essai");
    let store = Store::new();
    let run = |logs: &Attempts, schedule: &str, as_of: &str| {
        store.run(&logs.pipeline("gates.removed_max = 0.05", schedule), &[&logs.path()], as_of, &[])
    };
    let logs = Attempts::on(REAL).saw(Kind::No, 1000, MORNING);
    let first = run(&logs, &named("2019-01-01"), AS_OF);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    // 31 of 120 days; of days and attempts together, less than 3 %.
    let logs = logs.saw(Kind::No, 1, "2019-05-01T08:00:00Z");
    let second = run(&logs, &named("2019-02-01"), "2019-05-02T00:00:00+02:00");
    assert_eq!(second.code, Some(3), "{}", second.stderr);
    let told = "« lignes_disparues » refuses: 31 of 120 days of the grid (25.83 %)";
    assert!(second.stderr.contains(told), "{}", second.stderr);
}

#[test]
fn a_model_that_loses_attempts_is_refused() {
    let model = "pipelines/models/disponibilite_jour.sql";
    let (_folder, project) =
        project_where(model, "WHERE p.type = 'jour'", "WHERE p.type = 'jour' AND p.periode <> '2019-04-16'");
    let refusal = refused_in(&project);
    assert!(refusal.contains("the gate « grille » refuses: 10 attempts in the grid and 14 days"), "{refusal}");
}

/// Lines that do not add up are a bug of ours, which no log can provoke; every other gate is tried above, or where it
/// belongs: `nights`, `rules_change`, `compatibility`.
#[test]
fn every_gate_is_tried_by_a_test() {
    let elsewhere = ["lignes_disparues", "issues_changees", "compatibilite"];
    let here = cases().into_iter().map(|case| case.gate.code()).chain(["schema", "grille"]);
    let tried: BTreeSet<&str> = here.chain(elsewhere).collect();
    let untried: Vec<&str> = Gate::ALL.iter().map(|gate| gate.code()).filter(|gate| !tried.contains(gate)).collect();
    assert_eq!(untried, ["comptabilite"]);
}

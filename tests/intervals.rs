//! The published figures of periods are what their formulas say, by other people's code, and lie within their bounds.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::python::python_json;
use crate::support::{Attempts, Kind, Version, german_offices, sample, seine_maritime};

const TYPES: [&str; 6] = ["jour", "semaine", "mois", "trimestre", "annee", "ensemble"];

fn report(version: &Version, task: &str) -> Value {
    let script = concat!(include_str!("support/store_tables.py"), include_str!("support/intervals.py"));
    python_json(script, [version.store().as_os_str(), task.as_ref()])
}

/// How far apart two computations are, at most.
fn apart(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no distance: {value}"))
}

/// Every figure of every period, from the days, by numpy, scipy and statsmodels.
fn assert_other_code_agrees(version: &Version) -> Value {
    let report = report(version, "published");
    // Twelve decimals: those of Student's quantiles are absolute, and near one; a Poisson limit may be small.
    assert_eq!(report["student"]["rows"], 2000);
    assert!(apart(&report["student"]["apart"]) <= 0.51e-12, "{report}");
    assert_eq!(report["poisson"]["rows"], 2001);
    assert!(apart(&report["poisson"]["apart"]) <= 1e-10, "{report}");
    for table in TYPES {
        let found = &report["tables"][table];
        assert_eq!(found["missing"], 0, "{table}: periods that are not published");
        assert!(apart(&found["rates"]) <= 1e-12, "{table}: {found}");
        for (figure, distance) in found["figures"].as_object().unwrap() {
            assert!(apart(distance) <= 1e-12, "{table}, {figure}: {distance}");
        }
        if table != "jour" {
            assert!(apart(&found["clusters"]) <= 0.0, "{table}: {found}");
            assert!(apart(&found["sizes"]) <= 1e-11, "{table}: {found}");
            assert!(apart(&found["limits"]) <= 1e-11, "{table}: {found}");
            assert!(apart(&found["episodes"]) <= 1e-10, "{table}: {found}");
            assert_eq!(found["unexplained"], 0, "{table}: a rate without an interval or a reason, or the reverse");
        }
    }
    report
}

#[test]
fn other_code_finds_the_figures_of_the_sample() {
    let report = assert_other_code_agrees(&sample());
    for (table, rated, intervals) in
        [("semaine", 100, 20), ("mois", 25, 20), ("trimestre", 12, 10), ("annee", 7, 6), ("ensemble", 8, 7)]
    {
        let found = &report["tables"][table];
        assert!(found["rated"].as_u64() > Some(rated), "{table}: hardly any rate was compared: {found}");
        assert!(found["intervals"].as_u64() > Some(intervals), "{table}: hardly any interval was compared: {found}");
    }
}

#[test]
fn other_code_finds_the_figures_of_seine_maritime() {
    if let Some(version) = seine_maritime() {
        assert_other_code_agrees(&version);
    }
}

#[test]
fn every_rate_lies_within_its_bounds() {
    let versions = [Some(sample()), seine_maritime(), german_offices()];
    for version in versions.into_iter().flatten() {
        let report = report(&version, "within");
        for table in TYPES {
            assert!(report[table]["rows"].as_u64() > Some(0), "{table}: nothing was looked at");
            assert_eq!(report[table]["wrong"], json!({}), "{table}");
        }
    }
}

/// Looks of every kind, several in a cycle, in cycles of sixty minutes of which one goes on over the end of a month.
fn shared_cycles() -> Version {
    let kinds = [Kind::Yes, Kind::No, Kind::No, Kind::Timeout, Kind::Captcha, Kind::Yes, Kind::No];
    let mut logs = Attempts::on("evry-prefecture");
    for number in 0..420_u32 {
        // From the evening of 29 March on, every 23 minutes or so: two or three in a cycle, and over the change of the clock.
        let minutes = i64::from(number * 23 + number % 5);
        let start: chrono::DateTime<chrono::Utc> = "2019-03-29T20:07:00Z".parse().unwrap();
        let at = (start + chrono::TimeDelta::minutes(minutes)).to_rfc3339();
        let kind = kinds[(number * number % 11) as usize % kinds.len()];
        let planning = if number % 4 == 0 { "p1" } else { "p2" };
        logs = logs.look(kind, &at, &json!({"run_id": format!("c{number}"), "planning": planning}));
        if number % 3 > 0 {
            let other = if planning == "p1" { "p2" } else { "p1" };
            logs = logs.look(Kind::No, &at, &json!({"run_id": format!("c{number}"), "planning": other}));
        }
    }
    let schedule = "*,*,2019-03-01T00:30:00+01:00,,60,true,essai";
    let everything = "gates = { cycles_max = 1.0, incomplete_max = 1.0 }";
    Version::of(&logs.pipeline(everything, schedule), &[&logs.path()], "2019-05-01T00:00:00+02:00")
}

#[test]
fn the_time_that_answers_stand_for_is_what_a_count_of_looks_gives() {
    let versions = [Some(sample()), seine_maritime(), german_offices(), Some(Arc::new(shared_cycles()))];
    let mut shared = 0;
    for version in versions.into_iter().flatten() {
        let report = report(&version, "weights");
        assert!(report["rows"].as_u64() > Some(5), "{report}");
        assert_eq!(report["differing"], json!({}), "{report}");
        shared += report["shared"].as_u64().unwrap();
    }
    assert!(shared > 100, "hardly any cycle was looked at twice");
}

//! The published intervals are what their formulas say, by other people's code; and they hold the truth as often as
//! METHOD.md states, where the truth is known because the days are simulated.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::python::python_json;
use crate::support::{Version, sample, seine_maritime};

const METHOD: &str = include_str!("../METHOD.md");

fn report(version: &Version, task: &str) -> Value {
    python_json(include_str!("support/intervals.py"), [version.store().as_os_str(), task.as_ref()])
}

/// Every published limit is statsmodels'; weeks and months, with the effective size that numpy finds from the days.
fn assert_other_code_agrees(version: &Version) {
    let report = report(version, "published");
    assert!(report["quantiles"]["rows"].as_u64() > Some(300));
    // The quantiles are rounded to twelve decimals.
    assert!(report["quantiles"]["apart"].as_f64() <= Some(0.51e-12), "{report}");
    for table in ["disponibilite_jour", "disponibilite_semaine", "disponibilite_mois"] {
        assert!(report[table]["limits"].as_f64() <= Some(1e-12), "{table}: {report}");
    }
    for table in ["disponibilite_semaine", "disponibilite_mois"] {
        assert!(report[table]["sizes"].as_f64() <= Some(1e-12), "{table}: {report}");
        assert_eq!(report[table]["without_rate"], 0, "{table}: an interval stands where no rate does");
    }
}

#[test]
fn other_code_finds_the_intervals_of_the_sample() {
    let version = sample();
    assert_other_code_agrees(&version);
    let report = report(&version, "published");
    for (table, rows) in [("disponibilite_jour", 500), ("disponibilite_semaine", 100), ("disponibilite_mois", 20)] {
        assert!(report[table]["rows"].as_u64() > Some(rows), "{table}: hardly anything was compared");
    }
    assert!(report["disponibilite_mois"]["varied"].as_u64() > Some(10), "hardly any month has both answers");
}

#[test]
fn other_code_finds_the_intervals_of_seine_maritime() {
    if let Some(version) = seine_maritime() {
        assert_other_code_agrees(&version);
    }
}

/// How answers of one day resemble each other, by the name in the script, in French and in English.
const REGIMES: [(&str, &str, &str); 6] = [
    ("0.0", "indépendantes (ρ = 0)", "independent (ρ = 0)"),
    ("0.1", "ρ = 0,1", "ρ = 0.1"),
    ("0.3", "ρ = 0,3", "ρ = 0.3"),
    ("0.6", "ρ = 0,6", "ρ = 0.6"),
    ("openings", "jours d'ouverture rares", "rare opening days"),
    ("spells", "suites de jours d'ouverture", "spells of opening days"),
];
const GRID: [&str; 3] = ["0.0", "0.1", "0.3"];
const PERIODS: [(&str, &str, &str); 2] =
    [("disponibilite_semaine", "semaine", "week"), ("disponibilite_mois", "mois", "month")];

/// A figure of each cell of a regime.
fn figures(cells: &Value, regime: &str, figure: &str) -> Vec<f64> {
    let cells = cells.as_array().unwrap().iter().filter(|cell| cell["regime"] == regime);
    let found: Vec<f64> = cells.map(|cell| cell[figure].as_f64().unwrap()).collect();
    assert!(!found.is_empty(), "nothing was simulated of {regime}");
    found
}

#[expect(clippy::cast_precision_loss, reason = "a few dozen cells")]
fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len() as f64
}

fn least(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// A row of a table of METHOD.md, in French and in English.
fn row((french, english): (&str, &str), shares: &[f64]) -> [String; 2] {
    let (mut french, mut english) = (format!("| {french} |"), format!("| {english} |"));
    for share in shares {
        let percent = format!("{:.1}", 100.0 * share);
        write!(french, " {} % |", percent.replace('.', ",")).unwrap();
        write!(english, " {percent}% |").unwrap();
    }
    [french, english]
}

/// What METHOD.md has to say of a simulation.
fn statements(report: &Value) -> Vec<String> {
    let mut rows = Vec::new();
    for (table, french, english) in PERIODS {
        for (regime, in_french, in_english) in REGIMES {
            let of = |figure| figures(&report[table], regime, figure);
            let (covered, naive) = (of("covered"), of("naive"));
            let shares = [mean(&covered), least(&covered), most(&of("too_high")), least(&of("own")), mean(&naive)];
            let name = (format!("{french}, {in_french}"), format!("{english}, {in_english}"));
            rows.extend(row((&name.0, &name.1), &shares));
        }
    }
    for (floor, cells) in report["floors"].as_object().unwrap() {
        let shares = REGIMES.map(|(regime, ..)| least(&figures(cells, regime, "covered")));
        rows.extend(row((&floor.replace('.', ","), floor), &shares));
    }
    rows
}

/// The published SQL is run over days whose true rate is known; METHOD.md states each figure asserted here.
#[test]
fn the_intervals_hold_the_truth_as_often_as_the_method_states() {
    let report = report(&sample(), "coverage");
    for (table, ..) in PERIODS {
        let grid =
            |figure| -> Vec<f64> { GRID.iter().flat_map(|regime| figures(&report[table], regime, figure)).collect() };
        let covered = grid("covered");
        assert!(mean(&covered) >= 0.98, "{table}: {}", mean(&covered));
        assert!(least(&covered) >= 0.94, "{table}: {}", least(&covered));
        for (regime, ..) in REGIMES {
            let own = least(&figures(&report[table], regime, "own"));
            assert!(own >= 0.98, "{table}, {regime}: the period's own rate is held {own} of the time");
        }
        // Where days are independent, even the hard regimes; spells are stated in METHOD.md, and do not hold.
        for regime in ["0.6", "openings"] {
            let of = |figure| figures(&report[table], regime, figure);
            assert!(least(&of("covered")) >= 0.92, "{table}, {regime}: {}", least(&of("covered")));
            assert!(most(&of("too_high")) <= 0.05, "{table}, {regime}: {}", most(&of("too_high")));
            assert!(mean(&of("naive")) < 0.7, "{table}, {regime}: {}", mean(&of("naive")));
        }
        // Without the clustering it would not be so: that is what these cells can tell apart.
        assert!(mean(&figures(&report[table], "0.0", "naive")) >= 0.93, "{table}");
        for regime in ["0.1", "0.3"] {
            assert!(mean(&figures(&report[table], regime, "naive")) < 0.93, "{table}, {regime}");
        }
        for cell in report[table].as_array().unwrap() {
            let many = cell["answers"] == 24 && cell["rate"].as_f64() <= Some(0.98);
            if many && ["0.1", "0.3"].iter().any(|regime| cell["regime"] == *regime) {
                assert!(cell["naive"].as_f64() < Some(0.93), "{table}: {cell}");
            }
        }
    }
    let missing: Vec<String> = statements(&report).into_iter().filter(|row| !METHOD.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "METHOD.md states other figures than the simulation finds:\n{}", missing.join("\n"));
}

/// One appointment found must not make us more certain that there are none.
#[test]
fn one_more_no_never_lowers_the_lower_limit_at_the_top() {
    let report = report(&sample(), "top");
    let cases = report.as_array().unwrap();
    assert!(cases.len() > 100);
    for pair in cases.windows(2).filter(|pair| pair[0]["yes"].as_u64() < pair[1]["yes"].as_u64()) {
        let limits = |figure: &str| [pair[0][figure].as_f64().unwrap(), pair[1][figure].as_f64().unwrap()];
        let [low_of_more, low_of_less] = limits("low");
        let [high_of_more, high_of_less] = limits("high");
        assert!(low_of_more > low_of_less && high_of_more > high_of_less, "{} and {}", pair[0], pair[1]);
    }
}

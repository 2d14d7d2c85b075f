//! The published intervals hold the truth as often as METHOD.md states, where it is known because the days are simulated.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::python::python_json;
use crate::support::{Version, sample};

const METHOD: &str = include_str!("../METHOD.md");

fn report(version: &Version, task: &str) -> Value {
    let script = concat!(
        include_str!("support/store_tables.py"),
        include_str!("support/simulated_days.py"),
        include_str!("support/coverage.py"),
    );
    python_json(script, [version.store().as_os_str(), task.as_ref()])
}

/// What is being looked at: by the name in the script, in French and in English.
const REGIMES: [(&str, &str, &str); 14] = [
    ("rho 0.0", "indépendantes (ρ = 0)", "independent (ρ = 0)"),
    ("rho 0.1", "ρ = 0,1", "ρ = 0.1"),
    ("rho 0.3", "ρ = 0,3", "ρ = 0.3"),
    ("rho 0.6", "ρ = 0,6", "ρ = 0.6"),
    ("rare", "jours d'ouverture rares", "rare opening days"),
    ("spells", "suites de jours d'ouverture", "spells of opening days"),
    ("long spells", "longues suites", "long spells"),
    ("minutes", "ouvertures de 20 minutes", "openings of 20 minutes"),
    ("hours", "ouvertures de 6 heures à 2 jours", "openings of 6 hours to 2 days"),
    ("closings", "fermetures par suites de jours", "closings on spells of days"),
    ("cadence", "cadence qui change", "change of cadence"),
    ("lost", "jours et réponses perdus", "days and answers lost"),
    ("beginning", "début seul regardé", "beginning only looked at"),
    (TIED, "pannes liées aux ouvertures", "failures tied to openings"),
];
/// Rows cannot tell this one: the bounds hold it, and not the interval.
const TIED: &str = "tied";
const PERIODS: [(&str, &str, &str); 4] = [
    ("semaine", "semaine", "week"),
    ("mois", "mois", "month"),
    ("trimestre", "trimestre", "quarter"),
    ("annee", "année", "year"),
];
/// Regimes that the factors of the method are chosen by.
const CHOSEN_BY: [&str; 5] = ["rho 0.6", "spells", "long spells", "hours", "closings"];
/// A cell in which fewer periods have an interval says more of luck than of the interval.
const SUBSTANTIAL: f64 = 0.25;

/// The cells of a regime.
fn cells<'a>(report: &'a Value, regime: &str) -> Vec<&'a Value> {
    let found: Vec<&Value> = report.as_array().unwrap().iter().filter(|cell| cell["regime"] == regime).collect();
    assert!(!found.is_empty(), "nothing was simulated of {regime}");
    found
}

fn figures(cells: &[&Value], figure: &str) -> Vec<f64> {
    cells.iter().filter_map(|cell| cell[figure].as_f64()).collect()
}

fn substantial<'a>(cells: &[&'a Value]) -> Vec<&'a Value> {
    cells.iter().copied().filter(|cell| cell["published"].as_f64() >= Some(SUBSTANTIAL)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a few dozen cells")]
fn mean(figures: &[f64]) -> Option<f64> {
    (!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64)
}

fn least(figures: &[f64]) -> Option<f64> {
    figures.iter().copied().reduce(f64::min)
}

fn most(figures: &[f64]) -> Option<f64> {
    figures.iter().copied().reduce(f64::max)
}

/// A share as METHOD.md writes it, in French and in English.
fn percent(share: f64) -> [String; 2] {
    let percent = format!("{:.1}", 100.0 * share);
    [format!("{} %", percent.replace('.', ",")), format!("{percent}%")]
}

/// A row of a table of METHOD.md, in French and in English.
fn row((french, english): (&str, &str), shares: &[Option<f64>]) -> [String; 2] {
    let mut rows = [format!("| {french} |"), format!("| {english} |")];
    for share in shares {
        let written = share.map_or_else(|| ["–", "–"].map(str::to_owned), percent);
        rows.iter_mut().zip(written).for_each(|(row, share)| write!(row, " {share} |").unwrap());
    }
    rows
}

/// What METHOD.md has to say of the simulation.
fn statements(report: &Value) -> Vec<String> {
    let mut rows = Vec::new();
    for (kind, french, english) in PERIODS {
        for (regime, in_french, in_english) in REGIMES {
            let all = cells(&report["cells"][kind], regime);
            let some = substantial(&all);
            let (time, rate) = (figures(&some, "time"), figures(&some, "rate"));
            let shares = [
                mean(&figures(&all, "published")),
                mean(&time),
                least(&time),
                mean(&rate),
                least(&rate),
                most(&figures(&all, "missed")),
                most(&figures(&all, "too_high")),
                mean(&figures(&all, "naive")),
            ];
            let name = (format!("{french}, {in_french}"), format!("{english}, {in_english}"));
            rows.extend(row((&name.0, &name.1), &shares));
        }
    }
    for (factor, of_factor) in report["factors"].as_object().unwrap() {
        let shares = CHOSEN_BY.map(|regime| least(&figures(&substantial(&cells(of_factor, regime)), "rate")));
        rows.extend(row((&factor.replace('.', ","), factor), &shares));
    }
    let of_all = |figure, tied: bool| {
        let kinds = PERIODS.iter().map(|(kind, ..)| &report["cells"][kind]);
        let regimes = kinds.flat_map(|kind| REGIMES.map(|(regime, ..)| (regime, cells(kind, regime))));
        let wanted = regimes.filter(|(regime, _)| tied || *regime != TIED);
        percent(least(&wanted.flat_map(|(_, all)| figures(&substantial(&all), figure)).collect::<Vec<_>>()).unwrap())
    };
    let [french, english] = of_all("time", false);
    rows.push(format!("l'intervalle tient {french} du temps au moins"));
    rows.push(format!("the interval holds at least {english} of the time"));
    let [french, english] = of_all("episodes", true);
    rows.push(format!("leur nombre attendu {french} du temps au moins"));
    rows.push(format!("their expected number at least {english} of the time"));
    rows
}

fn assert_stated(rows: impl IntoIterator<Item = String>) {
    let method = METHOD.split_whitespace().collect::<Vec<_>>().join(" ");
    let missing: Vec<String> = rows.into_iter().filter(|row| !method.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "METHOD.md states other figures than the simulation finds:\n{}", missing.join("\n"));
}

/// The least demanded of a figure in every cell of a regime, those alone where a substantial share has an interval.
struct Floors {
    time: f64,
    rate: f64,
    /// Of the one that METHOD.md names: months of long spells, of which one in three has an opening at all.
    named: f64,
    mean_rate: f64,
    missed: f64,
    episodes: f64,
}

fn assert_held(report: &Value, kind: &str, floors: &Floors) {
    let regimes: Vec<&str> = REGIMES.iter().map(|(name, ..)| *name).filter(|name| *name != TIED).collect();
    let known = report.as_array().unwrap().iter().map(|cell| cell["regime"].as_str().unwrap());
    let simulated: Vec<&str> = known.filter(|name| regimes.contains(name) || name.starts_with("rho")).collect();
    for regime in simulated {
        let all = cells(report, regime);
        let rate = if (kind, regime) == ("mois", "long spells") { floors.named } else { floors.rate };
        for cell in substantial(&all) {
            assert!(cell["time"].as_f64() >= Some(floors.time), "{kind}: the share of time is not held: {cell}");
            assert!(cell["rate"].as_f64() >= Some(rate), "{kind}: the underlying rate is not held: {cell}");
        }
        if let Some(rate) = mean(&figures(&substantial(&all), "rate")) {
            assert!(rate >= floors.mean_rate, "{kind}, {regime}: {rate}");
        }
        for cell in &all {
            assert!(cell["missed"].as_f64() <= Some(floors.missed), "{kind}: too often wrong: {cell}");
            assert!(cell["episodes"].as_f64() >= Some(floors.episodes), "{kind}: episodes: {cell}");
        }
    }
    // Where answers are missing because the service opens, the bounds hold the truth, and the grade follows their width.
    for cell in cells(report, TIED) {
        assert_eq!(cell["bounds"], 1.0, "{kind}: {cell}");
        assert!(cell["width"].as_f64() > Some(0.09), "{kind}: {cell}");
    }
    for cell in report.as_array().unwrap() {
        assert_eq!(cell["too_kind"], 0.0, "{kind}: graded better than the bounds allow: {cell}");
    }
}

/// The published SQL is run over days whose truth is known; METHOD.md states each figure found.
#[test]
fn the_intervals_hold_the_truth_as_often_as_the_method_states() {
    let report = report(&sample(), "stated");
    for (kind, ..) in PERIODS {
        let of_kind = &report["cells"][kind];
        let floors = Floors { time: 0.98, rate: 0.93, named: 0.91, mean_rate: 0.93, missed: 0.07, episodes: 0.93 };
        assert_held(of_kind, kind, &floors);
        // Looks taken for independent are right where they are, and nowhere else; that is what these cells can tell apart.
        let naive = |regime| mean(&figures(&cells(of_kind, regime), "naive")).unwrap();
        assert!(naive("rho 0.0") >= 0.92, "{kind}: {}", naive("rho 0.0"));
        for regime in ["rho 0.3", "rho 0.6", "rare", "spells", "long spells", "cadence"] {
            assert!(naive(regime) < 0.8, "{kind}, {regime}: {}", naive(regime));
        }
    }
    assert_stated(statements(&report));
}

/// The factors were chosen by the cells above; these have other seeds, durations and figures.
#[test]
fn the_intervals_hold_the_truth_where_nothing_was_chosen_by_it() {
    let report = report(&sample(), "held_out");
    for (kind, of_kind) in report["cells"].as_object().unwrap() {
        let floors = Floors { time: 0.97, rate: 0.9, named: 0.9, mean_rate: 0.93, missed: 0.09, episodes: 0.92 };
        assert_held(of_kind, kind, &floors);
    }
}

/// One appointment found must not make us more certain that there are none; and without any there is no interval.
#[test]
fn one_more_yes_never_raises_a_rate_nor_its_upper_limit() {
    let report = report(&sample(), "top");
    let cases = report.as_array().unwrap();
    assert!(cases.len() > 100);
    for case in cases.iter().filter(|case| case["yes"] == 0) {
        assert_eq!(case["rate"], 1.0, "{case}");
        assert_eq!((&case["low"], &case["high"]), (&Value::Null, &Value::Null), "{case}");
        assert_eq!(case["why"], "trop_peu_d_ouvertures", "{case}");
    }
    for pair in cases.windows(2).filter(|pair| pair[0]["yes"].as_u64() < pair[1]["yes"].as_u64()) {
        let [of_more, of_less] = [&pair[0], &pair[1]];
        assert!(of_more["rate"].as_f64() > of_less["rate"].as_f64(), "{of_more} and {of_less}");
        if of_more["yes"] != 0 {
            assert!(of_more["high"].as_f64() > of_less["high"].as_f64(), "{of_more} and {of_less}");
        }
        // Openings of which each stands alone tell more of each other than one: its lower limit may be the lower one.
        if of_more["yes"] != 0 && of_more["apart"] == 1 {
            assert!(of_more["low"].as_f64() > of_less["low"].as_f64(), "{of_more} and {of_less}");
        }
    }
    for (yes, french, english) in [
        (1, "dont un seul est « oui » ont", "of which one is « yes » have"),
        (5, "tous les trois jours,", "every third day,"),
    ] {
        let stated =
            |case: &&Value| case["days"] == 30 && case["answers"] == 24 && case["apart"] == 3 && case["yes"] == yes;
        let case = cases.iter().find(stated).unwrap();
        let [low, high] = ["low", "high"].map(|limit| percent(case[limit].as_f64().unwrap()));
        let without_sign = |limit: &str| limit.trim_end_matches(['%', ' ']).to_owned();
        assert_stated([
            format!("{french} {} à {}", without_sign(&low[0]), high[0]),
            format!("{english} {} to {}", without_sign(&low[1]), high[1]),
        ]);
    }
}

/// A month that is cited while it runs is wrong more often than when it is over.
#[test]
fn a_month_published_every_night_misses_more_often_than_one_that_is_over() {
    let report = report(&sample(), "nights");
    for (case, french, english) in [
        ("0.3 0.9", "ρ = 0,3 ; 90 %", "ρ = 0.3; 90%"),
        ("0.3 0.98", "ρ = 0,3 ; 98 %", "ρ = 0.3; 98%"),
        ("0.6 0.9", "ρ = 0,6 ; 90 %", "ρ = 0.6; 90%"),
        ("0.6 0.98", "ρ = 0,6 ; 98 %", "ρ = 0.6; 98%"),
    ] {
        let [any, last] = ["any", "last"].map(|figure| report[case][figure].as_f64());
        assert!(any > last && last <= Some(0.05), "{case}: {}", report[case]);
        assert_stated(row((french, english), &[any, last]));
    }
}

/// Two services are compared by their difference; that their intervals overlap says little.
#[test]
fn a_difference_is_told_where_intervals_overlap() {
    let report = report(&sample(), "difference");
    for (case, french, english) in [
        ("0.0 0.9 0.9", "90 % et 90 %", "90% and 90%"),
        ("0.9 0.9 0.9", "90 % et 90 %, cause commune", "90% and 90%, common cause"),
        ("0.0 0.95 0.85", "95 % et 85 %", "95% and 85%"),
        ("0.9 0.95 0.85", "95 % et 85 %, cause commune", "95% and 85%, common cause"),
    ] {
        let [held, told_apart, disjoint] =
            ["held", "told_apart", "disjoint"].map(|figure| report[case][figure].as_f64());
        assert!(held >= Some(0.95) && disjoint <= told_apart, "{case}: {}", report[case]);
        assert_stated(row((french, english), &[held, told_apart, disjoint]));
    }
    assert!(report["0.9 0.95 0.85"]["told_apart"].as_f64() > Some(0.7), "{report}");
    assert!(report["0.9 0.95 0.85"]["disjoint"].as_f64() < Some(0.2), "{report}");
}

//! Where the answer to a look never came, the probe looks once more in the same cycle; where one came, whatever it said, it
//! does not.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use guichets_ouverts::progress::Silent;
use serde_json::Value;

use crate::support::counters::{Charset, Counters, Moved, Rehearsal, Service, Told, lines, violations};
use crate::support::{Row, Version, guichets};

const NONE: &str = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";

/// What is told at the `n`th page that is asked of a host, from 1.
type Script = fn(&str, usize) -> Told;

/// One cycle of a service for each host, and what the server saw.
fn cycle(hosts: &[&str], per_day: u32, script: Script) -> (Rehearsal, Counters) {
    let services = hosts.iter().enumerate().map(|(n, host)| Service::ez(n, host)).collect();
    let rehearsal = Rehearsal::new(services, 288, per_day, "");
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let asked: Mutex<BTreeMap<String, usize>> = Mutex::default();
    let told = move |place: &str, _| {
        let host = place.split('/').next().unwrap();
        let mut asked = asked.lock().unwrap();
        let n = asked.entry(host.to_owned()).or_default();
        *n += 1;
        script(host, *n)
    };
    let counters = Counters::new(told, move || shown.shows());
    rehearsal.once(&clock, &counters, &Silent, None).unwrap();
    assert_eq!(violations(&counters.seen(), per_day as usize, "sonde@example.org"), Vec::<String>::new());
    (rehearsal, counters)
}

/// The lines of a service: try, when, failure.
fn tries(rehearsal: &Rehearsal, n: usize) -> Vec<(i64, DateTime<Utc>, String)> {
    let counter = rehearsal.services[n].counter.as_str();
    let lines = lines(&rehearsal.out());
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of = |line: Value| {
        let at: DateTime<Utc> = line["started_at"].as_str().unwrap().parse().unwrap();
        (line["try"].as_i64().unwrap_or(1), at, line["failure"].as_str().unwrap_or_default().to_owned())
    };
    lines.filter(|line| line["counter"] == counter).map(of).collect()
}

#[test]
fn a_look_whose_answer_never_came_is_repeated_once_and_later_and_no_other_is() {
    let hosts = ["www.revient.fr", "www.jamais.fr", "www.moitie.fr", "www.refus.fr", "www.erreur.fr", "www.captcha.fr"];
    let (rehearsal, _) = cycle(&hosts, 300, |host, n| match (host, n) {
        ("www.revient.fr", 1) | ("www.jamais.fr", _) => Told::Nothing,
        ("www.moitie.fr", 1) => Told::Half,
        ("www.refus.fr", _) => Told::Page(403, "non"),
        ("www.erreur.fr", _) => Told::Page(502, "<h1>502 Bad Gateway</h1>"),
        ("www.captcha.fr", _) => Told::Captcha,
        _ => Told::None(NONE, Charset::Utf8),
    });
    let failures =
        |n| tries(&rehearsal, n).into_iter().map(|(attempt, _, failure)| (attempt, failure)).collect::<Vec<_>>();
    let told = |attempt: i64, failure: &str| (attempt, failure.to_owned());
    assert_eq!(failures(0), [told(1, "empty_response"), told(2, "")]);
    assert_eq!(failures(1), [told(1, "empty_response"), told(2, "empty_response")]);
    assert_eq!(failures(2), [told(1, "truncated_body"), told(2, "")]);
    for (n, host) in hosts.iter().enumerate().skip(3) {
        assert_eq!(failures(n), [told(1, "")], "{host}: an answer came");
    }
    let firsts = (0..6).map(|n| tries(&rehearsal, n)[0].1).max().unwrap();
    for n in 0..3 {
        let [(_, first, _), (_, second, _)] = tries(&rehearsal, n).try_into().unwrap();
        assert!(second - first >= TimeDelta::seconds(60) && second > firsts, "{first} {second}");
    }

    // The two tries are one consultation, whose answer is the one that came.
    let version = Version::of(&rehearsal.pipeline(), &[&rehearsal.out().join("journaux")], "2026-12-01T04:48:00Z");
    let rows: BTreeMap<String, Row> =
        version.rows("disponibilite_ensemble").into_iter().map(|row| (row["guichet_id"].clone(), row)).collect();
    for (n, expected) in [["1", "1", "0"], ["1", "0", "1"], ["1", "1", "0"], ["1", "0", "1"]].into_iter().enumerate() {
        let row = &rows[&rehearsal.services[n].counter];
        assert_eq!(["consultations", "non", "inconnues"].map(|column| row[column].as_str()), expected, "{}", hosts[n]);
    }
    assert_eq!(version.rows("tentatives").len(), 9);
    assert!(version.rows("lacunes").is_empty() && version.rows("quarantaine").is_empty());
}

/// Three pages are asked for, of which the last never comes.
fn breaks_off(_: &str, n: usize) -> Told {
    if n == 3 { Told::Nothing } else { Told::None(NONE, Charset::Utf8) }
}

#[test]
fn a_second_try_takes_no_request_that_a_later_cycle_may_need() {
    for (per_day, expected) in [(43, 1), (44, 2)] {
        let (rehearsal, counters) = cycle(&["www.a.fr"], per_day, breaks_off);
        // robots.txt, three pages, and eight for each of four cycles that are still due, and for the second try.
        assert_eq!(tries(&rehearsal, 0).len(), expected, "{per_day}: {:?}", counters.seen().len());
    }
}

/// A site that has changed is told on the night on which it has, and not when somebody reads the figures.
#[test]
fn a_cycle_names_the_looks_whose_page_was_not_recognised() {
    let hosts = ["www.non.fr", "www.change.fr", "www.refus.fr", "www.panne.fr"];
    let (rehearsal, _) = cycle(&hosts, 300, |host, _| match host {
        "www.change.fr" => Told::Page(200, "<p>Notre nouveau portail de rendez-vous vous accueille bientôt.</p>"),
        "www.refus.fr" => Told::Page(403, "non"),
        "www.panne.fr" => Told::Nothing,
        _ => Told::None(NONE, Charset::Utf8),
    });
    let changed = format!("{} / {}", rehearsal.services[1].counter, rehearsal.services[1].procedure);
    let run = guichets(rehearsal.path(), ["probe", "plan.toml", "--out", "out", "--status"]);
    assert!(run.stdout.contains(&format!("pages that were not recognised: {changed}\n")), "{}", run.stdout);
    assert!(run.stdout.contains("no answer had come: 1"), "{}", run.stdout);
}

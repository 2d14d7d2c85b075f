//! Which plannings a consultation needs: those that the schedule lists, those that the log shows, and the service as a whole.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::referee::differing;
use crate::support::{Attempts, Kind, Store, Version};

const AS_OF: &str = "2019-04-20T00:00:00+02:00";

/// A pipeline whose schedule has a column of plannings; each row of it is of one service, at one look an hour.
fn with_plannings(logs: &Attempts, settings: &str, rows: &[[&str; 3]]) -> PathBuf {
    let pipeline = logs.pipeline(settings, "");
    let header = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source,plannings\n";
    let row = |[from, to, plannings]: &[&str; 3]| {
        let on = |day: &str| if day.is_empty() { String::new() } else { format!("{day}T00:00:00+02:00") };
        format!("evry-prefecture,premier-titre,{},{},60,true,essai,{plannings}\n", on(from), on(to))
    };
    fs::write(pipeline.join("schedule.csv"), header.to_owned() + &rows.iter().map(row).collect::<String>()).unwrap();
    pipeline
}

/// One cycle of plannings, on a day of April; one without a name asks the service as a whole.
fn cycle(logs: Attempts, day: u32, hour: u32, plannings: &[(&str, Kind)]) -> Attempts {
    plannings.iter().zip(0..).fold(logs, |logs, ((planning, kind), minute)| {
        let planning = Some(planning).filter(|planning| !planning.is_empty());
        let named = json!({"run_id": format!("{day}-{hour}"), "planning": planning});
        logs.look(*kind, &format!("2019-04-{day:02}T{hour:02}:{minute:02}:00Z"), &named)
    })
}

const EVERYTHING: &str = "gates = { cycles_max = 1.0, incomplete_max = 1.0 }";

#[test]
fn a_list_drops_a_planning_that_counts_where_it_comes_back() {
    let three = [("p1", Kind::No), ("p2", Kind::No), ("p3", Kind::No)];
    let logs = (6..14).fold(Attempts::on("evry-prefecture"), |logs, hour| cycle(logs, 1, hour, &three));
    let logs = cycle(logs, 2, 6, &three[..2]);
    // From the third on, a list that the third planning is not on.
    let logs = cycle(logs, 3, 6, &three[..2]);
    let logs = cycle(logs, 3, 7, &three[..1]);
    let logs = cycle(logs, 3, 8, &[("p1", Kind::No), ("p2", Kind::No), ("p3", Kind::Yes)]);
    let logs = cycle(logs, 3, 9, &[("p1", Kind::No), ("p2", Kind::No), ("p3", Kind::Timeout)]);
    // No list any more: those of the last, and whatever is seen for the first time.
    let logs = cycle(logs, 5, 6, &three[..2]);
    let logs = (7..12).fold(logs, |logs, hour| cycle(logs, 5, hour, &[three[0], three[1], ("p4", Kind::No)]));
    let logs = cycle(logs, 6, 6, &three[..2]);
    // And then a service that has none.
    let logs = cycle(logs, 8, 6, &[("", Kind::No)]);
    let rows =
        [["2019-04-01", "2019-04-03", ""], ["2019-04-03", "2019-04-05", "p1; p2"], ["2019-04-05", "2019-04-08", ""]];
    let pipeline = with_plannings(&logs, EVERYTHING, &[&rows[..], &[["2019-04-08", "", "-"]]].concat());
    let version = Version::of(&pipeline, &[&logs.path()], AS_OF);
    assert_eq!(differing(&version), Vec::<Value>::new());
    let consultations = version.rows("consultations");
    let judged = |instant: &str| {
        let row = consultations.iter().find(|row| row["instant_utc"] == format!("2019-04-{instant}:00:00Z")).unwrap();
        ["reponse", "complete", "plannings_attendus", "plannings_absents"].map(|column| row[column].clone())
    };
    assert_eq!(judged("02T06"), ["inconnue", "false", "3", "1"], "before the list");
    assert_eq!(judged("03T06"), ["non", "true", "2", "0"], "the list leaves it out");
    assert_eq!(judged("03T07"), ["inconnue", "false", "2", "1"], "of those on the list one is missing");
    assert_eq!(judged("03T08"), ["oui", "true", "2", "0"], "an offer is one, expected or not");
    assert_eq!(judged("03T09"), ["inconnue", "false", "2", "0"], "whatever was asked should have answered");
    assert_eq!(judged("05T06"), ["non", "true", "2", "0"], "what the list left out is over");
    assert_eq!(judged("06T06"), ["inconnue", "false", "3", "1"], "one that was first seen since is expected");
    assert_eq!(judged("08T06"), ["non", "true", "0", "0"]);

    let stretches: Vec<String> = version
        .rows("plannings_attendus")
        .iter()
        .map(|row| ["planning_id", "debut_utc", "fin_utc", "origine"].map(|column| row[column].as_str()).join(" "))
        .collect();
    assert!(stretches.contains(&"p3 2019-04-01T06:02:00Z 2019-04-02T22:00:00Z journal".to_owned()), "{stretches:?}");
    assert!(stretches.contains(&"p1 2019-04-02T22:00:00Z 2019-04-04T22:00:00Z calendrier".to_owned()), "{stretches:?}");
    assert_eq!(stretches.iter().filter(|stretch| stretch.starts_with("p3")).count(), 1, "{stretches:?}");
}

#[test]
fn what_is_no_list_of_plannings_is_refused_where_it_stands() {
    let logs = cycle(Attempts::on("evry-prefecture"), 14, 22, &[("", Kind::No)]);
    for list in ["p1;p1", "p1;;p2", "p1;", ";", "*", "p1;*", "p1; -", "p1;p2 ; p1"] {
        let pipeline = with_plannings(&logs, "", &[["2019-04-01", "2019-04-03", ""], ["2019-04-03", "", list]]);
        let run = Store::new().run(&pipeline, &[&logs.path()], AS_OF, &[]);
        assert_eq!(run.code, Some(2), "{list}: {}", run.stderr);
        let told = format!("schedule.csv:3: evry-prefecture / premier-titre: « {list} » is not a list of plannings");
        assert!(run.stderr.contains(&told), "{}", run.stderr);
    }
}

#[test]
fn a_window_of_plannings_is_a_number_of_days_and_nothing_else() {
    let logs = (1..=5).fold(Attempts::on("evry-prefecture"), |logs, hour| {
        cycle(logs, 1, 6 + hour, &[("p1", Kind::No), ("p2", Kind::No)])
    });
    let logs = (1..=20).fold(logs, |logs, day| cycle(logs, day, 14, &[("p1", Kind::No)]));
    let schedule = [["2019-04-01", "", ""]];
    let window = |stated: &str| with_plannings(&logs, &format!("{EVERYTHING}\nmethod.plannings = {stated}"), &schedule);
    for stated in ["'30'", "'30 days'", "'30jours'", "'0 jours'", "'367 jours'", "'-1 jours'", "''", "30"] {
        let run = Store::new().run(&window(stated), &[&logs.path()], AS_OF, &[]);
        assert_eq!(run.code, Some(2), "{stated}: {}", run.stderr);
        assert!(run.stderr.contains("pipeline.toml"), "{stated}: {}", run.stderr);
    }
    let version = Version::of(&window("'7 jours'"), &[&logs.path()], "2019-04-21T00:00:00+02:00");
    assert_eq!(version.rows("parametres")[0]["plannings_fenetre_jours"], "7");
    let lacking = version.rows("consultations").into_iter().filter(|row| row["plannings_absents"] != "0");
    let days: Vec<String> = lacking.map(|row| row["jour"].clone()).collect();
    let wanted: Vec<String> = (1..=8).map(|day| format!("2019-04-{day:02}")).collect();
    assert_eq!(days, wanted, "a planning is expected until seven days after its last answer");
    assert_eq!(differing(&version), Vec::<Value>::new());
}

/// The service as a whole did not answer. A planning that is not expected makes up for nothing; all that are expected do.
#[test]
fn a_service_that_is_silent_as_a_whole_is_unknown_unless_all_that_is_expected_answered() {
    let answers = |list: &str, found: &[(&str, Kind)]| {
        let logs = (6..18).fold(Attempts::on("evry-prefecture"), |logs, hour| {
            if hour % 2 == 0 { cycle(logs, 2, hour, &[("", Kind::Yes)]) } else { cycle(logs, 2, hour, found) }
        });
        let pipeline = with_plannings(&logs, EVERYTHING, &[["2019-04-01", "", list]]);
        let version = Version::of(&pipeline, &[&logs.path()], AS_OF);
        assert_eq!(differing(&version), Vec::<Value>::new());
        let day = version.rows("disponibilite_jour").into_iter().find(|row| row["jour"] == "2019-04-02").unwrap();
        ["oui", "non", "inconnues", "captcha_exige"].map(|column| day[column].clone())
    };
    let silent = [("", Kind::Captcha), ("p1", Kind::No)];
    assert_eq!(answers("-", &silent), ["6", "0", "6", "6"], "nothing is expected but the service as a whole");
    assert_eq!(answers("p1", &silent), ["6", "6", "0", "0"], "all that is expected answered");
    assert_eq!(answers("p1;p2", &silent), ["6", "0", "6", "6"], "one that is expected was not asked");
    assert_eq!(answers("-", &[("", Kind::No), ("p1", Kind::Captcha)]), ["6", "0", "6", "6"]);
    assert_eq!(answers("-", &[("", Kind::No), ("p1", Kind::No)]), ["6", "6", "0", "0"]);
}

/// How often a planning was not asked since, and from when on, as the signal has it; nothing where there is none.
fn lost(logs: &Attempts, rows: &[[&str; 3]], as_of: &str) -> Vec<String> {
    let version = Version::of(&with_plannings(logs, EVERYTHING, rows), &[&logs.path()], as_of);
    let signals = version.rows("signaux").into_iter().filter(|row| row["type"] == "planning_disparu");
    signals.map(|row| ["detail", "debut", "fin", "valeur"].map(|column| row[column].as_str()).join(" ")).collect()
}

/// A stretch that a planning is expected for ends where another begins: at a row of the schedule, and at the moment of which the
/// version speaks. What it was not asked in counts once, and not where it was not expected.
#[test]
fn a_planning_that_is_lost_is_missed_once_in_each_consultation_that_expected_it() {
    let (both, one) = ([("p1", Kind::No), ("p2", Kind::No)], [("p1", Kind::No)]);
    let asked = (10..20).fold(Attempts::on("evry-prefecture"), |logs, hour| cycle(logs, 3, hour, &both));
    let noon = "2019-04-04T12:00:00+02:00";
    let until = |logs, last: u32| (0..last).fold(logs, |logs, hour| cycle(logs, 4, hour, &one));
    let open = [["2019-04-01", "", "p1;p2"]];
    assert_eq!(lost(&until(asked, 10), &open, noon), Vec::<String>::new(), "ten, of which none is counted twice");

    let asked = || (10..20).fold(Attempts::on("evry-prefecture"), |logs, hour| cycle(logs, 3, hour, &both));
    let split = [["2019-04-01", "2019-04-04", "p1;p2"], ["2019-04-04", "", "p1;p2"]];
    let evening = "2019-04-04T23:30:00+02:00";
    assert_eq!(lost(&until(asked(), 21), &split, evening), ["p2 2019-04-04 2019-04-04 21"]);

    // Not expected on the fourth and the fifth, nor asked, and not asked on the sixth.
    let left_out =
        [["2019-04-01", "2019-04-04", "p1;p2"], ["2019-04-04", "2019-04-06", "p1"], ["2019-04-06", "", "p1;p2"]];
    let logs =
        [4, 5].into_iter().fold(asked(), |logs, day| (0..20).fold(logs, |logs, hour| cycle(logs, day, hour, &one)));
    let logs = (0..20).fold(logs, |logs, hour| cycle(logs, 6, hour, &one));
    assert_eq!(lost(&logs, &left_out, "2019-04-06T23:30:00+02:00"), ["p2 2019-04-06 2019-04-06 20"]);
}

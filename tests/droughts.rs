//! Droughts, gaps and signals of small logs of which anyone can count what the tables must say.

use serde_json::json;

use crate::support::{Attempts, Kind, Row, Version};

const COUNTER: &str = "evry-prefecture";

fn published(logs: &Attempts, schedule: &str, as_of: &str) -> Version {
    Version::of(&logs.pipeline("gates.incomplete_max = 1.0", schedule), &[&logs.path()], as_of)
}

/// Some values of a row, with spaces between.
fn of(row: &Row, columns: &[&str]) -> String {
    columns.iter().map(|column| row[*column].as_str()).collect::<Vec<_>>().join(" ")
}

/// A refusal at noon of each of these days of September 2019.
fn refused_on(days: &[u32]) -> Attempts {
    let noon = |day: &u32| format!("2019-09-{day:02}T10:00:00Z");
    days.iter().fold(Attempts::on(COUNTER), |logs, day| logs.saw(Kind::No, 1, &noon(day)))
}

const SEPTEMBER: &str = "*,*,2019-09-01T00:00:00+02:00,2019-10-01T00:00:00+02:00,1440,true,essai";
const OPEN: &str = "*,*,2019-09-01T00:00:00+02:00,,1440,true,essai";
const OCTOBER: &str = "2019-10-15T00:00:00+02:00";
const WEEKS: [&str; 3] = ["jours_avec_non", "semaines_avec_non", "fenetres_7_jours"];

/// Attempts of 13 to 18 September 2019 were set aside as made in one week (Conseil d'État, 10 June 2020, no. 435594), though
/// that Friday and that Wednesday are of two ISO weeks.
#[test]
fn friday_to_wednesday_is_two_weeks_of_the_calendar_and_one_window_of_seven_days() {
    let weeks = |days: &[u32]| {
        let version = published(&refused_on(days), SEPTEMBER, OCTOBER);
        let droughts = version.rows("penuries");
        assert_eq!(droughts.len(), 1);
        (of(&droughts[0], &WEEKS), droughts[0]["etendue_s"].clone())
    };
    assert_eq!(weeks(&[13, 14, 16, 17, 18]), ("5 2 1".to_owned(), (5 * 86_400).to_string()));
    assert_eq!(weeks(&[13, 20]), ("2 2 2".to_owned(), (7 * 86_400).to_string()));
    // Two windows, though the second is not the next one.
    assert_eq!(weeks(&[3, 4, 29]), ("3 2 2".to_owned(), (26 * 86_400).to_string()));
}

#[test]
fn a_drought_goes_on_only_while_its_service_is_in_scope() {
    let ends = |schedule: &str, as_of: &str| {
        let version = published(&refused_on(&[13, 20, 30]), schedule, as_of);
        of(&version.rows("penuries")[0], &["finit_apres", "en_cours", "possible_fin_utc"])
    };
    assert_eq!(ends(OPEN, "2019-10-02T00:00:00+02:00"), "true true 2019-10-01T22:00:00Z");
    assert_eq!(ends(SEPTEMBER, OCTOBER), "true false 2019-09-30T22:00:00Z", "nobody has looked for two weeks");
    let at_its_end = ends(SEPTEMBER, "2019-10-01T00:00:00+02:00");
    assert_eq!(
        at_its_end, "true false 2019-09-30T22:00:00Z",
        "the scope is over at its end, and later dates change nothing"
    );
    assert_eq!(ends(SEPTEMBER, "2019-09-30T23:59:59+02:00"), "true true 2019-09-30T21:59:59Z");
}

/// What interrupts a sequence ends it, too: more than three intervals after the last « no » nobody knows what follows it.
#[test]
fn a_drought_goes_on_only_while_somebody_is_told_so() {
    let goes_on = |logs: &Attempts, as_of: &str| {
        let version = published(logs, OPEN, as_of);
        of(&version.rows("penuries")[0], &["finit_apres", "en_cours", "non"])
    };
    let silent = refused_on(&[13, 20, 30]);
    assert_eq!(goes_on(&silent, "2019-10-03T23:59:59+02:00"), "true true 3");
    assert_eq!(
        goes_on(&silent, "2019-10-04T00:00:00+02:00"),
        "true false 3",
        "three and a half days after the last « no »"
    );
    let captchas = (1..15).fold(silent, |logs, day| logs.saw(Kind::Captcha, 1, &format!("2019-10-{day:02}T10:00:00Z")));
    assert_eq!(goes_on(&captchas, OCTOBER), "true false 3", "a captcha is no answer");
    assert_eq!(goes_on(&captchas.saw(Kind::No, 1, "2019-10-14T11:00:00Z"), OCTOBER), "true true 4");
}

/// What a user meets too is counted (Conseil d'État, 9 June 2022, no. 453391); what only the robot was told is not.
#[test]
fn failures_that_users_meet_are_counted_by_day_week_and_window() {
    let failure = |logs: Attempts, day: u32, status: u32| {
        logs.look(Kind::Unrecognized, &format!("2019-09-{day:02}T14:00:00Z"), &json!({"http_status": status}))
    };
    let logs = [(14, 503), (15, 403), (16, 502), (21, 503), (29, 503)];
    let logs = logs.into_iter().fold(refused_on(&[13, 24]), |logs, (day, status)| failure(logs, day, status));
    let droughts = published(&logs, SEPTEMBER, OCTOBER).rows("penuries");
    let counts = ["pannes_partagees", "jours_avec_panne", "semaines_avec_panne", "fenetres_avec_panne"];
    // Those of the 14th, 16th and 21st: W37 and W38; days 1 and 3 from the first « no », and day 8.
    assert_eq!(of(&droughts[0], &counts), "3 3 2 2");
    assert_eq!(of(&droughts[0], &WEEKS), "2 2 2");
}

/// An offer ends a drought even where another planning did not answer; a « no » beside one that did not is no answer.
#[test]
fn an_offer_ends_a_drought_whether_complete_or_not() {
    let cycle = |logs: Attempts, hour: u32, found: [Kind; 2]| {
        ["a", "b"].iter().zip(found).fold(logs, |logs, (planning, kind)| {
            let named = json!({"run_id": format!("c{hour}"), "planning": planning});
            logs.look(kind, &format!("2019-09-03T{hour:02}:00:00Z"), &named)
        })
    };
    let refused = [Kind::No, Kind::No];
    let with = |middle: [Kind; 2]| {
        let logs = (0..6).fold(Attempts::on(COUNTER), |logs, hour| cycle(logs, hour, refused));
        let logs = (7..13).fold(cycle(logs, 6, middle), |logs, hour| cycle(logs, hour, refused));
        let hourly = SEPTEMBER.replace(",1440,", ",60,");
        let droughts = published(&logs, &hourly, OCTOBER).rows("penuries");
        droughts.iter().map(|row| of(row, &["non", "inconnues"])).collect::<Vec<_>>()
    };
    assert_eq!(with([Kind::Yes, Kind::Timeout]), ["6 0", "6 0"]);
    assert_eq!(with([Kind::No, Kind::Timeout]), ["12 1"]);
}

#[test]
fn a_planning_that_is_lost_or_hardly_known_is_a_signal() {
    // The first planning answers in 40 cycles, the second in 10 and no more, the third in 2: below plannings_cycles_min.
    let asked = |cycle: u32| [("a", true), ("b", cycle < 10), ("c", cycle < 2)];
    let logs = (0..40).fold(Attempts::on(COUNTER), |logs, cycle| {
        asked(cycle).into_iter().filter(|(_, is)| *is).fold(logs, |logs, (planning, _)| {
            let at = format!("2019-09-{:02}T{:02}:00:00Z", 3 + cycle / 10, 6 + cycle % 10);
            logs.look(Kind::No, &at, &json!({"run_id": format!("c{cycle}"), "planning": planning}))
        })
    });
    let version = published(&logs, &SEPTEMBER.replace(",1440,", ",60,"), OCTOBER);
    let signals: Vec<String> = version
        .rows("signaux")
        .iter()
        .map(|row| of(row, &["type", "debut", "fin", "detail", "valeur", "seuil"]))
        .collect();
    assert_eq!(
        signals,
        [
            "consultations_incompletes 2019-09-04 2019-09-06 2019-09 0.75 0.05",
            "planning_disparu 2019-09-04 2019-09-06 b 30 20",
            "planning_non_attendu 2019-09-03 2019-09-03 c 2 5",
        ]
    );
}

/// A look every few hours until the tenth of February and then every few minutes, or the reverse: a silence is what the schedule
/// expected at the time, and not what it had expected before.
#[test]
fn a_silence_is_measured_by_the_interval_that_is_expected_at_the_time() {
    let change = |before: u32, after: u32| {
        let row =
            |from: &str, to: &str, minutes: u32| format!("{COUNTER},premier-titre,{from},{to},{minutes},true,essai");
        let tenth = "2019-02-10T00:00:00+01:00";
        format!(
            "{}\n{}",
            row("2019-02-09T00:00:00+01:00", tenth, before),
            row(tenth, "2019-02-11T00:00:00+01:00", after)
        )
    };
    let drought = |schedule: &str, instants: &[&str]| {
        let logs = instants.iter().fold(Attempts::on(COUNTER), |logs, at| logs.saw(Kind::No, 1, at));
        let version = published(&logs, schedule, "2019-02-12T00:00:00+01:00");
        of(&version.rows("penuries")[0], &["interruptions", "duree_constatee_s"])
    };
    // Nobody looks in the first twelve hours of the tenth, of which thirty-five cycles are missing.
    let (rare_then_often, hour) = (change(288, 20), 3_600);
    let looks = ["2019-02-09T17:00:00Z", "2019-02-09T21:30:00Z", "2019-02-10T10:45:00Z", "2019-02-10T11:05:00Z"];
    assert_eq!(drought(&rare_then_often, &looks), format!("1 {}", 9 * hour / 2));
    // None is missing here: the next look is due two hours after midnight, and comes an hour early.
    let looks = ["2019-02-09T22:15:00Z", "2019-02-09T22:35:00Z", "2019-02-09T22:55:00Z", "2019-02-10T00:05:00Z"];
    assert_eq!(drought(&change(20, 120), &looks), format!("0 {}", 11 * hour / 6));
    // Of thirty-six cycles in three hours none is looked at, though an hour is expected before them and after.
    let ninth = |from: &str, to: &str, minutes: u32| {
        format!("{COUNTER},premier-titre,2019-02-09T{from}:00+01:00,2019-02-{to}:00+01:00,{minutes},true,essai")
    };
    let often_between =
        [ninth("00:00", "09T10:00", 60), ninth("10:00", "09T13:00", 5), ninth("13:00", "11T00:00", 60)].join("\n");
    let looks = ["2019-02-09T07:55:00Z", "2019-02-09T08:55:00Z", "2019-02-09T12:05:00Z", "2019-02-09T13:05:00Z"];
    assert_eq!(drought(&often_between, &looks), format!("1 {hour}"));
    // Nothing is expected in a pause, which ends with the second look.
    let pause = [ninth("00:00", "09T06:00", 60), ninth("08:00", "11T00:00", 60)].join("\n");
    let looks = ["2019-02-09T06:50:00Z", "2019-02-09T07:00:00Z", "2019-02-09T08:00:00Z"];
    assert_eq!(drought(&pause, &looks), format!("0 {}", 7 * hour / 6));
}

/// In the sample, for every service: what is missing from coverage is in a gap, to the second.
#[test]
fn gaps_hold_what_coverage_lacks() {
    let version = crate::support::sample();
    let gaps = version.rows("lacunes");
    for service in version.rows("disponibilite_ensemble") {
        let ours = gaps
            .iter()
            .filter(|gap| ["guichet_id", "demarche_id"].iter().all(|column| gap[*column] == service[*column]));
        let whole = |row: &Row, column: &str| row[column].parse::<u64>().unwrap();
        let missing = ours.fold((0, 0), |(cycles, seconds), gap| {
            (cycles + whole(gap, "cycles_manquants"), seconds + whole(gap, "secondes_manquantes"))
        });
        let lacked = |expected: &str, seen: &str| whole(&service, expected) - whole(&service, seen);
        let lacks = (lacked("cycles_prevus", "cycles_mesures"), lacked("secondes_prevues", "secondes_mesurees"));
        assert_eq!(missing, lacks, "{}", service["demarche_id"]);
    }
}

/// The last cycle of a period that is over is missing like any other; in one that goes on, half a cadence is no delay.
#[test]
fn the_end_of_a_period_is_missing_once_it_is_over() {
    let gaps = |until: &str, as_of: &str| {
        let logs =
            Attempts::on(COUNTER).saw(Kind::No, 1, "2019-09-03T08:00:00Z").saw(Kind::No, 1, "2019-09-03T09:00:00Z");
        let schedule = format!("*,*,2019-09-03T08:00:00Z,{until},60,true,essai");
        let version = published(&logs, &schedule, as_of);
        let told = ["cycles_manquants", "secondes_manquantes", "duree_s", "position"];
        version.rows("lacunes").iter().map(|row| of(row, &told)).collect::<Vec<_>>()
    };
    assert_eq!(gaps("2019-09-03T10:20:00Z", "2019-09-04T00:00:00Z"), ["1 1200 4800 fin"]);
    assert_eq!(gaps("", "2019-09-03T10:20:00Z"), Vec::<String>::new());
    assert_eq!(gaps("", "2019-09-03T10:30:00Z"), ["1 1800 5400 fin"]);
}

//! Incidents of several services: each has a name of its own that it keeps, lies between the answers of those that it begins and
//! ends with, is judged by what others saw meanwhile, and is under way only where somebody may still be refused. What the schedule
//! leaves out is no outage.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::referee::differing;
use crate::support::Kind::{Blocked, Captcha, No, Timeout};
use crate::support::{Attempts, Kind, Row, Version};

const MIDNIGHT: &str = "2019-05-06T00:00:00Z";
const HOURLY: &str = "*,*,2019-05-06T00:00:00Z,,60,true,essai";
const FROM_THE_DAY_BEFORE: &str = "*,*,2019-05-05T00:00:00Z,,60,true,essai";
const EVRY: &str = "evry-prefecture";
const AGEN: &str = "agen-prefecture";
const REUNION: &str = "saint-denis-reunion-prefecture";
const GUADELOUPE: &str = "basse-terre-prefecture";

/// So many hours and minutes after the midnight from which all hours are counted.
fn after(hours: i64, minutes: i64) -> String {
    let midnight: DateTime<Utc> = MIDNIGHT.parse().unwrap();
    (midnight + TimeDelta::hours(hours) + TimeDelta::minutes(minutes)).to_rfc3339()
}

/// Adds what a vantage met at a counter, once an hour at this minute.
fn hourly(
    logs: Attempts,
    (counter, vantage): (&str, &str),
    minute: i64,
    met: impl IntoIterator<Item = (Range<i64>, Kind)>,
) -> Attempts {
    let who = json!({"counter": counter, "vantage": vantage});
    met.into_iter()
        .flat_map(|(hours, kind)| hours.map(move |hour| (hour, kind)))
        .fold(logs, |logs, (hour, kind)| logs.look(kind, &after(hour, minute), &who))
}

fn published(logs: &Attempts, schedule: &str, as_of: i64) -> Version {
    Version::of(&logs.pipeline("gates.unrecognized_max = 1.0", schedule), &[&logs.path()], &after(as_of, 0))
}

/// Some values of a row, with spaces between.
fn of(row: &Row, columns: &[&str]) -> String {
    columns.iter().map(|column| row[*column].as_str()).collect::<Vec<_>>().join(" ")
}

/// Some values of each incident that the attempts show.
fn detected(version: &Version, columns: &[&str]) -> Vec<String> {
    let rows = version.rows("incidents");
    rows.iter().filter(|row| row["origine"] == "detecte").map(|row| of(row, columns)).collect()
}

/// Two counters of two zones are refused one after the other, each from five past ten on of its own clock.
#[test]
fn blocks_that_begin_at_one_local_time_have_names_and_witnesses_of_their_own() {
    let mut logs = Attempts::on("");
    logs = hourly(logs, (REUNION, "a1"), 5, [(0..6, No), (6..14, Blocked), (14..30, No)]);
    logs = hourly(logs, (GUADELOUPE, "a1"), 5, [(0..14, No), (14..22, Blocked), (22..30, No)]);
    logs = hourly(logs, (REUNION, "a2"), 20, [(6..14, No)]);
    let version = published(&logs, HOURLY, 30);
    let expected = [
        "blocage-2019-05-06-060500Z-a1-ez_planning 8 1 7 oui",
        "blocage-2019-05-06-140500Z-a1-ez_planning 8 1 0 indetermine",
    ];
    let columns = ["incident_id", "tentatives", "services", "autres_tentatives", "cible"];
    assert_eq!(detected(&version, &columns), expected);
    assert_eq!(differing(&version), Vec::<Value>::new());
}

/// The robot falls silent at five past ten of one zone, and again at five past ten of another.
#[test]
fn outages_that_begin_at_one_local_time_have_names_of_their_own() {
    let mut logs = hourly(Attempts::on(""), (REUNION, "a1"), 5, [(-24..7, No), (22..30, No)]);
    logs = hourly(logs, (GUADELOUPE, "a1"), 5, [(-24..6, No), (14..15, No), (22..30, No)]);
    let version = published(&logs, FROM_THE_DAY_BEFORE, 30);
    let expected = ["arret-2019-05-06-060500Z 28800 2", "arret-2019-05-06-140500Z 28800 2"];
    assert_eq!(detected(&version, &["incident_id", "duree_s", "services"]), expected);
    assert_eq!(differing(&version), Vec::<Value>::new());
}

/// One counter is refused first and another last; what the one answers says nothing of the other.
#[test]
fn an_incident_lies_between_the_answers_of_the_service_refused_first_and_of_that_refused_last() {
    let mut logs = hourly(Attempts::on(""), (EVRY, "a1"), 5, [(-24..-4, No), (0..7, Blocked), (13..25, No)]);
    logs = hourly(logs, (AGEN, "a1"), 7, [(-24..-1, No), (1..13, Blocked), (20..25, No)]);
    let version = published(&logs, FROM_THE_DAY_BEFORE, 25);
    let columns = ["possible_debut_utc", "debut_utc", "fin_utc", "possible_fin_utc"];
    let expected = ["2019-05-05T19:05:00Z 2019-05-06T00:05:00Z 2019-05-06T12:07:00Z 2019-05-06T20:07:00Z"];
    assert_eq!(detected(&version, &columns), expected);
    // Which services it was, and what is known of each, stands beside it.
    let touched = version.rows("incidents_services");
    let columns = ["guichet_id", "tentatives", "possible_debut_utc", "debut_utc", "fin_utc", "possible_fin_utc"];
    let expected = [
        "evry-prefecture 7 2019-05-05T19:05:00Z 2019-05-06T00:05:00Z 2019-05-06T06:05:00Z 2019-05-06T13:05:00Z",
        "agen-prefecture 12 2019-05-05T22:07:00Z 2019-05-06T01:07:00Z 2019-05-06T12:07:00Z 2019-05-06T20:07:00Z",
    ];
    assert_eq!(touched.iter().map(|row| of(row, &columns)).collect::<Vec<_>>(), expected);
    let ids = detected(&version, &["incident_id"]);
    assert!(touched.iter().all(|row| row["incident_id"] == ids[0]));
    assert_eq!(differing(&version), Vec::<Value>::new());
}

/// Another vantage is answered while two refusals among timeouts are none of the incident, and refused while it lasts.
#[test]
fn witnesses_are_those_of_the_runs_of_the_incident_alone() {
    let mut logs = hourly(Attempts::on(""), (EVRY, "a1"), 5, [(-24..0, No), (0..15, Blocked), (15..30, No)]);
    let noise = [(-24..1, No), (1..2, Blocked), (2..7, Timeout), (7..8, Blocked), (8..9, No)];
    logs = hourly(logs, (AGEN, "a1"), 6, noise.into_iter().chain([(9..14, Blocked), (14..30, No)]));
    logs = hourly(logs, (AGEN, "a2"), 7, [(-24..9, No), (9..14, Captcha), (14..30, No)]);
    let columns = ["tentatives", "services", "autres_tentatives", "autres_reponses", "autre_point_repond", "cible"];
    assert_eq!(detected(&published(&logs, FROM_THE_DAY_BEFORE, 30), &columns), ["20 2 4 0 false indetermine"]);
}

#[test]
fn a_pause_of_the_schedule_is_no_outage() {
    let columns = ["incident_id", "fin_utc", "possible_fin_utc", "duree_s", "services"];
    let found = |day_one: Range<i64>| {
        let logs = hourly(Attempts::on(""), (EVRY, "a1"), 5, [(day_one, No), (336..360, No)]);
        let schedule = "*,*,2019-05-06T00:00:00Z,2019-05-07T00:00:00Z,60,true,essai\n\
                        *,*,2019-05-20T00:00:00Z,,60,true,essai";
        detected(&published(&logs, schedule, 360), &columns)
    };
    assert_eq!(found(0..24), Vec::<String>::new(), "every planned cycle was looked at");
    // Of a silence that begins before the pause, what lies before it.
    let outage = "arret-2019-05-06-130500Z 2019-05-07T00:00:00Z 2019-05-20T00:05:00Z 39300 1";
    assert_eq!(found(0..14), [outage]);
}

#[test]
fn a_silence_is_judged_by_what_each_service_has_of_it() {
    let columns = ["incident_id", "duree_s", "services"];
    // An hour of a counter that was looked at every hour, and a week of one that is looked at once a week.
    let mut logs = hourly(Attempts::on(""), (EVRY, "a1"), 5, [(0..24, No)]);
    logs = hourly(logs, (AGEN, "a1"), 5, [(23..24, No), (191..192, No)]);
    let schedule = "evry-prefecture,*,2019-05-06T00:00:00Z,2019-05-07T00:00:00Z,60,true,essai\n\
                    agen-prefecture,*,2019-05-06T00:00:00Z,,10080,true,essai";
    assert_eq!(detected(&published(&logs, schedule, 192), &columns), Vec::<String>::new());
    // Seven hours on end, though the cadence changes meanwhile; the one looked at once a week lacks nothing.
    let mut logs = hourly(Attempts::on(""), (EVRY, "a1"), 5, [(0..10, No), (16..20, No)]);
    logs = hourly(logs, (AGEN, "a1"), 5, [(1..2, No)]);
    let schedule = "evry-prefecture,*,2019-05-06T00:00:00Z,2019-05-06T12:00:00Z,60,true,essai\n\
                    evry-prefecture,*,2019-05-06T12:00:00Z,,30,true,essai\n\
                    agen-prefecture,*,2019-05-06T00:00:00Z,,10080,true,essai";
    assert_eq!(detected(&published(&logs, schedule, 20), &columns), ["arret-2019-05-06-090500Z 25200 1"]);
}

const STATE: [&str; 4] = ["incident_id", "fin_utc", "possible_fin_utc", "en_cours"];

/// Evry is refused from ten o'clock on by what it met last, and Agen answers.
fn refused(until: i64, then: impl IntoIterator<Item = (Range<i64>, Kind)>, as_of: i64) -> Attempts {
    let met = [(0..10, No), (10..until, Blocked)].into_iter().chain(then);
    let logs = hourly(Attempts::on(""), (EVRY, "a1"), 5, met);
    hourly(logs, (AGEN, "a2"), 5, [(0..as_of, No)])
}

#[test]
fn a_block_is_under_way_while_its_service_is_looked_at_and_has_not_answered_and_keeps_its_name() {
    let state = |logs: &Attempts, schedule: &str, as_of: i64| detected(&published(logs, schedule, as_of), &STATE);
    let name = "blocage-2019-05-06-100500Z-a1-ez_planning";
    let nights = [20, 32].map(|as_of| state(&refused(as_of, [], as_of), HOURLY, as_of));
    assert_eq!(nights[0], [format!("{name} 2019-05-06T19:05:00Z  true")]);
    assert_eq!(nights[1], [format!("{name} 2019-05-07T07:05:00Z  true")]);
    // An answer ends it; an error does not.
    let answered = refused(20, [(20..22, Timeout), (22..32, No)], 32);
    assert_eq!(state(&answered, HOURLY, 32), [format!("{name} 2019-05-06T19:05:00Z 2019-05-06T22:05:00Z false")]);
    let failing = refused(20, [(20..24, Timeout)], 24);
    assert_eq!(state(&failing, HOURLY, 24), [format!("{name} 2019-05-06T19:05:00Z  true")]);
    // Nobody will know of a vantage that looks no more, nor of a service that has left the scope.
    let unknown = [format!("{name} 2019-05-06T19:05:00Z  false")];
    assert_eq!(state(&refused(20, [], 48), HOURLY, 48), unknown);
    let left = "evry-prefecture,*,2019-05-06T00:00:00Z,2019-05-06T20:00:00Z,60,true,essai\n\
                agen-prefecture,*,2019-05-06T00:00:00Z,,60,true,essai";
    assert_eq!(state(&refused(20, [], 22), left, 22), unknown);
}

#[test]
fn an_outage_is_under_way_while_the_scope_is() {
    let logs = hourly(Attempts::on(""), (EVRY, "a1"), 5, [(0..10, No)]);
    let state = |schedule: &str, as_of: i64| detected(&published(&logs, schedule, as_of), &STATE);
    let name = "arret-2019-05-06-090500Z";
    assert_eq!(state(HOURLY, 24), [format!("{name} 2019-05-07T00:00:00Z  true")]);
    assert_eq!(state(HOURLY, 32), [format!("{name} 2019-05-07T08:00:00Z  true")]);
    let over = HOURLY.replace("Z,,60", "Z,2019-05-06T20:00:00Z,60");
    assert_eq!(state(&over, 24), [format!("{name} 2019-05-06T20:00:00Z  false")]);
}

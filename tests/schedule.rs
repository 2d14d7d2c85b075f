//! The schedule says what was expected at each instant, once: a row of a service's own interrupts a wildcard and does not
//! abolish it, and rows that would count a service twice are no schedule.

use std::fs;
use std::path::PathBuf;

use guichets_ouverts::config::Schedule;

use crate::support::{Attempts, Kind, Row, Store, Version};

const AS_OF: &str = "2019-04-20T00:00:00+02:00";
const EVERYWHERE: &str = "*,*,2019-04-15T00:00:00+02:00,,120,true,partout";

/// Ten refusals on the first morning.
fn logs() -> Attempts {
    Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-14T22:00:00Z")
}

fn publish(logs: &Attempts, schedule: &str) -> Version {
    Version::of(&logs.pipeline("", schedule), &[&logs.path()], AS_OF)
}

/// The cycles expected on each day of the one service.
fn expected(version: &Version) -> Vec<(String, String)> {
    let days = version.rows("calendrier").into_iter();
    days.map(|day| (day["jour"].clone(), day["cycles_prevus"].clone())).collect()
}

fn pairs(days: &[(&str, &str)]) -> Vec<(String, String)> {
    days.iter().map(|(day, cycles)| ((*day).to_owned(), (*cycles).to_owned())).collect()
}

/// What is told of a schedule that is none.
fn refused(schedule: &str) -> String {
    let logs = logs();
    let run = Store::new().run(&logs.pipeline("", schedule), &[&logs.path()], AS_OF, &[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    run.stderr
}

#[test]
fn a_row_for_six_hours_does_not_abolish_the_wildcard_for_all_other_times() {
    let own = "evry-prefecture,premier-titre,2019-04-17T12:00:00+02:00,2019-04-17T18:00:00+02:00,30,true,midi";
    let version = publish(&logs(), &format!("{EVERYWHERE}\n{own}"));
    // 12 cycles a day; on the 17th 9 of the wildcard and 12 of the row.
    let wanted = [("15", "12"), ("16", "12"), ("17", "21"), ("18", "12"), ("19", "12")];
    let wanted: Vec<(String, String)> =
        wanted.iter().map(|(day, cycles)| (format!("2019-04-{day}"), (*cycles).to_owned())).collect();
    assert_eq!(expected(&version), wanted);

    let periods = version.rows("perimetre");
    let told: Vec<[&str; 3]> =
        periods.iter().map(|period| ["debut_utc", "fin_utc", "source"].map(|column| period[column].as_str())).collect();
    assert_eq!(
        told,
        [
            ["2019-04-14T22:00:00Z", "2019-04-17T10:00:00Z", "partout"],
            ["2019-04-17T10:00:00Z", "2019-04-17T16:00:00Z", "midi"],
            ["2019-04-17T16:00:00Z", "2019-04-19T22:00:00Z", "partout"],
        ]
    );
}

#[test]
fn an_interruption_does_not_move_the_cycles_that_come_after_it() {
    let own = "evry-prefecture,premier-titre,2019-04-17T13:00:00+02:00,2019-04-17T23:30:00+02:00,630,true,midi";
    let version = publish(&logs(), &format!("{EVERYWHERE}\n{own}"));
    // The wildcard goes on at even hours: none is left on the 17th after 23:30, and 12 stand on the 18th.
    let cycles: Vec<String> = expected(&version).into_iter().map(|(_, cycles)| cycles).collect();
    assert_eq!(cycles, ["12", "12", "8", "12", "12"]);
    let periods = version.rows("perimetre");
    let after = &periods[2];
    assert_eq!(after["debut_utc"], "2019-04-17T21:30:00Z");
    assert_eq!(after["premier_cycle_utc"], "2019-04-17T22:00:00Z");
}

/// What follows an interruption is expected when the wildcard's clock says so, and not at once.
#[test]
fn an_attempt_on_the_first_cycle_after_an_interruption_leaves_no_gap_before_it() {
    let own = "evry-prefecture,premier-titre,2019-04-17T00:00:00+02:00,2019-04-17T13:00:00+02:00,780,true,nuit";
    let logs = logs().saw(Kind::No, 1, "2019-04-16T22:00:00Z").saw(Kind::No, 1, "2019-04-17T12:00:00Z");
    let version = publish(&logs, &format!("{EVERYWHERE}\n{own}"));
    let gaps = version.rows("lacunes");
    let after = gaps.iter().find(|gap| gap["fin_utc"] == "2019-04-17T12:00:00Z");
    assert!(after.is_none(), "14:00 is the first even hour after 13:00: {after:?}");
    let last = gaps.iter().find(|gap| gap["debut_utc"] == "2019-04-17T12:00:00Z").unwrap();
    assert_eq!([&last["cycles_manquants"], &last["position"]], ["28", "fin"]);
}

#[test]
fn a_row_of_one_side_interrupts_the_one_of_none_and_gives_way_to_the_one_of_both() {
    let counter = "evry-prefecture,*,2019-04-16T00:00:00+02:00,2019-04-19T00:00:00+02:00,60,true,guichet";
    let own = "evry-prefecture,premier-titre,2019-04-17T00:00:00+02:00,2019-04-18T00:00:00+02:00,30,true,service";
    let version = publish(&logs(), &[own, counter, EVERYWHERE].join("\n"));
    let cycles: Vec<String> = expected(&version).into_iter().map(|(_, cycles)| cycles).collect();
    assert_eq!(cycles, ["12", "24", "48", "24", "12"]);
}

#[test]
fn rows_of_one_side_each_that_meet_in_a_service_are_refused_with_both_lines() {
    let counter = "evry-prefecture,*,2019-04-01T00:00:00+02:00,2019-04-18T00:00:00+02:00,60,true,guichet";
    let procedure = "*,premier-titre,2019-04-16T00:00:00+02:00,,60,true,démarche";
    let told = refused(&format!("{counter}\n{procedure}"));
    assert!(
        told.contains("schedule.csv:3: * / premier-titre and evry-prefecture / * of line 2 are both in force"),
        "{told}"
    );
    assert!(told.contains("for evry-prefecture / premier-titre from 2019-04-15T22:00:00Z on"), "{told}");
    assert!(told.contains("hint: add a row of evry-prefecture / premier-titre"), "{told}");

    // A row of the service's own settles it, but only for its time.
    let half = "evry-prefecture,premier-titre,2019-04-16T00:00:00+02:00,2019-04-17T00:00:00+02:00,30,true,service";
    let told = refused(&[counter, procedure, half].join("\n"));
    assert!(told.contains("from 2019-04-16T22:00:00Z on"), "{told}");
    let whole = "evry-prefecture,premier-titre,2019-04-16T00:00:00+02:00,2019-04-18T00:00:00+02:00,30,true,service";
    let version = publish(&logs(), &[whole, procedure, counter].join("\n"));
    let cycles: Vec<(String, String)> =
        expected(&version).into_iter().filter(|(day, _)| day.as_str() >= "2019-04-15").collect();
    let wanted =
        [("2019-04-15", "24"), ("2019-04-16", "48"), ("2019-04-17", "48"), ("2019-04-18", "24"), ("2019-04-19", "24")];
    assert_eq!(cycles, pairs(&wanted));
}

#[test]
fn rows_that_follow_each_other_or_share_no_service_stand() {
    let rows = [
        "evry-prefecture,*,2019-04-15T00:00:00+02:00,2019-04-16T00:00:00+02:00,60,true,un",
        "*,premier-titre,2019-04-16T00:00:00+02:00,,60,true,deux",
        "bobigny-prefecture,*,2019-04-15T00:00:00+02:00,2019-04-16T00:00:00+02:00,60,true,trois",
    ];
    assert_eq!(expected(&publish(&logs(), &rows.join("\n"))).len(), 5);
}

#[test]
fn an_attempt_in_a_gap_of_the_schedule_keeps_its_counts_off_the_schedule() {
    let logs = logs().saw(Kind::No, 5, "2019-04-17T08:00:00Z").saw(Kind::Yes, 1, "2019-04-17T09:00:00Z");
    let gap = "*,*,2019-04-15T00:00:00+02:00,2019-04-16T00:00:00+02:00,60,true,avant\n\
               *,*,2019-04-18T00:00:00+02:00,,60,true,après";
    let version = publish(&logs, gap);
    let days = version.rows("disponibilite_jour");
    let day = |date: &str| -> &Row { days.iter().find(|day| day["jour"] == date).unwrap() };
    let between = day("2019-04-17");
    assert_eq!(between["cycles_prevus"], "0");
    assert_eq!([&between["non"], &between["oui"], &between["lignes"]], ["5", "1", "6"]);
    assert_eq!([&between["qualite"], &between["motif"]], ["partielle", "hors_calendrier"]);
    let dates: Vec<&str> = days.iter().map(|day| day["jour"].as_str()).collect();
    assert_eq!(
        dates,
        ["2019-04-15", "2019-04-17", "2019-04-18", "2019-04-19"],
        "the scope is not stretched over the gap"
    );
    let lines: u64 = days.iter().map(|day| day["lignes"].parse::<u64>().unwrap()).sum();
    assert_eq!(lines, 16);
}

#[test]
fn a_freshness_or_a_moment_out_of_all_bounds_is_a_sentence_and_no_panic() {
    let logs = logs();
    for hours in ["3000000000", "0", "-5"] {
        let pipeline = logs.pipeline(&format!("fresh_hours = {hours}"), EVERYWHERE);
        let run = Store::new().run(&pipeline, &[&logs.path()], AS_OF, &[]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("fresh_hours {hours} is not between 1 and 87600")), "{}", run.stderr);
    }
    for moment in ["0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "2100-01-01T00:00:00+00:00"]
    {
        let run = Store::new().run(&logs.pipeline("", EVERYWHERE), &[&logs.path()], moment, &[]);
        assert_eq!(run.code, Some(2), "{moment}: {}", run.stderr);
        assert!(run.stderr.contains("between 2000 and 2099"), "{}", run.stderr);
    }
}

#[test]
fn the_earliest_instant_is_that_of_all_rows_whatever_their_order_and_service() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schedule.csv");
    let earliest = |rows: &str| {
        let header = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source";
        fs::write(&path, format!("{header}\n{rows}")).unwrap();
        Schedule::load(&path).unwrap().earliest().map(|instant| instant.to_rfc3339())
    };
    let own = "evry-prefecture,premier-titre,2018-01-01T00:00:00+01:00,2018-02-01T00:00:00+01:00,60,true,\n";
    assert_eq!(earliest(&format!("{EVERYWHERE}\n{own}")).as_deref(), Some("2017-12-31T23:00:00+00:00"));
    assert_eq!(earliest(""), None);
}

#[test]
fn a_source_that_no_table_may_hold_is_refused_where_it_stands() {
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 1, "2019-04-16T08:00:00Z");
    for source in ["=1+1", "\"deux\nlignes\""] {
        let pipeline = logs.pipeline("", &format!("*,*,2019-04-01T00:00:00Z,,60,true,{source}"));
        let run = Store::new().run(&pipeline, &[&logs.path()], "2019-05-02T00:00:00+02:00", &[]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains("schedule.csv:2: the source"), "{}", run.stderr);
    }
}

#[test]
fn a_mistyped_id_is_no_service_at_which_nobody_looked() {
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 1, "2019-04-16T08:00:00Z");
    let pipeline = logs.pipeline("", "evry-prefectur,premier-titre,2019-04-01T00:00:00Z,,60,true,essai");
    let run = Store::new().run(&pipeline, &[&logs.path()], "2019-05-02T00:00:00+02:00", &[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("schedule.csv:2: « evry-prefectur » is not in the registry"), "{}", run.stderr);
}

#[test]
fn a_log_that_could_not_say_none_cannot_once_the_schedule_has_ended() {
    let logs = Attempts::on("evry-prefecture").saw(Kind::Yes, 6, "2019-04-16T08:00:00Z").saw(
        Kind::Yes,
        6,
        "2019-04-20T08:00:00Z",
    );
    let ended = "evry-prefecture,premier-titre,2019-04-16T00:00:00+02:00,2019-04-17T00:00:00+02:00,60,false,essai";
    let store = Store::new();
    let run = store.run(&logs.pipeline("", ended), &[&logs.path()], "2019-05-02T00:00:00+02:00", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let days = store.rows("disponibilite_jour");
    let off = days.iter().find(|day| day["jour"] == "2019-04-20").unwrap();
    assert_eq!([off["negatifs_consignes"].as_str(), &off["taux_sans_rdv"]], ["false", ""], "{off:?}");
}

/// A pipeline whose schedule says why services leave.
fn with_exits(logs: &Attempts, rows: &[&str]) -> PathBuf {
    let pipeline = logs.pipeline("", "");
    let header = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source,motif_fin,suite\n";
    fs::write(pipeline.join("schedule.csv"), header.to_owned() + &rows.join("\n") + "\n").unwrap();
    pipeline
}

/// The reason stands where the service leaves, and neither where another row cuts it short nor before it has left.
#[test]
fn why_a_service_left_is_published_where_it_left() {
    let logs = logs();
    let pipeline = with_exits(
        &logs,
        &[
            "*,*,2019-04-15T00:00:00+02:00,2019-04-19T00:00:00+02:00,120,true,partout,anef,ANEF",
            "evry-prefecture,premier-titre,2019-04-17T00:00:00+02:00,2019-04-18T00:00:00+02:00,30,true,essai,,",
            "evry-prefecture,naturalisation,2019-04-15T00:00:00+02:00,2019-05-18T00:00:00+02:00,30,true,essai,fermeture,",
        ],
    );
    let version = Version::of(&pipeline, &[&logs.path()], AS_OF);
    let told: Vec<[String; 4]> = version
        .rows("perimetre")
        .iter()
        .map(|row| ["demarche_id", "fin_utc", "motif_fin", "suite"].map(|column| row[column].clone()))
        .collect();
    let wanted = [
        ["naturalisation", "2019-04-19T22:00:00Z", "", ""],
        ["premier-titre", "2019-04-16T22:00:00Z", "", ""],
        ["premier-titre", "2019-04-17T22:00:00Z", "", ""],
        ["premier-titre", "2019-04-18T22:00:00Z", "anef", "ANEF"],
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_reason_without_its_end_and_a_reason_that_nobody_knows_are_refused() {
    let row = |end: &str, reason: &str, successor: &str| {
        format!("evry-prefecture,premier-titre,2019-04-15T00:00:00+02:00,{end},60,true,essai,{reason},{successor}")
    };
    let over = "2019-04-18T00:00:00+02:00";
    for (text, said) in [
        (row("", "anef", ""), "« motif_fin » without « fin »"),
        (row(over, "", "ANEF"), "« suite » without « motif_fin »"),
        (row(over, "lassitude", ""), "schedule.csv:2"),
        (row(over, "anef", "=1+1"), "the suite"),
    ] {
        let logs = logs();
        let run = Store::new().run(&with_exits(&logs, &[&text]), &[&logs.path()], AS_OF, &[]);
        assert_eq!(run.code, Some(2), "{text}");
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
}

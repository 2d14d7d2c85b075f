//! A time is the time that was written, or the line is set aside; and a date that cannot be is never an offer.

use serde_json::json;

use crate::support::foreign::{Foreign, PLAIN, fates};
use crate::support::{Attempts, Kind, Version, plain_pipeline, root};

fn timed(format: &str, more: &str) -> String {
    PLAIN.replace("format = \"rfc3339\"", &format!("format = \"{format}\"{more}"))
}

fn instants(source: &str, times: &[&str]) -> Vec<String> {
    let raw: Vec<String> = times.iter().map(|time| format!("{time},evry-prefecture,0\n")).collect();
    fates(&Foreign::new(source).file("a.csv", raw.concat()).version(), &["instant_utc"])
}

#[test]
fn one_instant_written_in_four_offsets_is_one_instant() {
    let times = [
        "2019-04-16T06:00:00+0000",
        "2019-04-16T08:00:00+0200",
        "2019-04-16T11:30:00+0530",
        "2019-04-16T02:00:00-0400",
    ];
    let said: Vec<String> = (1..=4).map(|line| format!("a.csv:{line} 2019-04-16T06:00:00Z")).collect();
    assert_eq!(instants(&timed("%Y-%m-%dT%H:%M:%S%z", ""), &times), said);
    assert_eq!(
        instants(&timed("epoch_s", ""), &["1555394400", "1555394400.5", "1555394400000", "hier"]),
        [
            "a.csv:1 2019-04-16T06:00:00Z",
            "a.csv:2 2019-04-16T06:00:00.500Z",
            "a.csv:3 ! date_invalide started_at",
            "a.csv:4 ! date_invalide started_at",
        ]
    );
    assert_eq!(instants(&timed("epoch_ms", ""), &["1555394400000"]), ["a.csv:1 2019-04-16T06:00:00Z"]);
}

#[test]
fn a_format_of_which_a_part_would_be_read_and_thrown_away_is_refused() {
    let zone = ", zone = \"Europe/Paris\"";
    let refused = [
        ("%Y-%m-%dT%H:%M:%S%z", zone, "would have no say"),
        ("rfc3339", zone, "would have no say"),
        ("epoch_s", zone, "would have no say"),
        ("%s", zone, "epoch_s"),
        ("%Y-%m-%d %H:%M %Z", zone, "the name of a zone is not an offset"),
        ("%Y-%m-%d %H:%M", "", "time.zone is needed"),
        ("%Y-%m-%d %Q", zone, "no strftime format"),
        ("%Y-%m-%d %H", zone, "does not tell an instant"),
    ];
    for (format, more, why) in refused {
        let run = Foreign::new(&timed(format, more)).file("a.csv", "x\n").run();
        assert_eq!(run.code, Some(2), "{format}{more}: {}", run.stderr);
        assert!(run.stderr.contains(why), "{format}{more}: {}", run.stderr);
        assert!(run.stderr.contains("pipeline.toml") && run.stderr.contains("hint"), "{}", run.stderr);
    }
}

#[test]
fn two_digits_are_no_year_of_antiquity() {
    let zone = ", zone = \"Europe/Paris\"";
    let times = ["02/05/19 08:00", "02/05/2019 08:00", "02/05/201 08:00"];
    assert_eq!(
        instants(&timed("%d/%m/%Y %H:%M", zone), &times),
        ["a.csv:1 ! date_invalide started_at", "a.csv:2 2019-05-02T06:00:00Z", "a.csv:3 ! date_invalide started_at"]
    );
    let source = PLAIN
        .replace("\"libres\"]", "\"libres\", \"date\"]")
        .replace("fields = {", "fields = { \"slots.first_date\" = { value = \"{date}\", format = \"%d/%m/%Y\" },");
    let raw = "2019-04-16T08:00:00Z,evry-prefecture,1,02/05/19\n2019-04-16T09:00:00Z,evry-prefecture,1,02/05/2019\n";
    assert_eq!(
        fates(&Foreign::new(&source).file("a.csv", raw).version(), &["premiere_date", "dates_ecartees", "delai_jours"]),
        ["a.csv:1  1 ", "a.csv:2 2019-05-02 0 16"]
    );
}

#[test]
fn a_day_given_as_an_instant_is_a_day_of_its_zone() {
    let source = |zone: &str| {
        PLAIN.replace("\"libres\"]", "\"libres\", \"date\"]").replace(
            "fields = {",
            &format!("fields = {{ \"slots.first_date\" = {{ value = \"{{date}}\", format = \"rfc3339\"{zone} }},"),
        )
    };
    let raw = "2019-05-03T06:00:00Z,evry-prefecture,1,2019-05-02T22:00:00.000Z\n";
    let version = Foreign::new(&source(", zone = \"Europe/Paris\"")).file("a.csv", raw).version();
    assert_eq!(fates(&version, &["premiere_date", "dates_ecartees"]), ["a.csv:1 2019-05-03 0"]);
    let run = Foreign::new(&source("")).file("a.csv", raw).run();
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("gives an instant, not a date"), "{}", run.stderr);
}

/// A line of the contract, of one hour, that saw these slots.
fn saw(hour: u32, slots: &serde_json::Value) -> String {
    json!({
        "contract": "attempt/1", "attempt_id": format!("00000000-0000-4000-8000-{hour:012}"), "probe": "essai",
        "started_at": format!("2019-04-16T{hour:02}:00:00+02:00"), "counter": "evry-prefecture",
        "procedure": "premier-titre", "system": "rdvpref", "http_status": 200, "slots": slots,
    })
    .to_string()
        + "\n"
}

fn of_lines(lines: &[String]) -> Version {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.ndjson"), lines.concat()).unwrap();
    Version::of(&root().join("tests/fixtures/pipelines/tolerant"), &[folder.path()], "2019-06-01T00:00:00+02:00")
}

#[test]
fn a_date_that_stands_for_none_is_no_offer_and_its_attempt_stays() {
    let sentinels = ["0001-01-01", "1970-01-01", "9999-12-31", "2019-04-15", "0000-01-01", "1900-01-01", "2100-01-01"];
    let mut lines: Vec<String> =
        (0..).zip(sentinels).map(|(hour, date)| saw(hour, &json!({"first_date": date}))).collect();
    lines.push(saw(10, &json!({"first_date": "2019-04-16"})));
    lines.push(saw(11, &json!({"first_date": "2019-05-02", "second_date": "9999-12-31"})));
    lines.push(saw(12, &json!({"first_date": "2019-02-30"})));
    let version = of_lines(&lines);
    let columns = ["issue", "premiere_date", "deuxieme_date", "delai_jours", "classe_delai", "dates_ecartees"];
    let told = fates(&version, &columns);
    for (line, told) in (1..).zip(&told[..7]) {
        assert_eq!(*told, format!("a.ndjson:{line} page_non_reconnue     1"));
    }
    assert_eq!(
        told[7..],
        [
            "a.ndjson:8 rdv_propose 2019-04-16  0 une_date_sous_30_jours 0",
            "a.ndjson:9 rdv_propose 2019-05-02  16 une_date_sous_30_jours 1",
            "a.ndjson:10 ! date_invalide slots",
        ]
    );
    let consultations = version.rows("consultations");
    assert!(consultations.iter().all(|row| row["delai_jours"].is_empty() || !row["delai_jours"].starts_with('-')));
    assert!(consultations.iter().all(|row| row["deuxieme_delai_jours"].is_empty()), "{consultations:?}");
}

#[test]
fn a_clock_that_restarted_gives_no_drought_of_years() {
    let mut lines = vec![saw(8, &json!({"count": 0}))];
    lines.push(saw(9, &json!(null)).replace("2019-04-16T09:00:00+02:00", "2000-01-01T00:00:12+00:00"));
    lines.push(saw(10, &json!(null)).replace("2019-04-16T10:00:00+02:00", "2018-12-31T22:59:59Z"));
    lines.push(saw(11, &json!(null)).replace("2019-04-16T11:00:00+02:00", "2018-12-31T23:00:00Z"));
    let version = of_lines(&lines);
    assert_eq!(
        fates(&version, &["instant_utc"]),
        [
            "a.ndjson:1 2019-04-16T06:00:00Z",
            "a.ndjson:2 ! avant_calendrier started_at",
            "a.ndjson:3 ! avant_calendrier started_at",
            "a.ndjson:4 2018-12-31T23:00:00Z",
        ]
    );
    let days = version.rows("disponibilite_jour");
    assert_eq!(days.iter().map(|day| day["jour"].as_str()).min(), Some("2019-01-01"));
}

#[test]
fn an_earlier_beginning_of_the_schedule_asks_for_the_logs_again_and_a_later_gap_does_not() {
    use crate::support::Store;
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 3, "2019-04-16T08:00:00Z").saw(
        Kind::No,
        2,
        "2019-04-20T08:00:00Z",
    );
    let night = |store: &Store, schedule: &str, raw: &[&std::path::Path]| {
        let run = store.run(
            &logs.pipeline("gates = { quarantine_max = 1.0, removed_max = 1.0 }", schedule),
            raw,
            "2019-05-02T00:00:00+02:00",
            &[],
        );
        (run.code, run.stderr)
    };
    let store = Store::new();
    let (log, empty) = (logs.path(), tempfile::tempdir().unwrap());
    assert_eq!(night(&store, "*,*,2019-04-17T00:00:00Z,,60,true,essai", &[&log]).0, Some(0));
    // The logs of later nights alone do not tell what the lines before the beginning were.
    let other = empty.path().join("autre.ndjson");
    std::fs::write(&other, "").unwrap();
    let (code, told) = night(&store, "*,*,2019-04-01T00:00:00Z,,60,true,essai", &[&other]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("every raw log has to be read again"), "{told}");
    assert_eq!(night(&store, "*,*,2019-04-01T00:00:00Z,,60,true,essai", &[&log, &other]).0, Some(0));
    // A gap in the schedule: its days are off schedule, keep their counts, and nothing is read again.
    let gap = "*,*,2019-04-01T00:00:00Z,2019-04-18T00:00:00Z,60,true,essai\n*,*,2019-04-25T00:00:00Z,,60,true,essai";
    let (code, told) = night(&store, gap, &[&other]);
    assert_eq!(code, Some(0), "{told}");
    let days = store.rows("calendrier");
    let off: Vec<&str> =
        days.iter().filter(|day| day["hors_calendrier"] == "true").map(|day| day["jour"].as_str()).collect();
    assert_eq!(off, ["2019-04-20"]);
    assert_eq!(store.rows("fichiers").iter().map(|file| file["tentatives"].as_str()).collect::<Vec<_>>(), ["0", "5"]);
}

/// Five past the hour on a clock that stands nine hours and a half behind UTC is not twenty-five to.
#[test]
fn the_minute_of_a_local_hour_is_that_of_its_clock() {
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path().join("registry");
    std::fs::create_dir(&registry).unwrap();
    let counters = std::fs::read_to_string(root().join("data/sample/registry/guichets.csv")).unwrap();
    let marquesas = counters.replace("Indian/Reunion", "Pacific/Marquesas");
    assert_ne!(marquesas, counters, "no counter of the sample stands on the Réunion");
    std::fs::write(registry.join("guichets.csv"), marquesas).unwrap();
    let logs = (0..48).fold(Attempts::on("exemple-ile-nuage"), |logs, look| {
        logs.saw(Kind::No, 1, &format!("2019-04-{:02}T{:02}:05:00-09:30", 16 + look / 24, look % 24))
    });
    let pipeline = |name: &str, schedule: &str| {
        let settings = format!("simulated = true\nregistry.folders = [\"data/registry\", \"{}\"]", registry.display());
        plain_pipeline(&folder.path().join(name), &settings, schedule)
    };
    let minutes = |pipeline: &std::path::Path| {
        let version = Version::of(pipeline, &[&logs.path()], "2019-05-01T00:00:00+02:00");
        let hours = version.rows("rythme_ouvertures");
        assert_eq!(hours.len(), 48);
        assert!(hours.iter().all(|hour| [&hour["minute_min"], &hour["minute_max"]] == ["5", "5"]), "{hours:?}");
    };
    let when = "2019-04-16T00:00:00-09:30,2019-04-18T00:00:00-09:30";
    minutes(&pipeline("prevu", &format!("*,*,{when},60,true,essai")));
    // A schedule of another service tells nothing of it.
    minutes(&pipeline("hors-calendrier", &format!("exemple-bois-leger,premier-titre,{when},60,true,essai")));
}

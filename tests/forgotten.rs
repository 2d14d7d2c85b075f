//! What an earlier night had read is not forgotten: neither a line that another had kept out, nor what a refused night saw,
//! nor a file because somebody left it alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::foreign::{Foreign, accounts, fates};
use crate::support::{Attempts, Kind, Run, Store};

const SCHEDULE: &str = "*,*,2019-04-01T00:00:00Z,,60,true,essai";

/// A line of the contract: the attempt of an hour.
fn line(hour: u32) -> String {
    format!(
        "{{\"contract\":\"attempt/1\",\"attempt_id\":\"00000000-0000-4000-8000-{hour:012}\",\"started_at\":\
         \"2019-04-{:02}T{:02}:00:00Z\",\"counter\":\"evry-prefecture\",\"procedure\":\"premier-titre\",\"probe\":\"essai\",\
         \"system\":\"ez_planning\",\"http_status\":200,\"step\":\"/2\",\"page_text\":\
         \"Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.\"}}\n",
        10 + hour / 24,
        hour % 24
    )
}

fn lines(hours: std::ops::Range<u32>) -> String {
    hours.map(line).collect()
}

struct Nights {
    folder: TempDir,
    store: Store,
    pipeline: PathBuf,
}

impl Nights {
    fn new(gates: &str) -> Self {
        let logs = Attempts::on("evry-prefecture").saw(Kind::No, 1, "2019-04-16T08:00:00Z");
        let pipeline = logs.pipeline(gates, SCHEDULE);
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("pipeline");
        crate::support::copy(&pipeline, &kept);
        fs::create_dir(folder.path().join("raw")).unwrap();
        Self { folder, store: Store::new(), pipeline: kept }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join("raw").join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, raw: &[&Path], day: u32) -> Run {
        self.store.run(&self.pipeline, raw, &format!("2019-06-{day:02}T00:00:00Z"), &[])
    }
}

#[test]
fn a_line_whose_first_delivery_was_spoiled_since_is_not_lost() {
    let nights = Nights::new("gates = { quarantine_max = 1.0, removed_max = 1.0 }");
    // Without a line end: what a robot writes next goes on the same line.
    let first = nights.write("a.ndjson", lines(0..8).trim_end());
    let again = nights.write("b.ndjson", &line(7));
    assert_eq!(nights.run(&[&first, &again], 1).code, Some(0));
    nights.write("a.ndjson", &(lines(0..8).trim_end().to_owned() + &line(8)));
    let run = nights.run(&[&first, &again], 2);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(
        run.stderr.contains("b.ndjson:1: the line that this one repeats is no longer where it was"),
        "{}",
        run.stderr
    );
    let rebuilt = nights.store.run(&nights.pipeline, &[&first, &again], "2019-06-02T00:00:00Z", &["--rebuild"]);
    assert_eq!(rebuilt.code, Some(0), "{}", rebuilt.stderr);
    let files = nights.store.rows("fichiers");
    let told = |column: &str| files.iter().map(|file| file[column].clone()).collect::<Vec<_>>();
    assert_eq!([told("tentatives"), told("doublons"), told("quarantaine")], [["7", "1"], ["0", "0"], ["1", "0"]]);
}

#[test]
fn what_a_refused_night_had_read_of_a_grown_file_is_asked_for() {
    let nights = Nights::new("gates = { quarantine_max = 0.01 }");
    let log = nights.write("a.ndjson", &lines(0..50));
    assert_eq!(nights.run(&[&log], 1).code, Some(0));
    nights.write("a.ndjson", &(lines(0..74) + "{\n{\n"));
    assert_eq!(nights.run(&[&log], 2).code, Some(3));
    let other = nights.write("b.ndjson", &lines(74..80));
    let run = nights.run(&[&other], 3);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("version 2019-06-02 failed, and 1 raw file that it had read is not named, the first a.ndjson"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_file_that_is_left_alone_is_not_one_that_is_named() {
    let nights = Nights::new("gates = { quarantine_max = 1.0, removed_max = 1.0, moved_max = 1.0 }");
    let named = [nights.write("a.ndjson", &lines(0..20)), nights.write("robot.log", &lines(20..24))];
    assert_eq!(nights.run(&[&named[0], &named[1]], 1).code, Some(0));
    // Something else decides what lines become: every log has to be read again.
    let text = fs::read_to_string(nights.pipeline.join("pipeline.toml")).unwrap();
    fs::write(nights.pipeline.join("pipeline.toml"), text + "\n[limits]\nline_bytes = 100000\n").unwrap();
    let run = nights.run(&[&nights.folder.path().join("raw")], 2);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("1 of them is not named, the first robot.log"), "{}", run.stderr);
}

#[test]
fn bad_lines_of_tonight_do_not_hide_behind_the_good_ones_of_a_file_that_has_grown() {
    let nights = Nights::new("gates = { quarantine_max = 0.01 }");
    let log = nights.write("a.ndjson", &lines(0..300));
    assert_eq!(nights.run(&[&log], 1).code, Some(0));
    nights.write("a.ndjson", &(lines(0..300) + "{\n{\n"));
    let run = nights.run(&[&log], 2);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("2 of 2 records that this run is the first to read"), "{}", run.stderr);
}

const WIDE: &str = r#"
files = "*.csv"
format = "csv"
header = true
time = { value = "{quand}", format = "rfc3339" }
unpivot = { columns = '\d\d', name = "heure", value = "libres" }
fields = { counter = "{guichet}", procedure = "premier-titre", planning = "{heure}", "slots.count" = "{libres}" }
"#;

#[test]
fn a_broken_line_of_a_wide_table_weighs_as_a_line() {
    let hours: Vec<String> = (10..58).map(|hour| hour.to_string()).collect();
    let mut text = format!("quand,guichet,{}\n", hours.join(","));
    for hour in 0..20 {
        let cells = if hour < 4 { 47 } else { 48 };
        writeln!(text, "2019-04-16T{hour:02}:00:00Z,evry-prefecture{}", ",0".repeat(cells)).unwrap();
    }
    let foreign = Foreign::new(WIDE).file("a.csv", text);
    let path = foreign.pipeline().join("pipeline.toml");
    let strict = fs::read_to_string(&path).unwrap().replace("quarantine_max = 1.0", "quarantine_max = 0.01");
    fs::write(path, strict).unwrap();
    let run = foreign.run();
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("4 of 20 lines (20.00 %)"), "{}", run.stderr);
}

#[test]
fn what_the_name_of_a_file_says_makes_two_lines_of_one_text() {
    let source = r#"
files = "*.csv"
file_name = '(?<jour>\d{4}-\d\d-\d\d)-(?<livraison>.)\.csv$'
format = "csv"
columns = ["heure", "libres"]
time = { value = "{jour} {heure}", format = "%Y-%m-%d %H:%M", zone = "Europe/Paris" }
fields = { counter = "evry-prefecture", procedure = "premier-titre", "slots.count" = "{libres}" }
"#;
    let version = Foreign::new(source)
        .file("2019-04-16-a.csv", "08:00,0\n")
        .file("2019-04-16-b.csv", "08:00,0\n")
        .file("2019-04-17-a.csv", "08:00,0\n")
        .version();
    assert_eq!(
        fates(&version, &["instant_utc"]),
        ["2019-04-16-a.csv:1 2019-04-16T06:00:00Z", "2019-04-17-a.csv:1 2019-04-17T06:00:00Z"]
    );
    assert_eq!(accounts(&version)[1], "2019-04-16-b.csv 0 1 1 0 1 0 0 0", "no template looks at the delivery");
}

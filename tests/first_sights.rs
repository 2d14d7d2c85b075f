//! A planning is expected from its first answer on, and that may come late: a night that moves a first sight opens the
//! months since then again, and thirty such nights are one run. A night that moves none leaves the other months alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::Paris;
use serde_json::{Value, json};

use crate::referee::differing;
use crate::support::{Attempts, Kind, Store, Version};

const NIGHTS: u64 = 30;
const DAYS_A_NIGHT: u64 = 4;
/// From midnight in Paris on, every four hours: in summer a cycle goes on over midnight.
const SCHEDULE: &str = "evry-prefecture,premier-titre,2019-01-10T00:00:00+01:00,,240,true,essai";
const SETTINGS: &str = "gates = { cycles_max = 1.0, incomplete_max = 1.0 }";

/// A look at a planning on a day, counted from the first, at a time of UTC.
fn look(day: u64, time: &str, planning: &str, run: Option<&str>) -> Value {
    let date = NaiveDate::from_ymd_opt(2019, 1, 10).unwrap() + Days::new(day);
    let at = format!("{date}T{time}:00Z");
    let kind = if (day, time) == (17, "11:00") { Kind::Yes } else { Kind::No };
    let hash = blake3::hash(format!("{at} {planning}").as_bytes()).to_hex();
    let mut line = json!({
        "contract": "attempt/1", "attempt_id": format!("00000000-0000-4000-8000-{}", &hash[..12]), "started_at": at,
        "counter": "evry-prefecture", "procedure": "premier-titre", "system": "ez_planning", "probe": "essai",
        "planning": planning, "run_id": run,
    });
    line.as_object_mut().unwrap().extend(kind.evidence().as_object().unwrap().clone());
    line
}

/// What comes on a night: three cycles a day, of which each second day's have no name.
fn lines_of(night: u64) -> Vec<Value> {
    let mut lines = Vec::new();
    for day in night * DAYS_A_NIGHT..(night + 1) * DAYS_A_NIGHT {
        for hour in ["07", "11", "15"] {
            let run = (day % 2 == 0).then(|| format!("r-{day}-{hour}"));
            // The third planning is a new one in March; the fourth answers once in five nights.
            let plannings: &[&str] = if night < 15 { &["p1", "p2"] } else { &["p1", "p2", "p3"] };
            let asked = plannings.iter().chain((day % 20 == 0 && day > 0 && hour == "07").then_some(&"p4"));
            lines.extend(
                asked
                    .zip(0..)
                    .map(|(planning, minute)| look(day, &format!("{hour}:{minute:02}"), planning, run.as_deref())),
            );
        }
    }
    match night {
        // The last cycle of January and the first of February, without a name.
        10 => lines.extend([look(21, "22:50", "p1", None), look(21, "23:10", "p1", None)]),
        // The first sight of the third planning was in January.
        20 => lines.push(look(12, "11:02", "p3", Some("r-12-11"))),
        // One cycle, seen from March and from April.
        22 => lines.extend([look(80, "21:50", "p1", None), look(80, "22:10", "p1", None)]),
        _ => (),
    }
    lines
}

fn instant(line: &Value) -> DateTime<Utc> {
    line["started_at"].as_str().unwrap().parse().unwrap()
}

/// The months of lines, on the counter's clock.
fn months_of(lines: &[Value]) -> BTreeSet<String> {
    lines.iter().map(|line| instant(line).with_timezone(&Paris).format("%Y-%m").to_string()).collect()
}

/// By table and month, what the manifest says of its Parquet files under a name.
fn told(manifest: &Value, name: &str) -> BTreeMap<(String, String), String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let files = manifest["files"].as_array().unwrap().iter();
    let parquet = files.filter(|file| file["table"].is_string() && file["format"] == "parquet");
    parquet.map(|file| ((text(&file["table"]), text(&file["partition"])), text(&file[name]))).collect()
}

/// The months of which a table's file is another one, those that are new included.
fn other_files(before: &Value, after: &Value, table: &str) -> BTreeSet<String> {
    let (before, after) = (told(before, "path"), told(after, "path"));
    let months = after.iter().filter(|(key, path)| key.0 == table && before.get(*key) != Some(*path));
    months.map(|(key, _)| key.1.clone()).collect()
}

fn write(folder: &Path, night: u64, lines: &[Value]) {
    fs::create_dir_all(folder).unwrap();
    let text: String = lines.iter().map(|line| line.to_string() + "\n").collect();
    fs::write(folder.join(format!("n-{night:02}.ndjson")), text).unwrap();
}

#[test]
fn thirty_nights_that_move_first_sights_are_one_run() {
    let pipelines = Attempts::on("evry-prefecture");
    let pipeline = pipelines.pipeline(SETTINGS, SCHEDULE);
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all");
    let store = Store::new();
    let mut before: Option<Value> = None;
    for night in 0..NIGHTS {
        let lines = lines_of(night);
        let raw = folder.path().join(format!("night-{night}"));
        write(&raw, night, &lines);
        write(&all, night, &lines);
        let newest = lines.iter().map(instant).max().unwrap() + TimeDelta::hours(1);
        let as_of = newest.to_rfc3339();
        let run = store.run(&pipeline, &[&raw], &as_of, &[]);
        assert_eq!(run.code, Some(0), "night {night}: {}\n{}", run.stdout, run.stderr);
        let after = store.manifest();
        if let Some(before) = &before {
            let mut touched = months_of(&lines);
            match night {
                // From its late first sight to the one that was known, each cycle lacked the third planning.
                20 => touched.extend(["2019-01", "2019-02", "2019-03"].map(str::to_owned)),
                // Its fifth answer makes the fourth one that each cycle since the first lacked.
                25 => touched.extend(["2019-01", "2019-02", "2019-03", "2019-04"].map(str::to_owned)),
                _ => (),
            }
            assert_eq!(other_files(before, &after, "consultations"), touched, "night {night}");
            assert_eq!(other_files(before, &after, "plannings_consultes"), months_of(&lines), "night {night}");
        }
        if [10, 20, 22, 25, 29].contains(&night) {
            let at_once = Version::of(&pipeline, &[&all], &as_of);
            let (nightly, whole) = (told(&after, "content_digest"), told(&at_once.manifest, "content_digest"));
            let other = nightly.keys().chain(whole.keys()).filter(|key| nightly.get(key) != whole.get(key));
            assert_eq!(other.collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "after night {night}");
            assert_eq!(differing(&at_once), Vec::<Value>::new(), "after night {night}");
        }
        before = Some(after);
    }
}

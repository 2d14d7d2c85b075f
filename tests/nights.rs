//! One truth: a version made night by night, by runners that start with nothing, holds the same rows as one made at once
//! from all the raw logs. And a night costs what it brings, not what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::proxy::{Fate, Proxy};
use crate::support::s3::Bucket;
use crate::support::{Run, Store, copy_project, guichets_of, guichets_with, plain_pipeline, root};

/// The raw logs of many nights, each in a folder of its own, and all in one.
struct Deliveries {
    folder: TempDir,
    nights: usize,
}

impl Deliveries {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("all")).unwrap();
        Self { folder, nights: 0 }
    }

    fn all(&self) -> PathBuf {
        self.folder.path().join("all")
    }

    /// A night on which these files are new, or have grown; returns the folder of what came.
    fn deliver(&mut self, files: &BTreeMap<String, String>) -> PathBuf {
        self.nights += 1;
        let night = self.folder.path().join(format!("night-{}", self.nights));
        fs::create_dir(&night).unwrap();
        for (name, text) in files {
            fs::write(night.join(name), text).unwrap();
            fs::write(self.all().join(name), text).unwrap();
        }
        night
    }
}

/// The lines of the sample by the night on which they come: most on the day after, each tenth later, out of order.
fn sample_by_night(nights: usize) -> Vec<Vec<Value>> {
    let mut lines: Vec<Value> = Vec::new();
    for entry in fs::read_dir(root().join("data/sample")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "zst") {
            let text = zstd::decode_all(fs::File::open(path).unwrap()).unwrap();
            let text = String::from_utf8(text).unwrap();
            lines.extend(text.lines().filter_map(|line| serde_json::from_str(line).ok()));
        }
    }
    lines.retain(|line: &Value| line["started_at"].is_string());
    let instant = |line: &Value| line["started_at"].as_str().unwrap().parse::<DateTime<Utc>>().ok();
    lines.retain(|line| instant(line).is_some());
    lines.sort_by_key(|line| instant(line).unwrap());
    let (first, last) = (instant(&lines[0]).unwrap(), instant(&lines[lines.len() - 1]).unwrap());
    let night_length = (last - first) / i32::try_from(nights).unwrap() + TimeDelta::seconds(1);
    let mut by_night = vec![Vec::new(); nights];
    for (number, line) in lines.into_iter().enumerate() {
        let night =
            usize::try_from((instant(&line).unwrap() - first).num_seconds() / night_length.num_seconds()).unwrap();
        let late = if number % 10 == 3 { 1 + number % 7 } else { 0 };
        by_night[(night + late).min(nights - 1)].push(line);
    }
    by_night
}

fn started(line: &Value) -> DateTime<Utc> {
    line["started_at"].as_str().unwrap().parse().unwrap()
}

fn text(lines: &[Value]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

/// A copy of the project whose rules can be changed.
fn project_of_its_own() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_project(folder.path());
    folder
}

fn run(project: &Path, store: &Path, raw: &Path, more: &[&str]) -> Run {
    let mut args = vec!["run", "exemple", "--raw", raw.to_str().unwrap(), "--store", store.to_str().unwrap()];
    args.extend_from_slice(more);
    guichets_of(project, store.parent().unwrap(), args)
}

/// The rows of each part of each table, in each of its formats, as one hash each; of CSV the very bytes.
fn contents(store: &Path) -> BTreeMap<[String; 3], String> {
    let json = |path: &Path| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
    let pointer = json(&store.join("latest.json"));
    let manifest = json(&store.join(pointer["manifest"].as_str().unwrap()));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let files = manifest["files"].as_array().unwrap().iter().filter(|file| file["table"].is_string());
    let hash = |file: &Value| text(&file[if file["format"] == "csv" { "sha256" } else { "content_digest" }]);
    files.map(|file| (["table", "partition", "format"].map(|key| text(&file[key])), hash(file))).collect()
}

/// Late lines, lines that come twice, lines that contradict one that came before, a file that grows, a file whose name
/// comes before those already read, and new rules in the middle.
#[test]
fn thirty_nights_make_the_same_version_as_one() {
    let project = project_of_its_own();
    // Any service, from the first look at it on: a late line can then move the beginning of a calendar.
    let wildcard = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source\n\
                    *,*,2019-01-01T00:00:00+01:00,,288,true,essai\n";
    fs::write(project.path().join("pipelines/exemple/schedule.csv"), wildcard).unwrap();
    let stores = tempfile::tempdir().unwrap();
    let night_by_night = stores.path().join("nights");
    let mut deliveries = Deliveries::new();
    let nights = sample_by_night(30);
    let mut growing: Vec<Value> = Vec::new();
    for (number, lines) in nights.iter().enumerate() {
        let mut files = BTreeMap::new();
        let half = lines.len() / 2;
        let mut whole = lines[half..].to_vec();
        if number > 0 {
            // From the night before: the same line once more, and another line under the same id, an hour later or, now and
            // then, in another month.
            let before = &nights[number - 1];
            whole.extend(before.iter().take(5).cloned());
            if let Some(first) = before.last() {
                let mut other = first.clone();
                let moved = first["started_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
                let moved = if number % 3 == 0 { moved - TimeDelta::days(31) } else { moved - TimeDelta::hours(1) };
                other["started_at"] = json!(moved.to_rfc3339());
                whole.push(other);
            }
            // A third line of one id, which contradicts the two that say the same.
            if number % 6 == 5 {
                let mut third = before[0].clone();
                third["duration_ms"] = json!(123_456);
                whole.push(third);
            }
            // The first look at a service was earlier than anyone knew.
            if number == 20 {
                let mut early = before[0].clone();
                let moved =
                    early["started_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() - TimeDelta::days(62);
                early["started_at"] = json!(moved.to_rfc3339());
                early["attempt_id"] = json!("00000000-0000-4000-8000-000000000020");
                whole.push(early);
            }
        }
        // Names go backwards now and then: of two lines of one id, the later file's may then be the first.
        let name =
            if number % 4 == 1 { format!("a-{:02}.ndjson", 90 - number) } else { format!("n-{number:02}.ndjson") };
        files.insert(name, text(&whole) + if number % 5 == 0 { "not a line\n" } else { "" });
        growing.extend(lines[..half].iter().cloned());
        files.insert("m-croissant.ndjson".to_owned(), text(&growing));
        let night = deliveries.deliver(&files);
        let changes_rules = number == 15;
        if changes_rules {
            let path = project.path().join("pipelines/rendez-vous/outcome-rules.toml");
            let rules =
                fs::read_to_string(&path).unwrap().replacen("version = \"2026.2.0\"", "version = \"2026.3.0\"", 1);
            fs::write(&path, rules).unwrap();
            let refused = run(project.path(), &night_by_night, &night, &[]);
            assert_eq!(refused.code, Some(2), "{}", refused.stderr);
            assert!(refused.stderr.contains("every raw log has to be read again"), "{}", refused.stderr);
        }
        let raw = if changes_rules { deliveries.all() } else { night };
        // What a line that contradicts another takes away is little, and known.
        let newest = nights[..=number].iter().flatten().map(started).max().unwrap() + TimeDelta::hours(1);
        let newest = newest.to_rfc3339();
        let more = ["--accept", "quarantaine", "--because", "essai", "--as-of", &newest];
        let done = run(project.path(), &night_by_night, &raw, &more);
        assert_eq!(done.code, Some(0), "night {number}: {}\n{}", done.stdout, done.stderr);
        if number % 10 == 9 {
            let at_once = stores.path().join(format!("at-once-{number}"));
            let done = run(project.path(), &at_once, &deliveries.all(), &more);
            assert_eq!(done.code, Some(0), "{}\n{}", done.stdout, done.stderr);
            let (nightly, whole) = (contents(&night_by_night), contents(&at_once));
            let differing: Vec<_> =
                nightly.keys().chain(whole.keys()).filter(|key| nightly.get(*key) != whole.get(*key)).collect();
            assert!(differing.is_empty(), "after night {number}: {differing:?}");
        }
    }
    let verified = guichets_of(project.path(), stores.path(), ["verify", night_by_night.to_str().unwrap()]);
    assert_eq!(verified.code, Some(0), "{}", verified.stdout);
}

/// Two years of one service, looked at six times a day.
fn two_years(days: u64) -> String {
    let first = NaiveDate::from_ymd_opt(2019, 1, 1).unwrap();
    let mut text = String::new();
    for day in 0..days {
        for look in 0..6 {
            let started_at = format!("{}T{:02}:00:00Z", first + Days::new(day), 6 + 2 * look);
            let attempt = json!({
                "contract": "attempt/1", "attempt_id": format!("00000000-0000-4000-8000-{:012}", day * 6 + look),
                "started_at": started_at, "counter": "evry-prefecture", "procedure": "premier-titre",
                "system": "ez_planning", "probe": "essai", "http_status": 200, "step": "/2",
                "page_text": "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.",
            });
            text += &(attempt.to_string() + "\n");
        }
    }
    text
}

fn pipeline(folder: &Path) -> PathBuf {
    let schedule = "evry-prefecture,premier-titre,2019-01-01T00:00:00+01:00,,120,true,essai";
    plain_pipeline(&folder.join("essai"), "registry.folders = [\"data/registry\"]", schedule)
}

/// One new day on 24 months, to an S3 server: what goes up is that month, the tables of the whole and what describes them;
/// what comes down is that month and the small tables. A night that brings nothing writes nothing.
#[test]
fn a_night_costs_what_it_brings() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path());
    let bucket = Bucket::new();
    let proxy = Proxy::before(bucket.port, |_, _| Fate::Pass);
    let environment = Bucket::environment_through(proxy.port);
    let deliver = |name: &str, text: &str| {
        let night = folder.path().join(name);
        fs::create_dir(&night).unwrap();
        fs::write(night.join(format!("{name}.ndjson")), text).unwrap();
        night
    };
    let night = |raw: &Path, as_of: &str| {
        let args =
            ["run", pipeline.to_str().unwrap(), "--raw", raw.to_str().unwrap(), "--store", &bucket.url(), "--as-of"];
        guichets_with(&environment, folder.path(), args.into_iter().chain([as_of]))
    };
    let whole = two_years(720);
    let history = deliver("histoire", &whole);
    let first = night(&history, "2020-12-21T00:00:00+01:00");
    assert_eq!(first.code, Some(0), "{}\n{}", first.stdout, first.stderr);
    proxy.take();

    let day = deliver("jour", two_years(721).strip_prefix(&whole).unwrap());
    let second = night(&day, "2020-12-22T00:00:00+01:00");
    assert_eq!(second.code, Some(0), "{}\n{}", second.stdout, second.stderr);
    let requests = proxy.take();
    let under = |path: &str| path.split_once("/donnees/ouvertes/").map_or("", |(_, path)| path).to_owned();
    let months_of = |method: &str, table: &str| -> Vec<String> {
        let paths = requests.iter().filter(|request| request.method == method).map(|request| under(&request.path));
        let mut months: Vec<String> = paths
            .filter_map(|path| Some(path.strip_prefix(&format!("data/{table}/"))?.split('/').next()?.to_owned()))
            .collect();
        months.dedup();
        months
    };
    for table in ["tentatives", "identifiants", "jours_mesures"] {
        assert_eq!(months_of("PUT", table), ["2020-12"], "{table}");
    }
    for table in ["tentatives", "consultations"] {
        assert_eq!(months_of("GET", table), ["2020-12"], "no other month of {table} is fetched");
    }
    // Under the stable names, too, in both of its formats.
    let renewed: BTreeSet<&str> = requests
        .iter()
        .filter(|request| request.method == "PUT")
        .filter_map(|request| request.path.split_once("/latest/tentatives-"))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(renewed, BTreeSet::from(["2020-12.csv", "2020-12.parquet"]));
    let sent: usize = requests.iter().map(|request| request.sent).sum();
    let received: usize = requests.iter().map(|request| request.received).sum();
    // Measured, with a margin. Tables of the whole, metadata and schemas, each under two names, are nearly all of it.
    assert!(requests.len() < 1_200, "{} requests", requests.len());
    assert!(sent < 15_000_000 && received < 8_000_000, "{sent} bytes up, {received} down");

    let third = night(&day, "2020-12-22T00:00:00+01:00");
    assert_eq!(third.code, Some(1), "{}\n{}", third.stdout, third.stderr);
    let writes: Vec<String> = proxy
        .take()
        .into_iter()
        .filter(|request| request.method != "GET" && request.method != "HEAD")
        .map(|request| request.path)
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
}

/// A log that was replaced is not one that has grown.
#[test]
fn a_log_that_is_not_what_it_was_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path());
    let (store, log) = (Store::new(), folder.path().join("essai.ndjson"));
    let as_of = "2019-01-10T00:00:00+01:00";
    let text = two_years(3);
    fs::write(&log, &text).unwrap();
    assert_eq!(store.run(&pipeline, &[&log], as_of, &[]).code, Some(0));
    fs::write(&log, two_years(4).split_once('\n').unwrap().1).unwrap();
    let refused = store.run(&pipeline, &[&log], as_of, &[]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("essai.ndjson: the file does not begin with"), "{}", refused.stderr);
    // As many bytes as before, and other ones.
    fs::write(&log, text.replacen("T06:00:00Z", "T05:00:00Z", 1)).unwrap();
    let same_size = store.run(&pipeline, &[&log], as_of, &[]);
    assert_eq!(same_size.code, Some(2), "{}", same_size.stderr);
    fs::write(&log, two_years(4).split_once('\n').unwrap().1).unwrap();
    let overruled = store.run(&pipeline, &[&log], as_of, &["--rebuild"]);
    assert_eq!(overruled.code, Some(3), "an attempt is gone: {}", overruled.stderr);
    assert!(overruled.stderr.contains("lignes_disparues"), "{}", overruled.stderr);
}

/// What a refused night had read is not forgotten: the next run has to name it, or to say that it leaves it out.
#[test]
fn the_logs_of_a_night_that_failed_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path());
    let store = Store::new();
    let log = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let whole = two_years(3);
    let lines: Vec<&str> = whole.lines().collect();
    let first = log("1.ndjson", &(lines[..6].join("\n") + "\n"));
    let refused = log("2.ndjson", &(lines[6..12].join("\n") + "\nnot a line\n"));
    let third = log("3.ndjson", &(lines[12..].join("\n") + "\n"));
    let as_of = "2019-01-10T00:00:00+01:00";
    assert_eq!(store.run(&pipeline, &[&first], as_of, &[]).code, Some(0));
    assert_eq!(store.run(&pipeline, &[&refused], as_of, &[]).code, Some(3));
    let asked = store.run(&pipeline, &[&third], as_of, &[]);
    assert_eq!(asked.code, Some(2), "{}", asked.stderr);
    assert!(asked.stderr.contains("2.ndjson") && asked.stderr.contains("--forget-failed"), "{}", asked.stderr);
    let named = store.run(&pipeline, &[&refused, &third], as_of, &["--accept", "quarantaine", "--because", "one line"]);
    assert_eq!(named.code, Some(0), "{}", named.stderr);
    assert_eq!(store.manifest()["accounting"]["attempts"], 18);
}

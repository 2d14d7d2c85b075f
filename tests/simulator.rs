//! The simulator keeps its word: the same bytes from the same seed, lines that the decoder reads, and a committed
//! sample in which the stories of its scenario are found again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use guichets_ouverts::attempt::{RawAttempt, System};
use guichets_ouverts::simulate::{Compression, Options, Summary, simulate};

const NO_SLOT: &str = "il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";
const UNCOMPRESSED: Options = Options { seed: None, attempts: None, compression: Compression::None };

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenario() -> PathBuf {
    root().join("data/sample/scenario.toml")
}

/// Simulates the scenario of the sample and returns its files by name.
fn simulated(options: &Options) -> (Summary, BTreeMap<String, Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let summary = simulate(&scenario(), folder.path(), options).unwrap();
    let files = fs::read_dir(folder.path()).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
    });
    (summary, files.collect())
}

/// Simulates a scenario of a few lines and returns its only file, or what is wrong with it.
fn simulated_text(scenario: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.toml");
    fs::write(&path, scenario).unwrap();
    let out = folder.path().join("out");
    simulate(&path, &out, &UNCOMPRESSED).map_err(|error| error.to_string())?;
    let file = fs::read_dir(out).unwrap().next().unwrap().unwrap();
    Ok(fs::read_to_string(file.path()).unwrap())
}

/// The committed sample, decompressed, by the name that each file has without compression.
fn committed() -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(root().join("data/sample")).unwrap().map(|entry| entry.unwrap().path());
    let logs = entries.filter(|path| path.extension().is_some_and(|extension| extension == "zst"));
    logs.map(|path| {
        let lines = zstd::decode_all(fs::File::open(&path).unwrap()).unwrap();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), lines)
    })
    .collect()
}

/// The committed sample, one text per file.
struct Sample(Vec<String>);

impl Sample {
    fn open() -> Self {
        let text = committed().into_values().map(|file| String::from_utf8(file).unwrap());
        Self(text.collect())
    }

    /// The attempts that can be read, each once.
    fn attempts(&self) -> Vec<RawAttempt<'_>> {
        let mut seen = HashSet::new();
        let lines = self.0.iter().flat_map(|text| text.lines());
        let attempts = lines.filter_map(|line| serde_json::from_str::<RawAttempt>(line).ok());
        attempts.filter(|attempt| started(attempt).is_some() && seen.insert(attempt.attempt_id.clone())).collect()
    }

    fn of(&self, counter: &str, procedure: &str) -> Vec<RawAttempt<'_>> {
        let ours = |attempt: &RawAttempt| &*attempt.counter == counter && &*attempt.procedure == procedure;
        self.attempts().into_iter().filter(ours).collect()
    }
}

/// When it began; nothing if the date is impossible.
fn started(attempt: &RawAttempt) -> Option<DateTime<chrono::FixedOffset>> {
    DateTime::parse_from_rfc3339(&attempt.started_at).ok()
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Whether the page offers appointments: by what was seen, not by what the robot says.
fn offers(attempt: &RawAttempt) -> bool {
    attempt.slots.is_some() && attempt.markers.iter().any(|marker| &**marker == "td.status-1.free")
}

/// Whether the page of an `ez_planning` service says that there is none.
fn says_no(attempt: &RawAttempt) -> bool {
    let text = attempt.page_text.as_deref().unwrap_or_default().to_lowercase();
    let words = text.replace('’', "'").replace("e\u{301}", "é");
    words.split_whitespace().collect::<Vec<_>>().join(" ").contains(NO_SLOT)
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let options = Options { attempts: Some(2_000), compression, ..Options::default() };
        assert_eq!(simulated(&options), simulated(&options));
    }
}

#[test]
fn another_seed_gives_other_bytes() {
    let (_, ours) = simulated(&UNCOMPRESSED);
    let (_, others) = simulated(&Options { seed: Some(1), ..UNCOMPRESSED });
    assert!(ours.keys().eq(others.keys()));
    assert!(ours.iter().all(|(name, bytes)| bytes != &others[name]));
}

#[test]
fn the_committed_sample_is_what_its_scenario_gives() {
    let (_, simulated) = simulated(&UNCOMPRESSED);
    let committed = committed();
    assert!(committed.keys().eq(simulated.keys()), "other files: {:?}", simulated.keys());
    for (name, lines) in committed {
        assert!(lines == simulated[&name], "{name} is not up to date: run `guichets simulate` on data/sample");
    }
}

#[test]
fn all_lines_are_read_but_those_that_the_scenario_spoils() {
    let (summary, files) = simulated(&UNCOMPRESSED);
    let lines: Vec<_> = files.values().flat_map(|file| file.split_inclusive(|byte| *byte == b'\n')).collect();
    let attempts: Vec<RawAttempt> = lines.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let readable: Vec<_> = attempts.iter().filter(|attempt| started(attempt).is_some()).collect();
    let ids: HashSet<_> = readable.iter().map(|attempt| &*attempt.attempt_id).collect();
    assert_eq!((lines.len() - readable.len(), summary.spoiled), (3, 3));
    assert_eq!(summary.attempts, ids.len() as u64);
    assert_eq!(summary.duplicates, (readable.len() - ids.len()) as u64);
    assert!(summary.duplicates > 0);
    assert_eq!(summary.bytes, files.values().map(|file| file.len() as u64).sum::<u64>());
}

#[test]
fn the_size_asked_is_about_the_size_given() {
    for asked in [500, 5_000, 60_000] {
        let (summary, _) = simulated(&Options { attempts: Some(asked), ..UNCOMPRESSED });
        assert!((asked * 8 / 10..asked * 12 / 10).contains(&summary.attempts), "{asked}: {}", summary.attempts);
    }
}

#[test]
fn seven_proposals_in_a_hundred_attempts() {
    let sample = Sample::open();
    let attempts = sample.of("exemple-val-imaginaire", "premier-titre");
    assert_eq!(attempts.len(), 100);
    assert_eq!(attempts.iter().filter(|attempt| offers(attempt)).count(), 7);
    assert_eq!(attempts.iter().filter(|attempt| says_no(attempt)).count(), 93);
}

#[test]
fn three_months_without_a_proposal() {
    let sample = Sample::open();
    let attempts = sample.of("exemple-mont-mirage", "renouvellement-titre");
    let may = utc("2019-04-30T22:00:00Z");
    let (before, after): (Vec<_>, Vec<_>) = attempts.iter().partition(|attempt| started(attempt).unwrap() < may);
    assert!(before.iter().all(|attempt| !offers(attempt)));
    assert!(after.iter().any(|attempt| offers(attempt)));
    assert!(before.iter().filter(|attempt| !says_no(attempt)).count() > 20, "the drought has its unknowns too");
}

#[test]
fn slots_come_in_the_night_of_sunday_to_monday() {
    let sample = Sample::open();
    let attempts = sample.of("exemple-port-songe", "naturalisation");
    let offers: Vec<_> = attempts.iter().filter(|attempt| offers(attempt)).map(|a| started(a).unwrap()).collect();
    for at in &offers {
        let sunday_night = at.weekday() == chrono::Weekday::Sun && at.hour() == 23;
        assert!(sunday_night || (at.weekday() == chrono::Weekday::Mon && at.hour() < 5), "{at}");
    }
    let mondays: BTreeSet<_> = offers.iter().map(|at| (*at + TimeDelta::hours(1)).date_naive()).collect();
    assert_eq!(mondays.len(), 17, "one release a week: {mondays:?}");
}

#[test]
fn only_one_vantage_is_blocked() {
    let sample = Sample::open();
    let block = utc("2019-04-21T13:45:00Z")..utc("2019-05-09T07:00:00Z");
    let mut answers = BTreeMap::new();
    for attempt in sample.attempts().iter().filter(|attempt| attempt.system == System::EzPlanning) {
        let vantage = attempt.vantage.as_deref().unwrap();
        let within = vantage == "adresse-1" && block.contains(&started(attempt).unwrap().to_utc());
        assert_eq!(attempt.http_status == Some(403), within, "{attempt:?}");
        if block.contains(&started(attempt).unwrap().to_utc()) && says_no(attempt) {
            *answers.entry(vantage.to_owned()).or_insert(0) += 1;
        }
    }
    assert!(answers["adresse-2"] > 500, "{answers:?}");
}

#[test]
fn the_robot_is_silent_for_four_days() {
    let sample = Sample::open();
    let instants: BTreeSet<_> = sample.attempts().iter().map(|attempt| started(attempt).unwrap().to_utc()).collect();
    let (from, to) = (utc("2019-03-04T23:00:00Z"), utc("2019-03-08T23:00:00Z"));
    assert!(instants.iter().all(|at| !(from..to).contains(at)));
    let gaps =
        instants.iter().zip(instants.iter().skip(1)).filter(|(before, after)| **after - **before > TimeDelta::hours(2));
    assert_eq!(gaps.count(), 1, "it is silent once");
}

#[test]
fn the_day_of_the_clock_change_has_twenty_three_hours() {
    let sample = Sample::open();
    let hours = |counter: &str, procedure: &str| -> BTreeSet<u32> {
        let attempts = sample.of(counter, procedure);
        let local = attempts.iter().map(|attempt| started(attempt).unwrap());
        local.filter(|at| at.date_naive().to_string() == "2019-03-31").map(|at| at.hour()).collect()
    };
    let paris = hours("exemple-val-imaginaire", "regularisation");
    assert!(!paris.contains(&2) && paris.len() >= 22, "{paris:?}");
    assert!(hours("exemple-ile-nuage", "renouvellement-titre").contains(&2));
    assert!(sample.of("exemple-ile-nuage", "renouvellement-titre").iter().all(|a| a.started_at.ends_with("+04:00")));
}

#[test]
fn a_cycle_asks_every_planning() {
    let sample = Sample::open();
    let mut cycles: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for attempt in sample.of("exemple-port-songe", "retrait-titre") {
        cycles.entry(attempt.run_id.unwrap().to_string()).or_default().insert(attempt.planning.unwrap().to_string());
    }
    assert!(cycles.values().all(|plannings| plannings.len() == 3));
}

#[test]
fn a_captcha_stands_before_the_answer_from_a_day_on() {
    let sample = Sample::open();
    let era = utc("2019-03-21T23:00:00Z");
    let attempts = sample.of("exemple-haute-chimere", "premier-titre");
    let (before, after): (Vec<_>, Vec<_>) = attempts.iter().partition(|attempt| started(attempt).unwrap() < era);
    let captchas = |attempts: &[&RawAttempt]| {
        attempts.iter().filter(|a| a.markers.iter().any(|marker| marker.contains("captchaUsercode"))).count()
    };
    assert!(captchas(&before) * 20 < before.len());
    assert!(captchas(&after) * 10 > after.len() * 9);
    assert!(after.iter().all(|attempt| attempt.slots.is_none()));
}

/// The schedule of the pipeline and the scenario say the same: outside the outage nearly every cycle left a line, and
/// no line was left by a cycle that the schedule does not know.
#[test]
fn the_schedule_is_the_one_that_was_followed() {
    let sample = Sample::open();
    let outage = utc("2019-03-04T23:00:00Z")..utc("2019-03-08T23:00:00Z");
    let mut measured: BTreeMap<(String, String), BTreeSet<DateTime<Utc>>> = BTreeMap::new();
    for attempt in sample.attempts() {
        let service = (attempt.counter.to_string(), attempt.procedure.to_string());
        let cycle = DateTime::parse_from_rfc3339(&attempt.scheduled_at.unwrap()).unwrap().to_utc();
        measured.entry(service).or_default().insert(cycle);
    }
    let mut schedule = csv::Reader::from_path(root().join("pipelines/exemple/schedule.csv")).unwrap();
    for row in schedule.records().map(Result::unwrap) {
        let (from, to) = (utc(&row[2]), utc(&row[3]));
        let cadence = TimeDelta::minutes(row[4].parse().unwrap());
        let planned = std::iter::successors(Some(from), |at| Some(*at + cadence)).take_while(|at| *at < to);
        let expected = planned.filter(|at| !outage.contains(at)).count();
        let cycles = measured.get_mut(&(row[0].to_owned(), row[1].to_owned())).unwrap();
        let found = cycles.extract_if(from..to, |_| true).count();
        assert!(found <= expected && found * 100 >= expected * 98, "{row:?}: {found} of {expected}");
    }
    assert!(measured.values().all(BTreeSet::is_empty), "attempts outside the schedule");
}

#[test]
fn a_scenario_that_makes_no_sense_says_what_is_wrong() {
    let base = r#"
        seed = 1
        from = 2019-03-30
        to = 2019-04-02
        zone = "Europe/Paris"
        [[service]]
        counter = "exemple-a"
        procedure = "premier-titre"
        system = "ez_planning"
        cadence_minutes = 60
        vantages = ["adresse-1"]
        availability = "never"
    "#;
    assert_eq!(simulated_text(&base.replace("2019-04-02", "2019-04-01")).unwrap().lines().count(), 47);
    for (before, after, complaint) in [
        ("seed = 1", "sead = 1", "unknown field `sead`"),
        ("2019-04-02", "2019-03-30", "the campaign ends before it begins"),
        ("2019-03-30", "2019-03-31T02:30:00", "is not a date of the calendar in Europe/Paris"),
        ("Europe/Paris", "Europe/Ys", "Europe/Ys"),
        ("\"never\"", "{ probability = 1.5 }", "1.5 is not a share"),
        ("cadence_minutes = 60", "cadence_minutes = 0", "service exemple-a/premier-titre: cadence_minutes"),
        ("ez_planning", "anef", "nothing is known of the pages"),
    ] {
        let error = simulated_text(&base.replace(before, after)).unwrap_err();
        assert!(error.contains(complaint), "{error}");
    }
}

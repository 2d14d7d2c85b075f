//! The probe's log: whole lines whatever happens, each id once, and proofs beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, TimeDelta, Utc};
use guichets_ouverts::digest::sha256;
use guichets_ouverts::error::Result;
use guichets_ouverts::probe::wire::{Network, Wire};
use guichets_ouverts::probe::{Clock, DayManifest, Folder, Link, Plan, Probe};
use guichets_ouverts::progress::{Progress, Silent};
use guichets_ouverts::publish::{SigningKey, VerifyingKey};

use crate::support::counters::{
    Charset, Counters, Direct, Moved, Rehearsal, Service, StopsAt, Told, agenda, lines, violations,
};
use crate::support::web::Web;
use crate::support::{Version, root, tree};

const NONE: &str = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

fn field<'l>(line: &'l str, name: &str) -> String {
    let value: serde_json::Value = serde_json::from_str::<'l>(line).unwrap();
    value[name].as_str().unwrap_or_default().to_owned()
}

/// Whether a line is of a second try.
fn is_second(line: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(line).unwrap()["try"] == 2
}

fn rehearsal(services: usize, cadence: u32) -> Rehearsal {
    Rehearsal::new(
        (0..services).map(|n| Service::ez(n, &format!("www.h{}.gouv.fr", n % 5))).collect(),
        cadence,
        600,
        "",
    )
}

/// Makes the cycle that is due, without a network, and stops it at an instant.
fn look(rehearsal: &Rehearsal, clock: &Moved, stop: DateTime<Utc>, key: Option<&SigningKey>) -> Result<()> {
    let shown = clock.clone();
    let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || shown.shows());
    rehearsal.once(clock, &counters, &StopsAt(clock.clone(), stop), key)
}

#[test]
fn what_was_seen_before_a_signal_is_in_the_log_and_what_was_not_begun_is_not() {
    let rehearsal = rehearsal(10, 288);
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let begins = agenda_start(&rehearsal);
    assert!(look(&rehearsal, &clock, begins + TimeDelta::seconds(61), None).is_err());
    let lines = lines(&rehearsal.out());
    assert!((2..10).contains(&lines.len()), "{}", lines.len());
    let broken = lines.iter().filter(|line| field(line, "failure") == "robot_error").count();
    assert!(broken <= 1, "only the look in progress: {broken}");
    assert!(lines.iter().filter(|line| field(line, "verdict") == "non").count() >= lines.len() - 1);
    // Nothing is left to deliver, and the cycle is not begun again.
    look(&rehearsal, &clock, DateTime::<Utc>::MAX_UTC, None).unwrap();
    assert_eq!(self::lines(&rehearsal.out()), lines);
}

fn agenda_start(rehearsal: &Rehearsal) -> DateTime<Utc> {
    let (plan, slot) = (rehearsal.plan(), at("2026-12-01T00:00:00Z"));
    agenda(&plan, &rehearsal.pipeline(), slot).unwrap().start(slot, &plan.vantage)
}

#[test]
fn two_probes_do_not_work_in_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let held = Folder::hold(folder.path()).unwrap();
    let told = Folder::hold(folder.path()).unwrap_err();
    assert!(told.to_string().contains("another probe works in this folder"), "{told}");
    drop(held);
    Folder::hold(folder.path()).unwrap();
}

/// The logs are alone in their folder, so that a pipeline can be pointed at it; each day has its file.
#[test]
fn each_day_has_its_log_its_links_and_its_signed_manifest() {
    let rehearsal = rehearsal(6, 288);
    let key = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let key = SigningKey::read(&key.sk.to_box(None).unwrap().to_string(), None).unwrap();
    let clock = Moved::at("2026-12-01T00:00:00Z");
    for cycle in 0..8 {
        clock.passes(
            (at("2026-12-01T00:00:00Z") + TimeDelta::minutes(288 * cycle) - clock.shows()).to_std().unwrap_or_default(),
        );
        look(&rehearsal, &clock, DateTime::<Utc>::MAX_UTC, Some(&key)).unwrap();
    }
    let out = rehearsal.out();
    let logs: Vec<String> = tree(&out.join("journaux")).into_keys().collect();
    assert_eq!(logs, ["attempts-2026-12-01-essai-1.ndjson", "attempts-2026-12-02-essai-1.ndjson"]);
    assert_eq!(lines(&out).len(), 48);

    let chain = fs::read_to_string(out.join("preuves/cycles.chaine")).unwrap();
    let links: Vec<Link> = chain.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(links.len(), 8);
    for (n, link) in links.iter().enumerate() {
        let log = fs::read(out.join(&link.file)).unwrap();
        assert_eq!(sha256(&log[..usize::try_from(link.length).unwrap()]), link.sha256);
        let before =
            n.checked_sub(1).map_or(String::new(), |before| sha256(chain.lines().nth(before).unwrap().as_bytes()));
        assert_eq!((link.n, &link.prev), (n as u64 + 1, &before));
    }
    let path = out.join("preuves/2026-12-01-essai-1.manifeste.json");
    let text = fs::read(&path).unwrap();
    let manifest: DayManifest = serde_json::from_slice(&text).unwrap();
    let log = fs::read(out.join(&manifest.log.path)).unwrap();
    assert_eq!((manifest.lines, manifest.log.sha256), (30, sha256(&log)));
    let signature = fs::read_to_string(path.with_extension("json.minisig")).unwrap();
    key.public().unwrap().verify(&text, &signature).unwrap();
    let stranger = minisign::KeyPair::generate_unencrypted_keypair().unwrap().pk.to_base64();
    assert!(VerifyingKey::read(&stranger).unwrap().verify(&text, &signature).is_err());
    assert!(!out.join("preuves/2026-12-02-essai-1.manifeste.json").exists(), "a day that is not over is not closed");
}

/// A log that another program left torn is not touched: what was to be added stays in the spool.
#[test]
fn a_log_that_is_torn_is_not_added_to() {
    let rehearsal = rehearsal(3, 288);
    let clock = Moved::at("2026-12-01T00:00:00Z");
    drop(Folder::hold(&rehearsal.out()).unwrap());
    let log = rehearsal.out().join("journaux/attempts-2026-12-01-essai-1.ndjson");
    fs::write(&log, "{\"contract\":\"att").unwrap();
    let told = look(&rehearsal, &clock, DateTime::<Utc>::MAX_UTC, None).unwrap_err();
    assert!(told.to_string().contains("does not end with a whole line"), "{told}");
    assert_eq!(fs::read_to_string(&log).unwrap(), "{\"contract\":\"att");
    fs::write(&log, "").unwrap();
    look(&rehearsal, &clock, DateTime::<Utc>::MAX_UTC, None).unwrap();
    assert_eq!(lines(&rehearsal.out()).len(), 3, "the spool was kept, and is delivered");
}

/// A small disk, which ends with the test.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=128m", "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then_some(Self(folder))
    }

    /// Leaves so many bytes free.
    fn fill(&self, left: u64) {
        let filler = self.0.path().join("filler");
        let _until_full = fs::write(&filler, vec![0; 128 << 20]);
        let length = fs::metadata(&filler).unwrap().len();
        fs::File::options().write(true).open(&filler).unwrap().set_len(length.saturating_sub(left)).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// A disk that is nearly full: nobody is asked. One that fills up during a cycle: it is said, and what was seen is delivered
/// once there is room.
#[test]
fn a_full_disk_is_told_and_loses_no_line() {
    let Some(disk) = Disk::new() else { return crate::support::skipped("no small disk can be mounted here") };
    let (rehearsal, out) = (rehearsal(6, 288), disk.0.path().join("out"));
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || shown.shows());
    let plan = rehearsal.plan();
    let agenda = agenda(&plan, &rehearsal.pipeline(), clock.shows()).unwrap();
    let folder = Folder::hold(&out).unwrap();
    let probe = Probe { plan: &plan, agenda: &agenda, folder: &folder, clock: &clock, progress: &Silent, key: None };
    let passes = |time| {
        clock.passes(time);
        if counters.seen().len() == 12 {
            disk.fill(0);
        }
    };
    let wires = || Ok(Box::new(Direct { counters: counters.clone(), passes: &passes }) as Box<dyn Wire + '_>);

    disk.fill(32 << 20);
    let told = probe.once(&wires).unwrap_err().to_string();
    assert!(told.contains("32 MiB are free") || told.contains("31 MiB are free"), "{told}");
    assert!(counters.seen().is_empty());

    disk.fill(100 << 20);
    let told = probe.once(&wires).unwrap_err();
    assert_eq!(told.kind().exit_code(), 4, "{told}");
    assert!(told.to_string().contains("cannot write"), "{told}");
    fs::remove_file(disk.0.path().join("filler")).unwrap();
    let delivered = probe.recover().unwrap();
    assert_eq!(lines(&out).len(), delivered);
    assert!((1..6).contains(&delivered), "{delivered}");
}

/// A time that goes by so many times as fast, the same in every process that is told when it began.
struct Fast {
    began_ms: u128,
    begin: DateTime<Utc>,
    times: u32,
}

impl Fast {
    fn of(began_ms: u128) -> Self {
        Self { began_ms, begin: at("2026-12-01T00:00:00Z"), times: 2000 }
    }
}

impl Clock for Fast {
    fn now(&self) -> DateTime<Utc> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() - self.began_ms;
        self.begin + TimeDelta::milliseconds(i64::try_from(since).unwrap() * i64::from(self.times))
    }

    fn running(&self) -> Duration {
        (self.now() - self.begin).to_std().unwrap()
    }

    fn sleep_until(&self, instant: DateTime<Utc>, progress: &dyn Progress) -> Result<()> {
        progress.proceed()?;
        while self.now() < instant {
            let left = (instant - self.now()).to_std().unwrap_or_default() / self.times;
            std::thread::sleep(left + Duration::from_micros(100));
        }
        Ok(())
    }
}

/// Does nothing as a test: it is what the next one starts, and kills.
#[test]
fn a_probe_in_a_process_of_its_own() {
    let Ok(folder) = std::env::var("PROBE_FOLDER") else { return };
    let folder = Path::new(&folder);
    let server: SocketAddr = std::env::var("PROBE_SERVER").unwrap().parse().unwrap();
    let clock = Fast::of(std::env::var("PROBE_BEGAN").unwrap().parse().unwrap());
    let until = std::env::var("PROBE_UNTIL").map_or(DateTime::<Utc>::MAX_UTC, |until| until.parse().unwrap());
    let plan = Plan::load(&folder.join("plan.toml")).unwrap();
    let agenda = agenda(&plan, &folder.join("pipeline"), clock.now()).unwrap();
    let out = Folder::hold(&folder.join("out")).unwrap();
    let probe = Probe { plan: &plan, agenda: &agenda, folder: &out, clock: &clock, progress: &Silent, key: None };
    let wires = || Ok(Box::new(Network::new(Some(server))?) as Box<dyn Wire>);
    probe.recover().unwrap();
    probe.go_on(&wires, until, &|_| {}).unwrap();
}

fn start(folder: &Path, server: &str, began: u128) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "probe_log::a_probe_in_a_process_of_its_own", "--nocapture"]);
    command.env("PROBE_FOLDER", folder).env("PROBE_SERVER", server).env("PROBE_BEGAN", began.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How often a probe is killed; `GUICHETS_KILLS` says otherwise.
fn kills() -> u64 {
    std::env::var("GUICHETS_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(100)
}

#[test]
fn a_probe_that_is_killed_at_any_moment_leaves_whole_lines_and_keeps_its_ceilings() {
    let rehearsal = rehearsal(6, 60);
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || Fast::of(began).now());
    let answers = counters.clone();
    let server = Web::serve(move |asked| answers.answer(asked));
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut random = 88_172_645_463_325_252_u64;
    for _ in 0..kills() {
        let mut child = start(rehearsal.path(), &address, began);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        std::thread::sleep(Duration::from_millis(20 + random % 400));
        child.kill().unwrap();
        child.wait().unwrap();
        lines(&rehearsal.out());
    }
    // One more that is left to end, so that what the last one left is delivered.
    let mut last = start(rehearsal.path(), &address, began);
    let patience = Instant::now() + Duration::from_secs(30);
    while rehearsal.out().join("etat/encours.part").exists() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    last.kill().unwrap();
    last.wait().unwrap();
    drop(Folder::hold(&rehearsal.out()).unwrap());

    let lines = lines(&rehearsal.out());
    let ids: BTreeSet<String> = lines.iter().map(|line| field(line, "attempt_id")).collect();
    assert_eq!(ids.len(), lines.len(), "an id is there twice");
    let mut cycles: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in &lines {
        let of_cycle = cycles.entry(field(line, "scheduled_at")).or_default();
        let again = is_second(line);
        assert!(of_cycle.insert(format!("{} {again}", field(line, "counter"))), "a try twice in a cycle: {line}");
    }
    for cycle in cycles.keys() {
        let of_cycle = lines.iter().filter(|line| field(line, "scheduled_at") == *cycle);
        let broken = of_cycle.filter(|line| field(line, "failure") == "robot_error").count();
        assert!(broken <= 1, "{cycle}: only the look in progress is broken, not {broken}");
    }
    assert!(lines.len() > 5, "{} lines", lines.len());
    assert_eq!(violations(&counters.seen(), 600, "sonde@example.org"), Vec::<String>::new());

    // The pipeline reads every line, and finds each cycle of the schedule looked at or missing.
    // At the end of a cycle: one that is not over is no gap yet.
    let hours = (Fast::of(began).now() - at("2026-12-01T00:00:00Z")).num_hours() + 1;
    let as_of = (at("2026-12-01T00:00:00Z") + TimeDelta::hours(hours)).to_rfc3339();
    let version = Version::of(&rehearsal.pipeline(), &[&rehearsal.out().join("journaux")], &as_of);
    assert_eq!(version.rows("tentatives").len(), lines.len());
    assert!(version.rows("quarantaine").is_empty());
    let sum = |table: &str, column: &str| -> usize {
        version.rows(table).iter().map(|row| row[column].parse::<usize>().unwrap_or_default()).sum()
    };
    // One planning a service, so that a first try is a cycle of it.
    let firsts = lines.iter().filter(|line| !is_second(line)).count();
    assert_eq!(sum("calendrier", "cycles_prevus"), firsts + sum("lacunes", "cycles_manquants"));
}

/// The slots of the schedule, the cycles of the probe and the coverage of the pipeline are the same.
#[test]
fn a_week_without_trouble_leaves_no_gap() {
    let rehearsal = rehearsal(3, 180);
    let clock = Moved::at("2026-12-01T00:00:00Z");
    for slot in 0..56 {
        let begin = at("2026-12-01T00:00:00Z") + TimeDelta::minutes(180 * slot);
        clock.passes((begin - clock.shows()).to_std().unwrap());
        look(&rehearsal, &clock, DateTime::<Utc>::MAX_UTC, None).unwrap();
    }
    let version = Version::of(&rehearsal.pipeline(), &[&rehearsal.out().join("journaux")], "2026-12-08T00:00:00Z");
    assert_eq!(version.rows("tentatives").len(), 168);
    assert!(version.rows("lacunes").is_empty(), "{:?}", version.rows("lacunes"));
}

/// The command itself, while it waits for its slot.
#[test]
fn a_signal_ends_the_command_at_once_and_well() {
    let rehearsal =
        Rehearsal::new(vec![Service::ez(0, "www.a.gouv.fr")], 288, 300, "[essai]\nserveur = \"127.0.0.1:9\"");
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
    command.arg("--project").arg(root()).args(["probe", "plan.toml", "--out", "out"]).current_dir(rehearsal.path());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let patience = Instant::now() + Duration::from_mins(1);
    while !rehearsal.out().join("etat/verrou").exists() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

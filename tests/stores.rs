//! What a publisher and a monitor meet on an object store: credentials, stores that break, readers that cannot read.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use guichets_ouverts::publish::{StorageKey, Store};
use serde_json::Value;

use crate::support::proxy::{Fate, Proxy};
use crate::support::s3::Bucket;
use crate::support::tools::provided;
use crate::support::{Attempts, Kind, Run, guichets_with};

const SECRET: &str = "un-secret-qui-ne-doit-jamais-etre-ecrit";
const AS_OF: &str = "2019-05-01T00:00:00+02:00";

/// Publishes ten refusals of one service.
pub fn publish(environment: &[(&'static str, String)], store: &str, more: &[&str]) -> Run {
    publish_as_of(AS_OF, environment, store, more)
}

/// The same, as of another moment: the calendar is then longer, and the version another.
pub fn publish_as_of(as_of: &str, environment: &[(&'static str, String)], store: &str, more: &[&str]) -> Run {
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z");
    let pipeline = logs.pipeline("", "*,*,2019-01-01T00:00:00+01:00,,60,true,essai");
    let raw = logs.path();
    let args = ["run", pipeline.to_str().unwrap(), "--raw", raw.to_str().unwrap(), "--store", store, "--as-of", as_of];
    guichets_with(environment, raw.parent().unwrap(), args.iter().chain(more))
}

pub fn ask(environment: &[(&'static str, String)], args: &[&str]) -> Run {
    guichets_with(environment, Path::new("."), args)
}

#[test]
fn what_is_published_to_s3_is_verified_by_anyone_over_http() {
    let bucket = Bucket::new();
    let published = publish(&bucket.environment(), &bucket.url(), &[]);
    assert_eq!(published.code, Some(0), "{}\n{}", published.stdout, published.stderr);
    for (environment, store) in [(bucket.environment(), bucket.url()), (Vec::new(), bucket.public_url())] {
        let verified = ask(&environment, &["verify", &store]);
        assert_eq!(verified.code, Some(0), "{}\n{}", verified.stdout, verified.stderr);
        let status = ask(&environment, &["status", &store, "--at", "2019-05-01T12:00:00+02:00"]);
        assert_eq!(status.code, Some(0), "{}\n{}", status.stdout, status.stderr);
        assert!(status.stdout.starts_with("fresh: version 2019-05-01"), "{}", status.stdout);
        let late = ask(&environment, &["status", &store, "--at", "2019-05-03T12:00:00+02:00"]);
        assert_eq!(late.code, Some(1), "{}", late.stdout);
    }
    let written = publish(&Vec::new(), &bucket.public_url(), &[]);
    assert_eq!(written.code, Some(1), "the same is there: {}", written.stderr);
}

#[test]
fn status_tells_what_readers_cannot_do() {
    let bucket = Bucket::new();
    let environment = bucket.environment();
    assert_eq!(publish(&environment, &bucket.url(), &[]).code, Some(0));
    let broken = |what: &str| {
        let status = ask(&environment, &["--json", "status", &bucket.url(), "--at", "2019-05-01T12:00:00+02:00"]);
        assert_eq!(status.code, Some(4), "{}", status.stdout);
        let told: Value = serde_json::from_str(&status.stdout).unwrap();
        let problems = told["problems"].to_string();
        assert!(problems.contains(what), "{problems}");
    };
    bucket.open_to_all(false);
    broken("allow anonymous reads");
    bucket.open_to_all(true);
    let gone = "latest/manifest.json";
    let path = String::from_utf8(bucket.object(gone).unwrap()).unwrap();
    let manifest: Value = serde_json::from_str(&path).unwrap();
    let file = manifest["files"][0]["path"].as_str().unwrap();
    let store = bucket.store();
    store.delete(&StorageKey::File { path: file.to_owned() }).unwrap();
    broken(&format!("{file} is not there"));
}

#[test]
fn credentials_are_never_written() {
    let bucket = Bucket::new();
    let environment: Vec<_> = Bucket::environment_through(1)
        .into_iter()
        .chain([("GUICHETS_LOG", "trace".to_owned()), ("AWS_REQUEST_TIMEOUT", "1s".to_owned())])
        .collect();
    let run = ask(&environment, &["status", &bucket.url()]);
    assert_eq!(run.code, Some(4), "nobody listens there: {}", run.stdout);
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(SECRET), "{text}");
    }
    assert!(run.stderr.len() + run.stdout.len() > 100, "something was said");
}

#[test]
fn a_store_that_cannot_write_conditionally_is_refused() {
    let bucket = Bucket::new();
    let mut environment = bucket.environment();
    environment.push(("AWS_CONDITIONAL_PUT", "disabled".to_owned()));
    let refused = publish(&environment, &bucket.url(), &[]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("does not write conditionally"), "{}", refused.stderr);
    assert!(bucket.object("latest.json").is_none());
    let overruled = publish(&environment, &bucket.url(), &["--sole-publisher"]);
    assert_eq!(overruled.code, Some(0), "{}", overruled.stderr);
}

/// What happens, and to which of the requests.
type Case = (&'static str, fn(usize) -> Fate);

/// Errors that pass, answers that are lost or cut, and a slow store: the version is published all the same, once.
#[test]
fn a_store_that_falters_is_asked_again() {
    let cases: [Case; 5] = [
        ("500", |count| if count % 7 == 3 { Fate::Refused(500) } else { Fate::Pass }),
        ("503", |count| if count % 5 == 2 { Fate::Refused(503) } else { Fate::Pass }),
        ("lost", |count| if count % 9 == 4 { Fate::Lost } else { Fate::Pass }),
        ("half", |count| if count % 9 == 4 { Fate::Half } else { Fate::Pass }),
        ("slow", |count| if count % 40 == 4 { Fate::Slow(Duration::from_secs(2)) } else { Fate::Pass }),
    ];
    for (name, fate) in cases {
        let bucket = Bucket::new();
        let proxy = Proxy::before(bucket.port, move |_, count| fate(count));
        let published = publish(&Bucket::environment_through(proxy.port), &bucket.url(), &[]);
        assert_eq!(published.code, Some(0), "{name}: {}\n{}", published.stdout, published.stderr);
        let verified = ask(&bucket.environment(), &["verify", &bucket.url()]);
        assert_eq!(verified.code, Some(0), "{name}: {}", verified.stdout);
    }
}

/// A store that stays broken gives an error that names it, soon, and leaves the readers what they had.
#[test]
fn a_store_that_stays_broken_is_given_up() {
    let bucket = Bucket::new();
    let proxy = Proxy::before(bucket.port, |request, _| {
        if request.method == "PUT" && request.path.contains("disponibilite_mois") {
            Fate::Refused(503)
        } else {
            Fate::Pass
        }
    });
    let begun = Instant::now();
    let failed = publish(&Bucket::environment_through(proxy.port), &bucket.url(), &[]);
    assert_eq!(failed.code, Some(4), "{}", failed.stderr);
    assert!(failed.stderr.contains("disponibilite_mois") && failed.stderr.contains("503"), "{}", failed.stderr);
    assert!(begun.elapsed() < Duration::from_mins(2));
    assert!(bucket.object("latest.json").is_none());
    let again = publish(&bucket.environment(), &bucket.url(), &[]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
}

/// A run at work, whose requests go through a proxy.
fn publisher(logs: &Attempts, bucket: &Bucket, proxy: &Proxy) -> Child {
    let pipeline = logs.pipeline("", "*,*,2019-01-01T00:00:00+01:00,,60,true,essai");
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
    command.envs(Bucket::environment_through(proxy.port)).arg("--project").arg(crate::support::root());
    command.args(["run", pipeline.to_str().unwrap(), "--raw", logs.path().to_str().unwrap()]);
    command.args(["--store", &bucket.url(), "--as-of", AS_OF]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// SIGTERM during a publication: exit code 130, nothing visible, and the next run publishes, under another name: caches may
/// have fetched what was written under the first.
#[test]
fn a_run_that_is_asked_to_stop_stops_cleanly() {
    let bucket = Bucket::new();
    let proxy = Proxy::before(bucket.port, |request, _| {
        if request.method == "PUT" { Fate::Slow(Duration::from_millis(200)) } else { Fate::Pass }
    });
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z");
    let child = publisher(&logs, &bucket, &proxy);
    let begun = Instant::now();
    let mut files = 0;
    while files == 0 && begun.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(20));
        let is_file = |path: &str| path.contains("/versions/") && !path.contains("claim");
        files += proxy.take().iter().filter(|request| request.method == "PUT" && is_file(&request.path)).count();
    }
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("stopped by a signal"), "{stderr}");
    assert!(bucket.object("latest.json").is_none());
    let again = publish(&bucket.environment(), &bucket.url(), &[]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stdout.contains("version 2019-05-01.2,"), "the name is not used again: {}", again.stdout);
}

/// A second SIGTERM when the pointer has moved, and the stable names are being written: the run ends at once, and does not
/// say that nothing is visible.
#[test]
fn a_second_signal_tells_what_is_visible() {
    let bucket = Bucket::new();
    let proxy = Proxy::before(bucket.port, |request, _| {
        let slow = request.method == "PUT" && request.path.contains("/latest/");
        if slow { Fate::Slow(Duration::from_secs(5)) } else { Fate::Pass }
    });
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z");
    let mut child = publisher(&logs, &bucket, &proxy);
    while bucket.object("latest.json").is_none() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before");
        std::thread::sleep(Duration::from_millis(20));
    }
    while child.try_wait().unwrap().is_none() {
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(stderr.contains("version 2019-05-01 is published, or was about to be"), "{stderr}");
    assert!(!stderr.contains("nothing of this run is visible"), "{stderr}");
    assert!(bucket.object("latest/manifest.json").is_none(), "it was cut short");
    let again = publish(&bucket.environment(), &bucket.url(), &[]);
    assert_eq!(again.code, Some(1), "nothing new: {}", again.stderr);
    let verified = ask(&bucket.environment(), &["--json", "verify", &bucket.url()]);
    let told: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!((verified.code, told["warnings"].as_array().unwrap().len()), (Some(0), 0), "{told}");
}

/// Debian's minisign makes the key, and verifies what it signed.
#[test]
fn minisign_verifies_a_signed_version() {
    if !provided(Command::new("minisign").arg("-v"), &["minisign"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let minisign = |args: &[&str]| Run::of(Command::new("minisign").args(args).stdin(Stdio::null()));
    for name in ["ours", "theirs"] {
        let made = minisign(&["-G", "-W", "-p", &path(&format!("{name}.pub")), "-s", &path(&format!("{name}.key"))]);
        assert_eq!(made.code, Some(0), "{}{}", made.stdout, made.stderr);
    }
    let store = path("store");
    let signing = [("GUICHETS_SIGNING_KEY", path("ours.key"))];
    let published = publish(&signing, &store, &[]);
    assert_eq!(published.code, Some(0), "{}", published.stderr);
    let manifest = format!("{store}/versions/2019-05-01/manifest.json");
    let theirs = minisign(&["-Vm", &manifest, "-p", &path("ours.pub")]);
    assert_eq!(theirs.code, Some(0), "{}{}", theirs.stdout, theirs.stderr);
    assert!(theirs.stdout.contains("version:2019-05-01"), "the trusted comment: {}", theirs.stdout);
    let verify = |key: &str| ask(&[], &["verify", &store, "--public-key", key]);
    assert_eq!(verify(&path("ours.pub")).code, Some(0));
    let line = fs::read_to_string(path("ours.pub")).unwrap().lines().nth(1).unwrap().to_owned();
    assert_eq!(verify(&line).code, Some(0), "the key itself");
    let other = verify(&path("theirs.pub"));
    assert_eq!(other.code, Some(4), "{}", other.stdout);
    assert!(other.stdout.contains("manifest.json.minisig"), "{}", other.stdout);
    assert_eq!(verify("no key").code, Some(2));
}

/// A power cut leaves no pointer to what is not on disk: the name of each new folder is flushed with the folder above it.
#[test]
fn new_folders_are_on_disk_before_what_leads_there() {
    if !provided(Command::new("strace").arg("-V"), &["strace"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("far/away/store");
    let trace = folder.path().join("trace");
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z");
    let pipeline = logs.pipeline("", "*,*,2019-01-01T00:00:00+01:00,,60,true,essai");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-y", "-s", "4096", "-e", "trace=mkdir,mkdirat,fsync,rename,renameat,renameat2", "-o"])
        .arg(&trace);
    command.arg(env!("CARGO_BIN_EXE_guichets")).arg("--project").arg(crate::support::root());
    command.args([
        "run",
        pipeline.to_str().unwrap(),
        "--raw",
        logs.path().to_str().unwrap(),
        "--as-of",
        AS_OF,
        "--store",
    ]);
    let run = Run::of(command.arg(&store));
    if run.code != Some(0) && run.stderr.contains("ptrace") {
        crate::support::skipped("nothing can be traced here");
        return;
    }
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let trace = fs::read_to_string(trace).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let moved = lines.iter().position(|line| line.contains("rename") && line.contains("/store/latest.json\"")).unwrap();
    let made = |line: &&str| line.contains("mkdir") && line.ends_with("= 0") && line.contains("/far");
    let folders: Vec<&str> =
        lines[..moved].iter().filter(|line| made(line)).map(|line| line.split('"').nth(1).unwrap()).collect();
    assert!(folders.len() > 10, "{folders:?}");
    for made in folders {
        let above = Path::new(made).parent().unwrap().to_str().unwrap();
        let flushed = |line: &&str| line.contains("fsync(") && line.contains(&format!("<{above}>"));
        assert!(lines[..moved].iter().any(flushed), "{above} was not flushed after {made} was made");
    }
}

/// A disk that fills up during a publication: exit code 4, the file that did not fit, and readers keep what they had.
#[test]
fn a_full_disk_is_told_and_readers_keep_what_they_had() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().to_str().unwrap();
    // Room for many versions: what is missing is missing because of the filler alone.
    let room = 128 << 20;
    let size = format!("size={room}");
    let mounted = Run::of(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs", disk]));
    if mounted.code != Some(0) {
        crate::support::skipped("no small disk can be mounted here");
        return;
    }
    let store = format!("{disk}/store");
    assert_eq!(publish(&[], &store, &[]).code, Some(0));
    // Fills the disk but for half a megabyte.
    let filler = format!("{disk}/filler");
    let _until_full = fs::write(&filler, vec![0; room]);
    let length = fs::metadata(&filler).unwrap().len();
    fs::File::options().write(true).open(&filler).unwrap().set_len(length.saturating_sub(512 << 10)).unwrap();
    let full = publish_as_of("2019-05-02T00:00:00+02:00", &[], &store, &[]);
    let during = ask(&[], &["verify", &store]);
    fs::remove_file(&filler).unwrap();
    let after = publish_as_of("2019-05-02T00:00:00+02:00", &[], &store, &[]);
    assert!(Command::new("umount").args(["--lazy", disk]).status().unwrap().success());
    assert_eq!(full.code, Some(4), "{}", full.stderr);
    assert!(full.stderr.contains(disk) && full.stderr.contains("is the disk full?"), "{}", full.stderr);
    assert_eq!(during.code, Some(0), "{}", during.stdout);
    assert_eq!(after.code, Some(0), "{}", after.stderr);
}

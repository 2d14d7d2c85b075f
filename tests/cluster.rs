//! Derived tables that an engine elsewhere works out, by the protocol of Spark Connect: the same version, to the last bit, or none.
//! The engine is Sail; what stands before it may spoil its answers.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::engines::ENGINES;
use crate::support::s3::Bucket;
use crate::support::{Run, Store, guichets_with, root, tree};

const AS_OF: &str = "2019-06-01T00:00:00+02:00";

/// An engine, until it is dropped.
struct Engine {
    port: u16,
    process: Child,
}

impl Engine {
    /// One of which the fault is known by its name, with variables in its environment.
    fn start(fault: &str, environment: &[(&str, String)]) -> Self {
        // As a file: the client of Spark looks for a whole Spark where the script has none.
        let mut process = Command::new(ENGINES.interpreter())
            .arg(root().join("tests/support/spark_connect.py"))
            .arg(fault)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { port: line.trim().parse().expect("the engine says its port"), process }
    }

    fn address(&self) -> String {
        format!("sc://127.0.0.1:{}", self.port)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It ends with its input, and takes its workers along.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// A pipeline as that of the sample, whose engine is another and is asked once.
fn pipeline(folder: &Path, engine: &Engine) -> PathBuf {
    let pipeline = folder.join("exemple");
    fs::create_dir(&pipeline).unwrap();
    for name in ["pipeline.toml", "schedule.csv"] {
        fs::copy(root().join("pipelines/exemple").join(name), pipeline.join(name)).unwrap();
    }
    let text = fs::read_to_string(pipeline.join("pipeline.toml")).unwrap();
    let engine = format!("{text}\n[engine]\naddress = \"{}\"\ntries = 1\nquery_seconds = 20\n", engine.address());
    fs::write(pipeline.join("pipeline.toml"), engine).unwrap();
    pipeline
}

/// The sample, published by an engine into a store.
fn run(store: &Store, pipeline: &Path, more: &[&str]) -> Run {
    store.run(pipeline, &[&root().join("data/sample")], AS_OF, more)
}

fn exemple() -> PathBuf {
    root().join("pipelines/exemple")
}

/// It is what the engine in the process makes of it.
fn assert_the_sample(store: &Store) {
    static EXPECTED: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let expected = EXPECTED.get_or_init(|| {
        let expected = Store::new();
        let done = run(&expected, &exemple(), &[]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        expected.content()
    });
    assert_eq!(&store.content(), expected);
    assert_eq!(store.manifest()["engine"], "Spark Connect", "the manifest says who worked it out");
}

#[test]
fn an_engine_elsewhere_makes_the_same_version() {
    let engine = Engine::start("right", &[]);
    let (store, work) = (Store::new(), tempfile::tempdir().unwrap());
    let done = run(&store, &exemple(), &["--engine", &engine.address(), "--work", work.path().to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}\n{}", done.stdout, done.stderr);
    assert_the_sample(&store);
    assert_eq!(tree(work.path()).len(), 0, "what the engine read is removed");
}

/// Two workers read the files from an object store, which is all that they share with this process.
#[test]
fn two_workers_read_what_is_put_into_an_object_store() {
    let bucket = Bucket::new();
    let mut environment = bucket.environment();
    // Sail knows the endpoint by its older name.
    let endpoint = environment[0].1.clone();
    environment.extend([
        ("AWS_ENDPOINT", endpoint),
        ("SAIL_MODE", "local-cluster".to_owned()),
        ("SAIL_CLUSTER__WORKER_INITIAL_COUNT", "2".to_owned()),
        ("SAIL_CLUSTER__WORKER_MAX_COUNT", "2".to_owned()),
        ("SAIL_CLUSTER__WORKER_TASK_SLOTS", "64".to_owned()),
        ("SAIL_EXECUTION__DEFAULT_PARALLELISM", "2".to_owned()),
    ]);
    let engine = Engine::start("right", &environment);
    let (folder, work) = (tempfile::tempdir().unwrap(), format!("s3://{}/travail", bucket.name));
    let (logs, store) = (root().join("data/sample"), Store::new());
    let (logs, kept) = (logs.to_str().unwrap(), store.path());
    let args = ["run", "exemple", "--raw", logs, "--as-of", AS_OF, "--store", kept.to_str().unwrap()];
    let done = guichets_with(
        &bucket.environment(),
        folder.path(),
        args.into_iter().chain(["--engine", &engine.address(), "--work", &work]),
    );
    assert_eq!(done.code, Some(0), "{}\n{}", done.stdout, done.stderr);
    assert_the_sample(&store);
    let (_, _, listing) = bucket.request("GET", "?list-type=2&prefix=travail", "");
    assert!(String::from_utf8(listing).unwrap().contains("<KeyCount>0</KeyCount>"), "what the engine read is removed");
}

/// Nothing of an answer that breaks off is kept, and the question is asked again.
#[test]
fn an_answer_that_breaks_off_is_asked_for_again() {
    let engine = Engine::start("broken", &[]);
    let store = Store::new();
    let done = run(&store, &exemple(), &["--engine", &engine.address()]);
    assert_eq!(done.code, Some(0), "{}\n{}", done.stdout, done.stderr);
    assert_the_sample(&store);
}

/// A query that was under way fails, and is right again once the engine misses the worker. Where what workers hand each other goes
/// through a store instead, Sail 0.7.2 was seen to go on with other rows: either the version is the same, or there is none.
#[test]
fn a_worker_that_is_killed_costs_time_or_the_run_and_never_a_row() {
    let engine = Engine::start("worker", &[]);
    let store = Store::new();
    let done = run(&store, &exemple(), &["--engine", &engine.address()]);
    assert_eq!(done.code, Some(0), "{}\n{}", done.stdout, done.stderr);
    assert_the_sample(&store);

    let shuffle = tempfile::tempdir().unwrap();
    let through_a_store = [
        ("SAIL_CLUSTER__SHUFFLE_BACKEND__TYPE", "storage".to_owned()),
        ("SAIL_CLUSTER__SHUFFLE_BACKEND__STORAGE__PATH", format!("file://{}", shuffle.path().display())),
    ];
    let engine = Engine::start("worker", &through_a_store);
    let store = Store::new();
    let ended = run(&store, &exemple(), &["--engine", &engine.address()]);
    if ended.code == Some(0) {
        assert_the_sample(&store);
    } else {
        assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
        assert!(!store.path().join("latest.json").exists(), "{}", ended.stderr);
    }
}

/// Whatever goes wrong with it, no version is published, and the next one is none the worse for it.
#[test]
fn an_engine_that_fails_publishes_nothing() {
    for (fault, told) in [
        ("gone", "the engine fails"),
        ("silent", "the engine fails: no answer after 20 s"),
        ("short", "the engine fails: a batch of"),
        ("other", "the engine gives other rows than Polars"),
    ] {
        let engine = Engine::start(fault, &[]);
        let (store, folder) = (Store::new(), tempfile::tempdir().unwrap());
        let failed = run(&store, &pipeline(folder.path(), &engine), &[]);
        assert_eq!(failed.code, Some(4), "{fault}: {}\n{}", failed.stdout, failed.stderr);
        assert!(failed.stderr.contains(told), "{fault}: {}", failed.stderr);
        assert!(failed.stderr.contains("nothing was published"), "{fault}: {}", failed.stderr);
        assert!(!store.path().join("latest.json").exists(), "{fault}");
    }
}

/// A query may take an hour, and the pause before another try a while; whoever stops the run waits for neither.
#[test]
fn a_run_that_is_stopped_does_not_wait_for_the_engine() {
    for fault in ["silent", "gone"] {
        let engine = Engine::start(fault, &[]);
        let (store, work) = (Store::new(), tempfile::tempdir().unwrap());
        let (raw, kept) = (root().join("data/sample"), store.path());
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
        command.arg("--project").arg(root()).args(["run", "exemple", "--as-of", AS_OF, "--engine", &engine.address()]);
        command.arg("--raw").arg(raw).arg("--store").arg(&kept).arg("--work").arg(work.path());
        let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while tree(work.path()).len() < 3 && begun.elapsed() < Duration::from_mins(1) {
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(Duration::from_secs(3));
        assert!(Command::new("kill").arg(run.id().to_string()).status().unwrap().success());
        let stopped = run.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&stopped.stderr);
        assert_eq!(stopped.status.code(), Some(130), "{fault}: {told}");
        assert!(!kept.join("latest.json").exists(), "{fault}: {told}");
        assert_eq!(tree(work.path()).len(), 0, "{fault}: what the engine read is removed: {told}");
    }
}

#[test]
fn an_engine_that_is_not_there_ends_the_run_before_anything_is_read() {
    let store = Store::new();
    let nobody = run(&store, &exemple(), &["--engine", "sc://127.0.0.1:1"]);
    assert_eq!(nobody.code, Some(4), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("sc://127.0.0.1:1: the engine does not answer"), "{}", nobody.stderr);
    let wrong = run(&store, &exemple(), &["--engine", "http://127.0.0.1:1"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("begins with sc://"), "{}", wrong.stderr);
    assert_eq!(run(&store, &exemple(), &["--work", "/nulle/part"]).code, Some(2), "a place of work needs an engine");
}

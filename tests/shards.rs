//! Raw logs that several machines read, each a shard of them, become the version that one machine makes.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::s3::Bucket;
use crate::support::{Run, Store, guichets_with, plain_pipeline, root, tree};

const AS_OF: &str = "2019-06-01T00:00:00+02:00";

/// Logs whose lines repeat and contradict those of other files, one that is cut short, one without a line, and a file that is none.
struct Logs {
    folder: TempDir,
}

impl Logs {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("journaux");
        fs::create_dir(&logs).unwrap();
        let mut lines: Vec<String> = Vec::new();
        for month in ["02", "03"] {
            let packed = root().join(format!("data/sample/attempts-2019-{month}.ndjson.zst"));
            let text = String::from_utf8(zstd::decode_all(fs::File::open(packed).unwrap()).unwrap()).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
        for (number, some) in lines.chunks(lines.len() / 11 + 1).enumerate() {
            let mut text = some.join("\n") + "\n";
            // A line of the file before, and one that says something else under its id.
            if let Some(before) = number.checked_sub(1).map(|before| &lines[before * (lines.len() / 11 + 1) + 7]) {
                let mut other: Value = serde_json::from_str(before).unwrap();
                other["duration_ms"] = 123_456.into();
                text.extend([before, "\n", &other.to_string(), "\nnot a line\n"]);
            }
            // Of very different sizes, and one without a line.
            fs::write(logs.join(format!("{:02}.ndjson", (number * 5) % 11)), text).unwrap();
        }
        fs::write(logs.join("vide.ndjson"), "").unwrap();
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(lines[..500].join("\n").as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        fs::write(logs.join("coupe.ndjson.gz"), &packed[..packed.len() / 2]).unwrap();
        fs::write(logs.join("notes.txt"), "rien").unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journaux")
    }

    fn pipeline(&self) -> PathBuf {
        let pipeline = self.folder.path().join("essai");
        if !pipeline.exists() {
            let schedule = "*,*,2019-01-01T00:00:00+01:00,,60,true,essai";
            plain_pipeline(
                &pipeline,
                "simulated = true\nregistry.folders = [\"data/registry\", \"data/sample/registry\"]",
                schedule,
            );
        }
        pipeline
    }

    fn ingest(&self, shard: &str, work: &str) -> Run {
        let (pipeline, raw) = (self.pipeline(), self.path());
        let args =
            ["ingest", pipeline.to_str().unwrap(), "--raw", raw.to_str().unwrap(), "--shard", shard, "--work", work];
        guichets_with(&[], self.folder.path(), args)
    }

    /// Reads all shards, and makes a version of them.
    fn through_shards(&self, of: u32, work: &Path) -> Store {
        for number in 1..=of {
            let read = self.ingest(&format!("{number}/{of}"), work.to_str().unwrap());
            assert_eq!(read.code, Some(0), "{}{}", read.stdout, read.stderr);
        }
        let store = Store::new();
        let made = self.made_of(work.to_str().unwrap(), &store, &[]);
        assert_eq!(made.code, Some(0), "{}{}", made.stdout, made.stderr);
        store
    }

    fn made_of(&self, work: &str, store: &Store, more: &[&str]) -> Run {
        let (pipeline, kept) = (self.pipeline(), store.path());
        let args = [
            "run",
            pipeline.to_str().unwrap(),
            "--ingested",
            work,
            "--store",
            kept.to_str().unwrap(),
            "--as-of",
            AS_OF,
        ];
        guichets_with(&[], self.folder.path(), args.into_iter().chain(ACCEPTED).chain(more.iter().copied()))
    }

    fn at_once(&self) -> Store {
        let store = Store::new();
        let done = store.run(&self.pipeline(), &[&self.path()], AS_OF, &ACCEPTED);
        assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
        store
    }
}

const ACCEPTED: [&str; 4] = ["--accept", "quarantaine", "--because", "essai"];

/// What a version says of its lines and files, besides its tables.
fn told(store: &Store) -> Value {
    let mut manifest = store.manifest();
    let told = ["accounting", "left_alone", "files_read", "gates"].map(|key| manifest[key].take());
    Value::from(told.to_vec())
}

#[test]
fn shards_make_the_version_that_one_run_makes() {
    let logs = Logs::new();
    let expected = logs.at_once();
    let conflicts = expected.manifest()["accounting"]["duplicates"].as_u64().unwrap();
    assert!(conflicts >= 10, "lines repeat others of other files: {conflicts}");
    for of in [1, 7, 20] {
        let work = tempfile::tempdir().unwrap();
        let store = logs.through_shards(of, work.path());
        assert_eq!(store.content(), expected.content(), "{of} shards");
        assert_eq!(told(&store), told(&expected), "{of} shards");
    }
}

/// A scheduler that loses sight of a task starts it once more, beside the first.
#[test]
fn a_shard_that_is_read_twice_changes_nothing() {
    let logs = Logs::new();
    let work = tempfile::tempdir().unwrap();
    let store = logs.through_shards(3, work.path());
    let place = work.path().to_str().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(logs.ingest("2/3", place).code, Some(0)));
        }
    });
    let again = Store::new();
    assert_eq!(logs.made_of(place, &again, &[]).code, Some(0));
    assert_eq!(again.content(), store.content());
    // One that was cut short has no record, and counts as not read.
    fs::remove_file(work.path().join("fragment-00002-de-00003/fragment.json")).unwrap();
    let missing = logs.made_of(place, &Store::new(), &[]);
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    assert!(missing.stderr.contains("shards are missing: 2/3"), "{}", missing.stderr);
}

/// Nothing is made of shards that do not fit together, nor on top of a version that has read some of the same lines.
#[test]
fn shards_that_were_not_read_alike_make_no_version() {
    let logs = Logs::new();
    let work = tempfile::tempdir().unwrap();
    let place = work.path().to_str().unwrap();
    let store = logs.through_shards(2, work.path());
    let refused = |told: &str| {
        let refused = logs.made_of(place, &Store::new(), &[]);
        assert_eq!(refused.code, Some(2), "{}{}", refused.stdout, refused.stderr);
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    };

    let on_top = logs.made_of(place, &store, &[]);
    assert_eq!(on_top.code, Some(2), "{}", on_top.stderr);
    assert!(on_top.stderr.contains("add --rebuild"), "{}", on_top.stderr);
    let anew = logs.made_of(place, &store, &["--rebuild"]);
    assert_eq!(anew.code, Some(1), "it says the same: {}{}", anew.stdout, anew.stderr);

    // A file is altered: it is not what its record says.
    let attempts = tree(work.path()).into_keys().find(|path| path.contains("tentatives-2019-02")).unwrap();
    let bytes = fs::read(work.path().join(&attempts)).unwrap();
    fs::write(work.path().join(&attempts), &bytes[..bytes.len() - 1]).unwrap();
    let altered = logs.made_of(place, &Store::new(), &[]);
    assert_eq!(altered.code, Some(4), "{}", altered.stderr);
    assert!(altered.stderr.contains(&attempts), "{}", altered.stderr);
    fs::write(work.path().join(&attempts), bytes).unwrap();

    // A log has grown between one shard and the other.
    let log = logs.path().join("00.ndjson");
    fs::write(&log, fs::read_to_string(&log).unwrap() + "\n").unwrap();
    assert_eq!(logs.ingest("2/2", place).code, Some(0));
    refused("was shown other files than shard 1/2");
    // Rules have changed since.
    fs::write(&log, fs::read_to_string(&log).unwrap().strip_suffix('\n').unwrap()).unwrap();
    let pipeline = logs.pipeline().join("pipeline.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    fs::write(&pipeline, format!("{text}\n[method]\ndelai_court_jours = 4\n")).unwrap();
    assert_eq!(logs.ingest("2/2", place).code, Some(0));
    refused("shard 1/2 was read by other rules");
    fs::write(&pipeline, text).unwrap();
    assert_eq!(logs.ingest("3/3", place).code, Some(0));
    refused("shards of two divisions are there");
    let nowhere = logs.made_of("nulle-part", &Store::new(), &[]);
    assert_eq!(nowhere.code, Some(2), "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("no shard is there"), "{}", nowhere.stderr);
}

/// Reading takes hours: where nothing can be written, it does not begin.
#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_read() {
    let nowhere = tempfile::tempdir().unwrap();
    let args = ["ingest", "exemple", "--raw", "/nulle/part", "--shard", "1/1", "--work", "http://127.0.0.1:1/travail"];
    let refused = guichets_with(&[], nowhere.path(), args);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("a store can be read over HTTP, and not written"), "{}", refused.stderr);
}

#[test]
fn shards_may_leave_what_they_read_in_an_object_store() {
    let (logs, bucket) = (Logs::new(), Bucket::new());
    let (work, pipeline, raw) = (format!("s3://{}/travail", bucket.name), logs.pipeline(), logs.path());
    let run = |args: &[&str]| {
        let done = guichets_with(&bucket.environment(), logs.folder.path(), args.iter().copied());
        assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    };
    let (pipeline, raw, store) = (pipeline.to_str().unwrap(), raw.to_str().unwrap(), Store::new());
    for shard in ["1/2", "2/2"] {
        run(&["ingest", pipeline, "--raw", raw, "--shard", shard, "--work", &work]);
    }
    let kept = store.path();
    let mut args = vec!["run", pipeline, "--ingested", &work, "--store", kept.to_str().unwrap(), "--as-of", AS_OF];
    args.extend(ACCEPTED);
    run(&args);
    assert_eq!(store.content(), logs.at_once().content());
}

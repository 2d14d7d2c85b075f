//! What was published is verified, read and built upon by every later release; and what a version says in words can be
//! published anew without its rows.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Attempts, Kind, Run, Store, guichets, guichets_with, json, root};

/// A store that an earlier release left, unpacked.
struct Old {
    folder: PathBuf,
    store: Store,
}

impl Old {
    fn of(release: &str) -> Self {
        let folder = root().join("tests/fixtures/stores").join(release);
        let store = Store::new();
        let packed = File::open(folder.join("store.tar.zst")).unwrap();
        let mut unpacked = zstd::Decoder::new(packed).unwrap();
        unpacked.window_log_max(27).unwrap();
        tar::Archive::new(unpacked).unpack(store.path().parent().unwrap()).unwrap();
        Self { folder, store }
    }

    fn ask(&self, args: &[&str]) -> Run {
        let store = self.store.path();
        let args = args.iter().map(|arg| if *arg == "STORE" { store.to_str().unwrap() } else { arg });
        guichets(&self.folder, args)
    }

    fn run(&self, raw: &[&str], as_of: &str) -> Run {
        let raw: Vec<PathBuf> = raw.iter().map(|name| self.folder.join("logs").join(name)).collect();
        let raw: Vec<&Path> = raw.iter().map(PathBuf::as_path).collect();
        self.store.run(&self.folder.join("pipeline"), &raw, as_of, &[])
    }
}

const LOGS: [&str; 3] = ["2019-02.ndjson.zst", "2019-03-01.ndjson.zst", "2019-03-03.ndjson.zst"];

#[test]
fn a_store_of_an_earlier_release_is_verified_and_read() {
    let old = Old::of("before-0.1.0");
    for version in ["2019-03-01", "2019-03-03"] {
        let verified = old.ask(&["verify", "STORE", "--version", version, "--public-key", "minisign.pub"]);
        assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
        assert!(verified.stdout.contains("signature: by that key"), "{}", verified.stdout);
        let dossier = old.ask(&[
            "dossier",
            "pipeline",
            "--store",
            "STORE",
            "--version",
            version,
            "--guichet",
            "exemple-val-imaginaire",
            "--demarche",
            "regularisation",
            "--du",
            "2019-02-27",
            "--au",
            "2019-02-28",
            "--out",
            old.store.path().to_str().unwrap(),
        ]);
        assert_eq!(dossier.code, Some(0), "{}{}", dossier.stdout, dossier.stderr);
    }
    let status = old.ask(&["status", "STORE", "--at", "2019-03-03T12:00:00+01:00"]);
    assert_eq!(status.code, Some(0), "{}{}", status.stdout, status.stderr);
    let diff = old.ask(&["diff", "STORE", "2019-03-01", "2019-03-03"]);
    assert_eq!(diff.code, Some(0), "{}{}", diff.stdout, diff.stderr);
}

#[test]
fn a_store_of_an_earlier_release_is_built_upon() {
    let old = Old::of("before-0.1.0");
    let as_of = "2019-03-04T06:00:00+01:00";
    let alone = old.run(&LOGS[2..], as_of);
    assert_eq!(alone.code, Some(2), "what reads lines has changed since: {}{}", alone.stdout, alone.stderr);
    assert!(alone.stderr.contains("2019-02.ndjson.zst"), "{}", alone.stderr);
    let before = old.store.manifest();
    let built = old.run(&LOGS, as_of);
    assert_eq!(built.code, Some(0), "{}{}", built.stdout, built.stderr);
    let after = old.store.manifest();
    assert_eq!(after["parent"]["version"], "2019-03-03");
    let verified = old.ask(&["verify", "STORE"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
    assert!(verified.stdout.contains("2019-03-04 ← 2019-03-03 ← 2019-03-01"), "{}", verified.stdout);
    // The account goes on, and a month that the night did not touch says what it said.
    let lines = |manifest: &Value| manifest["accounting"]["lines"].as_u64().unwrap();
    assert_eq!(lines(&after), lines(&before) + 149);
    for table in ["tentatives", "consultations"] {
        assert_eq!(digest(&after, table, "2019-02"), digest(&before, table, "2019-02"), "{table}");
    }
    // From here on nights are nights again.
    let again = old.run(&LOGS[2..], as_of);
    assert_eq!(again.code, Some(1), "{}{}", again.stdout, again.stderr);
}

/// The content digest of a month of a table.
fn digest<'m>(manifest: &'m Value, table: &str, month: &str) -> Option<&'m str> {
    let files = manifest["files"].as_array().unwrap().iter();
    let mut of_it = files.filter(|file| file["table"] == table && file["partition"] == month);
    of_it.next()?["content_digest"].as_str()
}

/// A pipeline whose texts and addresses change from run to run.
struct Words {
    logs: Attempts,
    store: Store,
}

impl Words {
    const SCHEDULE: &str = "*,*,2019-04-01T00:00:00Z,,60,true,essai";

    fn new() -> Self {
        Self { logs: Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z"), store: Store::new() }
    }

    fn run(&self, more: &str, title: &str, environment: &[(&'static str, String)]) -> Run {
        let pipeline = self.logs.pipeline(more, Self::SCHEDULE);
        let path = pipeline.join("pipeline.toml");
        let text = fs::read_to_string(&path).unwrap().replace("title = \"Essai\"", &format!("title = \"{title}\""));
        fs::write(&path, text).unwrap();
        let (raw, store) = (self.logs.path(), self.store.path());
        let args: [&Path; 8] = [
            "run".as_ref(),
            &pipeline,
            "--raw".as_ref(),
            &raw,
            "--store".as_ref(),
            &store,
            "--as-of".as_ref(),
            "2019-05-01T00:00:00+02:00".as_ref(),
        ];
        guichets_with(environment, raw.parent().unwrap(), args)
    }

    fn digests(&self) -> BTreeMap<String, String> {
        self.store.content().into_iter().collect()
    }

    fn metadata(&self) -> Value {
        json(&self.store.path().join("latest/datapackage.json"))
    }
}

#[test]
fn a_change_of_words_is_published_and_says_so() {
    let words = Words::new();
    assert_eq!(words.run("", "Essai", &[]).code, Some(0));
    assert_eq!(words.run("", "Essai", &[]).code, Some(1), "nothing is new");
    let rows = words.digests();
    let address = "publication.base_url = \"https://donnees.exemple.invalid/essai\"";
    let spatial = "publication.keywords = [\"essai\", \"rendez-vous\"]";
    for (more, title) in [("", "Autre titre"), (address, "Autre titre"), (spatial, "Autre titre")] {
        let changed = words.run(more, title, &[]);
        assert_eq!(changed.code, Some(0), "{more}: {}{}", changed.stdout, changed.stderr);
        assert!(changed.stdout.contains("only words, addresses or formats are new"), "{more}: {}", changed.stdout);
        assert_eq!(words.digests(), rows, "{more}");
        assert_eq!(words.run(more, title, &[]).code, Some(1), "{more}: once is enough");
    }
    assert!(
        words.metadata()["keywords"].as_array().unwrap().contains(&"essai".into()),
        "{}",
        words.metadata()["keywords"]
    );
}

/// What a night before had read is read again where the reading is another, and not where only the counting is.
#[test]
fn a_change_of_thresholds_needs_no_log_that_was_read() {
    let words = Words::new();
    assert_eq!(words.run("", "Essai", &[]).code, Some(0));
    let before = words.store.rows("disponibilite_mois");
    fs::remove_file(words.logs.path()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("autre.ndjson");
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 11, "2019-04-16T08:00:00Z");
    let last = fs::read_to_string(logs.path()).unwrap().lines().last().unwrap().to_owned();
    fs::write(&other, last + "\n").unwrap();
    let night = |more: &str| {
        let pipeline = words.logs.pipeline(more, Words::SCHEDULE);
        words.store.run(
            &pipeline,
            &[&other],
            "2019-05-01T00:00:00+02:00",
            &["--accept", "quarantaine", "--because", "-"],
        )
    };
    let changed = night("method = { reponses_min_mois = 1, jours_min_mois = 1 }");
    assert_eq!(changed.code, Some(0), "{}{}", changed.stdout, changed.stderr);
    let after = words.store.rows("disponibilite_mois");
    assert_ne!(before, after, "other thresholds are another table");
    let delays = night("method = { delai_court_jours = 29 }");
    assert_eq!(delays.code, Some(2), "a bound of the classes is in each attempt: {}{}", delays.stdout, delays.stderr);
}

/// Who begins to sign, or takes another key, has the current version signed by it.
#[test]
fn a_new_signing_key_is_published_and_says_so() {
    let key = || {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        ("GUICHETS_SIGNING_KEY", pair.sk.to_box(None).unwrap().to_string())
    };
    let words = Words::new();
    assert_eq!(words.run("", "Essai", &[]).code, Some(0));
    for key in [key(), key()] {
        let signed = words.run("", "Essai", std::slice::from_ref(&key));
        assert_eq!(signed.code, Some(0), "{}{}", signed.stdout, signed.stderr);
        assert!(signed.stdout.contains("only the signature is new"), "{}", signed.stdout);
        assert_eq!(words.run("", "Essai", std::slice::from_ref(&key)).code, Some(1));
    }
    assert_eq!(words.run("", "Essai", &[]).code, Some(1), "without a key nothing asks for a signature");
}

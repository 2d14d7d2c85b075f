//! The nightly job that an association copies, run as a forge would: by its own script, each night on a machine that has
//! nothing of the night before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::proxy::{Fate, Proxy};
use crate::support::s3::Bucket;
use crate::support::web::{Answer, Web};
use crate::support::{Attempts, Kind, Run, guichets_with, root, udata};

const SCHEDULE: &str = "*,*,2019-04-01T00:00:00+02:00,,60,true,essai";

/// A publication, and the forge that runs its job.
struct Forge {
    folder: TempDir,
    bucket: Bucket,
    /// Before the bucket, to see what is written.
    proxy: Proxy,
    logs: Attempts,
    catalogue: String,
}

/// What a night left behind.
struct Night {
    run: Run,
    summary: String,
}

impl Forge {
    /// A probe's logs, and a catalogue's `[datagouv]`.
    fn new(catalogue: &str) -> Self {
        let bucket = Bucket::new();
        let proxy = Proxy::before(bucket.port, |_, _| Fate::Pass);
        let logs = Attempts::on("evry-prefecture")
            .saw(Kind::No, 10, "2019-04-30T08:00:00Z")
            .saw(Kind::Yes, 2, "2019-05-01T08:00:00Z")
            .saw(Kind::No, 3, "2019-05-02T08:00:00Z");
        Self { folder: tempfile::tempdir().unwrap(), bucket, proxy, logs, catalogue: catalogue.to_owned() }
    }

    fn pipeline(&self) -> PathBuf {
        let publication = format!("[publication]\nbase_url = \"{}\"\n", self.bucket.public_url());
        self.logs.pipeline(&format!("{publication}{}", self.catalogue), SCHEDULE)
    }

    /// What the probe delivers of one day: a file of its own, and nothing of other days.
    fn day(&self, day: &str, more: &str) -> PathBuf {
        let text = fs::read_to_string(self.logs.path()).unwrap();
        let started = format!("\"started_at\":\"{day}");
        let lines: String = text.split_inclusive('\n').filter(|line| line.contains(&started)).collect();
        let path = self.folder.path().join(format!("{day}.ndjson"));
        fs::write(&path, lines + more).unwrap();
        path
    }

    /// The job, on a machine with nothing on it but this day's log.
    fn night(&self, log: &Path, as_of: &str, key: &str, args: &[&str]) -> Night {
        self.night_with(&[], log, as_of, key, args)
    }

    /// The same, with further variables of the forge.
    fn night_with(&self, more: &[(&str, &str)], log: &Path, as_of: &str, key: &str, args: &[&str]) -> Night {
        let machine = tempfile::tempdir().unwrap();
        let home = machine.path().join("home");
        let summary = machine.path().join("summary.md");
        fs::create_dir(&home).unwrap();
        let raw = machine.path().join(log.file_name().unwrap());
        fs::copy(log, &raw).unwrap();
        let mut job = Command::new(root().join(".ci/nightly"));
        job.env_clear().current_dir(&home).env("HOME", &home).env("PATH", std::env::var_os("PATH").unwrap());
        job.envs(Bucket::environment_through(self.proxy.port)).env("GUICHETS", env!("CARGO_BIN_EXE_guichets"));
        job.env("GUICHETS_STORE", self.bucket.url()).env("GUICHETS_PIPELINE", self.pipeline());
        job.env("GUICHETS_RAW", &raw).env("GUICHETS_AS_OF", as_of).env("GITHUB_STEP_SUMMARY", &summary);
        // As a forge gives what nobody set.
        for name in ["GUICHETS_SIGNING_KEY", "GUICHETS_ACCEPT", "GUICHETS_FORGET_FAILED", "AWS_SESSION_TOKEN"] {
            job.env(name, "");
        }
        let run = Run::of(job.env("DATAGOUV_API_KEY", key).envs(more.iter().copied()).args(args));
        assert!(key.is_empty() || !format!("{}{}", run.stdout, run.stderr).contains(key), "{}", run.stdout);
        Night { run, summary: fs::read_to_string(summary).unwrap_or_default() }
    }

    /// What was written to the store since this was asked last.
    fn writes(&self) -> Vec<String> {
        let writing = self.proxy.take().into_iter().filter(|request| !["GET", "HEAD"].contains(&&*request.method));
        writing.map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    fn version(&self) -> String {
        let pointer: Value = serde_json::from_slice(&self.bucket.object("latest.json").unwrap()).unwrap();
        pointer["version"].as_str().unwrap().to_owned()
    }

    /// How many attempts the current version has of each day.
    fn attempts(&self) -> BTreeMap<String, String> {
        let parts = ["2019-04", "2019-05"].map(|month| format!("latest/disponibilite_jour-{month}.csv"));
        let rows = parts.iter().filter_map(|part| self.bucket.object(part)).flat_map(|csv| {
            let reader = csv::Reader::from_reader(std::io::Cursor::new(csv));
            reader.into_deserialize::<BTreeMap<String, String>>().map(Result::unwrap)
        });
        rows.map(|row| (row["jour"].clone(), row["consultations"].clone())).filter(|(_, count)| count != "0").collect()
    }
}

impl Night {
    /// It ended so, and the last line says why.
    fn ended(self, code: i32, last: &str) -> Self {
        let told = format!("{}\n{}\n{}", self.run.stdout, self.run.stderr, self.summary);
        assert_eq!(self.run.code, Some(code), "{told}");
        let line = self.run.stdout.lines().last().unwrap();
        assert!(line.starts_with(&format!("nightly: {last}")), "{line}\n{told}");
        self
    }

    fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.summary.contains(word), "no « {word} » in\n{}", self.summary);
        }
    }
}

/// The resources of a dataset: what each is called by the platform, and the version that its address names.
fn resources(dataset: &Value) -> BTreeMap<String, (String, String)> {
    let ours = dataset["resources"].as_array().unwrap().iter();
    ours.filter_map(|resource| {
        let file = resource["extras"]["guichets:fichier"].as_str()?.to_owned();
        let version = resource["url"].as_str()?.split("/versions/").nth(1).and_then(|path| path.split('/').next());
        Some((file, (resource["id"].as_str()?.to_owned(), version.unwrap_or_default().to_owned())))
    })
    .collect()
}

#[test]
fn each_night_adds_its_day_and_the_catalogue_follows_even_late() {
    let platform = udata();
    let down = Arc::new(AtomicBool::new(false));
    let port = platform.url().rsplit(':').next().unwrap().parse().unwrap();
    let is_down = Arc::clone(&down);
    let between =
        Proxy::before(port, move |_, _| if is_down.load(Ordering::SeqCst) { Fate::Refused(503) } else { Fate::Pass });
    let api = format!("[datagouv]\napi = \"http://127.0.0.1:{}/api/1/\"\n", between.port);
    let mut forge = Forge::new(&api);
    let known = platform.newcomers();
    let key = known["key"].as_str().unwrap();

    // The first night, before anybody has a key; then a person creates the dataset, once.
    let night = forge.night(&forge.day("2019-04-30", ""), "2019-05-01T00:00:00+02:00", "", &[]).ended(0, "published");
    night.says(&["**Published**: version 2019-05-01", "DATAGOUV_API_KEY holds no key", "| comptabilite |"]);
    night.says(&[
        "\n| 10 | 10 | 10 | 0 | 0 | 0 | 0 |",
        "Consultations (one cycle of a service), by outcome: aucun_rdv 10.\n",
    ]);
    assert_eq!(forge.attempts(), BTreeMap::from([("2019-04-30".to_owned(), "10".to_owned())]));
    let pipeline = forge.pipeline();
    let mut environment = forge.bucket.environment();
    environment.push(("DATAGOUV_API_KEY", key.to_owned()));
    let store = forge.bucket.url();
    let args = ["--json", "catalogue", "push", pipeline.to_str().unwrap(), "--store", &store, "--create"];
    let created = guichets_with(&environment, forge.folder.path(), args);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    let id = serde_json::from_str::<Value>(&created.stdout).unwrap()["dataset"].as_str().unwrap().to_owned();
    forge.catalogue = format!("{api}dataset = \"{id}\"\n");
    let dataset = || {
        let (status, dataset) = platform.ask("GET", &format!("/api/1/datasets/{id}/"), key, Vec::new());
        assert_eq!(status, 200);
        serde_json::from_slice::<Value>(&dataset).unwrap()
    };
    let ids = |dataset: &Value| -> BTreeMap<String, String> {
        resources(dataset).into_iter().map(|(file, (id, _))| (file, id)).collect()
    };
    let before = dataset();

    // The second night: the day is published, and the platform does not answer.
    down.store(true, Ordering::SeqCst);
    let (second, as_of) = (forge.day("2019-05-01", ""), "2019-05-02T00:00:00+02:00");
    let night = forge.night(&second, as_of, key, &[]).ended(4, "published; the publication stands, but the catalogue");
    night.says(&["**Published**: version 2019-05-02", "after version 2019-05-01", "**It was not told."]);
    night.says(&["De la version 2019-05-01 à la version 2019-05-02", "fresh: version 2019-05-02"]);
    assert_eq!(forge.version(), "2019-05-02");
    let both = [("2019-04-30", "10"), ("2019-05-01", "2")];
    assert_eq!(forge.attempts(), both.map(|(day, count)| (day.to_owned(), count.to_owned())).into());
    assert_eq!(dataset(), before);

    // The job again: nothing new to publish, and the catalogue is told. Only it: the store is left as it is.
    down.store(false, Ordering::SeqCst);
    forge.writes();
    let night = forge.night(&second, as_of, key, &[]).ended(0, "nothing new, which is no failure");
    night.says(&["**Nothing new**: version 2019-05-02", "changed ", " of disponibilite_mois.csv"]);
    assert_eq!(forge.writes(), [""; 0]);
    let after = dataset();
    for (file, id) in ids(&before) {
        assert_eq!(ids(&after)[&file], id, "{file}");
    }
    assert_eq!(resources(&after)["disponibilite_mois.csv"].1, "2019-05-02");

    // And again: nothing to do at all.
    let written = platform.writes(&id).len();
    let night = forge.night(&second, as_of, key, &[]).ended(0, "nothing new, which is no failure");
    night.says(&["nothing to change"]);
    assert_eq!((forge.writes(), platform.writes(&id).len()), (Vec::new(), written));

    // The third night.
    let third = forge.day("2019-05-02", "");
    let night = forge.night(&third, "2019-05-03T00:00:00+02:00", key, &[]).ended(0, "published");
    night.says(&["**Published**: version 2019-05-03", "| disponibilite_jour |", " of disponibilite_mois.csv"]);
    assert_eq!(forge.attempts().len(), 3);
    let (after, last) = (ids(&after), dataset());
    assert_eq!(ids(&last), after);
    assert_eq!(resources(&last)["disponibilite_mois.csv"].1, "2019-05-03");
}

#[test]
fn a_night_that_a_gate_refuses_says_which_and_how_to_overrule_it() {
    // Nothing may be asked of it.
    let catalogue = Web::serve(|_| Answer::told(500, "{}"));
    let dataset = "0123456789abcdef01234567";
    let forge = Forge::new(&format!("[datagouv]\napi = \"{}/api/1/\"\ndataset = \"{dataset}\"\n", catalogue.url));
    let first = forge.day("2019-04-30", "");
    forge.night(&first, "2019-05-01T00:00:00+02:00", "", &[]).ended(0, "published");
    let pointer = forge.bucket.object("latest.json");

    let (second, as_of) = (forge.day("2019-05-01", "{\nnothing\n"), "2019-05-02T00:00:00+02:00");
    let refused = forge.night(&second, as_of, "une-clef", &[]);
    let refused = refused
        .ended(3, "refused: the gate « quarantaine » refuses: 2 of 14 records (14.29 %) (asked: at most 1.00 %)");
    let last = refused.run.stdout.lines().last().unwrap();
    assert!(last.contains("--accept quarantaine --because"), "{last}");
    refused.says(&["**Not published**: the gate « quarantaine » refuses", "readers had version 2019-05-01"]);
    refused
        .says(&["| quarantaine | 2 of 14 records (14.29 %) | at most 1.00 % | **refuses** |", "--accept quarantaine"]);
    refused.says(&["failed night: 2019-05-02", "| tentatives | ", " | passed |"]);
    assert_eq!(forge.bucket.object("latest.json"), pointer);
    assert!(catalogue.asked().is_empty(), "{:?}", catalogue.asked());

    let french = forge.night_with(&[("LC_ALL", "fr_FR.UTF-8")], &second, as_of, "", &[]);
    let french = french.ended(3, "refused: le contrôle «\u{a0}quarantaine\u{a0}» refuse");
    assert!(french.run.stdout.contains("; rien n'a été publié"), "{}", french.run.stdout);

    let night = forge.night(&second, as_of, "", &["--accept", "quarantaine", "--because", "disque plein"]);
    let night = night.ended(0, "published");
    night.says(&["| overruled: disque plein |"]);
    assert_eq!(forge.attempts().len(), 2);
}

#[test]
fn what_a_refused_night_had_read_is_left_out_by_the_forge_s_own_means() {
    let forge = Forge::new("");
    let days = ["2019-04-30", "2019-05-01", "2019-05-02"];
    let [first, bad, third] = days.map(|day| forge.day(day, if day == "2019-05-01" { "{\nnothing\n" } else { "" }));
    forge.night(&first, "2019-05-01T00:00:00+02:00", "", &[]).ended(0, "published");
    let refused = forge.night(&bad, "2019-05-02T00:00:00+02:00", "", &[]).ended(3, "refused: ");
    refused.says(&["2019-05-01.ndjson", "the variable GUICHETS_WITHOUT", "--without"]);

    // The next ones have their own day alone.
    let as_of = "2019-05-03T00:00:00+02:00";
    let asked = forge.night(&third, as_of, "", &[]).ended(2, "failed: --raw: version 2019-05-02 failed");
    asked.says(&["the first 2019-05-01.ndjson", "GUICHETS_FORGET_FAILED=true"]);
    let said = |name: &'static str, value: &'static str| forge.night_with(&[(name, value)], &third, as_of, "", &[]);
    said("GUICHETS_FORGET_FAILED", "oui").ended(2, "failed: GUICHETS_FORGET_FAILED is « oui »");
    said("GUICHETS_FORGET_FAILED", "false").ended(2, "failed: --raw: version 2019-05-02 failed");
    let judged = |more: (&'static str, &'static str)| forge.night_with(&[more], &third, as_of, "", &["--dry-run"]);
    judged(("GUICHETS_WITHOUT", "2019-05-01.ndjson")).ended(0, "judged, and not published");
    said("GUICHETS_FORGET_FAILED", "true").ended(0, "published");
    assert_eq!(forge.attempts().into_keys().collect::<Vec<_>>(), ["2019-04-30", "2019-05-02"]);

    // All nights have the whole folder, and the bad file in it.
    let raw = forge.folder.path().to_str().unwrap();
    let as_of = "2019-05-04T00:00:00+02:00";
    let said =
        |without| forge.night_with(&[("GUICHETS_RAW", raw), ("GUICHETS_WITHOUT", without)], &first, as_of, "", &[]);
    said("").ended(3, "refused: ");
    said("2019-05-01").ended(2, "failed: --without: no file that was found is called « 2019-05-01 »");
    said("2019-05-01.ndjson").ended(0, "published").says(&["left out on purpose", "2019-05-01.ndjson"]);
    assert_eq!(forge.attempts().into_keys().collect::<Vec<_>>(), ["2019-04-30", "2019-05-02"]);
    let manifest = forge.bucket.object("latest/manifest.json").unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert!(manifest["left_alone"].to_string().contains(r#""file":"2019-05-01.ndjson","why":"ecarte""#));
}

#[test]
fn a_night_that_cannot_begin_says_why() {
    let forge = Forge::new("");
    let day = forge.day("2019-04-30", "");
    let as_of = "2019-05-01T00:00:00+02:00";
    let wrong = forge.night(&day, as_of, "", &["--accept", "quarantine", "--because", "essai"]).ended(2, "failed: ");
    wrong.says(&["The run failed", "the gates that can be overruled are tentatives"]);
    let judged = forge.night(&day, as_of, "une-clef", &["--dry-run"]).ended(0, "judged, and not published");
    judged.says(&["**Judged**", "| comptabilite |", "no current version"]);
    let missing = forge.folder.path().join("missing.ndjson");
    fs::write(&missing, "").unwrap();
    let empty = forge.night(&missing, as_of, "", &[]).ended(3, "refused: the gate « tentatives » refuses");
    empty.says(&["nothing was published yet", "no current version"]);

    // Without a forge, the summary goes where it was asked for, or to the standard output.
    let file = forge.folder.path().join("summary.md");
    // Its moment is long ago: that is told, and fails nothing. Of data that are finished there is nothing to tell.
    let raw = forge.logs.path();
    let settings = format!("as_of = \"2019-05-03T00:00:00+02:00\"\nraw = [\"{}\"]", raw.display());
    let late = forge.logs.pipeline(&settings, SCHEDULE).to_str().unwrap().to_owned();
    let to_file = ["--summary", file.to_str().unwrap()];
    for (args, pipeline, last) in [
        (&[][..], late.as_str(), "published; the current version is late"),
        (&to_file[..], &late, "nothing new, which is no failure; the current version is late"),
        (&[], "exemple", "published"),
    ] {
        let mut job = Command::new(root().join(".ci/nightly"));
        job.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("GUICHETS", env!("CARGO_BIN_EXE_guichets"));
        let store = forge.folder.path().join(if pipeline == "exemple" { "finished" } else { "store" });
        job.env("GUICHETS_STORE", store).env("GUICHETS_PIPELINE", pipeline);
        let run = Run::of(job.args(args).args(["--accept", "quarantaine", "--because", "essai"]));
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.trim_end().ends_with(&format!("nightly: {last}")), "{}", run.stdout);
        assert_eq!(run.stdout.contains("The pipeline has no section [datagouv]"), args.is_empty(), "{}", run.stdout);
    }
    let summary = fs::read_to_string(file).unwrap();
    assert!(summary.contains("**Nothing new**") && summary.contains("STALE"), "{summary}");
}

//! `guichets site`: shows any version that is there, says what became of it, leads to its files, and leaves nothing behind.

use std::collections::BTreeSet;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use guichets_ouverts::digest::sha256;
use guichets_ouverts::publish::{StorageKey, Store as _};
use serde_json::Value;

use crate::support::browser::{Browser, Server};
use crate::support::s3::Bucket;
use crate::support::shown::Shown;
use crate::support::{Attempts, Kind, Run, Store, copy, guichets, json, sample};

const SCHEDULE: &str = "*,*,2019-04-01T00:00:00+02:00,,60,true,essai";
const FIRST: &str = "2019-04-17";
const SECOND: &str = "2019-04-18";
const REFUSED: &str = "2019-04-19";
const WHY: &str = "un guichet était compté deux fois";

fn logs() -> Attempts {
    Attempts::on("evry-prefecture").saw(Kind::No, 3, "2019-04-16T08:10:00Z")
}

/// A store with two versions, and a night that was refused.
fn nights() -> Store {
    static SHARED: Mutex<Weak<Store>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap();
    let made = shared.upgrade().unwrap_or_else(|| {
        let store = Store::new();
        let publish = |logs: &Attempts, settings: &str, day: &str| {
            let as_of = format!("{day}T00:00:00Z");
            store.run(&logs.pipeline(settings, SCHEDULE), &[&logs.path()], &as_of, &[])
        };
        let more = logs().saw(Kind::No, 3, "2019-04-17T08:10:00Z");
        for (logs, settings, day, code) in
            [(&logs(), "", FIRST, 0), (&more, "", SECOND, 0), (&more, "gates.attempts_min = 1000", REFUSED, 3)]
        {
            let run = publish(logs, settings, day);
            assert_eq!(run.code, Some(code), "{day}: {}{}", run.stdout, run.stderr);
        }
        let made = Arc::new(store);
        *shared = Arc::downgrade(&made);
        made
    });
    let store = Store::new();
    copy(&made.path(), &store.path());
    store
}

fn retract(store: &Store, version: &str, more: &[&str]) {
    let path = store.path();
    let run = guichets(&path, [&["retract", path.to_str().unwrap(), version, "--reason", WHY], more].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// The command where it serves nothing, and whether it left any temporary file.
fn refused(store: &Path, args: &[&str]) -> Run {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
    command.arg("site").arg(store).args(args).env("TMPDIR", temporary.path());
    let run = Run::of(&mut command);
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "{}", run.stderr);
    run
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "« {part} » is not in: {text}");
    }
}

#[test]
fn a_retracted_version_is_shown_and_said_to_be_retracted() {
    let store = nights();
    retract(&store, SECOND, &[]);
    let at = store.records()[1]["retracted_at"].as_str().unwrap().to_owned();
    let warning = format!("version {SECOND} was retracted on {at}: {WHY}");

    let shown = Shown::of(store.path(), &["--version", SECOND]);
    let page = shown.get(&shown.page);
    assert!(page.status == 200 && String::from_utf8_lossy(&page.body).contains(SECOND), "{}", page.head);
    if let Some(browser) = Browser::found() {
        let dom = browser.dom(&format!("http://{}/{}", shown.address, shown.page));
        assert_says(&dom, &["a été retirée", WHY]);
    }
    assert_says(&shown.stopped("-TERM").0.stderr, &[&warning]);

    let out = store.path().join("../pages");
    let run = refused(&store.path(), &["--version", SECOND, "--json", "--out", out.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_says(&run.stderr, &[&warning]);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(told["version"], SECOND);
    assert_eq!(told["retracted"], serde_json::json!({ "retracted_at": at, "reason": WHY }));
    assert!(out.join("index.html").is_file());

    // The list of versions of one that was made before has the retraction and its reason.
    let shown = Shown::of(store.path(), &["--version", FIRST]);
    if let Some(browser) = Browser::found() {
        let list = format!("{}versions.html", shown.folder());
        let dom = browser.dom(&format!("http://{}/{list}", shown.address));
        let row = dom.split(&format!("<th scope=\"row\">{SECOND}</th>")).nth(1).unwrap_or_else(|| panic!("{dom}"));
        assert_says(row.split("</tr>").next().unwrap(), &["retirée", &WHY.replace('\'', "’")]);
        let row = dom.split(&format!("<th scope=\"row\">{FIRST}</th>")).nth(1).unwrap();
        assert_says(row.split("</tr>").next().unwrap(), &["celle-ci", "publiée"]);
    }
    let (run, _) = shown.stopped("-TERM");
    assert!(!run.stderr.contains("retracted"), "the version that stands is not: {}", run.stderr);
    let out = store.path().join("../others");
    let run = refused(&store.path(), &["--json", "--out", out.to_str().unwrap()]);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(told["version"] == FIRST && told["retracted"].is_null() && run.stderr.is_empty(), "{told}{}", run.stderr);
}

#[test]
fn a_version_that_cannot_be_shown_says_why_and_what_to_do() {
    let store = nights();
    let path = store.path();
    let told = |version: &str, code: i32, parts: &[&str]| {
        for more in [&[][..], &["--out", "pages"]] {
            let run = refused(&path, &[&["--version", version], more].concat());
            assert_eq!(run.code, Some(code), "{version}: {}{}", run.stdout, run.stderr);
            assert!(run.stderr.contains(" hint: ") && run.stderr.contains(path.to_str().unwrap()), "{}", run.stderr);
            assert_says(&run.stderr, parts);
        }
    };
    told("2031-01-01", 2, &["has published no version 2031-01-01", "versions.json"]);
    told("../../x", 2, &["has published no version ../../x"]);
    told(REFUSED, 2, &["2019-04-19 was refused by tentatives", "nothing of it was written", "guichets status"]);

    // What a publisher that was killed has left was never published.
    copy(&path.join("versions").join(FIRST), &path.join("versions/2019-04-20"));
    told("2019-04-20", 2, &["has published no version 2019-04-20"]);

    // Somebody changed a manifest.
    let manifest = path.join("versions").join(SECOND).join("manifest.json");
    let whole = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, whole.clone() + "\n").unwrap();
    told(SECOND, 4, &["does not vouch for version 2019-04-18", "guichets verify"]);
    fs::write(&manifest, whole).unwrap();

    retract(&store, SECOND, &["--remove"]);
    told(SECOND, 2, &["2019-04-18 was retracted on", "its bytes were removed", WHY]);

    before_there_were_pages(&path, FIRST);
    told(FIRST, 2, &["2019-04-17 has no pages", "before versions had any", "manifest.json"]);
    retract(&store, FIRST, &[]);
    let none = refused(&path, &[]);
    assert_eq!(none.code, Some(2), "{}", none.stderr);
    assert_says(&none.stderr, &["the store has no current version", "--version", "versions.json"]);
    let empty = refused(&path.join("../nothing"), &[]);
    assert_says(&empty.stderr, &["the store has no current version", "guichets run"]);
}

/// Makes the current version one without a pack of pages, as they were once, and vouched for all the same.
fn before_there_were_pages(store: &Path, version: &str) {
    let path = store.join("versions").join(version).join("manifest.json");
    let mut manifest = json(&path);
    let files = manifest["files"].as_array_mut().unwrap();
    files.retain(|file| !file["path"].as_str().unwrap().contains("/site."));
    let text = manifest.to_string();
    let digest = sha256(text.as_bytes());
    fs::write(path, text).unwrap();
    let mut pointer = json(&store.join("latest.json"));
    pointer["manifest_sha256"] = digest.clone().into();
    fs::write(store.join("latest.json"), pointer.to_string()).unwrap();
    let mut list = json(&store.join("versions.json"));
    for record in list["versions"].as_array_mut().unwrap().iter_mut().filter(|record| record["version"] == version) {
        record["manifest_sha256"] = digest.clone().into();
    }
    fs::write(store.join("versions.json"), list.to_string()).unwrap();
}

#[test]
fn a_signal_ends_it_as_it_ends_a_run_and_nothing_stays() {
    let store = nights();
    for signal in ["-INT", "-TERM"] {
        for args in [&[][..], &["--version", FIRST]] {
            let shown = Shown::of(store.path(), args);
            assert_eq!(shown.get(&shown.page).status, 200);
            // A browser keeps its connection.
            let _open = TcpStream::connect(&shown.address).unwrap();
            let (run, left) = shown.stopped(signal);
            assert_eq!((run.code, left), (Some(130), 0), "{signal} {args:?}: {}", run.stderr);
            assert_says(&run.stderr, &["stopped by a signal"]);
        }
    }
}

#[test]
fn a_port_that_is_taken_is_told_with_what_to_do() {
    let store = nights();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for args in [&["--port", &port][..], &["--port", &port, "--version", FIRST]] {
        let run = refused(&store.path(), args);
        assert_eq!(run.code, Some(4), "{}", run.stderr);
        assert_says(
            &run.stderr,
            &[&format!("127.0.0.1:{port}: cannot listen"), "hint: ", "another with --port", "leave"],
        );
    }
}

/// A publication that was cut short leaves pages of two versions under `latest/`, or pages without others.
#[test]
fn a_mix_under_latest_is_not_taken_for_the_current_version() {
    let killed = |folder: &Path| fs::remove_file(folder.join("latest/manifest.json")).unwrap();
    let at_work = |folder: &Path| {
        let list = r#"{"renewals": [{"by": "x", "versions": ["2019-04-18"], "outlived": 0}]}"#;
        fs::write(folder.join("renewals.json"), list).unwrap();
    };
    let not_begun = |folder: &Path| {
        let first = folder.join("versions").join(FIRST).join("manifest.json");
        fs::copy(first, folder.join("latest/manifest.json")).unwrap();
    };
    let cases: [&dyn Fn(&Path); 3] = [&killed, &at_work, &not_begun];
    for spoil in cases {
        let store = nights();
        let whole = fs::read(store.path().join("latest/index.html")).unwrap();
        let (run, _) = Shown::of(store.path(), &[]).stopped("-TERM");
        assert!(!run.stderr.contains("latest/"), "{}", run.stderr);
        fs::write(store.path().join("latest/index.html"), "of another version").unwrap();
        spoil(&store.path());
        let shown = Shown::of(store.path(), &[]);
        assert_eq!(shown.folder(), format!("versions/{SECOND}/"));
        assert!(shown.get(&shown.page).body == whole, "the page is the one that was packed");
        let (run, left) = shown.stopped("-TERM");
        assert_says(&run.stderr, &["latest/ is not whole", "guichets run"]);
        assert_eq!(left, 0);
    }
}

/// What the pages of a folder lead to and need, in the store; each with a page that does.
fn targets(shown: &Shown, pages: &[String]) -> BTreeSet<(String, String)> {
    let link = regex::Regex::new("(?:href|src)=\"([^\"#:?]+)[\"#?]").unwrap();
    let shared = regex::Regex::new("data-path=\"([^\"]+)\"").unwrap();
    let mut found = BTreeSet::new();
    for page in pages {
        let text = shown.get(&format!("{}{page}", shown.folder()));
        assert_eq!(text.status, 200, "{page}");
        let text = String::from_utf8(text.body).unwrap();
        // As the script of the page does it.
        let root = "../".repeat(page.matches('/').count() + 2);
        let targets = link.captures_iter(&text).map(|found| found[1].to_owned());
        let targets = targets.chain(shared.captures_iter(&text).map(|found| format!("{root}{}", &found[1])));
        found.extend(targets.map(|target| (joined(&format!("{}{page}", shown.folder()), &target), page.clone())));
    }
    found
}

/// Where a relative link of a page leads.
fn joined(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => drop(parts.pop().expect("a link leads out of the store")),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn pages_of(store: &Path, version: &str) -> Vec<String> {
    let list = json(&store.join("versions").join(version).join("site.json"));
    let names = list.as_array().unwrap().iter().map(|page| page["name"].as_str().unwrap().to_owned());
    names.filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "html")).collect()
}

#[test]
fn every_link_of_a_version_that_is_named_leads_to_its_files() {
    let version = sample();
    let name = version.manifest["version"].as_str().unwrap();
    let shown = Shown::of(version.store(), &["--version", name]);
    assert_eq!(shown.folder(), format!("versions/{name}/"));
    let mut pages = pages_of(version.store(), name);
    pages.push("fichiers.html".to_owned());
    let targets = targets(&shown, &pages);
    let mut seen = BTreeSet::new();
    for (target, page) in &targets {
        if seen.insert(target) {
            assert_eq!(shown.get(target).status, 200, "{page} leads to {target}");
        }
    }
    for part in ["fichiers.html", "disponibilite_mois.csv", "disponibilite_mois.parquet", "data/"] {
        assert!(seen.iter().any(|target| target.contains(part)), "no page leads to {part}");
    }
    // What the page that asks reads, and what tells of the version's state.
    let ask = String::from_utf8(shown.get(&format!("{}interroger.html", shown.folder())).body).unwrap();
    let file = regex::Regex::new("\"(path|data)\":\"([^\"]+\\.parquet)\"").unwrap();
    let files: Vec<String> = file
        .captures_iter(&ask)
        .map(|found| if &found[1] == "path" { format!("versions/{name}/{}", &found[2]) } else { found[2].to_owned() })
        .collect();
    assert!(files.len() > 10 && files.iter().any(|file| file.starts_with("data/")), "{files:?}");
    for path in files.iter().map(String::as_str).chain(["latest.json", "versions.json", "latest/index.html"]) {
        assert_eq!(shown.get(path).status, 200, "{path}");
    }
}

/// A store over HTTP: what is asked for is fetched, checked, and then served in ranges.
#[test]
fn the_files_of_a_remote_version_are_there_and_others_lead_to_the_store() {
    let store = nights();
    let web = Server::of(&store.path());
    let shown = Shown::of(&web.address, &["--version", FIRST]);
    let seen = targets(&shown, &["index.html".to_owned(), "fichiers.html".to_owned()]);
    let files: Vec<PathBuf> = seen.iter().map(|(target, _)| PathBuf::from(target)).collect();
    for (file, whole) in files.iter().map(|file| (file, fs::read(store.path().join(file)))) {
        let answer = shown.get(file.to_str().unwrap());
        assert_eq!(answer.status, 200, "{}", file.display());
        // Pages that stand in the pack alone are not in the folder.
        assert!(whole.is_err() || whole.unwrap() == answer.body, "{}", file.display());
    }
    let table = format!("versions/{FIRST}/disponibilite_mois.parquet");
    let part = shown.get_with(&table, "Range: bytes=0-3\r\n");
    assert!(part.status == 206 && part.body == b"PAR1", "{}", part.head);
    assert_eq!(shown.get("latest.json").body, store.pointer().unwrap());

    let other = shown.get("latest/index.html");
    assert_says(&other.head, &["HTTP/1.1 307", &format!("{}/latest/index.html", web.address)]);
    for path in ["clearing.json", &format!("versions/{SECOND}/disponibilite_mois.csv"), "latest/../versions.json/x"] {
        assert_eq!(shown.get(path).status, 404, "{path}");
    }

    // One that is not what the version vouches for is not shown, and the one who looks is told.
    let damaged = format!("versions/{FIRST}/schemas/delais.json");
    fs::write(store.path().join(&damaged), "faux").unwrap();
    assert_eq!(shown.get(&damaged).status, 404);
    let (run, left) = shown.stopped("-INT");
    assert_says(&run.stderr, &[&damaged, "not the one that the manifest vouches for"]);
    assert_eq!((run.code, left), (Some(130), 0));
}

/// The same of a bucket, whose store has its own way of waiting.
#[test]
fn a_bucket_is_shown_as_a_folder_is() {
    let (store, bucket) = (nights(), Bucket::new());
    let objects = bucket.store();
    for (path, bytes) in store.tree() {
        objects.put(&StorageKey::File { path }, &bytes).unwrap();
    }
    // Not readers alone: those who publish look at it with their own credentials.
    bucket.open_to_all(false);
    let shown = Shown::with(&bucket.environment(), bucket.url(), &[]);
    assert_eq!(shown.folder(), format!("versions/{SECOND}/"));
    let delays = format!("versions/{SECOND}/delais.csv");
    for (path, as_in) in [(&*shown.page, "latest/index.html"), (&delays, &delays), ("versions.json", "versions.json")] {
        assert!(shown.get(path).body == fs::read(store.path().join(as_in)).unwrap(), "{path}");
    }
    let elsewhere = format!("{}/latest/index.html", bucket.public_url());
    assert_says(&shown.get("latest/index.html").head, &["HTTP/1.1 307", &elsewhere]);
    let (run, left) = shown.stopped("-INT");
    assert_eq!((run.code, left), (Some(130), 0), "{}", run.stderr);
}

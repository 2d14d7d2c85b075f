//! The pages of each night: kept in one pack, unpacked where people look, found damaged where they are.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Attempts, Kind, Store, Tree, guichets, tree};

const SCHEDULE: &str = "*,*,2019-04-01T00:00:00+02:00,,60,true,essai";

/// Every minute of some hours of a morning, at a counter.
fn morning(logs: Attempts, day: &str, counter: &str) -> Attempts {
    (8..11).fold(logs, |logs, hour| {
        logs.look(Kind::No, &format!("{day}T{hour:02}:10:00Z"), &json!({ "counter": counter }))
    })
}

fn published(store: &Store, logs: &Attempts, as_of: &str) -> String {
    let run = store.run(&logs.pipeline("", SCHEDULE), &[&logs.path()], as_of, &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    store.manifest()["version"].as_str().unwrap().to_owned()
}

/// The pages of a store's current version: those under `latest/` that its list names.
fn latest(store: &Store) -> Tree {
    let all = tree(&store.path().join("latest"));
    let list: Value = serde_json::from_slice(&all["site.json"]).unwrap();
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|page| page["name"].as_str().unwrap()).collect();
    names.into_iter().map(|name| (name.to_owned(), all[name].clone())).collect()
}

fn unpacked(store: &Store, version: &str) -> Tree {
    let folder = tempfile::tempdir().unwrap();
    let path = store.path();
    let out = folder.path().join("pages");
    let args = [Path::new("site"), &path, Path::new("--version"), Path::new(version), Path::new("--out"), &out];
    let run = guichets(folder.path(), args);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    tree(&out)
}

fn verified(store: &Store) -> crate::support::Run {
    let path = store.path();
    guichets(&path, [Path::new("verify"), &path])
}

fn text(pages: &Tree, name: &str) -> String {
    String::from_utf8(pages[name].clone()).unwrap()
}

#[test]
fn every_night_keeps_its_pages_and_those_that_close_a_month_stand_unpacked() {
    let store = Store::new();
    let logs = morning(Attempts::on("evry-prefecture"), "2019-04-16", "evry-prefecture");
    let first = published(&store, &logs, "2019-04-17T00:00:00Z");
    let nights = [latest(&store)];
    let folder = |version: &str| tree(&store.path().join("versions").join(version));
    for (name, bytes) in &nights[0] {
        assert_eq!(folder(&first).get(name), Some(bytes), "{name}: the first version stands unpacked");
    }

    let logs = morning(logs, "2019-04-17", "evry-prefecture");
    let second = published(&store, &logs, "2019-04-18T00:00:00Z");
    let nights = [nights[0].clone(), latest(&store)];
    let own = folder(&second);
    assert!(!own.contains_key("comparer.html") && !own.contains_key("guichets/evry-prefecture.html"));
    let link = regex::Regex::new("(?:href|src)=\"([^\"#:]+)\"").unwrap();
    for (page, other) in [("index.html", "comparer.html"), ("en/index.html", "comparer.html")] {
        let (alone, whole) = (text(&own, page), text(&nights[1], page));
        assert!(
            whole.contains(&format!("href=\"{other}\"")) || whole.contains(&format!("href=\"../en/{other}\"")),
            "{page}"
        );
        assert!(
            !alone.contains(other) && alone.contains("site.tar.zst"),
            "{page} of a version alone leads into the pack"
        );
        // What it leads to is there, and what it needs.
        for found in link.captures_iter(&alone) {
            let target = Path::new(page).parent().unwrap().join(&found[1]);
            let target = target.to_str().unwrap().replace("en/../", "");
            assert!(own.contains_key(&target), "{page} leads to {target}");
        }
    }
    assert!(own.len() < 400 && own["site.tar.zst"].len() < 400_000);

    let logs = morning(morning(logs, "2019-05-01", "evry-prefecture"), "2019-05-01", "rouen-prefecture");
    let third = published(&store, &logs, "2019-05-02T00:00:00Z");
    let now = latest(&store);
    assert!(folder(&third).contains_key("comparer.html"), "a version that closes a month stands unpacked");
    assert!(now.contains_key("guichets/rouen-prefecture.html"));
    assert_eq!(verified(&store).code, Some(0), "{}", verified(&store).stdout);

    // Any night's pages are there, byte for byte.
    for (version, pages) in [(&first, &nights[0]), (&second, &nights[1]), (&third, &now)] {
        assert!(&unpacked(&store, version) == pages, "{version}");
        assert!(text(pages, "guichets/evry-prefecture.html").contains(version.as_str()), "{version}");
    }

    // Whoever goes back finds the pages of then, and none of a counter that was not measured yet.
    let path = store.path();
    let retracted = guichets(&path, ["retract", path.to_str().unwrap(), &third, "--reason", "essai"]);
    assert_eq!(retracted.code, Some(0), "{}", retracted.stderr);
    assert!(latest(&store) == nights[1], "latest/ has the pages of the version before");
    assert!(!path.join("latest/guichets/rouen-prefecture.html").exists());
    assert_eq!(verified(&store).code, Some(0));
    assert!(fs::read_to_string(path.join("index.html")).unwrap().contains("url=latest/index.html"));
}

/// Ids of the contract may hold what no name of a file can: their pages stand, and the next night does, too.
#[test]
fn no_id_of_a_counter_keeps_a_version_from_its_pages() {
    let accept = "registry.unknown = \"accept\"\nregistry.zone = \"Europe/Paris\"";
    let store = Store::new();
    let ids = ["x:y", "Con", "con", "x/./y", "a/../../evil"];
    let logs = ids.into_iter().fold(Attempts::on("evry-prefecture"), |logs, id| morning(logs, "2019-04-16", id));
    for as_of in ["2019-04-17T00:00:00Z", "2019-04-18T00:00:00Z"] {
        let run = store.run(&logs.pipeline(accept, SCHEDULE), &[&logs.path()], as_of, &[]);
        assert_eq!(run.code, Some(0), "{as_of}: {}{}", run.stdout, run.stderr);
        assert_eq!(verified(&store).code, Some(0), "{}", verified(&store).stdout);
    }
    let pages = latest(&store);
    let counters = pages.keys().filter(|name| name.starts_with("guichets/")).count();
    assert_eq!(counters, ids.len());
    let front = text(&pages, "index.html");
    let link = regex::Regex::new("href=\"(guichets/[^\"]+)\"").unwrap();
    let led: Vec<&str> = link.captures_iter(&front).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(led.len() == ids.len() && led.iter().all(|name| pages.contains_key(*name)), "{led:?}");
}

#[test]
fn damaged_pages_are_found_and_not_shown() {
    let store = Store::new();
    let logs = morning(Attempts::on("evry-prefecture"), "2019-04-16", "evry-prefecture");
    let version = published(&store, &logs, "2019-04-17T00:00:00Z");
    let page = store.path().join("latest/guichets/evry-prefecture.html");
    let whole = fs::read(&page).unwrap();
    fs::write(&page, String::from_utf8(whole.clone()).unwrap().replace('0', "1")).unwrap();
    let told = verified(&store);
    assert_eq!(told.code, Some(4));
    assert!(told.stdout.contains("latest/guichets/evry-prefecture.html"), "{}", told.stdout);
    fs::write(&page, whole).unwrap();
    assert_eq!(verified(&store).code, Some(0));

    let own = store.path().join("versions").join(&version);
    let list = fs::read(own.join("site.json")).unwrap();
    fs::write(own.join("site.json"), "[]").unwrap();
    let told = verified(&store);
    let of_pack = told.stdout.lines().find(|line| line.contains("site.tar.zst")).unwrap_or_default();
    assert!(of_pack.contains("is not the one that the manifest vouches for"), "{}", told.stdout);
    fs::write(own.join("site.json"), list).unwrap();

    let pack = own.join("site.tar.zst");
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&pack, bytes).unwrap();
    assert_eq!(verified(&store).code, Some(4));
    let path = store.path();
    let run = guichets(&path, ["site", path.to_str().unwrap(), "--version", &version, "--out", "pages"]);
    assert_eq!(run.code, Some(4), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("site.tar.zst") && !path.join("pages").exists(), "{}", run.stderr);
}

/// One request, as it is written, and the whole answer.
fn asked(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("{request}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn the_pages_are_served_on_this_machine_with_ranges_and_types() {
    let store = Store::new();
    let logs = morning(Attempts::on("evry-prefecture"), "2019-04-16", "evry-prefecture");
    let version = published(&store, &logs, "2019-04-17T00:00:00Z");
    fs::write(store.path().parent().unwrap().join("secret.txt"), "secret").unwrap();
    let own = format!("versions/{version}/index.html");
    for (args, page) in [(vec![], "latest/index.html"), (vec!["--version", &version], &*own)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
        command.arg("site").arg(store.path()).args(args).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (address, path) = line.trim().strip_prefix("http://").unwrap().split_once('/').unwrap();
        assert!(address.starts_with("127.0.0.1:") && path == page, "{line}");
        let folder = path.strip_suffix("index.html").unwrap();
        let whole = asked(address, &format!("GET /{path} HTTP/1.1"));
        assert!(whole.starts_with("HTTP/1.1 200") && whole.contains("text/html; charset=utf-8"), "{whole}");
        let style = asked(address, &format!("GET /{folder}assets/style.css HTTP/1.1"));
        assert!(style.contains("text/css"), "{}", &style[..200]);
        let part = asked(address, &format!("GET /{path} HTTP/1.1\r\nRange: bytes=0-14"));
        assert!(part.starts_with("HTTP/1.1 206") && part.ends_with("<!DOCTYPE html>"), "{part}");
        for outside in ["/../secret.txt", "/%2e%2e/secret.txt", "//../../secret.txt", "/latest/../../secret.txt"] {
            let refused = asked(address, &format!("GET {outside} HTTP/1.1"));
            assert!(!refused.contains("\r\n\r\nsecret") && refused.starts_with("HTTP/1.1 4"), "{outside}: {refused}");
        }
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

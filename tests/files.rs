//! Every file found is read, or named as left alone with the reason; whatever a file is called, it is read under one name
//! that any table can hold, and no file stops the night or hangs it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::raw::{AS_OF, Raw, Told, left_alone, line, tolerant};
use crate::support::{Store, copy_project, guichets, root};

#[test]
fn every_name_that_a_rotation_gives_is_read() {
    let names = [
        "ATTEMPTS-0415.NDJSON",
        "attempts-0414.ndjson.GZ",
        "attempts-0416.jsonl",
        "attempts.ndjson",
        "attempts.ndjson-20190417",
        "attempts.ndjson-20190417.gz",
        "attempts.ndjson-2019-04-18.ZST",
        "attempts.ndjson-20190417-1555459200",
        "attempts.ndjson.1",
        "attempts.ndjson.2.gz",
        "attempts.ndjson.gz.3",
        "attempts.ndjson_20190419",
        "attempts.jsonl.zstd",
    ];
    let told = Raw::of(&names).run();
    let mut expected = names.map(str::to_owned);
    expected.sort();
    assert_eq!(told.read, expected);
    assert!(told.left_alone.is_empty(), "{:?}", told.left_alone);
}

#[test]
fn a_log_that_is_rotated_while_a_new_one_begins_under_its_name_loses_nothing() {
    let raw = Raw::new();
    let at = |name: &str| raw.path().join(name);
    let lines = |numbers: std::ops::Range<u32>| numbers.map(line).collect::<String>();
    fs::write(at("a.ndjson"), lines(0..3)).unwrap();
    let night = |store: &Store| store.run(&tolerant(), &[&raw.path()], AS_OF, &[]);
    let store = Store::new();
    assert_eq!(night(&store).code, Some(0));
    // It went on for two lines, was rotated and packed, and another began; then once more.
    for (rotated, old, new) in [("a.ndjson-20190417", 0..5, 5..9), ("a.ndjson.1", 5..10, 10..11)] {
        fs::write(at(rotated), lines(old)).unwrap();
        assert!(Command::new("gzip").arg(at(rotated)).status().unwrap().success());
        fs::write(at("a.ndjson"), lines(new.clone())).unwrap();
        let run = night(&store);
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
        let accounting = &store.manifest()["accounting"];
        assert_eq!((&accounting["attempts"], &accounting["duplicates"]), (&new.end.into(), &0.into()));
    }
    let whole = Store::new();
    assert_eq!(night(&whole).code, Some(0));
    assert_eq!(store.content(), whole.content());
    // What it held is nowhere any more.
    fs::write(at("a.ndjson"), lines(20..22)).unwrap();
    let refused = night(&store);
    assert_eq!(refused.code, Some(2), "{}\n{}", refused.stdout, refused.stderr);
    assert!(refused.stderr.contains("a.ndjson: the file does not begin with"), "{}", refused.stderr);
}

#[test]
fn what_is_no_log_is_left_alone_and_said() {
    let raw = Raw::of(&[
        "a.ndjson",
        "._a.ndjson",
        ".b.ndjson",
        ".cache/c.ndjson",
        "d.ndjson~",
        ".e.ndjson.swp",
        "f.ndjson.part",
        "g.ndjson.tmp",
        "#h.ndjson#",
        "LISEZ-MOI.txt",
        "attempts.ndjson.old",
        "i.csv",
        "j.CSV.1",
        "k.tar.gz",
        "l.ZIP",
        "m.ndjson.xz",
    ]);
    let told = raw.run();
    assert_eq!(told.read, ["a.ndjson"]);
    assert_eq!(
        told.left_alone,
        [
            "#h.ndjson# inacheve",
            "._a.ndjson cache",
            ".b.ndjson cache",
            ".cache/ cache",
            ".e.ndjson.swp cache",
            "LISEZ-MOI.txt autre_nom",
            "attempts.ndjson.old autre_nom",
            "d.ndjson~ inacheve",
            "f.ndjson.part inacheve",
            "g.ndjson.tmp inacheve",
            "i.csv autre_journal",
            "j.CSV.1 autre_journal",
            "k.tar.gz archive",
            "l.ZIP archive",
            "m.ndjson.xz compression_inconnue",
        ]
    );
    let shown = Store::new().run(&tolerant(), &[&raw.path()], AS_OF, &[]);
    assert!(shown.stdout.contains("LISEZ-MOI.txt") && shown.stdout.contains("i.csv"), "{}", shown.stdout);
    let summary = raw.beside("resume.md");
    Store::new().run(&tolerant(), &[&raw.path()], AS_OF, &["--summary", summary.to_str().unwrap()]);
    let summary = fs::read_to_string(summary).unwrap();
    assert!(summary.contains("LISEZ-MOI.txt") && summary.contains("i.csv"), "{summary}");
}

#[test]
fn a_name_is_that_of_the_file_and_not_of_a_folder_above_it() {
    let told = Raw::of(&["export.csv-2019/b.ndjson", "x.csv.d/a.ndjson", "y.tar.d/c.ndjson"]).run();
    assert_eq!(told.read, ["export.csv-2019/b.ndjson", "x.csv.d/a.ndjson", "y.tar.d/c.ndjson"]);
}

#[test]
fn a_file_that_is_named_is_read_whatever_its_name() {
    let raw = Raw::of(&[".cache/log.txt"]);
    let told = Told::of(Store::new(), &tolerant(), &[&raw.path().join(".cache/log.txt")]);
    assert_eq!(told.read, ["log.txt"]);
}

/// The bytes that a published name stands for.
fn original(name: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), name.as_bytes());
    while let [first, others @ ..] = rest {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&others[..2]).unwrap(), 16).unwrap());
            rest = &others[2..];
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    bytes
}

const STRANGE: &[&[u8]] = &[
    b"-attempts.ndjson",
    b"=attempts.ndjson",
    b"@robot/attempts.ndjson",
    b"+33/attempts.ndjson",
    b"%3Dattempts.ndjson",
    b"100%.ndjson",
    b"a\nb.ndjson",
    b"a\rb.ndjson",
    b"\ta.ndjson",
    b"a;=1+1.ndjson",
    b"a\"b.ndjson",
    b"a,b.ndjson",
    b"a\xFFb.ndjson",
    b"a\xFEb.ndjson",
    b"a\xEF\xBF\xBDb.ndjson",
    b"a\\b.ndjson",
    b"a/b.ndjson",
    b"a\x1B[31m.ndjson",
    "é\u{202e}nosjdn.ndjson".as_bytes(),
    "préfecture d'Évry, été.ndjson".as_bytes(),
];

#[test]
fn a_strange_name_is_published_reversibly_and_stops_no_night() {
    let raw = STRANGE.iter().fold(Raw::new(), |raw, name| raw.log(name));
    let told = raw.run();
    let back: BTreeSet<Vec<u8>> = told.read.iter().map(|name| original(name)).collect();
    assert_eq!(back, STRANGE.iter().map(|name| name.to_vec()).collect());
    let sources: BTreeSet<String> = told.store.inputs().iter().map(|input| input["file"].to_string()).collect();
    assert_eq!(sources.len(), STRANGE.len());
    for name in &told.read {
        // A French spreadsheet ends a cell at a semicolon.
        let formula = name.split(';').any(|cell| cell.starts_with(['=', '+', '-', '@']));
        let unsafe_text = name.chars().any(|letter| letter.is_control() || letter == '"' || letter == '\u{202e}');
        assert!(!formula && !unsafe_text, "{name}");
    }
    assert!(told.read.contains(&"préfecture d'Évry, été.ndjson".to_owned()), "what needs no escape has none");
    // The next night finds each under the same name.
    let again = told.store.run(&tolerant(), &[&raw.path()], AS_OF, &[]);
    assert_eq!(again.code, Some(1), "{}\n{}", again.stdout, again.stderr);
    let explained = guichets(
        root(),
        [OsStr::new("explain"), tolerant().as_os_str(), raw.path().join("=attempts.ndjson").as_os_str()],
    );
    assert!(explained.stdout.contains("%3Dattempts.ndjson:1"), "{}{}", explained.stdout, explained.stderr);
}

#[test]
fn two_files_never_get_one_name() {
    let folder = tempfile::tempdir().unwrap();
    let log = |path: &str, number: u32| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, line(number)).unwrap();
    };
    log("1/a.ndjson", 1);
    log("1/source-2/a.ndjson", 2);
    log("2/a.ndjson", 3);
    let told = Told::of(Store::new(), &tolerant(), &[&folder.path().join("1"), &folder.path().join("2")]);
    assert_eq!(told.read.iter().collect::<BTreeSet<_>>().len(), 3, "{:?}", told.read);
    assert_eq!(told.store.manifest()["accounting"]["attempts"], 3);
}

#[test]
fn what_was_left_alone_is_kept_from_night_to_night_until_it_is_read() {
    let raw = Raw::of(&["a.ndjson", "notes.txt", "b.ndjson.part"]);
    let told = raw.run();
    assert_eq!(told.left_alone, ["b.ndjson.part inacheve", "notes.txt autre_nom"]);
    let mut next = Raw::new();
    next.logs = 10;
    let next = next.log(b"b.ndjson.part").log(b"c.ndjson").log(b"plan.pdf");
    let named = next.path().join("b.ndjson.part");
    let run = told.store.run(&tolerant(), &[&named, &next.path()], AS_OF, &["--json"]);
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(left_alone(&summary["summary"]["left_alone"]), ["plan.pdf autre_nom"]);
    assert_eq!(left_alone(&told.store.manifest()["left_alone"]), ["notes.txt autre_nom", "plan.pdf autre_nom"]);
}

#[test]
fn credentials_in_an_address_are_never_printed() {
    for address in [
        "http://robot:tres-secret@127.0.0.1:9/a.ndjson?sig=tres-secret",
        "http://robot:tres-secret@127.0.0.1:9/?sig=tres-secret",
        "http://robot:tres-secret@[127.0.0.1/a.ndjson",
        "ftp://robot:tres-secret@127.0.0.1/a.ndjson?sig=tres-secret",
        "s3://robot:tres-secret@seau/prefixe",
        "s3://robot:tres/tres-secret@seau/prefixe",
    ] {
        let run = Store::new().run(&tolerant(), &[Path::new(address)], AS_OF, &[]);
        assert!([Some(2), Some(4)].contains(&run.code), "{address}: {}", run.stderr);
        assert!(!(run.stdout + &run.stderr).contains("tres-secret"), "{address}: {}", run.stderr);
    }
}

/// A copy of the project whose registry can be changed.
fn project_of_its_own() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_project(folder.path());
    folder
}

#[test]
fn a_registry_text_that_no_table_may_hold_is_the_fault_of_the_registry() {
    for (text, why) in [("=1+1", "begins like a formula"), ("\"deux\nlignes\"", "contains a line end")] {
        let project = project_of_its_own();
        let path = project.path().join("data/registry/demarches.csv");
        let registry = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<String> = registry.lines().map(str::to_owned).collect();
        let cells: Vec<&str> = lines[1].split(',').collect();
        lines[1] =
            std::iter::once(cells[0]).chain([text]).chain(cells[2..].iter().copied()).collect::<Vec<_>>().join(",");
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        let raw = Raw::of(&["a.ndjson"]);
        let run = Store::of(project.path()).run(&project.path().join("pipelines/exemple"), &[&raw.path()], AS_OF, &[]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains("demarches.csv:2") && run.stderr.contains(why), "{}", run.stderr);
    }
}

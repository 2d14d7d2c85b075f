//! `run`, `check` and `explain` read lines by one loop: what is said of a line is what became of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::foreign::{AS_OF, Foreign, HEADED, PLAIN};
use crate::support::{Version, guichets, root};

/// By line and rank, what a run made of each record of a file: an answer, a reason, or a note.
fn of_run(version: &Version, file: &str) -> BTreeMap<(String, String), String> {
    let attempts = version.rows("tentatives").into_iter().filter(|row| row["fichier_source"] == file);
    let attempts =
        attempts.map(|row| ((row["ligne_source"].clone(), row["rang_source"].clone()), row["reponse"].clone()));
    let aside = version.rows("quarantaine").into_iter().filter(|row| row["fichier"] == file);
    let aside =
        aside.map(|row| ((row["ligne"].clone(), row["rang"].clone()), format!("{} {}", row["motif"], row["champ"])));
    attempts.chain(aside).collect()
}

/// The same as `explain` tells it, and how many records it only had a note for.
fn of_explain(run: &str) -> (BTreeMap<(String, String), String>, Vec<String>) {
    let (mut told, mut notes) = (BTreeMap::new(), Vec::new());
    for line in run.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let key = (line["line"].to_string(), line["rank"].to_string());
        if let Some(note) = line["note"].as_str() {
            notes.push(format!("{} {note}", line["line"]));
            continue;
        }
        let said = match line["set_aside"].as_str() {
            Some(reason) => format!("{reason} {}", line["field"].as_str().unwrap_or_default()),
            None => line["explanation"]["answer"].as_str().unwrap().to_owned(),
        };
        told.insert(key, said);
    }
    (told, notes)
}

fn explain_all(foreign: &Foreign, file: &str, lines: u64) -> (BTreeMap<(String, String), String>, Vec<String>) {
    let mut all = String::new();
    for line in 1..=lines {
        let at = format!("{}:{line}", foreign.raw().join(file).display());
        let run = guichets(foreign.pipeline(), ["--json", "explain", foreign.pipeline().to_str().unwrap(), &at]);
        assert_eq!(run.code, Some(0), "{file}:{line} {}", run.stderr);
        all += &run.stdout;
    }
    of_explain(&all)
}

#[test]
fn explain_says_of_each_line_what_a_run_made_of_it() {
    let at = |hour: u32, rest: &str| format!("2019-04-16T{hour:02}:00:00Z,evry-prefecture,{rest}");
    let raw = [
        String::new(),
        "quand,guichet,libres".to_owned(),
        at(8, "0"),
        at(8, "0"),
        "x".repeat(2 << 20),
        at(9, "\"1"),
        at(10, "2"),
        "quand,libres,guichet".to_owned(),
        at(11, "2"),
        "2019-04-16T12:00:00Z,3,evry-prefecture".to_owned(),
    ];
    let raw = [raw.join("\n").as_bytes(), b"\n2019-04-16T13:00:00Z,3,\xE9vry\n2019-04-16T14:00:00Z,3,evry-prefectur"]
        .concat();
    let foreign = Foreign::new(HEADED).file("a.csv", raw);
    let (told, notes) = explain_all(&foreign, "a.csv", 12);
    assert_eq!(told, of_run(&foreign.version(), "a.csv"));
    let reasons: Vec<&str> = told.values().map(|said| said.split(' ').next().unwrap()).collect();
    for reason in ["ligne_trop_longue", "guillemets_irreguliers", "utf8_invalide", "ligne_tronquee", "oui", "non"] {
        assert!(reasons.contains(&reason), "{reason}: {told:?}");
    }
    assert_eq!(
        notes,
        [
            "1 a blank line",
            "2 a line that names the columns",
            "4 a duplicate of line 3",
            "8 a line that names the columns"
        ]
    );
}

#[test]
fn explain_knows_a_file_by_the_folders_that_its_mapping_asks_for() {
    let source = PLAIN
        .replace("files = \"*.csv\"", "files = \"site-*/*.csv\"\nfile_name = '^(?<vantage>site-.)/'")
        .replace("fields = {", "fields = { vantage = \"{vantage}\",");
    let line = "2019-04-16T08:00:00Z,evry-prefecture,0\n";
    let foreign = Foreign::new(&source).file("site-a/x.csv", line).file("ailleurs/y.csv", line);
    let version = foreign.version();
    assert_eq!(explain_all(&foreign, "site-a/x.csv", 1).0, of_run(&version, "site-a/x.csv"));
    let run = foreign.explain("ailleurs/y.csv:1");
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("a run leaves it alone") && run.stderr.contains("site-*/*.csv"), "{}", run.stderr);
}

#[test]
fn explain_knows_the_schedule_and_the_conflicts_of_a_file() {
    let sample = root().join("tests/fixtures/bad/same-id-other-content.ndjson");
    let pipeline = root().join("tests/fixtures/pipelines/tolerant");
    let version = Version::of(&pipeline, &[&sample], AS_OF);
    let told = guichets(root(), ["--json".as_ref(), "explain".as_ref(), pipeline.as_os_str(), sample.as_os_str()]);
    assert_eq!(of_explain(&told.stdout).0, of_run(&version, "same-id-other-content.ndjson"));
    let foreign = Foreign::new(PLAIN).file("a.csv", "2018-12-31T22:00:00Z,evry-prefecture,0\n");
    assert!(foreign.explain("a.csv:1").stdout.contains("set aside: avant_calendrier (field started_at)"));
}

#[test]
fn explain_knows_a_record_that_repeats_another_of_its_line() {
    let source = r#"
files = "*.ndjson"
format = "ndjson"
time = { value = "{at}", format = "rfc3339" }
each = { path = "l" }
fields = { attempt_id = { value = "{at} {item.g}", hash = true }, counter = "{item.g}", procedure = "premier-titre", "slots.count" = "{item.n}" }
"#;
    let cell = r#"{"g":"evry-prefecture","n":0}"#;
    let foreign =
        Foreign::new(source).file("a.ndjson", format!("{{\"at\":\"2019-04-16T08:00:00Z\",\"l\":[{cell},{cell}]}}\n"));
    assert_eq!(
        explain_all(&foreign, "a.ndjson", 1),
        (of_run(&foreign.version(), "a.ndjson"), vec!["1 a duplicate of line 1".to_owned()])
    );
}

#[test]
fn explain_knows_which_of_two_mappings_a_run_takes() {
    let one = |files: &str, field: &str| {
        format!(
            "files = \"{files}\"\nformat = \"ndjson\"\ntime = {{ value = \"{{at}}\", format = \"rfc3339\" }}\n\
             fields = {{ counter = \"evry-prefecture\", procedure = \"premier-titre\", \"slots.count\" = \"{{{field}}}\" }}\n"
        )
    };
    let source = one("east/*.ndjson", "free") + "[[source]]\nname = \"autre\"\n" + &one("*.ndjson", "taken");
    let foreign =
        Foreign::new(&source).file("east/a.ndjson", "{\"at\":\"2019-04-16T08:00:00Z\",\"free\":0,\"taken\":7}\n");
    let at = foreign.raw().join("east/a.ndjson");
    let (at, raw, pipeline) = (at.to_str().unwrap(), foreign.raw(), foreign.pipeline());
    let told = guichets(root(), ["--json", "explain", pipeline.to_str().unwrap(), at, "--raw", raw.to_str().unwrap()]);
    assert_eq!(of_explain(&told.stdout).0, of_run(&foreign.version(), "east/a.ndjson"), "{}", told.stderr);
}

#[test]
fn explain_knows_what_a_line_of_another_file_contradicts() {
    let line = |id: u32, free: u32| format!("{id},2019-04-16T08:00:00Z,evry-prefecture,{free}\n");
    let source = PLAIN
        .replace("[\"quand\"", "[\"id\", \"quand\"")
        .replace("fields = {", "fields = { attempt_id = { value = \"{id}\", hash = true },");
    let foreign = Foreign::new(&source)
        .file("a.csv", line(1, 0) + &line(2, 0))
        .file("b.csv", line(1, 3) + &line(2, 0) + &line(3, 3));
    let (at, raw) = (foreign.raw().join("b.csv"), foreign.raw());
    let args = [
        "--json",
        "explain",
        foreign.pipeline().to_str().unwrap(),
        at.to_str().unwrap(),
        "--raw",
        raw.to_str().unwrap(),
    ];
    let told = guichets(root(), args);
    let (said, notes) = of_explain(&told.stdout);
    assert_eq!(said, of_run(&foreign.version(), "b.csv"), "{}", told.stderr);
    assert!(said.values().any(|said| said == "identifiant_en_conflit attempt_id"), "{said:?}");
    assert_eq!(notes, ["2 a duplicate of a line that is kept"]);
}

//! No number that the contract allows becomes another one on its way, and no engine's panic is the last word.

use std::fs;

use guichets_ouverts::digest::sha256;
use serde_json::{Value, json};

use crate::referee::differing;
use crate::support::{Attempts, Kind, Store, Version, copy_project, guichets, json as read_json, root, tree};

const AS_OF: &str = "2019-05-01T00:00:00+02:00";
const SCHEDULE: &str = "*,*,2019-04-01T00:00:00+02:00,,60,true,essai";

fn publish(logs: &Attempts) -> Version {
    Version::of(&logs.pipeline("", SCHEDULE), &[&logs.path()], AS_OF)
}

/// The most slots that one attempt may have counted.
fn most_slots() -> u64 {
    let contract = read_json(&root().join("schemas/raw/attempt-v1.schema.json"));
    contract["properties"]["slots"]["properties"]["count"]["maximum"].as_u64().unwrap()
}

#[test]
fn slots_of_four_plannings_are_summed_whatever_each_of_them_counts() {
    let most = most_slots();
    let mut logs = Attempts::on("evry-prefecture");
    for planning in 0..4 {
        let more = json!({"run_id": "c1", "planning": format!("p{planning}"), "slots": {"count": most}});
        logs = logs.look(Kind::Yes, &format!("2019-04-16T08:0{planning}:00Z"), &more);
    }
    let version = publish(&logs);
    assert_eq!(version.rows("consultations")[0]["creneaux"], (4 * most).to_string());
    assert_eq!(differing(&version), Vec::<Value>::new());
}

/// A count is a number of 32 bits to one engine and of 64 to another: what a large number multiplies says which it is.
#[test]
fn whatever_a_large_number_multiplies_has_64_bits() {
    let mut products = 0;
    for (path, bytes) in tree(&root().join("pipelines/models")) {
        let sql = String::from_utf8(bytes).unwrap();
        let words: Vec<&str> = sql.split_whitespace().collect();
        let large = |word: &str| {
            let digits = word.trim_start_matches(|sign: char| !sign.is_ascii_digit());
            digits.len() > 5 && digits.bytes().all(|digit| digit.is_ascii_digit())
        };
        for at in (1..words.len() - 1).filter(|at| words[*at] == "*") {
            let (before, after) = (words[at - 1], words[at + 1]);
            let wide = |told: &str| told.ends_with("BIGINT)") || told.ends_with("DOUBLE)");
            if large(before) {
                assert!(after.starts_with("CAST("), "{path}: {before} * {after}");
                assert!(wide(words[at + 3].trim_end_matches(',')), "{path}: {before} * {after} … {}", words[at + 3]);
            } else if large(after.trim_end_matches([')', ','])) {
                assert!(wide(before), "{path}: {before} * {after}");
            } else {
                continue;
            }
            products += 1;
        }
    }
    assert!(products >= 2, "only {products} such products were found");
}

/// The last day that is believed, a leap day, and one behind a leap day.
#[test]
fn a_second_date_is_as_many_days_away_in_every_engine() {
    let sees = |first: &str, second: &str| json!({"slots": {"count": 2, "first_date": first, "second_date": second}});
    let days = [
        ("2019-04-16T08:00:00Z", sees("2019-05-02", "2099-12-31")),
        ("2019-04-17T08:00:00Z", sees("2019-05-02", "2020-02-29")),
        ("2019-04-18T08:00:00Z", sees("2020-02-28", "2021-03-01")),
    ];
    let mut logs = Attempts::on("evry-prefecture");
    for (at, more) in &days {
        logs = logs.look(Kind::Yes, at, more);
    }
    let version = publish(&logs);
    let rows = version.rows("consultations");
    let told: Vec<&str> = rows.iter().map(|row| row["deuxieme_delai_jours"].as_str()).collect();
    assert_eq!(told, ["29479", "318", "683"]);
    assert_eq!(differing(&version), Vec::<Value>::new());
}

/// Two numbers that a 32-bit sum cannot hold, in a model of one's own: where the engine checks, it panics.
#[test]
fn a_panic_of_the_engine_is_an_error_that_names_the_model() {
    let project = tempfile::tempdir().unwrap();
    copy_project(project.path());
    let model = project.path().join("pipelines/models/consultations.sql");
    let sql = fs::read_to_string(&model).unwrap();
    let (ours, theirs) = ("SUM(CAST(creneaux AS BIGINT))", "SUM(2147483647 + 0 * lignes)");
    assert!(sql.contains(ours));
    fs::write(&model, sql.replace(ours, theirs)).unwrap();
    let mut logs = Attempts::on("evry-prefecture");
    for planning in 0..2 {
        let more = json!({"run_id": "c1", "planning": format!("p{planning}")});
        logs = logs.look(Kind::No, &format!("2019-04-16T08:0{planning}:00Z"), &more);
    }
    let run = Store::of(project.path()).run(&logs.pipeline("", SCHEDULE), &[&logs.path()], AS_OF, &[]);
    // Without the checks of a development build the sum is another number, and its schema refuses it.
    if cfg!(debug_assertions) {
        assert_eq!(run.code, Some(70), "{}", run.stderr);
        assert!(
            run.stderr.contains("models/consultations.sql: the engine panicked: attempt to add with overflow"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("panicked at") && !run.stderr.contains("RUST_BACKTRACE"), "{}", run.stderr);
    } else {
        assert_eq!(run.code, Some(3), "{}", run.stderr);
    }
}

/// A stranger's manifest may state any sizes: they are told to be wrong, and not added up into a panic.
#[test]
fn sizes_that_no_number_can_add_up_are_faults_of_the_version() {
    let (logs, store) = (Attempts::on("evry-prefecture").saw(Kind::No, 3, "2019-04-16T08:00:00Z"), Store::new());
    assert_eq!(store.run(&logs.pipeline("", SCHEDULE), &[&logs.path()], AS_OF, &[]).code, Some(0));
    let mut pointer = read_json(&store.path().join("latest.json"));
    let mut manifest = store.manifest();
    for file in manifest["files"].as_array_mut().unwrap() {
        file["bytes"] = u64::MAX.into();
        if file["rows"].is_u64() {
            file["rows"] = u64::MAX.into();
        }
    }
    let bytes = manifest.to_string();
    fs::write(store.path().join(pointer["manifest"].as_str().unwrap()), &bytes).unwrap();
    pointer["manifest_sha256"] = sha256(bytes.as_bytes()).into();
    fs::write(store.path().join("latest.json"), pointer.to_string()).unwrap();
    let run = guichets(&store.path(), ["verify".as_ref(), store.path().as_os_str()]);
    assert_eq!(run.code, Some(4), "{}{}", run.stdout, run.stderr);
    let told: String = run.stdout.split_whitespace().collect();
    assert!(told.contains(&format!("{}bytes,{}rows", u64::MAX, u64::MAX)), "{}", run.stdout);
}

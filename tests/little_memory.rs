//! How much memory a run may take decides how long it takes, and never what it says.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Store, copy, root};

const AS_OF: &str = "2019-06-01T00:00:00+02:00";

/// A pipeline whose gates let everything through, with so much memory, in MiB.
fn pipeline(folder: &Path, memory: usize) -> PathBuf {
    let pipeline = folder.join(format!("memory-{memory}"));
    copy(&root().join("tests/fixtures/pipelines/tolerant"), &pipeline);
    let path = pipeline.join("pipeline.toml");
    let rules = root().join("pipelines/rendez-vous/outcome-rules.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("../../../../pipelines/rendez-vous/outcome-rules.toml", &rules.to_string_lossy());
    fs::write(&path, format!("simulated = true\n{text}\n[limits]\nmemory_mib = {memory}\n")).unwrap();
    pipeline
}

/// Two months of the sample as nobody would log them: days in disorder, every third line from another vantage, half of the
/// counters without the cycles that the attempts belong to, some lines twice.
fn disorder(folder: &Path) {
    let mut lines = Vec::new();
    for month in ["2019-02", "2019-03"] {
        let path = root().join(format!("data/sample/attempts-{month}.ndjson.zst"));
        let text = zstd::decode_all(fs::File::open(path).unwrap()).unwrap();
        lines.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
    }
    let mut disordered: Vec<String> = (0..7).flat_map(|turn| lines.iter().skip(turn).step_by(7).cloned()).collect();
    for (number, line) in disordered.iter_mut().enumerate() {
        let Ok(mut attempt) = serde_json::from_str::<Value>(line) else { continue };
        let Some(counter) = attempt["counter"].as_str().map(str::len) else { continue };
        if number % 3 == 0 {
            attempt["vantage"] = json!("ailleurs");
        }
        if counter % 2 == 0 {
            attempt["run_id"] = Value::Null;
            attempt["run_started_at"] = Value::Null;
        }
        *line = attempt.to_string();
    }
    let twice: Vec<String> = disordered.iter().step_by(11).cloned().collect();
    disordered.extend(twice);
    fs::write(folder.join("disorder.ndjson"), disordered.join("\n") + "\n").unwrap();
}

fn content(pipeline: &Path, logs: &Path) -> Vec<(String, String)> {
    let store = Store::new();
    let run = store.run(pipeline, &[logs], AS_OF, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    store.content()
}

/// Without memory, every attempt goes to disk and every model works on one counter of a month at a time; with a little, some do.
#[test]
fn a_run_that_has_no_memory_says_what_one_that_has_plenty_says() {
    let folder = TempDir::new().unwrap();
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).unwrap();
    disorder(&logs);
    let [none, little, plenty] = [0, 1, 4096].map(|memory| content(&pipeline(folder.path(), memory), &logs));
    for table in ["tentatives", "consultations", "regards", "refus", "cycles", "presences", "suites_reponses_mois"] {
        assert!(plenty.iter().any(|(name, _)| name.starts_with(&format!("{table}-2019-03"))), "no {table}");
    }
    assert_eq!(none, plenty);
    assert_eq!(little, plenty);
}

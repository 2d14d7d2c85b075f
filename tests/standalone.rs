//! The command needs nothing beside it: in an empty folder, without a clone around, it makes the sample, and of the same content.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, json, sample};

/// A folder that no clone is around, with the command in it and nothing else.
struct Alone(TempDir);

impl Alone {
    fn new() -> Self {
        let alone = Self(tempfile::tempdir().unwrap());
        fs::copy(env!("CARGO_BIN_EXE_guichets"), alone.path().join("guichets")).unwrap();
        alone
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, args: &[&str]) -> Run {
        let folder = self.path().join("temporary");
        fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new(self.path().join("guichets"));
        command.args(args).current_dir(self.path()).env_clear().env("TMPDIR", &folder);
        let run = Run::of(&mut command);
        let left: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        run
    }
}

/// The content of each file that holds a table.
fn content(manifest: &Value) -> BTreeMap<String, String> {
    let files = manifest["files"].as_array().unwrap().iter().filter(|file| file["content_digest"].is_string());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    files.map(|file| (text(&file["path"]), text(&file["content_digest"]))).collect()
}

#[test]
fn in_an_empty_folder_the_command_makes_the_sample() {
    let alone = Alone::new();
    let run = alone.run(&[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let pointer = json(&alone.path().join("public/latest.json"));
    let manifest = json(&alone.path().join("public").join(pointer["manifest"].as_str().unwrap()));
    assert_eq!(content(&manifest), content(&sample().manifest));
    // What a run says of where it stands is nothing of this machine.
    let documents = fs::read_to_string(alone.path().join("public/latest/fichiers.html")).unwrap();
    assert!(!documents.contains("temporary"), "a temporary folder is published");
}

#[test]
fn a_pipeline_of_ones_own_needs_nothing_but_its_folder() {
    let alone = Alone::new();
    let pipeline = alone.path().join("mienne");
    fs::create_dir(&pipeline).unwrap();
    let settings = "name = \"mienne\"\ntitle = \"Essai\"\ntitle_en = \"Trial\"\ndescription = \"Essai.\"\noutcome_rules = \"rendez-vous\"\nregistry.folders = [\"data/registry\"]\n";
    fs::write(pipeline.join("pipeline.toml"), settings).unwrap();
    let schedule = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source\n*,*,2019-04-01T00:00:00+02:00,,60,true,essai\n";
    fs::write(pipeline.join("schedule.csv"), schedule).unwrap();
    let line = serde_json::json!({"contract": "attempt/1", "attempt_id": "00000000-0000-4000-8000-000000000001",
        "started_at": "2019-04-16T08:10:00Z", "counter": "evry-prefecture", "procedure": "premier-titre",
        "system": "ez_planning", "probe": "essai", "http_status": 200, "step": "/2",
        "page_text": "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous."});
    fs::write(alone.path().join("essai.ndjson"), format!("{line}\n")).unwrap();
    let run = alone.run(&["check", "mienne", "--raw", "essai.ndjson", "--as-of", "2019-04-17T00:00:00Z"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let run = alone.run(&["explain", "mienne", "essai.ndjson:1"]);
    assert!(run.code == Some(0) && run.stdout.contains("aucun_rdv"), "{}{}", run.stdout, run.stderr);
    let run = alone.run(&["schema", "check"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

/// A pipeline that is not there is told with those that the command brings along.
#[test]
fn a_pipeline_that_is_nowhere_is_told_with_those_that_there_are() {
    let alone = Alone::new();
    let run = alone.run(&["check", "nulle-part", "--raw", "essai.ndjson"]);
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("nulle-part") && run.stderr.contains("rendez-vous"), "{}", run.stderr);
}

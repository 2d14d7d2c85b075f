//! What a technician copies is well formed, and the commands in it read what they say.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::forges::complaints;
use crate::support::{Run, root};

fn file(name: &str) -> std::path::PathBuf {
    root().join("docs/deployments").join(name)
}

#[test]
fn deployments_are_what_their_schemas_ask_for() {
    let spoiled = tempfile::tempdir().unwrap();
    let compose = ["--builtin-schema", "vendor.compose-spec"];
    for (name, program, args, good, bad) in [
        ("sail.compose.yaml", "check-jsonschema", &compose[..], "restart:", "restarts:"),
        ("sail.kubernetes.yaml", "kubernetes-validate", &["--strict"], "replicas: 1", "replicas: one"),
        ("ingest.kubernetes.yaml", "kubernetes-validate", &["--strict"], "completions: 8", "completion: 8"),
        ("ingest.slurm", "shellcheck", &[], "\"$PIPELINE\"", "$PIPELINE"),
    ] {
        assert_eq!(complaints(program, args, &file(name)), None, "{name}");
        let text = fs::read_to_string(file(name)).unwrap();
        assert!(text.contains(good), "{name} has no {good}");
        let copy = spoiled.path().join(name);
        fs::write(&copy, text.replace(good, bad)).unwrap();
        assert!(complaints(program, args, &copy).is_some(), "{name} with {bad}");
    }
}

/// What a task of an array job leaves, run by its own line.
fn shards_of(mut command: Command, work: &Path, index: [(&str, &str); 2]) -> Vec<String> {
    let own = Path::new(env!("CARGO_BIN_EXE_guichets")).parent().unwrap();
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
    command.envs([("PATH", path.as_str()), ("PIPELINE", "exemple"), ("TRAVAIL", work.to_str().unwrap())]);
    command.env("JOURNAUX", root().join("data/sample")).env("GUICHETS_PROJECT", root()).envs(index).current_dir(work);
    let run = Run::of(&mut command);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    fs::read_dir(work).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_tasks_of_array_jobs_read_their_shards() {
    let (slurm, kubernetes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = Command::new("sh");
    command.arg(file("ingest.slurm"));
    let index = [("SLURM_ARRAY_TASK_ID", "2"), ("SLURM_ARRAY_TASK_COUNT", "3")];
    assert_eq!(shards_of(command, slurm.path(), index), ["fragment-00002-de-00003"]);

    let text = fs::read_to_string(file("ingest.kubernetes.yaml")).unwrap();
    let line = text.lines().find(|line| line.trim_start().starts_with("guichets ingest")).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", line.trim()]);
    // Kubernetes counts from 0.
    let index = [("JOB_COMPLETION_INDEX", "7"), ("ESSAI", "")];
    assert_eq!(shards_of(command, kubernetes.path(), index), ["fragment-00008-de-00008"]);
    assert!(
        text.contains("completions: 8") && text.contains("parallelism: 8") && line.contains("/8\""),
        "three places"
    );
}

/// The versions that are installed are those that are tried.
#[test]
fn deployments_install_what_is_tried() {
    let pins = fs::read_to_string(root().join("tests/requirements-engines.txt")).unwrap();
    let pin = pins.lines().find(|line| line.starts_with("pysail==")).unwrap();
    for name in ["sail.compose.yaml", "sail.kubernetes.yaml"] {
        assert!(fs::read_to_string(file(name)).unwrap().contains(pin), "{name} does not install {pin}");
    }
}

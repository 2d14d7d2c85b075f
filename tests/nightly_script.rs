//! What the nightly script makes of its settings, with stand-ins for the commands that it calls; and that forges only call it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use regex::Regex;

use crate::support::{Run, root};

/// The job with commands of the test in the place of guichets and cargo, and what these were told.
fn told(environment: &[(&str, &str)], cargo: &str) -> (Run, String) {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let script = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{}\n", text.replace("TOLD", told.to_str().unwrap()))).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    script("cargo", cargo);
    let guichets = script("stub", "printf '%s\\n' \"$@\" >> TOLD; exit 2");
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.path().display());
    let mut job = Command::new(root().join(".ci/nightly"));
    job.env_clear().env("PATH", path).current_dir(folder.path());
    if cargo.is_empty() {
        job.env("GUICHETS", guichets);
    }
    let run = Run::of(job.envs(environment.iter().copied()));
    (run, fs::read_to_string(told).unwrap_or_default())
}

#[test]
fn a_setting_that_is_missing_or_of_several_lines_is_told_or_taken_whole() {
    for (environment, last) in [
        (&[][..], "failed: GUICHETS_STORE is not set"),
        (&[("GUICHETS_STORE", "a"), ("GUICHETS_ACCEPT", "quarantaine")], "failed: GUICHETS_ACCEPT overrules a gate"),
        (
            &[("GUICHETS_STORE", "a"), ("GUICHETS_ACCEPT", "quarantaine"), ("GUICHETS_BECAUSE", " ")],
            "failed: GUICHETS_ACCEPT overrules a gate",
        ),
        (&[("GUICHETS_STORE", "\r\n")], "failed: GUICHETS_STORE is not set"),
        (&[("GUICHETS_STORE", "a"), ("GUICHETS", "/nulle-part")], "failed: there is no command /nulle-part"),
        (&[("GUICHETS_STORE", "a")], "failed: guichets run ended with 2"),
    ] {
        let (run, _) = told(environment, "");
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stdout.lines().last().unwrap().starts_with(&format!("nightly: {last}")), "{}", run.stdout);
    }
    let settings = [
        ("GUICHETS_STORE", "a\r\n"),
        ("GUICHETS_RAW", "s3://a/*\r\ns3://b  s3://c\n"),
        ("GUICHETS_WITHOUT", "x\ny"),
        ("GUICHETS_ACCEPT", "quarantaine cycles"),
        ("GUICHETS_BECAUSE", "disque plein"),
    ];
    let (_, told) = told(&settings, "");
    assert!(told.contains("--store\na\n") && !told.contains('\r'), "{told}");
    assert!(told.contains("--raw\ns3://a/*\ns3://b\ns3://c\n--without\nx\n--without\ny\n"), "{told}");
    assert!(told.contains("--accept\nquarantaine\n--accept\ncycles\n--because\ndisque plein\n"), "{told}");
}

/// What dependencies run while they are built finds no secret; and what keeps the command from being built ends the night.
#[test]
fn who_builds_the_command_is_told_no_secret() {
    let secrets =
        ["CI_JOB_TOKEN", "GUICHETS_SIGNING_KEY", "AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_SAS_KEY", "DATAGOUV_API_KEY"];
    let settings: Vec<(&str, &str)> =
        secrets.map(|name| (name, "un-secret")).into_iter().chain([("GUICHETS_STORE", "a")]).collect();
    let (run, told) = told(&settings, "env > TOLD; exit 101");
    assert!(told.contains("PATH=") && !told.contains("un-secret"), "{told}");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert_eq!(run.stdout.lines().last(), Some("nightly: failed: the command could not be built"));
}

/// Both forges run the one script.
#[test]
fn the_forges_only_call_the_script() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let (github, gitlab, script) =
        (read(".github/workflows/nightly.yml"), read(".ci/gitlab-nightly.yml"), read(".ci/nightly"));
    assert!(github.contains("\npermissions:\n  contents: read\n\n"));
    let runs: Vec<&str> = github.lines().filter_map(|line| line.split_once("run: ")).map(|(_, run)| run).collect();
    assert_eq!(runs.last(), Some(&".ci/nightly"));
    assert!(gitlab.contains("  script:\n    - .ci/nightly --summary nightly.md\n"));
    // Nothing of a run's inputs is put into a shell's text, and everything that is handed over has a meaning there.
    assert!(runs.iter().all(|run| !run.contains("${{")), "{runs:?}");
    let handed = Regex::new(r"(?m)^ {10}((GUICHETS|DATAGOUV)_[A-Z_]+):").unwrap();
    let handed: Vec<String> = handed.captures_iter(&github).map(|found| found[1].to_owned()).collect();
    assert!(handed.len() >= 8, "{handed:?}");
    // A change of what the command is made of builds it anew, wherever it is kept.
    let made_of = script.split_once("&& find ").unwrap().1.split_once(" -type f").unwrap().0;
    assert!(made_of.contains("src") && made_of.contains("Cargo.lock"), "{made_of}");
    let key = github.lines().find(|line| line.contains("key: guichets-")).unwrap();
    for part in made_of.split(' ') {
        assert!([format!("'{part}'"), format!("'{part}/")].iter().any(|named| key.contains(named)), "{part}: {key}");
    }
    let page = read("docs/NIGHTLY.md");
    for name in handed {
        assert!(script.contains(&name) && page.contains(&name), "{name}");
    }
}

//! What runs on a forge: scripts and workflows are well formed, run nothing that is not pinned, and the archive of a release
//! holds what it says.

use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use tempfile::TempDir;

use crate::support::python::Environment;
use crate::support::{Run, json, root};

/// What is wrong with a script or a workflow, by those who know.
static LINTERS: Environment = Environment::new("tests/requirements-ci.txt");

const WORKFLOWS: [&str; 3] = ["check", "nightly", "release"];

/// What a linter says of a file; nothing where it is content.
pub fn complaints(program: &str, args: &[&str], file: &Path) -> Option<String> {
    let run = Run::of(Command::new(LINTERS.interpreter().with_file_name(program)).args(args).arg(file));
    (run.code != Some(0)).then_some(run.stdout + &run.stderr)
}

#[test]
fn scripts_and_workflows_are_well_formed() {
    let spoiled = tempfile::tempdir().unwrap();
    let workflow = ["--builtin-schema", "vendor.github-workflows"];
    let gitlab = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"];
    for (file, program, args, good, bad) in [
        (".ci/nightly", "shellcheck", &[][..], "\"$night/$1.err\"", "$night/$1.err"),
        (".ci/run", "shellcheck", &[], "\"$@\"", "$@"),
        (".ci/release", "shellcheck", &[], "mkdir \"$work/$name\"", "mkdir $work/$name"),
        (".github/workflows/nightly.yml", "check-jsonschema", &workflow, "runs-on", "run-on"),
        (".github/workflows/check.yml", "check-jsonschema", &workflow, "runs-on", "run-on"),
        (".github/workflows/release.yml", "check-jsonschema", &workflow, "fail-fast", "fails-fast"),
        (".ci/gitlab-nightly.yml", "check-jsonschema", &gitlab, "interruptible: false", "interruptible: 2"),
    ] {
        assert_eq!(complaints(program, args, &root().join(file)), None, "{file}");
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains(good), "{file} has no {good}");
        let copy = spoiled.path().join("copy.yml");
        fs::write(&copy, text.replacen(good, bad, 1)).unwrap();
        assert!(complaints(program, args, &copy).is_some(), "{file} with {bad}");
    }
}

/// A tag of an action can be moved, a commit cannot; and nothing that somebody else wrote is put into a shell's text.
#[test]
fn workflows_run_what_is_pinned_and_may_write_nothing_by_default() {
    let pinned =
        Regex::new(r"^actions/(attest-build-provenance|cache|checkout)@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$")
            .unwrap();
    for name in WORKFLOWS {
        let text = fs::read_to_string(root().join(format!(".github/workflows/{name}.yml"))).unwrap();
        let after = |key: &'static str| text.lines().filter_map(move |line| line.split_once(key)).map(|(_, rest)| rest);
        assert!(after("uses: ").count() > 0 && after("uses: ").all(|used| pinned.is_match(used)), "{name}");
        assert!(text.contains("\npermissions:\n  contents: read\n"), "{name}");
        assert!(after("run: ").count() > 0 && after("run: ").all(|run| !run.contains("${{")), "{name}");
    }
}

/// Packs a stand-in for the command.
fn packed(folder: &TempDir, out: &str) -> Run {
    let command = folder.path().join("command");
    fs::write(&command, "#!/bin/sh\necho the command\n").unwrap();
    let mut release = Command::new(root().join(".ci/release"));
    release.args(["x86_64-unknown-linux-gnu", out, "--of"]).arg(command).current_dir(folder.path());
    Run::of(&mut release)
}

#[test]
fn the_archive_of_a_release_holds_the_command_and_is_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    for out in ["one", "other"] {
        let run = packed(&folder, out);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    let name = "guichets-x86_64-unknown-linux-gnu";
    let bytes = |out: &str, ending: &str| fs::read(folder.path().join(format!("{out}/{name}.{ending}"))).unwrap();
    for ending in ["tar.gz", "tar.gz.sha256", "spdx.json"] {
        assert!(bytes("one", ending) == bytes("other", ending), "{ending} has other bytes");
    }
    let shell = |text: &str| Run::of(Command::new("sh").args(["-c", text]).current_dir(folder.path().join("one")));
    let checked = shell(&format!("sha256sum --check {name}.tar.gz.sha256 && tar xzf {name}.tar.gz && {name}/guichets"));
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert_eq!(checked.stdout, format!("{name}.tar.gz: OK\nthe command\n"));
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md"] {
        let inside = fs::read(folder.path().join(format!("one/{name}/{file}"))).unwrap();
        assert!(inside == fs::read(root().join(file)).unwrap(), "{file}");
    }
    let parts = json(&folder.path().join(format!("one/{name}.spdx.json")));
    let names: Vec<&str> =
        parts["packages"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert!(["guichets-ouverts", "polars", "rustls"].iter().all(|part| names.contains(part)), "{names:?}");
    // What only tests or other systems need is no part of it.
    assert!(["proptest", "insta", "windows-sys"].iter().all(|part| !names.contains(part)), "{names:?}");
}

/// What `cargo binstall` looks for is what a release holds.
#[test]
fn installers_find_the_archive_by_its_name() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let package = &manifest["package"];
    let told = |key: &str| package["metadata"]["binstall"][key].as_str().unwrap();
    let fill = |text: &str| text.replace("{ target }", "T").replace("{ version }", "1.2.3").replace("{ repo }", "R");
    assert_eq!(fill(told("pkg-url")), "R/releases/download/v1.2.3/guichets-T.tar.gz");
    assert_eq!(fill(told("bin-dir")), "guichets-T/guichets");
    assert!(package["repository"].as_str().is_some_and(|address| address.starts_with("https://")));
    let script = fs::read_to_string(root().join(".ci/release")).unwrap();
    assert!(script.contains("name=guichets-$target\n"));
}

//! What runs on a forge, and what is asked there: scripts, workflows and forms are well formed, and run nothing that is not pinned.

use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use crate::support::python::Environment;
use crate::support::{Run, root};

/// What is wrong with a script or a workflow, by those who know.
pub static LINTERS: Environment = Environment::new("tests/requirements-ci.txt");

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
    let form = ["--builtin-schema", "vendor.github-issue-forms"];
    let chooser = ["--builtin-schema", "vendor.github-issue-config"];
    let gitlab = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"];
    for (file, program, args, good, bad) in [
        (".ci/nightly", "shellcheck", &[][..], "\"$night/$1.err\"", "$night/$1.err"),
        (".ci/run", "shellcheck", &[], "\"$@\"", "$@"),
        (".ci/release", "shellcheck", &[], "mkdir \"$work/$name\"", "mkdir $work/$name"),
        (".ci/try-release", "shellcheck", &[], "mkdir \"$work/archive\"", "mkdir $work/archive"),
        (".ci/image", "shellcheck", &[], "rm -f \"$file\"", "rm -f $file"),
        (".ci/changelog", "shellcheck", &[], "\"$base\"", "$base"),
        (".github/workflows/nightly.yml", "check-jsonschema", &workflow, "runs-on", "run-on"),
        (".github/workflows/check.yml", "check-jsonschema", &workflow, "runs-on", "run-on"),
        (".github/workflows/release.yml", "check-jsonschema", &workflow, "fail-fast", "fails-fast"),
        (".github/ISSUE_TEMPLATE/chiffre.yml", "check-jsonschema", &form, "type: input", "type: inputs"),
        (".github/ISSUE_TEMPLATE/defaut.yml", "check-jsonschema", &form, "type: input", "type: inputs"),
        (".github/ISSUE_TEMPLATE/config.yml", "check-jsonschema", &chooser, "about:", "abouts:"),
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
    let pinned = Regex::new(r"^actions/[a-z-]+(/restore|/save)?@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$").unwrap();
    for name in WORKFLOWS {
        let text = fs::read_to_string(root().join(format!(".github/workflows/{name}.yml"))).unwrap();
        let after = |key: &'static str| text.lines().filter_map(move |line| line.split_once(key)).map(|(_, rest)| rest);
        assert!(after("uses: ").count() > 0 && after("uses: ").all(|used| pinned.is_match(used)), "{name}");
        assert!(text.contains("\npermissions:\n  contents: read\n"), "{name}");
        assert!(after("run: ").count() > 0 && after("run: ").all(|run| !run.contains("${{")), "{name}");
    }
}

/// The compiler that is promised compiles every dependency, and is the one that forges take.
#[test]
fn the_compiler_that_is_promised_is_the_one_that_forges_take() {
    let metadata = Run::of(
        Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--locked"]).current_dir(root()),
    );
    let metadata: Value = serde_json::from_str(&metadata.stdout).unwrap();
    let number = |version: &str| -> Vec<u64> { version.split('.').map(|part| part.parse().unwrap()).collect() };
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let ours = packages.clone().find(|package| package["name"] == "guichets-ouverts").unwrap()["rust_version"].as_str();
    let ours = ours.unwrap();
    let later = packages.find(|package| package["rust_version"].as_str().is_some_and(|its| number(its) > number(ours)));
    assert!(later.is_none(), "{} needs {}", later.unwrap()["id"], later.unwrap()["rust_version"]);
    let taken = Regex::new(r"(?:toolchain install |rust:|Rust )([0-9]+\.[0-9]+)").unwrap();
    let workflows = WORKFLOWS.map(|name| format!(".github/workflows/{name}.yml"));
    for file in workflows.iter().map(String::as_str).chain([".ci/gitlab-nightly.yml", "README.md"]) {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let versions: Vec<&str> = taken.captures_iter(&text).map(|found| found.get(1).unwrap().as_str()).collect();
        assert!(!versions.is_empty() && versions.iter().all(|version| *version == ours), "{file}: {versions:?}");
    }
}

#[test]
fn no_english_word_is_misspelt() {
    let typos = |folder: &Path| {
        Run::of(
            Command::new(LINTERS.interpreter().with_file_name("typos")).args(["--format", "brief"]).current_dir(folder),
        )
    };
    let run = typos(root());
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let spoiled = tempfile::tempdir().unwrap();
    fs::write(spoiled.path().join("a.rs"), concat!("// It was recie", "ved.\n")).unwrap();
    assert_ne!(typos(spoiled.path()).code, Some(0));
}

/// What a change says of itself in the changelog, by the script that asks for it.
#[test]
fn a_change_that_people_notice_is_in_the_changelog() {
    let folder = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let run = Run::of(
            Command::new("git")
                .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
                .args(args)
                .current_dir(folder.path()),
        );
        assert_eq!(run.code, Some(0), "{args:?} {}", run.stderr);
    };
    let write = |path: &str, text: &str| {
        fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
        fs::write(folder.path().join(path), text).unwrap();
    };
    let asked =
        || Run::of(Command::new("bash").arg(root().join(".ci/changelog")).arg("start").current_dir(folder.path()));
    let commit = |message: &str| {
        git(&["add", "-A"]);
        git(&["commit", "-qm", message]);
        asked().code
    };
    git(&["init", "-q"]);
    write("src/a.rs", "");
    write("CHANGELOG.md", "# Changelog\n");
    git(&["add", "-A"]);
    git(&["commit", "-qm", "start"]);
    git(&["tag", "start"]);
    write("tests/a.rs", "");
    assert_eq!(commit("a test"), Some(0), "nobody notices a test");
    write("src/a.rs", "fn a() {}\n");
    assert_eq!(commit("code"), Some(1));
    assert!(asked().stderr.contains("src/a.rs") && asked().stderr.contains("CHANGELOG.md"), "{}", asked().stderr);
    git(&["commit", "-q", "--amend", "-m", "code\n\nChangelog: none"]);
    assert_eq!(asked().code, Some(0), "a change may say that nobody notices it");
    write("src/été.rs", "fn b() {}\n");
    assert_eq!(commit("more code"), Some(1), "it says so of itself alone, whatever its files are called");
    write("schemas/a.json", "{}");
    write("CHANGELOG.md", "# Changelog\n\n- A table.\n");
    assert_eq!(commit("a table"), Some(0));
}

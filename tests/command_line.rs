//! What the command says, word for word: its help, its summary, its complaints. A change of these texts is a change of
//! `tests/snapshots`, to be read before it is accepted (`INSTA_UPDATE=always cargo test`).

use std::fs;
use std::process::Command;

use guichets_ouverts::error::Kind as ErrorKind;
use insta::assert_snapshot;
use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Attempts, Kind, Run, append, root, sample};

/// A folder in which the command is run, with nothing in it.
struct Here(TempDir);

impl Here {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Runs the command on this project.
    fn run(&self, args: &[&str]) -> Run {
        self.outside([&["--project", root().to_str().unwrap()], args].concat().as_slice())
    }

    /// Runs the command without saying where the project is.
    fn outside(&self, args: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
        command.env("COLUMNS", "100").env_remove("GUICHETS_PROJECT").env_remove("GUICHETS_LOG");
        Run::of(command.current_dir(self.0.path()).args(args))
    }

    /// What was said, by the same words wherever and however fast.
    fn told(&self, run: &Run) -> String {
        let text = format!("exit code {}\n{}{}", run.code.unwrap(), run.stdout, run.stderr);
        let folder = fs::canonicalize(self.0.path()).unwrap();
        let text = text.replace(folder.to_str().unwrap(), "[here]").replace(self.0.path().to_str().unwrap(), "[here]");
        let text = text.replace(root().to_str().unwrap(), "[project]");
        let measured = Regex::new(r"[0-9.]+ (s\b|MB)").unwrap();
        measured.replace_all(&text, "[n] $1").into_owned()
    }
}

/// The commands that a help names.
pub fn commands(help: &str) -> Vec<&str> {
    let named = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let named = named.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named.map(|line| line.split_whitespace().next().unwrap()).filter(|name| *name != "help").collect()
}

#[test]
fn every_command_explains_itself() {
    let here = Here::new();
    let mut waiting = vec![Vec::new()];
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        let run = here.outside(&[path.as_slice(), &["--help"]].concat());
        assert_snapshot!(format!("help_{}", path.join("_")), here.told(&run));
        let inner = commands(&run.stdout).into_iter().map(|name| name.to_owned().leak() as &str);
        waiting.extend(inner.map(|name| [path.as_slice(), &[name]].concat()));
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}

/// The help of the command and its exit codes are declared apart: they say the same.
#[test]
fn the_help_names_every_exit_code() {
    let help = Here::new().outside(&["--help"]).stdout;
    let codes = [ErrorKind::Usage, ErrorKind::Refused, ErrorKind::Unreachable, ErrorKind::Internal];
    for code in codes.map(ErrorKind::exit_code).into_iter().chain([0, 1]) {
        assert!(Regex::new(&format!(r"[ ;:\n]{code} [a-z]")).unwrap().is_match(&help), "{code}");
    }
}

#[test]
fn the_sample_closes_with_a_summary() {
    let here = Here::new();
    let first = here.run(&[]);
    assert_snapshot!("sample", here.told(&first));
    let again = here.run(&[]);
    assert_snapshot!("sample_again", here.told(&again));
}

#[test]
fn check_closes_with_a_summary_and_writes_nothing() {
    let here = Here::new();
    assert_snapshot!("check", here.told(&here.run(&["check"])));
    assert_eq!(fs::read_dir(here.0.path()).unwrap().count(), 0);
}

#[test]
fn a_usage_error_says_what_where_and_what_to_do() {
    let here = Here::new();
    for (name, args) in [
        ("unknown_pipeline", &["run", "rendez-vuos", "--raw", "."][..]),
        ("pipeline_without_logs", &["run", "rendez-vous"]),
        ("bad_as_of", &["run", "exemple", "--as-of", "2019-06-01"]),
        ("unknown_gate", &["run", "exemple", "--accept", "quarantine", "--because", "essai"]),
        ("accept_without_because", &["run", "exemple", "--accept", "quarantaine"]),
        ("no_logs_there", &["run", "exemple", "--raw", "nulle-part"]),
        ("empty_folder", &["run", "exemple", "--raw", "."]),
        ("unknown_store", &["run", "exemple", "--store", "ftp://example.org/public"]),
        ("unknown_command", &["rnu"]),
    ] {
        let run = here.run(args);
        assert_eq!(run.code, Some(2), "{name}: {}", run.stderr);
        assert_snapshot!(format!("error_{name}"), here.told(&run));
    }
    let run = here.outside(&["run", "exemple", "--project", "nulle-part"]);
    assert_eq!(run.code, Some(2));
    assert_snapshot!("error_missing_project", here.told(&run));
}

/// A pipeline of the test's own, with a log of two attempts, in the folder in which the command is run.
fn pipeline(here: &Here) -> Attempts {
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 2, "2019-04-16T08:00:00Z");
    let schedule = "evry-prefecture,premier-titre,2019-04-01T00:00:00+02:00,2019-05-01T00:00:00+02:00,60,true,essai";
    crate::support::copy(&logs.pipeline("", schedule), &here.0.path().join("essai"));
    fs::copy(logs.path(), here.0.path().join("log.ndjson")).unwrap();
    logs
}

#[test]
fn an_error_in_a_configuration_names_the_file_and_the_place() {
    let schedule_row = "evry-prefecture,premier-titre,2019-04-20T00:00:00+02:00,,30,true,essai\n";
    let rules = "version = \"1\"\n[[rule]]\nid = \"un\"\nissue = \"jamais_vu\"\n";
    let line = Regex::new("outcome_rules = .*").unwrap();
    for (name, file, text) in [
        ("overlapping_schedule", "schedule.csv", schedule_row),
        ("broken_schedule", "schedule.csv", "evry-prefecture,premier-titre,hier,,30,true,essai\n"),
        ("broken_pipeline", "pipeline.toml", "tresholds = 1\n"),
        ("broken_rules", "rules.toml", rules),
    ] {
        let here = Here::new();
        pipeline(&here);
        let path = here.0.path().join("essai").join(file);
        if file == "rules.toml" {
            let settings = here.0.path().join("essai/pipeline.toml");
            let text = fs::read_to_string(&settings).unwrap();
            fs::write(&settings, line.replace(&text, "outcome_rules = \"rules.toml\"").as_bytes()).unwrap();
            fs::write(&path, "").unwrap();
        }
        append(&path, text);
        let run = here.run(&["run", "essai", "--raw", "log.ndjson", "--as-of", "2019-05-01T00:00:00+02:00"]);
        assert_eq!(run.code, Some(2), "{name}: {}", run.stderr);
        assert_snapshot!(format!("error_{name}"), here.told(&run));
    }
}

#[test]
fn a_refusal_is_told_with_the_summary() {
    let here = Here::new();
    pipeline(&here);
    append(&here.0.path().join("essai/pipeline.toml"), "gates.attempts_min = 3\n");
    let run = here.run(&["run", "essai", "--raw", "log.ndjson", "--as-of", "2019-05-01T00:00:00+02:00"]);
    assert_snapshot!("refusal", here.told(&run));
}

#[test]
fn machines_get_json_and_nothing_else_on_standard_output() {
    let here = Here::new();
    pipeline(&here);
    let log = root().join("data/sample/attempts-2019-02.ndjson.zst");
    let line = format!("{}:1", log.display());
    for (args, code, key) in [
        (&["run", "exemple", "--json"][..], 0, "summary"),
        (&["run", "exemple", "--json"], 1, "status"),
        (&["check", "exemple", "--json"], 0, "gates"),
        (&["schema", "check", "--json"], 0, "columns"),
        (&["explain", "exemple", &line, "--json"], 0, "explanation"),
        (&["run", "nulle-part", "--json"], 2, "error"),
        (&["run", "exemple", "--json", "--storage", "x"], 2, "hint"),
        (&["--json", "jouer"], 2, "error"),
        (&["run", "exemple", "--json", "--lang", "fr", "--as-of"], 2, "error"),
    ] {
        let run = here.run(args);
        assert_eq!(run.code, Some(code), "{args:?}: {}", run.stderr);
        let told: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {}", run.stdout));
        assert!(!told[key].is_null(), "{args:?} says nothing of {key}: {told}");
    }
}

#[test]
fn explain_says_what_became_of_a_line() {
    let here = Here::new();
    let log = root().join("data/sample/attempts-2019-02.ndjson.zst");
    let of = |line: &str| format!("{}:{line}", log.display());
    for (name, line, code) in [
        ("a_line", of("1"), 0),
        ("a_line_that_is_not_there", of("1000000"), 2),
        ("line_zero", of("0"), 2),
        ("a_file_that_is_not_there", "nulle-part.ndjson:1".to_owned(), 2),
    ] {
        let run = here.run(&["explain", "exemple", &line]);
        assert_eq!(run.code, Some(code), "{name}: {}{}", run.stdout, run.stderr);
        assert_snapshot!(format!("explain_{name}"), here.told(&run));
    }
}

/// What explain says of a line is what the run did with it, whichever station set it aside.
#[test]
fn explain_agrees_with_the_quarantine() {
    let here = Here::new();
    let mut set_aside = sample().rows("quarantaine");
    assert!(set_aside.len() >= 3, "{set_aside:?}");
    set_aside.sort_by(|a, b| a["motif"].cmp(&b["motif"]));
    for row in set_aside {
        let line = format!("{}:{}", root().join("data/sample").join(&row["fichier"]).display(), row["ligne"]);
        let run = here.run(&["explain", "exemple", &line]);
        let told = format!("set aside: {}", row["motif"]);
        assert!(run.stdout.contains(&told), "{line} is said to be « {} », not « {told} »", run.stdout.trim());
        assert_snapshot!(format!("explain_{}", row["motif"]), here.told(&run));
    }
}

#[test]
fn explain_finds_a_counter_that_is_not_in_the_registry() {
    let (here, logs) = (Here::new(), Attempts::on("atlantis-prefecture").saw(Kind::No, 1, "2019-04-16T08:00:00Z"));
    let run = here.run(&["explain", "exemple", &format!("{}:1", logs.path().display())]);
    assert!(run.stdout.contains("set aside: guichet_inconnu (field counter)"), "{}", run.stdout);
}

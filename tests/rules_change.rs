//! When the rules change, anyone can see how many attempts went from which outcome to which.

use std::fs;

use serde_json::{Value, json};

use crate::support::{copy_project, guichets_of};

/// Without this rule, the pages that it recognised are recognised by none.
const REMOVED: &str = "rdvsp-aucun-creneau";

#[test]
fn diff_counts_the_attempts_that_a_change_of_rules_moves() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    copy_project(&project);
    let store = folder.path().join("store");
    let store = store.to_str().unwrap();
    let run = |extra: &[&str]| {
        let args = ["--json", "run", "exemple", "--store", store].into_iter().chain(extra.iter().copied());
        let run = guichets_of(&project, folder.path(), args);
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
        serde_json::from_str::<Value>(&run.stdout).unwrap()
    };
    let before = run(&[]);

    let path = project.join("pipelines/rendez-vous/outcome-rules.toml");
    let rules = fs::read_to_string(&path).unwrap();
    let (head, rest) = rules.split_at(rules.find(&format!("id = \"{REMOVED}\"")).unwrap());
    let head = &head[..head.rfind("[[rule]]").unwrap()];
    let rest = &rest[rest.find("[[rule]]").unwrap()..];
    let changed = format!("{head}{rest}").replacen("version = \"2026.2.0\"", "version = \"2026.3.0\"", 1);
    fs::write(&path, changed).unwrap();
    let after = {
        let refused = guichets_of(
            &project,
            folder.path(),
            ["run", "exemple", "--store", store, "--accept", "pages_non_reconnues", "--because", "on purpose"],
        );
        assert_eq!(refused.code, Some(3), "{}", refused.stderr);
        assert!(refused.stderr.contains("issues_changees"), "{}", refused.stderr);
        let gates = ["--accept", "pages_non_reconnues", "--accept", "issues_changees"];
        run(&[&gates[..], &["--because", "a rule was taken out on purpose"]].concat())
    };

    let diff = guichets_of(&project, folder.path(), ["--json", "diff", store, "2019-06-01", "2019-06-01.2"]);
    assert_eq!(diff.code, Some(0), "{}", diff.stderr);
    let told: Value = serde_json::from_str(&diff.stdout).unwrap();
    assert_eq!([&told["rules"][0]["version"], &told["rules"][1]["version"]], ["2026.2.0", "2026.3.0"]);
    assert_eq!([&told["tables"]["tentatives"]["added"], &told["tables"]["tentatives"]["removed"]], [0, 0]);
    // The service has one planning, so that consultations, which the summary counts, are attempts.
    let count = |summary: &Value, outcome: &str| summary["summary"]["outcomes"][outcome].as_i64().unwrap();
    let moved = count(&before, "aucun_rdv") - count(&after, "aucun_rdv");
    assert!(moved > 0, "the sample has pages that the rule recognises");
    assert_eq!(told["moves"], json!([{ "from": "aucun_rdv", "to": "page_non_reconnue", "attempts": moved }]));

    let same = guichets_of(&project, folder.path(), ["diff", store, "2019-06-01", "2019-06-01"]);
    assert!(same.stdout.contains("every table holds the same rows"), "{}", same.stdout);
    let unknown = guichets_of(&project, folder.path(), ["diff", store, "2019-06-01", "2031-01-01"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("no version 2031-01-01"), "{}", unknown.stderr);
}

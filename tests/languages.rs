//! A person is told what happened in French or in English, and machines the same in both.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use guichets_ouverts::words::french;
use regex::Regex;
use tempfile::TempDir;

use crate::support::{Run, copy, root, sample, tree};

/// Runs the command on this project, as somebody whose system speaks a language.
fn speaking(language: &str, folder: &TempDir, args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
    command.args(["--project", root().to_str().unwrap()]).args(args).current_dir(folder.path());
    Run::of(command.env("LC_ALL", language))
}

#[test]
fn an_error_and_what_to_do_are_told_in_the_language_of_the_system_or_in_the_one_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["check", "nulle-part", "--raw", "a.ndjson"];
    let french = speaking("fr_FR.UTF-8", &folder, &args);
    assert!(
        french.stderr.starts_with("erreur\u{a0}: il n'y a pas de pipeline «\u{a0}nulle-part\u{a0}»"),
        "{}",
        french.stderr
    );
    assert!(french.stderr.contains(" conseil\u{a0}: ") && french.code == Some(2), "{}", french.stderr);
    let english = speaking("C.UTF-8", &folder, &args);
    assert!(english.stderr.starts_with("error: no pipeline « nulle-part »"), "{}", english.stderr);
    for (language, asked, said) in [("fr_FR.UTF-8", "en", &english), ("C.UTF-8", "fr", &french)] {
        for options in [vec!["--lang", asked], vec![if asked == "en" { "--lang=en" } else { "--lang=fr" }]] {
            let run = speaking(language, &folder, &[args.as_slice(), &options].concat());
            assert_eq!(run.stderr, said.stderr);
        }
    }
}

#[test]
fn machines_are_told_the_same_in_every_language() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["check", "nulle-part", "--raw", "a.ndjson", "--json"][..], &["check", "exemple", "--json"]] {
        let [english, french] = ["C.UTF-8", "fr_FR.UTF-8"].map(|language| speaking(language, &folder, args));
        assert_eq!((english.code, english.stdout), (french.code, french.stdout));
    }
}

/// Every line of the closing summary that has words has French ones; codes, names and figures are the same.
#[test]
fn the_closing_summary_is_told_in_french() {
    let folder = tempfile::tempdir().unwrap();
    let [english, french] =
        ["en", "fr"].map(|language| speaking("C.UTF-8", &folder, &["check", "exemple", "--lang", language]));
    assert_eq!((english.code, french.code), (Some(0), Some(0)), "{}", french.stderr);
    let lines = |run: &Run| run.stdout.lines().map(str::to_owned).collect::<Vec<_>>();
    let (english, french) = (lines(&english), lines(&french));
    assert_eq!(english.len(), french.len());
    let outcome = Regex::new(r"^  [a-z_0-9]+ +(oui|non|inconnue|hors_champ)\b").unwrap();
    let title = &english[1];
    for (english, french) in english.iter().zip(&french) {
        let is_the_same = english.is_empty() || english == title || outcome.is_match(english);
        assert_eq!(english == french, is_the_same, "{french}");
        let figures = |line: &str| line.chars().filter(char::is_ascii_digit).collect::<String>();
        assert!(english.contains(" s)") || figures(english) == figures(french), "{english}\n{french}");
    }
}

/// What a monitor asks, and whoever verifies: of a store that is whole, and of one of which a file is gone and another is cut.
#[test]
fn what_is_found_of_a_store_is_told_in_french() {
    let folder = tempfile::tempdir().unwrap();
    let spoiled = folder.path().join("depot");
    copy(sample().store(), &spoiled);
    let words = Regex::new(r"\b(the|is|was|says|bytes|rows|more)\b").unwrap();
    let version = spoiled.join("versions").join(sample().manifest["version"].as_str().unwrap());
    fs::remove_file(version.join("issues.csv")).unwrap();
    fs::write(version.join("regles.csv"), "coupé").unwrap();
    for (store, code) in [(sample().store(), 0), (&*spoiled, 4)] {
        for command in ["verify", "status"] {
            let args = [command, store.to_str().unwrap()];
            let args =
                if command == "status" { [&args[..], &["--pipeline", "exemple"]].concat() } else { args.to_vec() };
            let [english, french] = ["C.UTF-8", "fr_FR.UTF-8"].map(|language| speaking(language, &folder, &args));
            assert_eq!((english.code, french.code), (Some(code), Some(code)), "{}{}", english.stdout, english.stderr);
            assert_eq!(english.stdout.lines().count(), french.stdout.lines().count());
            for (english, french) in english.stdout.lines().zip(french.stdout.lines()) {
                // A name alone says the same in both.
                let is_the_same = english.starts_with("version ") || english.starts_with("  chain: ");
                assert!(is_the_same || english != french, "no French for {english}");
                assert!(!words.is_match(french), "{french}");
                let figures = |line: &str| line.chars().filter(char::is_ascii_digit).collect::<String>();
                assert_eq!(figures(english), figures(french), "{french}");
            }
        }
    }
}

#[test]
fn help_is_given_in_french() {
    let folder = tempfile::tempdir().unwrap();
    let run = speaking("fr_FR.UTF-8", &folder, &["--help"]);
    assert_eq!(run.code, Some(0));
    for told in [
        "Usage : guichets",
        "Commandes\u{a0}:",
        "[valeurs possibles\u{a0}: fr, en]",
        "Codes de sortie",
        "--lang <LANGUAGE>",
    ] {
        assert!(run.stdout.contains(told), "{told}:\n{}", run.stdout);
    }
    // A switch has no default, what each of several values means is told, and all commands are there.
    let run = speaking("fr_FR.UTF-8", &folder, &["help", "schema", "config"]);
    assert!(
        run.stdout.contains("- plan\u{a0}: Le schéma JSON d'un plan") && !run.stdout.contains("false"),
        "{}",
        run.stdout
    );
    let [english, french] = ["C.UTF-8", "fr_FR.UTF-8"].map(|language| {
        let pages = tempfile::tempdir().unwrap();
        assert_eq!(speaking(language, &pages, &["manual", "."]).code, Some(0));
        tree(pages.path()).into_keys().collect::<Vec<_>>()
    });
    assert_eq!(english, french);
    let run = speaking("fr_FR.UTF-8", &folder, &["run", "--help"]);
    assert!(run.stdout.contains("[par défaut\u{a0}: public]"), "{}", run.stdout);
    assert!(run.stdout.contains("Usage : guichets run") && !run.stdout.contains("Print help"), "{}", run.stdout);
}

/// What is wrong with a command line is told in French, with the same exit code.
#[test]
fn a_command_line_that_cannot_be_is_told_in_french() {
    let folder = tempfile::tempdir().unwrap();
    for (args, told) in [
        (&["run", "--stor", "a"][..], "argument inconnu « --stor »"),
        (&["run", "--stor", "a"], "conseil : voulez-vous dire « --store » ?"),
        (&["publie"], "commande inconnue « publie »"),
        (&["explain"], "il manque <PIPELINE>, <FILE[:LINE]>"),
        (&["run", "--json", "--json"], "--json ne peut être donné qu'une fois"),
        (&["run", "--raw"], "--raw <PATH_OR_URL>... demande une valeur"),
        (&["--lang", "de"], "« de » n'est pas une valeur de --lang <LANGUAGE>"),
        (&["--lang", "de"], " possibles : fr, en"),
        (&["ingest", "exemple", "--shard", "9/8", "--work", "w"], "« 9/8 » n'est pas une valeur de --shard <K/N> : "),
        (&["run", "--stor", "a"], "Usage : guichets run"),
        (&["run", "--dry-run=yes"], "« yes » est de trop : --dry-run ne prend pas de valeur"),
        (&["--dry-run", "run"], "conseil : « run --dry-run » existe"),
        (&["site", "--port", "99999"], " : ce n'est pas dans 0..=65535"),
        (&["help", "help", "run"], "commande inconnue « run »"),
        (&["foo\u{1b}[2Jbar\nerreur : faux"], "commande inconnue « foo\\u001b[2Jbar\\nerreur : faux »"),
    ] {
        let run = speaking("fr_FR.UTF-8", &folder, args);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        let said = run.stderr.replace('\u{a0}', " ");
        assert!(said.starts_with("erreur : ") && said.contains(told), "{args:?}: {told}\n{said}");
        let english = speaking("C.UTF-8", &folder, args);
        assert!(english.code == Some(2) && english.stderr.starts_with("error: "), "{args:?}");
        assert!(!english.stderr.contains('\u{1b}'), "{}", english.stderr);
    }
}

/// The gates of a version are told in French on its French page, as its manifest has them in English.
#[test]
fn the_french_page_of_a_version_tells_what_gates_found_in_french() {
    let version = sample();
    let page = fs::read_to_string(version.folder().join("fichiers.html")).unwrap();
    let table = |from: &str| {
        let start = page.find(from).unwrap();
        let start = start + page[start..].find("<table class=\"gates\">").unwrap();
        page[start..start + page[start..].find("</table>").unwrap()].to_owned()
    };
    let (french_table, english_table) = (table("<main>"), table("id=\"english\""));
    assert_ne!(french_table, english_table);
    assert!(!french_table.contains("lang=\"en\""), "{french_table}");
    for gate in version.manifest["gates"].as_array().unwrap() {
        for said in ["figure", "threshold"].map(|key| gate[key].as_str().unwrap()) {
            let french = french(said).unwrap_or_else(|| said.to_owned());
            assert!(french != said || !said.contains(char::is_alphabetic), "no French for {said}");
            assert!(french_table.contains(&format!("<td>{french}</td>")), "{french}\n{french_table}");
            assert!(english_table.contains(&format!("<td>{said}</td>")), "{said}\n{english_table}");
        }
    }
}

/// What the code says as a message or a hint, by the file that says it: the texts that stand in calls of these names.
fn said() -> BTreeMap<String, String> {
    let call = Regex::new(
        r#"(?s)(?:Error::(?:usage|unreachable)|\.(?:usage|unreachable|hint)|Error::new\(Kind::\w+,)\(?\s*(?:format!\(\s*)?"((?:[^"\\]|\\.)*)""#,
    )
    .unwrap();
    let broken = Regex::new(r"\\\n\s*").unwrap();
    let files = tree(&root().join("src"))
        .into_iter()
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|end| end == "rs"));
    let mut all = BTreeMap::new();
    for (path, bytes) in files {
        let text = String::from_utf8(bytes).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for found in call.captures_iter(code) {
            let template = broken.replace_all(&found[1], "").replace("\\\"", "\"");
            all.insert(template, path.clone());
        }
    }
    all
}

#[test]
fn every_message_and_every_hint_has_its_french() {
    let said = said();
    assert!(said.len() > 350, "{}", said.len());
    // As it reads once something is filled in. Where two blanks touch, what is filled in has a French of its own.
    let blank = Regex::new(r"\{[^{}]*\}").unwrap();
    let own = |template: &str| blank.replace_all(template, "").trim().contains(' ');
    let missing: Vec<String> = said
        .iter()
        .filter(|(template, _)| own(template) && !template.contains("}{"))
        .filter(|(template, _)| {
            french(&blank.replace_all(template, "x7").replace("{{", "{").replace("}}", "}")).is_none()
        })
        .map(|(template, path)| format!("{path}: {template}"))
        .collect();
    assert!(missing.is_empty(), "src/words/french.toml has no French for {missing:#?}");
}

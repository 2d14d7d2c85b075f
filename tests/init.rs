//! A pipeline made in a minute, from a sample of somebody's log: it reads the sample, or says exactly what the sample does not
//! tell; nothing is guessed in silence, and nothing is overwritten.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use guichets_ouverts::propose::{Known, Said, Sample, propose};
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::python::python_json;
use crate::support::{Attempts, Kind, Run, guichets, real_logs, root, skipped};

/// A folder with a log in it, in which the command is run.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let desk = Self::new();
        fs::create_dir(desk.0.path().join("raw")).unwrap();
        fs::write(desk.raw().join(name), bytes).unwrap();
        desk
    }

    fn raw(&self) -> PathBuf {
        self.0.path().join("raw")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Run {
        guichets(self.0.path(), args)
    }

    /// Makes the pipeline « essai » like a file of the log.
    fn init(&self, like: &Path, more: &[&str]) -> Run {
        self.run(&[&["init", "essai", "--like", like.to_str().unwrap()], more].concat())
    }

    /// Makes it, and reads the log with it: what stands in pipeline.toml, and the check as JSON.
    fn checked(&self, like: &Path, logs: &Path, as_of: &str, more: &[&str]) -> (Run, Value) {
        let made = self.init(like, more);
        assert_eq!(made.code, Some(0), "{}{}", made.stdout, made.stderr);
        let pipeline = self.path("essai/pipeline.toml");
        // Thresholds are none of this promise: a few lines may be set aside.
        let text = fs::read_to_string(&pipeline).unwrap()
            + "\n[gates]\nquarantine_max = 1.0\nincomplete_max = 1.0\nunrecognized_max = 1.0\n";
        fs::write(&pipeline, text).unwrap();
        let check = self.run(&["check", "essai", "--raw", logs.to_str().unwrap(), "--as-of", as_of, "--json"]);
        assert_eq!(check.code, Some(0), "{}\n{}{}", made.stdout, check.stdout, check.stderr);
        (made, serde_json::from_str(&check.stdout).unwrap())
    }

    fn pipeline(&self) -> String {
        fs::read_to_string(self.path("essai/pipeline.toml")).unwrap()
    }
}

const AS_OF: &str = "2019-05-01T00:00:00+02:00";

/// A log of two services, every half hour, of which `line` writes each.
fn log(line: impl Fn(&str, u32, u32) -> String) -> String {
    let looks = (0..40).flat_map(|look| ["evry-prefecture", "bobigny-prefecture"].map(|counter| (counter, look)));
    looks.map(|(counter, look)| line(counter, look, u32::from(look % 7 == 3)) + "\n").collect()
}

fn hour(look: u32) -> String {
    format!("{:02}:{:02}", 1 + look / 2, 30 * (look % 2))
}

fn csv() -> String {
    "relevé;guichet;démarche;libres;commentaire\n".to_owned()
        + &log(|counter, look, free| format!("16/04/2019 {};{counter};premier-titre;{free};x", hour(look)))
}

fn number(account: &Value, key: &str) -> u64 {
    account["summary"]["accounting"][key].as_u64().unwrap_or_else(|| panic!("{key}: {account}"))
}

#[test]
fn a_csv_is_mapped_by_its_names_and_values() {
    let desk = Desk::with("a.csv", csv());
    let (made, check) = desk.checked(&desk.raw().join("a.csv"), &desk.raw(), AS_OF, &["--zone", "Europe/Paris"]);
    assert_eq!((number(&check, "attempts"), number(&check, "quarantined")), (80, 0), "{check}");
    let text = desk.pipeline();
    for line in [
        "value = \"{relevé}\"",
        "format = \"%d/%m/%Y %H:%M\"",
        "zone = \"Europe/Paris\"",
        "delimiter = \";\"",
        "header = true",
        "counter = \"{guichet}\"",
        "procedure = \"{démarche}\"",
        "\"slots.count\" = \"{libres}\"",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    assert!(!text.contains("unknown = \"accept\""), "the registry knows them all");
    for told in
        ["a.csv:2:", "a.csv:4:", "not used: commentaire", "30 min", "80 records are attempts and 0 are set aside"]
    {
        assert!(made.stdout.contains(told), "{told}:\n{}", made.stdout);
    }
    assert!(!made.stdout.contains("a.csv:5:"), "three lines are explained");
}

#[test]
fn json_lines_are_mapped_whatever_their_depth() {
    let line = |counter: &str, look: u32, free: u32| {
        format!(
            r#"{{"meta":{{"at":"2019-04-16T{}:00+02:00"}},"office.id":"{counter}","service":"premier-titre","slots":{{"free":{free}}}}}"#,
            hour(look)
        )
    };
    let desk = Desk::with("a.jsonl", log(line));
    let (_, check) = desk.checked(&desk.raw().join("a.jsonl"), &desk.raw(), AS_OF, &[]);
    assert_eq!((number(&check, "attempts"), number(&check, "quarantined")), (80, 0), "{check}");
    let text = desk.pipeline();
    assert!(
        text.contains("{meta.at}") && text.contains(r#"{\"office.id\"}"#) && text.contains("{slots.free}"),
        "{text}"
    );
    assert!(text.contains("format = \"rfc3339\"") && !text.contains("à compléter:"), "{text}");
}

#[test]
fn a_list_in_each_line_is_read_by_its_members() {
    let line = |look: u32| {
        let offices =
            ["evry-prefecture", "bobigny-prefecture"].map(|id| format!(r#"{{"id":"{id}","free":{}}}"#, look % 2));
        let at = 1_555_394_400 + i64::from(look) * 1800;
        format!(r#"{{"ts":{at},"procedure":"premier-titre","offices":[{}]}}"#, offices.join(",")) + "\n"
    };
    let desk = Desk::with("a.ndjson", (0..20).map(line).collect::<String>());
    let (_, check) = desk.checked(&desk.raw().join("a.ndjson"), &desk.raw(), AS_OF, &[]);
    assert_eq!((number(&check, "attempts"), number(&check, "quarantined")), (40, 0), "{check}");
    assert!(desk.pipeline().contains("format = \"epoch_s\""), "{}", desk.pipeline());
}

#[test]
fn a_log_of_the_contract_needs_no_mapping_and_neither_does_none() {
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z");
    let desk = Desk::new();
    let (_, check) = desk.checked(&logs.path(), &logs.path(), AS_OF, &[]);
    assert_eq!((number(&check, "attempts"), number(&check, "quarantined")), (10, 0), "{check}");
    assert!(!desk.pipeline().contains("[[source]]"), "{}", desk.pipeline());

    let made = desk.run(&["init", "autre"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let raw = logs.path();
    let check = desk.run(&["check", "autre", "--raw", raw.to_str().unwrap(), "--as-of", AS_OF]);
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
}

#[test]
fn a_zone_that_no_line_tells_is_a_blank_and_the_pipeline_is_refused_until_it_is_filled() {
    let desk = Desk::with("a.csv", csv());
    let made = desk.init(&desk.raw().join("a.csv"), &[]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert!(made.stdout.contains("source.time.zone: its times have no offset"), "{}", made.stdout);
    let text = desk.pipeline();
    let blank = text.lines().find(|line| line.contains("à compléter:")).unwrap();
    assert!(blank.starts_with("# zone = \"Europe/Paris\""), "{text}");
    let raw = desk.raw();
    let check = |desk: &Desk| desk.run(&["check", "essai", "--raw", raw.to_str().unwrap(), "--as-of", AS_OF]);
    let refused = check(&desk);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("time.zone is needed to read local times"), "{}", refused.stderr);
    fs::write(desk.path("essai/pipeline.toml"), text.replace("# zone", "zone")).unwrap();
    let filled = check(&desk);
    assert_eq!(filled.code, Some(0), "{}{}", filled.stdout, filled.stderr);
}

#[test]
fn what_can_be_read_in_two_ways_and_what_a_name_alone_tells_is_said_to_be_supposed() {
    let rows = ["01", "02", "03", "04", "05", "06", "07", "08"]
        .map(|day| format!("{day}/04/2019 08:00,Evry,Titres,0,3\n"))
        .concat();
    let desk = Desk::with("a.csv", format!("date,bureau,motif,places,total\n{rows}"));
    let made = desk.init(&desk.raw().join("a.csv"), &["--zone", "Europe/Paris", "--json"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let told: Value = serde_json::from_str(made.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(told["missing"].as_array().unwrap().len(), 0, "{told}");
    assert_eq!(
        (told["sample"]["attempts"].as_u64(), told["sample"]["set_aside"].as_object().unwrap().len()),
        (Some(8), 0)
    );
    let supposed: Vec<&str> =
        told["supposed"].as_array().unwrap().iter().map(|doubt| doubt["key"].as_str().unwrap()).collect();
    for key in ["source.time.format", "source.fields.counter", "source.fields.procedure", "schedule.csv cadence_min"] {
        assert!(supposed.contains(&key), "{key}: {supposed:?}");
    }
    assert!(desk.pipeline().contains("unknown = \"accept\""), "{}", desk.pipeline());
}

/// A word that nobody explained is unknown, and so is a look without a word.
#[test]
fn words_that_say_how_a_look_ended_become_rules_to_confirm_and_the_rest_is_unknown() {
    let word = |look: u32| ["complet", "libre", "erreur 502", "unavailable"][look as usize % 4];
    let line = |counter: &str, look: u32, _: u32| {
        format!("2019-04-16T{}:00+02:00,{counter},premier-titre,{}", hour(look), word(look))
    };
    let desk = Desk::with("a.csv", "at,guichet,demarche,resultat\n".to_owned() + &log(line));
    let (made, check) = desk.checked(&desk.raw().join("a.csv"), &desk.raw(), AS_OF, &[]);
    assert_eq!((number(&check, "attempts"), number(&check, "quarantined")), (80, 0), "{check}");
    assert!(made.stdout.contains("\"complet\" is taken for aucun_rdv"), "{}", made.stdout);
    assert!(made.stdout.contains("\"erreur 502\", \"unavailable\": unknown"), "{}", made.stdout);
    let told = desk.run(&["explain", "essai", &format!("{}:6", desk.raw().join("a.csv").display())]);
    assert!(told.stdout.contains("page_non_reconnue"), "{}", told.stdout);
}

#[test]
fn a_packed_log_is_read_as_a_plain_one() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(csv().as_bytes()).unwrap();
    for (name, bytes) in
        [("a.csv.gz", gzip.finish().unwrap()), ("a.csv.zst", zstd::encode_all(csv().as_bytes(), 3).unwrap())]
    {
        let desk = Desk::with(name, bytes);
        let (_, check) = desk.checked(&desk.raw().join(name), &desk.raw(), AS_OF, &["--zone", "Europe/Paris"]);
        assert_eq!((number(&check, "attempts"), number(&check, "quarantined")), (80, 0), "{check}");
    }
}

#[test]
fn rubbish_is_refused_with_what_is_missing_and_nothing_is_written() {
    let many = |text: &str| text.repeat(30).into_bytes();
    for (name, bytes, told) in [
        ("vide.csv", Vec::new(), "the file has no lines"),
        ("blanc.csv", many(" \n"), "the file has no lines"),
        (
            "image.png",
            [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0, 1, 2, 3].repeat(90)].concat(),
            "no lines of text",
        ),
        ("prose.txt", many("Il n'y a rien ici que de la prose.\n"), "neither JSON nor delimited"),
        ("sans-heure.csv", many("guichet;libres\nevry;3\n"), "no time is found on its lines"),
        ("sans-heure.ndjson", many("{\"a\":1}\n"), "no time is found on its lines"),
        ("faux.json", many("{\n  \"a\": 1\n}\n"), "begins like JSON, and no line of it is"),
    ] {
        let desk = Desk::with(name, bytes);
        let refused = desk.init(&desk.raw().join(name), &[]);
        assert_eq!(refused.code, Some(2), "{name}: {}{}", refused.stdout, refused.stderr);
        assert!(refused.stderr.contains(told) && refused.stderr.contains("hint:"), "{name}: {}", refused.stderr);
        assert!(!desk.path("essai").exists(), "{name}");
    }
    let desk = Desk::new();
    assert_eq!(desk.init(Path::new("nulle-part.csv"), &[]).code, Some(2));
}

#[test]
fn nothing_that_is_there_is_overwritten_and_a_name_is_a_slug() {
    let desk = Desk::new();
    fs::create_dir(desk.path("essai")).unwrap();
    let refused = desk.run(&["init", "essai"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("nothing is overwritten"), "{}", refused.stderr);
    assert_eq!(fs::read_dir(desk.path("essai")).unwrap().count(), 0);
    for name in ["Mon Robot", "..", "é", "a\"b"] {
        assert_eq!(desk.run(&["init", name]).code, Some(2), "{name}");
    }
}

/// A name that would end a text, a comment or a table is a text.
#[test]
fn hostile_names_of_columns_make_no_toml_of_their_own() {
    let header = r#"quand,guichet,démarche,libres',"a"" = 1 #]","{b}""#;
    let rows = log(|counter, look, free| format!("2019-04-16T{}:00Z,{counter},premier-titre,{free},x,y", hour(look)));
    let desk = Desk::with("a.csv", format!("{header}\n{rows}"));
    let (_, check) = desk.checked(&desk.raw().join("a.csv"), &desk.raw(), AS_OF, &[]);
    assert_eq!((number(&check, "attempts"), number(&check, "quarantined")), (80, 0), "{check}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a file holds, it is refused in a sentence, or what is proposed is TOML.
    #[test]
    fn no_log_whatever_makes_anything_but_toml_or_a_sentence(
        header in "[a-z,;\"{}#=é\\\\]{1,30}",
        rows in prop::collection::vec("(2019-04-16T0[0-9]:00:00Z|16/04/19 08:00|15553944[0-9]{2}|x)[,;][a-z0-9\"{}:\\[\\],;#\\\\ \u{7f}é-]{0,30}", 0..12),
    ) {
        let text = format!("{header}\n{}\n", rows.join("\n"));
        let known = Known { counter: &|id| id == "a", procedure: &|id| id == "b" };
        let sample = Sample::read("a.csv", std::io::Cursor::new(text.clone().into_bytes()));
        match sample.and_then(|sample| propose("essai", &sample, &Said::default(), &known)) {
            Ok(proposal) => {
                for (name, text) in proposal.files.iter().filter(|(name, _)| *name != "schedule.csv") {
                    prop_assert!(toml::from_str::<toml::Table>(text).is_ok(), "{name}: {text}");
                }
            }
            Err(error) => prop_assert!(error.kind().exit_code() == 2 && error.advice().is_some(), "{error}"),
        }
    }
}

/// Other robots' logs, where they are there: what is missing is named, and once it is said every line has its account.
#[test]
fn the_real_logs_are_read_once_what_they_do_not_tell_is_said() {
    let Some(real) = real_logs() else { return skipped("the real logs are not here") };
    let desk = Desk::new();
    let folder = real.join("seine_maritime_2022");
    let like = folder.join("retrait_TDS.csv");
    let bare = desk.init(&like, &[]);
    for key in ["source.time.zone", "registry.zone", "source.fields.counter"] {
        assert!(bare.stdout.contains(key), "{key}: {}", bare.stdout);
    }
    fs::remove_dir_all(desk.path("essai")).unwrap();
    let said = ["--zone", "Europe/Paris", "--field", "counter=rouen-prefecture"];
    let (_, check) = desk.checked(&like, &folder, "2022-06-12T00:00:00+02:00", &said);
    // Six files end without a line end, which is said to be supposed.
    assert_eq!((number(&check, "attempts"), number(&check, "quarantined")), (1617, 6), "{check}");

    let desk = Desk::new();
    let folder = real.join("german_offices_2026");
    let like = folder.join("attempts_2026-W05_W06.csv.gz");
    let (_, check) = desk.checked(&like, &folder, "2026-02-09T00:00:00+01:00", &["--zone", "Europe/Berlin"]);
    assert_eq!(
        number(&check, "attempts") + number(&check, "duplicates") + number(&check, "quarantined"),
        271_590,
        "{check}"
    );
    assert!(number(&check, "attempts") > 271_000, "{check}");
}

/// At a terminal what the sample does not tell is asked for, until the answer is one; nothing typed leaves the blank.
#[test]
fn whoever_sits_at_a_terminal_is_asked_what_the_sample_does_not_tell() {
    let answered = |answers: &[(&str, &str)]| {
        let desk = Desk::with("a.csv", csv());
        let like = desk.raw().join("a.csv");
        let folder = desk.path("essai");
        let command = [
            env!("CARGO_BIN_EXE_guichets"),
            "--project",
            root().to_str().unwrap(),
            "--lang",
            "en",
            "init",
            folder.to_str().unwrap(),
            "--like",
            like.to_str().unwrap(),
        ];
        let args = [serde_json::to_string(&command).unwrap(), serde_json::to_string(answers).unwrap()];
        let told = python_json(include_str!("support/dialogue.py"), args);
        assert_eq!((told["code"].as_i64(), told["left"].as_array().map(Vec::len)), (Some(0), Some(0)), "{told}");
        (desk.pipeline(), told["written"].as_str().unwrap().to_owned())
    };
    let (text, told) = answered(&[("source.time.zone", "Paris"), ("« Paris » is no zone", "\u{15}Europe/Paris")]);
    assert!(text.contains("\nzone = \"Europe/Paris\"") && !text.contains("à compléter:"), "{text}");
    assert!(told.contains("80 records are attempts"), "{told}");
    let (text, told) = answered(&[("source.time.zone", "")]);
    assert!(text.contains("à compléter:") && told.contains("source.time.zone: its times"), "{text}\n{told}");
}

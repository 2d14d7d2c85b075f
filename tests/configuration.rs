//! What a person may write in `pipeline.toml` and in a plan is said by one reference, made of the structs that read it; what
//! is not in it is refused, and the nearest that is there is named. With `GUICHETS_EXAMPLES=write` a test writes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use guichets_ouverts::config::Pipeline;
use guichets_ouverts::config::reference::{json_schema, keys};
use guichets_ouverts::probe::{Plan, plan_schema};
use serde_json::Value;

use crate::support::{Attempts, Kind, Run, Store, guichets, root, sample};

const AS_OF: &str = "2019-05-01T00:00:00+02:00";
const SCHEDULE: &str = "*,*,2019-01-01T00:00:00+01:00,,60,true,essai";
const PAGE: &str = "docs/CONFIGURATION.md";

/// Each file of the reference, and what prints it.
const FILES: [(&str, &str); 3] =
    [("page", PAGE), ("pipeline", "schemas/config/pipeline.schema.json"), ("plan", "schemas/config/plan.schema.json")];

#[test]
fn the_reference_is_that_of_the_structs() {
    let folder = tempfile::tempdir().unwrap();
    for (what, path) in FILES {
        let told = guichets(folder.path(), ["schema", "config", what]);
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        let path = root().join(path);
        if std::env::var("GUICHETS_EXAMPLES").is_ok_and(|asked| asked == "write") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &told.stdout).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == told.stdout, "{} is stale: run this test with GUICHETS_EXAMPLES=write", path.display());
    }
}

/// A file of TOML as JSON, as editors that check it see it.
fn as_json(text: &str) -> Value {
    fn plain(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(date) => date.to_string().into(),
            toml::Value::Array(values) => values.into_iter().map(plain).collect(),
            toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, plain(value))).collect(),
            other => serde_json::to_value(other).unwrap(),
        }
    }
    plain(toml::Value::Table(toml::from_str(text).unwrap()))
}

/// Every pipeline of the project and of its tests.
fn pipelines() -> Vec<PathBuf> {
    let folders = ["pipelines", "tests/fixtures/pipelines", "tests/fixtures", "benches/side_by_side"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let files: Vec<PathBuf> =
        files.map(|entry| entry.unwrap().path().join("pipeline.toml")).filter(|file| file.is_file()).collect();
    assert!(files.len() >= 9, "{files:?}");
    files
}

#[test]
fn every_pipeline_and_every_plan_is_valid_by_the_schema() {
    let valid = |schema: &Value, text: &str, path: &Path| {
        let validator = jsonschema::validator_for(schema).unwrap();
        let told: Vec<String> =
            validator.iter_errors(&as_json(text)).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(told.is_empty(), "{}: {told:?}", path.display());
    };
    let schema = json_schema::<Pipeline>();
    for path in pipelines() {
        valid(&schema, &fs::read_to_string(&path).unwrap(), &path);
        Pipeline::load(path.parent().unwrap()).unwrap();
    }
    let guide = root().join("docs/PROBE.md");
    let text = fs::read_to_string(&guide).unwrap();
    valid(&plan_schema(), text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap(), &guide);
    let whole = root().join("tests/fixtures/configuration/plan.toml");
    valid(&plan_schema(), &fs::read_to_string(&whole).unwrap(), &whole);
}

/// An editor finds the schema by the first line of a file that people copy.
#[test]
fn bundled_pipelines_lead_to_their_schema() {
    for name in ["exemple", "rendez-vous", "seine-maritime-2022"] {
        let folder = root().join("pipelines").join(name);
        let text = fs::read_to_string(folder.join("pipeline.toml")).unwrap();
        let path = text.lines().next().unwrap().strip_prefix("#:schema ").expect(name);
        let schema: Value = serde_json::from_str(&fs::read_to_string(folder.join(path)).unwrap()).unwrap();
        assert_eq!(schema, json_schema::<Pipeline>());
    }
}

/// The paths of a file's keys; those of one field of a mapping stand for those of all.
fn written(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let quoted = if key.contains('.') { format!("{key:?}") } else { key.clone() };
        let path = if path.is_empty() { quoted } else { format!("{path}.{quoted}") };
        found.insert(any_field(&path));
        let members = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for value in members {
            written(value, &path, found);
        }
    }
}

fn any_field(path: &str) -> String {
    let fields = regex::Regex::new(r#"^source\.fields\.("[^"]+"|\w+)\.(\w+)(\..*)?$"#).unwrap();
    fields.replace(path, "source.fields.*.$2").into_owned()
}

#[test]
fn each_key_of_the_reference_is_accepted() {
    let folder = root().join("tests/fixtures/configuration");
    Pipeline::load(&folder).unwrap();
    Plan::load(&folder.join("plan.toml")).unwrap();
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    for (file, schema) in [("pipeline.toml", json_schema::<Pipeline>()), ("plan.toml", plan_schema())] {
        let mut used = BTreeSet::new();
        written(&as_json(&fs::read_to_string(folder.join(file)).unwrap()), "", &mut used);
        let known: BTreeSet<String> = keys(&schema).iter().map(|key| any_field(key)).collect();
        assert!(known.len() > 15, "{known:?}");
        assert_eq!(known.difference(&used).collect::<Vec<_>>(), [""; 0], "{file} has every key");
        for key in known.iter().map(|key| key.rsplit('.').next().unwrap()).filter(|key| !key.ends_with('"')) {
            assert!(page.contains(&format!("\n| `{key}` | ")), "{PAGE} has no {key}");
        }
    }
}

/// Links of the page that lead nowhere, meanings that nobody wrote, and links that only rustdoc understands.
#[test]
fn each_row_of_the_page_has_a_meaning_and_each_link_a_heading() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let anchors: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|heading| heading.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| heading.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect())
        .collect();
    let link = regex::Regex::new(r"\]\(#([^)]*)\)").unwrap();
    let mut rows = 0;
    for line in page.lines() {
        for found in link.captures_iter(line) {
            assert!(anchors.contains(&found[1]), "{line}");
        }
        if line.starts_with("| `") {
            rows += 1;
            assert!(!line.ends_with("|  |"), "{line}");
            assert!(!line.contains("crate::") && !line.contains("super::") && !line.contains("[`"), "{line}");
        }
    }
    assert!(rows > 150, "{rows}");
}

/// What a run says of a pipeline that was changed.
fn refused(settings: &str) -> Run {
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z");
    let pipeline = logs.pipeline(settings, SCHEDULE);
    let run = Store::new().run(&pipeline, &[&logs.path()], AS_OF, &[]);
    assert_eq!(run.code, Some(2), "{settings}: {}", run.stderr);
    assert!(run.stderr.contains("pipeline.toml:"), "{}", run.stderr);
    run
}

const SOURCE: &str = "[[source]]\nname = \"robot\"\nfiles = \"*.csv\"\nformat = \"csv\"\nheader = true\n\
                      time = { value = \"{t}\", format = \"rfc3339\" }\n";

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest() {
    let fields = |fields: &str| format!("{SOURCE}fields = {{ procedure = \"p\", {fields} }}");
    for (settings, key, line, hint) in [
        ("titel = \"x\"".to_owned(), "titel", 7, "« title »"),
        ("[limits]\nline_byte = 1".to_owned(), "limits.line_byte", 8, "« line_bytes »"),
        ("[metod]\nsilence_min_h = 1".to_owned(), "metod", 7, "« method »"),
        (fields("counterr = \"{c}\""), "source.fields.counterr", 13, "« counter »"),
        (fields("counter = { value = \"{c}\", tirm = true }"), "source.fields.counter.tirm", 13, "« trim »"),
        (fields("counter = \"c\", slots.cuont = \"1\""), "source.fields.slots", 13, "here there are"),
        (fields("counter = \"c\"") + "\nunpivt = 1", "source.unpivt", 14, "« unpivot »"),
        ("[probe]\noperator = { fr = \"x\", en = \"y\", de = \"z\" }".to_owned(), "probe.operator.de", 8, "fr, en"),
        ("base_url = \"https://example.org\"".to_owned(), "base_url", 7, "there is « publication.base_url »"),
        ("zzzzzzzz = 1".to_owned(), "zzzzzzzz", 7, "docs/CONFIGURATION.md"),
        ("[limits]\nzzz = 1\naaa = 2".to_owned(), "limits.zzz", 8, "line_bytes, unpack_ratio"),
    ] {
        let told = refused(&settings).stderr;
        assert!(told.contains(&format!("pipeline.toml:{line}: unknown key « {key} »")), "{settings}: {told}");
        assert!(told.lines().any(|line| line.starts_with(" hint:") && line.contains(hint)), "{settings}: {told}");
    }
    let plan = fs::read_to_string(root().join("tests/fixtures/configuration/plan.toml")).unwrap();
    let error = Plan::parse(&plan.replace("operateur", "operatuer")).unwrap_err();
    assert_eq!(error.to_string(), "line 5: unknown key « sonde.operatuer »: a plan has none of that name");
    assert_eq!(error.advice(), Some("the nearest that there is: « operateur »"));
}

#[test]
fn a_number_out_of_its_bounds_is_refused_with_what_it_means() {
    for (settings, told, hint) in [
        ("gates.quarantine_max = 1.5", "gates.quarantine_max 1.5 is not between 0 and 1", "Largest share of lines"),
        ("gates.moved_max = nan", "gates.moved_max nan is not between 0 and 1", "Largest share"),
        ("method.part_jours_suffisante = -0.1", "part_jours_suffisante -0.1 is not between 0 and 1", "expected days"),
        ("method.jours_min_annee = 1", "method.jours_min_annee 1 is less than 2", "a year has no rate"),
        ("limits.zstd_window_mib = 0x1_000", "zstd_window_mib 4096 is not between 1 and 2048", "look back"),
    ] {
        let run = refused(settings);
        assert!(run.stderr.contains(told) && run.stderr.contains(hint), "{settings}: {}", run.stderr);
    }
}

#[test]
fn an_interval_that_is_called_95_cannot_be_another() {
    let told = refused("method.z95 = 1.0").stderr;
    assert!(told.contains("unknown key « method.z95 »") && told.contains("95 % interval"), "{told}");
    let published = &sample().rows("parametres")[0]["z95"];
    assert_eq!(published.parse::<f64>().unwrap().to_bits(), 1.959_963_984_540_054_f64.to_bits());
}

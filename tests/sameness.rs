//! Sameness is a matter of values and not of bytes: a line that a shipper wrote anew is the line that it was.

use serde_json::{Value, json};

use crate::support::foreign::{Foreign, HEADED, accounts, fates};
use crate::support::{Version, root};

fn run(files: &[(&str, String)]) -> Version {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Version::of(&root().join("tests/fixtures/pipelines/tolerant"), &[folder.path()], "2019-06-01T00:00:00+02:00")
}

fn attempt() -> Value {
    json!({
        "contract": "attempt/1", "attempt_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "run_started_at": "2019-04-16T08:00:00+02:00", "started_at": "2019-04-16T08:00:01+02:00",
        "counter": "evry-prefecture", "procedure": "premier-titre", "system": "rdvpref", "http_status": 200,
        "page_text": "Aucun créneau disponible", "body_sha256": "ab".repeat(32),
    })
}

#[test]
fn a_line_that_a_shipper_wrote_anew_is_a_duplicate() {
    let first = attempt().to_string();
    let mut spelled_out = attempt();
    for field in ["planning", "failure", "slots", "verdict", "vantage", "clock_age_s"] {
        spelled_out[field] = Value::Null;
    }
    spelled_out["try"] = json!(1);
    spelled_out["markers"] = json!([]);
    let mut nulls = attempt();
    nulls["try"] = Value::Null;
    nulls["markers"] = Value::Null;
    nulls["slots"] = json!({"count": null});
    let sorted: std::collections::BTreeMap<String, Value> = serde_json::from_value(attempt()).unwrap();
    let anew = [
        serde_json::to_string(&sorted).unwrap(),
        first.replace("é", "\\u00e9").replace(",\"", " , \""),
        first.replace("08:00:01+02:00", "06:00:01Z").replace("08:00:00+02:00", "06:00:00.000+00:00"),
        first.replace("0f8fad5b-d9cb-469f-a165", "0F8FAD5B-D9CB-469F-A165"),
        first.replace(&"ab".repeat(32), &"AB".repeat(32)),
        spelled_out.to_string(),
        nulls.to_string(),
    ];
    for line in &anew {
        assert_ne!(*line, first);
    }
    let version = run(&[("a.ndjson", first + "\n"), ("b.ndjson", anew.join("\n") + "\n")]);
    assert_eq!(accounts(&version), ["a.ndjson 0 1 1 1 0 0 0 0", "b.ndjson 0 7 7 0 7 0 0 0"]);
}

#[test]
fn a_line_that_says_anything_else_is_a_conflict() {
    let others = [
        ("started_at", json!("2019-04-16T08:00:02+02:00")),
        ("run_started_at", Value::Null),
        ("scheduled_at", json!("2019-04-16T08:00:00+02:00")),
        ("try", json!(2)),
        ("counter", json!("bobigny-prefecture")),
        ("planning", json!("14167")),
        ("system", json!("other")),
        ("http_status", json!(502)),
        ("failure", json!("timeout")),
        ("page_text", json!("Aucun creneau disponible")),
        ("page_title", json!("Aucun créneau disponible")),
        ("markers", json!(["a"])),
        ("slots", json!({"count": 0})),
        ("slots", json!({"horizon_days": 0})),
        ("slots", json!({"first_date": "9999-12-31"})),
        ("verdict", json!("")),
        ("signature", json!("x")),
        ("screenshot_sha256", json!("ab".repeat(32))),
        ("body_sha256", Value::Null),
        ("clock_age_s", json!(0)),
        ("duration_ms", json!(0)),
    ];
    let lines = others.into_iter().map(|(field, value)| {
        let mut other = attempt();
        other[field] = value;
        other.to_string() + "\n"
    });
    let lines: Vec<String> = lines.collect();
    let count = lines.len();
    let version = run(&[("a.ndjson", attempt().to_string() + "\n"), ("b.ndjson", lines.concat())]);
    assert_eq!(accounts(&version)[1], format!("b.ndjson 0 {count} {count} 0 0 0 0 {count}"));
    assert!(version.rows("quarantaine").iter().all(|row| row["motif"] == "identifiant_en_conflit"));
}

#[test]
fn a_uuid_is_published_in_one_case() {
    let line = attempt().to_string().replace("0f8fad5b", "0F8FAD5B");
    assert_eq!(
        fates(&run(&[("a.ndjson", line + "\n")]), &["tentative_id"]),
        ["a.ndjson:1 0f8fad5b-d9cb-469f-a165-70867728950e"]
    );
}

#[test]
fn a_foreign_line_that_is_delivered_in_another_form_has_the_same_id() {
    let version = Foreign::new(HEADED)
        .file("a.csv", "quand,guichet,libres\n2019-04-16T08:00:00Z,evry-prefecture,3\n")
        .file("b.csv", "libres,guichet,quand\n\"3\",\"evry-prefecture\",2019-04-16T08:00:00Z\n")
        .version();
    assert_eq!(accounts(&version), ["a.csv 1 1 1 1 0 0 0 0", "b.csv 1 1 1 0 1 0 0 0"]);
    let source = r#"
files = "*.ndjson"
format = "ndjson"
time = { value = "{at}", format = "rfc3339" }
fields = { counter = "{site}", procedure = "premier-titre", "slots.count" = "{free}" }
"#;
    let version = Foreign::new(source)
        .file("a.ndjson", "{\"at\":\"2019-04-16T08:00:00+02:00\",\"site\":\"evry-prefecture\",\"free\":3,\"autre\":[1,{\"a\":null}]}\n")
        .file("b.ndjson", "{\"free\": 3, \"site\":\"\\u0065vry-prefecture\",\"at\":\"2019-04-16T06:00:00Z\",\"autre\":[1,{}], \"vide\":null}\n")
        .file("c.ndjson", "{\"at\":\"2019-04-16T08:00:00+02:00\",\"site\":\"evry-prefecture\",\"free\":3,\"autre\":[1,{\"a\":1}]}\n")
        .version();
    assert_eq!(
        accounts(&version),
        ["a.ndjson 0 1 1 1 0 0 0 0", "b.ndjson 0 1 1 0 1 0 0 0", "c.ndjson 0 1 1 1 0 0 0 0"]
    );
}

#[test]
fn two_lines_that_say_different_things_are_two_whatever_their_shape() {
    let attempts =
        |source: &str, name: &str, text: &str| Foreign::new(source).file(name, text).version().rows("tentatives").len();
    let each = |fields: &str| {
        format!(
            "files = \"*.ndjson\"\nformat = \"ndjson\"\ntime = {{ value = \"{{at}}\", format = \"rfc3339\" }}\n{fields}\n"
        )
    };
    // What stands beside the list is part of what is said, and so is a second member that says the same.
    let listed = each(
        "each = { path = \"data.slots\" }\nfields = { counter = \"evry-prefecture\", procedure = \"premier-titre\", \"slots.count\" = \"{item.free}\" }",
    );
    let page = |page: u32| {
        format!(
            "{{\"at\":\"2019-04-16T08:00:00Z\",\"data\":{{\"page\":{page},\"slots\":[{{\"free\":0}},{{\"free\":0}}]}}}}\n"
        )
    };
    assert_eq!(attempts(&listed, "a.ndjson", &(page(1) + &page(2) + &page(1))), 4, "the third line repeats the first");
    // Values that hold what separates values.
    let plain = each("fields = { counter = \"evry-prefecture\", procedure = \"premier-titre\" }");
    let odd = "{\"at\":\"2019-04-16T08:00:00Z\",\"a\":1,\"b\\\":75\\\"c\":2}\n{\"at\":\"2019-04-16T08:00:00Z\",\"a\":11,\"b\":7,\"c\":2}\n";
    assert_eq!(attempts(&plain, "a.ndjson", odd), 2);
    let csv = "files = \"*.csv\"\nformat = \"csv\"\ncolumns = [\"quand\", \"x\", \"y\"]\n\
               time = { value = \"{quand}\", format = \"rfc3339\" }\nfields = { counter = \"evry-prefecture\", procedure = \"premier-titre\" }\n";
    let odd = "2019-04-16T08:00:00Z,1\u{1e}y\u{1f}2,\n2019-04-16T08:00:00Z,1,2\n";
    assert_eq!(attempts(csv, "a.csv", odd), 2);
}

/// Step and opinion are texts of the log in a file that people open in spreadsheets: written so that nothing runs, and so
/// that the same line is the same line.
#[test]
fn a_text_that_a_spreadsheet_would_run_is_published_encoded() {
    let mut line = attempt();
    line["verdict"] = json!("=1+1");
    line["step"] = json!("-\nau revoir");
    let line = line.to_string() + "\n";
    let version = run(&[("a.ndjson", line.clone()), ("b.ndjson", line)]);
    assert_eq!(version.manifest["accounting"]["duplicates"], 1);
    let file = version.files_in("csv").find(|file| file["table"] == "tentatives").unwrap();
    let mut rows = csv::Reader::from_path(version.store().join(file["path"].as_str().unwrap())).unwrap();
    let headers = rows.headers().unwrap().clone();
    let records: Vec<csv::StringRecord> = rows.records().collect::<Result<_, _>>().unwrap();
    let cell = |name: &str| &records[0][headers.iter().position(|header| header == name).unwrap()];
    assert_eq!((records.len(), cell("verdict_sonde"), cell("etape")), (1, "%3D1+1", "%2D%0Aau revoir"));
}

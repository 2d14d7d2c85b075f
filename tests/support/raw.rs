//! Raw logs of one line of the contract, a pipeline that lets everything through, and what a run leaves alone.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::root;

/// A pipeline for logs of the contract whose gates let everything through.
pub fn tolerant() -> PathBuf {
    root().join("tests/fixtures/pipelines/tolerant")
}

/// A good line of the contract.
pub fn line(number: u32) -> String {
    let line = json!({
        "contract": "attempt/1",
        "attempt_id": format!("01D8HVSR1Z{number:016}"),
        "started_at": "2019-04-16T08:00:00+02:00",
        "counter": "evry-prefecture",
        "procedure": "premier-titre",
        "page_text": "Aucun créneau disponible",
    });
    format!("{line}\n")
}

/// `name reason` of each entry of a list of files left alone, with the number of files of a folder.
pub fn left_alone(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list of files left alone: {list}"));
    let count = |file: &Value| file["files"].as_u64().map_or_else(String::new, |count| format!(" ({count})"));
    let told =
        |file: &Value| format!("{}{} {}", file["file"].as_str().unwrap(), count(file), file["why"].as_str().unwrap());
    list.iter().map(told).collect()
}

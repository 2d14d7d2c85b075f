//! The drawing of which table is made of which, in docs/TABLES.md, is what the command draws from the models as they are.
//! With `GUICHETS_EXAMPLES=write` this test writes it.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::support::{guichets, json, root};

const DOCUMENT: &str = "docs/TABLES.md";
const BEGIN: &str = "<!-- begin: guichets schema graph -->\n```mermaid\n";
const END: &str = "```\n<!-- end -->\n";

fn drawn(more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let told = guichets(folder.path(), ["schema", "graph"].iter().chain(more));
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    told.stdout
}

#[test]
fn the_drawing_in_the_documents_is_that_of_the_models() {
    let path = root().join(DOCUMENT);
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("no mark before the drawing");
    let (drawing, after) = rest.split_once(END).expect("no mark behind the drawing");
    let wanted = drawn(&[]);
    if std::env::var("GUICHETS_EXAMPLES").is_ok_and(|asked| asked == "write") {
        fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
    } else {
        assert!(drawing == wanted, "{DOCUMENT} is stale: run this test with GUICHETS_EXAMPLES=write");
    }
}

/// Every table once, at its station, with the tables whose names stand in its model.
#[test]
fn the_graph_has_every_table_and_what_its_model_names() {
    let graph: Value = serde_json::from_str(&drawn(&["--json"])).unwrap();
    let nodes: BTreeMap<&str, &Value> =
        graph["tables"].as_array().unwrap().iter().map(|node| (node["name"].as_str().unwrap(), node)).collect();
    let schemas: BTreeMap<String, Value> = fs::read_dir(root().join("schemas/tables"))
        .unwrap()
        .map(|entry| json(&entry.unwrap().path()))
        .map(|schema| (schema["name"].as_str().unwrap().to_owned(), schema))
        .collect();
    assert!(nodes.keys().copied().eq(schemas.keys().map(String::as_str)));
    let models = root().join("pipelines/models");
    let source = regex::Regex::new(r"(?i)\b(?:from|join)\s+([a-z_]+)").unwrap();
    for (name, schema) in &schemas {
        let node = nodes[name.as_str()];
        assert_eq!(node["intermediate"], schema["guichets"]["intermediate"] == true, "{name}");
        let sql = ["", "intermediaires/"]
            .iter()
            .find_map(|folder| fs::read_to_string(models.join(format!("{folder}{name}.sql"))).ok());
        let sql: String = sql
            .iter()
            .flat_map(|sql| sql.lines())
            .filter(|line| !line.starts_with("--"))
            .collect::<Vec<_>>()
            .join("\n");
        let mut named: Vec<&str> = source.captures_iter(&sql).map(|found| found.get(1).unwrap().as_str()).collect();
        named.retain(|table| schemas.contains_key(*table));
        named.sort_unstable();
        named.dedup();
        let reads: Vec<&str> = node["reads"].as_array().unwrap().iter().map(|read| read.as_str().unwrap()).collect();
        assert_eq!(reads, named, "{name}");
    }
}

//! The stories that the sample was made to tell come out of the published tables, by the queries of the documentation.

use crate::support::python::python_json;
use crate::support::{root, sample};

#[test]
fn each_query_of_the_documentation_finds_what_stands_below_it() {
    let version = sample();
    let queries = root().join("docs/REQUETES.md");
    let told = python_json(include_str!("support/stories.py"), [queries, version.store().join("latest")]);
    assert_eq!(told["queries"], 9, "one for each story");
    let wrong: Vec<&str> = told["wrong"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // The query for any window gives what is published, where the window is a period.
    assert!(told["windows"].as_u64() > Some(100), "{}", told["windows"]);
    assert_eq!(told["other"], serde_json::json!([]));
}

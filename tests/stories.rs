//! The stories that the sample was made to tell come out of the published tables, by the queries of the documentation.

use std::fs;

use crate::support::python::python_json;
use crate::support::{root, sample};

/// What the documentation tells, in French or in English.
fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The queries of a page and the answers below them, in their order.
fn blocks(page: &str) -> Vec<&str> {
    page.split("\n```").skip(1).step_by(2).collect()
}

/// How many of its sections have a query.
fn stories(page: &str) -> usize {
    page.split("\n## ").filter(|section| section.contains("\n```sql\n")).count()
}

#[test]
fn each_query_of_the_documentation_finds_what_stands_below_it() {
    let version = sample();
    let queries = root().join("docs/REQUETES.md");
    let told = python_json(include_str!("support/stories.py"), [queries, version.store().join("latest")]);
    let french = page("REQUETES.md");
    assert_eq!(told["queries"], blocks(&french).len() / 2, "a query and its answer, nothing else");
    assert!(told["queries"].as_u64() >= Some(stories(&french) as u64), "one for each story");
    let wrong: Vec<&str> = told["wrong"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // The query for any window gives what is published, where the window is a period.
    assert!(told["windows"].as_u64() > Some(100), "{}", told["windows"]);
    assert_eq!(told["other"], serde_json::json!([]));
}

#[test]
fn both_editions_tell_the_same_stories_by_the_same_queries() {
    let (french, english) = (page("REQUETES.md"), page("QUERIES.md"));
    for (ours, theirs) in blocks(&french).iter().zip(blocks(&english)) {
        assert_eq!(*ours, theirs);
    }
    assert_eq!(blocks(&french).len(), blocks(&english).len());
    assert_eq!(stories(&french), stories(&english));
    assert!(stories(&french) > 0);
}

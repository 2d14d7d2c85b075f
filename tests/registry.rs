//! The tables kept by hand can be checked by whoever doubts them: each fact has an address, or says where one was looked for,
//! and nobody is named who does not answer for a publication.

use std::fs;

use crate::support::{Row, root};

/// The tables that state facts, in both folders of the registry.
const OF_FACTS: [&str; 3] = ["chronologie", "chiffres_officiels", "voies"];

fn rows(folder: &str, table: &str) -> Vec<Row> {
    let path = root().join(folder).join(format!("{table}.csv"));
    if !path.is_file() {
        return Vec::new();
    }
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

#[test]
fn each_fact_has_an_address_or_says_where_one_was_looked_for() {
    for folder in ["data/registry", "data/sample/registry"] {
        for table in OF_FACTS {
            for row in rows(folder, table) {
                let [address, looked] = ["source_url", "source_non_retrouvee"].map(|column| row[column].as_str());
                assert_ne!(address.is_empty(), looked.is_empty(), "{folder}/{table}: {row:?}");
                assert!(address.is_empty() || address.starts_with("https://"), "{address}");
                assert!(looked.is_empty() || looked.len() > 20, "where one looked: {looked}");
                assert!(!row["source"].contains("://"), "an address has a column of its own: {}", row["source"]);
            }
        }
    }
    assert!(rows("data/registry", "chronologie").len() > 35);
}

/// Two rows of one block, each to the minute, would claim that both addresses were seen refused at that minute.
#[test]
fn of_the_third_block_one_beginning_is_known_and_one_is_inferred() {
    let blocks = rows("data/registry", "chronologie").into_iter();
    let blocks: Vec<Row> =
        blocks.filter(|row| row["type"] == "blocage" && row["debut"].starts_with("2019-04-21")).collect();
    let mut precisions: Vec<&str> = blocks.iter().map(|row| row["precision"].as_str()).collect();
    precisions.sort_unstable();
    assert_eq!(precisions, ["inferee", "minute"]);
}

/// Decisions are cited with their number, and those of the registry that others lean on are there.
#[test]
fn decisions_have_their_numbers() {
    let decisions: Vec<Row> =
        rows("data/registry", "chronologie").into_iter().filter(|row| row["type"] == "decision").collect();
    for number in ["422516", "435594", "436288", "448178", "452798", "453391", "461694"] {
        assert!(decisions.iter().any(|row| row["titre"].contains(number)), "n° {number}");
    }
}

/// Repositories of persons are cited as what they are, not by their account.
#[test]
fn no_account_of_a_person_is_named() {
    for entry in fs::read_dir(root().join("data/registry")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.to_lowercase().contains("github"), "{}", path.display());
    }
}

//! Every promise of the project in one binary: it is linked once, which takes as long as all the tests together.
//!
//! One file per promise; each must be named here, and a test sees to it.

mod support;

mod any_log;
mod architecture;
mod archives;
mod bad_input;
mod brute_force;
mod buckets;
mod catalogue;
mod catalogue_answers;
mod catalogue_failures;
mod chain;
mod cluster;
mod command_line;
mod compatibility;
mod configuration;
mod consultations;
mod coverage;
mod crawler;
mod cycles;
mod damaged_archives;
mod declared_once;
mod delays;
mod deployments;
mod dialect;
mod dossier;
mod dossier_pages;
mod droughts;
mod durable;
mod engines;
mod files;
mod finished;
mod first_sights;
mod folders;
mod forges;
mod forgotten;
mod framing;
mod fuzzing;
mod gates;
mod incidents;
mod incidents_of_several;
mod init;
mod installing;
mod instants;
mod intervals;
mod languages;
mod large_numbers;
mod little_memory;
mod long_lines;
mod mapping;
mod metadata;
mod nightly;
mod nightly_script;
mod nights;
mod notebooks;
mod off_schedule;
mod old_readers;
mod one_reader;
mod outcome_rule_errors;
mod outcome_rules;
mod over_http;
mod pages;
mod parts;
mod plannings;
mod probe_answers;
mod probe_faults;
mod probe_log;
mod probe_pages;
mod probe_plan;
mod probe_proofs;
mod probe_restraint;
mod probe_second_try;
mod probe_traps;
mod probe_vantages;
mod protocol_model;
mod publication;
mod publishers;
mod r_readers;
mod raw_contract;
mod readers;
mod reading;
mod referee;
mod registry;
mod reproducible;
mod restless_store;
mod retraction;
mod rules_change;
mod sameness;
mod schedule;
mod schema_examples;
mod shards;
mod side_by_side;
mod simulator;
mod site;
mod site_command;
mod site_figures;
mod site_nights;
mod site_scripts;
mod site_states;
mod site_words;
mod spreadsheet;
mod standalone;
mod store_quirks;
mod store_refusals;
mod stores;
mod stories;
mod streams;
mod sweeping;
mod table_graph;
mod three_plannings;
mod unfriendly_servers;
mod unknown_is_never_no;
mod validators;
mod verification;
mod version_page;
mod wide_tables;
mod years;

#[test]
fn no_test_file_is_forgotten() {
    let named = |file: &str| include_str!("promises.rs").lines().any(|line| line == format!("mod {file};"));
    let files = std::fs::read_dir(support::root().join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let forgotten: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "promises" && !named(name))
        .collect();
    assert!(forgotten.is_empty(), "never run: add a line « mod …; » to tests/promises.rs for {}", forgotten.join(", "));
}

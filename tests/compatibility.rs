//! A column that goes, or may suddenly be empty, asks for a new major version of its table; `schema check` says so before a
//! run, and a run is refused.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Run, Version, copy, copy_project, guichets_of, json, root, sample};

/// A project in which one schema is another, and a store to compare it with.
struct Changed {
    folder: TempDir,
}

impl Changed {
    fn new(version: &Version, table: &str, change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_project(&folder.path().join("project"));
        copy(version.store(), &folder.path().join("store"));
        let path = folder.path().join(format!("project/schemas/tables/{table}.json"));
        let mut schema = json(&path);
        change(&mut schema);
        fs::write(path, schema.to_string()).unwrap();
        Self { folder }
    }

    fn guichets(&self, args: &[&str]) -> Run {
        guichets_of(&self.folder.path().join("project"), self.folder.path(), args)
    }

    fn check(&self) -> Run {
        self.guichets(&["schema", "check", "--against", "store"])
    }

    fn run(&self) -> Run {
        self.guichets(&["run", "exemple", "--store", "store", "--dry-run"])
    }
}

fn field<'a>(schema: &'a mut Value, name: &str) -> &'a mut Value {
    schema["fields"].as_array_mut().unwrap().iter_mut().find(|field| field["name"] == name).unwrap()
}

#[test]
fn what_breaks_readers_needs_a_new_major_version() {
    let version = sample();
    let optional = |schema: &mut Value| {
        field(schema, "libelle")["constraints"].as_object_mut().unwrap().remove("required");
    };
    let changed = Changed::new(&version, "demarches", optional);
    let told = changed.check();
    assert_eq!(told.code, Some(3), "{}{}", told.stdout, told.stderr);
    assert!(told.stdout.contains("the column libelle may be empty: breaking"), "{}", told.stdout);
    assert!(told.stdout.contains("the next version is 2.0.0"), "{}", told.stdout);
    let refused = changed.run();
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("« compatibilite » refuses: demarches: the column libelle"), "{}", refused.stderr);

    let declared = Changed::new(&version, "demarches", |schema| {
        optional(schema);
        schema["version"] = json!("2.0.0");
    });
    assert_eq!(declared.check().code, Some(0), "{}", declared.check().stdout);
    let accepted = declared.run();
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
}

#[test]
fn what_adds_needs_a_new_minor_version_and_words_need_none() {
    let version = sample();
    let add = |schema: &mut Value| {
        let mut new = field(schema, "libelle").clone();
        new["name"] = json!("libelle_court");
        new["constraints"] = json!({});
        schema["fields"].as_array_mut().unwrap().push(new);
    };
    let told = Changed::new(&version, "demarches", add).check();
    assert_eq!(told.code, Some(3), "{}", told.stdout);
    assert!(told.stdout.contains("the column libelle_court is new: additive"), "{}", told.stdout);
    assert!(told.stdout.contains("the next version is 1.1.0"), "{}", told.stdout);
    let words = Changed::new(&version, "demarches", |schema| schema["description"] = json!("Autrement dit."));
    assert_eq!(words.check().code, Some(0));
    let back = Changed::new(&version, "demarches", |schema| schema["version"] = json!("0.9.0"));
    assert!(back.check().stdout.contains("went back"), "{}", back.check().stdout);
}

#[test]
fn the_schemas_of_the_project_are_those_of_what_it_publishes() {
    let version = sample();
    let told = guichets_of(root(), Path::new("."), ["schema", "check", "--against", version.store().to_str().unwrap()]);
    assert_eq!(told.code, Some(0), "{}", told.stdout);
}

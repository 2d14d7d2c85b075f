//! Each published CSV table has an example that is valid and one that is not, in `schemas/exemples`, as schema.data.gouv.fr
//! asks; both are made from the sample, so that they cannot go stale. With `GUICHETS_EXAMPLES=write` this test writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::support::csv_tables::{Fault, Table, VALIDATORS, csv_bytes, verdicts};
use crate::support::{Tree, json, root, sample, tree};

/// Rows of an example.
const ROWS: usize = 5;
const FOLDER: &str = "schemas/exemples";
const PROJECT: &str = "https://github.com/guichets-ouverts/guichets-ouverts";

const HEAD: &str = "\
# Exemples de fichiers valides et invalides

Pour chaque table publiée en CSV, les premières lignes de celle de l'échantillon, et les mêmes avec des fautes. Les mesures
sont **simulées** : rien n'y a été observé ; les guichets, démarches, adresses et dates du registre, hors « exemple », sont
réels. Licence Ouverte 2.0.

Ces fichiers sont écrits par un test, qui échoue s'ils ne sont plus à jour :

```
GUICHETS_EXAMPLES=write cargo test --test promises -- schema_examples
```

| fichier | ligne | colonne | valeur | faute |
| --- | --- | --- | --- | --- |
";

/// The CSV tables of the sample, by name: the schema, and the first rows.
fn tables() -> BTreeMap<String, (PathBuf, Table)> {
    let version = sample();
    let table = |file: &serde_json::Value| {
        let name = file["table"].as_str().unwrap().to_owned();
        let schema = root().join(format!("schemas/tables/{name}.json"));
        let table = Table::read(&schema, &version.store().join(file["path"].as_str().unwrap()), ROWS);
        (name, (schema, table))
    };
    version.files_in("csv").map(table).collect()
}

/// One fault a row, as long as there are rows, each of them otherwise as it was.
fn spoiled(table: &Table) -> (Vec<Vec<String>>, Vec<(usize, Fault)>) {
    let mut records = table.records.clone();
    let faults: Vec<(usize, Fault)> = (1..records.len()).zip(table.faults()).collect();
    for (row, fault) in &faults {
        fault.value.clone_into(&mut records[*row][fault.column]);
    }
    (records, faults)
}

/// What the folder should hold.
fn examples() -> Tree {
    let (mut files, mut text) = (Tree::new(), HEAD.to_owned());
    for (name, (_, table)) in tables() {
        let (records, faults) = spoiled(&table);
        assert!(!faults.is_empty(), "the sample has no row of {name}, or its schema forbids nothing");
        for (row, fault) in faults {
            let (column, value) = (table.name(fault.column), fault.value);
            let value = if value.is_empty() { String::new() } else { format!("`{value}`") };
            let (line, what) = (row + 1, fault.what);
            writeln!(text, "| {name}-invalide.csv | {line} | `{column}` | {value} | {what} |").unwrap();
        }
        files.insert(format!("{name}-valide.csv"), csv_bytes(&table.records));
        files.insert(format!("{name}-invalide.csv"), csv_bytes(&records));
    }
    files.insert("README.md".to_owned(), text.into_bytes());
    files
}

#[test]
fn the_examples_are_those_of_the_sample() {
    let (folder, wanted) = (root().join(FOLDER), examples());
    if std::env::var("GUICHETS_EXAMPLES").is_ok_and(|asked| asked == "write") {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in &wanted {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let found = tree(&folder);
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    for (name, bytes) in &wanted {
        assert!(&found[name] == bytes, "{FOLDER}/{name} is stale: run this test with GUICHETS_EXAMPLES=write");
    }
}

#[test]
fn both_validators_accept_the_valid_examples_and_find_every_fault_of_the_others() {
    let folder = root().join(FOLDER);
    let (mut pairs, mut wanted) = (Vec::new(), Vec::new());
    for (name, (schema, table)) in tables() {
        pairs.push((schema.clone(), folder.join(format!("{name}-valide.csv"))));
        wanted.push(0);
        pairs.push((schema, folder.join(format!("{name}-invalide.csv"))));
        wanted.push(spoiled(&table).1.len());
    }
    for (((_, csv), faults), verdict) in pairs.iter().zip(wanted).zip(verdicts(&pairs)) {
        for validator in VALIDATORS {
            let told = &verdict[validator];
            assert_eq!(told["valid"], faults == 0, "{validator}, {}: {told}", csv.display());
            let complaints = told["complaints"].as_array().unwrap().len();
            assert!(complaints >= faults.min(5), "{validator}, {}: {faults} faults, {told}", csv.display());
        }
    }
}

#[test]
fn each_schema_names_itself_and_its_examples() {
    for entry in fs::read_dir(root().join("schemas/tables")).unwrap() {
        let schema = json(&entry.unwrap().path());
        let name = schema["name"].as_str().unwrap();
        let at = |path: String| format!("{PROJECT}/raw/HEAD/schemas/{path}");
        assert_eq!(schema["path"], at(format!("tables/{name}.json")), "{name}");
        for key in ["$schema", "homepage", "created", "lastModified", "countryCode", "licenses", "contributors"] {
            assert!(!schema[key].is_null(), "{name} has no {key}");
        }
        for field in schema["fields"].as_array().unwrap() {
            assert!(field["example"].is_string(), "{name}.{}", field["name"]);
        }
        let formats = schema["guichets"]["formats"].as_array().unwrap();
        if formats.iter().any(|format| format == "csv") {
            let examples: Vec<&str> =
                schema["resources"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
            let wanted = ["valide", "invalide"].map(|kind| at(format!("exemples/{name}-{kind}.csv")));
            assert_eq!(examples, wanted, "{name}");
        }
    }
}

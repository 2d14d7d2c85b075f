//! ARCHITECTURE.md says who may import whom; the code does no more than that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::{root, tree};

/// What any module may use without saying so.
const EVERYWHERE: &str = "error";

fn quoted(cell: &str) -> impl Iterator<Item = String> + '_ {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// By module, those that the document lets it use.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().skip_while(|line| *line != "| module | knows | uses |").skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            (quoted(cells[1]).next().unwrap(), quoted(cells[3]).collect())
        })
        .collect()
}

/// The files of the code; scripts and styles of the site stand beside it.
fn code() -> impl Iterator<Item = (String, Vec<u8>)> {
    tree(&root().join("src"))
        .into_iter()
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|ending| ending == "rs"))
}

/// By module, those that its files name after `crate::`.
fn used() -> BTreeMap<String, BTreeSet<String>> {
    let import = regex::Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, bytes) in code() {
        let module = path.split(['/', '.']).next().unwrap().to_owned();
        if ["cli", "main", "lib"].contains(&module.as_str()) {
            continue;
        }
        let code = String::from_utf8(bytes).unwrap();
        // A link of the documentation is no import.
        let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let names = import.captures_iter(&code).map(|found| found[1].to_owned());
        let others = names.filter(|name| *name != module && name != EVERYWHERE && name != "wire_enum");
        modules.entry(module.clone()).or_default().extend(others);
    }
    modules
}

#[test]
fn a_module_uses_those_that_the_architecture_names_and_no_others() {
    let (allowed, used) = (allowed(), used());
    let told: BTreeSet<&String> = allowed.keys().filter(|module| *module != "cli" && *module != EVERYWHERE).collect();
    let there: BTreeSet<&String> = used.keys().filter(|module| *module != EVERYWHERE).collect();
    assert_eq!(told, there, "the modules of the document are those of src/");
    for (module, names) in &used {
        let strangers: Vec<&String> = names.difference(&allowed[module]).collect();
        assert!(strangers.is_empty(), "{module} uses {strangers:?}, which ARCHITECTURE.md does not name");
    }
}

#[test]
fn one_module_alone_names_the_engine() {
    for (path, bytes) in code() {
        let imports = String::from_utf8(bytes).unwrap().contains("use polars");
        assert_eq!(imports, path == "model.rs", "{path}");
    }
}

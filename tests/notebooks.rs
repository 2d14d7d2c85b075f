//! The notebooks run from top to bottom on what is published, find its figures again, and stop where one is not what the
//! attempts give.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::python::python;
use crate::support::tools::{NOTEBOOKS, script};
use crate::support::{Version, copy, root, sample, seine_maritime};

const FILES: [&str; 2] = ["disponibilite.ipynb", "requetes.sql"];

/// What each notebook tells of a store.
fn told(store: &Path) -> Value {
    script(&NOTEBOOKS, "notebooks.py", [store, root().join("notebooks").as_path()])
}

fn assert_found_again(version: &Version) {
    let told = told(version.store());
    assert_eq!(told.as_object().unwrap().len(), FILES.len(), "a notebook that no test names");
    for file in FILES {
        let run = &told[file];
        assert_eq!(run["done"], true, "{file}: {}", run["said"]);
        let answers = run["answers"].as_object().unwrap();
        let whole_and_parts: Vec<&str> = answers.keys().map(String::as_str).collect();
        assert_eq!(whole_and_parts, ["200", "206"], "{file}");
        assert_eq!(run["kept"], false, "{file} is kept with what a run left in it: clear its outputs");
    }
    assert_eq!(told[FILES[0]]["pictures"], 1);
}

#[test]
fn the_notebooks_find_the_figures_of_the_sample_again() {
    assert_found_again(&sample());
}

#[test]
fn the_notebooks_find_the_figures_of_seine_maritime_again() {
    if let Some(version) = seine_maritime() {
        assert_found_again(&version);
    }
}

fn a_copy_of(version: &Version) -> TempDir {
    let store = tempfile::tempdir().unwrap();
    copy(version.store(), store.path());
    store
}

/// Neither notebook comes to its end, and each says why.
fn assert_stopped(store: &Path, why: [&str; 2]) {
    let told = told(store);
    for (file, why) in FILES.into_iter().zip(why) {
        let said = told[file]["said"].as_str().unwrap();
        assert_eq!(told[file]["done"], false, "{file} came to its end, where {why} is wrong:\n{said}");
        assert!(said.contains(why), "{file} does not say {why}:\n{said}");
    }
}

#[test]
fn a_figure_that_the_attempts_do_not_give_stops_them() {
    let changes = [
        ("disponibilite_mois", "ic95_haut", "un taux publié n'est pas"),
        ("penuries", "duree_constatee_s", "une durée constatée publiée n'est pas"),
        ("disponibilite_mois", "secondes_non", "un taux publié n'est pas"),
        ("disponibilite_jour", "couverture", "une couverture publiée n'est pas"),
    ];
    for (table, column, refusal) in changes {
        let store = a_copy_of(&sample());
        let args = [store.path().as_os_str(), OsStr::new(table), OsStr::new(column)];
        python(include_str!("support/forge.py"), args);
        assert_stopped(store.path(), [format!("{column} : publié et refait").as_str(), refusal]);
    }
}

#[test]
fn a_file_or_a_manifest_that_is_not_the_one_announced_stops_them() {
    let version = sample();
    let file = version.files_in("parquet").find(|file| file["table"] == "disponibilite_mois").unwrap();
    let manifest = version.folder().join("manifest.json");
    let manifest = manifest.strip_prefix(version.store()).unwrap();
    for (path, why) in [
        (Path::new(file["path"].as_str().unwrap()), ["n'est pas le fichier annoncé", "n'est pas le fichier que"]),
        (manifest, ["le manifeste n'est pas celui", "le manifeste n'est pas celui"]),
    ] {
        let store = a_copy_of(&version);
        let mut bytes = fs::read(store.path().join(path)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(store.path().join(path), bytes).unwrap();
        assert_stopped(store.path(), why);
    }
}

//! Whoever opens a workbook in LibreOffice sees what was written: dates are dates, codes have their zeros.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::python::{python, python_json};
use crate::support::tools::provided;
use crate::support::{Version, copy, sample, seine_maritime};

/// What LibreOffice makes of a store's workbooks; nothing where it is not to be had.
fn opened(store: &Path) -> Option<Value> {
    let there = provided(Command::new("soffice").arg("--version"), &["libreoffice-calc"]);
    there.then(|| python_json(include_str!("support/workbooks.py"), [store.as_os_str(), OsStr::new("soffice")]))
}

fn assert_understood(version: &Version) {
    let Some(report) = opened(version.store()) else { return };
    assert_eq!(report["complaints"], json!([]));
    assert_eq!(report["workbooks"], version.files_in("xlsx").count());
    for kind in ["string", "integer", "number", "boolean", "date", "datetime"] {
        assert!(report["cells"][kind].as_u64() > Some(20), "{kind}: {}", report["cells"]);
    }
}

#[test]
fn a_spreadsheet_shows_the_sample_as_it_was_written() {
    assert_understood(&sample());
}

#[test]
fn a_spreadsheet_shows_seine_maritime_as_it_was_written() {
    if let Some(version) = seine_maritime() {
        assert_understood(&version);
    }
}

#[test]
fn a_workbook_that_holds_something_else_would_be_heard() {
    let changes = [
        ("guichets", "departement", "1"),
        ("disponibilite_semaine", "premier_jour", "'2019-01-28'"),
        ("demarches", "libelle", "'Sejour'"),
    ];
    let version = sample();
    let store = tempfile::tempdir().unwrap();
    copy(version.store(), store.path());
    for (table, column, value) in changes {
        let file = version.files_in("xlsx").find(|file| file["table"] == table).unwrap();
        let path = store.path().join(file["path"].as_str().unwrap());
        let write = "import ast, sys, openpyxl\n\
            book = openpyxl.load_workbook(sys.argv[1])\n\
            names = [cell.value for cell in book['Données'][1]]\n\
            book['Données'].cell(2, names.index(sys.argv[2]) + 1).value = ast.literal_eval(sys.argv[3])\n\
            book.save(sys.argv[1])";
        python(write, [path.as_os_str(), OsStr::new(column), OsStr::new(value)]);
    }
    let Some(report) = opened(store.path()) else { return };
    let heard: Vec<&str> = report["complaints"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for (table, column, _) in changes {
        let place = format!(", {column}, row 1");
        assert!(heard.iter().any(|told| told.starts_with(table) && told.contains(&place)), "{table}: {heard:?}");
    }
    assert_eq!(heard.len(), changes.len(), "{heard:?}");
}

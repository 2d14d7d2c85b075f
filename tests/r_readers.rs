//! What R has in Debian reads: every CSV by readr, every workbook by readxl. It has no reader of Parquet there.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::support::{Run, copy, json, root, sample, tools};

/// Texts that readr takes for something else where nobody tells it their type: those of digits, and times of day.
const GUESSED: [(&str, &str, &str); 4] = [
    ("adresses", "planning", "numeric"),
    ("calendrier", "annee", "numeric"),
    ("disponibilite_annee", "annee", "numeric"),
    ("tentatives", "heure_locale", "hms"),
];

/// The class that a column is to have in R.
fn class(kind: &str, workbook: bool) -> &'static str {
    match kind {
        "integer" | "number" => "numeric",
        "boolean" => "logical",
        // A workbook knows instants alone.
        "date" if !workbook => "Date",
        "date" | "datetime" => "POSIXct",
        _ => "character",
    }
}

#[test]
fn r_of_debian_finds_every_row_and_the_declared_types() {
    let loaded = ["--vanilla", "-e", "library(readr); library(readxl)"];
    if !tools::provided(Command::new("Rscript").args(loaded), &["r-cran-readr", "r-cran-readxl"]) {
        return;
    }
    let version = sample();
    let folder = version.store().join("latest");
    let script = root().join("tests/support/r_readers.R");
    let run = Run::of(Command::new("Rscript").arg("--vanilla").arg(script).arg(&folder).env("LC_ALL", "C.UTF-8"));
    assert_eq!(run.code, Some(0), "{}", run.stderr);

    let manifest = json(&folder.join("manifest.json"));
    let files: Vec<&Value> =
        manifest["files"].as_array().unwrap().iter().filter(|file| file["table"].is_string()).collect();
    let (mut read, mut guessed) = (0, BTreeSet::new());
    for line in run.stdout.lines() {
        let mut told = line.split('\t');
        let (name, rows, complaints) = (told.next().unwrap(), told.next().unwrap(), told.next().unwrap());
        let file = files.iter().find(|file| file["path"].as_str().unwrap().ends_with(&format!("/{name}"))).unwrap();
        assert_eq!((rows, complaints), (file["rows"].to_string().as_str(), "0"), "{name}");
        let table = file["table"].as_str().unwrap();
        let schema = json(&root().join(format!("schemas/tables/{table}.json")));
        let fields = schema["fields"].as_array().unwrap();
        let columns: Vec<(&str, &str)> = told.map(|column| column.split_once('=').unwrap()).collect();
        let names: Vec<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
        assert_eq!(columns.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names, "{name}");
        for (field, (column, found)) in fields.iter().zip(columns) {
            let declared = class(field["type"].as_str().unwrap(), file["format"] == "xlsx");
            // A column without a value has no type.
            if !found.is_empty() && found != declared {
                guessed.insert((table.to_owned(), column.to_owned(), found.to_owned()));
            }
        }
        read += 1;
    }
    let expected = files.iter().filter(|file| file["format"] != "parquet").count();
    assert_eq!(read, expected);
    let known = GUESSED.map(|(table, column, class)| (table.to_owned(), column.to_owned(), class.to_owned()));
    assert_eq!(guessed, BTreeSet::from(known));
}

/// The script that stands beside the notebooks finds published rates again, and stops where one is not what its seconds give.
#[test]
fn the_script_in_r_finds_published_rates_again_or_stops() {
    if !tools::provided(Command::new("Rscript").args(["--vanilla", "-e", "library(readr)"]), &["r-cran-readr"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    copy(sample().store(), folder.path());
    let picture = folder.path().join("a.pdf");
    let run = || {
        let script = root().join("notebooks/disponibilite.R");
        Run::of(Command::new("Rscript").arg("--vanilla").arg(script).arg(folder.path()).arg(&picture))
    };
    let told = run();
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stdout.contains("taux retrouvés") && picture.metadata().unwrap().len() > 2000, "{}", told.stdout);
    let path = folder.path().join("latest/disponibilite_mois.csv");
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = header.iter().position(|column| column == "secondes_non").unwrap();
    let mut rows: Vec<csv::StringRecord> = reader.into_records().map(Result::unwrap).collect();
    let row = rows.iter_mut().find(|row| row[at] != *"0").unwrap();
    *row = row.iter().enumerate().map(|(column, value)| if column == at { "1" } else { value }).collect();
    let mut writer = csv::Writer::from_path(&path).unwrap();
    writer.write_record(&header).unwrap();
    for row in &rows {
        writer.write_record(row).unwrap();
    }
    writer.flush().unwrap();
    let told = run();
    assert!(told.code != Some(0) && told.stderr.contains("rated$taux_sans_rdv"), "{}{}", told.stdout, told.stderr);
}

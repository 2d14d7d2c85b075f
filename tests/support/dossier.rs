//! What `guichets dossier` writes, asked for and read.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use super::{Row, Run, guichets, sample};

/// A service with three plannings.
pub const PORT_SONGE: (&str, &str) = ("exemple-port-songe", "retrait-titre");
pub const MONT_MIRAGE: (&str, &str) = ("exemple-mont-mirage", "renouvellement-titre");
pub const APRIL: (&str, &str) = ("2019-04-01", "2019-04-30");

/// The three files of a request, in a folder of their own.
pub struct Written {
    pub folder: tempfile::TempDir,
    pub told: Value,
}

impl Written {
    pub fn path(&self, kind: &str) -> PathBuf {
        self.folder.path().join(self.told[kind].as_str().unwrap())
    }

    /// The file for court, with plain spaces and apostrophes.
    pub fn html(&self) -> String {
        plain(&fs::read_to_string(self.path("html")).unwrap())
    }

    /// The fact sheet, with plain spaces and apostrophes.
    pub fn sheet(&self) -> String {
        plain(&fs::read_to_string(self.path("sheet")).unwrap())
    }

    pub fn lines(&self) -> Vec<Row> {
        csv::Reader::from_path(self.path("csv")).unwrap().deserialize().map(Result::unwrap).collect()
    }

    /// A figure of the first two tables, as it stands there.
    pub fn figure(&self, column: &str) -> String {
        let html = self.html();
        let marked = format!("data-colonne=\"{column}\">");
        let cell = html.split(&marked).nth(1).unwrap_or_else(|| panic!("no figure {column}"));
        cell.split('<').next().unwrap().to_owned()
    }

    pub fn count(&self, column: &str) -> String {
        self.figure(column).replace('\u{202f}', "")
    }
}

/// A page without the signs of French print, but for what stands before a per cent and within a number.
fn plain(page: &str) -> String {
    let mut plain = page.replace('’', "'");
    for mark in ["»", ":"] {
        plain = plain.replace(&format!("\u{a0}{mark}"), &format!(" {mark}"));
    }
    for mark in [";", "!", "?"] {
        plain = plain.replace(&format!("\u{202f}{mark}"), &format!(" {mark}"));
    }
    plain.replace("«\u{a0}", "« ").replace("n°\u{a0}", "n° ").replace("\u{a0}h ", " h ")
}

pub fn ask(
    pipeline: &str,
    store: &str,
    service: (&str, &str),
    days: (&str, &str),
    more: &[&str],
) -> (tempfile::TempDir, Run) {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "--json",
        "dossier",
        pipeline,
        "--guichet",
        service.0,
        "--demarche",
        service.1,
        "--du",
        days.0,
        "--au",
        days.1,
    ];
    let run = guichets(folder.path(), args.iter().chain(&["--store", store]).chain(more));
    (folder, run)
}

pub fn written(pipeline: &str, store: &str, service: (&str, &str), days: (&str, &str), more: &[&str]) -> Written {
    let (folder, run) = ask(pipeline, store, service, days, more);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    Written { told: serde_json::from_str(&run.stdout).unwrap(), folder }
}

pub fn of_the_sample(service: (&str, &str), days: (&str, &str)) -> Written {
    written("exemple", sample().store().to_str().unwrap(), service, days, &[])
}

pub fn april() -> &'static Written {
    static APRIL_OF_PORT_SONGE: OnceLock<Written> = OnceLock::new();
    APRIL_OF_PORT_SONGE.get_or_init(|| of_the_sample(PORT_SONGE, APRIL))
}

pub fn is_of(row: &Row, service: (&str, &str)) -> bool {
    (row["guichet_id"].as_str(), row["demarche_id"].as_str()) == service
}

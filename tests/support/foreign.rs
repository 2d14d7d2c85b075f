//! Another robot's log in a folder of its own, with the pipeline that maps it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Row, Run, Version, guichets, root};

/// Of which moment the versions speak.
pub const AS_OF: &str = "2019-12-01T00:00:00+01:00";

/// A header-less CSV of `quand,guichet,libres`: the plainest of foreign logs.
pub const PLAIN: &str = r#"
files = "*.csv"
format = "csv"
columns = ["quand", "guichet", "libres"]
time = { value = "{quand}", format = "rfc3339" }
fields = { counter = "{guichet}", procedure = "premier-titre", "slots.count" = "{libres}" }
"#;

/// The same with a header.
pub const HEADED: &str = r#"
files = "*.csv"
format = "csv"
header = true
time = { value = "{quand}", format = "rfc3339" }
fields = { counter = "{guichet}", procedure = "premier-titre", "slots.count" = "{libres}" }
"#;

pub struct Foreign {
    folder: TempDir,
}

impl Foreign {
    /// A pipeline without thresholds whose one source is mapped so, by the rules that look at the count alone.
    pub fn new(source: &str) -> Self {
        Self::with_rules(source, "tests/fixtures/pipelines/on-the-count.toml")
    }

    /// The same by other rules.
    pub fn with_rules(source: &str, rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("raw")).unwrap();
        let text = format!(
            "name = \"essai\"\ntitle = \"Essai\"\ntitle_en = \"Trial\"\ndescription = \"Essai.\"\n\
             outcome_rules = \"{}\"\nregistry.folders = [\"data/registry\", \"data/sample/registry\"]\n\
             gates = {{ attempts_min = 0, answers_min = 0, quarantine_max = 1.0, unrecognized_max = 1.0, \
             incomplete_max = 1.0 }}\n\
             [[source]]\nname = \"robot\"\n{source}\n",
            root().join(rules).display(),
        );
        fs::write(folder.path().join("pipeline.toml"), text).unwrap();
        let schedule = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source\n\
                        *,*,2019-01-01T00:00:00+01:00,,60,true,essai\n";
        fs::write(folder.path().join("schedule.csv"), schedule).unwrap();
        Self { folder }
    }

    /// Adds a file to the log.
    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.raw().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub fn pipeline(&self) -> &Path {
        self.folder.path()
    }

    pub fn raw(&self) -> PathBuf {
        self.folder.path().join("raw")
    }

    /// What is published of it.
    pub fn version(&self) -> Version {
        Version::of(self.pipeline(), &[&self.raw()], AS_OF)
    }

    /// A run that may be refused.
    pub fn run(&self) -> Run {
        let store = self.folder.path().join("store");
        let (raw, pipeline) = (self.raw(), self.pipeline());
        guichets(
            self.folder.path(),
            [
                "run".as_ref(),
                pipeline.as_os_str(),
                "--raw".as_ref(),
                raw.as_os_str(),
                "--store".as_ref(),
                store.as_os_str(),
                "--as-of".as_ref(),
                AS_OF.as_ref(),
            ],
        )
    }

    /// What is said of a line.
    pub fn explain(&self, line: &str) -> Run {
        let line = self.raw().join(line);
        guichets(self.folder.path(), ["explain".as_ref(), self.pipeline().as_os_str(), line.as_os_str()])
    }
}

/// What became of each record, in the order of files, lines and ranks: its place, then the values of these columns of
/// `tentatives`, or `!` with reason and field.
pub fn fates(version: &Version, columns: &[&str]) -> Vec<String> {
    let number = |row: &Row, column: &str| row[column].parse::<u64>().unwrap();
    let attempts = version.rows("tentatives").into_iter().map(|row| {
        let values: Vec<&str> = columns.iter().map(|column| row[*column].as_str()).collect();
        let place = (row["fichier_source"].clone(), number(&row, "ligne_source"), number(&row, "rang_source"));
        (place, values.join(" "))
    });
    let set_aside = version.rows("quarantaine").into_iter().map(|row| {
        let place = (row["fichier"].clone(), number(&row, "ligne"), number(&row, "rang"));
        (place, format!("! {} {}", row["motif"], row["champ"]).trim_end().to_owned())
    });
    let mut all: Vec<_> = attempts.chain(set_aside).collect();
    all.sort();
    all.into_iter()
        .map(|((file, line, rank), said)| match rank {
            1 => format!("{file}:{line} {said}"),
            rank => format!("{file}:{line}.{rank} {said}"),
        })
        .collect()
}

/// The account of each file: header lines, lines, records, attempts, duplicates, blank, without data, set aside.
pub fn accounts(version: &Version) -> Vec<String> {
    let columns =
        ["entetes", "lignes", "enregistrements", "tentatives", "doublons", "vides", "sans_donnee", "quarantaine"];
    let rows = version.rows("fichiers");
    rows.iter()
        .map(|row| format!("{} {}", row["fichier"], columns.map(|column| row[column].as_str()).join(" ")))
        .collect()
}

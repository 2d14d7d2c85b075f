//! Where archives of foreign logs are made, delivered and read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::raw::{AS_OF, left_alone};
use super::tools::provided;
use super::{Row, Run, Store, copy, root};

/// A foreign log of a day: a header and a few lines.
pub fn day(day: u32, lines: u32) -> String {
    let line = |line: u32| format!("evry-prefecture;2019-04-{day:02};{:02}:00;0;4\r\n", 8 + line);
    "guichet;jour;heure;libres;etape\r\n".to_owned() + &(0..lines).map(line).collect::<String>()
}

/// A folder in which archives are made, and one in which they are delivered.
pub struct Workshop {
    folder: TempDir,
}

impl Workshop {
    /// A workshop that holds these files.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let workshop = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(workshop.raw()).unwrap();
        for (name, text) in files {
            workshop.put(name, text);
        }
        workshop
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.bench().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn bench(&self) -> PathBuf {
        self.folder.path().join("bench")
    }

    pub fn raw(&self) -> PathBuf {
        self.folder.path().join("raw")
    }

    /// Runs a tool among the files.
    pub fn tool(&self, program: &str, args: &[&str]) {
        if ["zip", "zstd"].contains(&program) {
            // Debian's name of each is its own.
            assert!(provided(Command::new(program).arg("--version"), &[program]), "the test needs {program}");
        }
        let done = Run::of(Command::new(program).current_dir(self.bench()).args(args));
        assert_eq!(done.code, Some(0), "{program} {args:?}: {}{}", done.stdout, done.stderr);
    }

    pub fn python(&self, script: &str) {
        self.tool("python3", &["-c", script]);
    }

    /// A pipeline that reads CSV members of whatever is called like an archive.
    pub fn pipeline(&self, members: &str) -> PathBuf {
        let folder = self.folder.path().join("pipelines/archives");
        copy(&root().join("tests/fixtures/pipelines/csv-a-entete"), &folder);
        let rules = root().join("tests/fixtures/pipelines/on-the-count.toml");
        let settings = fs::read_to_string(folder.join("pipeline.toml")).unwrap();
        let settings = settings
            .replace("../on-the-count.toml", rules.to_str().unwrap())
            .replace("files = \"*.csv\"", &format!("files = \"*.archive*\"\nmembers = \"{members}\""));
        fs::write(folder.join("pipeline.toml"), settings).unwrap();
        folder
    }

    pub fn run(&self) -> Told {
        self.run_into(Store::new())
    }

    pub fn run_into(&self, store: Store) -> Told {
        Told::of(store, &self.pipeline("*.csv"), &self.raw())
    }
}

/// What became of what was delivered.
pub struct Told {
    pub store: Store,
    /// By file: attempts and duplicates, lines, whether it is complete.
    pub read: BTreeMap<String, String>,
    pub left_alone: Vec<String>,
    /// `file line reason`.
    pub set_aside: Vec<String>,
}

impl Told {
    pub fn of(store: Store, pipeline: &Path, raw: &Path) -> Self {
        let run = store.run(pipeline, &[raw], AS_OF, &["--json"]);
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        let left_alone = left_alone(&told["summary"]["left_alone"]);
        let of = |row: &Row, columns: &[&str]| {
            columns.iter().map(|column| row[*column].as_str()).collect::<Vec<_>>().join(" ")
        };
        let read = store.rows("fichiers").into_iter();
        // Members that say the same are read all the same.
        let number = |row: &Row, column: &str| row[column].parse::<u64>().unwrap();
        let fate = |row: &Row| {
            format!("{} {}", number(row, "tentatives") + number(row, "doublons"), of(row, &["lignes", "complet"]))
        };
        let read = read.map(|row| (row["fichier"].clone(), fate(&row)));
        let set_aside = store.rows("quarantaine");
        Self {
            left_alone,
            read: read.collect(),
            set_aside: set_aside.iter().map(|row| of(row, &["fichier", "ligne", "motif"])).collect(),
            store,
        }
    }

    pub fn read(&self) -> Vec<String> {
        self.read.iter().map(|(file, fate)| format!("{file}: {fate}")).collect()
    }
}

/// The bytes of an archive of three days.
pub fn three_days(workshop: &Workshop, name: &str, program: &str, args: &[&str]) -> Vec<u8> {
    let path = workshop.bench().join(name);
    workshop.tool(program, &[args, &[name, "01.csv", "02.csv", "03.csv"]].concat());
    fs::read(path).unwrap()
}

/// A workshop of three days.
pub fn days() -> Workshop {
    Workshop::of(&[("01.csv", &day(1, 3)), ("02.csv", &day(2, 3)), ("03.csv", &day(3, 3))])
}

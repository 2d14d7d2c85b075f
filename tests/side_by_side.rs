//! What is measured beside this program does the same: DuckDB and Polars count the answers that it publishes.

use std::path::Path;
use std::process::Command;

use crate::support::python::Environment;
use crate::support::{Run, root};

/// What the comparison of speed pins, and what it is made with.
static OTHERS: Environment = Environment::new("benches/side_by_side/requirements.txt");

fn python(args: &[&str]) -> Run {
    Run::of(Command::new(OTHERS.interpreter()).current_dir(root()).env("PYTHONDONTWRITEBYTECODE", "1").args(args))
}

fn compared(out: &Path) -> Run {
    let [store, duckdb, polars] = ["store", "duckdb", "polars"].map(|name| out.join(name));
    let folders = [store, duckdb, polars].map(|path| path.to_str().unwrap().to_owned());
    python(&["benches/side_by_side/same.py", &folders[0], &folders[1], &folders[2]])
}

#[test]
fn others_count_the_same_answers_from_the_same_lines() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().to_str().unwrap();
    let made_with = ["--binary", env!("CARGO_BIN_EXE_guichets"), "--python", OTHERS.interpreter().to_str().unwrap()];
    // Lines that come twice stand in the next file.
    let small =
        ["benches/side_by_side/run.py", "--attempts", "2000", "--files", "day", "--rounds", "0", "--cache", cache];
    let run = python(&[&small[..], &made_with].concat());
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.starts_with("the same counts on 80 days of a service, 20"), "{}", run.stdout);

    // The comparison would see it: one day of one service is missing.
    let out = folder.path().join("out");
    let days = out.join("polars/jours.parquet");
    let script =
        "import sys, pyarrow.parquet as p; t = p.read_table(sys.argv[1]); p.write_table(t.slice(1), sys.argv[1])";
    assert_eq!(python(&["-c", script, days.to_str().unwrap()]).code, Some(0));
    let run = compared(&out);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stderr.contains("1 of 80 days of a service differ"), "{}", run.stderr);
}

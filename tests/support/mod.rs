//! What the tests share: the binary, the real logs where they are, published versions, Python.

mod attempts;
pub mod azure;
pub mod browser;
pub mod counters;
pub mod csv_tables;
pub mod dialect;
pub mod dossier;
mod files;
pub mod foreign;
pub mod gcs;
pub mod interleave;
pub mod loaded;
pub mod model_store;
pub mod odd_s3;
pub mod place;
pub mod proxy;
mod published;
pub mod python;
pub mod raw;
pub mod releases;
pub mod s3;
mod scene;
pub mod shown;
pub mod site;
mod store;
pub mod tools;
mod udata;
pub mod version;
pub mod web;
pub mod workshop;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use attempts::{Attempts, Kind, plain_pipeline};
pub use files::{Tree, append, copy, copy_project, tree};
pub use published::{german_offices, sample, seine_maritime};
pub use scene::Scene;
pub use store::Store;
pub use udata::{Udata, udata};
pub use version::{Row, Version, json};

/// The project's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a program left behind.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        // Whatever language whoever runs the tests speaks.
        if !command.get_envs().any(|(name, _)| name == "LC_ALL") {
            command.env("LC_ALL", "C.UTF-8");
        }
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// Runs the binary in a folder, on this project whatever the folder.
pub fn guichets<S: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = S>) -> Run {
    guichets_of(root(), folder, args)
}

/// Runs the binary in a folder, on a project of the test's own.
pub fn guichets_of<S: AsRef<OsStr>>(project: &Path, folder: &Path, args: impl IntoIterator<Item = S>) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
    Run::of(command.current_dir(folder).arg("--project").arg(project).args(args))
}

/// The same with something in its environment.
pub fn guichets_with<S: AsRef<OsStr>>(
    environment: &[(&'static str, String)],
    folder: &Path,
    args: impl IntoIterator<Item = S>,
) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
    command.envs(environment.iter().map(|(key, value)| (*key, value.as_str())));
    Run::of(command.current_dir(folder).arg("--project").arg(root()).args(args))
}

/// The folder of other robots' logs, which cannot be distributed: `GUICHETS_REAL_LOGS`, or `shared/real` beside the
/// project.
pub fn real_logs() -> Option<PathBuf> {
    let stated = std::env::var_os("GUICHETS_REAL_LOGS").map(PathBuf::from);
    stated.or_else(|| Some(root().parent()?.join("shared/real"))).filter(|folder| folder.is_dir())
}

/// Says that a test could not look, where libtest cannot swallow it.
pub fn skipped(reason: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

//! The readers and validators of the Python world, of the versions that `tests/requirements.txt` pins.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Run, root};

/// A virtual environment that one file of pinned requirements describes; made on first use, and kept with the other build
/// products until that file changes.
pub struct Environment {
    requirements: &'static str,
    interpreter: OnceLock<PathBuf>,
}

/// What most tests need.
static COMMON: Environment = Environment::new("tests/requirements.txt");

impl Environment {
    /// The environment of a file of requirements, by its path from the project's root.
    pub const fn new(requirements: &'static str) -> Self {
        Self { requirements, interpreter: OnceLock::new() }
    }

    /// Its `python`.
    pub fn interpreter(&self) -> &Path {
        self.interpreter.get_or_init(|| self.install())
    }

    /// The same, or nothing where this Python is too young for what is pinned.
    pub fn available(&self) -> Option<&Path> {
        let young = Run::of(Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info >= (3, 12))"]));
        (young.code == Some(0)).then(|| self.interpreter())
    }

    /// Its file of requirements, by its path from the project's root.
    pub const fn requirements(&self) -> &'static str {
        self.requirements
    }

    fn install(&self) -> PathBuf {
        let requirements = root().join(self.requirements);
        let wanted = fs::read_to_string(&requirements).unwrap();
        let python = Run::of(Command::new("python3").arg("--version"));
        let digest = blake3::hash(format!("{}{wanted}", python.stdout).as_bytes()).to_hex();
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let folder = target.join(format!("python-{}", &digest[..12]));

        // Held until the end: another process that wants the same folder waits, then finds it ready.
        let lock = File::create(folder.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        let interpreter = folder.join("bin/python");
        let ready = folder.join("ready");
        if !ready.is_file() {
            let _ = fs::remove_dir_all(&folder);
            make(&folder);
            let mut pip = Command::new(&interpreter);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
            let installed = Run::of(&mut pip);
            assert_eq!(installed.code, Some(0), "cannot install {}:\n{}", self.requirements, installed.stderr);
            fs::write(ready, "").unwrap();
        }
        interpreter
    }
}

/// Makes an empty virtual environment, fetching the system's package for it where that is missing and can be had.
fn make(folder: &Path) {
    let venv = || Run::of(Command::new("python3").args(["-m", "venv"]).arg(folder));
    let first = venv();
    if first.code == Some(0) {
        return;
    }
    let is_root = Run::of(Command::new("id").arg("-u")).stdout.trim() == "0";
    let fetched = is_root && Run::of(Command::new("apt-get").args(["install", "-y", "python3-venv"])).code == Some(0);
    let _ = fs::remove_dir_all(folder);
    assert!(
        fetched && venv().code == Some(0),
        "python3 -m venv does not work here: install Python 3.11 or later with its venv module (on Debian and Ubuntu: \
         apt-get install python3-venv), then run the tests again\n{}{}",
        first.stdout,
        first.stderr,
    );
}

/// The `python` of what most tests need.
pub fn common() -> &'static Path {
    COMMON.interpreter()
}

/// A script to be run in the pinned environment.
pub fn command<S: AsRef<OsStr>>(script: &str, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(COMMON.interpreter());
    command.arg("-c").arg(script).args(args);
    command
}

/// Runs a script in the pinned environment and returns what it printed.
pub fn python<S: AsRef<OsStr>>(script: &str, args: impl IntoIterator<Item = S>) -> String {
    let run = Run::of(&mut command(script, args));
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    run.stdout
}

/// Runs a script that prints one JSON value, and returns it.
pub fn python_json<S: AsRef<OsStr>>(script: &str, args: impl IntoIterator<Item = S>) -> serde_json::Value {
    let printed = python(script, args);
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}:\n{printed}"))
}

#[test]
fn the_environment_holds_what_the_requirements_pin() {
    let script = "import importlib.metadata as m, sys\nfor name in sys.argv[1:]: print(f'{name}=={m.version(name)}')";
    let requirements = fs::read_to_string(root().join("tests/requirements.txt")).unwrap();
    let pins: Vec<&str> = requirements.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let found = python(script, pins.iter().map(|pin| pin.split("==").next().unwrap()));
    assert_eq!(found.lines().collect::<Vec<_>>(), pins);
}

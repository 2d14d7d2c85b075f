//! Programs that readers use and that are no crates: Debian's where they are missing and can be had, npm's, and scripts
//! in Python environments of their own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

use super::python::Environment;
use super::{Run, root, skipped};

/// What the notebooks need, and whoever reads by address.
pub static NOTEBOOKS: Environment = Environment::new("notebooks/requirements.txt");

/// Runs a script of tests/support beside the modules that it uses, and returns the one JSON value that it prints.
pub fn script<S: AsRef<OsStr>>(environment: &Environment, name: &str, args: impl IntoIterator<Item = S>) -> Value {
    // What readers leave at home (extensions, caches of fonts) stays with the build products.
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home");
    fs::create_dir_all(&home).unwrap();
    let mut command = Command::new(environment.interpreter());
    command.arg(root().join("tests/support").join(name)).args(args);
    let run = Run::of(command.env("HOME", home).env("PYTHONDONTWRITEBYTECODE", "1"));
    assert_eq!(run.code, Some(0), "{name}\n{}\n{}", run.stdout, run.stderr);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{name}, {error}:\n{}", run.stdout))
}

/// Whether a command succeeds, once Debian's packages for it are installed where it did not and this machine lets us.
/// Says that a test is skipped where it does not.
pub fn provided(probe: &mut Command, packages: &[&str]) -> bool {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let mut works = || probe.output().is_ok_and(|output| output.status.success());
    if works() {
        return true;
    }
    let is_root = Run::of(Command::new("id").arg("-u")).stdout.trim() == "0";
    let apt_get = |args: &[&str]| {
        let run = Command::new("apt-get").args(["-q", "-o", "DPkg::Lock::Timeout=600"]).args(args).output();
        run.is_ok_and(|output| output.status.success())
    };
    let install = [&["install", "-y", "--no-install-recommends"][..], packages].concat();
    let there = is_root && apt_get(&["update"]) && apt_get(&install) && works();
    if !there {
        skipped(&format!("{} is not here, and cannot be installed", packages.join(" ")));
    }
    there
}

/// A folder with what stands in a folder of tests/support, and the modules that it pins; nothing where npm is not to be
/// had.
pub fn node_folder(name: &str) -> Option<PathBuf> {
    node_project(&format!("tests/support/{name}"))
}

/// The same of any folder of the project.
pub fn node_project(path: &str) -> Option<PathBuf> {
    static NPM: OnceLock<bool> = OnceLock::new();
    let there = NPM.get_or_init(|| provided(Command::new("npm").arg("--version"), &["nodejs", "npm"]));
    there.then(|| install(path))
}

fn install(path: &str) -> PathBuf {
    let scripts = root().join(path);
    let wanted = blake3::hash(&fs::read(scripts.join("package-lock.json")).unwrap()).to_hex();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join(format!("node-{}", &wanted[..12]));
    fs::create_dir_all(&folder).unwrap();
    // Held until the end: another process that wants the same folder waits, then finds it ready.
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    super::copy(&scripts, &folder);
    let ready = folder.join("ready");
    if !ready.is_file() {
        let mut npm = Command::new("npm");
        let run = Run::of(npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder));
        assert_eq!(run.code, Some(0), "cannot install {path}/package-lock.json:\n{}", run.stderr);
        fs::write(ready, "").unwrap();
    }
    folder
}

#[test]
fn the_locks_of_npm_pin_every_module_by_its_digest_and_name_no_registry() {
    let others = ["tests/support/js", "tests/support/azurite", "tests/support/site"];
    for folder in ["src/site/browser", "data/carte"].into_iter().chain(others) {
        let lock = root().join(folder).join("package-lock.json");
        let lock: Value = serde_json::from_str(&fs::read_to_string(lock).unwrap()).unwrap();
        let modules = lock["packages"].as_object().unwrap().iter().filter(|(name, _)| !name.is_empty());
        for (name, module) in modules {
            assert!(module["integrity"].as_str().is_some_and(|digest| digest.starts_with("sha512-")), "{name}");
            assert_eq!(module["resolved"], Value::Null, "{name}");
        }
    }
}

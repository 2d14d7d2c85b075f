//! ARCHITECTURE.md says who may import whom; the code does no more than that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::{root, tree};

/// What any module may use without saying so.
const EVERYWHERE: &str = "error";

fn quoted(cell: &str) -> impl Iterator<Item = String> + '_ {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// By module, those that the document lets it use.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().skip_while(|line| *line != "| module | knows | uses |").skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            (quoted(cells[1]).next().unwrap(), quoted(cells[3]).collect())
        })
        .collect()
}

/// The files of the code; scripts and styles of the site stand beside it.
fn code() -> impl Iterator<Item = (String, Vec<u8>)> {
    tree(&root().join("src"))
        .into_iter()
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|ending| ending == "rs"))
}

/// By module, those that its files name after `crate::`.
fn used() -> BTreeMap<String, BTreeSet<String>> {
    let import = regex::Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, bytes) in code() {
        let module = path.split(['/', '.']).next().unwrap().to_owned();
        if ["cli", "main", "lib"].contains(&module.as_str()) {
            continue;
        }
        let code = String::from_utf8(bytes).unwrap();
        // A link of the documentation is no import.
        let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let names = import.captures_iter(&code).map(|found| found[1].to_owned());
        let others = names.filter(|name| *name != module && name != EVERYWHERE && name != "wire_enum");
        modules.entry(module.clone()).or_default().extend(others);
    }
    modules
}

#[test]
fn a_module_uses_those_that_the_architecture_names_and_no_others() {
    let (allowed, used) = (allowed(), used());
    let told: BTreeSet<&String> = allowed.keys().filter(|module| *module != "cli" && *module != EVERYWHERE).collect();
    let there: BTreeSet<&String> = used.keys().filter(|module| *module != EVERYWHERE).collect();
    assert_eq!(told, there, "the modules of the document are those of src/");
    for (module, names) in &used {
        let strangers: Vec<&String> = names.difference(&allowed[module]).collect();
        assert!(strangers.is_empty(), "{module} uses {strangers:?}, which ARCHITECTURE.md does not name");
    }
}

#[test]
fn one_module_alone_names_the_engine() {
    for (path, bytes) in code() {
        let imports = String::from_utf8(bytes).unwrap().contains("use polars");
        assert_eq!(imports, path == "model/in_process.rs", "{path}");
    }
}

/// The files of the probe, below its folder.
fn probe() -> impl Iterator<Item = (String, String)> {
    code().filter_map(|(path, bytes)| {
        let within = path.strip_prefix("probe/")?.to_owned();
        Some((within, String::from_utf8(bytes).unwrap()))
    })
}

/// What a booking system's code cannot name, it cannot ask.
#[test]
fn a_system_reaches_nobody_but_through_its_session() {
    let mut systems = 0;
    for (path, text) in probe() {
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let names_it = code.contains("reqwest") || code.contains("tokio::");
        assert_eq!(names_it, path == "wire.rs", "{path}: one file alone sends");
        let sends = code.contains(".exchange(");
        let may_send = ["wire.rs", "desk.rs", "cycle.rs"].contains(&path.as_str());
        assert!(!sends || may_send, "{path} sends past the gate");
        if path.starts_with("system/") {
            systems += 1;
            for word in ["std::fs", "std::net", "std::process", "Desk", "Wire", "Restraint", "bounds", "unsafe"] {
                assert!(!code.contains(word), "{path} names {word}");
            }
        }
    }
    assert!(systems > 3, "{systems}");
}

/// « None » and « some » are made where they are found, and nowhere else.
#[test]
fn an_answer_of_the_probe_cannot_be_made_up() {
    let made = regex::Regex::new(r"\b(Sentence|Shown)\(").unwrap();
    for (path, text) in probe() {
        let code = text.lines().filter(|line| !line.contains("pub struct"));
        let makes = code.filter(|line| made.is_match(line)).count();
        assert!(makes == 0 || path == "page/mod.rs", "{path}");
    }
}

/// What the probe never does, it has no means to do.
#[test]
fn no_dependency_solves_captchas_reads_pictures_runs_scripts_or_hides_who_asks() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let forbidden = [
        "captcha",
        "tesseract",
        "leptess",
        "ocrs",
        "opencv",
        "ocr",
        "chromium",
        "headless",
        "webdriver",
        "fantoccini",
        "thirtyfour",
        "playwright",
        "selenium",
        "boa_engine",
        "deno_core",
        "v8",
        "quickjs",
        "duktape",
        "socks",
        "arti",
        "tor-",
        "proxy",
        "fake-user-agent",
    ];
    let found: Vec<&str> = names
        .filter(|name| forbidden.iter().any(|word| name == word || word.len() > 4 && name.contains(word)))
        .collect();
    assert!(found.is_empty(), "{found:?}");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let reqwest = manifest.lines().find(|line| line.starts_with("reqwest = ")).unwrap();
    assert!(!reqwest.contains("socks") && !reqwest.contains("cookies"), "{reqwest}");
}

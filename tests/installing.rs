//! The command without a compiler: what a release holds is what it says, and works where it is unpacked or installed.

use std::fs;
use std::process::Command;

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

use crate::forges::LINTERS;
use crate::support::tools::provided;
use crate::support::{Run, json, root, skipped};

/// The wheel of this system.
const WHEEL: &str = concat!("guichets_ouverts-", env!("CARGO_PKG_VERSION"), "-py3-none-linux_x86_64.whl");

/// Packs a stand-in for the command.
fn packed(folder: &TempDir, out: &str) -> Run {
    let command = folder.path().join("command");
    fs::write(&command, "#!/bin/sh\necho the command\n").unwrap();
    let mut release = Command::new(root().join(".ci/release"));
    release.args(["x86_64-unknown-linux-gnu", out, "--of"]).arg(command).current_dir(folder.path());
    Run::of(&mut release)
}

#[test]
fn the_archive_of_a_release_holds_the_command_and_is_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    for out in ["one", "other"] {
        let run = packed(&folder, out);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    let name = "guichets-x86_64-unknown-linux-gnu";
    let bytes = |out: &str, ending: &str| fs::read(folder.path().join(format!("{out}/{name}.{ending}"))).unwrap();
    for ending in ["tar.gz", "tar.gz.sha256", "spdx.json"] {
        assert!(bytes("one", ending) == bytes("other", ending), "{ending} has other bytes");
    }
    let wheel = |out: &str| fs::read(folder.path().join(out).join(WHEEL)).unwrap();
    assert!(wheel("one") == wheel("other"), "the wheel has other bytes");
    let shell = |text: &str| Run::of(Command::new("sh").args(["-c", text]).current_dir(folder.path().join("one")));
    let checked = shell(&format!("sha256sum --check {name}.tar.gz.sha256 && tar xzf {name}.tar.gz && {name}/guichets"));
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert_eq!(checked.stdout, format!("{name}.tar.gz: OK\nthe command\n"));
    let inside = |file: &str| fs::read_to_string(folder.path().join(format!("one/{name}/{file}"))).unwrap();
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        assert!(inside(file) == fs::read_to_string(root().join(file)).unwrap(), "{file}");
    }
    // Its links lead somewhere, wherever it is read.
    let (readme, links) = (inside("README.md"), Regex::new(r"\]\(([^)#][^)]*)\)").unwrap());
    let links: Vec<&str> = links.captures_iter(&readme).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(links.len() > 30 && links.iter().all(|link| link.starts_with("http")), "{links:?}");
    // What others ask to be passed on with what is theirs.
    let notices = inside("THIRD-PARTY.txt");
    for part in ["polars ", "hyparquet ", "inter 4", "Ritchie Vink", "SIL OPEN FONT LICENSE"] {
        assert!(notices.contains(part), "{part}");
    }
    let parts = json(&folder.path().join(format!("one/{name}.spdx.json")));
    let names: Vec<&str> =
        parts["packages"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert!(
        ["guichets-ouverts", "polars", "rustls", "hyparquet", "inter"].iter().all(|part| names.contains(part)),
        "{names:?}"
    );
    // What only tests or other systems need is no part of it.
    assert!(["proptest", "insta", "windows-sys"].iter().all(|part| !names.contains(part)), "{names:?}");
}

/// What `cargo binstall` looks for is what a release holds.
#[test]
fn installers_find_the_archive_by_its_name() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let package = &manifest["package"];
    let told = |key: &str| package["metadata"]["binstall"][key].as_str().unwrap();
    let fill = |text: &str| {
        text.replace("{ target }", "T")
            .replace("{ version }", "1.2.3")
            .replace("{ repo }", "R")
            .replace("{ binary-ext }", "")
    };
    assert_eq!(fill(told("pkg-url")), "R/releases/download/v1.2.3/guichets-T.tar.gz");
    assert_eq!(fill(told("bin-dir")), "guichets-T/guichets");
    assert!(package["repository"].as_str().is_some_and(|address| address.starts_with("https://")));
    let script = fs::read_to_string(root().join(".ci/release")).unwrap();
    assert!(script.contains("name=guichets-$target\n"));
}

/// What people do with a release: unpack it, install its wheel, run it without installing anything.
#[test]
fn what_is_packed_makes_the_sample_wherever_it_is_unpacked_or_installed() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return skipped("the packing is tried on Linux, x86-64");
    }
    let folder = tempfile::tempdir().unwrap();
    // Without what only a debugger reads, as releases are.
    let command = folder.path().join("command");
    let stripped = Run::of(Command::new("strip").arg("-o").arg(&command).arg(env!("CARGO_BIN_EXE_guichets")));
    assert_eq!(stripped.code, Some(0), "{}", stripped.stderr);
    let target = "x86_64-unknown-linux-gnu";
    let out = folder.path().join("dist");
    let packed =
        Run::of(Command::new(root().join(".ci/release")).args([target, out.to_str().unwrap(), "--of"]).arg(&command));
    assert_eq!(packed.code, Some(0), "{}", packed.stderr);
    let tried = Run::of(Command::new(root().join(".ci/try-release")).arg(target).arg(&out));
    assert_eq!(tried.code, Some(0), "{}{}", tried.stdout, tried.stderr);
    assert!(
        tried.stdout.contains("guichets-x86_64-unknown-linux-gnu.tar.gz makes the sample")
            && tried.stdout.contains("the wheel makes the sample"),
        "{}",
        tried.stdout
    );

    let mut uvx = Command::new(LINTERS.interpreter().with_file_name("uv"));
    uvx.args(["tool", "run", "--offline", "--no-index", "--from"])
        .arg(out.join(WHEEL))
        .args(["guichets-ouverts", "--version"]);
    let run = Run::of(uvx.env("UV_CACHE_DIR", folder.path().join("uv")).current_dir(folder.path()));
    assert_eq!(
        (run.code, run.stdout.trim()),
        (Some(0), concat!("guichets ", env!("CARGO_PKG_VERSION"))),
        "{}",
        run.stderr
    );
}

/// The image holds the command and where it works, runs it without rights, and knows which version it is.
#[test]
fn the_image_of_a_release_holds_the_command_alone() {
    if !provided(Command::new("buildah").arg("--version"), &["buildah"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let content = folder.path().join("content");
    fs::create_dir(&content).unwrap();
    for file in ["guichets", "LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY.txt"] {
        fs::write(content.join(file), "the command").unwrap();
    }
    let archive = folder.path().join("image.tar");
    let run =
        Run::of(Command::new(root().join(".ci/image")).arg("aarch64-unknown-linux-musl").args([&content, &archive]));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let shell = |text: &str| Run::of(Command::new("sh").args(["-ec", text]).current_dir(folder.path()));
    shell("mkdir image && tar xf image.tar -C image");
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
        folder.path().join("image/blobs/sha256").join(digest)
    };
    let manifest = json(&blob(&json(&folder.path().join("image/index.json"))["manifests"][0]));
    let config = json(&blob(&manifest["config"]));
    assert_eq!(config["architecture"], "arm64");
    assert_eq!(
        (&config["config"]["User"], &config["config"]["WorkingDir"]),
        (&"65532:65532".into(), &"/travail".into())
    );
    assert_eq!(config["config"]["Entrypoint"], serde_json::json!(["/guichets"]));
    assert_eq!(config["config"]["Labels"]["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
    let layers = manifest["layers"].as_array().unwrap();
    let held: Vec<String> = layers
        .iter()
        .flat_map(|layer| {
            let listed = shell(&format!("tar tzf {}", blob(layer).display()));
            listed.stdout.lines().map(|line| line.trim_matches('/').to_owned()).collect::<Vec<_>>()
        })
        .filter(|name| !name.is_empty() && name != ".")
        .collect();
    let mut held = held;
    held.sort();
    held.dedup();
    let licences = ["LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.txt"].map(|file| format!("licences/{file}"));
    let held: Vec<&str> =
        held.iter().map(String::as_str).filter(|name| !licences.iter().any(|one| one == name)).collect();
    assert_eq!(held, ["guichets", "licences", "tmp", "travail"]);
}

/// Pages of the manual for every command, and something for each shell.
#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::of(Command::new(env!("CARGO_BIN_EXE_guichets")).args(["manual", "."]).current_dir(folder.path()));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let help = Run::of(Command::new(env!("CARGO_BIN_EXE_guichets")).arg("--help")).stdout;
    let commands = crate::command_line::commands(&help);
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let page = fs::read_to_string(folder.path().join(format!("man1/guichets-{command}.1"))).unwrap();
        assert!(page.contains(".SH OPTIONS") || page.contains(".SH SUBCOMMANDS"), "{command}");
        let shell = fs::read_to_string(folder.path().join("completions/guichets.bash")).unwrap();
        assert!(
            shell.contains(&format!("guichets__subcmd__{command})"))
                || shell.contains(&format!("guichets__{command})")),
            "{command}"
        );
    }
    let read = Run::of(Command::new("bash").args(["-n", "completions/guichets.bash"]).current_dir(folder.path()));
    assert_eq!(read.code, Some(0), "{}", read.stderr);
    if provided(Command::new("groff").arg("--version"), &["groff-base"]) {
        let shown = Run::of(
            Command::new("groff")
                .args(["-Kutf8", "-man", "-Tutf8", "-ww", "man1/guichets-run.1"])
                .current_dir(folder.path()),
        );
        assert!(
            shown.code == Some(0) && shown.stderr.is_empty() && shown.stdout.contains("publisher"),
            "{}",
            shown.stderr
        );
    }
}

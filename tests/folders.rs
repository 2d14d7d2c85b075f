//! A folder is read whole and once, whatever stands in it and wherever its links lead, and nothing but files is opened.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::Store;
use crate::support::foreign::{Foreign, PLAIN};
use crate::support::raw::{AS_OF, Raw, Told, line, tolerant};

#[test]
fn a_folder_that_links_lead_back_to_is_read_once() {
    let raw = Raw::of(&["a.ndjson", "sub/b.ndjson"]);
    let at = |name: &str| raw.path().join(name);
    fs::create_dir(raw.beside("outside")).unwrap();
    fs::write(raw.beside("outside/c.ndjson"), line(50)).unwrap();
    symlink(raw.path(), at("loop")).unwrap();
    symlink(at("sub"), at("sub/loop-1")).unwrap();
    symlink(raw.path(), at("sub/loop-2")).unwrap();
    symlink(raw.beside("outside"), at("elsewhere")).unwrap();
    symlink(raw.beside("outside"), at("elsewhere-again")).unwrap();
    symlink(raw.path(), raw.beside("outside/back")).unwrap();
    symlink(at("a.ndjson"), at("1-a.ndjson")).unwrap();
    symlink(raw.beside("nowhere.ndjson"), at("broken.ndjson")).unwrap();
    symlink(at("self.ndjson"), at("self.ndjson")).unwrap();
    let told = raw.run();
    assert_eq!(told.read, ["a.ndjson", "elsewhere/c.ndjson", "sub/b.ndjson"]);
    assert_eq!(
        told.left_alone,
        [
            "1-a.ndjson deja_lu",
            "broken.ndjson lien_rompu",
            "elsewhere-again deja_lu",
            "elsewhere/back deja_lu",
            "loop deja_lu",
            "self.ndjson lien_rompu",
            "sub/loop-1 deja_lu",
            "sub/loop-2 deja_lu",
        ]
    );
    assert_eq!(told.store.manifest()["accounting"]["duplicates"], 0);
}

#[test]
fn a_pipe_or_a_device_is_never_opened() {
    let raw = Raw::of(&["a.ndjson"]);
    let pipe = raw.path().join("pipe.ndjson");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(raw.path().join("socket.ndjson")).unwrap();
    symlink("/dev/zero", raw.path().join("zero.ndjson")).unwrap();
    let told = raw.run();
    assert_eq!(told.read, ["a.ndjson"]);
    assert_eq!(
        told.left_alone,
        ["pipe.ndjson pas_un_fichier", "socket.ndjson pas_un_fichier", "zero.ndjson pas_un_fichier"]
    );
    for special in [&pipe, Path::new("/dev/zero")] {
        let refused = Store::new().run(&tolerant(), &[special], AS_OF, &[]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("neither a file nor a folder"), "{}", refused.stderr);
    }
}

/// A folder of a hundred thousand strangers is no sentence.
#[test]
fn of_many_files_that_are_no_logs_a_few_are_named() {
    let foreign = (0..12).fold(Foreign::new(PLAIN), |foreign, at| foreign.file(&format!("note-{at:02}.ndjson"), "{}"));
    let run = foreign.run();
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("note-04.ndjson") && run.stderr.contains(" and 7 more"), "{}", run.stderr);
    assert!(!run.stderr.contains("note-05.ndjson"), "{}", run.stderr);
}

#[test]
fn a_folder_that_a_pattern_finds_is_said() {
    let raw = Raw::of(&["a.ndjson", "sub/b.ndjson"]);
    let told = Told::of(Store::new(), &tolerant(), &[&raw.path().join("*")]);
    assert_eq!((told.read, told.left_alone), (vec!["a.ndjson".to_owned()], vec!["sub/ dossier".to_owned()]));
}

#[test]
fn a_folder_that_cannot_be_listed_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let raw = Raw::of(&["a.ndjson", "closed/b.ndjson"]);
    let closed = raw.path().join("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read_dir(&closed).is_ok() {
        return crate::support::skipped("nothing is closed to this user");
    }
    let refused = Store::new().run(&tolerant(), &[&raw.path()], AS_OF, &[]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    assert!(refused.stderr.contains("closed: cannot list"), "{}", refused.stderr);
}

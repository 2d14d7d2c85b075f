//! However a log was packed, its lines are read, or the file is in the account with the reason why they cannot be.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tempfile::TempDir;
use zstd::zstd_safe::CParameter;

use crate::support::{Store, copy, root};

const AS_OF: &str = "2019-06-01T00:00:00+02:00";

/// Ten good lines of the contract.
fn lines() -> Vec<u8> {
    let line = |number: u32| {
        json!({
            "contract": "attempt/1",
            "attempt_id": format!("01D8HVSR1Z{number:016}"),
            "started_at": "2019-04-16T08:00:00+02:00",
            "counter": "evry-prefecture",
            "procedure": "premier-titre",
            "page_text": "Aucun créneau disponible",
        })
    };
    (0..10).map(|number| line(number).to_string() + "\n").collect::<String>().into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// A frame for programs that know it; others go over it.
fn skippable(magic: u8, held: &[u8]) -> Vec<u8> {
    let length = u32::try_from(held.len()).unwrap().to_le_bytes();
    [&[magic, 0x2A, 0x4D, 0x18][..], &length, held].concat()
}

/// As `zstd --long=28` of a pipe does: the frame says that it looks back 256 MiB.
fn long_window(bytes: &[u8], log: u32) -> Vec<u8> {
    let mut packed = zstd::Encoder::new(Vec::new(), 3).unwrap();
    packed.set_parameter(CParameter::EnableLongDistanceMatching(true)).unwrap();
    packed.set_parameter(CParameter::WindowLog(log)).unwrap();
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A pipeline without thresholds, with these limits, and a file of these bytes.
fn settled(folder: &TempDir, limits: &str, name: &str, bytes: &[u8]) -> (PathBuf, PathBuf) {
    let (pipeline, path) = (folder.path().join("tolerant"), folder.path().join(name));
    fs::write(&path, bytes).unwrap();
    copy(&root().join("tests/fixtures/pipelines/tolerant"), &pipeline);
    let rules = root().join("pipelines/rendez-vous/outcome-rules.toml");
    let settings = fs::read_to_string(pipeline.join("pipeline.toml")).unwrap();
    let settings = settings.replace("../../../../pipelines/rendez-vous/outcome-rules.toml", rules.to_str().unwrap());
    fs::write(pipeline.join("pipeline.toml"), format!("{settings}\n{limits}\n")).unwrap();
    (pipeline, path)
}

/// The fate of a file of these bytes: `compression attempts lines complete`, then `line reason` of each row set aside.
fn fate_under(limits: &str, name: &str, bytes: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (pipeline, path) = settled(&folder, limits, name, bytes);
    let store = Store::new();
    let run = store.run(&pipeline, &[&path], AS_OF, &[]);
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    let files = store.rows("fichiers");
    assert_eq!(files.len(), 1);
    assert_eq!(files[0]["octets"], bytes.len().to_string());
    let account = ["compression", "tentatives", "lignes", "complet"].map(|column| files[0][column].as_str()).join(" ");
    let set_aside = store.rows("quarantaine");
    std::iter::once(account).chain(set_aside.iter().map(|row| format!("{} {}", row["ligne"], row["motif"]))).collect()
}

fn fate(name: &str, bytes: &[u8]) -> Vec<String> {
    fate_under("", name, bytes)
}

#[test]
fn zstd_that_begins_with_a_frame_to_skip_is_zstd() {
    for magic in [0x50, 0x5F] {
        let packed = [skippable(magic, b"\x12\0\0\0"), zstd_of(&lines())].concat();
        assert_eq!(fate("a.ndjson.zst", &packed), ["zstd 10 10 true"]);
    }
    let between = [zstd_of(&lines()), skippable(0x50, &[7; 5000]), skippable(0x51, b""), zstd_of(b"\n")].concat();
    assert_eq!(fate("a.ndjson.zst", &between), ["zstd 10 11 true"]);
    assert_eq!(fate("a.ndjson.zst", &skippable(0x50, b"nothing else")), ["zstd 0 0 true"]);
    let cut = skippable(0x50, &[7; 5000]);
    assert_eq!(fate("a.ndjson.zst", &cut[..100]), ["zstd 0 1 false", "1 flux_corrompu"]);
}

#[test]
fn zstd_with_a_window_beyond_the_limit_says_so_and_within_it_is_read() {
    let long = long_window(&lines(), 28);
    assert_eq!(fate("a.ndjson.zst", &long), ["zstd 0 1 false", "1 fenetre_trop_grande"]);
    let raised = fate_under("[limits]\nzstd_window_mib = 256", "a.ndjson.zst", &long);
    assert_eq!(raised, ["zstd 10 10 true"]);
    assert_eq!(fate("a.ndjson.zst", &long_window(&lines(), 27)), ["zstd 10 10 true"], "what zstd -d takes");
    let behind = [zstd_of(&lines()), long].concat();
    assert_eq!(fate("a.ndjson.zst", &behind), ["zstd 10 11 false", "11 fenetre_trop_grande"]);
}

#[test]
fn a_window_that_the_library_cannot_have_is_refused_with_the_pipeline() {
    for mib in [0, 2049] {
        let folder = tempfile::tempdir().unwrap();
        let (pipeline, path) = settled(&folder, &format!("[limits]\nzstd_window_mib = {mib}"), "a.ndjson", &lines());
        let run = Store::new().run(&pipeline, &[&path], AS_OF, &[]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("zstd_window_mib {mib} is not between 1 and 2048")), "{}", run.stderr);
    }
}

#[test]
fn what_is_still_packed_once_it_is_unpacked_says_so() {
    let xz = b"\xFD7zXZ\0\0\x04\xE6\xD6\xB4\x46\x02\0\x21\x01\n\n\n";
    let mut tar = vec![0_u8; 1024];
    tar[..8].copy_from_slice(b"a.ndjson");
    tar[257..262].copy_from_slice(b"ustar");
    for (bytes, compression) in [
        (gzip(&gzip(&lines())), "gzip"),
        (zstd_of(&gzip(&lines())), "zstd"),
        (gzip(&zstd_of(&lines())), "gzip"),
        (gzip(&skippable(0x53, b"..")), "gzip"),
        (xz.to_vec(), "aucune"),
        (gzip(xz), "gzip"),
        (b"PK\x03\x04\n\n\n".to_vec(), "aucune"),
        (b"BZh91AY&SY\n\n".to_vec(), "aucune"),
        (gzip(&tar), "gzip"),
        (tar, "aucune"),
    ] {
        assert_eq!(fate("a.ndjson.gz", &bytes), [format!("{compression} 0 1 false"), "1 encore_compresse".to_owned()]);
    }
}

#[test]
fn zeros_after_a_gzip_member_are_padding() {
    let packed = gzip(&lines());
    for padding in [1, 511, 70_000] {
        let padded = [packed.clone(), vec![0; padding]].concat();
        assert_eq!(fate("a.ndjson.gz", &padded), ["gzip 10 10 true"], "{padding}");
    }
    let behind = [packed.clone(), vec![0; 512], packed].concat();
    assert_eq!(fate("a.ndjson.gz", &behind), ["gzip 10 11 false", "11 flux_corrompu"]);
}

#[test]
fn a_file_of_a_few_bytes_has_the_fate_it_deserves() {
    assert_eq!(fate("a.ndjson", b""), ["aucune 0 0 true"]);
    assert_eq!(fate("a.ndjson", b"\n"), ["aucune 0 1 true"]);
    assert_eq!(fate("a.ndjson", b"{}\n"), ["aucune 0 1 true", "1 champ_manquant"]);
    assert_eq!(fate("a.ndjson.gz", b"\x1F"), ["aucune 0 1 true", "1 ligne_tronquee"]);
    assert_eq!(fate("a.ndjson.gz", b"\x1F\x8B"), ["gzip 0 1 false", "1 flux_corrompu"]);
    assert_eq!(fate("a.ndjson.gz", b"\x1F\x8B\x08"), ["gzip 0 1 false", "1 flux_corrompu"]);
    assert_eq!(fate("a.ndjson.zst", b"\x28\xB5\x2F\xFD"), ["zstd 0 1 false", "1 flux_corrompu"]);
    assert_eq!(fate("a.ndjson.gz", &gzip(b"")), ["gzip 0 0 true"]);
    assert_eq!(fate("a.ndjson.zst", &zstd_of(b"")), ["zstd 0 0 true"]);
}

//! The same logs give the same publication: byte for byte, however they were packed, ordered or cut into files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::support::{Store, root, tree};

const AS_OF: &str = "2019-06-01T00:00:00+02:00";

/// Publishes some logs as the sample, in a store of their own.
fn published(raw: &[&Path]) -> Store {
    let store = Store::new();
    let run = store.run(&root().join("pipelines/exemple"), raw, AS_OF, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    store
}

/// The sample's log of a month, unpacked.
fn sample(month: &str) -> Vec<u8> {
    let path = root().join(format!("data/sample/attempts-{month}.ndjson.zst"));
    zstd::decode_all(fs::File::open(path).unwrap()).unwrap()
}

/// Files in a folder of their own.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// The content digests of the tables whose name begins so.
fn content(store: &Store, beginning: &str) -> Vec<(String, String)> {
    let found: Vec<_> = store.content().into_iter().filter(|(name, _)| name.starts_with(beginning)).collect();
    assert!(!found.is_empty(), "no table {beginning}");
    found
}

#[test]
fn two_runs_give_the_same_bytes() {
    let logs = root().join("data/sample");
    let (first, second) = (published(&[&logs]).tree(), published(&[&logs]).tree());
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in &first {
        assert!(bytes == &second[name], "{name} has other bytes");
    }
    assert!(first.contains_key("latest/disponibilite_mois.xlsx"), "no workbook was compared");
}

/// When each file was last written.
fn written(store: &Store) -> BTreeMap<PathBuf, SystemTime> {
    let paths = tree(&store.path()).into_keys().map(|name| store.path().join(name));
    paths.map(|path| (path.clone(), fs::metadata(&path).unwrap().modified().unwrap())).collect()
}

#[test]
fn a_second_run_into_the_same_store_writes_nothing() {
    let logs = folder(&[("a.ndjson", &sample("2019-02"))]);
    let store = published(&[logs.path()]);
    let (files, times) = (store.tree(), written(&store));
    for name in ["same day", "later"] {
        let as_of = if name == "later" { "2019-06-01T00:00:01+02:00" } else { AS_OF };
        let again = store.run(&root().join("pipelines/exemple"), &[logs.path()], as_of, &[]);
        assert_eq!(again.code, Some(1), "{name}: {}{}", again.stdout, again.stderr);
        assert!(again.stdout.contains("nothing new"), "{name}: {}", again.stdout);
        assert!(store.tree() == files, "{name}: other bytes");
        assert_eq!(written(&store), times, "{name}: written again");
    }
}

#[test]
fn one_more_line_is_something_new_and_leaves_the_old_version_as_it_was() {
    let log = sample("2019-02");
    let end = log[..log.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let (cut, whole) = (folder(&[("a.ndjson", &log[..end])]), folder(&[("a.ndjson", &log)]));
    let store = published(&[cut.path()]);
    let before = store.tree();
    let run = store.run(&root().join("pipelines/exemple"), &[whole.path()], AS_OF, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let after = store.tree();
    let kept = |name: &&String| name.starts_with("versions/") || name.starts_with("data/");
    for name in before.keys().filter(kept) {
        assert!(after.get(name) == Some(&before[name]), "{name} of the version before has changed");
    }
    assert_eq!(store.manifest()["parent"]["version"], "2019-06-01");
}

#[test]
fn how_a_log_is_packed_changes_nothing_but_its_name() {
    let log = sample("2019-03");
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&log).unwrap();
    let gzip = packer.finish().unwrap();
    let zstd = zstd::encode_all(log.as_slice(), 3).unwrap();
    // Under one name, which no ending has to explain: the bytes say how they are packed.
    let digests = [log.as_slice(), &gzip, &zstd].map(|bytes| {
        let logs = folder(&[("a.ndjson", bytes)]);
        let store = published(&[logs.path()]);
        let mut content = store.content();
        // The account of files states size, digest and packing of what was delivered.
        content.retain(|(name, _)| !name.starts_with("fichiers-"));
        content
    });
    assert!(digests[0].iter().any(|(name, _)| name == "tentatives-2019-03.parquet"));
    assert_eq!(digests[0], digests[1]);
    assert_eq!(digests[0], digests[2]);
}

#[test]
fn the_order_in_which_logs_are_named_does_not_matter() {
    let (february, march) = (sample("2019-02"), sample("2019-03"));
    let (one, other) = (folder(&[("a.ndjson", &february)]), folder(&[("b.ndjson", &march)]));
    let (there, back) = (published(&[one.path(), other.path()]), published(&[other.path(), one.path()]));
    assert!(there.tree() == back.tree());

    // Two files of one name are told apart by the number of their source, which says no more than where a line stood.
    let other = folder(&[("a.ndjson", &march)]);
    let (there, back) = (published(&[one.path(), other.path()]), published(&[other.path(), one.path()]));
    assert_eq!(content(&there, "disponibilite_"), content(&back, "disponibilite_"));
    assert_eq!(content(&there, "lacunes"), content(&back, "lacunes"));
}

#[test]
fn how_a_log_is_cut_into_files_does_not_matter() {
    let log = sample("2019-04");
    let lines: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
    let (first, second) = lines.split_at(lines.len() / 3);
    let whole = folder(&[("a.ndjson", &log)]);
    let cut = folder(&[("a.ndjson", &first.concat()), ("b.ndjson", &second.concat())]);
    let turned = folder(&[("a.ndjson", &second.concat()), ("b.ndjson", &first.concat())]);
    let whole = published(&[whole.path()]);
    for pieces in [&cut, &turned] {
        let pieces = published(&[pieces.path()]);
        for tables in ["disponibilite_", "lacunes", "calendrier", "perimetre"] {
            assert_eq!(content(&pieces, tables), content(&whole, tables));
        }
        // Each row says from which file and line it comes, and those have changed.
        assert_ne!(content(&pieces, "tentatives-"), content(&whole, "tentatives-"));
        assert_eq!(pieces.manifest()["accounting"]["attempts"], whole.manifest()["accounting"]["attempts"]);
    }
}

/// Nights stand on what earlier ones made of the raw lines. Whoever changes what a line becomes sees this test fail, raises
/// `INGEST_REVISION`, and takes the new snapshot: every log is then read again.
#[test]
fn what_a_line_becomes_belongs_to_a_revision() {
    let version = crate::support::sample();
    let digests: String = version
        .files_in("parquet")
        .filter(|file| {
            ["tentatives", "identifiants", "quarantaine", "repetitions"].iter().any(|name| file["table"] == *name)
        })
        .fold(String::new(), |text, file| {
            let part = file["partition"].as_str().unwrap_or_default();
            text + &format!("{} {part} {}\n", file["table"].as_str().unwrap(), file["content_digest"].as_str().unwrap())
        });
    insta::assert_snapshot!(format!("revision {}\n{digests}", guichets_ouverts::ingest::INGEST_REVISION));
}

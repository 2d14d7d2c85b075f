//! Whatever a delivered file holds, the run goes on, no good line is lost, and every other line is accounted for where it
//! stands. The fixtures of `tests/fixtures/bad` are named for what is wrong with them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use guichets_ouverts::digest::sha256;
use serde_json::json;

use crate::support::{Version, root};

const AS_OF: &str = "2019-06-01T00:00:00+02:00";

fn run(raw: &[&Path]) -> Version {
    Version::of(&root().join("tests/fixtures/pipelines/tolerant"), raw, AS_OF)
}

/// What must become of a file.
struct Fate {
    file: &'static str,
    attempts: u64,
    duplicates: u64,
    blank: u64,
    complete: bool,
    /// Line, reason and field of each line set aside; what breaks a stream stands on the line that would have followed.
    set_aside: &'static [(u64, &'static str, &'static str)],
}

/// A file of which every line but those set aside becomes an attempt.
const fn fate(file: &'static str, attempts: u64, set_aside: &'static [(u64, &'static str, &'static str)]) -> Fate {
    Fate { file, attempts, duplicates: 0, blank: 0, complete: true, set_aside }
}

const fn broken(file: &'static str, attempts: u64, set_aside: &'static [(u64, &'static str, &'static str)]) -> Fate {
    Fate { complete: false, ..fate(file, attempts, set_aside) }
}

const FATES: &[Fate] = &[
    fate("bom.ndjson", 2, &[(2, "json_invalide", "")]),
    Fate { blank: 1, ..fate("crlf.ndjson", 2, &[(2, "json_invalide", "")]) },
    fate("empty.ndjson", 0, &[]),
    fate("half-last-line.ndjson", 2, &[(3, "ligne_tronquee", "")]),
    fate("invalid-utf8.ndjson", 2, &[(2, "utf8_invalide", "")]),
    fate("last-line-without-end.ndjson", 2, &[]),
    fate("multi-member.ndjson.gz", 3, &[]),
    fate(
        "not-attempts.ndjson",
        2,
        &[
            (2, "json_invalide", ""),
            (3, "json_invalide", ""),
            (4, "json_invalide", ""),
            (5, "json_invalide", ""),
            (6, "champ_manquant", "contract"),
            (7, "champ_manquant", "attempt_id"),
            (8, "json_invalide", ""),
            (9, "json_invalide", ""),
        ],
    ),
    fate("nul-bytes-after-a-crash.ndjson", 2, &[(2, "json_invalide", "")]),
    fate("of-a-later-contract.ndjson", 1, &[(2, "contrat_inconnu", "contract"), (3, "contrat_inconnu", "contract")]),
    Fate { blank: 4, ..fate("only-blank-lines.ndjson", 0, &[]) },
    fate("plain-under-a-gzip-name.ndjson.gz", 2, &[]),
    Fate { duplicates: 2, ..fate("repeated-line.ndjson", 2, &[]) },
    Fate { duplicates: 1, ..fate("same-id-other-content.ndjson", 2, &[(3, "identifiant_en_conflit", "attempt_id")]) },
    broken("trailing-garbage.ndjson.gz", 2, &[(3, "flux_corrompu", "")]),
    broken("truncated.ndjson.gz", 2, &[(3, "ligne_tronquee", ""), (4, "flux_corrompu", "")]),
    broken("truncated.ndjson.zst", 2, &[(3, "flux_corrompu", "")]),
    fate("twice/first.ndjson", 2, &[]),
    Fate { duplicates: 2, ..fate("twice/second.ndjson", 0, &[]) },
    Fate { duplicates: 2, ..fate("twice/third.ndjson.gz", 0, &[]) },
    fate("unknown-ids.ndjson", 1, &[(1, "guichet_inconnu", "counter"), (3, "demarche_inconnue", "procedure")]),
    broken("without-its-last-bytes.ndjson.gz", 2, &[(3, "flux_corrompu", "")]),
    broken("wrong-checksum.ndjson.gz", 2, &[(3, "flux_corrompu", "")]),
    fate(
        "wrong-values.ndjson",
        2,
        &[
            (2, "date_invalide", "started_at"),
            (3, "date_invalide", "started_at"),
            (4, "valeur_invalide", "attempt_id"),
            (5, "type_invalide", ""),
            (6, "valeur_invalide", "http_status"),
            (7, "valeur_invalide", ""),
            (8, "champ_inconnu", ""),
            (9, "champ_manquant", "counter"),
            (10, "date_invalide", "slots"),
            (11, "champ_en_double", ""),
            (12, "valeur_invalide", "vantage"),
            (13, "valeur_invalide", "page_text"),
        ],
    ),
];

fn bad() -> PathBuf {
    root().join("tests/fixtures/bad")
}

/// A file as far as it can be unpacked.
fn unpacked(path: &Path) -> Vec<u8> {
    let packed = fs::read(path).unwrap();
    let mut reader: Box<dyn Read> = match packed.as_slice() {
        [0x1F, 0x8B, ..] => Box::new(MultiGzDecoder::new(packed.as_slice())),
        [0x28, 0xB5, ..] => Box::new(zstd::Decoder::new(packed.as_slice()).unwrap()),
        _ => Box::new(packed.as_slice()),
    };
    let (mut bytes, mut buffer) = (Vec::new(), [0; 64]);
    while let Ok(read @ 1..) = reader.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..read]);
    }
    bytes
}

/// Offset and length of a line without its end and without a byte-order mark; of the end of the file for the line after
/// the last.
fn place(bytes: &[u8], line: u64) -> (usize, usize) {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let before = usize::try_from(line - 1).unwrap();
    let offset = lines[..before].iter().map(|line| line.len()).sum();
    let Some(line) = lines.get(before) else { return (offset, 0) };
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    (offset, text.strip_suffix(b"\r").unwrap_or(text).len())
}

/// Every account adds up, in the manifest and in the published table alike, and names the file's own bytes.
fn assert_accounted(version: &Version, folder: &Path) {
    let inputs = version.inputs();
    let published = version.rows("fichiers");
    assert_eq!(published.len(), inputs.len());
    for row in &published {
        let input = &inputs[row["fichier"].as_str()];
        let pairs = [
            ("octets", "bytes"),
            ("sha256", "sha256"),
            ("compression", "compression"),
            ("lignes", "lines"),
            ("tentatives", "attempts"),
            ("doublons", "duplicates"),
            ("vides", "blank"),
            ("entetes", "headers"),
            ("enregistrements", "records"),
            ("sans_donnee", "without_data"),
            ("quarantaine", "quarantined"),
            ("complet", "complete"),
        ];
        for (french, english) in pairs {
            let text = input[english].as_str().map_or_else(|| input[english].to_string(), str::to_owned);
            assert_eq!(row[french], text, "{french} of {}", row["fichier"]);
        }
        let number = |column: &str| row[column].parse::<u64>().unwrap();
        let sum = ["tentatives", "doublons", "vides", "sans_donnee", "quarantaine"].map(number).iter().sum::<u64>();
        assert_eq!(
            [number("lignes"), number("enregistrements"), number("entetes")],
            [sum, sum, 0],
            "{}",
            row["fichier"]
        );
        let delivered = fs::read(folder.join(&row["fichier"])).unwrap();
        assert_eq!(
            (number("octets"), &row["sha256"]),
            (delivered.len() as u64, &sha256(&delivered)),
            "{}",
            row["fichier"]
        );
    }
    let count = |table: &str, column: &str| {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for row in version.rows(table) {
            *counts.entry(row[column].clone()).or_default() += 1;
        }
        counts
    };
    let (attempts, set_aside) = (count("tentatives", "fichier_source"), count("quarantaine", "fichier"));
    for (file, input) in inputs {
        let found = |counts: &BTreeMap<String, u64>| counts.get(&file).copied().unwrap_or(0);
        assert_eq!(input["attempts"], found(&attempts), "rows of tentatives from {file}");
        assert_eq!(input["quarantined"], found(&set_aside), "rows of quarantaine from {file}");
    }
}

/// The lines of a file that were set aside: line, offset, length, reason, field.
fn set_aside(version: &Version, file: &str) -> Vec<String> {
    let rows = version.rows("quarantaine");
    let ours = rows.iter().filter(|row| row["fichier"] == file);
    ours.map(|row| ["ligne", "octet", "longueur", "motif", "champ"].map(|column| row[column].as_str()).join(" "))
        .collect()
}

#[test]
fn each_bad_file_has_the_fate_that_its_name_promises() {
    let version = run(&[&bad()]);
    assert_accounted(&version, &bad());
    let inputs = version.inputs();
    assert_eq!(
        inputs.keys().map(String::as_str).collect::<Vec<_>>(),
        FATES.iter().map(|fate| fate.file).collect::<Vec<_>>()
    );
    // Line by line, so that all that differ are shown.
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    for Fate { file, attempts, duplicates, blank, complete, set_aside: lines } in FATES {
        let counts = ["attempts", "duplicates", "blank", "complete"].map(|name| inputs[*file][name].to_string());
        found.push(format!("{file}: {}", counts.join(" ")));
        expected.push(format!("{file}: {attempts} {duplicates} {blank} {complete}"));
        found.extend(set_aside(&version, file).into_iter().map(|line| format!("{file}:{line}")));
        let bytes = unpacked(&bad().join(file));
        expected.extend(lines.iter().map(|(line, reason, field)| {
            let (offset, length) = place(&bytes, *line);
            format!("{file}:{line} {offset} {length} {reason} {field}")
        }));
    }
    let differing = |these: &[String], those: &[String]| {
        these.iter().filter(|line| !those.contains(line)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(differing(&found, &expected), differing(&expected, &found));
    assert_eq!(found, expected);
}

#[test]
fn what_cannot_be_read_at_all_still_makes_a_version() {
    for file in ["empty.ndjson", "only-blank-lines.ndjson"] {
        let version = run(&[&bad().join(file)]);
        assert_accounted(&version, &bad());
        assert_eq!(version.manifest["accounting"]["attempts"], 0, "{file}");
    }
}

/// A good line of the contract.
fn line(number: u32, month: u32) -> String {
    let line = json!({
        "contract": "attempt/1",
        "attempt_id": format!("01D8HVSR1Z{number:016}"),
        "started_at": format!("2019-{month:02}-16T08:00:00+02:00"),
        "counter": "evry-prefecture",
        "procedure": "premier-titre",
        "page_text": "Aucun créneau disponible",
    });
    format!("{line}\n")
}

/// Two good lines with `between` repeated between them, packed or not.
fn sandwich(path: &Path, between: u8, times: usize) {
    let file = File::create(path).unwrap();
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    let mut out: Box<dyn Write> =
        if packed { Box::new(GzEncoder::new(file, Compression::best())) } else { Box::new(file) };
    out.write_all(line(1, 4).as_bytes()).unwrap();
    let block = vec![between; 1 << 20];
    for from in (0..times).step_by(block.len()) {
        out.write_all(&block[..block.len().min(times - from)]).unwrap();
    }
    out.write_all(b"\n").unwrap();
    out.write_all(line(2, 4).as_bytes()).unwrap();
}

#[test]
fn a_line_of_50_megabytes_is_set_aside_and_the_next_one_is_read() {
    for name in ["line-of-50-megabytes.ndjson", "line-of-50-megabytes.ndjson.gz"] {
        let folder = tempfile::tempdir().unwrap();
        sandwich(&folder.path().join(name), b'x', 50_000_000);
        let version = run(&[folder.path()]);
        assert_accounted(&version, folder.path());
        assert_eq!(version.manifest["accounting"]["attempts"], 2, "{name}");
        let offset = line(1, 4).len();
        assert_eq!(set_aside(&version, name), [format!("2 {offset} 50000000 ligne_trop_longue ")], "{name}");
    }
}

#[test]
fn a_gzip_bomb_is_stopped_and_what_stood_before_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (bomb, other) = ("bomb.ndjson.gz", "good.ndjson");
    sandwich(&folder.path().join(bomb), 0, 400_000_000);
    fs::write(folder.path().join(other), line(3, 4)).unwrap();
    let version = run(&[folder.path()]);
    assert_accounted(&version, folder.path());
    let inputs = version.inputs();
    assert_eq!((&inputs[bomb]["attempts"], &inputs[other]["attempts"]), (&json!(1), &json!(1)));
    assert_eq!(inputs[bomb]["complete"], false);
    let rows = version.rows("quarantaine");
    let reasons: Vec<&str> = rows.iter().map(|row| row["motif"].as_str()).collect();
    assert_eq!(reasons, ["ligne_trop_longue", "flux_trop_volumineux"]);
    let stopped_at = rows[1]["octet"].parse::<u64>().unwrap();
    assert!(
        (64 << 20..100 << 20).contains(&stopped_at),
        "stopped after {stopped_at} bytes, far from the 400 MB it holds"
    );
}

#[test]
fn an_id_is_given_once_in_the_whole_history() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    write("a.ndjson", line(1, 4) + &line(2, 4));
    write("b.ndjson", line(1, 5) + &line(2, 4));
    let version = run(&[folder.path()]);
    assert_accounted(&version, folder.path());
    let ids: Vec<String> = version.rows("tentatives").into_iter().map(|row| row["tentative_id"].clone()).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert_eq!(
        set_aside(&version, "b.ndjson"),
        [format!("1 0 {} identifiant_en_conflit attempt_id", line(1, 5).trim_end().len())]
    );
    assert_eq!(version.inputs()["b.ndjson"]["duplicates"], 1);
}

#[test]
fn a_folder_named_twice_is_delivered_twice() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.ndjson"), line(1, 4) + &line(2, 5)).unwrap();
    let version = run(&[folder.path(), folder.path()]);
    let accounting = &version.manifest["accounting"];
    assert_eq!(
        [&accounting["lines"], &accounting["attempts"], &accounting["duplicates"]],
        [4, 2, 2].map(|n| json!(n)).each_ref()
    );
}

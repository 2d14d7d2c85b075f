//! Whoever has a copy of a probe's folder can tell whether it was changed since, and where.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use guichets_ouverts::probe::{DayManifest, Link};
use guichets_ouverts::progress::Silent;
use guichets_ouverts::publish::SigningKey;
use serde_json::Value;

use crate::support::counters::{Charset, Counters, Moved, Rehearsal, Service, Told};
use crate::support::{Run, Version, append, copy, guichets, json};

const NONE: &str = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";
const DAYS: [&str; 3] = ["2026-12-01", "2026-12-02", "2026-12-03"];
const CHAIN: &str = "preuves/cycles.chaine";

/// Three days of a probe that signs, of which the last is not over.
struct Kept {
    rehearsal: Rehearsal,
    key: String,
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let rehearsal =
        Rehearsal::new((0..2).map(|n| Service::ez(n, &format!("www.h{n}.gouv.fr"))).collect(), 288, 300, "");
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let key = SigningKey::read(&pair.sk.to_box(None).unwrap().to_string(), None).unwrap();
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || shown.shows());
    for cycle in 0..12 {
        let slot = "2026-12-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(288 * cycle);
        clock.passes((slot - clock.shows()).to_std().unwrap());
        rehearsal.once(&clock, &counters, &Silent, Some(&key)).unwrap();
    }
    Kept { rehearsal, key: pair.pk.to_base64() }
});

fn log(day: usize) -> String {
    format!("journaux/attempts-{}-essai-1.ndjson", DAYS[day])
}

fn manifest(day: usize) -> String {
    format!("preuves/{}-essai-1.manifeste.json", DAYS[day])
}

/// A copy of the folder, or of some of it, that a test may change.
struct Copy(tempfile::TempDir);

impl Copy {
    fn whole() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&KEPT.rehearsal.out(), folder.path());
        Self(folder)
    }

    /// The logs, manifests and signatures of some days, without the chain.
    fn of(days: &[usize]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["journaux", "preuves"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let names = days.iter().flat_map(|day| [log(*day), manifest(*day), manifest(*day) + ".minisig"]);
        for name in names {
            fs::copy(KEPT.rehearsal.out().join(&name), folder.path().join(&name)).unwrap();
        }
        Self(folder)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn change(&self, path: &str, change: impl FnOnce(&str) -> String) {
        let text = fs::read_to_string(self.at(path)).unwrap();
        let changed = change(&text);
        assert_ne!(changed, text);
        fs::write(self.at(path), changed).unwrap();
    }

    fn change_manifest(&self, day: usize, change: impl FnOnce(&mut DayManifest)) {
        self.change(&manifest(day), |text| {
            let mut manifest: DayManifest = serde_json::from_str(text).unwrap();
            change(&mut manifest);
            serde_json::to_string_pretty(&manifest).unwrap()
        });
    }

    fn verify(&self, more: &[&str]) -> Run {
        guichets(self.0.path(), [&["verify", "."], more].concat())
    }

    /// What is wrong, as `path: what`.
    fn faults(&self, more: &[&str]) -> Vec<String> {
        let run = self.verify(&[&["--json"], more].concat());
        let found: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}{}", run.stdout, run.stderr));
        let faults = found["faults"].as_array().unwrap().iter();
        let faults: Vec<String> =
            faults.map(|one| format!("{}: {}", one["path"].as_str().unwrap(), one["what"].as_str().unwrap())).collect();
        assert_eq!(run.code, Some(if faults.is_empty() { 0 } else { 4 }));
        faults
    }
}

fn without_line(text: &str, n: usize) -> String {
    let kept: Vec<&str> = text.lines().enumerate().filter(|(at, _)| *at != n).map(|(_, line)| line).collect();
    kept.join("\n") + "\n"
}

#[test]
fn a_folder_that_nobody_touched_is_what_its_proofs_say() {
    let kept = Copy::whole();
    assert_eq!(kept.faults(&["--public-key", &KEPT.key]), Vec::<String>::new());
    let told = kept.verify(&["--public-key", &KEPT.key]).stdout;
    for part in ["3 logs, 24 lines", "12 links, 2 manifests", "by that key", "all is as its manifest says"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(told.contains(&format!("note {}: has no manifest", log(2))), "{told}");
    let stranger = minisign::KeyPair::generate_unencrypted_keypair().unwrap().pk.to_base64();
    assert_eq!(kept.faults(&["--public-key", &stranger]).len(), 2, "no day is signed by a stranger");
    assert_eq!(kept.verify(&["--version", "2026-12-01"]).code, Some(2));
}

#[test]
fn a_manifest_names_the_first_and_the_last_link_of_its_day_and_the_day_before() {
    let of = |day: usize| -> DayManifest {
        serde_json::from_slice(&fs::read(KEPT.rehearsal.out().join(manifest(day))).unwrap()).unwrap()
    };
    let (first, second) = (of(0), of(1));
    let numbers = |manifest: &DayManifest| {
        let n = |link: &Option<Link>| link.as_ref().unwrap().n;
        [n(&manifest.first_link), n(&manifest.last_link)]
    };
    assert_eq!((numbers(&first), numbers(&second)), ([1, 5], [6, 10]));
    for manifest in [&first, &second] {
        let last = manifest.last_link.as_ref().unwrap();
        assert_eq!((last.length, &last.sha256), (manifest.log.bytes, &manifest.log.sha256));
    }
    let chain = fs::read_to_string(KEPT.rehearsal.out().join(CHAIN)).unwrap();
    let fifth = guichets_ouverts::digest::sha256(chain.lines().nth(4).unwrap().as_bytes());
    assert_eq!(second.first_link.unwrap().prev, fifth);
}

type Change = fn(&Copy);

/// Each change, and where it is found without any key.
#[test]
fn whatever_is_changed_in_a_folder_is_found_where_it_was_changed() {
    let changes: [(&str, Change, String); 12] = [
        (
            "a no becomes a yes in a day that is over",
            |copy| copy.change(&log(0), |text| text.replacen("\"non\"", "\"oui\"", 1)),
            format!("{}: its first", log(0)),
        ),
        ("a line goes", |copy| copy.change(&log(0), |text| without_line(text, 9)), format!("{}: is shorter", log(0))),
        (
            "a line comes to a day that is over",
            |copy| append(&copy.at(&log(1)), "{}\n"),
            format!("{}: 3 bytes stand behind its last link", log(1)),
        ),
        (
            "a no becomes a yes today",
            |copy| copy.change(&log(2), |text| text.replacen("\"non\"", "\"oui\"", 1)),
            format!("{}: its first", log(2)),
        ),
        (
            "a line comes today",
            |copy| append(&copy.at(&log(2)), "{}\n"),
            format!("{}: 3 bytes stand behind its last link", log(2)),
        ),
        (
            "a link goes from the middle",
            |copy| copy.change(CHAIN, |text| without_line(text, 6)),
            format!("{CHAIN}: line 7 is link 8"),
        ),
        ("the last link goes", |copy| copy.change(CHAIN, |text| without_line(text, 11)), format!("{}: ", log(2))),
        (
            "the last link of a day goes",
            |copy| copy.change(CHAIN, |text| without_line(text, 4)),
            format!("{}: its last link is not that of the chain", manifest(0)),
        ),
        (
            "a link is of another cycle",
            |copy| copy.change(CHAIN, |text| text.replacen("T0448", "T0449", 1)),
            format!("{CHAIN}: link 3 does not go on from the one before it"),
        ),
        (
            "a manifest counts otherwise",
            |copy| copy.change_manifest(1, |manifest| manifest.lines += 1),
            format!("{}: has not as many lines", log(1)),
        ),
        (
            "a manifest goes on from another day",
            |copy| copy.change_manifest(1, |manifest| manifest.first_link.as_mut().unwrap().prev = "0".repeat(64)),
            format!("{}: its first link is not that of the chain", manifest(1)),
        ),
        ("a day's log goes", |copy| fs::remove_file(copy.at(&log(0))).unwrap(), format!("{}: is not there", log(0))),
    ];
    for (what, change, expected) in changes {
        let copy = Copy::whole();
        change(&copy);
        let faults = copy.faults(&[]);
        assert!(faults.iter().any(|fault| fault.starts_with(&expected)), "{what}: {faults:?}, and not {expected}");
    }
}

/// A manifest that somebody wrote anew is that of somebody else.
#[test]
fn a_manifest_that_was_written_anew_is_not_signed_by_the_key() {
    let signed = ["--public-key", KEPT.key.as_str()];
    let not_signed = |day: usize| format!("{}: is not signed by that key", manifest(day));
    let changed = Copy::whole();
    changed.change_manifest(0, |manifest| manifest.probe_version = "9.9.9".to_owned());
    assert_eq!(changed.faults(&[]), Vec::<String>::new(), "nobody can tell without the key");
    assert_eq!(changed.faults(&signed), [not_signed(0)]);
    let unsigned = Copy::whole();
    fs::remove_file(unsigned.at(&(manifest(1) + ".minisig"))).unwrap();
    assert_eq!(unsigned.faults(&signed), [not_signed(1)]);
    let swapped = Copy::whole();
    fs::copy(swapped.at(&manifest(0)), swapped.at(&manifest(1))).unwrap();
    fs::copy(swapped.at(&(manifest(0) + ".minisig")), swapped.at(&(manifest(1) + ".minisig"))).unwrap();
    let faults = swapped.faults(&signed);
    assert!(faults.iter().any(|fault| fault.starts_with(&format!("{}: is of 2026-12-01", manifest(1)))), "{faults:?}");
}

#[test]
fn a_day_can_be_checked_alone_and_days_without_the_chain() {
    let signed = ["--public-key", KEPT.key.as_str()];
    for days in [&[1][..], &[0, 1]] {
        assert_eq!(Copy::of(days).faults(&signed), Vec::<String>::new(), "{days:?}");
    }
    let alone = Copy::of(&[1]);
    alone.change(&log(1), |text| text.replacen("\"non\"", "\"oui\"", 1));
    assert!(alone.faults(&[])[0].starts_with(&format!("{}: is not what", log(1))), "{:?}", alone.faults(&[]));
    let torn = Copy::of(&[0, 1]);
    torn.change_manifest(0, |manifest| manifest.last_link.as_mut().unwrap().run_id = "autre".to_owned());
    assert_eq!(torn.faults(&[]), [format!("{}: does not go on from the day before", manifest(1))]);
}

/// A version names the logs that it was made of by their digests, and so do the manifests of the days.
#[test]
fn a_version_stands_on_the_very_logs_that_the_manifests_name() {
    let out = KEPT.rehearsal.out();
    let version = Version::of(&KEPT.rehearsal.pipeline(), &[&out.join("journaux")], "2026-12-03T14:24:00Z");
    let inputs = version.inputs();
    for day in [0, 1] {
        let name = log(day);
        let name = Path::new(&name).file_name().unwrap().to_str().unwrap();
        let manifest = json(&out.join(manifest(day)));
        let fields = ["bytes", "sha256"];
        assert_eq!(fields.map(|field| &inputs[name][field]), fields.map(|field| &manifest["log"][field]), "{name}");
    }
}

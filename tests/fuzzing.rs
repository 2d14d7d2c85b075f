//! Nothing that others wrote makes this program panic, whatever is in it: lines, logs, packed streams, pages, rules, schedules,
//! Parquet files, what a store says of its versions.
//!
//! Each target takes a sample of what it reads, spoiled. The suite tries some thousands of each;
//! `GUICHETS_INPUTS=1000000 cargo test fuzzing` as many as are wanted, and `cargo bolero test` finds new ones by what they reach
//! (CONTRIBUTING.md). A finding becomes a test of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, str};

use bolero::TypeGenerator;
use chrono::{DateTime, NaiveDate};
use flate2::Compression;
use flate2::write::GzEncoder;
use guichets_ouverts::config::{Limits, Pipeline, Schedule};
use guichets_ouverts::error::Result;
use guichets_ouverts::ingest::{Fate, LinePlace, LineReader, Stream, Witness, check, decode, log_at};
use guichets_ouverts::outcome::{Classifier, Evidence, RuleSet, explain};
use guichets_ouverts::probe::page::Page;
use guichets_ouverts::progress::Silent;
use guichets_ouverts::propose::{Known, Said, Sample, propose};
use guichets_ouverts::publish::{ObjectBackend, StorageKey, Store, status, view};
use guichets_ouverts::release::{ParquetRows, Rows as _};
use object_store::memory::InMemory;
use url::Url;

use crate::support::foreign::HEADED;
use crate::support::loaded::Loaded;
use crate::support::{Attempts, Kind, root, sample};

/// How many inputs of each target the suite tries.
const INPUTS: usize = 2000;

fn inputs() -> usize {
    std::env::var("GUICHETS_INPUTS").map_or(INPUTS, |text| text.parse().expect("GUICHETS_INPUTS is a number of inputs"))
}

/// What is done to a sample.
#[derive(Debug, Clone, TypeGenerator)]
struct Edit {
    at: u16,
    length: u8,
    what: What,
}

#[derive(Debug, Clone, TypeGenerator)]
enum What {
    Set(u8),
    Insert(u8),
    Token(u8),
    Cut,
    Repeat,
    Move(u16),
    End,
}

/// A sample, and what is done to it.
#[derive(Debug, Clone, TypeGenerator)]
struct Spoiling {
    /// Which sample.
    which: u8,
    /// How many of the edits at most: few leave a sample that is read far.
    most: u8,
    edits: Vec<Edit>,
}

/// As many edits as are ever made.
const EDITS: u8 = 16;

/// What matters to one reader or the other.
const TOKENS: [&[u8]; 40] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b";",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"\t",
    b" ",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"2147483648",
    b"0001-01-01",
    b"9999-12-31T23:59:60.999999999+23:59",
    b"\xe2\x80\xae",
    b"e\xcc\x81",
    b"\xef\xbf\xbd",
    b"<!--",
    b"</",
    b"<p hidden>",
    b"&#x110000;",
    b"&nbsp;",
    b"]]>",
    b"../",
    b"''",
    b"*",
];

/// No sample grows beyond this.
const LONGEST: usize = 1 << 16;

fn spoiled(samples: &[Vec<u8>], spoiling: &Spoiling) -> Vec<u8> {
    let mut bytes = samples[usize::from(spoiling.which) % samples.len()].clone();
    for edit in spoiling.edits.iter().take(usize::from(spoiling.most % EDITS)) {
        let at = usize::from(edit.at) * (bytes.len() + 1) / (usize::from(u16::MAX) + 1);
        let end = (at + usize::from(edit.length)).min(bytes.len());
        match edit.what {
            What::Set(byte) if at < bytes.len() => bytes[at] = byte,
            What::Set(byte) | What::Insert(byte) => bytes.insert(at, byte),
            What::Token(token) => {
                bytes.splice(at..at, TOKENS[usize::from(token) % TOKENS.len()].iter().copied());
            }
            What::Cut => drop(bytes.drain(at..end)),
            What::Repeat => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            What::Move(to) => {
                let part: Vec<u8> = bytes.drain(at..end).collect();
                let to = usize::from(to) % (bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            What::End => bytes.truncate(at),
        }
        bytes.truncate(LONGEST);
    }
    bytes
}

/// Gives a target its inputs.
fn each(samples: &[Vec<u8>], target: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let samples = std::panic::AssertUnwindSafe(samples);
    bolero::check!()
        .with_iterations(inputs())
        .with_type::<Spoiling>()
        .for_each(|spoiling| target(&spoiled(&samples, spoiling)));
}

/// Lines of the contract that say much.
fn lines() -> Vec<Vec<u8>> {
    let log = Attempts::on("evry-prefecture").saw(Kind::No, 1, "2019-04-16T08:00:00Z").saw(
        Kind::Yes,
        1,
        "2019-04-16T09:00:00Z",
    );
    let plain = fs::read_to_string(log.path()).or_else(|_| {
        let first = fs::read_dir(log.path()).unwrap().next().unwrap().unwrap().path();
        fs::read_to_string(first)
    });
    let full = r#"{"contract":"attempt/1","attempt_id":"00000000-0000-4000-8000-000000000001","started_at":"2019-04-16T10:10:00.25+02:00","duration_ms":1200,"cycle_id":"c1","cycle_started_at":"2019-04-16T08:00:00Z","try":2,"counter":"evry-prefecture","procedure":"premier-titre","planning":"A","system":"ez_planning","probe":"essai","vantage":"a","http_status":200,"step":"/2","target_url":"https://example.org/a?b=c","final_url":"https://example.org/d","page_title":"Rendez-vous","page_text":"Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.","markers":["a","b"],"slots":{"count":3,"first":"2019-05-02","second":"2019-05-03"},"verdict":"non","evidence":{"sha256":"00"}}"#;
    plain.unwrap().lines().map(str::to_owned).chain([full.to_owned()]).map(String::into_bytes).collect()
}

fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn a_line() {
    each(&lines(), |bytes| {
        let Ok(line) = str::from_utf8(bytes) else { return };
        if let Ok(raw) = decode(line)
            && let Ok(mut checked) = check(&raw)
        {
            checked.believe_dates(NaiveDate::default());
        }
    });
}

/// Whoever is shown the fates of a log, and counts them.
#[derive(Default)]
struct Count(u64);

impl Witness for Count {
    fn see(&mut self, _: LinePlace, _: Fate<'_>) -> Result<()> {
        self.0 += 1;
        Ok(())
    }
}

/// Reads logs of a pipeline from one file, written anew for each.
fn read_logs(loaded: &Loaded, name: &str, samples: &[Vec<u8>]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, "").unwrap();
    let file = log_at(path.to_str().unwrap(), &loaded.pipeline, loaded.runtime.handle()).unwrap();
    let target = std::panic::AssertUnwindSafe(|bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let mut count = Count::default();
        let shown = loaded.ingest().show(0, &file, 0, &mut count, &Silent);
        assert!(shown.is_ok(), "{:?}", shown.err());
        let plain = !bytes.iter().all(u8::is_ascii_whitespace) && bytes.first().is_some_and(u8::is_ascii_graphic);
        assert!(count.0 > 0 || !plain, "a log without a line");
    });
    each(samples, |bytes| target(bytes));
}

#[test]
fn a_log_of_the_contract() {
    let lines = lines().join(&b'\n');
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut packed, &lines).unwrap();
    let samples = [packed.finish().unwrap(), zstd::encode_all(lines.as_slice(), 1).unwrap(), lines];
    read_logs(&Loaded::new(None, 4096), "a.ndjson", &samples);
}

#[test]
fn a_log_that_is_mapped() {
    let plain =
        "quand,guichet,libres\n2019-04-16T08:00:00Z,evry-prefecture,0\n2019-04-16T09:00:00Z,\"evry\n-prefecture\",3\n";
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let samples = [plain.as_bytes().to_vec(), [b"\xff\xfe".as_slice(), &wide].concat()];
    read_logs(&Loaded::new(Some(HEADED), 4096), "a.csv", &samples);
}

/// What is unpacked is read to its end or to a fault, and then closed; no line is longer than the limit.
#[test]
fn a_stream() {
    let text = lines().join(&b'\n');
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut packed, &text).unwrap();
    let packed = packed.finish().unwrap();
    let twice = [packed.clone(), packed.clone()].concat();
    let samples = [packed, twice, zstd::encode_all(text.as_slice(), 3).unwrap(), text];
    each(&samples, |bytes| {
        let Ok(stream) = Stream::open(std::io::Cursor::new(bytes.to_vec()), &Limits::default(), 16) else { return };
        let mut reader = LineReader::new(stream, 256, guichets_ouverts::charset::Charset::default());
        reader.begin();
        while reader.next_item().is_some() {}
        if let Ok(delivered) = reader.into_stream().finish() {
            assert_eq!(delivered.bytes, bytes.len() as u64);
        }
    });
}

/// A page gets one outcome, and the explanation of it is the same.
#[test]
fn a_page_that_is_judged() {
    let rules = RuleSet::load(&root().join("pipelines/rendez-vous/outcome-rules.toml")).unwrap();
    let pages = files("tests/fixtures/pages", "ndjson").concat();
    let samples: Vec<Vec<u8>> = pages.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let target = std::panic::AssertUnwindSafe(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let evidence = Evidence {
            page_text: Some(&text),
            http_status: Some(200),
            day: NaiveDate::from_ymd_opt(2019, 4, 16),
            ..Evidence::default()
        };
        let rule = Classifier::new(&rules).classify(&evidence);
        assert_eq!(explain(&rules, &evidence).rule, rules.rules()[rule].id);
    });
    each(&samples, |bytes| target(bytes));
}

#[test]
fn a_page_that_the_probe_reads() {
    let page = br#"<!doctype html><html><head><meta charset="iso-8859-1"><title>A</title><style>p{}</style></head><body><main id="inner_Booking"><p class="x">Il n'existe plus de plage</p><form action="/b"><input type="hidden" name="t" value="1"><select name="s"><option>1</select><textarea></textarea></form><!-- c --><script>a</script><svg/></main></body></html>"#;
    let address = Url::parse("https://example.org/a").unwrap();
    each(&[page.to_vec()], |bytes| {
        for content_type in [None, Some("text/html; charset=utf-16le")] {
            let page = Page::read(address.clone(), content_type, bytes);
            for element in page.elements() {
                let _ = (page.text_of(element), page.fields(element), page.within(element, "[name*=s]").count());
            }
            let _ =
                (page.says(&["Il n'existe plus"]), page.shows(&["input[name=t]"]), page.skeleton(), page.excerpt(None));
        }
    });
}

#[test]
fn rules_of_outcomes() {
    let samples = [
        fs::read(root().join("pipelines/rendez-vous/outcome-rules.toml")).unwrap(),
        fs::read(root().join("tests/fixtures/pipelines/on-the-count.toml")).unwrap(),
    ];
    each(&samples, |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        if let Ok(rules) = RuleSet::parse(text, "a.toml") {
            Classifier::new(&rules).classify(&Evidence::default());
        }
    });
}

#[test]
fn a_schedule() {
    let rows = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source,motif_fin,suite\n*,*,2019-01-01T00:00:00+01:00,,60,true,essai,,\n";
    let samples = [rows.as_bytes().to_vec(), fs::read(root().join("pipelines/exemple/schedule.csv")).unwrap()];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schedule.csv");
    each(&samples, |bytes| {
        fs::write(&path, bytes).unwrap();
        if let Ok(schedule) = Schedule::load(&path) {
            let _ = (schedule.earliest(), schedule.named_services().count());
        }
    });
}

#[test]
fn a_pipeline() {
    let samples = [
        fs::read(root().join("pipelines/exemple/pipeline.toml")).unwrap(),
        fs::read(root().join("pipelines/seine-maritime-2022/pipeline.toml")).unwrap(),
    ];
    let folder = tempfile::tempdir().unwrap();
    each(&samples, |bytes| {
        fs::write(folder.path().join("pipeline.toml"), bytes).unwrap();
        let _ = Pipeline::load(folder.path());
    });
}

/// A mapping that is proposed is written, or it is said what is missing.
#[test]
fn a_sample_of_a_log() {
    let csv =
        "relevé;guichet;démarche;libres\n".to_owned() + &"16/04/2019 08:30;evry-prefecture;premier-titre;0\n".repeat(8);
    let json =
        r#"{"meta":{"at":"2019-04-16T08:00:00+02:00"},"office":"a","offices":[{"id":"b","free":1}]}"#.to_owned() + "\n";
    let samples = [csv.into_bytes(), json.repeat(8).into_bytes()];
    each(&samples, |bytes| {
        let Ok(sample) = Sample::read("a.csv", std::io::Cursor::new(bytes.to_vec())) else { return };
        let known = Known { counter: &|id| id == "evry-prefecture", procedure: &|id| id == "premier-titre" };
        let said = Said { zone: None, fields: BTreeMap::new() };
        let _ = propose("essai", &sample, &said, &known);
    });
}

/// A published file that somebody changed is read or refused.
#[test]
fn a_parquet_file() {
    let version = sample();
    let small = ["quarantaine.parquet", "parametres.parquet", "lacunes-2019-05.parquet"];
    let samples: Vec<Vec<u8>> = small.iter().filter_map(|name| fs::read(version.folder().join(name)).ok()).collect();
    assert!(samples.len() > 1, "the sample has other files");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    each(&samples, |bytes| {
        fs::write(&path, bytes).unwrap();
        if let Ok(rows) = ParquetRows::open(&path) {
            let _ = rows.each(&mut |_| Ok(()));
        }
    });
}

/// What a store says of its versions may be anything: it is read, or refused with a reason.
#[test]
fn what_a_store_says() {
    let version = sample();
    let named = |path: &Path| fs::read(path).unwrap();
    let name = version.manifest["version"].as_str().unwrap().to_owned();
    let keys = [StorageKey::Latest, StorageKey::Versions, StorageKey::Manifest { version: name }];
    let keys = keys.map(|key| {
        let bytes = named(&version.store().join(key.path()));
        (key, bytes)
    });
    let now = DateTime::from_timestamp(1_560_000_000, 0).unwrap();
    let all: Vec<Vec<u8>> = keys.iter().map(|(_, bytes)| bytes.clone()).collect();
    let target = std::panic::AssertUnwindSafe(|spoiling: &Spoiling| {
        let store = ObjectBackend::over("memory://", Arc::new(InMemory::new())).unwrap();
        let which = usize::from(spoiling.which) % keys.len();
        for (index, (key, bytes)) in keys.iter().enumerate() {
            let bytes = if index == which { spoiled(&all, spoiling) } else { bytes.clone() };
            store.put(key, &bytes).unwrap();
        }
        let _ = view(&store, None);
        let _ = status(&store, None, false, now);
    });
    bolero::check!()
        .with_iterations(inputs().min(100_000))
        .with_type::<Spoiling>()
        .for_each(|spoiling| target(spoiling));
}

//! Whatever a log is made of, each of its lines is accounted for once, and no line is anything to another.
//!
//! Logs are generated here with lines of every kind, framed, marked as UTF-8 or UTF-16, packed and cut in any way. What they hold is counted
//! by a second reader, of a few lines, that shares no code with the first. `GUICHETS_CASES=10000 cargo test any_log` tries
//! more of them than the suite does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use guichets_ouverts::error::Result;
use guichets_ouverts::ingest::{Fate, Found, History, LinePlace, Months, Reading, Witness, find};
use guichets_ouverts::progress::Silent;
use proptest::prelude::*;

use crate::support::foreign::{HEADED, PLAIN};
use crate::support::loaded::Loaded;

/// How many logs the suite tries.
const CASES: u32 = 500;

fn cases() -> u32 {
    std::env::var("GUICHETS_CASES").map_or(CASES, |text| text.parse().expect("GUICHETS_CASES is a number of logs"))
}

const JSON: &str = r#"
files = "*.csv"
format = "ndjson"
time = { value = "{quand}", format = "rfc3339" }
fields = { counter = "{guichet}", procedure = "premier-titre", "slots.count" = { value = "{libres}", optional = true } }
"#;
const WIDE: &str = r#"
files = "*.csv"
format = "csv"
header = true
time = { value = "{quand}", format = "rfc3339" }
unpivot = { columns = '\d\d', name = "heure", value = "libres", no_data = [""] }
fields = { counter = "{guichet}", procedure = "premier-titre", planning = "{heure}", "slots.count" = "{libres}" }
"#;

/// The shapes of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Contract,
    Plain,
    Headed,
    Wide,
    Json,
}

/// The kinds of lines, each for every shape.
#[derive(Debug, Clone)]
enum Kind {
    Attempt(u8),
    /// The same again.
    Repeat(u8),
    Blank(&'static str),
    Header,
    /// The names of the columns in another order.
    Reordered,
    OpenQuote(u8),
    ClosedQuote,
    Junk(String),
    Bytes(Vec<u8>),
    Long,
    Early,
}

#[derive(Debug, Clone)]
struct Log {
    shape: Shape,
    kinds: Vec<Kind>,
    end: &'static str,
    ended: bool,
    encoding: Encoding,
    packing: Packing,
    /// How much of the packed file is left, in thousandths.
    kept: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Marked,
    Utf16Le,
    Utf16Be,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Members,
    Zstd,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        8 => (0_u8..200).prop_map(Kind::Attempt),
        2 => (0_u8..200).prop_map(Kind::Repeat),
        1 => prop::sample::select(vec!["", " ", "\t \t"]).prop_map(Kind::Blank),
        1 => Just(Kind::Header),
        1 => Just(Kind::Reordered),
        1 => (0_u8..200).prop_map(Kind::OpenQuote),
        1 => Just(Kind::ClosedQuote),
        1 => "[ -~éÀ€\u{feff}\u{2028}]{0,40}".prop_map(Kind::Junk),
        1 => prop::collection::vec(prop_oneof![Just(0xE9_u8), Just(0xFF), Just(0), Just(b'"'), Just(b','), Just(b'{'), Just(b'x')], 1..12).prop_map(Kind::Bytes),
        1 => Just(Kind::Long),
        1 => Just(Kind::Early),
    ]
}

fn log() -> impl Strategy<Value = Log> {
    let shape = prop::sample::select(vec![Shape::Contract, Shape::Plain, Shape::Headed, Shape::Wide, Shape::Json]);
    let encoding = prop::sample::select(vec![
        Encoding::Utf8,
        Encoding::Utf8,
        Encoding::Utf8,
        Encoding::Marked,
        Encoding::Utf16Le,
        Encoding::Utf16Be,
    ]);
    let packing = prop::sample::select(vec![Packing::None, Packing::Gzip, Packing::Members, Packing::Zstd]);
    let end = prop::sample::select(vec!["\n", "\n", "\r\n", "\r\r\n", "\r"]);
    let kept = prop_oneof![3 => Just(1000_usize), 1 => 0_usize..1000];
    (shape, prop::collection::vec(kind(), 0..30), end, any::<bool>(), encoding, packing, kept).prop_map(
        |(shape, kinds, end, ended, encoding, packing, kept)| Log { shape, kinds, end, ended, encoding, packing, kept },
    )
}

/// The limit of a line in the trials.
const LINE_BYTES: usize = 4_000;

impl Kind {
    fn line(&self, shape: Shape) -> Vec<u8> {
        let attempt = |minute: u8, year: u32| {
            let at = format!("{year}-04-16T{:02}:{:02}:00Z", minute / 60, minute % 60);
            let free = minute % 3;
            match shape {
                Shape::Contract => format!(
                    "{{\"contract\":\"attempt/1\",\"attempt_id\":\"00000000-0000-4000-8000-{minute:012}\",\
                     \"started_at\":\"{at}\",\"counter\":\"evry-prefecture\",\"procedure\":\"premier-titre\",\
                     \"slots\":{{\"count\":{free}}}}}"
                ),
                Shape::Plain | Shape::Headed => format!("{at},evry-prefecture,{free}"),
                Shape::Wide => format!("{at},evry-prefecture,{free},"),
                Shape::Json => format!("{{\"quand\":\"{at}\",\"guichet\":\"evry-prefecture\",\"libres\":{free}}}"),
            }
        };
        match self {
            Self::Attempt(minute) | Self::Repeat(minute) => attempt(*minute, 2019).into_bytes(),
            Self::Blank(text) => text.as_bytes().to_vec(),
            Self::Header if shape == Shape::Wide => b"quand,guichet,08,09".to_vec(),
            Self::Header => b"quand,guichet,libres".to_vec(),
            Self::Reordered if shape == Shape::Wide => b"08,guichet,quand,09".to_vec(),
            Self::Reordered => b"libres,guichet,quand".to_vec(),
            Self::OpenQuote(minute) => attempt(*minute, 2019).replacen(",evry", ",\"evry", 1).into_bytes(),
            Self::ClosedQuote => b"fin\",0".to_vec(),
            Self::Junk(text) => text.clone().into_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
            Self::Long => vec![b'x'; LINE_BYTES + 10],
            Self::Early => attempt(7, 2018).into_bytes(),
        }
    }
}

impl Log {
    /// The text before it is packed.
    fn text(&self) -> Vec<u8> {
        let first = matches!(self.shape, Shape::Headed | Shape::Wide).then_some(Kind::Header);
        let lines: Vec<Vec<u8>> = first.iter().chain(&self.kinds).map(|kind| kind.line(self.shape)).collect();
        let mut text = lines.join(self.end.as_bytes());
        if self.ended && !lines.is_empty() {
            text.extend(self.end.as_bytes());
        }
        let units = |text: &[u8]| String::from_utf8_lossy(text).encode_utf16().collect::<Vec<u16>>();
        match self.encoding {
            Encoding::Utf8 => text,
            Encoding::Marked => [b"\xEF\xBB\xBF".as_slice(), &text].concat(),
            Encoding::Utf16Le => [0xFEFF].into_iter().chain(units(&text)).flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => [0xFEFF].into_iter().chain(units(&text)).flat_map(u16::to_be_bytes).collect(),
        }
    }

    fn file(&self) -> Vec<u8> {
        let gzip = |bytes: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let text = self.text();
        let packed = match self.packing {
            Packing::None => text,
            Packing::Gzip => gzip(&text),
            Packing::Members => text.chunks(97).flat_map(gzip).collect(),
            Packing::Zstd => zstd::encode_all(text.as_slice(), 1).unwrap(),
        };
        packed[..packed.len() * self.kept / 1000].to_vec()
    }
}

/// What the second reader counts: each physical line, blank or not, and whether the stream broke.
#[derive(Debug)]
struct Counted {
    blank: Vec<bool>,
    broke: bool,
}

fn count(file: &[u8]) -> Counted {
    let mut reader: Box<dyn std::io::Read> = match file {
        [0x1F, 0x8B, ..] => Box::new(MultiGzDecoder::new(file)),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Box::new(zstd::Decoder::new(file).unwrap()),
        _ => Box::new(file),
    };
    let (mut text, mut one, mut broke) = (Vec::new(), [0_u8], false);
    loop {
        match reader.read(&mut one) {
            Ok(0) => break,
            Ok(_) => text.push(one[0]),
            Err(_) => {
                broke = true;
                break;
            }
        }
    }
    // UTF-16 as if its units were letters.
    let wide = |units: Vec<u16>| units.into_iter().map(|unit| char::from_u32(unit.into()).unwrap_or('?')).collect();
    let letters: Vec<char> = match text.as_slice() {
        [0xFF, 0xFE, rest @ ..] => {
            let mut units: Vec<u16> = rest.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
            units.extend((rest.len() % 2 == 1).then_some(1));
            wide(units)
        }
        [0xFE, 0xFF, rest @ ..] => {
            let mut units: Vec<u16> = rest.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
            units.extend((rest.len() % 2 == 1).then_some(1));
            wide(units)
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => rest.iter().map(|byte| char::from(*byte)).collect(),
        rest => rest.iter().map(|byte| char::from(*byte)).collect(),
    };
    let is_wide = matches!(text.as_slice(), [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]);
    let old_mac = !is_wide && letters.contains(&'\r') && !letters.contains(&'\n');
    let mut lines: Vec<String> =
        letters.iter().collect::<String>().split(if old_mac { '\r' } else { '\n' }).map(str::to_owned).collect();
    // Nothing stands behind the last line end; a mark alone is a line all the same.
    let marked = text.len() > letters.len() && letters.is_empty();
    if lines.last().is_some_and(String::is_empty) && !marked {
        lines.pop();
    }
    // A mark is no letter, in whatever line it stands.
    let mark = if is_wide { "\u{feff}" } else { "\u{ef}\u{bb}\u{bf}" };
    let blank = |line: &String| line.trim_start_matches(mark).bytes().all(|byte| byte.is_ascii_whitespace());
    Counted { blank: lines.iter().map(blank).collect(), broke }
}

/// What each line was shown to be.
#[derive(Default)]
struct Told(BTreeMap<(u64, u32), String>);

impl Witness for Told {
    fn see(&mut self, place: LinePlace, fate: Fate<'_>) -> Result<()> {
        let told = match fate {
            Fate::Header => "header".to_owned(),
            Fate::Blank => "blank".to_owned(),
            Fate::WithoutData => "without data".to_owned(),
            Fate::Attempt(row) => format!("{} {:?} {:?}", row.rule.id, row.checked, row.place.digest),
            Fate::SetAside(reject) => format!("{} {}", reject.reason.code(), reject.field.unwrap_or_default()),
        };
        assert!(self.0.insert((place.line, place.rank), told).is_none(), "shown twice: {place:?}");
        Ok(())
    }
}

/// The pipeline of a shape of logs.
fn loaded(shape: Shape) -> Arc<Loaded> {
    thread_local!(static ALL: std::cell::RefCell<BTreeMap<u8, Arc<Loaded>>> = const { std::cell::RefCell::new(BTreeMap::new()) });
    let source = match shape {
        Shape::Contract => None,
        Shape::Plain => Some(PLAIN),
        Shape::Headed => Some(HEADED),
        Shape::Wide => Some(WIDE),
        Shape::Json => Some(JSON),
    };
    let make = || Arc::new(Loaded::new(source, LINE_BYTES));
    ALL.with(|all| Arc::clone(all.borrow_mut().entry(shape as u8).or_insert_with(make)))
}

fn found(loaded: &Loaded, path: &Path) -> Found {
    find(&[path.to_str().unwrap().to_owned()], &loaded.pipeline, loaded.runtime.handle()).unwrap()
}

fn told(loaded: &Loaded, path: &Path) -> Told {
    let mut told = Told::default();
    loaded.ingest().show(0, &found(loaded, path).files[0], 0, &mut told, &Silent).unwrap();
    told
}

fn read(loaded: &Loaded, path: &Path) -> Reading {
    let months = Months::new(1 << 30).unwrap();
    let mut reading = loaded.ingest().read(found(loaded, path), History::default(), &months, &Silent).unwrap();
    reading.withdraw(&months.repeats().unwrap()).unwrap();
    reading
}

/// A file of a name that says nothing of how it is packed.
fn written(bytes: &[u8], shape: Shape) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(if shape == Shape::Contract { "a.ndjson" } else { "a.csv" });
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_global_rejects: u32::MAX, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_line_of_any_log_is_accounted_for_once(log in log()) {
        let loaded = loaded(log.shape);
        let bytes = log.file();
        let (_folder, path) = written(&bytes, log.shape);
        let (reading, Told(told), counted) = (read(&loaded, &path), told(&loaded, &path), count(&bytes));
        let account = &reading.accounts[0];
        let lines = counted.blank.len() as u64;
        prop_assert_eq!(account.lines + account.headers, lines + u64::from(counted.broke), "{:?}", account);
        prop_assert_eq!(account.complete, !counted.broke);
        prop_assert_eq!(account.accounted(), account.records);
        if log.shape != Shape::Wide {
            prop_assert_eq!(account.records, account.lines);
        }
        // Every line, once, and blank ones where they are.
        let seen: BTreeSet<u64> = told.keys().map(|(line, _)| *line).collect();
        prop_assert_eq!(seen, (1..=lines + u64::from(counted.broke)).collect::<BTreeSet<_>>());
        for (line, blank) in (1..).zip(&counted.blank) {
            let said = &told[&(line, 1)];
            let alone = said == "blank" || said.starts_with("enregistrement_multiligne") || said.starts_with("ligne_trop");
            prop_assert!(if *blank { alone } else { said != "blank" }, "{}: {}", line, said);
        }
        // What a run made of each is what it was shown to be.
        let is = |code: &str| told.values().filter(|said| *said == code).count() as u64;
        prop_assert_eq!([account.headers, account.blank, account.without_data], ["header", "blank", "without data"].map(is));
        let repeated: BTreeSet<(u64, u32)> =
            reading.repeats.iter().map(|repeat| (repeat.entry.line, repeat.entry.rank)).collect();
        for row in reading.quarantined.iter().filter(|row| !repeated.contains(&(row.line, row.rank))) {
            let said = format!("{} {}", row.reason.code(), row.field.as_deref().unwrap_or_default());
            prop_assert_eq!(&told[&(row.line, row.rank)], &said);
        }
        let answers = told.values().filter(|said| said.starts_with("compte-")).count() as u64;
        prop_assert_eq!(answers, account.attempts + repeated.len() as u64);
    }

    /// Lines that name columns apart, and, of delimited values, lines with a quote: what one opens and another closes makes
    /// one record of both, so only the changed line may have one.
    #[test]
    fn changing_one_line_changes_no_other(
        log in log(),
        which in any::<prop::sample::Index>(),
        new in prop_oneof![kind(), "[ -~]{0,30}".prop_map(Kind::Junk)],
    ) {
        prop_assume!(!log.kinds.is_empty());
        // In UTF-16, carriage returns end no line: such a log is one line.
        prop_assume!(log.end != "\r" || matches!(log.encoding, Encoding::Utf8 | Encoding::Marked));
        let plain = Log { packing: Packing::None, kept: 1000, ..log };
        let quoted = |kind: &Kind| kind.line(plain.shape).contains(&b'"') && plain.shape != Shape::Contract && plain.shape != Shape::Json;
        let kinds = plain.kinds.iter().filter(|kind| !matches!(kind, Kind::Header | Kind::Reordered) && !quoted(kind)).cloned().collect();
        let plain = Log { kinds, ..plain };
        prop_assume!(!plain.kinds.is_empty() && !matches!(new, Kind::Header | Kind::Reordered | Kind::ClosedQuote));
        let at = which.index(plain.kinds.len());
        let mut changed = plain.clone();
        changed.kinds[at] = new;
        let loaded = loaded(plain.shape);
        let fates = |log: &Log| {
            let (_folder, path) = written(&log.file(), log.shape);
            told(&loaded, &path).0
        };
        let (mut before, mut after) = (fates(&plain), fates(&changed));
        let line = at as u64 + 1 + u64::from(matches!(plain.shape, Shape::Headed | Shape::Wide));
        for rank in 0..4 {
            before.remove(&(line, rank));
            after.remove(&(line, rank));
        }
        prop_assert_eq!(before, after);
    }
}

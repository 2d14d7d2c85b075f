//! `guichets explain`: what became of a line, and by which rule.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use guichets_ouverts::config::Schedule;
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::ingest::{
    Fate, History, Ingest, LinePlace, Months, Reason, Row, Witness, find, is_log_named, log_at, mapping, names,
};
use guichets_ouverts::outcome::{Explanation, RuleSet, explain};
use guichets_ouverts::progress::Silent;
use guichets_ouverts::registry::Registry;
use guichets_ouverts::schema::Catalog;
use regex::Regex;
use tokio::runtime::Runtime;

use super::{Common, print};

/// Say for a line which rule gave its outcome, which came close, or why it was set aside
#[derive(Debug, Args)]
pub struct Explain {
    /// A pipeline: its name under pipelines/, or a path to its folder
    #[arg(value_name = "PIPELINE")]
    pipeline: String,
    /// A raw log, and the number of a line in it; without a number, its first ten lines
    #[arg(value_name = "FILE[:LINE]")]
    line: String,
    /// The folder that a run would be given: the file is known by its path below it, and what repeats or contradicts a line
    /// of another file is told
    #[arg(long, value_name = "FOLDER")]
    raw: Option<PathBuf>,
}

/// How many lines are explained where none is named.
const FIRST_LINES: u64 = 10;

impl Explain {
    /// Explains one line or the first few.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let (project, pipeline) = common.pipeline(&self.pipeline)?;
        let catalog = Catalog::load(&project.tables())?;
        let registry = Registry::load(&catalog, &pipeline.registry_folders(&project))?;
        let rules = RuleSet::load(&pipeline.rules_path(&project))?;
        let earliest = Schedule::load(&pipeline.schedule_path())?.earliest();
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        let runtime = runtime.handle();
        let ingest = Ingest { pipeline: &pipeline, registry: &registry, rules: &rules, earliest, runtime };

        let (path, wanted) = file_and_line(&self.line);
        let source = path.to_string_lossy().into_owned();
        let mut file = log_at(&source, &pipeline, runtime)?;
        if let Some(raw) = &self.raw {
            file.name = name_below(raw, &path)?;
        }
        file.name = name_in_run(&ingest, &path, &file.name).ok_or_else(|| {
            let patterns: Vec<&str> = pipeline.sources.iter().map(|source| source.files.as_str()).collect();
            let read = if patterns.is_empty() { "NDJSON logs of the contract".to_owned() } else { patterns.join(", ") };
            Error::usage("no log of this pipeline: a run leaves it alone")
                .at(&source)
                .hint(format!("the pipeline reads {read}"))
        })?;
        let lines = wanted.map_or(1..=FIRST_LINES, |line| line..=line);
        let mut teller = Teller::new(&rules, &file.name, lines, common.json);
        teller.dropped = self.raw.as_deref().map(|raw| dropped_in_run(&ingest, raw, &file.name)).transpose()?;
        ingest.show(0, &file, 0, &mut teller, &Silent)?;
        if !teller.found {
            return Err(Error::usage("the file has no such line")
                .at(&self.line)
                .hint(format!("lines count from 1; the last one read is {}", teller.last)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The records of a file that a run over a folder drops, by line and rank, and whether each contradicts the one that is kept.
fn dropped_in_run(ingest: &Ingest<'_>, raw: &Path, file: &str) -> Result<HashMap<(u64, u32), bool>> {
    let found = find(&[raw.to_string_lossy().into_owned()], ingest.pipeline, ingest.runtime)?;
    let months = Months::new(ingest.pipeline.limits.gathered_bytes())?;
    let mut reading = ingest.read(found, History::default(), &months, &Silent)?;
    reading.withdraw(&months.repeats()?)?;
    let ours = reading.repeats.iter().filter(|repeat| *repeat.file == *file);
    Ok(ours.map(|repeat| ((repeat.entry.line, repeat.entry.rank), repeat.conflict)).collect())
}

/// The name of a file by its path below a folder.
fn name_below(raw: &Path, path: &Path) -> Result<String> {
    let real = |path: &Path| path.canonicalize().usage("cannot look").map_err(|error| error.at_path(path));
    let (raw, path) = (real(raw)?, real(path)?);
    let below =
        path.strip_prefix(&raw).usage("the file is not below that folder").map_err(|error| error.at_path(&path))?;
    Ok(names::published(below.as_os_str().as_encoded_bytes()))
}

/// The name by which a run knows a file: its own, or with as many of the folders above it as a mapping, and its pattern of
/// names, ask for.
fn name_in_run(ingest: &Ingest<'_>, path: &Path, listed: &str) -> Option<String> {
    let fits = |name: &str| {
        let pattern = mapping(ingest.pipeline, name).and_then(|mapping| mapping.file_name.as_deref());
        // The pattern was checked when the pipeline was loaded.
        is_log_named(ingest.pipeline, name)
            && pattern.is_none_or(|pattern| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(name)))
    };
    let absolute = std::path::absolute(path).ok()?;
    let mut longer = vec![listed.to_owned()];
    for folder in absolute.parent()?.iter().rev().filter_map(|folder| folder.to_str()) {
        longer.push(format!("{folder}/{}", longer[longer.len() - 1]));
    }
    let name = longer
        .iter()
        .find(|name| fits(name))
        .or_else(|| longer.iter().find(|name| is_log_named(ingest.pipeline, name)))?;
    let source = |name: &str| mapping(ingest.pipeline, name).map(|mapping| mapping.name.as_str());
    if let Some(other) = longer.iter().find(|other| fits(other) && source(other) != source(name)) {
        tracing::warn!(
            "a run that knows the file as {other} would read it otherwise; --raw says what folder it is given"
        );
    }
    Some(name.clone())
}

/// Tells a person what becomes of lines.
pub(super) struct Teller<'a> {
    rules: &'a RuleSet,
    file: &'a str,
    json: bool,
    /// Those that are asked for.
    lines: RangeInclusive<u64>,
    /// By the id of an attempt: line and rank of the first record that has it, and what that says.
    ids: HashMap<u128, (u64, u32, u64)>,
    /// What a run over more than this file drops of it; nothing where the file is looked at alone.
    dropped: Option<HashMap<(u64, u32), bool>>,
    last: u64,
    found: bool,
}

impl Witness for Teller<'_> {
    fn see(&mut self, place: LinePlace, fate: Fate<'_>) -> Result<()> {
        self.last = place.line;
        let first = match &fate {
            Fate::Attempt(row) => {
                let said = (place.line, place.rank, row.place.digest);
                Some(*self.ids.entry(row.checked.id).or_insert(said)).filter(|first| *first != said)
            }
            _ => None,
        };
        if !self.lines.contains(&place.line) {
            return Ok(());
        }
        self.found = true;
        let told = match (fate, first) {
            (Fate::Header, _) => Told::Note("a line that names the columns".to_owned()),
            (Fate::Blank, _) => Told::Note("a blank line".to_owned()),
            (Fate::WithoutData, _) => Told::Note("without data: it says that nobody looked".to_owned()),
            (Fate::SetAside(reject), _) => Told::SetAside(reject.reason.code(), reject.field, None),
            (Fate::Attempt(row), _) if self.dropped.is_some() => self.of_run(place, row),
            (Fate::Attempt(row), Some((line, _, digest))) if digest == row.place.digest => {
                Told::Note(format!("a duplicate of line {line}"))
            }
            (Fate::Attempt(_), Some((line, ..))) => {
                Told::SetAside(Reason::ConflictingId.code(), Some("attempt_id"), Some(line))
            }
            (Fate::Attempt(row), None) => self.outcome(row),
        };
        print(&told.shown(self.file, place, self.json));
        Ok(())
    }

    fn has_seen_enough(&self) -> bool {
        self.last >= *self.lines.end()
    }
}

impl<'a> Teller<'a> {
    /// Tells of some lines of a file, looked at alone.
    pub(super) fn new(rules: &'a RuleSet, file: &'a str, lines: RangeInclusive<u64>, json: bool) -> Self {
        Self { rules, file, json, lines, ids: HashMap::new(), dropped: None, last: 0, found: false }
    }
}

impl Teller<'_> {
    /// What a run over more than this file makes of an attempt.
    fn of_run(&self, place: LinePlace, row: &Row<'_>) -> Told {
        match self.dropped.as_ref().and_then(|dropped| dropped.get(&(place.line, place.rank))) {
            Some(true) => Told::SetAside(Reason::ConflictingId.code(), Some("attempt_id"), None),
            Some(false) => Told::Note("a duplicate of a line that is kept".to_owned()),
            None => self.outcome(row),
        }
    }

    fn outcome(&self, row: &Row<'_>) -> Told {
        Told::Outcome(Box::new(explain(self.rules, &row.evidence())), row.raw.verdict.as_deref().map(str::to_owned))
    }
}

/// What is said of a record.
enum Told {
    Note(String),
    /// Why, which field, and the line that it contradicts.
    SetAside(&'static str, Option<&'static str>, Option<u64>),
    Outcome(Box<Explanation>, Option<String>),
}

impl Told {
    fn shown(&self, file: &str, place: LinePlace, json: bool) -> String {
        let LinePlace { line, rank, .. } = place;
        if json {
            let mut told = match self {
                Self::Note(note) => serde_json::json!({ "note": note }),
                Self::SetAside(reason, field, _) => serde_json::json!({ "set_aside": reason, "field": field }),
                Self::Outcome(explanation, verdict) => {
                    serde_json::json!({ "verdict_of_the_robot": verdict, "explanation": explanation })
                }
            };
            told["file"] = file.into();
            told["line"] = line.into();
            told["rank"] = rank.into();
            return told.to_string();
        }
        let at = if rank == 1 { format!("{file}:{line}") } else { format!("{file}:{line}, record {rank}") };
        match self {
            Self::Note(note) => format!("{at}: {note}"),
            Self::SetAside(reason, field, contradicted) => {
                let field = field.map_or_else(String::new, |field| format!(" (field {field})"));
                let line = contradicted.map_or_else(String::new, |line| format!("; it contradicts line {line}"));
                format!("{at}: set aside: {reason}{field}{line}")
            }
            Self::Outcome(explanation, verdict) => {
                let opinion = verdict.as_ref().map_or_else(String::new, |verdict| {
                    format!("The robot's own verdict was « {verdict} »; it is kept, and was not used.\n")
                });
                format!("{at}:\n{explanation}{opinion}")
            }
        }
    }
}

/// `FILE:12` is the line 12 of FILE, unless a file has that very name.
fn file_and_line(text: &str) -> (PathBuf, Option<u64>) {
    let whole = PathBuf::from(text);
    match text.rsplit_once(':') {
        Some((file, line)) if !whole.exists() => match line.parse() {
            Ok(number) => (PathBuf::from(file), Some(number)),
            Err(_) => (whole, None),
        },
        _ => (whole, None),
    }
}

//! `guichets explain`: what became of a line, and by which rule.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::ingest::{Ingest, Item, LineReader, Stream, log_at};
use guichets_ouverts::outcome::{Evidence, RuleSet, explain};
use guichets_ouverts::registry::Registry;
use guichets_ouverts::schema::Catalog;
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
}

/// How many lines are explained where none is named.
const FIRST_LINES: u64 = 10;

impl Explain {
    /// Explains one line or the first few.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let (project, pipeline) = common.pipeline(&self.pipeline)?;
        let catalog = Catalog::load(&project.tables())?;
        let registry = Registry::load(&catalog, &pipeline.registry_folders(&project))?;
        let rules = RuleSet::load(&pipeline.rules_path())?;
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        let ingest = Ingest { pipeline: &pipeline, registry: &registry, rules: &rules, runtime: runtime.handle() };

        let (path, wanted) = file_and_line(&self.line);
        let source = path.to_string_lossy().into_owned();
        let file = log_at(&source, &pipeline, runtime.handle())?;
        let stream = Stream::open(file.open(runtime.handle())?, &pipeline.limits, 0).unreachable("cannot read")?;
        let mut lines = LineReader::new(stream, pipeline.limits.line_bytes);
        let mut decoder = ingest.decoder(&file.name);
        let (mut first, mut found, mut lines_seen) = (true, false, 0);
        while let Some(item) = lines.next_item() {
            let Item::Line { number, bytes, .. } = item else { continue };
            lines_seen = number;
            let text = String::from_utf8_lossy(bytes);
            let header = std::mem::take(&mut first) && decoder.is_header(&file.name, &text)?;
            let last = wanted.unwrap_or(FIRST_LINES);
            if number > last {
                break;
            }
            if wanted.is_some_and(|wanted| wanted != number) {
                continue;
            }
            found = true;
            let told = match decoder.decode(&text) {
                _ if header => Told::Note("the header of the file"),
                _ if text.trim().is_empty() => Told::Note("a blank line"),
                Ok((raw, _)) => Told::Outcome(
                    Box::new(explain(&rules, &Evidence::of(&raw))),
                    raw.verdict.as_deref().map(str::to_owned),
                ),
                Err(reject) => Told::SetAside(reject.reason.code(), reject.field),
            };
            print(&told.shown(&file.name, number, common.json));
        }
        if !found {
            return Err(Error::usage("the file has no such line")
                .at(&self.line)
                .hint(format!("lines count from 1; the last one read is {lines_seen}")));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is said of a line.
enum Told {
    Note(&'static str),
    SetAside(&'static str, Option<&'static str>),
    Outcome(Box<guichets_ouverts::outcome::Explanation>, Option<String>),
}

impl Told {
    fn shown(&self, file: &str, line: u64, json: bool) -> String {
        if json {
            return match self {
                Self::Note(note) => serde_json::json!({ "file": file, "line": line, "note": note }),
                Self::SetAside(reason, field) => {
                    serde_json::json!({ "file": file, "line": line, "set_aside": reason, "field": field })
                }
                Self::Outcome(explanation, verdict) => serde_json::json!({
                    "file": file, "line": line, "verdict_of_the_robot": verdict, "explanation": explanation
                }),
            }
            .to_string();
        }
        match self {
            Self::Note(note) => format!("{file}:{line}: {note}"),
            Self::SetAside(reason, None) => format!("{file}:{line}: set aside: {reason}"),
            Self::SetAside(reason, Some(field)) => format!("{file}:{line}: set aside: {reason} (field {field})"),
            Self::Outcome(explanation, verdict) => {
                let opinion = verdict.as_ref().map_or_else(String::new, |verdict| {
                    format!("The robot's own verdict was « {verdict} »; it is kept, and was not used.\n")
                });
                format!("{file}:{line}:\n{explanation}{opinion}")
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

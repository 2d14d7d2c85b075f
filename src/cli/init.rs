//! `guichets init`: a pipeline's folder, from a sample of somebody's log or for logs of the contract.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono_tz::Tz;
use clap::Args;
use guichets_ouverts::config::{Pipeline, Project, Schedule};
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::ingest::{Fate, Ingest, LinePlace, SourceFile, Witness, list, log_at};
use guichets_ouverts::outcome::RuleSet;
use guichets_ouverts::progress::Silent;
use guichets_ouverts::propose::{Doubt, Known, Proposal, SAMPLE_LINES, Said, Sample, plain, propose};
use guichets_ouverts::registry::Registry;
use guichets_ouverts::schema::Catalog;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::dialogue::completed;
use super::explain::Teller;
use super::{Common, print};

/// Write a pipeline's folder: for logs of the contract, or for logs like a sample, with what the sample does not tell
///
/// At a terminal, what it does not tell is asked for.
#[derive(Debug, Args)]
pub struct Init {
    /// The folder to make; its last part is the pipeline's name
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// A log to look at, plain, gzip or zstd: its columns are mapped as far as they tell
    #[arg(long, value_name = "FILE")]
    like: Option<String>,
    /// The zone of times that tell no offset, and of counters that the registry does not know
    #[arg(long, value_name = "ZONE", requires = "like")]
    zone: Option<Tz>,
    /// A field of the contract and its template, as in counter=rouen-prefecture or procedure={service}; more than once
    #[arg(long = "field", value_name = "FIELD=TEMPLATE", requires = "like", value_parser = field)]
    fields: Vec<(String, String)>,
}

/// How many records are explained.
const EXPLAINED: u64 = 3;

/// The registry that a proposed pipeline reads.
const REGISTRY: &str = "data/registry";

fn field(text: &str) -> std::result::Result<(String, String), String> {
    let (field, template) = text.split_once('=').ok_or("write it as FIELD=TEMPLATE, as in counter=rouen-prefecture")?;
    Ok((field.to_owned(), template.to_owned()))
}

impl Init {
    /// Looks at the sample, tries the proposal on it, and writes the folder.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let name = self.name()?;
        if self.folder.exists() {
            return Err(Error::usage("it is there already, and nothing is overwritten")
                .at_path(&self.folder)
                .hint("choose another name, or remove it first"));
        }
        let project = common.project()?;
        let Some(like) = &self.like else {
            let proposal = plain(&name);
            write(&self.folder, &proposal)?;
            tell(&self.folder, &proposal, None, common);
            return Ok(ExitCode::SUCCESS);
        };
        let registry = Registry::load(&Catalog::load(&project.tables())?, &[project.path(REGISTRY)])?;
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        let files = list(std::slice::from_ref(like), runtime.handle())?.files;
        let [file] = files.as_slice() else {
            return Err(Error::usage("a sample is one file").at(like).hint("name one of the logs"));
        };
        let sample = Sample::read(&file.name, file.open(runtime.handle())?)?;
        let said = Said { zone: self.zone, fields: self.fields.iter().cloned().collect() };
        let known =
            Known { counter: &|id| registry.counter(id).is_some(), procedure: &|id| registry.has_procedure(id) };
        let proposal = completed(said, |said| propose(&name, &sample, said, &known), common)?;
        let trial = Trial { project: &project, registry: &registry, runtime: &runtime, like };
        let account = if proposal.missing.is_empty() { Some(trial.of(&proposal, common)?) } else { None };
        write(&self.folder, &proposal)?;
        tell(&self.folder, &proposal, account.as_ref(), common);
        Ok(ExitCode::SUCCESS)
    }

    /// The last part of the folder, which must be a slug.
    fn name(&self) -> Result<String> {
        let name = self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_slug = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if name.is_empty() || !is_slug {
            return Err(Error::usage(format!("« {name} » cannot be the name of a pipeline"))
                .hint("choose lower-case letters without accents, digits and hyphens, as in mon-robot"));
        }
        Ok(name.to_owned())
    }
}

/// Where a proposal is tried before it is written.
struct Trial<'a> {
    project: &'a Project,
    registry: &'a Registry,
    runtime: &'a Runtime,
    like: &'a str,
}

/// What becomes of the records of the sample.
#[derive(Debug, Default)]
struct Account {
    attempts: u64,
    other: u64,
    set_aside: BTreeMap<&'static str, u64>,
}

impl Trial<'_> {
    /// Reads the sample as a run would, and explains its first records.
    fn of(&self, proposal: &Proposal, common: &Common) -> Result<Account> {
        let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
        for (name, text) in &proposal.files {
            fs::write(folder.path().join(name), text).unreachable("cannot write a temporary file")?;
        }
        let pipeline = Pipeline::load(folder.path())?;
        let rules = RuleSet::load(&pipeline.rules_path(self.project))?;
        let earliest = Schedule::load(&pipeline.schedule_path())?.earliest();
        let runtime = self.runtime.handle();
        let ingest = Ingest { pipeline: &pipeline, registry: self.registry, rules: &rules, earliest, runtime };
        let file: SourceFile = log_at(self.like, &pipeline, runtime)?;
        let has_header = pipeline.sources.iter().any(|source| source.header);
        let lines = 1..=EXPLAINED + u64::from(has_header);
        let mut watched = Watched {
            teller: Teller::new(&rules, &file.name, lines, common.json),
            account: Account::default(),
            last: 0,
        };
        ingest.show(0, &file, 0, &mut watched, &Silent)?;
        Ok(watched.account)
    }
}

/// Explains the first records and counts all of the sample.
struct Watched<'a> {
    teller: Teller<'a>,
    account: Account,
    last: u64,
}

impl Witness for Watched<'_> {
    fn see(&mut self, place: LinePlace, fate: Fate<'_>) -> Result<()> {
        self.last = place.line;
        match &fate {
            Fate::Attempt(_) => self.account.attempts += 1,
            Fate::SetAside(reject) => *self.account.set_aside.entry(reject.reason.code()).or_default() += 1,
            Fate::Header | Fate::Blank | Fate::WithoutData => self.account.other += 1,
        }
        self.teller.see(place, fate)
    }

    fn has_seen_enough(&self) -> bool {
        self.last >= SAMPLE_LINES as u64
    }
}

/// Writes the files into a folder that is not there yet.
fn write(folder: &Path, proposal: &Proposal) -> Result<()> {
    let place = |error: Error| error.at_path(folder);
    fs::create_dir(folder).usage("cannot make the folder").map_err(place)?;
    for (name, text) in &proposal.files {
        let path = folder.join(name);
        let written = fs::File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.unreachable("cannot write").map_err(|error| error.at_path(&path))?;
    }
    Ok(())
}

/// Says what was found, what is missing and what is supposed.
fn tell(folder: &Path, proposal: &Proposal, account: Option<&Account>, common: &Common) {
    if common.json {
        let sample = account.map(|account| {
            serde_json::json!({ "attempts": account.attempts, "set_aside": account.set_aside, "other": account.other })
        });
        let files: Vec<&String> = proposal.files.keys().collect();
        let told = serde_json::json!({
            "folder": folder, "files": files, "found": proposal.found, "missing": proposal.missing,
            "supposed": proposal.supposed, "sample": sample,
        });
        print(&told.to_string());
        return;
    }
    let files: Vec<&str> = proposal.files.keys().map(String::as_str).collect();
    print(&format!("{}: {} written", folder.display(), files.join(", ")));
    for found in &proposal.found {
        print(&format!("  {found}"));
    }
    let doubts = |heading: &str, doubts: &[Doubt]| {
        if !doubts.is_empty() {
            print(heading);
        }
        for Doubt { key, why } in doubts {
            print(&format!("  {key}: {why}"));
        }
    };
    doubts("To fill in, « à compléter » in the files; the pipeline is refused until then:", &proposal.missing);
    doubts("Supposed, to confirm:", &proposal.supposed);
    if let Some(account) = account {
        let set_aside: u64 = account.set_aside.values().sum();
        let why: Vec<String> = account.set_aside.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
        print(&format!("Of the sample {} records are attempts and {set_aside} are set aside{why}.", account.attempts));
    } else if !proposal.missing.is_empty() {
        print("No line is explained while that is missing.");
    }
    print(&format!("Next: guichets check {} --raw LOGS", folder.display()));
}

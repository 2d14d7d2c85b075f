//! The command line: one file per command, each option declared once.

mod catalogue;
mod check;
mod dialogue;
mod diff;
mod display;
mod dossier;
mod embedded;
mod explain;
mod graph;
mod ingest;
mod init;
mod language;
mod manual;
mod misuse;
mod probe;
mod retract;
mod run;
mod schema;
mod serve;
mod simulate;
mod site;
mod status;
mod summary;
mod sweep;
mod verify;
mod watch;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use guichets_ouverts::config::{Pipeline, Project};
use guichets_ouverts::error::{Context, Error, Kind, Result};
use guichets_ouverts::schema::Language;
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use self::language::Lang;

/// Raw logs of an appointment probe in, versioned and documented open data out
///
/// Without a command: builds the sample publication into ./public.
#[derive(Debug, Parser)]
#[command(name = "guichets", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 nothing new to publish; 2 usage or configuration; 3 a gate refused;
4 the store or the catalogue could not be reached, or another publisher won; 70 a bug of ours;
130 stopped by a signal.
Of status: 0 fresh, 1 stale, 4 broken. Of verify: 0 all is as it should be, 4 something is not.";

/// Options of every command.
#[derive(Debug, Clone, Args)]
struct Common {
    /// Answer in JSON, for machines
    #[arg(long, global = true)]
    json: bool,
    /// In which language: of errors, help and the closing summary [default: the system's, by LANG]; of documents and
    /// dictionaries [default: fr]
    #[arg(long, global = true, value_name = "LANGUAGE")]
    lang: Option<Lang>,
    /// A clone of the project: the folder with schemas/ and pipelines/ in it [default: the one around the pipeline or the
    /// current folder, or else what the command brings along]
    #[arg(long, global = true, value_name = "DIR", env = "GUICHETS_PROJECT")]
    project: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Probe(probe::ProbeCommand),
    Init(init::Init),
    Run(run::Run),
    Ingest(ingest::IngestCommand),
    Check(check::Check),
    Explain(explain::Explain),
    Dossier(dossier::Dossier),
    Site(site::SiteCommand),
    Diff(diff::Diff),
    Verify(verify::Verify),
    Status(status::StatusCommand),
    Retract(retract::Retract),
    Sweep(sweep::SweepCommand),
    Schema(schema::SchemaCommand),
    Catalogue(catalogue::Catalogue),
    Simulate(simulate::Simulate),
    Manual(manual::Manual),
}

impl Common {
    /// The language of a document that is made to be published or printed.
    fn language_of_documents(&self) -> Language {
        self.lang.map_or(Language::French, Language::from)
    }

    /// The project that is named, or else that around the current folder, or else the one that the command brings along.
    fn project(&self) -> Result<Project> {
        self.project.as_deref().map_or_else(Self::project_here, Project::holding)
    }

    fn project_here() -> Result<Project> {
        Project::holding(&PathBuf::from(".")).or_else(|_| embedded::project())
    }

    /// The project around a pipeline, and the pipeline.
    fn pipeline(&self, name_or_path: &str) -> Result<(Project, Pipeline)> {
        let project = match &self.project {
            Some(folder) => Project::holding(folder)?,
            None => Project::holding(&PathBuf::from(name_or_path)).or_else(|_| Self::project_here())?,
        };
        let folder = project.pipeline_folder(name_or_path)?;
        let pipeline = Pipeline::load(&folder)?;
        Ok((project, pipeline))
    }
}

/// The command line as clap knows it, in the language of this process.
fn command() -> clap::Command {
    language::helped(Cli::command())
}

/// Parses, runs, and turns the outcome into an exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    language::settle(&arguments);
    let json = arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json");
    let parsed = command().try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = parsed.unwrap_or_else(|error| misused(&error, json));
    let filter = EnvFilter::try_from_env("GUICHETS_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            show(&error, json);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

/// Ends with what clap says, which may be the help that was asked for.
fn misused(error: &clap::Error, json: bool) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    if json {
        let (what, hint) = misuse::told(error);
        tell_machines(&what, None, hint.as_deref(), Kind::Usage);
    }
    let french = misuse::french(error).filter(|_| matches!(language::words().0, Language::French));
    eprintln!("{}", printable(french.unwrap_or_else(|| error.render().to_string()).trim_end()));
    std::process::exit(Kind::Usage.exit_code().into())
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        None => run::Run::sample().run(&cli.common),
        Some(Command::Probe(command)) => command.run(&cli.common),
        Some(Command::Init(command)) => command.run(&cli.common),
        Some(Command::Run(command)) => command.run(&cli.common),
        Some(Command::Ingest(command)) => command.run(&cli.common),
        Some(Command::Check(command)) => command.run(&cli.common),
        Some(Command::Explain(command)) => command.run(&cli.common),
        Some(Command::Dossier(command)) => command.run(&cli.common),
        Some(Command::Site(command)) => command.run(&cli.common),
        Some(Command::Diff(command)) => command.run(&cli.common),
        Some(Command::Verify(command)) => command.run(&cli.common),
        Some(Command::Status(command)) => command.run(&cli.common),
        Some(Command::Retract(command)) => command.run(&cli.common),
        Some(Command::Sweep(command)) => command.run(&cli.common),
        Some(Command::Schema(command)) => command.run(&cli.common),
        Some(Command::Catalogue(command)) => command.run(&cli.common),
        Some(Command::Simulate(command)) => command.run(&cli.common),
        Some(Command::Manual(command)) => command.run(),
    }
}

/// What happened, where, and what to do.
fn show(error: &Error, json: bool) {
    if json {
        tell_machines(&error.to_string(), error.place(), error.advice(), error.kind());
    }
    let red = if std::io::stderr().is_terminal() { (display::BAD, display::PLAIN) } else { ("", "") };
    let words = language::words();
    let (label, colon) = (words.say("erreur", "error"), words.say("\u{a0}:", ":"));
    let told = error.in_words(words.say("\u{a0}: ", ": "), |sentence| words.translated(sentence));
    eprintln!("{}{label}{}{colon} {}", red.0, red.1, printable(&told));
    if let Some(hint) = error.advice() {
        let label = words.say("conseil", "hint");
        eprintln!(" {label}{colon} {}", printable(&words.translated(hint)));
    }
}

/// The same, as JSON, which is in English whatever the language.
fn tell_machines(error: &str, place: Option<&str>, hint: Option<&str>, kind: Kind) {
    let told = serde_json::json!({ "error": error, "place": place, "hint": hint, "exit_code": kind.exit_code() });
    print(&format!("{told:#}"));
}

/// Writes a report for machines.
fn print_json(report: &impl Serialize, what: &'static str) -> Result<()> {
    print(&format!("{:#}", serde_json::to_value(report).internal(what)?));
    Ok(())
}

/// Writes to standard output; a reader that went away is no error of ours.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", printable(text));
}

/// The same, in the language of whoever reads it.
fn say(text: &str) {
    print(&language::lines(text));
}

/// A text in which nothing commands a terminal: much of what is told was written by others. Line ends, tabs and our own
/// colours stay; any other control character, and those that turn the direction of writing, are spelt out as JSON spells
/// them.
fn printable(text: &str) -> Cow<'_, str> {
    let commands = |letter: char| {
        letter.is_control() && !matches!(letter, '\n' | '\t')
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(commands) {
        return Cow::Borrowed(text);
    }
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let colour = display::COLOURS.into_iter().find(|colour| rest.starts_with(colour));
        let length = colour.map_or(letter.len_utf8(), str::len);
        if colour.is_none() && commands(letter) {
            // None of them is beyond four digits.
            // Writing to a String cannot fail.
            let _ = write!(told, "\\u{:04x}", u32::from(letter));
        } else {
            told.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    Cow::Owned(told)
}

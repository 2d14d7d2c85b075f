//! What a job that nobody watches leaves to be read: the closing summary of a run, as Markdown.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use guichets_ouverts::config::Pipeline;
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::gate::GateReport;
use guichets_ouverts::job::Built;
use guichets_ouverts::publish::{Base, Outcome};

use super::display::{dates_set_aside, grouped, left_alone, left_out, only, set_aside};

/// What is known of a run when it ends.
pub struct Night<'a> {
    /// Of what.
    pub pipeline: &'a Pipeline,
    /// What readers had before.
    pub base: &'a Base,
    /// What was made.
    pub built: &'a Built,
    /// What became of it; nothing where it was only to be judged.
    pub released: &'a Result<Option<Outcome>>,
}

/// Opens the file before the run begins: one that cannot be written is an error of the command line, and not of a night
/// that is published already.
pub fn open(path: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.usage("cannot write the summary").map_err(|error| error.at_path(path))
}

impl Night<'_> {
    /// Appends the summary to a file. What was published is published, whether this can be written or not.
    pub fn append_to(&self, mut file: &File) {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        if let Err(error) = file.write_all(text.as_bytes()) {
            tracing::warn!(%error, "cannot write the summary");
        }
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "## {}\n", cell(&self.built.manifest.title))?;
        self.write_verdict(text)?;
        self.write_counts(text)?;
        write_gates(text, &self.built.gates)?;
        if !matches!(self.released, Ok(Some(Outcome::NothingNew { .. }))) {
            self.write_changes(text)?;
        }
        Ok(())
    }

    fn write_verdict(&self, text: &mut String) -> std::fmt::Result {
        let manifest = &self.built.manifest;
        let before = self.base.manifest().map(|manifest| manifest.version.as_str());
        match self.released {
            Ok(Some(Outcome::Published(published))) => {
                write!(text, "**Published**: version {}, as of {}", published.version, manifest.as_of)?;
                writeln!(text, "{}.", before.map_or_else(String::new, |before| format!(", after version {before}")))?;
                if let Some(why) = only(published.news) {
                    writeln!(text, "Mind: {why}.")?;
                }
                if let Some(root) = &self.pipeline.publication.base_url {
                    let root = root.trim_end_matches('/');
                    writeln!(
                        text,
                        "Begin with <{root}/latest/index.html>; to cite, <{root}/versions/{}/index.html>.",
                        published.version
                    )?;
                }
            }
            Ok(Some(Outcome::NothingNew { version })) => {
                writeln!(text, "**Nothing new**: version {version} says the same already; nothing was written.")?;
            }
            Ok(None) => writeln!(text, "**Judged**, and not published: nobody asked for that.")?,
            Err(error) => write_error(text, error, before)?,
        }
        writeln!(text)
    }

    fn write_counts(&self, text: &mut String) -> std::fmt::Result {
        let digest = &self.built.digest;
        let account = digest.accounting;
        writeln!(
            text,
            "| lines | records | attempts | duplicates | blank | without data | set aside | cycles measured | expected |"
        )?;
        writeln!(text, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        let numbers = [
            account.lines,
            account.records,
            account.attempts,
            account.duplicates,
            account.blank,
            account.without_data,
            account.quarantined,
        ];
        let cycles = [digest.measured, digest.expected].map(|count| count.max(0).cast_unsigned());
        let cells: Vec<String> = numbers.into_iter().chain(cycles).map(grouped).collect();
        writeln!(text, "| {} |\n", cells.join(" | "))?;
        let happened = digest.outcomes.iter().filter(|(_, count)| **count > 0);
        let outcomes: Vec<String> =
            happened.map(|(outcome, count)| format!("{outcome} {}", grouped(count.cast_unsigned()))).collect();
        if !outcomes.is_empty() {
            writeln!(text, "Consultations (one cycle of a service), by outcome: {}.\n", outcomes.join(", "))?;
        }
        for kind in &digest.set_aside {
            writeln!(text, "- {}", cell(&set_aside(kind)))?;
        }
        for table in &digest.left_out {
            writeln!(text, "- {}", left_out(table))?;
        }
        let dates = dates_set_aside(digest);
        if let Some(dates) = &dates {
            writeln!(text, "- {dates}")?;
        }
        let left_alone = left_alone(&digest.left_alone);
        for (why, names) in &left_alone {
            writeln!(text, "- Left alone, {why}: {}", cell(names))?;
        }
        if !digest.set_aside.is_empty() || dates.is_some() || !left_alone.is_empty() {
            writeln!(text)?;
        }
        Ok(())
    }

    /// `CHANGES.md` of the version, its headings below ours.
    fn write_changes(&self, text: &mut String) -> std::fmt::Result {
        let file = self.built.files.iter().find(|file| file.entry.path.ends_with("/CHANGES.md"));
        let Some(changes) = file.and_then(|file| std::fs::read_to_string(&file.local).ok()) else { return Ok(()) };
        for line in changes.lines() {
            writeln!(text, "{}{line}", if line.starts_with('#') { "##" } else { "" })?;
        }
        writeln!(text)
    }
}

fn write_error(text: &mut String, error: &Error, before: Option<&str>) -> std::fmt::Result {
    writeln!(text, "**Not published**: {}.", cell(&error.to_string()))?;
    match before {
        Some(version) => writeln!(text, "When the run began, readers had version {version}.")?,
        None => writeln!(text, "When the run began, nothing was published yet.")?,
    }
    if let Some(hint) = error.advice() {
        writeln!(text, "What to do: {}.", cell(hint))?;
    }
    Ok(())
}

fn write_gates(text: &mut String, gates: &[GateReport]) -> std::fmt::Result {
    writeln!(text, "| gate | found | asked | |\n| --- | --- | --- | --- |")?;
    for gate in gates {
        let verdict = match (&gate.overruled, gate.passed) {
            (_, true) => "passed".to_owned(),
            (Some(why), false) => format!("overruled: {}", cell(why)),
            (None, false) => "**refuses**".to_owned(),
        };
        writeln!(text, "| {} | {} | {} | {verdict} |", gate.gate.code(), cell(&gate.figure), cell(&gate.threshold))?;
    }
    writeln!(text)
}

/// A text that stays on its line and in its cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

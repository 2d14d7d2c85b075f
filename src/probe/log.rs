//! The log: lines of a cycle lie in a spool, whose name no reader takes for a log, and enter the file of the day all at once.
//!
//! A line that is appended to a file in the open can be torn by a kill or a full disk, and the next one then joins it. So a
//! day's file is only ever replaced whole.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;

use serde_json::Value;

use super::folder::Folder;
use super::proof;
use crate::attempt::RawAttempt;
use crate::error::{Context, Error, Result};

/// The spool of the cycle in progress.
pub(super) const SPOOL: &str = "etat/encours.part";
/// What begins a line of the spool: which cycle; the line that stands if the probe dies now; the line of a look; a look that
/// asked nobody.
const HEAD: char = '#';
const BEGUN: char = '?';
const DONE: char = '=';
const DROPPED: char = '-';

/// The spool of a cycle.
#[derive(Debug)]
pub struct Spool {
    file: File,
    /// Whether a look began that is not over.
    open: bool,
}

/// The file of the day in which a cycle began, by the day of UTC and the vantage.
#[must_use]
pub fn file_of(day: &str, vantage: &str) -> String {
    format!("journaux/attempts-{day}-{vantage}.ndjson")
}

impl Spool {
    /// Begins the spool of a cycle, whose lines go into a file.
    ///
    /// # Errors
    /// When it cannot be written, or another is there that was not delivered.
    pub fn begin(folder: &Folder, file: &str, run_id: &str) -> Result<Self> {
        let path = folder.path(SPOOL);
        let opened = OpenOptions::new().create_new(true).append(true).open(&path);
        let mut spool = Self {
            file: opened.unreachable("cannot begin the spool").map_err(|error| error.at_path(&path))?,
            open: false,
        };
        spool.put(HEAD, &serde_json::json!([file, run_id]).to_string())?;
        Ok(spool)
    }

    /// A look begins: if the probe dies before its end, this is its line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begun(&mut self, line: &RawAttempt<'_>) -> Result<()> {
        self.put(BEGUN, &serde_json::to_string(line).internal("a line")?)?;
        self.open = true;
        Ok(())
    }

    /// Whether a look began that is not over: its line is the one that was written before it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// The look that began is done, and this is its line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn done(&mut self, line: &RawAttempt<'_>) -> Result<()> {
        self.put(DONE, &serde_json::to_string(line).internal("a line")?)?;
        self.open = false;
        Ok(())
    }

    /// The look that began asked nobody: it has no line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn dropped(&mut self) -> Result<()> {
        self.put(DROPPED, "")?;
        self.open = false;
        Ok(())
    }

    fn put(&mut self, kind: char, text: &str) -> Result<()> {
        let line = format!("{kind}{text}\n");
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.unreachable("cannot write the spool").map_err(|error| error.hint("is the disk full?"))
    }
}

/// What a spool holds.
struct Spooled {
    file: String,
    run_id: String,
    lines: Vec<String>,
}

/// Reads a spool, as far as it is whole. A look that began and is not done leaves the line that was written before it.
fn read(bytes: &[u8]) -> Option<Spooled> {
    let whole = &bytes[..bytes.iter().rposition(|byte| *byte == b'\n')?];
    let text = String::from_utf8_lossy(whole);
    let mut records = text.lines();
    let (file, run_id) = serde_json::from_str(records.next()?.strip_prefix(HEAD)?).ok()?;
    let (mut lines, mut open) = (Vec::new(), None);
    for record in records {
        let Some(kind) = record.chars().next() else { continue };
        let line = record[kind.len_utf8()..].to_owned();
        match kind {
            BEGUN => lines.extend(open.replace(line)),
            DONE => {
                open = None;
                lines.push(line);
            }
            _ => open = None,
        }
    }
    lines.extend(open);
    Some(Spooled { file, run_id, lines })
}

/// Delivers what lies in the spool, of this cycle or of one that was killed, and says how many lines the log has more. What
/// was delivered already, by a probe that was killed right after, is known by its ids.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be written: the spool stays, and the next start delivers it.
pub fn deliver(folder: &Folder) -> Result<usize> {
    let Some(bytes) = folder.read(SPOOL)? else { return Ok(0) };
    let mut added = 0;
    if let Some(spooled) = read(&bytes) {
        let mut log = folder.read(&spooled.file)?.unwrap_or_default();
        if log.last().is_some_and(|last| *last != b'\n') {
            return Err(Error::unreachable("the log does not end with a whole line, and is not touched")
                .at_path(&folder.path(&spooled.file))
                .hint("another program wrote it: mend it by hand"));
        }
        let known: BTreeSet<String> = String::from_utf8_lossy(&log).lines().filter_map(id_of).collect();
        for line in spooled.lines.iter().filter(|line| id_of(line).is_some_and(|id| !known.contains(&id))) {
            log.extend_from_slice(line.as_bytes());
            log.push(b'\n');
            added += 1;
        }
        if added > 0 {
            folder.write(&spooled.file, &log)?;
        }
        // After a kill between the two the log is there without its link: the next delivery covers it.
        if !spooled.lines.is_empty() {
            proof::link(folder, &spooled.file, &spooled.run_id, &log)?;
        }
    }
    let path = folder.path(SPOOL);
    fs::remove_file(&path).unreachable("cannot remove the spool").map_err(|error| error.at_path(&path))?;
    Ok(added)
}

fn id_of(line: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line).ok()?;
    value["attempt_id"].as_str().map(str::to_owned)
}

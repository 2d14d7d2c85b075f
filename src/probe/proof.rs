//! What lets others check that a log was not changed afterwards: a chain, one link a cycle, and the manifest of each day.
//!
//! Both are files beside the log. `head -c LENGTH FILE | sha256sum` checks a link, and `minisign -V` a manifest.

use serde::{Deserialize, Serialize};

use super::folder::{Entry, Folder};
use super::log::file_of;
use crate::digest::sha256;
use crate::error::{Context, Error, Result};
use crate::publish::SigningKey;

/// A link: what the log of a day was at the end of a cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Which link of the chain, from 1.
    pub n: u64,
    /// The cycle.
    pub run_id: String,
    /// The log.
    pub file: String,
    /// How long it was, in bytes.
    pub length: u64,
    /// The SHA-256 of so many first bytes of it.
    pub sha256: String,
    /// The SHA-256 of the link before, as it stands in the chain without its line end; empty at the first.
    pub prev: String,
}

/// The manifest of a day that is over.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayManifest {
    /// The day, in UTC.
    pub day: String,
    /// The vantage.
    pub vantage: String,
    /// The log of the day.
    pub log: Entry,
    /// How many lines it has.
    pub lines: usize,
    /// The first link of this log: its `prev` is the digest of the last one of the day before.
    pub first_link: Option<Link>,
    /// The last link of this log: its length and digest are those of the whole.
    pub last_link: Option<Link>,
    /// Which release wrote it.
    pub probe_version: String,
}

/// Where the chain is, within the folder.
pub(super) const CHAIN: &str = "preuves/cycles.chaine";
/// How the name of a manifest ends.
pub(super) const MANIFEST: &str = ".manifeste.json";

/// Adds a link for a log as it is now.
///
/// # Errors
/// When the chain cannot be read or written.
pub(super) fn link(folder: &Folder, file: &str, run_id: &str, log: &[u8]) -> Result<()> {
    let mut chain = folder.read(CHAIN)?.map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned());
    let last = chain.lines().last();
    let before: Option<Link> = last.map(parse).transpose()?;
    if before.as_ref().is_some_and(|link| link.run_id == run_id) {
        return Ok(());
    }
    let link = Link {
        n: before.map_or(1, |link| link.n + 1),
        run_id: run_id.to_owned(),
        file: file.to_owned(),
        length: log.len() as u64,
        sha256: sha256(log),
        prev: last.map_or_else(String::new, |line| sha256(line.as_bytes())),
    };
    chain.push_str(&serde_json::to_string(&link).internal("a link")?);
    chain.push('\n');
    folder.write(CHAIN, chain.as_bytes())
}

/// Reads a link.
///
/// # Errors
/// When it is none.
pub(super) fn parse(line: &str) -> Result<Link> {
    serde_json::from_str(line).unreachable("not a link of the chain").map_err(|error| error.at(CHAIN))
}

/// Writes the manifests of the days before one that have a log and no manifest, signed where there is a key.
///
/// # Errors
/// When one cannot be written.
pub fn close_days(folder: &Folder, vantage: &str, today: &str, key: Option<&SigningKey>) -> Result<()> {
    let path = folder.path("journaux");
    let listed = std::fs::read_dir(&path).unreachable("cannot list").map_err(|error| error.at_path(&path))?;
    for entry in listed {
        let name = entry.unreachable("cannot list").map_err(|error| error.at_path(&path))?.file_name();
        let day = name.to_str().and_then(|name| name.strip_prefix("attempts-")?.get(..10));
        let Some(day) =
            day.filter(|day| *day < today && name.to_str() == file_of(day, vantage).strip_prefix("journaux/"))
        else {
            continue;
        };
        close(folder, vantage, day, key)?;
    }
    Ok(())
}

fn close(folder: &Folder, vantage: &str, day: &str, key: Option<&SigningKey>) -> Result<()> {
    let target = format!("preuves/{day}-{vantage}{MANIFEST}");
    if folder.read(&target)?.is_some() {
        return Ok(());
    }
    let path = file_of(day, vantage);
    let log = folder.read(&path)?.ok_or_else(|| Error::unreachable("the log is gone").at(&path))?;
    let chain = folder.read(CHAIN)?.unwrap_or_default();
    let chain = String::from_utf8_lossy(&chain);
    // A line that somebody spoilt is for who verifies; the probe goes on looking.
    let mut of_day = chain.lines().filter_map(|line| parse(line).ok()).filter(|link| link.file == path);
    let first_link = of_day.next();
    let last_link = of_day.next_back().or_else(|| first_link.clone());
    let manifest = DayManifest {
        day: day.to_owned(),
        vantage: vantage.to_owned(),
        log: Entry { path, bytes: log.len() as u64, sha256: sha256(&log) },
        lines: memchr::memchr_iter(b'\n', &log).count(),
        first_link,
        last_link,
        probe_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let text = serde_json::to_string_pretty(&manifest).internal("a manifest")?;
    if let Some(key) = key {
        folder.write(
            &format!("{target}.minisig"),
            key.sign(text.as_bytes(), &format!("day:{day} vantage:{vantage}"))?.as_bytes(),
        )?;
    }
    // Last of all: a day with a manifest is closed.
    folder.write(&target, text.as_bytes())
}

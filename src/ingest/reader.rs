//! Reads delivered files, several at a time, each in one pass and in bounded memory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;
use tokio::runtime::Handle;

use super::account::FileAccount;
use super::decoder::Decoder;
use super::file::FileReader;
use super::history::{History, Repeat, named};
use super::ledger::{Entry, Repeats};
use super::lines::LineReader;
use super::mapped::FileMapping;
use super::months::Months;
use super::reject::{Quarantined, Reason};
use super::source::SourceFile;
use super::stream::Stream;
use crate::config::{Pipeline, SourceMapping};
use crate::error::{Context, Error, Result};
use crate::outcome::RuleSet;
use crate::progress::Progress;
use crate::registry::Registry;

/// How many lines are read before looking whether the run is to stop.
const LINES_BETWEEN_LOOKS: u32 = 10_000;

/// What reading needs to know.
#[derive(Clone, Copy)]
pub struct Ingest<'a> {
    /// Mappings, limits, thresholds.
    pub pipeline: &'a Pipeline,
    /// Counters and procedures.
    pub registry: &'a Registry,
    /// Outcome rules.
    pub rules: &'a RuleSet,
    /// For sources that are not local.
    pub runtime: &'a Handle,
}

/// What reading found, besides the attempts themselves.
#[derive(Debug, Default)]
pub struct Reading {
    /// One account a file, in the order of their names; also of files that an earlier run has read.
    pub accounts: Vec<FileAccount>,
    /// The lines set aside.
    pub quarantined: Vec<Quarantined>,
    /// The lines that were dropped because another has their id.
    pub repeats: Vec<Repeat>,
    /// Files that were found and are no logs of this pipeline.
    pub ignored: Vec<String>,
    /// Files that were read in this run.
    pub read: HashSet<Arc<str>>,
}

impl Reading {
    /// The position of each file.
    #[must_use]
    pub fn positions(&self) -> HashMap<Arc<str>, u64> {
        (0..).zip(&self.accounts).map(|(position, account)| (Arc::clone(&account.file), position)).collect()
    }

    /// Takes back what an earlier run dropped because of ids of which a line is there now, kept or new, and has it noted:
    /// all lines of such an id are judged again together.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when an account does not have the line;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn judge_again(&mut self, months: &Months) -> Result<()> {
        let dropped: HashSet<u128> = self.repeats.iter().map(|repeat| repeat.entry.id).collect();
        let ids = months.held_of(&dropped)?;
        let positions = self.positions();
        let (again, kept): (Vec<Repeat>, Vec<Repeat>) =
            std::mem::take(&mut self.repeats).into_iter().partition(|repeat| ids.contains(&repeat.entry.id));
        self.repeats = kept;
        let mut places = HashSet::new();
        for Repeat { file, mut entry, conflict } in again {
            entry.file = positions.get(&file).copied().unwrap_or(u64::MAX);
            self.account(&entry)?.restore(!conflict)?;
            places.insert((file, entry.line));
            months.note(&entry)?;
        }
        self.quarantined
            .retain(|row| row.reason != Reason::ConflictingId || !places.contains(&(Arc::clone(&row.file), row.line)));
        Ok(())
    }

    /// Closes the accounts once the whole history is known: a line that repeats another is a duplicate, one that
    /// contradicts it is set aside.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when a line belongs to no file that was read.
    pub fn withdraw(&mut self, repeats: &Repeats) -> Result<()> {
        for entry in &repeats.duplicates {
            self.account(entry)?.withdraw(true)?;
        }
        for entry in &repeats.conflicts {
            let account = self.account(entry)?;
            account.withdraw(false)?;
            let file = Arc::clone(&account.file);
            self.quarantined.push(Quarantined {
                file,
                line: entry.line,
                offset: entry.offset,
                length: entry.length,
                reason: Reason::ConflictingId,
                field: Some("attempt_id".into()),
            });
        }
        let names: Vec<Arc<str>> = self.accounts.iter().map(|account| Arc::clone(&account.file)).collect();
        self.repeats.extend(named(repeats, &names));
        Ok(())
    }

    fn account(&mut self, entry: &Entry) -> Result<&mut FileAccount> {
        let account = usize::try_from(entry.file).ok().and_then(|file| self.accounts.get_mut(file));
        account.ok_or_else(|| Error::internal("a line of a file that was not read"))
    }
}

impl<'a> Ingest<'a> {
    /// Reads every file that an earlier run has not read, or that has grown since, into `months`.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when no file is a log of the pipeline, or one is not what it was;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when one cannot be opened or the disk is full. What a file
    /// *holds* is never an error.
    pub fn read(
        &self,
        files: Vec<SourceFile>,
        history: History,
        months: &Months,
        progress: &dyn Progress,
    ) -> Result<Reading> {
        let (wanted, ignored): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| self.wants(&file.name));
        if wanted.is_empty() {
            return Err(Error::usage("none of the files found is a log of this pipeline")
                .at(&self.pipeline.name)
                .hint(format!(
                    "found: {}",
                    ignored.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ")
                )));
        }
        let mut to_read: Vec<SourceFile> = Vec::new();
        for file in wanted {
            let known = match history.account(&file.name) {
                Some(account) if !history.read_again => file.is(account)?,
                _ => false,
            };
            if !known {
                to_read.push(file);
            }
        }
        let read: HashSet<Arc<str>> = to_read.iter().map(|file| Arc::from(file.name.as_str())).collect();
        let kept = history.accounts.iter().filter(|account| !history.read_again && !read.contains(&account.file));
        let mut names: Vec<Arc<str>> = kept.clone().map(|account| &account.file).chain(&read).cloned().collect();
        names.sort_unstable();

        progress.begin("lecture", to_read.iter().filter_map(SourceFile::size_hint).sum());
        let new: Vec<(FileAccount, Vec<Quarantined>)> = to_read
            .par_iter()
            .map(|file| {
                let position = names.binary_search_by(|name| (**name).cmp(&file.name)).unwrap_or_default();
                self.read_file(position as u64, file, history.account(&file.name), months, progress)
            })
            .collect::<Result<_>>()?;
        progress.end();
        let (accounts, quarantined): (Vec<_>, Vec<_>) = new.into_iter().unzip();
        let mut accounts: Vec<FileAccount> = accounts.into_iter().chain(kept.cloned()).collect();
        accounts.sort_by(|a, b| a.file.cmp(&b.file));
        let old = history.quarantined.into_iter().filter(|row| !read.contains(&row.file));
        Ok(Reading {
            accounts,
            quarantined: quarantined.into_iter().flatten().chain(old).collect(),
            repeats: history.repeats.into_iter().filter(|repeat| !read.contains(&repeat.file)).collect(),
            ignored: ignored.into_iter().map(|file| file.name).collect(),
            read,
        })
    }

    /// The mapping of a file, where the pipeline maps foreign logs.
    fn mapping(&self, name: &str) -> Option<&'a SourceMapping> {
        self.pipeline.sources.iter().find(|source| FileMapping::applies(source, name))
    }

    fn wants(&self, name: &str) -> bool {
        if self.pipeline.sources.is_empty() { !name.contains(".csv") } else { self.mapping(name).is_some() }
    }

    /// A decoder for one file.
    #[must_use]
    pub fn decoder(&self, name: &str) -> Decoder<'a> {
        Decoder::new(*self, self.mapping(name))
    }

    fn read_file(
        &self,
        index: u64,
        file: &SourceFile,
        known: Option<&FileAccount>,
        months: &Months,
        progress: &dyn Progress,
    ) -> Result<(FileAccount, Vec<Quarantined>)> {
        let raw = file.open(self.runtime)?;
        let prefix = known.map_or(0, |account| account.bytes);
        let stream = Stream::open(raw, self.pipeline.limits.unpack_ratio, prefix)
            .unreachable("cannot read")
            .map_err(|error| error.at(&file.name))?;
        let compression = stream.compression();
        let mut lines = LineReader::new(stream, self.pipeline.limits.line_bytes);
        let mut reader = FileReader::new(*self, index, &file.name, months);
        let mut taken = 0_u32;
        while let Some(item) = lines.next_item() {
            reader.take(item)?;
            taken = taken.wrapping_add(1);
            if taken.is_multiple_of(LINES_BETWEEN_LOOKS) {
                progress.proceed()?;
            }
        }
        let delivered = lines.into_stream().finish();
        let delivered = delivered.unreachable("cannot read the file to its end").map_err(|error| {
            error.at(&file.name).hint("nothing of it is taken: run again when it can be read whole")
        })?;
        progress.advance(delivered.bytes);
        if let Some(known) = known
            && known.bytes > 0
            && delivered.prefix_sha256.as_ref() != Some(&known.sha256)
        {
            return Err(Error::usage(format!(
                "the file does not begin with the {} bytes that an earlier run has read of it",
                known.bytes
            ))
            .at(&file.name)
            .hint(
                "logs are only ever appended to. If this one was replaced on purpose, name all logs and add --rebuild; if \
                 it is another one of the same name, name a folder above both, so that their paths differ",
            ));
        }
        let (mut account, quarantined) = reader.finish(compression, delivered)?;
        account.e_tag = file.e_tag().map(str::to_owned);
        Ok((account, quarantined))
    }
}

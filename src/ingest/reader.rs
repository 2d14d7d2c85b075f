//! Reads delivered files, several at a time, each in one pass and in bounded memory.

use std::sync::Arc;

use rayon::prelude::*;
use tokio::runtime::Handle;

use super::account::FileAccount;
use super::decoder::Decoder;
use super::file::FileReader;
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
    /// One account a file, in the order of their names.
    pub accounts: Vec<FileAccount>,
    /// The lines set aside.
    pub quarantined: Vec<Quarantined>,
    /// Files that were found and are no logs of this pipeline.
    pub ignored: Vec<String>,
}

impl Reading {
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
                field: Some("attempt_id"),
            });
        }
        Ok(())
    }

    fn account(&mut self, entry: &Entry) -> Result<&mut FileAccount> {
        let account = usize::try_from(entry.file).ok().and_then(|file| self.accounts.get_mut(file));
        account.ok_or_else(|| Error::internal("a line of a file that was not read"))
    }
}

impl<'a> Ingest<'a> {
    /// Reads every file into `months`.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when no file is a log of the pipeline;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when one cannot be opened or the disk is full. What a file
    /// *holds* is never an error.
    pub fn read(&self, files: Vec<SourceFile>, months: &Months, progress: &dyn Progress) -> Result<Reading> {
        let (wanted, ignored): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| self.wants(&file.name));
        if wanted.is_empty() {
            return Err(Error::usage("none of the files found is a log of this pipeline")
                .at(&self.pipeline.name)
                .hint(format!(
                    "found: {}",
                    ignored.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ")
                )));
        }
        progress.begin("lecture", wanted.iter().filter_map(SourceFile::size_hint).sum());
        let read: Vec<(FileAccount, Vec<Quarantined>)> = wanted
            .par_iter()
            .enumerate()
            .map(|(index, file)| self.read_file(index as u64, file, months, progress))
            .collect::<Result<_>>()?;
        progress.end();
        let (accounts, quarantined): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        Ok(Reading {
            accounts,
            quarantined: quarantined.into_iter().flatten().collect(),
            ignored: ignored.into_iter().map(|file| file.name).collect(),
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
        months: &Months,
        progress: &dyn Progress,
    ) -> Result<(FileAccount, Vec<Quarantined>)> {
        let raw = file.open(self.runtime)?;
        let stream = Stream::open(raw, self.pipeline.limits.unpack_ratio)
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
        progress.advance(delivered.bytes);
        reader.finish(compression, delivered)
    }
}

//! Reads delivered files, several at a time, each in one pass and in bounded memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::account::FileAccount;
use super::context::Ingest;
use super::file::FileReader;
use super::find::Found;
use super::history::{History, Repeat, named};
use super::judge::{Judge, Unread, Witness};
use super::ledger::{Entry, Repeats};
use super::left_alone::{LeftAlone, gathered};
use super::lines::LineReader;
use super::months::Months;
use super::reject::{Quarantined, Reason};
use super::rotated::is_elsewhere;
use super::source::SourceFile;
use super::stream::Stream;
use crate::charset::Charset;
use crate::config::SourceMapping;
use crate::error::{Context, Error, Result};
use crate::progress::Progress;

/// How many names of a line that could not be read are shown, and how many letters of each.
const NAMES_SHOWN: usize = 20;
/// See [`NAMES_SHOWN`].
const NAME_SHOWN: usize = 30;

/// How many lines are read before looking whether the run is to stop.
const LINES_BETWEEN_LOOKS: u32 = 10_000;

/// What reading found, besides the attempts themselves.
#[derive(Debug, Default)]
pub struct Reading {
    /// One account a file, in the order of their names; also of files that an earlier run has read.
    pub accounts: Vec<FileAccount>,
    /// The lines set aside.
    pub quarantined: Vec<Quarantined>,
    /// The lines that were dropped because another has their id.
    pub repeats: Vec<Repeat>,
    /// What this run found and did not read, in the order of names.
    pub left_alone: Vec<LeftAlone>,
    /// The archives that it unpacked.
    pub archives: BTreeSet<String>,
    /// What earlier runs found and did not read.
    pub known_left_alone: Vec<LeftAlone>,
    /// The mappings, or the contract, by which files of this run were tried: of one by which no line could be read, a sentence that
    /// says what was seen instead.
    pub tried: BTreeMap<String, Option<String>>,
    /// What earlier runs had found in the files that were read again because they have grown: records, and those set aside.
    pub grown: HashMap<Arc<str>, (u64, u64)>,
    /// Files that were read in this run.
    pub read: HashSet<Arc<str>>,
}

/// What reading one file gave.
struct ReadFile {
    account: FileAccount,
    quarantined: Vec<Quarantined>,
    unread: Option<Unread>,
}

impl Reading {
    /// Mappings, or the contract, by which no line of this run's files could be read, each in a sentence.
    pub fn unread(&self) -> impl Iterator<Item = &String> {
        self.tried.values().flatten()
    }

    /// What was found and not read, in this run and in those before, and has not been read since.
    #[must_use]
    pub fn all_left_alone(&self) -> Vec<LeftAlone> {
        let read: HashSet<&str> = self.accounts.iter().map(|account| &*account.file).collect();
        let tonight: HashSet<&str> = self.left_alone.iter().map(|file| file.file.as_str()).collect();
        // What an archive holds is what it holds now.
        let unpacked = |name: &str| {
            self.archives.contains(name) || name.match_indices('/').any(|(at, _)| self.archives.contains(&name[..at]))
        };
        let stands = |file: &&LeftAlone| {
            let name = file.file.as_str();
            let is_read = read.contains(name) && !file.why.is_of_another();
            file.files.is_some() || !(is_read || tonight.contains(name) || unpacked(name))
        };
        let before = self.known_left_alone.iter().filter(stands);
        gathered(before.chain(&self.left_alone).cloned())
    }

    /// The position of each file.
    #[must_use]
    pub fn positions(&self) -> HashMap<Arc<str>, u64> {
        (0..).zip(&self.accounts).map(|(position, account)| (Arc::clone(&account.file), position)).collect()
    }

    /// Of a file that is read again, lines may be gone that had kept out lines of another one. Those would be readable now,
    /// and nobody reads them: that is told.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when a line that is not read again repeats one of the ids that are `gone`.
    pub fn check_none_is_lost(&self, gone: &HashSet<u128>, months: &Months) -> Result<()> {
        let held = months.held_of(gone)?;
        let lost = |repeat: &&Repeat| gone.contains(&repeat.entry.id) && !held.contains(&repeat.entry.id);
        let Some(first) = self.repeats.iter().find(lost) else { return Ok(()) };
        Err(Error::usage("the line that this one repeats is no longer where it was, in a file that has changed since")
            .at(format!("{}:{}", first.file, first.entry.line))
            .hint("name all raw logs, this one among them, and add --rebuild"))
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
            places.insert((file, entry.line, entry.rank));
            months.note(&entry)?;
        }
        self.quarantined.retain(|row| {
            row.reason != Reason::ConflictingId || !places.contains(&(Arc::clone(&row.file), row.line, row.rank))
        });
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
                rank: entry.rank,
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

impl Ingest<'_> {
    /// Reads every file that an earlier run has not read, or that has grown since, into `months`.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when a file is not what it was;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when one cannot be opened or the disk is full. What a file
    /// *holds* is never an error.
    pub fn read(&self, found: Found, history: History, months: &Months, progress: &dyn Progress) -> Result<Reading> {
        let mut to_read: Vec<SourceFile> = Vec::new();
        for file in found.files {
            let known = match history.account(&file.name) {
                Some(account) if !history.read_again => file.is(account)?,
                _ => false,
            };
            if !known {
                to_read.push(file);
            }
        }
        let (damaged, set_aside): (Vec<FileAccount>, Vec<Quarantined>) = found.damaged.into_iter().unzip();
        // What was damaged once, and is whole now, has no account of its own any more.
        let again = found.archives.iter().filter(|name| history.account(name).is_some()).map(|name| Arc::from(&**name));
        let damaged_now = damaged.iter().map(|account| Arc::clone(&account.file));
        let read = to_read.iter().map(|file| Arc::from(file.name.as_str())).chain(again).chain(damaged_now);
        let read: HashSet<Arc<str>> = read.collect();
        let kept = history.accounts.iter().filter(|account| !history.read_again && !read.contains(&account.file));
        let kept: Vec<FileAccount> = kept.cloned().chain(damaged).collect();
        let new = to_read.iter().map(|file| Arc::from(file.name.as_str()));
        let mut names: Vec<Arc<str>> = kept.iter().map(|account| Arc::clone(&account.file)).chain(new).collect();
        names.sort_unstable();

        progress.begin("lecture", to_read.iter().filter_map(SourceFile::size_hint).sum());
        let new: Vec<ReadFile> = to_read
            .par_iter()
            .map(|file| {
                let position = names.binary_search_by(|name| (**name).cmp(&file.name)).unwrap_or_default();
                let known = history.account(&file.name).map(|known| (known, to_read.as_slice()));
                self.read_file(position as u64, file, known, (months, progress))
            })
            .collect::<Result<_>>()?;
        progress.end();
        let tried = self.tried(&new);
        let known = new.iter().filter(|_| !history.read_again).filter_map(|file| history.account(&file.account.file));
        let grown = known.map(|known| (Arc::clone(&known.file), (known.records, known.quarantined))).collect();
        let (accounts, quarantined): (Vec<_>, Vec<_>) =
            new.into_iter().map(|file| (file.account, file.quarantined)).unzip();
        let mut accounts: Vec<FileAccount> = accounts.into_iter().chain(kept).collect();
        accounts.sort_by(|a, b| a.file.cmp(&b.file));
        let old = history.quarantined.into_iter().filter(|row| !read.contains(&row.file));
        Ok(Reading {
            accounts,
            quarantined: quarantined.into_iter().flatten().chain(set_aside).chain(old).collect(),
            repeats: history.repeats.into_iter().filter(|repeat| !read.contains(&repeat.file)).collect(),
            known_left_alone: history.left_alone,
            left_alone: found.left_alone,
            archives: found.archives,
            tried,
            grown,
            read,
        })
    }

    /// Says of each mapping by which nothing could be read on what it was tried and what was seen there.
    fn tried(&self, files: &[ReadFile]) -> BTreeMap<String, Option<String>> {
        let mut sources: BTreeMap<Option<&str>, Vec<&ReadFile>> = BTreeMap::new();
        for file in files {
            let source = self.mapping(&file.account.file).map(|mapping| mapping.name.as_str());
            sources.entry(source).or_default().push(file);
        }
        sources
            .into_iter()
            .filter_map(|(source, files)| {
                let who =
                    source.map_or_else(|| "the contract attempt/1".to_owned(), |name| format!("source « {name} »"));
                if files.iter().any(|file| file.account.attempts > 0) {
                    return Some((who, None));
                }
                let file = files.iter().find(|file| file.unread.is_some())?;
                let Unread { line, reject, names } = file.unread.as_ref()?;
                let field = reject.field.map_or_else(String::new, |field| format!(", field {field}"));
                let seen: Vec<String> =
                    names.iter().take(NAMES_SHOWN).map(|name| name.chars().take(NAME_SHOWN).collect()).collect();
                let seen =
                    if seen.is_empty() { String::new() } else { format!("; the line holds {}", seen.join(", ")) };
                let told = format!(
                    "{who} could read nothing: tried on {}:{line}, {}{field}{seen}",
                    file.account.file,
                    reject.reason.code()
                );
                Some((who, Some(told)))
            })
            .collect()
    }

    /// Shows what becomes of each line of a file; a run, a check and an explanation all see the same. `prefix` is how many
    /// of its first bytes get a digest of their own.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be opened, [`Usage`](crate::error::Kind::Usage) when
    /// its mapping is at fault, and what the witness says.
    pub fn show(
        &self,
        index: u64,
        file: &SourceFile,
        prefix: u64,
        witness: &mut dyn Witness,
        progress: &dyn Progress,
    ) -> Result<(Stream, Option<Unread>)> {
        let raw = file.open(self.runtime)?;
        let stream = Stream::open(raw, &self.pipeline.limits, prefix)
            .unreachable("cannot read")
            .map_err(|error| error.at(&file.name))?;
        let declared = self.mapping(&file.name).map_or_else(|| Ok(Charset::default()), SourceMapping::charset)?;
        let mut lines = LineReader::new(stream, self.pipeline.limits.line_bytes, declared);
        let mut judge = Judge::new(*self, index, &file.name)?;
        let mut taken = 0_u32;
        lines.begin();
        let charset = lines.charset();
        while let Some(item) = lines.next_item() {
            judge.take(item, charset, witness)?;
            if witness.has_seen_enough() {
                break;
            }
            taken = taken.wrapping_add(1);
            if taken.is_multiple_of(LINES_BETWEEN_LOOKS) {
                progress.proceed()?;
            }
        }
        let unread = judge.finish(witness)?;
        Ok((lines.into_stream(), unread))
    }

    fn read_file(
        &self,
        index: u64,
        file: &SourceFile,
        known: Option<(&FileAccount, &[SourceFile])>,
        (months, progress): (&Months, &dyn Progress),
    ) -> Result<ReadFile> {
        let prefix = known.map_or(0, |(account, _)| account.bytes);
        let mut reader = FileReader::new(*self, &file.name, months);
        let (stream, unread) = self.show(index, file, prefix, &mut reader, progress)?;
        let compression = stream.compression();
        let delivered = stream.finish();
        let delivered = delivered.unreachable("cannot read the file to its end").map_err(|error| {
            error.at(&file.name).hint("nothing of it is taken: run again when it can be read whole")
        })?;
        progress.advance(delivered.bytes);
        // What a rotation moved has to be among the files that are read now: the rows of lines that an earlier run read
        // under this name go, and those that they had kept out do not come back by themselves.
        if let Some((known, others)) = known
            && known.bytes > 0
            && delivered.prefix_sha256.as_ref() != Some(&known.sha256)
            && !is_elsewhere(known, others, &self.pipeline.limits, self.runtime)?
        {
            return Err(Error::usage(format!(
                "the file does not begin with the {} bytes that an earlier run has read of it",
                known.bytes
            ))
            .at(&file.name)
            .hint(
                "logs are only ever appended to, or rotated: then name what was rotated as well. If this one was replaced on \
                 purpose, name all logs and add --rebuild; if it is another one of the same name, name a folder above both, \
                 so that their paths differ",
            ));
        }
        let (mut account, quarantined) = reader.finish(compression, delivered)?;
        account.e_tag = file.e_tag().map(str::to_owned);
        Ok(ReadFile { account, quarantined, unread })
    }
}

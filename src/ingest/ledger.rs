//! Every attempt's id, over the whole history, in bounded memory: which lines repeat another, which contradict it.
//!
//! Ids go to one of many files by a hash of all their bits, as no part of an id is random in all kinds of them: a UUID of
//! version 1 ends in the machine that drew it, one of version 7 begins with the clock. Two lines of one id thus meet in
//! one file, and the files are gone through one at a time.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{Read, Write};
use std::path::PathBuf;

use tempfile::TempDir;

use crate::error::{Context, Result};

/// How many files. At a hundred million attempts, going through one takes some twenty megabytes.
const BUCKETS: usize = 256;
/// How much of a bucket stays in memory, in bytes.
const BUFFER: usize = 32 * 1024;
const ENTRY: usize = 64;

/// One line that has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The 128 bits of the id.
    pub id: u128,
    /// The file's position in the run's list.
    pub file: u64,
    /// 1-based.
    pub line: u64,
    /// Which of the records of the line, from 1.
    pub rank: u32,
    /// Of the line's first byte.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
    /// Of what the record says.
    pub digest: u64,
}

/// Lines whose id another line has: of the lines of one id the first counts, in the order of files and lines.
#[derive(Debug, Default)]
pub struct Repeats {
    /// Lines that say the same as the first.
    pub duplicates: Vec<Entry>,
    /// Lines that say something else.
    pub conflicts: Vec<Entry>,
    /// File, line and record of both kinds.
    dropped: HashSet<(u64, u64, u32)>,
}

impl Repeats {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dropped.is_empty()
    }

    /// Whether a record is one of them.
    #[must_use]
    pub fn holds(&self, file: u64, line: u64, rank: u32) -> bool {
        self.dropped.contains(&(file, line, rank))
    }
}

/// The ids seen so far.
pub struct Ledger {
    folder: TempDir,
    buckets: Vec<Vec<u8>>,
}

impl Ledger {
    /// An empty ledger.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when no temporary folder can be made.
    pub fn new() -> Result<Self> {
        let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
        Ok(Self { folder, buckets: vec![Vec::new(); BUCKETS] })
    }

    /// Takes note of a line.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn note(&mut self, entry: &Entry) -> Result<()> {
        let bucket = bucket_of(entry.id);
        let buffer = &mut self.buckets[bucket];
        buffer.extend_from_slice(&entry.to_bytes());
        if buffer.len() >= BUFFER {
            let full = std::mem::take(buffer);
            let file = OpenOptions::new().create(true).append(true).open(self.path(bucket));
            file.and_then(|mut file| file.write_all(&full)).unreachable("cannot put ids aside")?;
        }
        Ok(())
    }

    /// Goes through all ids.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when what was put on disk cannot be read back.
    pub fn repeats(&self) -> Result<Repeats> {
        let mut repeats = Repeats::default();
        for bucket in 0..self.buckets.len() {
            let mut entries = self.entries(bucket)?;
            entries.sort_unstable();
            for same in entries.chunk_by(|a, b| a.id == b.id) {
                let [first, others @ ..] = same else { continue };
                for other in others {
                    repeats.dropped.insert((other.file, other.line, other.rank));
                    let kind =
                        if other.digest == first.digest { &mut repeats.duplicates } else { &mut repeats.conflicts };
                    kind.push(*other);
                }
            }
        }
        Ok(repeats)
    }

    /// Shows the id of each line, one bucket in memory at a time.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when what was put on disk cannot be read back.
    pub fn visit(&self, mut see: impl FnMut(u128)) -> Result<()> {
        for bucket in 0..self.buckets.len() {
            self.entries(bucket)?.into_iter().for_each(|entry| see(entry.id));
        }
        Ok(())
    }

    fn entries(&self, bucket: usize) -> Result<Vec<Entry>> {
        let mut bytes = Vec::new();
        let path = self.path(bucket);
        if path.exists() {
            let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
            read.unreachable("cannot read back ids")?;
        }
        bytes.extend_from_slice(&self.buckets[bucket]);
        Ok(bytes.chunks_exact(ENTRY).map(Entry::from_bytes).collect())
    }

    fn path(&self, bucket: usize) -> PathBuf {
        self.folder.path().join(format!("ids-{bucket}"))
    }
}

/// The file of an id; the same within a run, which is as long as the files live.
fn bucket_of(id: u128) -> usize {
    let mut hash = DefaultHasher::new();
    hash.write_u128(id);
    usize::try_from(hash.finish() % BUCKETS as u64).unwrap_or_default()
}

impl Entry {
    fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        bytes[..16].copy_from_slice(&self.id.to_le_bytes());
        let numbers = [self.file, self.line, self.rank.into(), self.offset, self.length, self.digest];
        for (at, value) in numbers.into_iter().enumerate() {
            bytes[16 + 8 * at..24 + 8 * at].copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let number = |at: usize| {
            let mut value = [0; 8];
            value.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(value)
        };
        Self {
            id: u128::from(number(8)) << 64 | u128::from(number(0)),
            file: number(16),
            line: number(24),
            // Written from 32 bits.
            rank: u32::try_from(number(32)).unwrap_or(u32::MAX),
            offset: number(40),
            length: number(48),
            digest: number(56),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_of_every_kind_spread_over_the_files() {
        const IDS: u128 = 25_600;
        // Variants and versions aside: what a kind draws, what it counts, and what it repeats in every id.
        type Ids = fn(u128) -> u128;
        let kinds: [(&str, Ids); 5] = [
            ("version 1, one machine", |number| number << 96 | 0x11EE_8000_0242_AC12_0002),
            ("version 6, one machine", |number| number << 64 | 0x8000_0242_AC12_0002),
            ("version 7 of one instant", |number| 0x018D_8AC7_0000_7000_u128 << 64 | number),
            ("numbers", |number| number),
            ("numbers at the front", |number| number << 112),
        ];
        for (kind, id) in kinds {
            let mut files = vec![0_u128; BUCKETS];
            (0..IDS).for_each(|number| files[bucket_of(id(number))] += 1);
            let (least, most) = (files.iter().min().unwrap(), files.iter().max().unwrap());
            let fair = IDS / BUCKETS as u128;
            assert!(*least > fair / 2 && *most < fair * 2, "{kind}: from {least} to {most} ids in a file");
        }
    }

    proptest! {
        /// Whatever the order in which files are read, the same lines are dropped: all but the first of each id.
        #[test]
        fn the_first_line_of_an_id_counts_in_whatever_order_lines_come(
            lines in prop::collection::vec((0_u128..40, 0_u64..3), 0..200),
            turn in 0_usize..200,
        ) {
            let entries: Vec<Entry> = lines
                .iter()
                .enumerate()
                .map(|(at, (id, digest))| Entry {
                    id: id << 100 | id, file: at as u64 / 50, line: at as u64, rank: 1, offset: 7, length: 9, digest: *digest,
                })
                .collect();
            let mut ledger = Ledger::new().unwrap();
            let mut shuffled = entries.clone();
            if !shuffled.is_empty() {
                let middle = turn % shuffled.len();
                shuffled.rotate_left(middle);
            }
            for entry in &shuffled {
                ledger.note(entry).unwrap();
            }
            let repeats = ledger.repeats().unwrap();
            for (at, entry) in entries.iter().enumerate() {
                let first = entries[..at].iter().find(|other| other.id == entry.id);
                prop_assert_eq!(repeats.holds(entry.file, entry.line, entry.rank), first.is_some());
                let says_the_same = first.is_some_and(|first| first.digest == entry.digest);
                prop_assert_eq!(repeats.duplicates.contains(entry), says_the_same);
                prop_assert_eq!(repeats.conflicts.contains(entry), first.is_some() && !says_the_same);
            }
        }
    }
}

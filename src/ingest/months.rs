//! Attempts gathered by local month: in memory up to a budget, on disk beyond it. They leave day by day, as they are published,
//! so that memory grows with the largest day, and neither with a month nor with the history.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{Date32Type, Int64Type, UInt64Type};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use tempfile::TempDir;

use super::columns::FILE;
use super::history::id_fingerprint;
use super::ledger::{Entry, Ledger, Repeats};
use crate::error::{Context, Error, Result};

/// Columns whose name begins so are for the run alone.
const PRIVATE: &str = "row_";

/// The months being gathered; shared by the threads that read files.
pub struct Months {
    budget: usize,
    folder: TempDir,
    gathered: Mutex<Gathered>,
    ledger: Mutex<Ledger>,
}

#[derive(Default)]
struct Gathered {
    in_memory: usize,
    spills: usize,
    months: BTreeMap<String, Month>,
}

#[derive(Default)]
struct Month {
    batches: Vec<Batch>,
    bytes: usize,
    spilled: Vec<Spill>,
}

/// Attempts in memory.
struct Batch {
    rows: RecordBatch,
    /// The first and the last of their local days, as numbers from 1970 on.
    days: RangeInclusive<i32>,
}

/// Attempts of a month on disk: of each local day, where in the file they stand.
struct Spill {
    path: PathBuf,
    days: BTreeMap<i32, Range<u64>>,
}

impl Months {
    /// Holds at most `budget` bytes of decoded attempts in memory.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when no temporary folder can be made.
    pub fn new(budget: usize) -> Result<Self> {
        let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
        Ok(Self { budget, folder, gathered: Mutex::default(), ledger: Mutex::new(Ledger::new()?) })
    }

    /// Adds attempts of one month.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn add(&self, month: &str, batch: RecordBatch) -> Result<()> {
        self.note_ids(&batch)?;
        let (bytes, days) = (batch.get_array_memory_size(), days_of(&batch)?);
        let to_spill = {
            let mut gathered = self.gathered();
            gathered.in_memory += bytes;
            let entry = gathered.months.entry(month.to_owned()).or_default();
            entry.bytes += bytes;
            entry.batches.push(Batch { rows: batch, days });
            (gathered.in_memory > self.budget).then(|| gathered.largest()).flatten()
        };
        match to_spill {
            Some((name, number, batches)) => self.spill(&name, number, &batches),
            None => Ok(()),
        }
    }

    /// The months that have attempts, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.gathered().months.keys().cloned().collect()
    }

    /// The lines whose id another line has, once every file was read.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when what was put on disk cannot be read back.
    pub fn repeats(&self) -> Result<Repeats> {
        self.ledger().repeats()
    }

    /// Takes note of a line that an earlier run dropped because another has its id: the two are judged again.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn note(&self, entry: &Entry) -> Result<()> {
        self.ledger().note(entry)
    }

    /// The fingerprints of the ids of all lines so far.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when what was put on disk cannot be read back.
    pub fn id_fingerprints(&self) -> Result<HashSet<i64>> {
        let mut prints = HashSet::new();
        self.ledger().visit(|id| {
            prints.insert(id_fingerprint(id));
        })?;
        Ok(prints)
    }

    /// Which of some ids a line has.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when what was put on disk cannot be read back.
    pub fn held_of(&self, ids: &HashSet<u128>) -> Result<HashSet<u128>> {
        let mut held = HashSet::new();
        if !ids.is_empty() {
            self.ledger().visit(|id| {
                if ids.contains(&id) {
                    held.insert(id);
                }
            })?;
        }
        Ok(held)
    }

    /// Takes a month out and shows its attempts, without the lines that repeat or contradict another and without the private
    /// columns: those of each local day at once, in the order of days, and in no particular order within.
    ///
    /// # Errors
    /// Those of `see`, and [`Unreachable`](crate::error::Kind::Unreachable) when what was put on disk cannot be read back.
    pub fn settle(
        &self,
        month: &str,
        repeats: &Repeats,
        mut see: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        self.take(month, |all| {
            let counted = without(all, repeats)?;
            if counted.num_rows() > 0 { see(&counted) } else { Ok(()) }
        })
    }

    /// Takes a month out and shows its attempts as they were gathered, those of each local day at once.
    ///
    /// # Errors
    /// As for [`Months::settle`].
    pub fn take(&self, month: &str, mut see: impl FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        let Month { mut batches, bytes, spilled } = self.gathered().months.remove(month).unwrap_or_default();
        let mut days = all_days(&batches);
        days.extend(spilled.iter().flat_map(|spill| spill.days.keys()));
        for day in days {
            let mut pieces = of_day(&batches, day)?;
            for spill in &spilled {
                spill.read(day, &mut pieces)?;
            }
            batches.retain(|batch| *batch.days.end() > day);
            let Some(first) = pieces.first() else { continue };
            let all = concat_batches(&first.schema(), &pieces).internal("cannot put the day together")?;
            drop(pieces);
            see(&all)?;
        }
        for spill in &spilled {
            // The whole folder goes at the end; this only frees the disk sooner.
            let _ = std::fs::remove_file(&spill.path);
        }
        self.gathered().in_memory -= bytes;
        Ok(())
    }

    fn note_ids(&self, batch: &RecordBatch) -> Result<()> {
        let keys = Keys::of(batch)?;
        let mut ledger = self.ledger();
        (0..batch.num_rows()).try_for_each(|row| ledger.note(&keys.entry(row)))
    }

    fn spill(&self, month: &str, number: usize, batches: &[Batch]) -> Result<()> {
        let path = self.folder.path().join(format!("{month}-{number}.arrows"));
        let spill = Spill::write(path, batches)?;
        self.gathered().months.entry(month.to_owned()).or_default().spilled.push(spill);
        Ok(())
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread that panicked cannot leave a month half added: what it holds is whole batches.
    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    /// Takes the batches of the month that holds most, with a number for the file they go to.
    fn largest(&mut self) -> Option<(String, usize, Vec<Batch>)> {
        let (name, month) = self.months.iter_mut().max_by_key(|(_, month)| month.bytes)?;
        let batches = std::mem::take(&mut month.batches);
        self.in_memory -= std::mem::take(&mut month.bytes);
        self.spills += 1;
        Some((name.clone(), self.spills, batches))
    }
}

impl Batch {
    /// Its attempts of a local day, where it has any.
    fn of_day(&self, day: i32) -> Result<Option<RecordBatch>> {
        if !self.days.contains(&day) {
            return Ok(None);
        } else if self.days.start() == self.days.end() {
            return Ok(Some(self.rows.clone()));
        }
        let of_it: BooleanArray = local_days(&self.rows)?.iter().map(|found| Some(*found == day)).collect();
        let rows = filter_record_batch(&self.rows, &of_it).internal("the attempts of a day")?;
        Ok((rows.num_rows() > 0).then_some(rows))
    }
}

impl Spill {
    /// Writes attempts day by day.
    fn write(path: PathBuf, batches: &[Batch]) -> Result<Self> {
        let mut file = BufWriter::new(File::create(&path).unreachable("cannot put attempts aside")?);
        let mut days = BTreeMap::new();
        for day in all_days(batches) {
            let start = file.stream_position().unreachable("cannot put attempts aside")?;
            let pieces = of_day(batches, day)?;
            let Some(first) = pieces.first() else { continue };
            let mut writer =
                StreamWriter::try_new(&mut file, &first.schema()).unreachable("cannot put attempts aside")?;
            for piece in &pieces {
                writer.write(piece).unreachable("cannot put attempts aside")?;
            }
            writer.finish().unreachable("cannot put attempts aside")?;
            drop(writer);
            days.insert(day, start..file.stream_position().unreachable("cannot put attempts aside")?);
        }
        file.flush().unreachable("cannot put attempts aside")?;
        Ok(Self { path, days })
    }

    /// Reads those of a local day back.
    fn read(&self, day: i32, into: &mut Vec<RecordBatch>) -> Result<()> {
        let Some(place) = self.days.get(&day) else { return Ok(()) };
        let mut file = BufReader::new(File::open(&self.path).unreachable("cannot read back what was put aside")?);
        file.seek(SeekFrom::Start(place.start)).unreachable("cannot read back what was put aside")?;
        let reader = StreamReader::try_new(file.take(place.end - place.start), None).internal("what was put aside")?;
        for batch in reader {
            into.push(batch.internal("what was put aside")?);
        }
        Ok(())
    }
}

/// The local days between the first and the last of some attempts.
fn all_days(batches: &[Batch]) -> BTreeSet<i32> {
    batches.iter().flat_map(|batch| batch.days.clone()).collect()
}

/// Those of a local day.
fn of_day(batches: &[Batch], day: i32) -> Result<Vec<RecordBatch>> {
    batches.iter().filter_map(|batch| batch.of_day(day).transpose()).collect()
}

/// The local day of each attempt.
fn local_days(rows: &RecordBatch) -> Result<&[i32]> {
    let days = rows.column_by_name("date_locale").and_then(|array| array.as_primitive_opt::<Date32Type>());
    days.map(|array| &array.values()[..]).ok_or_else(|| Error::internal("the column date_locale is missing"))
}

/// The first and the last local day of some attempts; from no day to none where there are none.
fn days_of(rows: &RecordBatch) -> Result<RangeInclusive<i32>> {
    let days = local_days(rows)?;
    let bounds = days.iter().min().zip(days.iter().max());
    // An empty range: there are no days in it.
    Ok(bounds.map_or(RangeInclusive::new(1, 0), |(first, last)| *first..=*last))
}

/// The private columns of a month, and the public one among them.
struct Keys<'a> {
    high: &'a [u64],
    low: &'a [u64],
    file: &'a [u64],
    digest: &'a [u64],
    line: &'a [i64],
    rank: &'a [i64],
    offset: &'a [i64],
    length: &'a [i64],
}

impl<'a> Keys<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self> {
        let column = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|array| array.as_primitive_opt::<UInt64Type>())
                .map(|array| &array.values()[..])
                .ok_or_else(|| Error::internal(format!("the column {name} is missing")))
        };
        let place = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|array| array.as_primitive_opt::<Int64Type>())
                .map(|array| &array.values()[..])
                .ok_or_else(|| Error::internal(format!("the column {name} is missing")))
        };
        Ok(Self {
            high: column("row_id_high")?,
            low: column("row_id_low")?,
            file: column(FILE)?,
            digest: column("row_digest")?,
            line: place("ligne_source")?,
            rank: place("rang_source")?,
            offset: place("octet_source")?,
            length: place("longueur_source")?,
        })
    }

    /// It was a number of 32 bits before it became a column.
    fn rank(&self, row: usize) -> u32 {
        u32::try_from(self.rank[row]).unwrap_or(u32::MAX)
    }

    fn entry(&self, row: usize) -> Entry {
        Entry {
            id: u128::from(self.high[row]) << 64 | u128::from(self.low[row]),
            file: self.file[row],
            line: self.line[row].cast_unsigned(),
            rank: self.rank(row),
            offset: self.offset[row].cast_unsigned(),
            length: self.length[row].cast_unsigned(),
            digest: self.digest[row],
        }
    }
}

/// Drops the repeated lines and the private columns.
fn without(all: &RecordBatch, repeats: &Repeats) -> Result<RecordBatch> {
    let public: Vec<usize> =
        (0..all.num_columns()).filter(|index| !all.schema_ref().field(*index).name().starts_with(PRIVATE)).collect();
    let columns = all.project(&public).internal("cannot drop the private columns")?;
    if repeats.is_empty() {
        return Ok(columns);
    }
    let keys = Keys::of(all)?;
    let kept: BooleanArray = (0..all.num_rows())
        .map(|row| Some(!repeats.holds(keys.file[row], keys.line[row].cast_unsigned(), keys.rank(row))))
        .collect();
    filter_record_batch(&columns, &kept).internal("cannot drop the repeated lines")
}

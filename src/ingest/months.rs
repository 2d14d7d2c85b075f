//! Attempts gathered by local month: in memory up to a budget, on disk beyond it, so that memory grows with the largest
//! month and not with the history.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int64Type, UInt64Type};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use tempfile::TempDir;

use crate::error::{Context, Error, Result};

/// Columns whose name begins so are for the run alone.
const PRIVATE: &str = "row_";

/// The months being gathered; shared by the threads that read files.
pub struct Months {
    budget: usize,
    folder: TempDir,
    gathered: Mutex<Gathered>,
}

#[derive(Default)]
struct Gathered {
    in_memory: usize,
    spills: usize,
    months: BTreeMap<String, Month>,
}

#[derive(Default)]
struct Month {
    batches: Vec<RecordBatch>,
    bytes: usize,
    spilled: Vec<PathBuf>,
}

/// A month without its duplicates.
#[derive(Debug)]
pub struct Settled {
    /// The attempts, without the private columns, in no particular order.
    pub attempts: RecordBatch,
    /// For each line that repeats another: its file's position.
    pub duplicates: Vec<u64>,
    /// Lines that carry the id of another attempt and say something else.
    pub conflicts: Vec<Conflict>,
}

/// A line that carries the id of another attempt and says something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The file's position in the run's list.
    pub file: u64,
    /// 1-based.
    pub line: u64,
    /// Of its first byte.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
}

impl Months {
    /// Holds at most `budget` bytes of decoded attempts in memory.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when no temporary folder can be made.
    pub fn new(budget: usize) -> Result<Self> {
        let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
        Ok(Self { budget, folder, gathered: Mutex::default() })
    }

    /// Adds attempts of one month.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn add(&self, month: &str, batch: RecordBatch) -> Result<()> {
        let bytes = batch.get_array_memory_size();
        let to_spill = {
            let mut gathered = self.gathered();
            gathered.in_memory += bytes;
            let entry = gathered.months.entry(month.to_owned()).or_default();
            entry.bytes += bytes;
            entry.batches.push(batch);
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

    /// Takes a month out and removes its duplicates: of the lines of one id the first is kept, in the order of files
    /// and lines.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when what was put on disk cannot be read back.
    pub fn settle(&self, month: &str) -> Result<Settled> {
        let taken = self.gathered().months.remove(month).unwrap_or_default();
        let mut batches = taken.batches;
        for path in &taken.spilled {
            let file = File::open(path).unreachable("cannot read back what was put aside")?;
            let reader = StreamReader::try_new(BufReader::new(file), None).internal("what was put aside")?;
            for batch in reader {
                batches.push(batch.internal("what was put aside")?);
            }
            let _ = std::fs::remove_file(path);
        }
        let schema = batches.first().ok_or_else(|| Error::internal(format!("no attempts in {month}")))?.schema();
        let all = concat_batches(&schema, &batches).internal("cannot put the month together")?;
        drop(batches);
        self.gathered().in_memory -= taken.bytes;
        without_duplicates(&all)
    }

    fn spill(&self, month: &str, number: usize, batches: &[RecordBatch]) -> Result<()> {
        let path = self.folder.path().join(format!("{month}-{number}.arrows"));
        let file = BufWriter::new(File::create(&path).unreachable("cannot put attempts aside")?);
        if let Some(first) = batches.first() {
            let mut writer = StreamWriter::try_new(file, &first.schema()).unreachable("cannot put attempts aside")?;
            for batch in batches {
                writer.write(batch).unreachable("cannot put attempts aside")?;
            }
            writer.finish().unreachable("cannot put attempts aside")?;
        }
        self.gathered().months.entry(month.to_owned()).or_default().spilled.push(path);
        Ok(())
    }

    /// A thread that panicked cannot leave a month half added: what it holds is whole batches.
    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    /// Takes the batches of the month that holds most, with a number for the file they go to.
    fn largest(&mut self) -> Option<(String, usize, Vec<RecordBatch>)> {
        let (name, month) = self.months.iter_mut().max_by_key(|(_, month)| month.bytes)?;
        let batches = std::mem::take(&mut month.batches);
        self.in_memory -= std::mem::take(&mut month.bytes);
        self.spills += 1;
        Some((name.clone(), self.spills, batches))
    }
}

/// The private columns of a month, and the public one among them.
struct Keys<'a> {
    high: &'a [u64],
    low: &'a [u64],
    file: &'a [u64],
    offset: &'a [u64],
    length: &'a [u64],
    digest: &'a [u64],
    line: &'a [i64],
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
        let line = batch.column_by_name("ligne_source").and_then(|array| array.as_primitive_opt::<Int64Type>());
        Ok(Self {
            high: column("row_id_high")?,
            low: column("row_id_low")?,
            file: column("row_file")?,
            offset: column("row_offset")?,
            length: column("row_length")?,
            digest: column("row_digest")?,
            line: line.map(|array| &array.values()[..]).ok_or_else(|| Error::internal("ligne_source is missing"))?,
        })
    }

    fn id(&self, row: usize) -> (u64, u64) {
        (self.high[row], self.low[row])
    }
}

fn without_duplicates(all: &RecordBatch) -> Result<Settled> {
    let keys = Keys::of(all)?;
    let mut order: Vec<u32> = (0..u32::try_from(all.num_rows()).internal("a month of more than 2^32 attempts")?).collect();
    order.sort_unstable_by_key(|row| {
        let row = *row as usize;
        (keys.id(row), keys.file[row], keys.line[row])
    });
    let (mut kept, mut duplicates, mut conflicts) = (Vec::with_capacity(order.len()), Vec::new(), Vec::new());
    let mut first: Option<usize> = None;
    for row in order {
        let at = row as usize;
        match first.filter(|first| keys.id(*first) == keys.id(at)) {
            None => {
                first = Some(at);
                kept.push(row);
            }
            Some(first) if keys.digest[first] == keys.digest[at] => duplicates.push(keys.file[at]),
            Some(_) => conflicts.push(Conflict {
                file: keys.file[at],
                line: keys.line[at].cast_unsigned(),
                offset: keys.offset[at],
                length: keys.length[at],
            }),
        }
    }
    let public: Vec<usize> = (0..all.num_columns())
        .filter(|index| !all.schema_ref().field(*index).name().starts_with(PRIVATE))
        .collect();
    let columns = all.project(&public).internal("cannot drop the private columns")?;
    let attempts = if kept.len() == all.num_rows() {
        columns
    } else {
        take_record_batch(&columns, &UInt32Array::from(kept)).internal("cannot drop the duplicates")?
    };
    Ok(Settled { attempts, duplicates, conflicts })
}

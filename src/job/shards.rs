//! Raw logs that are read in shards, each wherever a scheduler of array jobs puts it, and come together in one run.
//!
//! A shard leaves files whose names hold their digests, and last of all its record, which names them: one that is tried twice, or twice
//! at once, leaves one of two records, and each is whole.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::foundation::Foundation;
use crate::config::{Pipeline, Project};
use crate::digest::sha256_file;
use crate::error::{Context, Error, Result};
use crate::ingest::{FileAccount, History, Months, Reading, Shard, ShardReading, find, placed, together};
use crate::progress::Progress;
use crate::publish::{self, Guard, StorageKey, Store, fetch};
use crate::release::{FileEntry, ParquetRows, Rows as _};

/// What a shard has read.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShardRecord {
    /// Which one.
    pub shard: Shard,
    /// Of the pipeline.
    pub pipeline: String,
    /// Of all that decides what becomes of a raw line.
    pub ingest_sha256: String,
    /// Of the list of all files, those of the other shards among them.
    pub found_sha256: String,
    /// Attempts, before it is known which repeat another.
    pub attempts: u64,
    /// The attempts of each month.
    months: Vec<FileEntry>,
    /// What was found besides.
    reading: FileEntry,
}

/// Which logs a shard reads, and where it leaves what it finds.
pub struct ShardOrder<'a> {
    /// The clone of the project.
    pub project: &'a Project,
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// Where the raw logs are: all of them, for every shard the same.
    pub raw: &'a [String],
    /// Which part of them.
    pub shard: Shard,
    /// A folder or an object store.
    pub work: &'a str,
}

/// Reads one shard of the raw logs.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when rules, mapping or registry are wrong or there are no logs;
/// [`Unreachable`](crate::error::Kind::Unreachable) when a log cannot be read or nothing be written.
pub fn ingest_shard(order: &ShardOrder<'_>, runtime: &Handle, progress: &dyn Progress) -> Result<ShardRecord> {
    let foundation = Foundation::load(order.project, order.pipeline)?;
    let work = publish::open(order.work, Guard::Waived)?;
    // Reading may take hours: that nothing can be written there is found out before.
    let trial = StorageKey::Probe { token: work.token() };
    work.put(&trial, b"")?;
    work.delete(&trial)?;
    let mut found = find(order.raw, order.pipeline, runtime)?;
    let found_sha256 = found.digest()?;
    found.keep(order.shard);
    let months = Months::new(order.pipeline.limits.gathered_bytes())?;
    let reading = foundation.ingest(runtime).read(found, History::default(), &months, progress)?;
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    let keep = |name: &str, month: Option<&str>, rows: Option<u64>| {
        let local = folder.path().join(name);
        let (bytes, sha256) = sha256_file(&local)?;
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let path = format!("{}{stem}-{}.{extension}", prefix(order.shard), &sha256[..16]);
        work.put_file(&StorageKey::File { path: path.clone() }, &local)?;
        std::fs::remove_file(&local).unreachable("cannot remove a temporary file")?;
        Ok(FileEntry { partition: month.map(str::to_owned), rows, ..FileEntry::plain(path, bytes, sha256) })
    };
    let mut kept = Vec::new();
    for month in months.names() {
        progress.proceed()?;
        let name = format!("tentatives-{month}.parquet");
        let rows = write(&months, &month, &folder.path().join(&name))?;
        kept.push(keep(&name, Some(&month), Some(rows))?);
    }
    let reading = serde_json::to_vec(&ShardReading::from(reading)).internal("what a shard found")?;
    std::fs::write(folder.path().join("lecture.json"), reading).unreachable("cannot write")?;
    let record = ShardRecord {
        shard: order.shard,
        pipeline: order.pipeline.name.clone(),
        ingest_sha256: foundation.origins.ingest_sha256.clone(),
        found_sha256,
        attempts: kept.iter().filter_map(|file| file.rows).sum(),
        months: kept,
        reading: keep("lecture.json", None, None)?,
    };
    // Last of all: what it names is there.
    let bytes = serde_json::to_vec_pretty(&record).internal("the record of a shard")?;
    work.put(&StorageKey::File { path: format!("{}{RECORD}", prefix(order.shard)) }, &bytes)?;
    Ok(record)
}

/// What a shard writes last.
const RECORD: &str = "fragment.json";

/// Where a shard writes.
fn prefix(shard: Shard) -> String {
    format!("fragment-{:05}-de-{:05}/", shard.number, shard.of)
}

/// Writes the attempts of a month as they were gathered, and tells how many there are.
fn write(months: &Months, month: &str, path: &Path) -> Result<u64> {
    let place = |error: Error| error.at_path(path);
    let level = ZstdLevel::try_new(1).internal("zstd")?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut file = Some(File::create(path).unreachable("cannot write").map_err(place)?);
    let (mut writer, mut rows) = (None, 0);
    months.take(month, |batch| {
        if let Some(file) = file.take() {
            let new = ArrowWriter::try_new(file, batch.schema(), Some(properties.clone()));
            writer = Some(new.internal("cannot write attempts")?);
        }
        rows += batch.num_rows() as u64;
        writer.as_mut().map_or(Ok(()), |writer| writer.write(batch)).unreachable("cannot write").map_err(place)
    })?;
    writer.map(ArrowWriter::close).transpose().unreachable("cannot write").map_err(place)?;
    Ok(rows)
}

/// What all shards have left.
pub(super) struct Shards {
    store: Box<dyn Store>,
    records: Vec<ShardRecord>,
    readings: Vec<ShardReading>,
    folder: TempDir,
}

impl Shards {
    /// Looks whether all of them are there, and were made alike.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage), naming those that are missing or differ;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the place does not answer, or a record is damaged.
    pub(super) fn open(work: &str, foundation: &Foundation<'_>) -> Result<Self> {
        let store = publish::open(work, Guard::Reader)?;
        let place = |error: Error| error.at(store.name());
        let objects = store.objects()?;
        let paths = objects.iter().map(|object| &object.path).filter(|path| path.ends_with(RECORD));
        let record = |path: &String| {
            let bytes = store.get(path)?.unwrap_or_default();
            let record: ShardRecord = serde_json::from_slice(&bytes)
                .unreachable("not the record of a shard")
                .map_err(|error| error.at(format!("{}/{path}", store.name())))?;
            Ok(record)
        };
        let mut records = paths.map(record).collect::<Result<Vec<_>>>()?;
        records.sort_by_key(|record| record.shard);
        check_complete(&records).map_err(place)?;
        check_alike(&records, foundation).map_err(place)?;
        let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
        let reading = |record: &ShardRecord| {
            let bytes =
                std::fs::read(fetch(store.as_ref(), &record.reading, folder.path())?).unreachable("cannot read")?;
            serde_json::from_slice(&bytes)
                .unreachable("not what a shard found")
                .map_err(|error| error.at(&record.reading.path))
        };
        let readings = records.iter().map(reading).collect::<Result<_>>()?;
        Ok(Self { store, records, readings, folder })
    }

    /// The names of what was read, and of the archives that were unpacked for it.
    pub(super) fn read_names(&self) -> HashSet<&str> {
        let files = self.readings.iter().flat_map(ShardReading::accounts).map(|account| &*account.file);
        files.chain(self.readings.iter().flat_map(ShardReading::archives)).collect()
    }

    /// Brings the attempts of all shards together.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when a file is not there, or not what the record says.
    pub(super) fn read(self, months: &Months, progress: &dyn Progress) -> Result<Reading> {
        let Self { store, records, readings, folder } = self;
        let accounts: Vec<Vec<FileAccount>> = readings.iter().map(|reading| reading.accounts().to_vec()).collect();
        let reading = together(readings);
        let positions = reading.positions();
        progress.begin("fragments", records.len() as u64);
        for (record, accounts) in records.iter().zip(accounts) {
            for file in &record.months {
                progress.proceed()?;
                let month = file.partition.as_deref().unwrap_or_default();
                let local = fetch(store.as_ref(), file, folder.path())?;
                ParquetRows::open(&local)?.each(&mut |rows| {
                    months.add(month, placed(rows, &accounts, |file| positions.get(file).copied())?)
                })?;
                std::fs::remove_file(&local).unreachable("cannot remove a temporary file")?;
            }
            progress.advance(1);
        }
        progress.end();
        Ok(reading)
    }
}

fn check_complete(records: &[ShardRecord]) -> Result<()> {
    let Some(first) = records.first() else {
        return Err(
            Error::usage("no shard is there").hint("read each with guichets ingest PIPELINE --shard K/N --work URL")
        );
    };
    if let Some(other) = records.iter().find(|record| record.shard.of != first.shard.of) {
        return Err(Error::usage(format!("shards of two divisions are there: {} and {}", first.shard, other.shard))
            .hint("read all of them into an empty place"));
    }
    let there: HashSet<u32> = records.iter().map(|record| record.shard.number).collect();
    let missing: Vec<String> = (1..=first.shard.of)
        .filter(|number| !there.contains(number))
        .map(|number| Shard { number, of: first.shard.of }.to_string())
        .collect();
    match missing.as_slice() {
        [] => Ok(()),
        some => Err(Error::usage(format!("shards are missing: {}", some.join(", "))).hint("read them, and run again")),
    }
}

fn check_alike(records: &[ShardRecord], foundation: &Foundation<'_>) -> Result<()> {
    let hint = "read it again with what this run has, or run with what it had";
    for record in records {
        let shard = record.shard;
        if record.pipeline != foundation.pipeline.name {
            return Err(Error::usage(format!("shard {shard} is of the pipeline {}", record.pipeline)).hint(hint));
        }
        if record.ingest_sha256 != foundation.origins.ingest_sha256 {
            return Err(Error::usage(format!(
                "shard {shard} was read by other rules, another mapping or another registry"
            ))
            .hint(hint));
        }
        if record.found_sha256 != records[0].found_sha256 {
            return Err(Error::usage(format!("shard {shard} was shown other files than shard {}", records[0].shard))
                .hint(
                    "logs that change meanwhile cannot be shared out: read all shards again from logs that stand still",
                ));
        }
    }
    Ok(())
}

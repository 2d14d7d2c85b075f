//! Rows that can be gone through more than once, in memory or in a file: what writes them never needs them all at once.

use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::{Context, Error, Result};

/// Rows of a batch that is read back.
const BATCH: usize = 1 << 16;

/// Rows in published order, in batches of some length.
pub trait Rows: Sync {
    /// How many rows there are.
    fn count(&self) -> usize;

    /// Hands over every batch, in order.
    ///
    /// # Errors
    /// Those of `see`, and [`Unreachable`](crate::error::Kind::Unreachable) where they cannot be read.
    fn each(&self, see: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()>;

    /// The same with some of the columns alone, by their names and in the order in which they stand.
    ///
    /// # Errors
    /// As for [`Rows::each`].
    fn each_of(&self, columns: &[&str], see: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()>;
}

impl Rows for RecordBatch {
    fn count(&self) -> usize {
        self.num_rows()
    }

    fn each(&self, see: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        see(self)
    }

    fn each_of(&self, columns: &[&str], see: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        let fields = self.schema_ref().fields().iter().enumerate();
        let chosen = fields.filter(|(_, field)| columns.contains(&field.name().as_str())).map(|(index, _)| index);
        see(&self.project(&chosen.collect::<Vec<_>>()).internal("some columns of a table")?)
    }
}

impl Rows for Vec<RecordBatch> {
    fn count(&self) -> usize {
        self.iter().map(RecordBatch::num_rows).sum()
    }

    fn each(&self, see: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        self.iter().try_for_each(see)
    }

    fn each_of(&self, columns: &[&str], see: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        self.iter().try_for_each(|batch| batch.each_of(columns, see))
    }
}

/// The rows of a Parquet file, of which some thousand are in memory at a time.
pub struct ParquetRows<'a> {
    path: &'a Path,
    count: usize,
    schema: SchemaRef,
}

impl<'a> ParquetRows<'a> {
    /// Opens a published file.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be read, or is no Parquet.
    pub fn open(path: &'a Path) -> Result<Self> {
        let builder = builder(path)?;
        let count = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
        Ok(Self { path, count, schema: builder.schema().clone() })
    }

    fn read(&self, reader: ParquetRecordBatchReader, see: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        for batch in reader {
            see(&batch.unreachable("damaged").map_err(|error: Error| error.at_path(self.path))?)?;
        }
        Ok(())
    }
}

impl Rows for ParquetRows<'_> {
    fn count(&self) -> usize {
        self.count
    }

    fn each(&self, see: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        self.read(built(builder(self.path)?, self.path)?, see)
    }

    fn each_of(&self, columns: &[&str], see: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        let builder = builder(self.path)?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        self.read(built(builder.with_projection(mask), self.path)?, see)
    }
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let unreadable = |error: Error| error.at_path(path);
    let file = File::open(path).unreachable("cannot read").map_err(unreadable)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unreachable("not a Parquet file");
    Ok(builder.map_err(unreadable)?.with_batch_size(BATCH))
}

fn built(builder: ParquetRecordBatchReaderBuilder<File>, path: &Path) -> Result<ParquetRecordBatchReader> {
    builder.build().unreachable("not a Parquet file").map_err(|error: Error| error.at_path(path))
}

/// Reads a published file back, all of its rows.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be read, or is no Parquet.
pub fn read_parquet(path: &Path) -> Result<RecordBatch> {
    let rows = ParquetRows::open(path)?;
    let mut batches = Vec::new();
    rows.each(&mut |batch| {
        batches.push(batch.clone());
        Ok(())
    })?;
    concat_batches(&rows.schema, &batches)
        .internal("cannot put the table together")
        .map_err(|error| error.at_path(path))
}

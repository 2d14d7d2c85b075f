//! A table, or a part of one, written batch by batch: what needs all rows at once sees each of them as it goes by.

use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::row::{OwnedRow, RowConverter, SortField};

use super::content::ContentDigest;
use super::parquet::ParquetFile;
use super::staging::{Staged, Staging};
use crate::error::{Context, Error, Result};
use crate::schema::{Format, TableSchema, ordered, violations};

/// A table, or a part of one, being written as Parquet.
pub struct PartWriter<'a> {
    staging: &'a Staging,
    table: &'a TableSchema,
    partition: Option<String>,
    local: PathBuf,
    parquet: ParquetFile<'a>,
    digest: ContentDigest<'a>,
    order: Order,
    rows: u64,
    violations: Vec<String>,
}

impl<'a> PartWriter<'a> {
    pub(super) fn begin(staging: &'a Staging, table: &'a TableSchema, partition: Option<&str>) -> Result<Self> {
        let local = staging.local(table, partition, Format::Parquet);
        Ok(Self {
            staging,
            table,
            partition: partition.map(str::to_owned),
            parquet: ParquetFile::create(table, staging.about(), &local)?,
            local,
            digest: ContentDigest::new(table),
            order: Order::of(table)?,
            rows: 0,
            violations: Vec::new(),
        })
    }

    /// Adds rows, all of which come after those before: conforms them to the schema and orders them. They are returned as they
    /// are published.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the table is not as declared, or the rows do not come after the others;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn push(&mut self, columns: &RecordBatch) -> Result<RecordBatch> {
        let batch = ordered(self.table, columns)?;
        self.write(&batch)?;
        Ok(batch)
    }

    /// The same with rows that are as they are published already, see [`ordered`].
    ///
    /// # Errors
    /// As for [`PartWriter::push`].
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        // What is wrong in many batches is told of one.
        if self.violations.is_empty() {
            self.violations = violations(self.table, batch)?;
        }
        self.append(batch)
    }

    /// The same with rows of which somebody else tells what is out of order in them.
    pub(super) fn append(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.violations.extend(self.order.follow(self.table, batch)?);
        let (digest, parquet) = (&mut self.digest, &mut self.parquet);
        let (digested, written) = rayon::join(|| digest.add(batch), || parquet.write(batch));
        self.rows += batch.num_rows() as u64;
        digested.and(written)
    }

    /// How many rows it has so far.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn finish(self) -> Result<Staged> {
        self.parquet.close()?;
        let digest = self.digest.finish()?;
        let partition = self.partition.as_deref();
        let parquet = self.staging.entry(self.table, partition, Format::Parquet, self.local, (self.rows, digest))?;
        Ok(Staged { parquet, violations: self.violations })
    }
}

/// What holds batches to the declared order, and to keys of which none stands twice.
struct Order {
    rows: RowConverter,
    last: Option<OwnedRow>,
    /// Whether two rows of one place have one key.
    is_key: bool,
}

impl Order {
    fn of(table: &TableSchema) -> Result<Self> {
        let order = &table.guichets.order;
        let fields = order.iter().filter_map(|name| table.field(name)).map(|field| SortField::new(field.data_type()));
        let rows = RowConverter::new(fields.collect()).internal("cannot order the rows")?;
        Ok(Self { rows, last: None, is_key: table.primary_key.iter().all(|name| order.contains(name)) })
    }

    /// Looks whether a batch, ordered within, comes after the last one; a key that stands in both is told.
    fn follow(&mut self, table: &TableSchema, batch: &RecordBatch) -> Result<Option<String>> {
        let first = self.row(table, &batch.slice(0, 1))?;
        let twice = match &self.last {
            Some(last) if *last > first => {
                return Err(Error::internal("rows do not come in their order").at(format!("table {}", table.name)));
            }
            Some(last) => self.is_key && *last == first,
            None => false,
        };
        self.last = Some(self.row(table, &batch.slice(batch.num_rows() - 1, 1))?);
        Ok(twice.then(|| format!("{}: a key stands twice", table.name)))
    }

    fn row(&self, table: &TableSchema, row: &RecordBatch) -> Result<OwnedRow> {
        let columns = table.guichets.order.iter().map(|name| {
            let field = table.field(name).zip(row.column_by_name(name));
            let (field, column) = field.ok_or_else(|| Error::internal(format!("the column {name} is missing")))?;
            cast(column, &field.data_type()).internal(name)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(self.rows.convert_columns(&columns).internal("cannot order the rows")?.row(0).owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::exporter::fixture;
    use crate::release::{ParquetRows, Rows as _, content_digest};

    fn rows(table: &TableSchema, codes: &[&str]) -> RecordBatch {
        // The fixture's second row is one of nulls, which come first.
        let batches = codes.iter().map(|code| fixture::batch(table, code, 0.5, 1_555_854_300_000_000).slice(0, 1));
        let batches: Vec<RecordBatch> = batches.collect();
        arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
    }

    #[test]
    fn rows_that_come_in_pieces_are_those_that_come_at_once() {
        let table = fixture::table();
        let staging = Staging::new(fixture::about(false)).unwrap();
        let mut writer = staging.begin(&table, None).unwrap();
        for codes in [&["b", "a"][..], &[], &["d", "c"], &["e"]] {
            let some = rows(&table, &["a"]).slice(0, 0);
            writer.push(&if codes.is_empty() { some } else { rows(&table, codes) }).unwrap();
        }
        assert_eq!(writer.rows(), 5);
        let in_pieces = writer.finish().unwrap();
        let (at_once, batch) = staging.stage(&table, None, &rows(&table, &["e", "d", "c", "b", "a"])).unwrap();
        assert_eq!(in_pieces.parquet.entry.content_digest, at_once.parquet.entry.content_digest);
        assert_eq!(content_digest(&table, &batch).unwrap(), at_once.parquet.entry.content_digest.unwrap());
        let file = ParquetRows::open(&in_pieces.parquet.local).unwrap();
        assert_eq!(file.count(), 5);
    }

    #[test]
    fn a_batch_that_belongs_before_another_is_no_part_of_a_table() {
        let table = fixture::table();
        let staging = Staging::new(fixture::about(false)).unwrap();
        let mut writer = staging.begin(&table, None).unwrap();
        writer.push(&rows(&table, &["b", "d"])).unwrap();
        assert!(writer.push(&rows(&table, &["c"])).unwrap_err().to_string().contains("order"));
        let mut writer = staging.begin(&table, None).unwrap();
        writer.push(&rows(&table, &["b", "d"])).unwrap();
        writer.push(&rows(&table, &["d", "e"])).unwrap();
        let staged = writer.finish().unwrap();
        assert_eq!(staged.violations, ["essai: a key stands twice"]);
    }
}

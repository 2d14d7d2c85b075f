//! The content digest: a hash of the logical rows of a table, the same whoever wrote the file and however it is packed.
//!
//! For each column, in order: BLAKE3 of one byte a row (1 where there is a value, 0 where there is none), and BLAKE3 of
//! the values that there are (numbers and dates little-endian, texts as their length in eight bytes and their bytes,
//! booleans as one byte). The digest is the BLAKE3 of the names, the types and these hashes.
//!
//! Versions are verified by it for as long as they are kept: what goes into it is spelled out here, and nothing of it is
//! left to how a library writes its own types.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use blake3::Hasher;

use super::rows::Rows;
use crate::error::{Context, Error, Result};
use crate::schema::TableSchema;

/// The digest of a table whose rows come in published order, in as many batches as one likes.
pub struct ContentDigest<'a> {
    table: &'a TableSchema,
    /// Presence and values, by column.
    columns: Vec<(Hasher, Hasher)>,
}

impl<'a> ContentDigest<'a> {
    /// That of no rows yet.
    #[must_use]
    pub fn new(table: &'a TableSchema) -> Self {
        Self { table, columns: vec![(Hasher::new(), Hasher::new()); table.fields.len()] }
    }

    /// Adds the rows that come next.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when a column is of a type that no schema can declare.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = self.table.fields.iter().zip(batch.columns());
        for ((field, column), (presence, values)) in columns.zip(&mut self.columns) {
            let plain = cast(column, &field.data_type()).internal(&field.name)?;
            feed(&plain, presence, values)?;
        }
        Ok(())
    }

    /// The digest, in hexadecimal.
    ///
    /// # Errors
    /// As for [`ContentDigest::add`].
    pub fn finish(self) -> Result<String> {
        let mut digest = Hasher::new();
        for (field, (presence, values)) in self.table.fields.iter().zip(&self.columns) {
            digest.update(format!("{}\n{}\n", field.name, type_name(&field.data_type())?).as_bytes());
            digest.update(presence.finalize().as_bytes());
            digest.update(values.finalize().as_bytes());
        }
        Ok(digest.finalize().to_hex().to_string())
    }
}

/// The digest of a table whose rows are all there, in published order.
///
/// # Errors
/// As for [`ContentDigest::add`].
pub fn content_digest(table: &TableSchema, rows: &dyn Rows) -> Result<String> {
    let mut digest = ContentDigest::new(table);
    rows.each(&mut |batch| digest.add(batch))?;
    digest.finish()
}

/// The name under which a type goes into the digest. These never change, whatever Arrow calls its types.
fn type_name(data_type: &DataType) -> Result<&'static str> {
    Ok(match data_type {
        DataType::Utf8 => "Utf8",
        DataType::Int32 => "Int32",
        DataType::Int64 => "Int64",
        DataType::Float64 => "Float64",
        DataType::Boolean => "Boolean",
        DataType::Date32 => "Date32",
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if **zone == *"UTC" => "Timestamp(µs, \"UTC\")",
        other => return Err(Error::internal(format!("a column of type {other} has no digest"))),
    })
}

fn feed(array: &ArrayRef, presence: &mut Hasher, values: &mut Hasher) -> Result<()> {
    let mut bytes: Vec<u8> = (0..array.len()).map(|row| u8::from(array.is_valid(row))).collect();
    presence.update(&bytes);
    bytes.clear();
    /// Appends every value that there is, little-endian.
    macro_rules! numbers {
        ($kind:ty) => {
            array
                .as_primitive::<$kind>()
                .iter()
                .flatten()
                .for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()))
        };
    }
    match array.data_type() {
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int64 => numbers!(Int64Type),
        DataType::Float64 => numbers!(Float64Type),
        DataType::Date32 => numbers!(Date32Type),
        DataType::Timestamp(..) => numbers!(TimestampMicrosecondType),
        DataType::Boolean => bytes.extend(array.as_boolean().iter().flatten().map(u8::from)),
        DataType::Utf8 => {
            for text in array.as_string::<i32>().iter().flatten() {
                bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        other => return Err(Error::internal(format!("a column of type {other} has no digest"))),
    }
    values.update(&bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::release::exporter::fixture;

    use super::*;

    /// Every type, and rows with and without values: a version of today is verified by this digest in ten years.
    #[test]
    fn the_digest_of_known_rows_never_changes() {
        let table = fixture::table();
        let rows = fixture::batch(&table, "a", 0.5, 1_555_854_300_000_000);
        let plain = crate::schema::conform(&table, &rows).unwrap();
        for batch in [rows, plain] {
            assert_eq!(
                content_digest(&table, &batch).unwrap(),
                "298773598fb8addbded0456910c48b7be7b7d136cd3e2293d01d04d1419aba36"
            );
        }
    }
}

//! The content digest: a hash of the logical rows of a table, the same whoever wrote the file and however it is packed.
//!
//! For each column, in order: BLAKE3 of one byte a row (1 where there is a value, 0 where there is none), and BLAKE3 of
//! the values that there are (numbers and dates little-endian, texts as their length in eight bytes and their bytes,
//! booleans as one byte). The digest is the BLAKE3 of the names, the types and these hashes.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use blake3::Hasher;

use crate::error::{Context, Error, Result};
use crate::schema::TableSchema;

/// The digest of a table whose rows come in published order, in as many batches as one likes.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when a column is of a type that no schema can declare.
pub fn content_digest(table: &TableSchema, batches: &[RecordBatch]) -> Result<String> {
    let mut digest = Hasher::new();
    for (index, field) in table.fields.iter().enumerate() {
        let (mut presence, mut values) = (Hasher::new(), Hasher::new());
        for batch in batches {
            let plain = cast(batch.column(index), &field.data_type()).internal(&field.name)?;
            feed(&plain, &mut presence, &mut values)?;
        }
        digest.update(format!("{}\n{}\n", field.name, field.data_type()).as_bytes());
        digest.update(presence.finalize().as_bytes());
        digest.update(values.finalize().as_bytes());
    }
    Ok(digest.finalize().to_hex().to_string())
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

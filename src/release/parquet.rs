//! Parquet, written for readers that fetch parts of it over HTTP.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::exporter::{Export, Exporter};
use crate::error::{Context, Error, Result};
use crate::schema::{Format, TableSchema};

/// Rows of a row group: small enough to skip what a query does not need, large enough to compress.
const ROW_GROUP: usize = 120_000;

/// Writes Apache Parquet.
#[derive(Debug, Clone, Copy)]
pub struct ParquetExporter;

impl Exporter for ParquetExporter {
    fn format(&self) -> Format {
        Format::Parquet
    }

    fn extension(&self) -> &'static str {
        "parquet"
    }

    fn media_type(&self) -> &'static str {
        "application/vnd.apache.parquet"
    }

    fn export(&self, export: &Export<'_>, path: &Path) -> Result<()> {
        let place = |error: Error| error.at_path(path);
        let file = File::create(path).unreachable("cannot write").map_err(place)?;
        let properties = properties(export)?;
        let mut writer = ArrowWriter::try_new(file, export.table.arrow_schema(), Some(properties))
            .internal(format!("cannot write the table {}", export.table.name))?;
        for batch in export.batches {
            writer.write(batch).unreachable("cannot write").map_err(place)?;
        }
        writer.close().unreachable("cannot write").map_err(place)?;
        Ok(())
    }
}

fn properties(export: &Export<'_>) -> Result<WriterProperties> {
    let table = export.table;
    let level = ZstdLevel::try_new(3).internal("zstd")?;
    let mut builder = WriterProperties::builder()
        .set_created_by(format!("guichets-ouverts {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting_columns(table)))
        .set_key_value_metadata(Some(key_values(export)));
    for field in &table.fields {
        // A dictionary of values that hardly repeat is the column once more. They are written plain, which every reader
        // knows: BYTE_STREAM_SPLIT of a column with nulls is « corrupted » to pyarrow 10 to 16.0.0, and fastparquet of 2023
        // has no DELTA_BINARY_PACKED.
        let repeats = match field.data_type() {
            DataType::Timestamp(..) | DataType::Float64 => false,
            DataType::Utf8 => !field.constraints.unique && table.primary_key != [field.name.as_str()],
            _ => true,
        };
        if !repeats {
            let path = ColumnPath::from(field.name.as_str());
            builder =
                builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, Encoding::PLAIN);
        }
    }
    Ok(builder.build())
}

fn sorting_columns(table: &TableSchema) -> Vec<SortingColumn> {
    let index = |name: &String| table.fields.iter().position(|field| field.name == *name);
    let columns = table.guichets.order.iter().filter_map(index);
    columns
        .filter_map(|index| i32::try_from(index).ok())
        .map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: true })
        .collect()
}

/// What the file says of itself. A file that versions share (one of a table in parts) names none of them.
fn key_values(export: &Export<'_>) -> Vec<KeyValue> {
    let (table, about) = (export.table, export.about);
    let text = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    let mut pairs = vec![
        text("title", &about.marked(&table.title)),
        text("description", &table.description),
        text("license", about.licence_url),
        text("schema", &table.text),
        text("schema_version", &table.version),
        text("simulated", if about.simulated { "true" } else { "false" }),
    ];
    if !table.in_parts() {
        pairs.push(text("version", &about.version));
        pairs.push(text("created", &about.as_of.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)));
    }
    pairs
}

/// Reads a published file back, all of its rows.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be read, or is no Parquet.
pub fn read_parquet(path: &Path) -> Result<RecordBatch> {
    let unreadable = |error: Error| error.at_path(path);
    let file = File::open(path).unreachable("cannot read").map_err(unreadable)?;
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(file).unreachable("not a Parquet file").map_err(unreadable)?;
    let schema = Arc::clone(reader.schema());
    let reader = reader.with_batch_size(1 << 16).build().unreachable("not a Parquet file").map_err(unreadable)?;
    let batches = reader.collect::<Result<Vec<_>, _>>().unreachable("damaged").map_err(unreadable)?;
    concat_batches(&schema, &batches).internal("cannot put the table together").map_err(unreadable)
}

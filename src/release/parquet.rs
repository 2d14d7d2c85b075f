//! Parquet, written for readers that fetch parts of it over HTTP.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::partition;
use arrow::datatypes::DataType;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::exporter::{About, Export, Exporter};
use crate::error::{Context, Error, Result};
use crate::schema::{Format, TableSchema};

/// Rows of a row group: small enough to skip what a query does not need, large enough to compress.
const ROW_GROUP: usize = 120_000;
/// The columns that tell services apart.
const SERVICE: [&str; 2] = ["guichet_id", "demarche_id"];
/// Rows of a group of whole services, at the least. Of the bytes that draw one service most are the end of the file, which grows
/// by 8 kB with each group of 58 columns; with a year of a thousand services it fits into one fetch of 128 KiB.
const SERVICE_GROUP: usize = 60_000;

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
        let mut writer = ParquetFile::create(export.table, export.about, path)?;
        export.rows.each(&mut |batch| writer.write(batch))?;
        writer.close()
    }
}

/// A Parquet file being written, batch by batch in published order.
pub(super) struct ParquetFile<'a> {
    table: &'a TableSchema,
    path: PathBuf,
    writer: ArrowWriter<File>,
}

impl<'a> ParquetFile<'a> {
    /// Creates the file, replacing what was there.
    pub(super) fn create(table: &'a TableSchema, about: &About, path: &Path) -> Result<Self> {
        let file = File::create(path).unreachable("cannot write").map_err(|error: Error| error.at_path(path))?;
        let writer = ArrowWriter::try_new(file, table.arrow_schema(), Some(properties(table, about)?))
            .internal(format!("cannot write the table {}", table.name))?;
        Ok(Self { table, path: path.to_owned(), writer })
    }

    /// Adds the rows that come next.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let place = |error: Error| error.at_path(&self.path);
        let mut from = 0;
        for end in group_ends(self.table, batch, self.writer.in_progress_rows())? {
            self.writer.write(&batch.slice(from, end - from)).unreachable("cannot write").map_err(place)?;
            self.writer.flush().unreachable("cannot write").map_err(place)?;
            from = end;
        }
        self.writer.write(&batch.slice(from, batch.num_rows() - from)).unreachable("cannot write").map_err(place)
    }

    /// Ends the file.
    pub(super) fn close(self) -> Result<()> {
        self.writer.close().unreachable("cannot write").map_err(|error: Error| error.at_path(&self.path))?;
        Ok(())
    }
}

/// Whether a reader wants the rows of one service, which stand together.
fn by_service(table: &TableSchema) -> bool {
    table.guichets.split.is_some() && table.guichets.order.iter().map(String::as_str).take(2).eq(SERVICE)
}

/// Behind which rows of a batch a row group ends that began with so many rows before it: a service of a table that is ordered by
/// services lies in one of them, so that its history is fetched in one piece. Into how many batches a table comes apart does not
/// show, as long as none ends within a service.
fn group_ends(table: &TableSchema, batch: &RecordBatch, mut begun: usize) -> Result<Vec<usize>> {
    if !by_service(table) || batch.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let keys: Vec<ArrayRef> = SERVICE.iter().filter_map(|name| batch.column_by_name(name)).cloned().collect();
    let mut ends = Vec::new();
    for service in partition(&keys).internal(&table.name)?.ranges() {
        begun += service.len();
        if begun >= SERVICE_GROUP {
            ends.push(service.end);
            begun = 0;
        }
    }
    Ok(ends)
}

fn properties(table: &TableSchema, about: &About) -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(3).internal("zstd")?;
    let mut builder = WriterProperties::builder()
        .set_created_by(format!("guichets-ouverts {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting_columns(table)))
        .set_key_value_metadata(Some(key_values(table, about)));
    for field in &table.fields {
        // A dictionary of values that hardly repeat is the column once more. They are written plain, which every reader
        // knows: BYTE_STREAM_SPLIT of a column with nulls is « corrupted » to pyarrow 10 to 16.0.0, and fastparquet of 2023
        // has no DELTA_BINARY_PACKED. The rates of days are few fractions.
        let repeats = match field.data_type() {
            DataType::Float64 => by_service(table),
            DataType::Timestamp(..) => false,
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
fn key_values(table: &TableSchema, about: &About) -> Vec<KeyValue> {
    let text = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    let mut pairs = vec![
        text("title", &about.marked(&table.title)),
        text("description", &table.description),
        text("license", about.licence_url),
        text("schema_version", &table.version),
        text("simulated", if about.simulated { "true" } else { "false" }),
    ];
    // Of a table that is there for others it stands beside the files of the version, once for all of its parts.
    if !table.guichets.intermediate {
        pairs.push(text("schema", &table.text));
    }
    if !table.in_parts() {
        pairs.push(text("version", &about.version));
        pairs.push(text("created", &about.as_of.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::StringArray;

    use super::*;

    /// Into how many batches the rows come apart, which memory decides, does not show in the file: a reader's ranges are the same.
    #[test]
    fn row_groups_end_behind_the_same_services_however_the_rows_come() {
        let table =
            TableSchema::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/tables/calendrier.json")))
                .unwrap();
        let services: Vec<String> = (0..1000).map(|number| format!("{number:04}")).collect();
        let rows_of = |some: &[String]| {
            let ids: Vec<&str> = some.iter().flat_map(|id| std::iter::repeat_n(id.as_str(), 365)).collect();
            let column = || Arc::new(StringArray::from(ids.clone())) as ArrayRef;
            RecordBatch::try_from_iter(SERVICE.map(|name| (name, column()))).unwrap()
        };
        let ends = |services_at_once: usize| {
            let (mut ends, mut before, mut begun) = (Vec::new(), 0, 0);
            for some in services.chunks(services_at_once) {
                let batch = rows_of(some);
                let behind = group_ends(&table, &batch, begun).unwrap();
                begun = behind.last().map_or(begun + batch.num_rows(), |last| batch.num_rows() - last);
                ends.extend(behind.iter().map(|end| before + end));
                before += batch.num_rows();
            }
            ends
        };
        let at_once = ends(1000);
        assert_eq!(at_once, (1..=6).map(|group| group * 365 * SERVICE_GROUP.div_ceil(365)).collect::<Vec<_>>());
        for services_at_once in [1, 7, 165, 999] {
            assert_eq!(ends(services_at_once), at_once, "{services_at_once}");
        }
    }
}

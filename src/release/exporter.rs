//! What a format must do to carry a table out, and the cells from which the row formats write.

use std::path::Path;

use arrow::array::types::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::array::{
    Array, ArrayAccessor, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;
use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::csv::CsvExporter;
use super::parquet::ParquetExporter;
use super::rows::Rows;
use super::xlsx::XlsxExporter;
use crate::error::{Error, Result};
use crate::schema::{Field, Format, TableSchema};

/// What every exported file says of itself.
#[derive(Debug, Clone)]
pub struct About {
    /// The title of the publication, in French.
    pub title: String,
    /// The title of the publication, in English.
    pub title_en: String,
    /// The version of the publication.
    pub version: String,
    /// The instant up to which the data were read.
    pub as_of: DateTime<Utc>,
    /// Whether the data were made up, to try the whole chain.
    pub simulated: bool,
    /// The name of the licence.
    pub licence: &'static str,
    /// Where the licence can be read.
    pub licence_url: &'static str,
}

/// A table on its way out: its rows are conformed to the schema and in published order.
#[derive(Clone, Copy)]
pub struct Export<'a> {
    /// The declaration of the table.
    pub table: &'a TableSchema,
    /// Its rows; a text column may be a dictionary of texts.
    pub rows: &'a dyn Rows,
    /// What the file says of itself.
    pub about: &'a About,
}

/// One format. The same export gives the same bytes.
pub trait Exporter: Sync {
    /// The format, as the schemas name it.
    fn format(&self) -> Format;

    /// The extension of its files, without a dot.
    fn extension(&self) -> &'static str;

    /// The media type under which its files are served.
    fn media_type(&self) -> &'static str;

    /// Whether the format holds as many rows.
    fn holds(&self, _rows: usize) -> bool {
        true
    }

    /// Writes the whole table into a file, replacing what was there.
    ///
    /// Not atomic: after an error the file may hold part of the table, so write where nobody reads yet.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the file cannot be written,
    /// [`Internal`](crate::error::Kind::Internal) with table, column and row when a value has no faithful form in this
    /// format, [`Usage`](crate::error::Kind::Usage) when the table as a whole does not fit it.
    fn export(&self, export: &Export<'_>, path: &Path) -> Result<()>;
}

/// The exporter of a format.
#[must_use]
pub fn exporter(format: Format) -> &'static dyn Exporter {
    match format {
        Format::Parquet => &ParquetExporter,
        Format::Csv => &CsvExporter,
        Format::Xlsx => &XlsxExporter,
    }
}

impl Export<'_> {
    /// Hands over each row, numbered from 1, in order; `None` is a null.
    pub(super) fn each_row(&self, mut write: impl FnMut(usize, &[Option<Cell<'_>>]) -> Result<()>) -> Result<()> {
        let mut row = 0;
        self.rows.each(&mut |batch| {
            let columns = self.columns(batch)?;
            let mut cells = Vec::with_capacity(columns.len());
            for index in 0..batch.num_rows() {
                row += 1;
                cells.clear();
                for (field, column) in self.table.fields.iter().zip(&columns) {
                    cells.push(column.cell(index).map_err(|why| self.refusal(field, row, why))?);
                }
                write(row, &cells)?;
            }
            Ok(())
        })
    }

    /// A value that cannot leave. The value itself stays out of the message: it may be what must not be published.
    pub(super) fn refusal(&self, field: &Field, row: usize, why: &str) -> Error {
        Error::internal(format!("the value {why} and cannot be published"))
            .at(format!("table {}, column {}, row {row}", self.table.name, field.name))
            .hint("mend what makes this column: the decoder, the registry file or the model")
    }

    fn columns<'b>(&self, batch: &'b RecordBatch) -> Result<Vec<Column<'b>>> {
        let (schema, fields) = (batch.schema(), &self.table.fields);
        if !schema.fields().iter().map(|found| found.name()).eq(fields.iter().map(|field| &field.name)) {
            return Err(Error::internal(format!(
                "the columns of the table {} are not those declared",
                self.table.name
            )));
        }
        let column = |(field, array): (&Field, &'b ArrayRef)| {
            Column::of(field, array).ok_or_else(|| {
                Error::internal("the column is not of its declared type")
                    .at(format!("table {}, column {}", self.table.name, field.name))
            })
        };
        fields.iter().zip(batch.columns()).map(column).collect()
    }
}

/// One value, whatever the physical type of its column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Text(&'a str),
    Integer(i64),
    /// Finite.
    Number(f64),
    Boolean(bool),
    /// Of the years 0 to 9999.
    Date(NaiveDate),
    /// Of the years 0 to 9999.
    Instant(DateTime<Utc>),
}

/// One column of one batch, its type resolved once for all its rows.
enum Column<'a> {
    Text(&'a StringArray),
    Coded { codes: &'a Int32Array, texts: &'a StringArray },
    Integer(&'a Int32Array),
    Long(&'a Int64Array),
    Number(&'a Float64Array),
    Boolean(&'a BooleanArray),
    Date(&'a Date32Array),
    Instant(&'a TimestampMicrosecondArray),
}

impl<'a> Column<'a> {
    /// `None` when the array is of another type than the field declares.
    fn of(field: &Field, array: &'a dyn Array) -> Option<Self> {
        match (field.data_type(), array.data_type()) {
            (DataType::Utf8, DataType::Dictionary(..)) => {
                let coded = array.as_dictionary_opt::<Int32Type>()?;
                Some(Self::Coded { codes: coded.keys(), texts: coded.values().as_string_opt()? })
            }
            (declared, found) if &declared != found => None,
            (DataType::Utf8, _) => array.as_string_opt().map(Self::Text),
            (DataType::Int32, _) => array.as_primitive_opt::<Int32Type>().map(Self::Integer),
            (DataType::Int64, _) => array.as_primitive_opt::<Int64Type>().map(Self::Long),
            (DataType::Float64, _) => array.as_primitive_opt::<Float64Type>().map(Self::Number),
            (DataType::Boolean, _) => array.as_boolean_opt().map(Self::Boolean),
            (DataType::Date32, _) => array.as_primitive_opt::<Date32Type>().map(Self::Date),
            (DataType::Timestamp(..), _) => array.as_primitive_opt::<TimestampMicrosecondType>().map(Self::Instant),
            _ => None,
        }
    }

    /// The value of a row, or why it has no place in an open file.
    fn cell(&self, row: usize) -> Result<Option<Cell<'a>>, &'static str> {
        Ok(match *self {
            Self::Text(array) => value(array, row).map(Cell::Text),
            Self::Coded { codes, texts } => {
                // A valid code lies within its dictionary: Arrow checks it when the array is made.
                value(codes, row).and_then(|code| value(texts, usize::try_from(code).ok()?)).map(Cell::Text)
            }
            Self::Integer(array) => value(array, row).map(|value| Cell::Integer(value.into())),
            Self::Long(array) => value(array, row).map(Cell::Integer),
            Self::Number(array) => value(array, row).map(number).transpose()?,
            Self::Boolean(array) => value(array, row).map(Cell::Boolean),
            Self::Date(array) => value(array, row).map(date).transpose()?,
            Self::Instant(array) => value(array, row).map(instant).transpose()?,
        })
    }
}

fn value<A: ArrayAccessor + Copy>(array: A, row: usize) -> Option<A::Item> {
    array.is_valid(row).then(|| array.value(row))
}

fn number(value: f64) -> Result<Cell<'static>, &'static str> {
    if value.is_finite() { Ok(Cell::Number(value)) } else { Err("is not a finite number") }
}

fn date(days: i32) -> Result<Cell<'static>, &'static str> {
    let date = NaiveDate::from_epoch_days(days).filter(has_iso_year);
    date.map(Cell::Date).ok_or("is not a date of the years 0 to 9999")
}

fn instant(micros: i64) -> Result<Cell<'static>, &'static str> {
    let instant = DateTime::from_timestamp_micros(micros).filter(has_iso_year);
    instant.map(Cell::Instant).ok_or("is not an instant of the years 0 to 9999")
}

/// ISO 8601 writes other years only by mutual agreement, and no reader has agreed.
fn has_iso_year(date: &impl Datelike) -> bool {
    (0..=9999).contains(&date.year())
}

/// A table with a column of every type, for the tests of every format.
#[cfg(test)]
pub(super) mod fixture {
    use std::sync::Arc;

    use arrow::array::DictionaryArray;
    use serde_json::json;

    use super::*;

    pub fn table() -> TableSchema {
        let field = |(name, kind): (&str, &str)| {
            json!({
                "name": name, "title": format!("Titre {name}"), "title_en": format!("Title {name}"), "type": kind,
                "description": "Une part : `a | b`.", "description_en": "A <share>.", "example": "0.5",
                "unit": (name == "taux").then_some("1"), "arrow": (name == "octets").then_some("int64"),
                "constraints": if name == "taux" { json!({ "minimum": 0 }) } else { json!({}) }
            })
        };
        let fields = [
            ("code", "string"),
            ("issue", "string"),
            ("essais", "integer"),
            ("octets", "integer"),
            ("taux", "number"),
            ("prevu", "boolean"),
            ("jour", "date"),
            ("instant", "datetime"),
        ];
        serde_json::from_value(json!({
            "name": "essai", "title": "Table d'essai", "title_en": "Test table", "description": "Une ligne.",
            "description_en": "One row.", "version": "1.0.0", "primaryKey": ["code"],
            "guichets": { "origin": "model", "formats": ["csv", "xlsx"], "order": ["code"] },
            "fields": fields.map(field)
        }))
        .unwrap()
    }

    /// A full row, then a row of nulls.
    pub fn batch(table: &TableSchema, code: &str, taux: f64, micros: i64) -> RecordBatch {
        let instants = TimestampMicrosecondArray::from(vec![Some(micros), None]).with_timezone("UTC");
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![Some(code), None])),
            Arc::new([Some("non"), None].into_iter().collect::<DictionaryArray<Int32Type>>()),
            Arc::new(Int32Array::from(vec![Some(-3), None])),
            Arc::new(Int64Array::from(vec![Some(1 << 40), None])),
            Arc::new(Float64Array::from(vec![Some(taux), None])),
            Arc::new(BooleanArray::from(vec![Some(true), None])),
            Arc::new(Date32Array::from(vec![Some(18_007), None])),
            Arc::new(instants),
        ];
        RecordBatch::try_from_iter_with_nullable(
            table.fields.iter().zip(columns).map(|(field, column)| (&field.name, column, true)),
        )
        .unwrap()
    }

    pub fn about(simulated: bool) -> About {
        About {
            title: "Guichets ouverts".into(),
            title_en: "Open counters".into(),
            version: "2019.04".into(),
            as_of: DateTime::from_timestamp(1_555_854_300, 0).unwrap(),
            simulated,
            licence: "Licence Ouverte 2.0",
            licence_url: "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
        }
    }
}

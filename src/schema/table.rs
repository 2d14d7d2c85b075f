//! The declaration of one table, as read from its file.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::error::{Context, Error, Result};

/// One of the two languages of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// French, the language of the published identifiers.
    French,
    /// English.
    English,
}

/// A Table Schema with the few keys of our own: `*_en` texts, `unit`, `arrow`, and [`Publication`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableSchema {
    /// The table's name: a slug, the stem of its files.
    pub name: String,
    /// One line, in French.
    pub title: String,
    /// One line, in English.
    #[serde(rename = "title_en")]
    pub title_en: String,
    /// What a row is, in French.
    pub description: String,
    /// What a row is, in English.
    #[serde(rename = "description_en")]
    pub description_en: String,
    /// Semantic version of the schema.
    pub version: String,
    /// The columns that identify a row.
    pub primary_key: Vec<String>,
    /// How the table is made and published.
    pub guichets: Publication,
    /// The columns, in order.
    pub fields: Vec<Field>,
    /// The text of the file, as published.
    #[serde(skip)]
    pub text: String,
}

/// How a table is made and published.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// Which station makes it.
    pub origin: Origin,
    /// In which formats it leaves; in none where it is only a step on the way to others, which their models make again.
    pub formats: Vec<Format>,
    /// The order of its rows. Where it begins with the service (in a month, where the table is split by months), the model that
    /// makes the table looks at one service at a time, and may be run on some of them alone.
    pub order: Vec<String>,
    /// The column by whose value the table is split into files, if it is: each part is made of that month's rows alone.
    #[serde(default)]
    pub partition: Option<String>,
    /// Of a table by month: whether the months of a year that is over are put together in one file. Tables are, of which other
    /// models read the whole history; the large ones are not.
    #[serde(default)]
    pub joins_years: bool,
    /// The column that dates the rows of a table that is made whole and leaves in parts: a year that is over is one part,
    /// which never changes; of the year under way each month is one, or the whole year where the column names weeks.
    #[serde(default)]
    pub split: Option<String>,
    /// Of a table by days, or by the periods of a year, how far reaches what was logged: a run on top of another version makes anew
    /// what something new reaches, and what lies before stays as it is. Its first column of order names the period, or it is split
    /// by it, or it leaves in no format.
    #[serde(default)]
    pub reach: Option<Reach>,
    /// Whether a change of it makes months be derived again: those of its column `mois`, or those that its rows span from
    /// `debut_utc` to `fin_utc`.
    #[serde(default)]
    pub reopens: bool,
    /// Whether it is there for other tables, and for whoever recomputes them: all that is shown to readers has it last.
    #[serde(default)]
    pub intermediate: bool,
}

/// The columns that name a period, whose text begins with its year.
const PERIODS: [&str; 3] = ["mois", "trimestre", "annee"];

/// How far reaches what was logged on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// To the rows of that day.
    Day,
    /// To those of each day on which a cycle begins that goes on then.
    Cycle,
    /// To those of its month; all that such a table is made of has a month, too, or knows none.
    Month,
    /// To those of the weeks, months and quarters of its year, and of the year.
    Year,
}

/// The station that makes a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Decoded from the raw logs.
    Ingest,
    /// Kept by hand in the registry.
    Registry,
    /// Expanded from the dated schedule.
    Schedule,
    /// The outcome rules.
    Rules,
    /// The thresholds of the method.
    Settings,
    /// `models/<table>.sql`.
    Model,
}

/// A format in which a table leaves; the exporter of each is in `release`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values.
    Csv,
    /// Office Open XML workbook.
    Xlsx,
}

/// The declaration of one column.
#[derive(Debug, Clone, Deserialize)]
pub struct Field {
    /// ASCII, `snake_case`.
    pub name: String,
    /// One line, in French.
    pub title: String,
    /// One line, in English.
    pub title_en: String,
    /// Its logical type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// What it means, in French.
    pub description: String,
    /// What it means, in English.
    pub description_en: String,
    /// A value, as it would stand in the CSV.
    pub example: String,
    /// The unit of a number.
    #[serde(default)]
    pub unit: Option<String>,
    /// `int64` where 32 bits are too few.
    #[serde(default)]
    pub arrow: Option<String>,
    /// What a value must satisfy.
    #[serde(default)]
    pub constraints: Constraints,
}

/// The logical types in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text.
    String,
    /// A whole number, of 32 bits unless the field says otherwise.
    Integer,
    /// A real number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A calendar date.
    Date,
    /// An instant in UTC.
    Datetime,
}

/// What a value must satisfy.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraints {
    /// Never null.
    #[serde(default)]
    pub required: bool,
    /// No value twice.
    #[serde(default)]
    pub unique: bool,
    /// One of these.
    #[serde(default, rename = "enum")]
    pub one_of: Option<Vec<String>>,
    /// Not below.
    #[serde(default)]
    pub minimum: Option<f64>,
    /// Not above.
    #[serde(default)]
    pub maximum: Option<f64>,
    /// A regular expression that the whole text matches.
    #[serde(default)]
    pub pattern: Option<String>,
}

impl TableSchema {
    /// Reads and checks one schema.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when it cannot be read or names columns that it does not declare.
    pub fn load(path: &Path) -> Result<Self> {
        let place = |error: Error| error.at_path(path);
        let text = std::fs::read_to_string(path).usage("cannot read the table schema").map_err(place)?;
        let table = Self::parse(text).map_err(place)?;
        let stem = path.file_stem().unwrap_or_default();
        if stem != table.name.as_str() {
            return Err(place(Error::usage(format!("the schema is named {}, its file is not", table.name))));
        }
        Ok(table)
    }

    /// Checks one schema.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when it is none, or names columns that it does not declare.
    pub fn parse(text: String) -> Result<Self> {
        let mut table: Self = serde_json::from_str(&text).usage("not a table schema")?;
        table.text = text;
        let parts = table.guichets.partition.iter().chain(&table.guichets.split);
        for column in table.primary_key.iter().chain(&table.guichets.order).chain(parts) {
            if table.field(column).is_none() {
                return Err(Error::usage(format!("the column {column} is named but not declared")));
            }
        }
        if !table.has_reach_by_period() {
            return Err(Error::usage(format!(
                "the table has a reach, but is not split, and its first column of order is none of {}",
                PERIODS.join(", ")
            ))
            .hint("without a reach it is made whole each time"));
        }
        for (index, field) in table.fields.iter().enumerate() {
            if table.fields[..index].iter().any(|other| other.name == field.name) {
                return Err(Error::usage(format!("the column {} is declared twice", field.name)));
            }
        }
        Ok(table)
    }

    /// Whether it can be told of its rows, where it has a reach, which of them a day reaches.
    fn has_reach_by_period(&self) -> bool {
        let first = self.guichets.order.first();
        self.guichets.reach.is_none()
            || self.guichets.split.is_some()
            || self.guichets.formats.is_empty()
            || first.is_some_and(|column| PERIODS.contains(&column.as_str()))
    }

    /// The declaration of a column.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether it leaves in more than one file of a format.
    #[must_use]
    pub const fn in_parts(&self) -> bool {
        self.guichets.partition.is_some() || self.guichets.split.is_some()
    }

    /// The Arrow schema, with the description and the unit of each column as its metadata; of a table that is there for other
    /// tables, without: a night reads many small files of it.
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        let field = |field: &Field| {
            let metadata = if self.guichets.intermediate { HashMap::new() } else { field.metadata() };
            ArrowField::new(&field.name, field.data_type(), !field.constraints.required).with_metadata(metadata)
        };
        let fields: Vec<ArrowField> = self.fields.iter().map(field).collect();
        Arc::new(Schema::new(fields))
    }

    /// The title in a language.
    #[must_use]
    pub fn title_in(&self, language: Language) -> &str {
        match language {
            Language::French => &self.title,
            Language::English => &self.title_en,
        }
    }

    /// The description in a language.
    #[must_use]
    pub fn description_in(&self, language: Language) -> &str {
        match language {
            Language::French => &self.description,
            Language::English => &self.description_en,
        }
    }
}

impl Field {
    /// The physical type: plain types only, so that every reader can follow.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self.kind {
            FieldType::String => DataType::Utf8,
            FieldType::Integer if self.arrow.as_deref() == Some("int64") => DataType::Int64,
            FieldType::Integer => DataType::Int32,
            FieldType::Number => DataType::Float64,
            FieldType::Boolean => DataType::Boolean,
            FieldType::Date => DataType::Date32,
            FieldType::Datetime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// The title in a language.
    #[must_use]
    pub fn title_in(&self, language: Language) -> &str {
        match language {
            Language::French => &self.title,
            Language::English => &self.title_en,
        }
    }

    /// The description in a language.
    #[must_use]
    pub fn description_in(&self, language: Language) -> &str {
        match language {
            Language::French => &self.description,
            Language::English => &self.description_en,
        }
    }

    fn metadata(&self) -> HashMap<String, String> {
        let mut metadata = HashMap::from([("description".to_owned(), self.description.clone())]);
        if let Some(unit) = &self.unit {
            metadata.insert("unit".to_owned(), unit.clone());
        }
        metadata
    }
}

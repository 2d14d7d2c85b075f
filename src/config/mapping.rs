//! How a foreign log maps to the contract `attempt/1`, by configuration alone.
//!
//! A value is a template: literal text with `{name}` where a column, a capture from the file's name, or a dotted path
//! of a JSON object stands (`{page.status}`, `{slots.0.count}`, `{"http.status"}`). What it gives goes through the steps
//! that [`FullMapping`] names, in their order.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::TimeForm;
use crate::attempt::MAPPED_FIELDS;
use crate::calendar::{Ambiguous, Missing};
use crate::charset::Charset;
use crate::error::{Context, Error, Result};

/// Foreign logs of one shape.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceMapping {
    /// A name that never changes: it is part of the ids given to attempts that have none.
    pub name: String,
    /// Which files: a glob against the path relative to the raw root.
    pub files: String,
    /// Where these files are archives: which of their members are logs, a glob against the path inside the archive.
    #[serde(default)]
    pub members: Option<String>,
    /// A regular expression against the same path; its named groups can be used in templates.
    #[serde(default)]
    pub file_name: Option<String>,
    /// The shape of a line.
    pub format: LogFormat,
    /// For CSV: whether the first line names the columns.
    #[serde(default)]
    pub header: bool,
    /// For CSV without a header: the names of the columns.
    #[serde(default)]
    pub columns: Vec<String>,
    /// For CSV: the delimiter.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// How the text is encoded, by a label of the Encoding Standard (`windows-1252`, `iso-8859-15`, `utf-16le`), where it
    /// is neither UTF-8 nor begins with a byte-order mark.
    #[serde(default)]
    pub encoding: Option<String>,
    /// For CSV: whether a last line without a line end is whole. A delimited line does not show by itself that it was cut.
    #[serde(default)]
    pub final_newline: FinalNewline,
    /// For CSV: columns of which each is an attempt of its own.
    #[serde(default)]
    pub unpivot: Option<Unpivot>,
    /// For NDJSON: a list of which each member is an attempt of its own.
    #[serde(default)]
    pub each: Option<Each>,
    /// When the attempt began.
    pub time: TimeMapping,
    /// The fields of the contract, `slots.count` and the like included.
    #[schemars(schema_with = "mapped_fields")]
    pub fields: BTreeMap<String, ValueMapping>,
}

const fn comma() -> char {
    ','
}

/// The shape of a foreign line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Delimited values; one line is one record, so no quoted line ends.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// Whether a last line without a line end is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FinalNewline {
    /// It may have been cut: it is set aside, and read once its end is there.
    #[default]
    Required,
    /// It is whole: whoever writes these files leaves the last end out.
    Optional,
}

/// Columns of which each is an attempt of its own: a wide table read as its long form.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unpivot {
    /// A regular expression that the names of those columns match from end to end.
    pub columns: String,
    /// What the name of the column is called in templates.
    #[serde(default = "unpivoted_name")]
    pub name: String,
    /// What its value is called in templates.
    #[serde(default = "unpivoted_value")]
    pub value: String,
    /// Values which say that nobody looked: they are counted, and are no attempts.
    #[serde(default)]
    pub no_data: Vec<String>,
}

fn unpivoted_name() -> String {
    "column".to_owned()
}

fn unpivoted_value() -> String {
    "value".to_owned()
}

/// A list of which each member is an attempt of its own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// The dotted path of the list; empty where the line itself is the list.
    #[serde(default)]
    pub path: String,
    /// What a member is called in templates: `{item.free}`.
    #[serde(default = "member_name")]
    pub name: String,
}

fn member_name() -> String {
    "item".to_owned()
}

/// When the attempt began.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeMapping {
    /// The template that gives the time's text.
    pub value: String,
    /// `rfc3339`; `epoch_s` or `epoch_ms`, counted from 1970 in UTC; or a strftime format, of a time with its offset (`%z`)
    /// or of a local time.
    pub format: String,
    /// The zone of a local time.
    #[serde(default)]
    #[schemars(with = "Option<String>", example = "Europe/Paris")]
    pub zone: Option<Tz>,
    /// What is done with a local time that happened twice.
    #[serde(default)]
    pub ambiguous: Ambiguous,
    /// What is done with a local time that never was.
    #[serde(default)]
    pub missing: Missing,
}

/// What a field of the contract is taken from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "FieldOrTemplate")]
pub enum ValueMapping {
    /// A template.
    Template(String),
    /// A template and what is made of it.
    Full(FullMapping),
}

/// A template and what is made of it, in this order.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Field")]
#[expect(clippy::struct_excessive_bools, reason = "each is a step that may be asked for")]
pub struct FullMapping {
    /// The template.
    pub value: String,
    /// Whether a JSON line may lack what the template names; otherwise such a line is set aside, as a mistyped path would
    /// set all of them aside.
    #[serde(default)]
    pub optional: bool,
    /// Without the spaces around it.
    #[serde(default)]
    pub trim: bool,
    /// In lower case.
    #[serde(default)]
    pub lower: bool,
    /// A piece of it: the first group of a regular expression, or what it matches; no match sets the line aside.
    #[serde(default)]
    pub take: Option<String>,
    /// Values which say nothing: the field is left empty.
    #[serde(default)]
    pub no_data: Vec<String>,
    /// From what there is to what is meant; a value that is not there sets the line aside.
    #[serde(default)]
    pub map: Option<BTreeMap<String, String>>,
    /// As an id made of its letters and digits: `prefecture-de-l-essonne`.
    #[serde(default)]
    pub slug: bool,
    /// As an id that stands for it: a UUID of its text and of the name of the source.
    #[serde(default)]
    pub hash: bool,
    /// For a date: its format, as for a time.
    #[serde(default)]
    pub format: Option<String>,
    /// For a date that is given as an instant: the zone in which it is a date.
    #[serde(default)]
    #[schemars(with = "Option<String>", example = "Europe/Paris")]
    pub zone: Option<Tz>,
}

/// The contract itself: what each of its fields means stands there.
const CONTRACT_SCHEMA: &str = include_str!("../../schemas/raw/attempt-v1.schema.json");

/// A table that has the fields to which a foreign log can be mapped, and no others.
fn mapped_fields(generator: &mut SchemaGenerator) -> Schema {
    let value = generator.subschema_for::<ValueMapping>();
    // Embedded text that a test reads: without it the fields would have no meaning beside their names.
    let contract: serde_json::Value = serde_json::from_str(CONTRACT_SCHEMA).unwrap_or_default();
    let property = |field: &&str| {
        let place = format!("/properties/{}", field.replace('.', "/properties/"));
        let mut schema = value.clone();
        if let Some(meaning) = contract.pointer(&place).and_then(|declared| declared.get("description")) {
            schema.insert("description".to_owned(), meaning.clone());
        }
        ((*field).to_owned(), schema.to_value())
    };
    let properties: serde_json::Map<String, serde_json::Value> = MAPPED_FIELDS.iter().map(property).collect();
    json_schema!({
        "type": "object", "properties": properties, "required": REQUIRED_FIELDS, "additionalProperties": false,
    })
}

/// The fields without which no attempt is of any service.
const REQUIRED_FIELDS: [&str; 2] = ["counter", "procedure"];

/// How a value becomes an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// By its letters and digits.
    Slug,
    /// By a UUID that stands for it.
    Hash,
}

impl TimeMapping {
    /// How the time is written.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the format cannot be kept.
    pub fn form(&self) -> Result<TimeForm> {
        TimeForm::of_instant(&self.format, self.zone)
    }
}

impl FullMapping {
    /// How the value becomes an id, where it is to.
    #[must_use]
    pub const fn digest(&self) -> Option<Digest> {
        match (self.slug, self.hash) {
            (_, true) => Some(Digest::Hash),
            (true, false) => Some(Digest::Slug),
            (false, false) => None,
        }
    }

    /// What is wrong with the steps, if anything.
    fn check(&self, field: &str) -> Result<()> {
        if let Some(take) = &self.take {
            Regex::new(take).usage("take is not a regular expression")?;
        }
        if self.slug && self.hash {
            return Err(Error::usage("a value becomes an id by slug or by hash, not by both"));
        }
        if let Some(format) = &self.format {
            TimeForm::of_field(field, format, self.zone)?;
        }
        Ok(())
    }
}

impl ValueMapping {
    /// The template.
    #[must_use]
    pub fn template(&self) -> &str {
        match self {
            Self::Template(template) => template,
            Self::Full(full) => &full.value,
        }
    }
}

impl SourceMapping {
    /// Finds what can be found wrong before any line is read.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage), naming the source and the key.
    pub fn check(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::usage(format!("source « {} »: {what}", self.name)));
        if let Some(pattern) = &self.file_name {
            Regex::new(pattern).usage(format!("source « {} »: file_name", self.name))?;
        }
        glob::Pattern::new(&self.files).usage(format!("source « {} »: files", self.name))?;
        if let Some(members) = &self.members {
            glob::Pattern::new(members).usage(format!("source « {} »: members", self.name))?;
        }
        if !self.delimiter.is_ascii() || matches!(self.delimiter, '"' | '\r' | '\n') {
            return wrong("delimiter must be one ASCII character, and neither a quote nor a line end".to_owned());
        }
        if self.format == LogFormat::Csv && !self.header && self.columns.is_empty() {
            return wrong("a CSV without a header needs columns = [...]".to_owned());
        }
        if let Some(twice) = self.columns.iter().enumerate().find(|(at, name)| self.columns[..*at].contains(name)) {
            return wrong(format!("two columns are called « {} »", twice.1));
        }
        self.charset()?;
        self.check_members()?;
        let of_key = |key: &str, error: Error| {
            let advice =
                error.advice().unwrap_or("the keys of a mapping are described in pipelines/README.md").to_owned();
            Error::usage(format!("source « {} », {key}: {error}", self.name)).hint(advice)
        };
        self.time.form().map_err(|error| of_key("time", error))?;
        for (name, value) in &self.fields {
            if let ValueMapping::Full(full) = value {
                full.check(name).map_err(|error| of_key(&format!("fields.{name}"), error))?;
            }
        }
        for required in REQUIRED_FIELDS {
            if !self.fields.contains_key(required) {
                return wrong(format!("fields.{required} is missing"));
            }
        }
        for name in self.fields.keys() {
            if !MAPPED_FIELDS.contains(&name.as_str()) {
                return wrong(format!(
                    "fields.{name} is not a field that can be mapped ({})",
                    MAPPED_FIELDS.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// What is wrong with the lists whose members are attempts, if anything.
    fn check_members(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::usage(format!("source « {} »: {what}", self.name)));
        if self.unpivot.is_some() && self.format != LogFormat::Csv {
            return wrong("unpivot is for CSV; a list of a JSON line is read with each");
        }
        if self.each.is_some() && self.format != LogFormat::Ndjson {
            return wrong("each is for NDJSON; columns of a CSV are read with unpivot");
        }
        if self.unpivot.is_some() && !self.header {
            self.unpivoted(&self.columns)?;
        }
        match &self.unpivot {
            Some(unpivot) => {
                Regex::new(&unpivot.columns).usage(format!("source « {} »: unpivot.columns", self.name))?;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The positions of the columns that are attempts of their own.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the pattern is none.
    pub fn unpivoted(&self, columns: &[String]) -> Result<Vec<usize>> {
        let Some(unpivot) = &self.unpivot else { return Ok(Vec::new()) };
        let pattern = Regex::new(&format!("^(?:{})$", unpivot.columns))
            .usage(format!("source « {} »: unpivot.columns", self.name))?;
        Ok(columns.iter().enumerate().filter(|(_, name)| pattern.is_match(name)).map(|(at, _)| at).collect())
    }

    /// How the text is encoded, unless a mark says otherwise.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when there is no encoding of that name, or one whose lines cannot be found.
    pub fn charset(&self) -> Result<Charset> {
        let Some(label) = &self.encoding else { return Ok(Charset::default()) };
        Charset::of_label(label).ok_or_else(|| {
            Error::usage(format!("source « {} »: encoding « {label} » cannot be read line by line", self.name))
                .hint("name UTF-8, UTF-16LE, UTF-16BE or an encoding of one byte a letter, such as windows-1252")
        })
    }

    /// The delimiter; the pipeline was refused if it is not ASCII.
    #[must_use]
    pub fn delimiter_byte(&self) -> u8 {
        u8::try_from(self.delimiter).unwrap_or(b',')
    }
}

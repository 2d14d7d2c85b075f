//! How a foreign log maps to the contract `attempt/1`, by configuration alone.
//!
//! A value is a template: literal text with `{name}` where a column, a capture from the file's name, or a dotted path
//! of a JSON object stands. A template may have a `map` from what it gives to what is meant.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::Deserialize;

use crate::attempt::MAPPED_FIELDS;
use crate::calendar::{Ambiguous, Missing};
use crate::error::{Context, Error, Result};

/// Foreign logs of one shape.
#[derive(Debug, Clone, Deserialize)]
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
    /// When the attempt began.
    pub time: TimeMapping,
    /// The fields of the contract, `slots.count` and the like included.
    pub fields: BTreeMap<String, ValueMapping>,
}

const fn comma() -> char {
    ','
}

/// The shape of a foreign line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Delimited values; one line is one record, so no quoted line ends.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// When the attempt began.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeMapping {
    /// The template that gives the time's text.
    pub value: String,
    /// `rfc3339`, or a strftime format of a local time.
    pub format: String,
    /// The zone of a local time.
    #[serde(default)]
    pub zone: Option<Tz>,
    /// What is done with a local time that happened twice.
    #[serde(default)]
    pub ambiguous: Ambiguous,
    /// What is done with a local time that never was.
    #[serde(default)]
    pub missing: Missing,
}

/// What a field of the contract is taken from.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ValueMapping {
    /// A template.
    Template(String),
    /// A template and what is made of it.
    Full(FullMapping),
}

/// A template and what is made of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullMapping {
    /// The template.
    pub value: String,
    /// From what the template gives to what is meant; a value that is not there sets the line aside.
    #[serde(default)]
    pub map: Option<BTreeMap<String, String>>,
    /// For a date: its strftime format.
    #[serde(default)]
    pub format: Option<String>,
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

    /// The map, if there is one.
    #[must_use]
    pub const fn map(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Template(_) => None,
            Self::Full(full) => full.map.as_ref(),
        }
    }

    /// The format of a date, if there is one.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        match self {
            Self::Template(_) => None,
            Self::Full(full) => full.format.as_deref(),
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
            regex::Regex::new(pattern).usage(format!("source « {} »: file_name", self.name))?;
        }
        glob::Pattern::new(&self.files).usage(format!("source « {} »: files", self.name))?;
        if let Some(members) = &self.members {
            glob::Pattern::new(members).usage(format!("source « {} »: members", self.name))?;
        }
        if !self.delimiter.is_ascii() {
            return wrong("delimiter must be one ASCII character".to_owned());
        }
        if self.format == LogFormat::Csv && !self.header && self.columns.is_empty() {
            return wrong("a CSV without a header needs columns = [...]".to_owned());
        }
        if self.time.format != "rfc3339" && self.time.zone.is_none() {
            return wrong("time.zone is needed to read local times".to_owned());
        }
        for required in ["counter", "procedure"] {
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
}

//! Foreign logs, read through the pipeline's mapping into the contract `attempt/1`.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime};
use regex::Regex;
use serde_json::Value;

use super::reject::{Reason, Reject};
use crate::attempt::{CONTRACT, Failure, MAPPED_FIELDS, RawAttempt, Slots, System, Text};
use crate::calendar::{NoInstant, resolve};
use crate::config::{LogFormat, SourceMapping, ValueMapping};
use crate::error::{Context, Error, Result};

/// A mapping made ready for one file.
#[derive(Debug)]
pub struct FileMapping<'m> {
    source: &'m SourceMapping,
    time: Template<'m>,
    fields: Vec<(&'static str, Template<'m>, &'m ValueMapping)>,
    /// How many values a CSV line must have.
    width: usize,
}

/// A template whose names are resolved.
#[derive(Debug)]
struct Template<'m>(Vec<Part<'m>>);

#[derive(Debug)]
enum Part<'m> {
    Literal(Cow<'m, str>),
    Column(usize),
    Path(&'m str),
}

/// The values of one foreign line.
enum Row<'l> {
    Values(Vec<Cow<'l, str>>),
    Object(Value),
}

impl<'m> FileMapping<'m> {
    /// Whether a file is of this mapping.
    #[must_use]
    pub fn applies(source: &SourceMapping, name: &str) -> bool {
        // The pattern was checked when the pipeline was loaded.
        glob::Pattern::new(&source.files).is_ok_and(|pattern| pattern.matches(name))
    }

    /// Resolves the templates of a mapping for one file; `header` is its first line, where the format has one.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when a template names what neither the columns nor the file's name have.
    pub fn new(source: &'m SourceMapping, name: &str, header: Option<&str>) -> Result<Self> {
        let columns: Vec<String> = match header {
            Some(line) => split(line, source.delimiter).into_iter().map(Cow::into_owned).collect(),
            None => source.columns.clone(),
        };
        let pattern = match &source.file_name {
            None => None,
            Some(pattern) => Some(Regex::new(pattern).usage(format!("source « {} »: file_name", source.name))?),
        };
        let captures = pattern.as_ref().and_then(|pattern| pattern.captures(name));
        let resolve = |key: &'m str| -> Option<Part<'m>> {
            if let Some(capture) = captures.as_ref().and_then(|captures| captures.name(key)) {
                return Some(Part::Literal(Cow::Owned(capture.as_str().to_owned())));
            }
            match source.format {
                LogFormat::Csv => columns.iter().position(|column| column == key).map(Part::Column),
                LogFormat::Ndjson => Some(Part::Path(key)),
            }
        };
        let template = |text: &'m str| -> Result<Template<'m>> {
            Template::parse(text, &resolve).map_err(|unknown| {
                Error::usage(format!("source « {} »: nothing is called {{{unknown}}}", source.name))
                    .at(name)
                    .hint(format!("the columns of this file are {}; file_name can capture more", columns.join(", ")))
            })
        };
        let mut fields = Vec::new();
        for field in MAPPED_FIELDS {
            if let Some(value) = source.fields.get(*field) {
                fields.push((*field, template(value.template())?, value));
            }
        }
        Ok(Self { source, time: template(&source.time.value)?, fields, width: columns.len() })
    }

    /// Decodes a line.
    ///
    /// # Errors
    /// Why it is set aside.
    pub fn decode<'l>(&'l self, line: &'l str) -> Result<RawAttempt<'l>, Reject> {
        let row = match self.source.format {
            LogFormat::Csv => Row::Values(split(line, self.source.delimiter)),
            LogFormat::Ndjson => {
                Row::Object(serde_json::from_str(line).map_err(|_| Reject::line(Reason::InvalidJson))?)
            }
        };
        if let Row::Values(values) = &row
            && values.len() != self.width
        {
            return Err(Reject::line(Reason::UnexpectedColumns));
        }
        let mut raw = RawAttempt { contract: CONTRACT.into(), attempt_no: 1, ..RawAttempt::default() };
        let mut slots = Slots::default();
        for (field, template, mapping) in &self.fields {
            let text = template.render(&row);
            let value = match mapping.map() {
                None => text,
                Some(map) => {
                    let meant = map.get(&*text).ok_or(Reject::field(Reason::InvalidValue, field))?;
                    Cow::Borrowed(meant.as_str())
                }
            };
            if !value.is_empty() {
                set(&mut raw, &mut slots, field, value, mapping.format())?;
            }
        }
        if slots != Slots::default() {
            raw.slots = Some(slots);
        }
        raw.started_at = self.instant(&self.time.render(&row))?.into();
        if raw.attempt_id.is_empty() {
            raw.attempt_id = self.derived_id(&raw, line).into();
        }
        Ok(raw)
    }

    fn instant(&self, text: &str) -> Result<String, Reject> {
        let time = &self.source.time;
        let invalid = Reject::field(Reason::InvalidDate, "started_at");
        if time.format == "rfc3339" {
            return Ok(text.to_owned());
        }
        let local = NaiveDateTime::parse_from_str(text, &time.format).map_err(|_| invalid)?;
        let instant =
            resolve(local, time.zone.ok_or(invalid)?, time.ambiguous, time.missing).map_err(|no_instant| {
                match no_instant {
                    NoInstant::Missing => Reject::field(Reason::MissingLocalTime, "started_at"),
                    NoInstant::Ambiguous => Reject::field(Reason::AmbiguousLocalTime, "started_at"),
                }
            })?;
        Ok(instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }

    /// A name-based UUID (RFC 9562, version 5) of what the line says and of which service: a line delivered twice, even
    /// under another file name, has one id, and two lines that differ have two.
    fn derived_id(&self, raw: &RawAttempt<'_>, line: &str) -> String {
        let name = [&*self.source.name, &*raw.counter, &*raw.procedure, raw.planning.as_deref().unwrap_or(""), line];
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.join("\u{1f}").as_bytes()).to_string()
    }
}

/// Puts one mapped value into its field.
fn set<'l>(
    raw: &mut RawAttempt<'l>,
    slots: &mut Slots<'l>,
    field: &'static str,
    value: Cow<'l, str>,
    date_format: Option<&str>,
) -> Result<(), Reject> {
    let wrong = || Reject::field(Reason::WrongType, field);
    let small = |value: &str| value.trim().parse::<i32>().map_err(|_| wrong());
    let date = |value: Cow<'l, str>| -> Result<Option<Text<'l>>, Reject> {
        let Some(format) = date_format else { return Ok(Some(Text(value))) };
        let parsed = NaiveDateTime::parse_from_str(&value, format)
            .map(|time| time.date())
            .or_else(|_| NaiveDate::parse_from_str(&value, format))
            .map_err(|_| Reject::field(Reason::InvalidDate, field))?;
        Ok(Some(parsed.to_string().into()))
    };
    match field {
        "attempt_id" => raw.attempt_id = Text(value),
        "run_id" => raw.run_id = Some(Text(value)),
        "counter" => raw.counter = Text(value),
        "procedure" => raw.procedure = Text(value),
        "planning" => raw.planning = Some(Text(value)),
        "system" => raw.system = System::from_code(&value).ok_or(Reject::field(Reason::InvalidValue, field))?,
        "target_url" => raw.target_url = Some(Text(value)),
        "final_url" => raw.final_url = Some(Text(value)),
        "step" => raw.step = Some(Text(value)),
        "http_status" => raw.http_status = Some(small(&value)?),
        "failure" => {
            raw.failure = Some(Failure::from_code(&value).ok_or(Reject::field(Reason::InvalidValue, field))?);
        }
        "page_title" => raw.page_title = Some(Text(value)),
        "page_text" => raw.page_text = Some(Text(value)),
        "slots.count" => slots.count = Some(small(&value)?),
        "slots.first_date" => slots.first_date = date(value)?,
        "slots.second_date" => slots.second_date = date(value)?,
        "slots.horizon_days" => slots.horizon_days = Some(small(&value)?),
        "verdict" => raw.verdict = Some(Text(value)),
        "probe" => raw.probe = Some(Text(value)),
        "probe_version" => raw.probe_version = Some(Text(value)),
        "vantage" => raw.vantage = Some(Text(value)),
        "duration_ms" => raw.duration_ms = Some(value.trim().parse().map_err(|_| wrong())?),
        "try" => raw.attempt_no = small(&value)?,
        _ => return Err(Reject::field(Reason::UnknownField, field)),
    }
    Ok(())
}

impl<'m> Template<'m> {
    fn parse(text: &'m str, resolve: &impl Fn(&'m str) -> Option<Part<'m>>) -> Result<Self, &'m str> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}').ok_or(behind)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(Cow::Borrowed(literal)));
            }
            parts.push(resolve(name).ok_or(name)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(Cow::Borrowed(rest)));
        }
        Ok(Self(parts))
    }

    fn render<'l>(&'l self, row: &Row<'l>) -> Cow<'l, str> {
        match self.0.as_slice() {
            [Part::Literal(text)] => Cow::Borrowed(text),
            [part] => part.render(row),
            parts => parts.iter().map(|part| part.render(row)).collect::<String>().into(),
        }
    }
}

impl Part<'_> {
    fn render<'l>(&'l self, row: &Row<'l>) -> Cow<'l, str> {
        match (self, row) {
            (Part::Literal(text), _) => Cow::Borrowed(text),
            // The number of values was checked against the columns.
            (Part::Column(index), Row::Values(values)) => values[*index].clone(),
            (Part::Path(path), Row::Object(object)) => {
                match path.split('.').try_fold(object, |value, key| value.get(key)) {
                    None | Some(Value::Null) => Cow::Borrowed(""),
                    Some(Value::String(text)) => Cow::Owned(text.clone()),
                    Some(other) => Cow::Owned(other.to_string()),
                }
            }
            (Part::Column(_), Row::Object(_)) | (Part::Path(_), Row::Values(_)) => Cow::Borrowed(""),
        }
    }
}

/// The values of a delimited line. A line without a quote is split where it stands; any other goes through `csv`.
fn split(line: &str, delimiter: char) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(delimiter).map(Cow::Borrowed).collect();
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        // The pipeline was refused if the delimiter is not ASCII.
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .from_reader(line.as_bytes());
    let record = reader.records().next().and_then(std::result::Result::ok).unwrap_or_default();
    record.iter().map(|value| Cow::Owned(value.to_owned())).collect()
}

//! Reads a configuration, and says of a key that there is not which one was meant.

use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::keys::{joined, keys};
use super::schema::{alternatives, json_schema};
use crate::error::{Context, Error, Result};

/// Keys that were settings once, and why they are none.
const CONSTANTS: [(&str, &str); 1] =
    [("method.z95", "what is published as ic95 is a 95 % interval, so its quantile is no setting: take the line out")];

/// Reads a text as a `T`.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) with the line: it is no TOML, a key of it is unknown, a number is out of the bounds
/// that the schema of `T` gives, or a value is none of its key.
pub fn read<T: DeserializeOwned + JsonSchema>(text: &str, what: &str, path: Option<&Path>) -> Result<T> {
    // A text that is no TOML is told below.
    if let Ok(table) = DeTable::parse(text) {
        let schema = json_schema::<T>();
        if let Some((offset, error)) = (Search { root: &schema, what }).table(table.get_ref(), &schema, "") {
            let line = 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
            return Err(match path {
                Some(path) => error.at(format!("{}:{line}", path.display())),
                None => error.at(format!("line {line}")),
            });
        }
    }
    let read = toml::from_str(text).usage(format!("no {what} in TOML"));
    read.map_err(|error| match path {
        Some(path) => error.at_path(path),
        None => error,
    })
}

/// A fault, and the byte of the text where it stands.
type Fault = (usize, Error);

struct Search<'a> {
    root: &'a Value,
    what: &'a str,
}

impl Search<'_> {
    fn table(&self, table: &DeTable<'_>, schema: &Value, path: &str) -> Option<Fault> {
        let tables: Vec<&Value> =
            alternatives(self.root, schema).into_iter().filter(|schema| schema["properties"].is_object()).collect();
        // A table where a text stands is told when it is read.
        if tables.is_empty() {
            return None;
        }
        let faults = table.iter().filter_map(|(key, value)| {
            let name = key.get_ref().as_ref();
            let within = joined(path, name);
            match tables.iter().find_map(|table| table["properties"].get(name)) {
                Some(property) => self.value(value.get_ref(), property, &within, value.span().start),
                None if tables.iter().any(|table| table["additionalProperties"] == false) => {
                    Some((key.span().start, self.unknown(&tables, name, &within)))
                }
                None => None,
            }
        });
        // A table keeps its keys by name, and a person reads from the top.
        faults.min_by_key(|(offset, _)| *offset)
    }

    fn value(&self, value: &DeValue<'_>, schema: &Value, path: &str, offset: usize) -> Option<Fault> {
        match value {
            DeValue::Table(table) => self.table(table, schema, path),
            DeValue::Array(values) => {
                let members = alternatives(self.root, schema).into_iter().map(|schema| &schema["items"]);
                let members: Vec<&Value> = members.filter(|items| items.is_object()).collect();
                let fault = |items: &&Value| {
                    values.iter().find_map(|value| self.value(value.get_ref(), items, path, value.span().start))
                };
                members.iter().find_map(fault)
            }
            DeValue::Integer(number) => {
                let read = i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()?;
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "bounds are far below 2^53, and so is a number near one"
                )]
                self.bounds(read as f64, &read.to_string(), schema, path).map(|error| (offset, error))
            }
            DeValue::Float(number) => {
                let read: f64 = number.as_str().replace('_', "").parse().ok()?;
                self.bounds(read, number.as_str(), schema, path).map(|error| (offset, error))
            }
            _ => None,
        }
    }

    /// What is wrong with a number, if anything; one that is no number is within no bounds.
    fn bounds(&self, number: f64, written: &str, schema: &Value, path: &str) -> Option<Error> {
        let places = || std::iter::once(schema).chain(alternatives(self.root, schema));
        let bound = |name: &str| places().find_map(|place| place[name].as_f64());
        let (least, most) = (bound("minimum"), bound("maximum"));
        let is_low = least.is_some_and(|least| number < least || number.is_nan());
        let is_high = most.is_some_and(|most| number > most || number.is_nan());
        let told = match (least, most) {
            (Some(least), Some(most)) if is_low || is_high => format!("not between {least} and {most}"),
            (Some(least), None) if is_low => format!("less than {least}"),
            (None, Some(most)) if is_high => format!("more than {most}"),
            _ => return None,
        };
        let error = Error::usage(format!("{path} {written} is {told}"));
        Some(match places().find_map(|place| place["description"].as_str()) {
            Some(meaning) => error.hint(meaning.replace('\n', " ")),
            None => error,
        })
    }

    fn unknown(&self, tables: &[&Value], name: &str, path: &str) -> Error {
        let error = Error::usage(format!("unknown key « {path} »: a {} has none of that name", self.what));
        if let Some((_, why)) = CONSTANTS.iter().find(|(constant, _)| *constant == path) {
            return error.hint(*why);
        }
        let known: Vec<&str> = tables
            .iter()
            .filter_map(|table| table["properties"].as_object())
            .flat_map(|properties| properties.keys().map(String::as_str))
            .collect();
        let near = known.iter().map(|key| (strsim::damerau_levenshtein(key, name), *key));
        if let Some((_, key)) = near.min().filter(|(distance, _)| *distance <= 1 + name.chars().count() / 4) {
            return error.hint(format!("the nearest that there is: « {key} »"));
        }
        let elsewhere = keys(self.root).into_iter().find(|key| key.rsplit('.').next() == Some(name));
        if let Some(key) = elsewhere {
            return error.hint(format!("there is « {key} »: a key belongs below the heading of its own table"));
        }
        error.hint(format!("here there are {}; docs/CONFIGURATION.md says what each means", known.join(", ")))
    }
}

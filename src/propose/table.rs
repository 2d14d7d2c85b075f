//! The shape of a sample's lines, and what stands in their columns.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::forms::reads_as_time;
use super::sample::Sample;
use crate::attempt::{CONTRACT, RawAttempt};
use crate::calendar::parse_rfc3339;
use crate::error::{Error, Result};

/// What lines are.
pub enum Shape {
    /// Lines of the contract; when they began.
    Contract(Vec<DateTime<Utc>>),
    /// Lines of another shape.
    Table(Table),
}

/// Lines as rows of columns.
#[derive(Debug, Default)]
pub struct Table {
    /// The delimiter; JSON where there is none.
    pub delimiter: Option<u8>,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Where the records are in a list of each line: its path.
    pub each: Option<String>,
    /// The columns, in their order.
    pub columns: Vec<Column>,
    /// Columns that no template can name.
    pub unnamed: Vec<String>,
    /// How many lines are not of this shape.
    pub odd: usize,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, or its last key.
    pub name: String,
    /// What stands for it in templates, with its braces.
    pub template: String,
    /// Its value on each line; nothing where a line has none.
    pub values: Vec<Option<String>>,
}

impl Column {
    /// The values that say something.
    pub fn said(&self) -> impl Iterator<Item = &str> {
        self.values.iter().flatten().map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// Whether nearly all values that say something are so, and there are some.
    pub fn mostly(&self, is: impl Fn(&str) -> bool) -> bool {
        let (all, fit) = (self.said().count(), self.said().filter(|value| is(value)).count());
        all > 0 && fit * 20 >= all * 19
    }

    /// Whether a line lacks it.
    pub fn is_lacking(&self) -> bool {
        self.values.iter().any(Option::is_none)
    }
}

/// What the lines of a sample are.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when they have no shape that a mapping could read.
pub fn shape(sample: &Sample) -> Result<Shape> {
    let contract: Vec<DateTime<Utc>> = sample
        .lines
        .iter()
        .filter_map(|line| serde_json::from_str::<RawAttempt<'_>>(line).ok())
        .filter(|attempt| &*attempt.contract == CONTRACT)
        .filter_map(|attempt| parse_rfc3339(&attempt.started_at))
        .collect();
    if contract.len() * 2 > sample.lines.len() {
        return Ok(Shape::Contract(contract));
    }
    if sample.lines[0].trim_start().starts_with(['{', '[']) {
        return json(sample).map(Shape::Table);
    }
    delimited(sample).map(Shape::Table)
}

fn json(sample: &Sample) -> Result<Table> {
    let read: Vec<Value> = sample.lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut table = Table { odd: sample.lines.len() - read.len(), ..Table::default() };
    if read.is_empty() {
        return Err(Error::usage("its first line begins like JSON, and no line of it is")
            .at(&sample.name)
            .hint("each record must stand on a line of its own; jq -c '.[]' writes them so"));
    }
    table.each = list_within(&read[0]);
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    for line in &read {
        let list = match table.each.as_deref() {
            Some("") => line.as_array(),
            Some(path) => line.get(path).and_then(Value::as_array),
            None => None,
        };
        match (list, line) {
            (Some(list), Value::Object(line)) => {
                let outer = line.iter().filter(|(key, _)| Some(key.as_str()) != table.each.as_deref());
                let outer: Map<String, Value> = outer.map(|(key, value)| (key.clone(), value.clone())).collect();
                rows.extend(list.iter().map(|item| {
                    let mut row = outer.clone();
                    row.insert("item".to_owned(), item.clone());
                    row
                }));
            }
            (Some(list), _) => rows.extend(list.iter().map(|item| Map::from_iter([("item".to_owned(), item.clone())]))),
            (None, Value::Object(line)) => rows.push(line.clone()),
            (None, _) => table.odd += 1,
        }
    }
    for (at, row) in rows.iter().enumerate() {
        let mut leaves = Vec::new();
        flatten(row, "", &mut leaves);
        for (path, name, value) in leaves {
            let template = format!("{{{path}}}");
            let found = table.columns.iter().position(|column| column.template == template);
            let place = found.unwrap_or(table.columns.len());
            if found.is_none() {
                table.columns.push(Column { name, template, values: vec![None; rows.len()] });
            }
            table.columns[place].values[at] = Some(value);
        }
    }
    Ok(table)
}

/// The path of the list of objects that a line is, or has at its top.
fn list_within(line: &Value) -> Option<String> {
    let is_list = |value: &Value| value.as_array().is_some_and(|list| list.first().is_some_and(Value::is_object));
    if is_list(line) {
        return Some(String::new());
    }
    let plain = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let mut lists = line.as_object()?.iter().filter(|(key, value)| is_list(value) && plain(key));
    lists.next().map(|(key, _)| key.clone())
}

/// The values of an object with their paths in templates and their own names.
fn flatten(object: &Map<String, Value>, above: &str, leaves: &mut Vec<(String, String, String)>) {
    for (key, value) in object {
        // A template could not name it.
        if key.is_empty() || key.contains(['{', '}', '"']) {
            continue;
        }
        let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let quoted = if plain { key.clone() } else { format!("\"{key}\"") };
        let path = if above.is_empty() { quoted } else { format!("{above}.{quoted}") };
        match value {
            Value::Object(below) => flatten(below, &path, leaves),
            Value::Array(_) => {}
            Value::Null => leaves.push((path, key.clone(), String::new())),
            Value::String(text) => leaves.push((path, key.clone(), text.clone())),
            other => leaves.push((path, key.clone(), other.to_string())),
        }
    }
}

fn delimited(sample: &Sample) -> Result<Table> {
    let rows =
        |delimiter: u8| -> Vec<Vec<String>> { sample.lines.iter().map(|line| values(line, delimiter)).collect() };
    // The delimiter that gives most lines one number of values.
    let best = [b',', b';', b'\t', b'|'].into_iter().map(|delimiter| {
        let rows = rows(delimiter);
        let width = rows[0].len();
        let fit = if width > 1 { rows.iter().filter(|row| row.len() == width).count() } else { 0 };
        (fit, width, delimiter)
    });
    let (fit, width, delimiter) = best.max().unwrap_or_default();
    if fit * 2 <= sample.lines.len() {
        return Err(Error::usage("its lines are neither JSON nor delimited values of one number")
            .at(&sample.name)
            .hint("a log is JSON lines, or values between commas, semicolons, tabs or bars, one record a line"));
    }
    let rows = rows(delimiter);
    let is_time = |row: &[String]| row.iter().any(|value| reads_as_time(value));
    let names_columns = |row: &[String]| {
        let distinct = row.iter().enumerate().all(|(at, name)| !name.is_empty() && !row[..at].contains(name));
        distinct && row.iter().all(|name| name.parse::<f64>().is_err())
    };
    let header = names_columns(&rows[0]) && !is_time(&rows[0]);
    let name = |at: usize| if header { rows[0][at].clone() } else { format!("colonne_{}", at + 1) };
    let records: Vec<&Vec<String>> = rows.iter().skip(usize::from(header)).filter(|row| row.len() == width).collect();
    let column = |at: usize| {
        let values = records.iter().map(|row| Some(row[at].clone())).collect();
        Column { name: name(at), template: format!("{{{}}}", name(at)), values }
    };
    let odd = rows.len() - usize::from(header) - records.len();
    let (columns, unnamed): (Vec<Column>, Vec<Column>) =
        (0..width).map(column).partition(|column| !column.name.contains(['{', '}', '"']));
    let unnamed = unnamed.into_iter().map(|column| column.name).collect();
    Ok(Table { delimiter: Some(delimiter), header, each: None, columns, unnamed, odd })
}

/// The values of a line, as a lenient reader sees them: how it is read in the end is told by a run.
fn values(line: &str, delimiter: u8) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(str::to_owned).collect(),
        _ => vec![line.to_owned()],
    }
}

//! The page of every key: what it takes, what it is where nothing is said, between which bounds, and what it means.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::keys::joined;
use super::schema::{alternatives, definition};

/// A file that a person writes, and the schema that it is held to.
#[derive(Debug)]
pub struct Document<'a> {
    /// What it is called: `pipeline.toml`.
    pub name: &'a str,
    /// Where its schema stands, relative to the page.
    pub schema_path: &'a str,
    /// The schema.
    pub schema: Value,
}

/// The page of some files, in Markdown.
#[must_use]
pub fn page(documents: &[Document<'_>]) -> String {
    let mut text = HEAD.to_owned();
    for document in documents {
        let mut writer = Writer::of(document);
        let described = sentence(&document.schema);
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## `{}`\n\n{described} [JSON Schema]({}).\n", document.name, document.schema_path);
        writer.section(&document.schema, "", &mut text);
        while let Some((place, path)) = writer.waiting.pop() {
            let heading = writer.heading(place, &path);
            let _ = write!(text, "\n### {heading}\n\n{}\n", sentence(place));
            writer.section(place, &path, &mut text);
        }
    }
    text
}

const HEAD: &str = "\
# Configuration

<!-- Written by `guichets schema config`, from the structs that read these files. -->

Every key, what it takes, what it is where nothing is said, between which bounds, and what it means. A key that is not here is
refused, with its line and the nearest one that is. [pipelines/README.md](../pipelines/README.md) tells how a log is mapped,
[PROBE.md](PROBE.md) how a probe is run. Editors that know JSON Schemas complete and check the files by their first line,
`#:schema`.
";

struct Writer<'a> {
    root: &'a Value,
    /// How often a definition is referred to.
    uses: BTreeMap<String, usize>,
    /// Tables that still have no section, the next one last.
    waiting: Vec<(&'a Value, String)>,
    /// Definitions that have one.
    told: Vec<&'a str>,
}

impl<'a> Writer<'a> {
    fn of(document: &'a Document<'_>) -> Self {
        let mut uses = BTreeMap::new();
        count(&document.schema, &document.schema, &mut uses);
        Self { root: &document.schema, uses, waiting: Vec::new(), told: Vec::new() }
    }

    /// The rows of a table, whose own tables then wait for their sections.
    fn section(&mut self, schema: &'a Value, path: &str, text: &mut String) {
        text.push_str("\n| key | takes | default | bounds | meaning |\n| --- | --- | --- | --- | --- |\n");
        let mut below = Vec::new();
        // The tables of a list are named like one that stands alone.
        let path = path.trim_matches(['[', ']']);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let required = schema["required"].as_array().is_some_and(|keys| keys.iter().any(|key| key == name));
            let at = joined(path, name);
            let takes = self.takes(property, &at, &mut below);
            let default = match &property["default"] {
                _ if required => "required".to_owned(),
                Value::Null => String::new(),
                value => code(value),
            };
            let _ = writeln!(
                text,
                "| `{}` | {takes} | {default} | {} | {} |",
                joined("", name),
                self.bounds(property),
                self.meaning(property)
            );
        }
        self.waiting.extend(below.into_iter().rev());
    }

    /// What a key takes; the tables among it are collected.
    fn takes(&mut self, place: &'a Value, path: &str, below: &mut Vec<(&'a Value, String)>) -> String {
        if let Some(name) = definition(place) {
            let found = &self.root["definitions"][name];
            if found["properties"].is_object() {
                return self.link(found, name, path, below);
            }
            return self.takes(found, path, below);
        }
        if let Some(choices) = ["allOf", "anyOf"].into_iter().find_map(|choice| place[choice].as_array()) {
            let choices: Vec<String> = choices.iter().map(|choice| self.takes(choice, path, below)).collect();
            return choices.join(", or ");
        }
        if place["properties"].is_object() {
            below.push((place, path.to_owned()));
            return format!("[table](#{})", anchor(&format!("`[{path}]`")));
        }
        match place["type"].as_str() {
            Some("array") => format!("list: {}", self.takes(&place["items"], &format!("[{path}]"), below)),
            Some("boolean") => "`true`, `false`".to_owned(),
            Some("integer") => "whole number".to_owned(),
            Some("object") => "table of texts".to_owned(),
            Some("string") if place["format"] == "date" => "date".to_owned(),
            Some("number") => "number".to_owned(),
            _ => codes(place).map_or_else(|| "text".to_owned(), |codes| codes.join(", ")),
        }
    }

    fn link(&mut self, found: &'a Value, name: &'a str, path: &str, below: &mut Vec<(&'a Value, String)>) -> String {
        let is_shared = self.uses.get(name).is_some_and(|uses| *uses > 1);
        let path = if is_shared { name.to_owned() } else { path.to_owned() };
        if !self.told.contains(&name) {
            self.told.push(name);
            below.push((found, path.clone()));
        }
        format!("[table](#{})", anchor(&self.heading(found, &path)))
    }

    /// The heading of a table as TOML writes it; of one that is used in several places, its name.
    fn heading(&self, place: &Value, path: &str) -> String {
        let shared = self.root["definitions"].get(path).is_some_and(|found| std::ptr::eq(found, place));
        if shared { path.to_owned() } else { format!("`[{path}]`") }
    }

    fn bounds(&self, place: &Value) -> String {
        let places = || std::iter::once(place).chain(alternatives(self.root, place));
        let bound = |name: &str| places().find_map(|place| place.get(name)).map(code);
        let mut told = match (bound("minimum"), bound("maximum")) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("{least} or more"),
            (None, Some(most)) => format!("{most} or less"),
            (None, None) => String::new(),
        };
        if let Some(pattern) = bound("pattern") {
            told.push_str(&pattern);
        }
        told
    }

    fn meaning(&self, place: &Value) -> String {
        let mut told = sentence(place);
        for choice in alternatives(self.root, place).iter().filter_map(|place| place["oneOf"].as_array()).flatten() {
            let _ = write!(told, " `{}`: {}", choice["const"].as_str().unwrap_or_default(), sentence(choice));
        }
        if let Some([example]) = place["examples"].as_array().map(Vec::as_slice) {
            let _ = write!(told, " As in {}.", code(example));
        }
        told.trim().to_owned()
    }
}

/// Counts how often each definition is reached; one that is no table stands for what it refers to.
fn count(root: &Value, at: &Value, uses: &mut BTreeMap<String, usize>) {
    if let Some(name) = definition(at) {
        let found = &root["definitions"][name];
        let reached = *uses.entry(name.to_owned()).and_modify(|uses| *uses += 1).or_insert(1);
        if reached == 1 || !found["properties"].is_object() {
            count(root, found, uses);
        }
        return;
    }
    let properties = at["properties"].as_object().into_iter().flat_map(|properties| properties.values());
    let choices = ["allOf", "anyOf"].into_iter().filter_map(|choice| at[choice].as_array()).flatten();
    properties.chain(choices).chain(at.get("items")).for_each(|below| count(root, below, uses));
}

/// The words that a text may be, where they are listed.
fn codes(place: &Value) -> Option<Vec<String>> {
    if let Some(words) = place["enum"].as_array() {
        return Some(words.iter().map(code).collect());
    }
    Some(place["oneOf"].as_array()?.iter().map(|choice| code(&choice["const"])).collect())
}

fn code(value: &Value) -> String {
    let text = value.to_string().replace('|', "\\|");
    format!("`{text}`")
}

/// What a place means, on one line of a table.
fn sentence(place: &Value) -> String {
    place["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

/// Where a heading leads, as GitHub writes it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

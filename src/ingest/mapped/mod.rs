//! Foreign logs, read through the pipeline's mapping into the contract `attempt/1`.

mod delimited;
mod json;
mod names;
mod said;
mod template;
mod value;

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

pub(super) use self::delimited::{Ending, follow, split};
use self::json::Object;
use self::names::Names;
use self::said::{Begun, Stays, derived_id, write_pair};
use self::template::{Beside, Row, Template, path};
use self::value::Steps;
use super::reject::{Reason, Reject};
use crate::attempt::{CONTRACT, MAPPED_FIELDS, RawAttempt, Slots};
use crate::config::{LogFormat, SourceMapping, TimeForm, Unpivot};
use crate::error::{Error, Result};

/// What a line, or one member of it, is found to be; the number of the member counts from 1.
pub(super) type Read<'l> = Result<Option<RawAttempt<'l>>, Reject>;

/// A mapping made ready for one file.
#[derive(Debug)]
pub(super) struct FileMapping<'m> {
    source: &'m SourceMapping,
    time: Template<'m>,
    form: TimeForm,
    fields: Vec<(&'static str, Template<'m>, Steps<'m>)>,
    columns: Vec<String>,
    /// The first column of each name, in small letters, and the length of the longest: every line of a file is held against them.
    indices: HashMap<String, usize>,
    longest: usize,
    /// The columns that are not unpivoted, sorted by name: in what order they stand is no matter of what a line says.
    by_name: Vec<usize>,
    /// The columns that are attempts of their own.
    unpivoted: Vec<usize>,
    /// Of each column, whether it is one of these.
    is_unpivoted: Vec<bool>,
    /// What templates take from the file's name.
    named_by_file: String,
    /// Whether the mapping gives ids.
    has_ids: bool,
}

/// Why a mapping cannot be made ready for a file.
#[derive(Debug)]
pub(super) enum Unready {
    /// The columns are not those that the mapping needs: the file's fault.
    Columns(Reject),
    /// The configuration's fault.
    Configuration(Error),
}

impl<'m> FileMapping<'m> {
    /// Whether a file is of this mapping.
    pub(super) fn applies(source: &SourceMapping, name: &str) -> bool {
        // The pattern was checked when the pipeline was loaded.
        glob::Pattern::new(&source.files).is_ok_and(|pattern| pattern.matches(name))
    }

    /// Resolves the templates of a mapping for one file whose columns are these.
    ///
    /// # Errors
    /// When a template names what neither the columns nor the file's name have, or two columns of one name.
    pub(super) fn new(source: &'m SourceMapping, name: &str, columns: Vec<String>) -> Result<Self, Unready> {
        let names = Names::of(source, name, &columns).map_err(Unready::Configuration)?;
        let mut fields = Vec::new();
        for field in MAPPED_FIELDS {
            if let Some(value) = source.fields.get(*field) {
                let steps = Steps::of(field, value).map_err(Unready::Configuration)?;
                fields.push((*field, names.template(value.template())?, steps));
            }
        }
        let time = names.template(&source.time.value)?;
        let named_by_file = names.taken_from_the_file();
        let unpivoted = source.unpivoted(&columns).map_err(Unready::Configuration)?;
        if source.unpivot.is_some() && unpivoted.is_empty() {
            return Err(Unready::Columns(Reject::line(Reason::UnexpectedColumns)));
        }
        let mut is_unpivoted = vec![false; columns.len()];
        for column in &unpivoted {
            is_unpivoted[*column] = true;
        }
        let mut by_name: Vec<usize> = (0..columns.len()).collect();
        by_name.sort_by_key(|at| &columns[*at]);
        // Which of two columns of one name is meant, nobody can say.
        let templates = || fields.iter().map(|(_, template, _)| template).chain([&time]);
        let looks_at = |column: usize| is_unpivoted[column] || templates().any(|template| template.looks_at(column));
        if by_name
            .windows(2)
            .any(|two| columns[two[0]] == columns[two[1]] && two.iter().any(|column| looks_at(*column)))
        {
            return Err(Unready::Columns(Reject::line(Reason::DuplicateField)));
        }
        by_name.retain(|column| !is_unpivoted[*column]);
        let mut indices = HashMap::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            indices.entry(column.to_ascii_lowercase()).or_insert(at);
        }
        let longest = columns.iter().map(String::len).max().unwrap_or_default();
        let form = source.time.form().map_err(Unready::Configuration)?;
        let has_ids = source.fields.contains_key("attempt_id");
        Ok(Self {
            source,
            time,
            form,
            fields,
            columns,
            indices,
            longest,
            by_name,
            unpivoted,
            is_unpivoted,
            named_by_file,
            has_ids,
        })
    }

    /// The mapping itself.
    pub(super) const fn source(&self) -> &'m SourceMapping {
        self.source
    }

    /// How many values a delimited line must have.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    fn templates(&self) -> impl Iterator<Item = &Template<'m>> {
        self.fields.iter().map(|(_, template, _)| template).chain([&self.time])
    }

    /// Whether a line of delimited values names columns, in whatever order, in capitals or not, new ones among them. Names of
    /// unpivoted columns, which may be hours or numbers, prove little: where there are no others, only the same line again is
    /// a header.
    pub(super) fn names_columns(&self, line: &str) -> bool {
        let values = || line.split(char::from(self.source.delimiter_byte())).map(|value| value.trim_matches('"'));
        if self.unpivoted.len() == self.width() {
            return values().eq(self.columns.iter().map(String::as_str));
        }
        let (mut named, mut unpivoted, mut others) = (0, 0, 0);
        let mut small = String::with_capacity(self.longest);
        for value in values().filter(|value| !value.is_empty()) {
            small.clear();
            // Most values are none of the names, and many cannot be.
            if value.len() <= self.longest {
                small.push_str(value);
                small.make_ascii_lowercase();
            }
            match self.indices.get(&small).filter(|_| !small.is_empty()) {
                Some(column) if self.is_unpivoted[*column] => unpivoted += 1,
                Some(_) => named += 1,
                None => others += 1,
            }
        }
        let all = named + unpivoted + others;
        named > 0 && (named + unpivoted) * 2 >= all && named + unpivoted >= all.min(2)
    }

    /// Reads a line: shows one attempt, or each of several with its number, or why there is none.
    pub(super) fn read(&self, line: &str, see: &mut dyn FnMut(u32, Read<'_>)) {
        let read = match self.source.format {
            LogFormat::Csv => self.read_values(line, see),
            LogFormat::Ndjson => self.read_object(line, see),
        };
        if let Err(reject) = read {
            see(1, Err(reject));
        }
    }

    fn read_values(&self, line: &str, see: &mut dyn FnMut(u32, Read<'_>)) -> Result<(), Reject> {
        let mut values = split(line, self.source.delimiter_byte()).map_err(|ending| {
            Reject::line(if ending == Ending::Broken { Reason::UnexpectedColumns } else { Reason::IrregularQuotes })
        })?;
        if values.len() != self.width() {
            return Err(Reject::line(Reason::UnexpectedColumns));
        }
        let Some(unpivot) = &self.source.unpivot else {
            let row = Row::Values(values);
            let id = |raw: &RawAttempt<'_>| Ok(derived_id(&self.source.name, raw, &self.said_by_values(&row)));
            see(1, self.attempt(&row, &id).map(Some));
            return Ok(());
        };
        let mut pairs = self.pairs(&values);
        pairs.sort_unstable();
        let stays = Stays::of(pairs.into_iter(), made(unpivot, "", "").map(|(name, _)| name));
        let begun = Begun::new(&self.source.name, format!("{}{}", self.named_by_file, stays.begins()));
        values.extend([Cow::Borrowed(""), Cow::Borrowed("")]);
        let mut row = Row::Values(values);
        for (number, column) in (1..).zip(&self.unpivoted) {
            let Row::Values(values) = &mut row else { break };
            let (name, cell) = (self.columns[*column].as_str(), values[*column].clone());
            let skipped = unpivot.no_data.iter().any(|word| **word == *cell);
            values[self.width()] = Cow::Borrowed(name);
            values[self.width() + 1].clone_from(&cell);
            let id = |raw: &RawAttempt<'_>| Ok(begun.id(raw, &stays.end(made(unpivot, name, &cell))));
            see(number, if skipped { Ok(None) } else { self.attempt(&row, &id).map(Some) });
        }
        Ok(())
    }

    fn read_object(&self, line: &str, see: &mut dyn FnMut(u32, Read<'_>)) -> Result<(), Reject> {
        let Some(each) = &self.source.each else {
            let object = Object::read(line)?;
            let id = |raw: &RawAttempt<'_>| {
                let mut said = self.named_by_file.clone();
                json::write_canonical::<&str>(&object, &[], &mut said)?;
                Ok(derived_id(&self.source.name, raw, &said))
            };
            see(1, self.attempt(&Row::Object(&object), &id).map(Some));
            return Ok(());
        };
        let missing = Reject::line(Reason::MissingField);
        let keys = path(&each.path).unwrap_or_default();
        let whole: &RawValue = serde_json::from_str(line).map_err(|_| Reject::line(Reason::InvalidJson))?;
        let (object, list) = if each.path.is_empty() {
            (Object::default(), whole)
        } else {
            let object = Object::read(line)?;
            let list = json::find(&object, &keys)?.ok_or(missing)?;
            (object, list)
        };
        let members = json::members(list)?;
        if members.is_empty() {
            see(1, Ok(None));
        }
        // What stands beside the list is the same for each member.
        let paths = self.templates().flat_map(Template::paths);
        let beside: Beside<'_> = paths.map(|path| (path, object.scalar(path))).collect();
        let mut begins = self.named_by_file.clone();
        let written = json::write_canonical(&object, &keys, &mut begins);
        let begun = Begun::new(&self.source.name, begins);
        // Members that say the same are members all the same: the second of them is the second.
        let mut equal: HashMap<String, u32> = HashMap::new();
        for (number, member) in (1..).zip(members) {
            let mut said = String::new();
            let written = written.and_then(|()| json::write_canonical_value(member, &mut said));
            let before = equal.entry(said.clone()).or_default();
            if *before > 0 {
                said.push_str(&before.to_string());
            }
            *before += 1;
            let id = |raw: &RawAttempt<'_>| written.map(|()| begun.id(raw, &said));
            see(number, self.attempt(&Row::Member(&beside, member), &id).map(Some));
        }
        Ok(())
    }

    /// The attempt of a record, and its id where the log gives none.
    fn attempt<'l>(
        &'l self,
        row: &Row<'l>,
        id: &dyn Fn(&RawAttempt<'_>) -> Result<String, Reject>,
    ) -> Result<RawAttempt<'l>, Reject> {
        let mut raw = RawAttempt { contract: CONTRACT.into(), attempt_no: 1, ..RawAttempt::default() };
        let mut slots = Slots::default();
        for (field, template, steps) in &self.fields {
            let text = template.render(row, steps.optional).map_err(|reject| reject.of(field))?;
            let value = steps.value(text, &self.source.name).map_err(|reject| reject.of(field))?;
            if !value.is_empty() {
                value::set(&mut raw, &mut slots, field, value, steps)?;
            }
        }
        if slots != Slots::default() {
            raw.slots = Some(slots);
        }
        let time = self.time.render(row, false).map_err(|reject| reject.of("started_at"))?;
        raw.started_at = value::started_at(&self.source.time, &self.form, time)?;
        if !self.has_ids {
            raw.attempt_id = id(&raw)?.into();
        }
        Ok(raw)
    }

    /// The values of a line by the names of their columns, unpivoted ones left out.
    fn pairs<'l>(&'l self, values: &'l [Cow<'l, str>]) -> Vec<(&'l str, &'l str)> {
        self.by_name.iter().map(|column| (self.columns[*column].as_str(), &*values[*column])).collect()
    }

    fn said_by_values(&self, row: &Row<'_>) -> String {
        let mut said = self.named_by_file.clone();
        if let Row::Values(values) = row {
            self.pairs(values).into_iter().for_each(|pair| write_pair(pair, &mut said));
        }
        said
    }

    /// What a line holds, in words, for whoever is told that nothing could be read: names alone.
    pub(super) fn names_of(source: &SourceMapping, line: &str) -> Vec<String> {
        match source.format {
            LogFormat::Csv => split(line, source.delimiter_byte())
                .map(|values| values.into_iter().map(Cow::into_owned).collect())
                .unwrap_or_default(),
            LogFormat::Ndjson => {
                Object::read(line).map(|object| object.keys().map(str::to_owned).collect()).unwrap_or_default()
            }
        }
    }
}

/// What an unpivoted column says, in the order of names.
fn made<'v>(unpivot: &'v Unpivot, name: &'v str, value: &'v str) -> [(&'v str, &'v str); 2] {
    let mut made = [(unpivot.name.as_str(), name), (unpivot.value.as_str(), value)];
    made.sort_unstable();
    made
}

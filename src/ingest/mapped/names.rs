//! What the names in templates stand for, in one file.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use regex::Regex;

use super::Unready;
use super::template::{Part, Template, path};
use crate::config::{LogFormat, SourceMapping};
use crate::error::{Context, Error, Result};
use crate::ingest::reject::{Reason, Reject};

/// The names that a file's own name and its columns give.
pub(super) struct Names<'a, 'm> {
    source: &'m SourceMapping,
    file: &'a str,
    columns: &'a [String],
    /// The named groups of `file_name`.
    captured: BTreeMap<String, String>,
    /// Those of them that a template looks at.
    taken: RefCell<BTreeMap<String, String>>,
}

impl<'a, 'm> Names<'a, 'm> {
    /// The names of a file.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when `file_name` is no regular expression, or `unpivot` calls what it makes as a
    /// column is called.
    pub(super) fn of(source: &'m SourceMapping, file: &'a str, columns: &'a [String]) -> Result<Self> {
        let made = source.unpivot.iter().flat_map(|unpivot| [&unpivot.name, &unpivot.value]);
        if let Some(name) = made.into_iter().find(|name| columns.contains(name)) {
            let what =
                format!("source « {} »: a column is called « {name} », as unpivot calls what it makes", source.name);
            return Err(Error::usage(what).at(file).hint("choose another unpivot.name or unpivot.value"));
        }
        let mut captured = BTreeMap::new();
        if let Some(pattern) = &source.file_name {
            let pattern = Regex::new(pattern).usage(format!("source « {} »: file_name", source.name))?;
            if let Some(captures) = pattern.captures(file) {
                let named = pattern.capture_names().flatten();
                let pairs = named.filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned())));
                captured.extend(pairs);
            }
        }
        Ok(Self { source, file, columns, captured, taken: RefCell::default() })
    }

    /// A template whose names are resolved.
    ///
    /// # Errors
    /// When a name stands for nothing: the file's fault where it names its columns itself, the configuration's otherwise.
    pub(super) fn template(&self, text: &'m str) -> Result<Template<'m>, Unready> {
        Template::parse(text, &|name| self.resolve(name)).map_err(|unknown| match self.source.format {
            LogFormat::Csv if self.source.header => Unready::Columns(Reject::line(Reason::UnexpectedColumns)),
            _ => Unready::Configuration(
                Error::usage(format!("source « {} »: nothing is called {{{unknown}}}", self.source.name))
                    .at(self.file)
                    .hint(format!(
                        "the columns of this file are {}; file_name can capture more",
                        self.columns.join(", ")
                    )),
            ),
        })
    }

    /// What templates take from the file's name: two lines of files of which they take other things do not say the same.
    pub(super) fn taken_from_the_file(self) -> String {
        self.taken
            .into_inner()
            .into_iter()
            .flat_map(|(name, value)| [name, "\u{1f}".to_owned(), value, "\u{1e}".to_owned()])
            .collect()
    }

    fn resolve(&self, name: &'m str) -> Option<Part<'m>> {
        if let Some(value) = self.captured.get(name) {
            self.taken.borrow_mut().insert(name.to_owned(), value.clone());
            return Some(Part::Literal(Cow::Owned(value.clone())));
        }
        match self.source.format {
            LogFormat::Csv => self.column(name).map(Part::Column),
            LogFormat::Ndjson => {
                let keys = path(name)?;
                match &self.source.each {
                    Some(each) if keys[0] == each.name.as_str() => Some(Part::Member(keys[1..].to_vec())),
                    _ => Some(Part::Path(keys)),
                }
            }
        }
    }

    fn column(&self, name: &str) -> Option<usize> {
        // What `unpivot` makes stands behind the values of the line.
        let made = self.source.unpivot.as_ref().map(|unpivot| [unpivot.name.as_str(), unpivot.value.as_str()]);
        let made = made.and_then(|made| made.iter().position(|made| *made == name));
        made.map(|at| self.columns.len() + at).or_else(|| self.columns.iter().position(|column| column == name))
    }
}

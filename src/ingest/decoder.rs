//! From the text of a line to attempts that may be believed, for the lines of one file.

use super::check::{Checked, check};
use super::context::Ingest;
use super::decode::decode;
use super::lines::LineEnd;
use super::mapped::{Ending, FileMapping, Unready, follow, split};
use super::reject::{Reason, Reject};
use crate::attempt::RawAttempt;
use crate::config::{FinalNewline, LogFormat, SourceMapping, UnknownIds};
use crate::error::Result;

/// Makes attempts of the lines of one file.
pub(super) struct Decoder<'a> {
    ingest: Ingest<'a>,
    file: String,
    shape: Shape<'a>,
}

/// What the lines of the file look like.
enum Shape<'a> {
    /// The contract `attempt/1`.
    Contract,
    /// A foreign log whose columns are known.
    Mapped(Box<FileMapping<'a>>),
    /// A foreign log of delimited values whose columns nothing has named yet, or something has named wrongly.
    Nameless(&'a SourceMapping),
}

/// What a line is, before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// It holds records.
    Records,
    /// It names the columns of the lines behind it.
    Header,
    /// It names columns, and not those that the mapping needs.
    Strange(Reject),
}

impl<'a> Decoder<'a> {
    /// A decoder for a file of that name.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the mapping names what neither its columns nor the file's name have.
    pub(super) fn new(ingest: Ingest<'a>, mapping: Option<&'a SourceMapping>, file: &str) -> Result<Self> {
        let shape = match mapping {
            None => Shape::Contract,
            Some(mapping) if mapping.format == LogFormat::Csv && mapping.header => Shape::Nameless(mapping),
            Some(mapping) => match FileMapping::new(mapping, file, mapping.columns.clone()) {
                Ok(ready) => Shape::Mapped(Box::new(ready)),
                Err(Unready::Configuration(error)) => return Err(error),
                Err(Unready::Columns(_)) => Shape::Nameless(mapping),
            },
        };
        Ok(Self { ingest, file: file.to_owned(), shape })
    }

    fn mapping(&self) -> Option<&'a SourceMapping> {
        match &self.shape {
            Shape::Contract => None,
            Shape::Mapped(mapping) => Some(mapping.source()),
            Shape::Nameless(mapping) => Some(mapping),
        }
    }

    /// Whether a line that ends so can be believed, if it can be read. An object shows by itself that it is whole; of
    /// delimited values, half a number is a number.
    pub(super) fn believes(&self, end: LineEnd) -> bool {
        let Some(mapping) = self.mapping().filter(|mapping| mapping.format == LogFormat::Csv) else { return true };
        match end {
            LineEnd::Line => true,
            LineEnd::File => mapping.final_newline == FinalNewline::Optional,
            LineEnd::Break => false,
        }
    }

    /// How a line of delimited values ends, and how many values end on it; nothing where lines are not such.
    pub(super) fn ending(&self, line: &str, inside: bool) -> Option<(usize, Ending)> {
        let Shape::Mapped(mapping) = &self.shape else { return None };
        let source = mapping.source();
        let quoted = source.format == LogFormat::Csv && (inside || line.contains('"'));
        quoted.then(|| follow(line, source.delimiter_byte(), inside))
    }

    /// How many values a record has, where lines are delimited values and their columns are known.
    pub(super) fn width(&self) -> Option<usize> {
        match &self.shape {
            Shape::Mapped(mapping) if mapping.source().format == LogFormat::Csv => Some(mapping.width()),
            _ => None,
        }
    }

    /// Looks whether a line names columns. Files that were joined have such lines in their middle, and the columns behind
    /// them may stand in another order.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the configuration is at fault.
    pub(super) fn look(&mut self, line: &str) -> Result<Line> {
        let (source, first) = match &self.shape {
            Shape::Contract => return Ok(Line::Records),
            Shape::Mapped(mapping) => {
                if mapping.source().format != LogFormat::Csv || !mapping.names_columns(line) {
                    return Ok(Line::Records);
                }
                (mapping.source(), false)
            }
            Shape::Nameless(source) => (*source, true),
        };
        let names = split(line, source.delimiter_byte()).unwrap_or_default();
        let names: Vec<String> = names.into_iter().map(std::borrow::Cow::into_owned).collect();
        match FileMapping::new(source, &self.file, names) {
            Ok(ready) => {
                self.shape = Shape::Mapped(Box::new(ready));
                Ok(Line::Header)
            }
            // A line before the names is one of those that nothing has named.
            Err(Unready::Columns(reject)) if first => Ok(Line::Strange(reject)),
            Err(Unready::Columns(reject)) => {
                self.shape = Shape::Nameless(source);
                Ok(Line::Strange(reject))
            }
            // Without a header, the columns are those that the configuration names.
            Err(Unready::Configuration(_)) if !source.header => Ok(Line::Records),
            Err(Unready::Configuration(error)) => Err(error),
        }
    }

    /// What a line of a foreign log holds, by name.
    pub(super) fn names_of(&self, line: &str) -> Vec<String> {
        self.mapping().map(|mapping| FileMapping::names_of(mapping, line)).unwrap_or_default()
    }

    /// Shows each record of a line, with its number from 1: an attempt that was checked, nothing where nobody looked, or
    /// why it is set aside.
    pub(super) fn decode(&self, line: &str, see: &mut dyn FnMut(u32, Decoded<'_>)) {
        match &self.shape {
            Shape::Contract => {
                let checked = decode(line).and_then(|raw| Ok(Some((check(&raw)?, raw))));
                see(1, checked.and_then(|found| self.known(found)));
            }
            Shape::Mapped(mapping) => mapping.read(line, &mut |rank, read| {
                let checked = read.and_then(|raw| raw.map(|raw| Ok((check(&raw)?, raw))).transpose());
                see(rank, checked.and_then(|found| self.known(found)));
            }),
            Shape::Nameless(_) => see(1, Err(Reject::line(Reason::UnexpectedColumns))),
        }
    }

    /// Sets aside what is of no counter or procedure of the registry, or of no time of the schedule.
    fn known<'l>(&self, found: Option<(Checked, RawAttempt<'l>)>) -> Decoded<'l> {
        let Some((checked, raw)) = found else { return Ok(None) };
        if self.ingest.pipeline.registry.unknown == UnknownIds::Quarantine {
            if self.ingest.registry.counter(&raw.counter).is_none() {
                return Err(Reject::field(Reason::UnknownCounter, "counter"));
            }
            if !self.ingest.registry.has_procedure(&raw.procedure) {
                return Err(Reject::field(Reason::UnknownProcedure, "procedure"));
            }
        }
        if self.ingest.earliest.is_some_and(|earliest| checked.instant < earliest) {
            return Err(Reject::field(Reason::BeforeSchedule, "started_at"));
        }
        Ok(Some((raw, checked)))
    }
}

/// What a record is.
pub(super) type Decoded<'l> = Result<Option<(RawAttempt<'l>, Checked)>, Reject>;

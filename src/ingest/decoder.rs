//! From the text of a line to an attempt that may be believed, for the lines of one file.

use super::check::{Checked, check};
use super::decode::decode;
use super::mapped::FileMapping;
use super::reader::Ingest;
use super::reject::{Reason, Reject};
use crate::attempt::RawAttempt;
use crate::config::{LogFormat, SourceMapping, UnknownIds};
use crate::error::Result;

/// Makes attempts of the lines of one file.
pub struct Decoder<'a> {
    ingest: Ingest<'a>,
    shape: Shape<'a>,
}

/// What the lines of the file look like.
enum Shape<'a> {
    /// The contract `attempt/1`.
    Contract,
    /// A foreign log of which no line was seen yet.
    Unseen(&'a SourceMapping),
    /// A foreign log whose columns are known.
    Mapped(FileMapping<'a>),
    /// A foreign log whose header lacks what the mapping needs.
    Strange,
}

impl<'a> Decoder<'a> {
    pub(super) const fn new(ingest: Ingest<'a>, mapping: Option<&'a SourceMapping>) -> Self {
        let shape = match mapping {
            None => Shape::Contract,
            Some(mapping) => Shape::Unseen(mapping),
        };
        Self { ingest, shape }
    }

    /// Shows the decoder the first line of the file. Returns true where that line names the columns and is no line of
    /// the log.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the mapping names what the configuration does not give. A *header*
    /// that lacks a column is the file's fault and not the configuration's: its lines will be set aside.
    pub fn is_header(&mut self, file: &str, first_line: &str) -> Result<bool> {
        let Shape::Unseen(mapping) = self.shape else { return Ok(false) };
        let header = (mapping.format == LogFormat::Csv && mapping.header).then_some(first_line);
        self.shape = match FileMapping::new(mapping, file, header) {
            Ok(resolved) => Shape::Mapped(resolved),
            Err(error) if header.is_none() => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the columns are not those of the mapping: its lines are set aside");
                Shape::Strange
            }
        };
        Ok(header.is_some())
    }

    /// Decodes, checks and looks up one line.
    ///
    /// # Errors
    /// Why it is set aside.
    pub fn decode<'l>(&'l self, line: &'l str) -> Result<(RawAttempt<'l>, Checked), Reject> {
        let raw = match &self.shape {
            Shape::Contract => decode(line)?,
            Shape::Mapped(mapping) => mapping.decode(line)?,
            Shape::Unseen(_) | Shape::Strange => return Err(Reject::line(Reason::UnexpectedColumns)),
        };
        let checked = check(&raw)?;
        if self.ingest.pipeline.registry.unknown == UnknownIds::Quarantine {
            if self.ingest.registry.counter(&raw.counter).is_none() {
                return Err(Reject::field(Reason::UnknownCounter, "counter"));
            }
            if !self.ingest.registry.has_procedure(&raw.procedure) {
                return Err(Reject::field(Reason::UnknownProcedure, "procedure"));
            }
        }
        Ok((raw, checked))
    }
}

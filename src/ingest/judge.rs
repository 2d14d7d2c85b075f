//! What becomes of each line of one file: the one place that decides it, for a run, a check and an explanation alike.

use std::sync::Arc;

use chrono_tz::Tz;

use super::check::Checked;
use super::columns::{Place, Row, evidence_of};
use super::context::Ingest;
use super::decoder::{Decoder, Line};
use super::lines::{Item, LineEnd};
use super::mapped::Ending;
use super::packing;
use super::reject::{Reason, Reject};
use super::values::values_digest;
use crate::attempt::RawAttempt;
use crate::calendar::Local;
use crate::charset::Charset;
use crate::error::Result;
use crate::outcome::Classifier;

/// Where a record stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePlace {
    /// 1-based.
    pub line: u64,
    /// Which of the records of the line, from 1.
    pub rank: u32,
    /// Of the line's first byte in the decompressed stream.
    pub offset: u64,
    /// Bytes, without the line's end.
    pub length: u64,
}

/// What becomes of a record.
#[derive(Debug)]
pub enum Fate<'l> {
    /// The line names columns.
    Header,
    /// The line is white space.
    Blank,
    /// The record says that nobody looked.
    WithoutData,
    /// It is an attempt.
    Attempt(&'l Row<'l>),
    /// It is set aside.
    SetAside(Reject),
}

/// Who is shown the fates of a file, in the order of its lines.
pub trait Witness {
    /// Takes note of one.
    ///
    /// # Errors
    /// Whatever stops the reading.
    fn see(&mut self, place: LinePlace, fate: Fate<'_>) -> Result<()>;

    /// Whether the rest of the file need not be read.
    fn has_seen_enough(&self) -> bool {
        false
    }
}

/// Decides what becomes of the lines of one file.
pub(super) struct Judge<'a> {
    ingest: Ingest<'a>,
    decoder: Decoder<'a>,
    classifier: Classifier<'a>,
    /// The file's position in the run's list.
    index: u64,
    name: Arc<str>,
    /// The lines of what may be a record that goes on over line ends: a quote was opened on the first.
    held: Vec<HeldLine>,
    held_bytes: usize,
    held_values: usize,
    buffer: Vec<u8>,
    /// The first line that could not be read.
    unread: Option<Unread>,
}

/// A line that a mapping could not read, for whoever wrote the mapping.
#[derive(Debug, Clone)]
pub struct Unread {
    /// 1-based.
    pub line: u64,
    /// Why not.
    pub reject: Reject,
    /// The names of its columns or keys, or its values where nothing names them.
    pub names: Vec<String>,
}

/// A line whose fate depends on those behind it.
#[derive(Debug)]
struct HeldLine {
    place: LinePlace,
    text: String,
    blank: bool,
    end: LineEnd,
}

impl<'a> Judge<'a> {
    pub(super) fn new(ingest: Ingest<'a>, index: u64, name: &str) -> Result<Self> {
        Ok(Self {
            ingest,
            decoder: Decoder::new(ingest, ingest.mapping(name), name)?,
            classifier: Classifier::new(ingest.rules),
            index,
            name: Arc::from(name),
            held: Vec::new(),
            held_bytes: 0,
            held_values: 0,
            buffer: Vec::new(),
            unread: None,
        })
    }

    /// Takes the next item of the file.
    ///
    /// # Errors
    /// What the witness says, or [`Usage`](crate::error::Kind::Usage) when the configuration is at fault.
    pub(super) fn take(&mut self, item: Item<'_>, charset: Charset, witness: &mut dyn Witness) -> Result<()> {
        let (place, reject) = match item {
            Item::Line { number, offset, bytes, end } => {
                let place = LinePlace { line: number, rank: 1, offset, length: bytes.len() as u64 };
                let blank = charset.is_blank(bytes);
                match charset.text(bytes) {
                    Some(text) => return self.line(place, &text, blank, end, witness),
                    None if end == LineEnd::Line => (place, Reject::line(Reason::InvalidUtf8)),
                    None => (place, Reject::line(Reason::TruncatedLine)),
                }
            }
            Item::TooLong { number, offset, length } => {
                (LinePlace { line: number, rank: 1, offset, length }, Reject::line(Reason::LineTooLong))
            }
            Item::Broken { number, offset, error } => {
                (LinePlace { line: number, rank: 1, offset, length: 0 }, Reject::line(packing::reason(error)))
            }
        };
        self.release_held(witness)?;
        self.note_unread(place.line, reject, "");
        witness.see(place, Fate::SetAside(reject))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// What the witness says.
    pub(super) fn finish(mut self, witness: &mut dyn Witness) -> Result<Option<Unread>> {
        self.release_held(witness)?;
        Ok(self.unread)
    }

    fn line(
        &mut self,
        place: LinePlace,
        text: &str,
        blank: bool,
        end: LineEnd,
        witness: &mut dyn Witness,
    ) -> Result<()> {
        if !self.held.is_empty() {
            return self.hold(HeldLine { place, text: text.to_owned(), blank, end }, witness);
        }
        if blank {
            return witness.see(place, Fate::Blank);
        }
        // A header that was cut names other columns.
        if self.decoder.believes(end) {
            match self.decoder.look(text)? {
                Line::Records => {}
                Line::Header => return witness.see(place, Fate::Header),
                Line::Strange(reject) => {
                    self.note_unread(place.line, reject, text);
                    return witness.see(place, Fate::SetAside(reject));
                }
            }
        }
        if let Some((values, Ending::Open)) = self.decoder.ending(text, false) {
            self.held_bytes = text.len();
            self.held_values = values;
            self.held.push(HeldLine { place, text: text.to_owned(), blank, end });
            return Ok(());
        }
        self.records(place, text, end, witness)
    }

    /// Takes the line behind one whose quote is open. Where the quote is closed and the whole has the values of one record,
    /// none of its lines is a record of its own: one that was copied into the text is not, though it looks like one. In any
    /// other case the first line has a quote too many, and says nothing of those behind it.
    fn hold(&mut self, line: HeldLine, witness: &mut dyn Witness) -> Result<()> {
        // A line of nothing takes its place as well.
        self.held_bytes += line.text.len() + size_of::<HeldLine>();
        let found = self.decoder.ending(&line.text, true);
        self.held.push(line);
        let (Some((values, ending)), Some(width)) = (found, self.decoder.width()) else {
            return self.let_go_of_first(witness);
        };
        self.held_values += values;
        match ending {
            Ending::Whole if self.held_values == width => {
                for line in std::mem::take(&mut self.held) {
                    witness.see(line.place, Fate::SetAside(Reject::line(Reason::SpreadRecord)))?;
                }
                Ok(())
            }
            Ending::Open if self.held_values < width && self.held_bytes <= self.ingest.pipeline.limits.line_bytes => {
                Ok(())
            }
            _ => self.let_go_of_first(witness),
        }
    }

    /// Sets the first of the lines that are held aside, and takes the others as they come.
    fn let_go_of_first(&mut self, witness: &mut dyn Witness) -> Result<()> {
        let mut lines = std::mem::take(&mut self.held).into_iter();
        if let Some(first) = lines.next() {
            let reason = if first.end == LineEnd::Line { Reason::IrregularQuotes } else { Reason::TruncatedLine };
            witness.see(first.place, Fate::SetAside(Reject::line(reason)))?;
        }
        lines.try_for_each(|line| self.line(line.place, &line.text, line.blank, line.end, witness))
    }

    /// No line comes behind those that are held.
    fn release_held(&mut self, witness: &mut dyn Witness) -> Result<()> {
        while !self.held.is_empty() {
            self.let_go_of_first(witness)?;
        }
        Ok(())
    }

    fn records(&mut self, place: LinePlace, text: &str, end: LineEnd, witness: &mut dyn Witness) -> Result<()> {
        if !self.decoder.believes(end) {
            return witness.see(place, Fate::SetAside(Reject::line(Reason::TruncatedLine)));
        }
        let Self { ingest, decoder, classifier, index, name, buffer, .. } = self;
        let (mut seen, mut unread) = (Ok(()), None);
        decoder.decode(text, &mut |rank, decoded| {
            if seen.is_err() {
                return;
            }
            let of_record = LinePlace { rank, ..place };
            seen = match decoded {
                Err(reject) => {
                    unread = Some(reject);
                    witness.see(of_record, Fate::SetAside(cut(reject, end)))
                }
                Ok(None) => witness.see(of_record, Fate::WithoutData),
                Ok(Some((raw, checked))) => {
                    let digest = values_digest(&raw, &checked, buffer);
                    let place = Place {
                        file: *index,
                        name,
                        line: place.line,
                        rank,
                        offset: place.offset,
                        length: place.length,
                        digest,
                    };
                    let row = row_of(ingest, &raw, checked, place, classifier);
                    witness.see(of_record, Fate::Attempt(&row))
                }
            };
        });
        if let Some(reject) = unread {
            self.note_unread(place.line, reject, text);
        }
        seen
    }

    fn note_unread(&mut self, line: u64, reject: Reject, text: &str) {
        if self.unread.is_none() {
            self.unread = Some(Unread { line, reject, names: self.decoder.names_of(text) });
        }
    }
}

/// An attempt with all that is found out about it: its counter's own clock, what of its dates is believed, its outcome.
fn row_of<'r>(
    ingest: &Ingest<'r>,
    raw: &'r RawAttempt<'r>,
    mut checked: Checked,
    place: Place<'r>,
    classifier: &mut Classifier<'_>,
) -> Row<'r> {
    let counter = ingest.registry.counter(&raw.counter);
    // An unknown counter was set aside unless the pipeline states a zone for such counters.
    let zone = counter.map(|counter| counter.zone).or(ingest.pipeline.registry.zone).unwrap_or(Tz::UTC);
    let local = Local::of(checked.instant, zone);
    checked.believe_dates(local.date);
    let department =
        counter.map_or((None, None), |counter| (counter.department.as_deref(), counter.department_iso.as_deref()));
    let rules = ingest.rules;
    let rule = &rules.rules()[classifier.classify(&evidence_of(raw, &checked, local.date))];
    Row { raw, checked, local, department, rule, rules_version: rules.version(), place }
}

/// What cannot be read because the file ends in it was cut.
fn cut(reject: Reject, end: LineEnd) -> Reject {
    let shape = matches!(
        reject.reason,
        Reason::InvalidJson | Reason::InvalidUtf8 | Reason::UnexpectedColumns | Reason::IrregularQuotes
    );
    if shape && end != LineEnd::Line { Reject::line(Reason::TruncatedLine) } else { reject }
}

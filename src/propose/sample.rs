//! The first lines of a log, unpacked and decoded as a run would.

use std::io::Read;

use encoding_rs::WINDOWS_1252;

use crate::charset::Charset;
use crate::config::Limits;
use crate::error::{Context, Error, Result};
use crate::ingest::{Compression, Item, LineEnd, LineReader, Stream};

/// How many lines are looked at.
pub const SAMPLE_LINES: usize = 2_000;

/// The first lines of a log.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The name of the file, without its folder.
    pub name: String,
    /// Its lines that are not blank.
    pub lines: Vec<String>,
    /// Whether they are not UTF-8 and bear no mark: they were read as windows-1252.
    pub is_undeclared: bool,
    /// Whether the last line of the file was reached, and has no line end.
    pub is_cut: bool,
    /// Whether the file is packed.
    pub is_packed: bool,
}

impl Sample {
    /// Reads the first lines of a file.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be read; [`Usage`](crate::error::Kind::Usage) when it
    /// has no line of text, or begins with a line longer than a run would keep.
    pub fn read(name: &str, raw: impl Read + Send + 'static) -> Result<Self> {
        let limits = Limits::default();
        let stream = Stream::open(raw, &limits, 0).unreachable("cannot read").map_err(|error| error.at(name))?;
        let is_packed = stream.compression() != Compression::None;
        let mut lines = LineReader::new(stream, limits.line_bytes, Charset::default());
        lines.begin();
        let charset = lines.charset();
        let mut sample =
            Self { name: name.to_owned(), lines: Vec::new(), is_undeclared: false, is_cut: false, is_packed };
        let mut kept: Vec<Vec<u8>> = Vec::new();
        while kept.len() < SAMPLE_LINES
            && let Some(item) = lines.next_item()
        {
            match item {
                Item::Line { bytes, end, .. } => {
                    sample.is_cut = end != LineEnd::Line;
                    if !charset.is_blank(bytes) {
                        kept.push(bytes.to_vec());
                    }
                }
                // Set aside by a run, which says so; a sample goes on without them.
                Item::TooLong { .. } if !kept.is_empty() => {}
                Item::Broken { .. } if !kept.is_empty() => break,
                Item::TooLong { number, length, .. } => {
                    return Err(Error::usage(format!("a line of {length} bytes is no line of a log"))
                        .at(format!("{name}:{number}"))
                        .hint(format!("lines of at most {} bytes are read", limits.line_bytes)));
                }
                Item::Broken { number, error, .. } => {
                    return Err(Error::usage(format!("the file cannot be unpacked: {error}"))
                        .at(format!("{name}:{number}"))
                        .hint("name a log, plain, gzip or zstd; of an archive, unpack a member first"));
                }
            }
        }
        let texts: Option<Vec<String>> =
            kept.iter().map(|line| charset.text(line).map(std::borrow::Cow::into_owned)).collect();
        sample.is_undeclared = texts.is_none();
        let latin = || kept.iter().map(|line| WINDOWS_1252.decode(line).0.into_owned()).collect();
        sample.lines = texts.unwrap_or_else(latin);
        let control =
            |line: &String| line.chars().any(|letter| letter.is_control() && letter != '\t' && letter != '\r');
        if sample.lines.is_empty() || sample.lines.iter().take(20).any(control) {
            let what =
                if sample.lines.is_empty() { "the file has no lines" } else { "the file holds no lines of text" };
            return Err(Error::usage(what).at(name).hint("name a log: JSON lines, or delimited values with a time"));
        }
        Ok(sample)
    }
}

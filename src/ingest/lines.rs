//! Lines of a stream, in bounded memory, with their number and their byte offset.
//!
//! An end of line is `\n` with whatever carriage returns stand before it (some writers turn `\r\n` into `\r\r\n`). A
//! stream in whose beginning carriage returns stand and no `\n` is one whose lines end in `\r`. In UTF-16 the same holds
//! of units of two bytes. Offsets and lengths always count the bytes of the stream, whatever its encoding.

use std::io::Read;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use crate::charset::Charset;

/// How much is asked of the stream at once; how line ends are written is told from as much of its beginning.
const CHUNK: usize = 256 * 1024;

/// What the reader comes upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A line, without its end and without a byte-order mark.
    Line {
        /// 1-based.
        number: u64,
        /// Of its first byte, in the decompressed stream.
        offset: u64,
        /// Its bytes.
        bytes: &'a [u8],
        /// How it ends.
        end: LineEnd,
    },
    /// A line longer than the limit; its bytes were not kept.
    TooLong {
        /// 1-based.
        number: u64,
        /// Of its first byte.
        offset: u64,
        /// In bytes, without its end.
        length: u64,
    },
    /// The stream broke here: nothing after this can be read.
    Broken {
        /// 1-based number of the line that would have followed.
        number: u64,
        /// Where it broke.
        offset: u64,
        /// What the stream said.
        error: std::io::ErrorKind,
    },
}

/// How a line ends; only the last may lack an end of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// By an end of line.
    Line,
    /// With the file: it may have been cut there.
    File,
    /// Where the stream broke: it was cut there.
    Break,
}

/// Splits a stream into lines.
pub struct LineReader<R> {
    stream: R,
    buffer: Vec<u8>,
    /// The unread part of `buffer`.
    start: usize,
    end: usize,
    /// Offset in the stream of `buffer[start]`.
    offset: u64,
    number: u64,
    limit: usize,
    state: State,
    declared: Charset,
    ends: Ends,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was read yet.
    Fresh,
    Reading,
    /// The stream gave its last byte, or broke.
    Ended(Option<std::io::ErrorKind>),
    Done,
}

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// `\n`.
    LineFeed,
    /// `\r`, and `\r\n` or `\n` where they come after all.
    CarriageReturn,
    /// `\n` in UTF-16; the position of the byte that is 0x0A in a unit of two.
    Utf16(usize),
}

impl<R: Read> LineReader<R> {
    /// A reader that keeps lines of at most `limit` bytes, of a stream in the `declared` encoding unless it begins with the
    /// mark of another.
    pub fn new(stream: R, limit: usize, declared: Charset) -> Self {
        Self {
            stream,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            offset: 0,
            number: 0,
            limit: limit.max(1),
            state: State::Fresh,
            declared,
            ends: Ends::LineFeed,
        }
    }

    /// Gives back the stream, read as far as it went.
    pub fn into_stream(self) -> R {
        self.stream
    }

    /// The encoding of the lines: the declared one until the stream was [begun](Self::begin).
    #[must_use]
    pub const fn charset(&self) -> Charset {
        self.declared
    }

    /// The next line, or nothing at the end.
    pub fn next_item(&mut self) -> Option<Item<'_>> {
        self.begin();
        let mut scanned = 0;
        loop {
            match self.find_end(scanned) {
                Found::At { length, width } if length > self.limit => {
                    let item = self.skipped(length as u64);
                    self.consume(length + width);
                    return Some(item);
                }
                Found::At { length, width } => return Some(self.line(length, width, LineEnd::Line)),
                Found::Not { scanned: so_far } => scanned = so_far,
            }
            let waiting = self.end - self.start;
            match self.state {
                State::Reading | State::Ended(_) if waiting > self.limit => return Some(self.skip_long_line()),
                State::Reading | State::Fresh => self.fill(),
                State::Ended(None) if waiting > 0 => return Some(self.line(waiting, 0, LineEnd::File)),
                State::Ended(Some(_)) if waiting > 0 => return Some(self.line(waiting, 0, LineEnd::Break)),
                State::Ended(Some(error)) => {
                    self.state = State::Done;
                    return Some(Item::Broken { number: self.number + 1, offset: self.offset, error });
                }
                State::Ended(None) | State::Done => return None,
            }
        }
    }

    /// Reads a first chunk, however small the pieces in which it comes, and looks how the text is written.
    pub fn begin(&mut self) {
        if self.state != State::Fresh {
            return;
        }
        self.state = State::Reading;
        while self.state == State::Reading && self.end < CHUNK {
            self.fill();
        }
        let first = &self.buffer[..self.end.min(CHUNK)];
        if let Some((marked, _)) = Encoding::for_bom(first) {
            self.declared = Charset::of(marked);
        }
        self.ends = match self.declared.encoding() {
            encoding if encoding == UTF_16LE => Ends::Utf16(0),
            encoding if encoding == UTF_16BE => Ends::Utf16(1),
            _ if memchr::memchr(b'\n', first).is_none() && memchr::memchr(b'\r', first).is_some() => {
                Ends::CarriageReturn
            }
            _ => Ends::LineFeed,
        };
    }

    /// Looks for the end of the line that begins at `start`, of which `scanned` bytes are known to hold none.
    fn find_end(&self, scanned: usize) -> Found {
        let unread = &self.buffer[self.start..self.end];
        match self.ends {
            Ends::LineFeed => match memchr::memchr(b'\n', &unread[scanned..]) {
                Some(at) => Found::At { length: scanned + at, width: 1 },
                None => Found::Not { scanned: unread.len() },
            },
            Ends::CarriageReturn => {
                let Some(at) = memchr::memchr2(b'\r', b'\n', &unread[scanned..]).map(|at| scanned + at) else {
                    return Found::Not { scanned: unread.len() };
                };
                match (unread[at], unread.get(at + 1)) {
                    // Whether a `\n` follows is not known yet.
                    (b'\r', None) if self.state == State::Reading => Found::Not { scanned: at },
                    (b'\r', Some(b'\n')) => Found::At { length: at, width: 2 },
                    _ => Found::At { length: at, width: 1 },
                }
            }
            Ends::Utf16(low) => {
                // Lines begin at even offsets: each end is two bytes, and so is each mark.
                let mut from = scanned & !1;
                while let Some(found) = memchr::memchr(b'\n', &unread[from..]) {
                    let unit = (from + found) & !1;
                    if unread.get(unit + 1).is_some() && unread[unit + low] == b'\n' && unread[unit + 1 - low] == 0 {
                        return Found::At { length: unit, width: 2 };
                    }
                    from = from + found + 1;
                }
                Found::Not { scanned: unread.len() & !1 }
            }
        }
    }

    /// Hands out the next `length` bytes as a line that ends in `width` bytes more.
    fn line(&mut self, length: usize, width: usize, end: LineEnd) -> Item<'_> {
        self.number += 1;
        let (from, offset) = (self.start, self.offset);
        self.consume(length + width);
        let bytes = &self.buffer[from..from + length];
        // A mark is no part of the text. It also stands in the middle where files were joined.
        let marked = self.declared.mark_length(bytes);
        let bytes = self.declared.without_carriage_returns(&bytes[marked..]);
        Item::Line { number: self.number, offset: offset + marked as u64, bytes, end }
    }

    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.offset += bytes as u64;
    }

    fn skipped(&mut self, length: u64) -> Item<'static> {
        self.number += 1;
        Item::TooLong { number: self.number, offset: self.offset, length }
    }

    /// Reads to the end of a line that is over the limit, keeping none of it.
    fn skip_long_line(&mut self) -> Item<'static> {
        let (mut length, first) = (0_u64, self.offset);
        let item = |reader: &mut Self, length| {
            reader.number += 1;
            Item::TooLong { number: reader.number, offset: first, length }
        };
        loop {
            match self.find_end(0) {
                Found::At { length: rest, width } => {
                    self.consume(rest + width);
                    return item(self, length + rest as u64);
                }
                Found::Not { scanned } => {
                    length += scanned as u64;
                    self.consume(scanned);
                }
            }
            if self.state != State::Reading {
                let rest = self.end - self.start;
                self.consume(rest);
                return item(self, length + rest as u64);
            }
            self.fill();
        }
    }

    /// Moves what is unread to the front and reads more behind it.
    fn fill(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() - self.end < CHUNK / 2 {
            self.buffer.resize(self.buffer.len() + CHUNK, 0);
        }
        loop {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.state = State::Ended(None),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => self.state = State::Ended(Some(error.kind())),
            }
            return;
        }
    }
}

/// Where a line ends.
enum Found {
    /// After `length` bytes, by an end of `width` bytes.
    At { length: usize, width: usize },
    /// Not in the first `scanned` bytes.
    Not { scanned: usize },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives its bytes in pieces of a few, as a network does.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let take = self.1.min(buffer.len()).min(self.0.len());
            buffer[..take].copy_from_slice(&self.0[..take]);
            self.0 = &self.0[take..];
            Ok(take)
        }
    }

    fn lines_of(bytes: &[u8], piece: usize, limit: usize) -> Vec<(u64, u64, Option<Vec<u8>>)> {
        let mut reader = LineReader::new(Dripping(bytes, piece), limit, Charset::default());
        let mut lines = Vec::new();
        while let Some(item) = reader.next_item() {
            match item {
                Item::Line { number, offset, bytes, .. } => lines.push((number, offset, Some(bytes.to_vec()))),
                Item::TooLong { number, offset, .. } => lines.push((number, offset, None)),
                Item::Broken { .. } => unreachable!("a slice does not break"),
            }
        }
        lines
    }

    #[test]
    fn a_byte_order_mark_and_carriage_returns_are_not_content() {
        let lines = lines_of(b"\xEF\xBB\xBFa\r\nb\r\n\r\nc", 2, 100);
        let texts: Vec<_> = lines.iter().map(|(_, _, text)| text.as_deref().unwrap()).collect();
        assert_eq!(texts, [&b"a"[..], b"b", b"", b"c"]);
        assert_eq!(lines[1].1, 6, "offsets count every byte of the file");
    }

    proptest! {
        #[test]
        fn lines_are_those_of_split_whatever_the_pieces(
            text in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'x'), Just(b'y')], 0..300),
            piece in 1_usize..50,
            limit in 1_usize..40,
        ) {
            let mut expected = Vec::new();
            let mut offset = 0_u64;
            let pieces: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            for (index, line) in pieces.iter().enumerate() {
                if index + 1 < pieces.len() || !line.is_empty() {
                    let kept = (line.len() <= limit).then(|| line.to_vec());
                    expected.push((index as u64 + 1, offset, kept));
                }
                offset += line.len() as u64 + 1;
            }
            prop_assert_eq!(lines_of(&text, piece, limit), expected);
        }
    }
}

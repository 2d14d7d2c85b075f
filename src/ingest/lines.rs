//! Lines of a stream, in bounded memory, with their number and their byte offset.

use std::io::Read;

/// How much is asked of the stream at once.
const CHUNK: usize = 256 * 1024;

/// What the reader comes upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A line, without its end (`\n` or `\r\n`) and without a byte-order mark.
    Line {
        /// 1-based.
        number: u64,
        /// Of its first byte, in the decompressed stream.
        offset: u64,
        /// Its bytes.
        bytes: &'a [u8],
        /// Whether an end of line follows; only the last line may lack it.
        terminated: bool,
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    /// The stream gave its last byte, or broke.
    Ended(Option<std::io::ErrorKind>),
    Done,
}

impl<R: Read> LineReader<R> {
    /// A reader that keeps lines of at most `limit` bytes.
    pub fn new(stream: R, limit: usize) -> Self {
        Self {
            stream,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            offset: 0,
            number: 0,
            limit: limit.max(1),
            state: State::Reading,
        }
    }

    /// Gives back the stream, read as far as it went.
    pub fn into_stream(self) -> R {
        self.stream
    }

    /// The next line, or nothing at the end.
    pub fn next_item(&mut self) -> Option<Item<'_>> {
        let mut scanned = 0;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.start + scanned..self.end]) {
                let length = scanned + at;
                if length > self.limit {
                    let item = self.skipped(length as u64);
                    self.start += length + 1;
                    self.offset += length as u64 + 1;
                    return Some(item);
                }
                return Some(self.line(length, true));
            }
            scanned = self.end - self.start;
            match self.state {
                State::Reading if scanned > self.limit => return Some(self.skip_long_line()),
                State::Reading => self.fill(),
                State::Ended(_) if scanned > 0 => return Some(self.line(scanned, false)),
                State::Ended(Some(error)) => {
                    self.state = State::Done;
                    return Some(Item::Broken { number: self.number + 1, offset: self.offset, error });
                }
                State::Ended(None) | State::Done => return None,
            }
        }
    }

    /// Hands out the next `length` bytes as a line.
    fn line(&mut self, length: usize, terminated: bool) -> Item<'_> {
        self.number += 1;
        let (from, mut offset) = (self.start, self.offset);
        let consumed = length + usize::from(terminated);
        self.start += consumed;
        self.offset += consumed as u64;
        let mut bytes = &self.buffer[from..from + length];
        if offset == 0 {
            // A byte-order mark is not part of the first line; its offset says where the line itself begins.
            if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
                bytes = rest;
                offset = 3;
            }
        }
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        Item::Line { number: self.number, offset, bytes, terminated }
    }

    fn skipped(&mut self, length: u64) -> Item<'static> {
        self.number += 1;
        Item::TooLong { number: self.number, offset: self.offset, length }
    }

    /// Reads to the end of a line that is over the limit, keeping none of it.
    fn skip_long_line(&mut self) -> Item<'static> {
        let mut length = 0_u64;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.start..self.end]) {
                self.start += at + 1;
                length += at as u64;
                let item = self.skipped(length);
                self.offset += length + 1;
                return item;
            }
            length += (self.end - self.start) as u64;
            self.start = self.end;
            if self.state != State::Reading {
                let item = self.skipped(length);
                self.offset += length;
                return item;
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
        let mut reader = LineReader::new(Dripping(bytes, piece), limit);
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

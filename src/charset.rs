//! How the text of a log is encoded: recognised by its mark, declared by the mapping, UTF-8 otherwise; never guessed.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The encoding of a log's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl Default for Charset {
    fn default() -> Self {
        Self(UTF_8)
    }
}

impl Charset {
    /// The charset of an encoding.
    #[must_use]
    pub const fn of(encoding: &'static Encoding) -> Self {
        Self(encoding)
    }

    /// The charset of a label of the Encoding Standard, such as `windows-1252`, `iso-8859-15` or `utf-16le`; nothing where
    /// there is none of that name, or where its lines cannot be found byte by byte.
    #[must_use]
    pub fn of_label(label: &str) -> Option<Self> {
        let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
        let splits = encoding.is_single_byte() || [UTF_8, UTF_16LE, UTF_16BE].contains(&encoding);
        splits.then_some(Self(encoding))
    }

    /// The encoding.
    #[must_use]
    pub const fn encoding(self) -> &'static Encoding {
        self.0
    }

    /// The text of a line; nothing where its bytes are not of this encoding.
    #[must_use]
    pub fn text(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        if self.0 == UTF_8 {
            return std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
        }
        self.0.decode_without_bom_handling_and_without_replacement(bytes)
    }

    /// How many bytes of marks a line begins with; where marked files were joined, one may follow another.
    #[must_use]
    pub fn mark_length(self, line: &[u8]) -> usize {
        let mut marks = 0;
        while let Some((marked, length)) = Encoding::for_bom(&line[marks..])
            && marked == self.0
        {
            marks += length;
        }
        marks
    }

    /// A line without the carriage returns at its end.
    #[must_use]
    pub fn without_carriage_returns(self, mut line: &[u8]) -> &[u8] {
        let carriage_return: &[u8] = match self.0 {
            encoding if encoding == UTF_16LE => b"\r\0",
            encoding if encoding == UTF_16BE => b"\0\r",
            _ => b"\r",
        };
        while let Some(rest) = line.strip_suffix(carriage_return) {
            line = rest;
        }
        line
    }

    /// Whether a line is nothing but white space.
    #[must_use]
    pub fn is_blank(self, line: &[u8]) -> bool {
        match self.0 {
            encoding if encoding == UTF_16LE || encoding == UTF_16BE => {
                self.text(line).is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_whitespace()))
            }
            _ => line.iter().all(u8::is_ascii_whitespace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_of_which_a_line_end_may_be_half_a_letter_is_none() {
        assert_eq!(Charset::of_label("windows-1252").map(Charset::encoding), Some(encoding_rs::WINDOWS_1252));
        assert_eq!(Charset::of_label("latin1").map(Charset::encoding), Some(encoding_rs::WINDOWS_1252));
        for label in ["iso-2022-jp", "shift_jis", "gbk", "klingon", "replacement", ""] {
            assert_eq!(Charset::of_label(label), None, "{label}");
        }
    }
}

//! One line of delimited values, read strictly: RFC 4180 on one line.
//!
//! Common readers are lenient: a quote that nobody closes ends with the text, what stands behind a closed one is glued to
//! it, a carriage return ends the record and hides the rest. Each of these makes another value of what was written, or
//! loses some of it; here each is told.

use std::borrow::Cow;

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ingest) enum Ending {
    /// With its last value.
    Whole,
    /// Within a quoted value: the record goes on over the line, or a quote too many stands in it.
    Open,
    /// Something stands behind a closed quote.
    Irregular,
    /// A line end stands in it, outside of quotes.
    Broken,
}

/// The values of a line.
///
/// # Errors
/// How it ends, where that is not with its last value.
pub(in crate::ingest) fn split(line: &str, delimiter: u8) -> Result<Vec<Cow<'_, str>>, Ending> {
    let mut scanner = Scanner { rest: line, delimiter };
    let mut values = Vec::new();
    loop {
        let (value, next) = scanner.value()?;
        values.push(value);
        if next == Next::End {
            return Ok(values);
        }
    }
}

/// How many values end on a line, and how it ends, where it begins within a quoted value if `inside`.
pub(in crate::ingest) fn follow(line: &str, delimiter: u8, inside: bool) -> (usize, Ending) {
    let mut scanner = Scanner { rest: line, delimiter };
    let mut value = if inside { scanner.quoted() } else { scanner.value() };
    let mut values = 0;
    loop {
        match value {
            Err(ending) => return (values, ending),
            Ok((_, Next::End)) => return (values + 1, Ending::Whole),
            Ok((_, Next::Value)) => values += 1,
        }
        value = scanner.value();
    }
}

/// What stands behind a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    End,
}

struct Scanner<'l> {
    rest: &'l str,
    delimiter: u8,
}

impl<'l> Scanner<'l> {
    fn value(&mut self) -> Result<(Cow<'l, str>, Next), Ending> {
        if let Some(rest) = self.rest.strip_prefix('"') {
            self.rest = rest;
            return self.quoted();
        }
        let end = memchr::memchr(self.delimiter, self.rest.as_bytes());
        let value = &self.rest[..end.unwrap_or(self.rest.len())];
        if memchr::memchr2(b'\r', b'\n', value.as_bytes()).is_some() {
            return Err(Ending::Broken);
        }
        self.rest = end.map_or("", |end| &self.rest[end + 1..]);
        Ok((Cow::Borrowed(value), if end.is_some() { Next::Value } else { Next::End }))
    }

    /// The rest of a value whose opening quote was read.
    fn quoted(&mut self) -> Result<(Cow<'l, str>, Next), Ending> {
        let text = self.rest;
        let mut from = 0;
        loop {
            let close = from + memchr::memchr(b'"', &text.as_bytes()[from..]).ok_or(Ending::Open)?;
            if text.as_bytes().get(close + 1) == Some(&b'"') {
                from = close + 2;
                continue;
            }
            let value = &text[..close];
            let value = if from == 0 { Cow::Borrowed(value) } else { Cow::Owned(value.replace("\"\"", "\"")) };
            self.rest = text.get(close + 2..).unwrap_or_default();
            return match text.as_bytes().get(close + 1) {
                None => Ok((value, Next::End)),
                Some(byte) if *byte == self.delimiter => Ok((value, Next::Value)),
                Some(_) => Err(Ending::Irregular),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_lenient_reader_would_glue_or_drop_is_told() {
        let values = |line| split(line, b',').map(|values| values.join("|"));
        assert_eq!(values("a,b,c").unwrap(), "a|b|c");
        assert_eq!(values(",").unwrap(), "|");
        assert_eq!(values("\"a,\"\"b\"\"\",\"\"").unwrap(), "a,\"b\"|");
        assert_eq!(values("a \"b\" c,d").unwrap(), "a \"b\" c|d", "a quote within a value is a letter");
        assert_eq!(values("a,\"b"), Err(Ending::Open));
        assert_eq!(values("a,\"b\" ou pas"), Err(Ending::Irregular));
        assert_eq!(values("a,b\rc,d"), Err(Ending::Broken));
        assert_eq!(values("a,\"b\rc\",d").unwrap(), "a|b\rc|d");
        assert_eq!(follow("fin\",x", b',', true), (2, Ending::Whole));
        assert_eq!(follow("toujours", b',', true), (0, Ending::Open));
        assert_eq!(follow("a,b,\"c", b',', false), (2, Ending::Open));
    }

    proptest! {
        /// The `csv` crate agrees wherever it writes the line itself.
        #[test]
        fn a_line_that_a_writer_wrote_comes_back(values in prop::collection::vec("[a-z,;\"é \r]{0,6}", 1..6)) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            writer.write_record(&values).unwrap();
            let line = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(split(line.trim_end_matches('\n'), b',').unwrap(), values);
        }
    }
}

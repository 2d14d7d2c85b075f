//! What a file is called: the one name under which it is published, and what that name says of it.
//!
//! A name is a path relative to the raw root, its parts joined by `/`. Names are input, and anyone may write there what a
//! spreadsheet runs, what a terminal obeys or what is no text. They are published percent-encoded, as in RFC 3986: bytes
//! that are not UTF-8, control characters and marks of direction, the quotation mark and the semicolon (at which a French
//! spreadsheet ends a cell), `=`, `+`, `-` and `@` at the very beginning, and the percent sign itself. Nothing else is,
//! so that two names never become one and each can be read back.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: &[char] = &['=', '+', '-', '@'];
/// What ends a cell or a text, and the sign of the encoding itself.
const RESERVED: &[char] = &['%', '"', ';'];
/// What changes how the text around it is shown, and is no control character.
const INVISIBLE: &[RangeInclusive<char>] = &[
    '\u{61C}'..='\u{61C}',
    '\u{200E}'..='\u{200F}',
    '\u{2028}'..='\u{202E}',
    '\u{2066}'..='\u{2069}',
    '\u{FEFF}'..='\u{FEFF}',
];

/// What the gzip and zstd tools add to a name.
const UNPACKED: &[&str] = &[".gz", ".gzip", ".zst", ".zstd"];
/// What the tools of packings add that are not unpacked here.
const PACKED: &[&str] = &[".xz", ".bz2", ".lz4", ".lzma", ".br", ".z", ".7z", ".rar"];
const ARCHIVES: &[&str] = &[".tar", ".tgz", ".tzst", ".zip"];
const NDJSON: &[&str] = &[".ndjson", ".jsonl"];
const CSV: &[&str] = &[".csv", ".tsv"];
/// What editors and transfers leave behind, or have not finished.
const UNFINISHED: &[&str] = &["~", ".swp", ".swo", ".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload"];

/// The endings of the logs of `attempt/1`, for those who ask what is looked for.
pub const LOG_ENDINGS: &str = ".ndjson or .jsonl, rotated and compressed or not";

/// The published name of a path.
#[must_use]
pub fn published(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    push(&mut text, path);
    text
}

/// The published name of a member of an archive, whose published name is given.
#[must_use]
pub fn within(archive: &str, member: &[u8]) -> String {
    let mut text = format!("{archive}/");
    push(&mut text, member);
    text
}

/// A text of a log as it is published, encoded in the same way: it is input as well, and stands in files that people open
/// in spreadsheets.
#[must_use]
pub fn published_text(text: &str) -> Cow<'_, str> {
    if !text.starts_with(FORMULA) && text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(published(text.as_bytes()))
    }
}

fn push(text: &mut String, path: &[u8]) {
    for chunk in path.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if is_plain(letter) && !(text.is_empty() && FORMULA.contains(&letter)) {
                text.push(letter);
            } else {
                encode(text, letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        encode(text, chunk.invalid());
    }
}

fn is_plain(letter: char) -> bool {
    !letter.is_control() && !RESERVED.contains(&letter) && !INVISIBLE.iter().any(|range| range.contains(&letter))
}

fn encode(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "%{byte:02X}");
    }
}

/// What the last part of a name says that the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A log of the contract `attempt/1`, or of a robot that writes JSON.
    Ndjson,
    /// Delimited values.
    Csv,
    /// Several files in one.
    Archive,
    /// Packed in a way that is not read.
    Packed,
    /// Anything else.
    Other,
}

/// What a name says that the file is: whatever the case, and whatever a rotation or a compression put behind.
#[must_use]
pub fn form(name: &str) -> Form {
    let name = last_part(name).to_ascii_lowercase();
    let mut rest = name.as_str();
    loop {
        let ends = |endings: &[&str]| endings.iter().any(|ending| rest.ends_with(ending));
        if ends(NDJSON) {
            return Form::Ndjson;
        } else if ends(CSV) {
            return Form::Csv;
        } else if ends(ARCHIVES) {
            return Form::Archive;
        } else if ends(PACKED) {
            return Form::Packed;
        }
        rest = match UNPACKED.iter().find_map(|ending| rest.strip_suffix(ending)).or_else(|| before_rotation(rest)) {
            Some(rest) => rest,
            None => return Form::Other,
        };
    }
}

/// The name before what a rotation put behind it: a number, a day or an instant, after a dot, a dash or an underscore.
fn before_rotation(name: &str) -> Option<&str> {
    let number = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let base = number.strip_suffix(['.', '-', '_', 't'])?;
    (number.len() < name.len() && !base.is_empty()).then_some(base)
}

/// What stays of a name through all rotations and compressions: two logs of one stem may hold the same lines, and two of
/// different stems are never asked.
#[must_use]
pub fn stem(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let mut rest = name.as_str();
    while let Some(shorter) =
        UNPACKED.iter().find_map(|ending| rest.strip_suffix(ending)).or_else(|| before_rotation(rest))
    {
        rest = shorter;
    }
    rest.chars().filter(|letter| !letter.is_ascii_digit() && !['.', '-', '_'].contains(letter)).collect()
}

/// Whether a part of the name begins with a dot: what systems and programs keep for themselves.
#[must_use]
pub fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('.'))
}

/// Whether the name is one that editors and transfers give to what they have not finished.
#[must_use]
pub fn is_unfinished(name: &str) -> bool {
    let name = last_part(name).to_ascii_lowercase();
    UNFINISHED.iter().any(|ending| name.ends_with(ending))
        || (name.len() > 1 && name.starts_with('#') && name.ends_with('#'))
}

/// Whether a pattern says how the names end that it means, as `*.log` does and `*` does not.
#[must_use]
pub fn says_the_ending(pattern: &str) -> bool {
    pattern.rsplit(['*', '?', ']', '/']).next().is_some_and(|ending| ending.contains('.'))
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(name: &str) -> Vec<u8> {
        percent_decoded(name.as_bytes())
    }

    fn percent_decoded(name: &[u8]) -> Vec<u8> {
        match name {
            [b'%', high, low, rest @ ..] => {
                let digits = [*high, *low];
                let byte = u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap();
                [vec![byte], percent_decoded(rest)].concat()
            }
            [first, rest @ ..] => [vec![*first], percent_decoded(rest)].concat(),
            [] => Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn a_published_name_is_safe_and_can_be_read_back(
            name in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                "[-=+@;%\"a-c/\u{202e}\u{85}é\n]{0,30}".prop_map(String::into_bytes),
            ],
        ) {
            let text = published(&name);
            prop_assert_eq!(decoded(&text), name);
            prop_assert!(!text.starts_with(FORMULA));
            prop_assert!(!text.contains(|letter: char| letter.is_control() || letter == ';' || letter == '"'), "{}", text);
        }
    }

    #[test]
    fn a_rotation_leaves_the_form_that_a_name_says() {
        for name in
            ["a.ndjson", "a/B.JSONL", "a.ndjson.1", "a.ndjson-20190417.GZ", "a.ndjson.gz.2", "a.ndjson-20190417T0600"]
        {
            assert_eq!(form(name), Form::Ndjson, "{name}");
        }
        for name in ["a.csv", "a.CSV.10", "a.tsv-2019-04-17.zst"] {
            assert_eq!(form(name), Form::Csv, "{name}");
        }
        for name in ["a.csv.tar", "a.tar.gz.1", "A.TGZ", "a.zip"] {
            assert_eq!(form(name), Form::Archive, "{name}");
        }
        for name in
            ["", ".", "1", ".1", "-20190417", "2019", "a.ndjson.old", "x.csv.d/a", "a.json", "a.ndjson.b2", "é.1"]
        {
            assert_eq!(form(name), Form::Other, "{name}");
        }
    }

    #[test]
    fn a_rotation_leaves_the_stem_of_a_name() {
        for name in [
            "a/b.ndjson.1",
            "a/b.ndjson.2.gz",
            "a/b.ndjson-20190417.zst",
            "a/b-20190417.ndjson",
            "a/B-2019-04-17.1.NDJSON.gz",
        ] {
            assert_eq!(stem(name), stem("a/b.ndjson"), "{name}");
        }
        assert_ne!(stem("a/b.ndjson"), stem("a/c.ndjson"));
    }

    #[test]
    fn a_pattern_says_the_ending_or_does_not() {
        for (pattern, says) in [
            ("*.log", true),
            ("a/*/b.txt", true),
            ("export.csv", true),
            ("*", false),
            ("x.d/*", false),
            ("*.csv*", false),
        ] {
            assert_eq!(says_the_ending(pattern), says, "{pattern}");
        }
    }
}

//! Two texts that a reader would call the same become the same bytes.
//!
//! Robots and servers disagree on capitals, on `'` and `’`, on how an accent is encoded and on no-break spaces. A robot
//! that lower-cases the page and then looks for a needle with a capital never finds it: here pages and needles go
//! through the same function.

use std::ops::Range;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::entities::unescape;

/// NFC, full case folding, one kind of apostrophe, one space between words and none around.
#[must_use]
pub fn normalise(text: &str) -> String {
    words(text).into_string()
}

/// A normalised text, and where its lines ended.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) text: String,
    /// In the order of the text.
    pub(super) line_ends: Vec<LineEnd>,
}

/// A space that stands for one end of line or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineEnd {
    /// The byte at which the space stands.
    pub(super) at: usize,
    /// Whether a line without text follows: the end of a paragraph.
    pub(super) blank: bool,
}

impl Page {
    /// Normalises what a robot took for the text of a page, whose entities it may have left as they were.
    pub(super) fn of(text: &str) -> Self {
        let mut words = words(&unescape(text));
        let line_ends = std::mem::take(&mut words.line_ends);
        Self { text: words.into_string(), line_ends }
    }

    /// The ends of lines in a part of the text.
    pub(super) fn line_ends_in(&self, part: Range<usize>) -> impl Iterator<Item = LineEnd> + '_ {
        let first = self.line_ends.partition_point(|end| end.at < part.start);
        self.line_ends[first..].iter().copied().take_while(move |end| end.at < part.end)
    }
}

fn words(text: &str) -> Words {
    quick(text).unwrap_or_else(|| full(text))
}

/// Any text: the canonical caseless form of the Unicode Standard (D145), composed.
///
/// Folding comes between the two normalisations because it can undo the first: `İ` folds to two characters.
fn full(text: &str) -> Words {
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    let folded = CaseMapper::new().fold_string(&decomposed);
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&folded);
    let mut words = Words::with_capacity(composed.len());
    words.push_str(&composed);
    words
}

/// The same for ASCII, Latin-1 and French typography, which is nearly every page; `None` for anything else.
///
/// No character of these composes with another or is reordered, so one pass is enough.
fn quick(text: &str) -> Option<Words> {
    let mut words = Words::with_capacity(text.len());
    let mut rest = text.as_bytes().iter().enumerate();
    while let Some((at, &byte)) = rest.next() {
        if byte.is_ascii() {
            words.push_ascii(byte);
            continue;
        }
        let c = text[at..].chars().next()?;
        match c {
            'ß' => words.push_str("ss"),
            'µ' => words.push('μ'),
            '×' => words.push(c),
            'À'..='Þ' => words.push(char::from_u32(c as u32 + 0x20)?),
            'Œ' => words.push('œ'),
            '\u{80}'..='\u{ff}' | 'œ' | '\u{2010}'..='\u{202f}' | '€' => words.push(c),
            _ => return None,
        }
        rest.nth(c.len_utf8() - 2);
    }
    Some(words)
}

/// Text under construction, in which a run of spaces is one space, and none at either end.
struct Words {
    text: Vec<u8>,
    line_ends: Vec<LineEnd>,
    space_owed: bool,
    /// How many lines ended in the space that is owed.
    lines_owed: u32,
}

impl Words {
    fn with_capacity(bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), line_ends: Vec::new(), space_owed: false, lines_owed: 0 }
    }

    /// ASCII, already folded or not: nine characters of ten, hence bytes and a table.
    #[inline]
    fn push_ascii(&mut self, byte: u8) {
        let folded = FOLDED_ASCII[usize::from(byte & 0x7f)];
        if folded == b' ' {
            if !self.text.is_empty() {
                self.space_owed = true;
                self.lines_owed += u32::from(byte == b'\n');
            }
            return;
        }
        if self.space_owed {
            self.pay_space();
        }
        self.text.push(folded);
    }

    fn pay_space(&mut self) {
        if self.lines_owed > 0 {
            self.line_ends.push(LineEnd { at: self.text.len(), blank: self.lines_owed > 1 });
        }
        self.text.push(b' ');
        self.space_owed = false;
        self.lines_owed = 0;
    }

    fn push_str(&mut self, text: &str) {
        text.chars().for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        match c {
            '\n' => self.push_ascii(b'\n'),
            _ if is_space(c) => self.push_ascii(b' '),
            _ if is_apostrophe(c) => self.push_ascii(b'\''),
            '\0'..='\x7f' => self.push_ascii(c as u8),
            _ => {
                if self.space_owed {
                    self.pay_space();
                }
                self.text.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }

    fn into_string(self) -> String {
        // Only whole characters were pushed; should that ever break, a lossy page is better than no run.
        String::from_utf8(self.text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// ASCII in lower case, with its spaces and apostrophes made one.
const FOLDED_ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'\t'..=b'\r' => b' ',
            b'`' => b'\'',
            _ => byte.to_ascii_lowercase(),
        };
        byte += 1;
    }
    table
};

/// White space, U+00A0 and U+202F included, and the two zero-width spaces that editors leave behind.
const fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '’' | '‘' | '‛' | '′' | 'ʼ' | '`' | '´' | '＇')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Letters, apostrophes and spaces in which French pages differ, and a few that only Unicode thinks of.
    const ODD: &str = "[a-zA-Z '’`´ÀÉàéçÇœŒßµ×İΣς\u{a0}\u{202f}\u{2009}\u{301}\u{327}\u{345}ǅﬁ]{0,40}";

    #[test]
    fn the_four_spellings_of_one_sentence_are_one() {
        let plain = "il n'existe plus de créneau";
        for spelling in [
            "Il n’existe plus de créneau",
            "IL N'EXISTE PLUS DE CRÉNEAU",
            "Il n'existe\u{a0}plus de cre\u{301}neau",
            " \u{feff}Il n´existe \u{202f}plus\r\n\tde CRE\u{301}NEAU ",
        ] {
            assert_eq!(normalise(spelling), plain, "{spelling:?}");
        }
    }

    #[test]
    fn ends_of_lines_are_kept_beside_the_text() {
        let page = Page::of("\n\nUn\r\ndeux \u{a0}\n\t\n trois\n");
        assert_eq!(page.text, "un deux trois");
        assert_eq!(page.line_ends, [LineEnd { at: 2, blank: false }, LineEnd { at: 7, blank: true }]);
        assert_eq!(page.line_ends_in(3..13).collect::<Vec<_>>(), [LineEnd { at: 7, blank: true }]);
    }

    proptest! {
        #[test]
        fn idempotent(text in prop_oneof![any::<String>(), ODD.prop_map(String::from)]) {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }

        #[test]
        fn decomposed_input_changes_nothing(text in prop_oneof![any::<String>(), ODD.prop_map(String::from)]) {
            let nfd = DecomposingNormalizerBorrowed::new_nfd().normalize(&text);
            prop_assert_eq!(normalise(&nfd), normalise(&text));
        }

        #[test]
        fn ascii_capitals_change_nothing(text in any::<String>()) {
            prop_assert_eq!(normalise(&text.to_ascii_uppercase()), normalise(&text));
        }

        #[test]
        fn the_kind_of_apostrophe_changes_nothing(text in ODD, apostrophe in "[’‘‛′ʼ`´＇]") {
            prop_assert_eq!(normalise(&text.replace('\'', &apostrophe)), normalise(&text));
        }

        #[test]
        fn more_spaces_change_nothing(words in prop::collection::vec("[a-zé']{1,8}", 0..8), gap in "[ \u{a0}\u{202f}\t\n]{1,3}") {
            let spread = format!("{gap}{}{gap}", words.join(&gap));
            prop_assert_eq!(normalise(&spread), words.join(" "));
        }

        #[test]
        fn the_quick_path_agrees_with_the_full_one(text in "[\u{0}-\u{ff}\u{2010}-\u{202f}œŒ€]{0,60}") {
            let (quick, full) = (quick(&text).unwrap(), full(&text));
            prop_assert_eq!(&quick.line_ends, &full.line_ends);
            prop_assert_eq!(quick.into_string(), full.into_string());
        }
    }
}

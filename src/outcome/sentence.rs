//! Whether a page states a sentence, or explains it, quotes it, asks it or makes a condition of it.
//!
//! The text is what a robot made of a page: lines may be joined, capitals and full stops may lack. What is looked at is
//! therefore the sentence as far as it can be told, and in doubt the page does not state it: its answer is then unknown.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;

use super::dates;
use super::elsewhere::Hint;
use super::text::Page;
use super::words::Words;

/// How far before a phrase its sentence is followed, in bytes.
const BEFORE: usize = 240;
/// How far after it.
const AFTER: usize = 100;
/// How far before a phrase a quotation may begin.
const QUOTED_BEFORE: usize = 160;
/// How far after a phrase the quotation may end, and its sentence be a question.
const NEAR_AFTER: usize = 60;

/// The section `[sentence]` of the rules.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    before: Vec<String>,
    just_before: Vec<String>,
    openers: Vec<String>,
    explains: Vec<String>,
    just_after: Vec<String>,
    goes_on: Vec<String>,
    arrows: Vec<String>,
    source: Vec<String>,
}

impl Written {
    pub(super) fn read(&self) -> Result<Sentences, String> {
        Ok(Sentences {
            before: Words::new("before", &self.before)?,
            just_before: Words::new("just_before", &self.just_before)?,
            openers: Words::new("openers", &self.openers)?,
            explains: Words::new("explains", &self.explains)?,
            just_after: Words::new("just_after", &self.just_after)?,
            goes_on: Words::new("goes_on", &self.goes_on)?,
            arrows: Words::new("arrows", &self.arrows)?,
            source: Words::new("source", &self.source)?,
        })
    }
}

/// The words by which a sentence that is stated is told from others.
#[derive(Debug)]
pub(super) struct Sentences {
    before: Words,
    just_before: Words,
    openers: Words,
    explains: Words,
    just_after: Words,
    goes_on: Words,
    arrows: Words,
    source: Words,
}

/// Why a phrase that is in the page is not taken for what the page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It stands between quotation marks.
    Quoted,
    /// This word before it, in its sentence, makes it something else than a statement.
    Before(String),
    /// This word after it does.
    After(String),
    /// Its sentence is a question.
    Question,
    /// It is said of this time alone.
    Narrowed(String),
    /// The excerpt ends in its sentence: nobody knows how that goes on.
    Cut,
    /// The text is the source of a page, in which not everything is shown.
    Source(String),
    /// The page hints at a slot elsewhere.
    Elsewhere(Hint),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quoted => f.write_str("it is quoted"),
            Self::Before(word) => write!(f, "it comes after « {word} »"),
            Self::After(word) => write!(f, "« {word} » comes after it"),
            Self::Question => f.write_str("it is in a question"),
            Self::Narrowed(time) => write!(f, "it is said of « {time} » alone"),
            Self::Cut => f.write_str("the excerpt is cut there"),
            Self::Source(mark) => write!(f, "the text is the source of a page (« {mark} »), not all of which is shown"),
            Self::Elsewhere(hint) => hint.fmt(f),
        }
    }
}

impl Sentences {
    /// What makes a phrase of the page, between two bytes, something else than a statement; `cut` says that the robot
    /// cut the text at its end.
    pub(super) fn doubt(&self, page: &Page, phrase: Range<usize>, cut: bool) -> Option<Doubt> {
        let (start, end) = (phrase.start, phrase.end);
        let text = page.text.as_str();
        if let Some(mark) = self.source.first_in(text, text.len()) {
            return Some(Doubt::Source(mark.to_owned()));
        }
        if self.is_quoted(page, &phrase) {
            return Some(Doubt::Quoted);
        }
        let from = beginning(page, start);
        if let Some(word) = self.before.first_in(&text[from..end], start - from) {
            return Some(Doubt::Before(word.to_owned()));
        }
        if let Some(mark) = self.leads_to(&text[from..start], text[..start].trim_end()) {
            return Some(Doubt::Before(mark.to_owned()));
        }
        if let Some(time) = dates::heading(&text[from..start]) {
            return Some(Doubt::Narrowed(time.to_owned()));
        }
        let to = ending(page, end);
        if cut && to == text.len() {
            return Some(Doubt::Cut);
        }
        let line_end = page.line_ends_in(end..to).next().map_or(to, |line_end| line_end.at);
        let line = &text[end..line_end];
        if let Some(time) = dates::narrowing(line) {
            return Some(Doubt::Narrowed(time.to_owned()));
        }
        let on_the_next_line =
            || self.explains.beginning(text[line_end..to].trim_start()).filter(|_| line.trim().is_empty());
        if let Some(word) = self.goes_on(line).or_else(on_the_next_line) {
            return Some(Doubt::After(word.to_owned()));
        }
        // A question of another line, such as « Besoin d'aide ? », is another question.
        let asked = line_end == to && text[to..].trim_start_matches(CLOSING).starts_with('?');
        (asked && line.len() <= NEAR_AFTER).then_some(Doubt::Question)
    }

    /// What right before a phrase makes it the end of a longer sentence: `before` is its sentence so far, `all` the whole
    /// text before it. A comma or a colon does, unless it follows a word that opens a sentence (« Désolé, »).
    fn leads_to<'t>(&self, before: &'t str, all: &'t str) -> Option<&'t str> {
        let before = before.trim_end();
        let mark = all.char_indices().next_back().map(|(at, _)| &all[at..])?;
        match mark {
            "," | ":" => {
                let opener = before.trim_end_matches([',', ':', ' ']);
                // « Guichet 3 : » opens as « Guichet : » does.
                let named =
                    opener.rsplit_once(' ').filter(|(_, name)| name.chars().count() <= 3).map(|(opener, _)| opener);
                let opens = self.openers.ends(opener) || named.is_some_and(|opener| self.openers.ends(opener));
                (!opens).then_some(mark)
            }
            ";" | "(" | "[" | "]" | "{" | "=" | "-" | "–" | "—" | "•" | "·" | "/" => Some(mark),
            "." if ends_with_a_number(all) => Some(mark),
            _ => self.just_before.ending(all),
        }
    }

    /// What right after a phrase, on its line, makes it the beginning of a longer sentence that says something else.
    fn goes_on<'t>(&self, line: &'t str) -> Option<&'t str> {
        let mut rest = line.trim_start_matches(EMPHASIS);
        loop {
            let after_comma = rest.strip_prefix(',').map(str::trim_start);
            match self.goes_on.beginning(after_comma.unwrap_or(rest)) {
                Some(harmless) => rest = after_comma.unwrap_or(rest)[harmless.len()..].trim_start_matches(EMPHASIS),
                None if rest.starts_with([',', ':', ';', '=']) => return Some(&rest[..1]),
                None => return self.explains.beginning(rest).or_else(|| self.just_after.beginning(rest)),
            }
        }
    }

    fn is_quoted(&self, page: &Page, phrase: &Range<usize>) -> bool {
        let before = &page.text[floor(&page.text, phrase.start.saturating_sub(QUOTED_BEFORE))..phrase.start];
        let after = &page.text[phrase.end..];
        self.opens(before) || self.closes(after) || straight(before, after)
    }

    /// Whether the last mark of a text opens a quotation, which then goes on. Guillemets before « précédent » are arrows.
    fn opens(&self, before: &str) -> bool {
        let near = before.trim_end_matches([' ', '(']);
        if near.ends_with(char::REPLACEMENT_CHARACTER) {
            return true;
        }
        let marks =
            before.char_indices().rev().filter(|(_, c)| is_opening(*c) || is_closing(*c) || *c == '<' || *c == '>');
        for (at, c) in marks {
            let after = &before[at + c.len_utf8()..];
            match c {
                '<' if before[..at].ends_with('<') => return true,
                '>' if before[..at].ends_with('>') => return false,
                '<' | '>' => {}
                'œ' if !before[..at].ends_with("â€") => {}
                _ if is_closing(c) => return false,
                _ if self.arrows.beginning(after.trim_start()).is_some() => {}
                _ => return true,
            }
        }
        false
    }

    /// Whether the first mark of a text, not far and in the same sentence, closes a quotation.
    fn closes(&self, after: &str) -> bool {
        let after = &after[..floor(after, NEAR_AFTER)];
        let Some(at) = after.find(|c| is_closing(c) || is_opening(c) || c == '>' || c == '\u{fffd}') else {
            return false;
        };
        let (between, mark) = after.split_at(at);
        let mark = mark.chars().next().unwrap_or_default();
        let closing = is_closing(mark) || mark == '\u{fffd}' || after[at..].starts_with(">>");
        let sentence = between.trim_end_matches([' ', '.', '!', '?', '…']);
        closing && !sentence.contains(['.', '!', '?']) && !self.arrows.ends(sentence)
    }
}

/// Whether a text ends with the number of an item of a list: « 2. ».
fn ends_with_a_number(text: &str) -> bool {
    let number = text.trim_end_matches('.').rsplit(' ').next().unwrap_or_default();
    (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether quotation marks that do not say which way they turn stand around what is between the two texts.
fn straight(before: &str, after: &str) -> bool {
    let opened = before.rfind('"').is_some_and(|at| {
        let outside = before[..at].chars().next_back();
        let inside = before[at + 1..].chars().next();
        !outside.is_some_and(char::is_alphanumeric) && inside.is_none_or(|c| c.is_alphanumeric() || c == ' ')
    });
    // An apostrophe that no letter precedes is a quotation mark.
    let by_apostrophe = before.strip_suffix('\'').is_some_and(|outside| !outside.ends_with(char::is_alphanumeric));
    by_apostrophe || opened && after[..floor(after, AFTER)].contains('"')
}

/// What may stand between a phrase and the mark that closes its sentence or its quotation.
const CLOSING: [char; 7] = [' ', '.', '!', '…', ',', ')', '»'];

/// What stands around words that are set in bold, where a robot writes a page as Markdown.
const EMPHASIS: [char; 3] = [' ', '*', '_'];

/// `œ` is the end of `â€œ`, as the English mark looks when it was read in the wrong charset.
const fn is_opening(c: char) -> bool {
    matches!(c, '«' | '“' | '„' | '‟' | '‹' | 'œ')
}

const fn is_closing(c: char) -> bool {
    matches!(c, '»' | '”' | '›')
}

/// The largest boundary of characters that is not above `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The byte at which the sentence that holds the byte `at` begins, as far as it can be told.
pub(super) fn beginning(page: &Page, at: usize) -> usize {
    let from = floor(&page.text, at.saturating_sub(BEFORE));
    let stop = page.text[from..at].char_indices().rev().map(|(i, c)| (from + i, c)).find(|(i, c)| bounds(page, *i, *c));
    stop.map_or(from, |(i, c)| i + c.len_utf8())
}

/// The byte at which the sentence that holds the byte `at` ends, as far as it can be told.
pub(super) fn ending(page: &Page, at: usize) -> usize {
    let to = floor(&page.text, at + AFTER);
    let stop = page.text[at..to].char_indices().map(|(i, c)| (at + i, c)).find(|(i, c)| bounds(page, *i, *c));
    stop.map_or(to, |(i, _)| i)
}

/// The same where a heading and what stands under it are read as one.
pub(super) fn ending_across_lines(page: &Page, at: usize) -> usize {
    let to = floor(&page.text, at + AFTER);
    let mut stops = page.text[at..to].char_indices().map(|(i, c)| (at + i, c)).filter(|(_, c)| *c != ' ');
    stops.find(|(i, c)| bounds(page, *i, *c)).map_or(to, |(i, _)| i)
}

/// Whether a sentence ends at a character. One end of line does not end it: pages are logged with a line for each piece
/// of a sentence. A line without text does, unless what stands before it announces what follows.
fn bounds(page: &Page, at: usize, c: char) -> bool {
    let (before, after) = (&page.text[..at], &page.text[at + c.len_utf8()..]);
    match c {
        '!' | '?' | '|' | '•' => true,
        '.' => !before.ends_with('.') && !after.starts_with(|c: char| c.is_alphanumeric() || c == '.' || c == '/'),
        ' ' => page.line_ends_in(at..at + 1).any(|end| end.blank) && !before.ends_with([':', ',']),
        _ => false,
    }
}

//! Signs that a slot may be had at another time or place than the one of which a page says no.
//!
//! They are read in the text, where many things have dates: never enough for a yes, and too much for a no.

use std::fmt;
use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::Regex;
use serde::Deserialize;

use super::condition::{Glob, globs};
use super::dates::{self, expression};
use super::facts::{Needle, Needles, Role};
use super::sentence::{beginning, ending_across_lines, floor};
use super::text::{Page, normalise};
use super::words::{Words, is_word};

/// The section `[elsewhere]` of the rules.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    announced: Vec<String>,
    counted: Vec<String>,
    offered: Vec<String>,
    unless: Vec<String>,
    denied: Vec<String>,
    marker: Vec<String>,
}

impl Written {
    pub(super) fn read(&self, needles: &mut Needles) -> Result<Elsewhere, String> {
        let mut placed = |key: &str, words: &[String]| -> Result<Vec<Needle>, String> {
            let words: Vec<_> = words.iter().map(|word| normalise(word)).collect();
            if words.iter().any(String::is_empty) {
                return Err(format!("`{key}` lists an empty word"));
            }
            Ok(words.into_iter().map(|word| needles.intern(word, Role::Placed)).collect())
        };
        Ok(Elsewhere {
            announced: placed("announced", &self.announced)?,
            counted: placed("counted", &self.counted)?,
            offered: placed("offered", &self.offered)?,
            unless: Words::new("unless", &self.unless)?,
            denied: Words::new("denied", &self.denied)?,
            markers: if self.marker.is_empty() { Vec::new() } else { globs("marker", &self.marker, "")? },
        })
    }
}

/// The words and marks that hint at a slot.
#[derive(Debug)]
pub(super) struct Elsewhere {
    announced: Vec<Needle>,
    counted: Vec<Needle>,
    offered: Vec<Needle>,
    unless: Words,
    denied: Words,
    markers: Vec<Glob>,
}

/// What hints at a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hint {
    /// These words, followed by this date or hour.
    Announced(String, String),
    /// This number of slots.
    Counted(String),
    /// These words.
    Offered(String),
    /// This date and hour, to come, or these hours.
    Appointment(String),
    /// This trace.
    Marker(String),
    /// The probe counted slots.
    Slots(i32),
    /// The probe read a date.
    Dated,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Announced(words, moment) => write!(f, "the page says « {words} », and « {moment} »"),
            Self::Appointment(moment) => write!(f, "the page gives « {moment} »"),
            Self::Counted(words) | Self::Offered(words) => write!(f, "the page says « {words} »"),
            Self::Marker(marker) => write!(f, "the probe noted {marker}"),
            Self::Slots(count) => write!(f, "the probe counted slots: {count}"),
            Self::Dated => f.write_str("the probe read the date of a slot"),
        }
    }
}

/// A number of slots, at the end of what stands before them.
static COUNT: LazyLock<Regex> = LazyLock::new(|| {
    let digits = r"(?:^|[^\d/:.,-])(?<digits>[1-9]\d{0,2})";
    let letters = r"\b(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|plusieurs)";
    expression(&format!("(?:{digits}|{letters}) (?:autres |premiers |premières )?$"))
});
/// A number that counts something else: a step, an office, a length, the day of a month.
static NO_COUNT: LazyLock<Regex> = LazyLock::new(|| {
    let months = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre";
    expression(&format!(r"\b(?:étape|sur|guichet|planning|page|n°|durée|de|{months}) ?\d+ $"))
});
/// What says of slots that they can be had.
static FREE: LazyLock<Regex> = LazyLock::new(|| {
    expression("^ (?:horaires? )?(?:(?:encore|sont|est|restants?) )*(?:disponible|libre|proposé|restant)")
});

impl Elsewhere {
    /// The first sign of a slot. `placed` are the words found in the page, with their places; `phrases` the places of
    /// phrases, in which nothing announces anything.
    pub(super) fn hint(&self, page: &Page, markers: &[String], placed: &[Place], phrases: &[Place]) -> Option<Hint> {
        if let Some(marker) = markers.iter().find(|marker| self.markers.iter().any(|glob| glob.matches(marker))) {
            return Some(Hint::Marker(marker.clone()));
        }
        if let Some(hours) = dates::hours_in(&page.text) {
            return Some(Hint::Appointment(hours.to_owned()));
        }
        let text = page.text.as_str();
        let free = |place: &&Place| {
            let in_a_phrase = phrases.iter().any(|phrase| phrase.start < place.end && place.start < phrase.end);
            is_word(text, place.start, place.end) && !in_a_phrase && !self.denied.ends(text[..place.start].trim_end())
        };
        placed.iter().filter(free).find_map(|place| {
            let next = phrases.iter().map(|phrase| phrase.start).filter(|start| *start >= place.end).min();
            let to = ending_across_lines(page, place.end).min(next.unwrap_or(usize::MAX));
            self.hint_at(page, *place, to)
        })
    }

    /// A date and an hour to come, on another day than the given one.
    pub(super) fn appointment(&self, page: &Page, on: Option<NaiveDate>) -> Option<Hint> {
        let moment = dates::appointment_in(&page.text, on)?;
        let sentence = &page.text[beginning(page, moment.start())..moment.end()];
        let promise = self.unless.first_in(sentence, sentence.len()).is_some();
        (!promise).then(|| Hint::Appointment(moment.as_str().to_owned()))
    }

    /// Whether the words at a place, in a sentence that ends at `to`, hint at a slot.
    fn hint_at(&self, page: &Page, place: Place, to: usize) -> Option<Hint> {
        let words = &page.text[place.start..place.end];
        let (before, after) = (&page.text[..place.start], &page.text[place.end..to]);
        let is = |list: &[Needle]| list.iter().any(|needle| needle.index() == place.needle);
        let promise = |to: usize| {
            let sentence = &page.text[beginning(page, place.start)..to];
            self.unless.first_in(sentence, sentence.len()).is_some()
        };
        if is(&self.offered) {
            return Some(Hint::Offered(words.to_owned()));
        }
        if is(&self.announced)
            && let Some(moment) = dates::moment_in(after)
            && !promise(place.end + moment.end())
        {
            return Some(Hint::Announced(words.to_owned(), moment.as_str().to_owned()));
        }
        if is(&self.counted) && is_count(before, after) && !promise(to) {
            let on_another_line = page.line_ends_in(place.start.saturating_sub(1)..place.start).next().is_some();
            return (!on_another_line).then(|| Hint::Counted(format!("{words}{after}")));
        }
        None
    }
}

/// Whether the text before a word such as « créneaux » ends with how many there are. Letters count only of slots that are
/// said to be free: « deux créneaux » is often a rule.
fn is_count(before: &str, after: &str) -> bool {
    let near = &before[floor(before, before.len().saturating_sub(40))..];
    let Some(count) = COUNT.captures(near) else { return false };
    !NO_COUNT.is_match(near) && (count.name("digits").is_some() || FREE.is_match(after))
}

/// A needle in a text, between two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) needle: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

//! The small vocabulary in which the rules speak.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::facts::{Facts, Needle, Needles, Role};
use super::sentence::Doubt;
use super::text::normalise;
use crate::attempt::{Failure, System};

/// The conditions as the file writes them. All that are listed must hold; a list means any of.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    system: Option<Vec<System>>,
    status: Option<Vec<WrittenStatus>>,
    failure: Option<Vec<Failure>>,
    step: Option<Vec<String>>,
    url: Option<Vec<String>>,
    final_url: Option<Vec<String>>,
    marker: Option<Vec<String>>,
    title: Option<Vec<String>>,
    text: Option<Vec<String>>,
    text_all: Option<Vec<String>>,
    text_at_most: Option<usize>,
    sentence: Option<Vec<String>>,
    date_after: Option<Vec<String>>,
    slots: Option<Slots>,
    doubted: Option<bool>,
    hint: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WrittenStatus {
    One(i32),
    Range(String),
}

/// What the probe counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Slots {
    /// A count above zero.
    Some,
    /// A count of zero.
    None,
    /// The date of a slot was read, and the count does not contradict it.
    Dated,
}

/// One condition on the facts of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    System(Vec<System>),
    Status(Vec<RangeInclusive<i32>>),
    Failure(Vec<Failure>),
    Step(Vec<Glob>),
    Url(Vec<Glob>),
    FinalUrl(Vec<Glob>),
    Marker(Vec<Glob>),
    Title(Vec<Needle>),
    Text(Vec<Needle>),
    TextAll(Vec<Needle>),
    TextAtMost(usize),
    Sentence(Vec<Needle>),
    DateAfter(Vec<Needle>),
    Slots(Slots),
    Doubted,
    Hint,
}

/// A normalised pattern in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(pub(super) String);

impl Glob {
    pub(super) fn matches(&self, value: &str) -> bool {
        let Some((start, rest)) = self.0.split_once('*') else { return self.0 == value };
        let Some(mut value) = value.strip_prefix(start) else { return false };
        let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*') {
            let Some(at) = value.find(part) else { return false };
            value = &value[at + part.len()..];
        }
        value.ends_with(end)
    }
}

impl Written {
    /// The conditions in the order of the vocabulary, or what is wrong with one of them.
    pub(super) fn read(self, needles: &mut Needles) -> Result<Vec<Condition>, String> {
        let mut intern_as = |role, key, texts: &[String]| {
            words(key, texts).map(|all| all.into_iter().map(|text| needles.intern(text, role)).collect())
        };
        let mut phrases = |texts: &[String]| intern_as(Role::Phrase, "sentence", texts);
        let sentence = self.sentence.map(|all| phrases(&all)).transpose()?.map(Condition::Sentence);
        let mut before_dates = |texts: &[String]| intern_as(Role::Placed, "date_after", texts);
        let date_after = self.date_after.map(|all| before_dates(&all)).transpose()?.map(Condition::DateAfter);
        let mut intern = |key, texts: &[String]| intern_as(Role::Present, key, texts);
        let conditions = [
            listed("system", self.system)?.map(Condition::System),
            listed("status", self.status)?.map(ranges).transpose()?.map(Condition::Status),
            listed("failure", self.failure)?.map(Condition::Failure),
            self.step.map(|all| globs("step", &all, "")).transpose()?.map(Condition::Step),
            self.url.map(|all| globs("url", &all, "*")).transpose()?.map(Condition::Url),
            self.final_url.map(|all| globs("final_url", &all, "*")).transpose()?.map(Condition::FinalUrl),
            self.marker.map(|all| globs("marker", &all, "")).transpose()?.map(Condition::Marker),
            self.title.map(|all| intern("title", &all)).transpose()?.map(Condition::Title),
            self.text.map(|all| intern("text", &all)).transpose()?.map(Condition::Text),
            self.text_all.map(|all| intern("text_all", &all)).transpose()?.map(Condition::TextAll),
            self.text_at_most.map(Condition::TextAtMost),
            sentence,
            date_after,
            self.slots.map(Condition::Slots),
            said("doubted", self.doubted)?.then_some(Condition::Doubted),
            said("hint", self.hint)?.then_some(Condition::Hint),
        ];
        Ok(conditions.into_iter().flatten().collect())
    }
}

fn listed<T>(key: &str, list: Option<Vec<T>>) -> Result<Option<Vec<T>>, String> {
    if list.as_ref().is_some_and(Vec::is_empty) { Err(format!("`{key}` lists nothing")) } else { Ok(list) }
}

/// Whether a condition that has no value is written.
fn said(key: &str, written: Option<bool>) -> Result<bool, String> {
    match written {
        Some(false) => Err(format!("`{key}` is false, which is no condition")),
        said => Ok(said.is_some()),
    }
}

fn words(key: &str, texts: &[String]) -> Result<Vec<String>, String> {
    let normalised: Vec<_> = texts.iter().map(|text| normalise(text)).collect();
    if normalised.is_empty() || normalised.iter().any(|text| text.chars().all(|c| c == '*')) {
        return Err(format!("`{key}` lists nothing, or something that every line has"));
    }
    Ok(normalised)
}

pub(super) fn globs(key: &str, patterns: &[String], around: &str) -> Result<Vec<Glob>, String> {
    Ok(words(key, patterns)?.into_iter().map(|pattern| Glob(format!("{around}{pattern}{around}"))).collect())
}

fn ranges(written: Vec<WrittenStatus>) -> Result<Vec<RangeInclusive<i32>>, String> {
    written
        .into_iter()
        .map(|status| match status {
            WrittenStatus::One(code) => Ok(code..=code),
            WrittenStatus::Range(text) => text
                .split_once('-')
                .and_then(|(from, to)| Some(from.parse().ok()?..=to.parse().ok()?))
                .filter(|range| !range.is_empty())
                .ok_or_else(|| format!("`status` has \"{text}\", which is not a range like \"500-599\"")),
        })
        .collect()
}

/// What in a line satisfied a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Word(&'a str),
    InTitle(&'a str),
    InText(&'a str),
    Stated(&'a str),
    Date(&'a str),
    Doubt(&'a Doubt),
    Number(i64),
}

impl Condition {
    /// What satisfies the condition; the only place that decides it, for figures and explanations alike.
    pub(super) fn find<'a>(&'a self, facts: &'a Facts<'_>) -> Option<Found<'a>> {
        let line = facts.evidence;
        match self {
            Self::System(any) => any.contains(&line.system).then(|| Found::Word(line.system.code())),
            Self::Status(any) => {
                let status = line.http_status.filter(|status| any.iter().any(|range| range.contains(status)))?;
                Some(Found::Number(status.into()))
            }
            Self::Failure(any) => line.failure.filter(|failure| any.contains(failure)).map(|f| Found::Word(f.code())),
            Self::Step(any) => matching(any, &facts.step),
            Self::Url(any) => matching(any, &facts.final_url).or_else(|| matching(any, &facts.target_url)),
            Self::FinalUrl(any) => matching(any, &facts.final_url),
            Self::Marker(any) => matching(any, &facts.markers),
            Self::Title(any) => any.iter().find(|needle| facts.title_has(needle)).map(|n| Found::InTitle(n.text())),
            Self::Text(any) => any.iter().find_map(|needle| in_page(needle, facts)),
            Self::TextAll(all) => {
                let found = all.first().and_then(|needle| in_page(needle, facts));
                found.filter(|_| all.iter().all(|needle| in_page(needle, facts).is_some()))
            }
            Self::TextAtMost(most) => facts
                .text_chars
                .filter(|chars| chars <= most)
                .map(|n| Found::Number(i64::try_from(n).unwrap_or(i64::MAX))),
            Self::Sentence(any) => any.iter().find(|needle| facts.states(needle)).map(|n| Found::Stated(n.text())),
            Self::DateAfter(any) => any.iter().find_map(|needle| facts.date_after(needle)).map(Found::Date),
            Self::Slots(kind) => kind.find(line.slot_count, line.has_first_date),
            Self::Doubted => facts.any_doubt().map(Found::Doubt),
            Self::Hint => facts.hint().map(Found::Doubt),
        }
    }

    /// Why the phrases of a condition that are in the page do not satisfy it, each with its reason.
    pub(super) fn doubts<'a>(&'a self, facts: &'a Facts<'_>) -> Vec<(&'a str, &'a Doubt)> {
        let Self::Sentence(any) = self else { return Vec::new() };
        any.iter().filter_map(|needle| Some((needle.text(), facts.doubt_of(needle)?))).collect()
    }

    /// Whether every line that satisfies `other` satisfies this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::System(wide), Self::System(narrow)) => narrow.iter().all(|one| wide.contains(one)),
            (Self::Failure(wide), Self::Failure(narrow)) => narrow.iter().all(|one| wide.contains(one)),
            (Self::Status(wide), Self::Status(narrow)) => {
                narrow.iter().all(|one| wide.iter().any(|w| w.contains(one.start()) && w.contains(one.end())))
            }
            (Self::Title(wide) | Self::Text(wide), Self::Title(narrow)) | (Self::Text(wide), Self::Text(narrow)) => {
                narrow.iter().all(|one| wide.iter().any(|w| one.text().contains(w.text())))
            }
            (Self::Text(wide), Self::Sentence(narrow) | Self::DateAfter(narrow)) => {
                narrow.iter().all(|one| wide.iter().any(|w| one.text().contains(w.text())))
            }
            // Phrases that overlap are doubted together.
            (Self::Sentence(wide), Self::Sentence(narrow)) => {
                narrow.iter().all(|one| wide.iter().any(|w| one.text().contains(w.text())))
            }
            (Self::Step(wide), Self::Step(narrow))
            | (Self::Url(wide), Self::Url(narrow))
            | (Self::FinalUrl(wide), Self::FinalUrl(narrow))
            | (Self::Marker(wide), Self::Marker(narrow)) => narrow.iter().all(|one| wide.contains(one)),
            (Self::TextAtMost(wide), Self::TextAtMost(narrow)) => narrow <= wide,
            _ => self == other,
        }
    }

    /// Whether the condition looks at what a page shows, rather than at how or from where it came.
    pub(super) const fn looks_at_the_page(&self) -> bool {
        !matches!(
            self,
            Self::System(_) | Self::Status(_) | Self::Failure(_) | Self::TextAtMost(_) | Self::Doubted | Self::Hint
        )
    }

    /// A needle of a single word, such as « disponible », which sooner or later every page contains.
    pub(super) fn loose_needle(&self) -> Option<&str> {
        let (Self::Title(needles)
        | Self::Text(needles)
        | Self::TextAll(needles)
        | Self::Sentence(needles)
        | Self::DateAfter(needles)) = self
        else {
            return None;
        };
        needles.iter().map(Needle::text).find(|text| text.chars().all(|c| c.is_alphanumeric() || c == '-'))
    }
}

fn matching<'a>(any: &[Glob], values: &'a [String]) -> Option<Found<'a>> {
    values.iter().find(|value| any.iter().any(|glob| glob.matches(value))).map(|value| Found::Word(value))
}

fn in_page<'a>(needle: &'a Needle, facts: &Facts<'_>) -> Option<Found<'a>> {
    if facts.title_has(needle) {
        return Some(Found::InTitle(needle.text()));
    }
    facts.text_has(needle).then(|| Found::InText(needle.text()))
}

impl Slots {
    fn find(self, count: Option<i32>, dated: bool) -> Option<Found<'static>> {
        match self {
            Self::Some => count.filter(|count| *count > 0),
            Self::None => count.filter(|count| *count == 0),
            Self::Dated if dated => return count.is_none_or(|count| count > 0).then_some(Found::Word("a date")),
            Self::Dated => None,
        }
        .map(|count| Found::Number(count.into()))
    }
}

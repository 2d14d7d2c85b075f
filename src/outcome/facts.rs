//! A line made ready for the rules: its texts normalised, and every needle of every rule looked for in one pass.

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::dates::{believed, has_appointment, leading_date};
use super::elsewhere::{Elsewhere, Hint, Place};
use super::sentence::{Doubt, Sentences};
use super::text::{Page, normalise};
use super::{Evidence, entities};
use crate::attempt::bounds::PAGE_TEXT_CHARS;

/// A normalised text that some rule looks for, and its place in the automaton.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needle {
    text: String,
    index: usize,
}

impl Needle {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) const fn index(&self) -> usize {
        self.index
    }
}

/// What is asked of a needle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Whether it is there.
    Present,
    /// Where it is.
    Placed,
    /// Where it is, and whether the page states it.
    Phrase,
}

/// The needles of a rule set, each kept once, with all that is asked of it.
#[derive(Debug, Default)]
pub(super) struct Needles {
    texts: Vec<String>,
    placed: Vec<bool>,
    phrases: Vec<bool>,
}

impl Needles {
    pub(super) fn intern(&mut self, text: String, role: Role) -> Needle {
        let index = self.texts.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.texts.push(text.clone());
            self.placed.push(false);
            self.phrases.push(false);
            self.texts.len() - 1
        });
        self.placed[index] |= role != Role::Present;
        self.phrases[index] |= role == Role::Phrase;
        Needle { text, index }
    }

    pub(super) fn scanner(self) -> Result<Scanner, aho_corasick::BuildError> {
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&self.texts)?;
        Ok(Scanner { automaton, placed: self.placed, phrases: self.phrases })
    }
}

/// Looks for all needles at once.
#[derive(Debug)]
pub(super) struct Scanner {
    automaton: AhoCorasick,
    placed: Vec<bool>,
    phrases: Vec<bool>,
}

impl Scanner {
    /// Which needles the text contains, and where those are whose place matters. Needles overlap (« plage horaire libre »
    /// in a longer sentence): all count.
    fn scan(&self, normalised: &str) -> (Vec<bool>, Vec<Place>) {
        let (mut seen, mut places) = (vec![false; self.placed.len()], Vec::new());
        for found in self.automaton.find_overlapping_iter(normalised) {
            let needle = found.pattern().as_usize();
            seen[needle] = true;
            if self.placed[needle] {
                places.push(Place { needle, start: found.start(), end: found.end() });
            }
        }
        (seen, places)
    }
}

/// What a rule set knows of language, besides its rules.
#[derive(Debug)]
pub(super) struct Grammar {
    pub(super) sentences: Sentences,
    pub(super) elsewhere: Elsewhere,
}

/// A phrase of some rule in the page.
#[derive(Debug)]
struct Phrase {
    place: Place,
    doubt: Option<Doubt>,
}

/// The evidence of a line, with all that the conditions ask of it.
#[derive(Debug)]
pub(super) struct Facts<'e> {
    pub(super) evidence: &'e Evidence<'e>,
    pub(super) step: Vec<String>,
    pub(super) target_url: Vec<String>,
    pub(super) final_url: Vec<String>,
    pub(super) markers: Vec<String>,
    /// How long the normalised text is; `None` where the line has no text at all, which is not an empty page.
    pub(super) text_chars: Option<usize>,
    in_title: Vec<bool>,
    in_text: Vec<bool>,
    page: Page,
    places: Vec<Place>,
    phrases: Vec<Phrase>,
    grammar: &'e Grammar,
    hint: OnceCell<Option<Doubt>>,
    day_matters: Cell<bool>,
}

impl<'e> Facts<'e> {
    pub(super) fn new(evidence: &'e Evidence<'e>, scanner: &Scanner, grammar: &'e Grammar) -> Self {
        let page = evidence.page_text.map(Page::of);
        let text_chars = page.as_ref().map(|page| page.text.chars().count());
        let page = page.unwrap_or_default();
        let title = evidence.page_title.map(|title| normalise(&entities::unescape(title))).unwrap_or_default();
        let (in_text, places) = scanner.scan(&page.text);
        let cut = evidence.page_text.is_some_and(is_cut);
        Self {
            evidence,
            step: evidence.step.map(normalise).into_iter().collect(),
            target_url: evidence.target_url.map(normalise).into_iter().collect(),
            final_url: evidence.final_url.map(normalise).into_iter().collect(),
            markers: evidence.markers.iter().map(|marker| normalise(marker)).collect(),
            text_chars,
            in_title: scanner.scan(&title).0,
            in_text,
            phrases: phrases(scanner, &grammar.sentences, &page, &places, cut),
            page,
            places,
            grammar,
            hint: OnceCell::new(),
            day_matters: Cell::new(false),
        }
    }

    pub(super) fn title_has(&self, needle: &Needle) -> bool {
        self.in_title[needle.index]
    }

    pub(super) fn text_has(&self, needle: &Needle) -> bool {
        self.in_text[needle.index]
    }

    /// Whether the text states the phrase, and nothing in the line contradicts it.
    pub(super) fn states(&self, needle: &Needle) -> bool {
        let mut phrases = self.phrases_of(needle);
        phrases.any(|phrase| phrase.doubt.is_none()) && self.hint().is_none()
    }

    /// Why a phrase that is in the text is not taken for what the page says.
    pub(super) fn doubt_of(&self, needle: &Needle) -> Option<&Doubt> {
        let doubts: Vec<_> = self.phrases_of(needle).map(|phrase| phrase.doubt.as_ref()).collect();
        // One that has no doubt of its own can only be contradicted from elsewhere.
        if doubts.iter().all(Option::is_some) { *doubts.first()? } else { self.hint() }
    }

    /// The first doubt about any phrase of the page.
    pub(super) fn any_doubt(&self) -> Option<&Doubt> {
        self.phrases
            .iter()
            .find_map(|phrase| phrase.doubt.as_ref())
            .or_else(|| if self.phrases.is_empty() { None } else { self.hint() })
    }

    fn phrases_of<'f>(&'f self, needle: &Needle) -> impl Iterator<Item = &'f Phrase> + use<'f, 'e> {
        let index = needle.index;
        self.phrases.iter().filter(move |phrase| phrase.place.needle == index)
    }

    /// A sign, anywhere in the line, that a slot may be had.
    pub(super) fn hint(&self) -> Option<&Doubt> {
        let look = || {
            let counted = self.evidence.slot_count.filter(|count| *count > 0).map(Hint::Slots);
            let dated = || self.evidence.has_first_date.then_some(Hint::Dated);
            let phrases: Vec<_> = self.phrases.iter().map(|phrase| phrase.place).collect();
            let read = || self.grammar.elsewhere.hint(&self.page, &self.markers, &self.places, &phrases);
            let given = || self.grammar.elsewhere.appointment(&self.page, self.evidence.day);
            self.day_matters.set(self.day_matters.get() || has_appointment(&self.page.text));
            counted.or_else(dated).or_else(read).or_else(given).map(Doubt::Elsewhere)
        };
        self.hint.get_or_init(look).as_ref()
    }

    /// The date that directly follows a needle, if it can be that of an appointment.
    pub(super) fn date_after(&self, needle: &Needle) -> Option<&str> {
        let mut after = self.places.iter().filter(|place| place.needle == needle.index);
        after.find_map(|place| {
            let rest = self.page.text[place.end..].trim_start();
            let date = leading_date(rest)?;
            self.day_matters.set(true);
            believed(date, self.evidence.day).then_some(())?;
            rest.get(..date.to_string().len())
        })
    }

    /// Whether what was asked so far might have another answer on another day.
    pub(super) fn depend_on_the_day(&self) -> bool {
        self.day_matters.get() && self.evidence.day.is_some()
    }
}

/// Whether the text is as long as an excerpt may be, so that the page probably went on.
fn is_cut(text: &str) -> bool {
    text.len() >= PAGE_TEXT_CHARS && text.chars().count() >= PAGE_TEXT_CHARS
}

/// The phrases of the page, with what makes each something else than a statement. Phrases that overlap are one, and judged
/// as one: where a long one is doubted, no part of it is believed.
fn phrases(scanner: &Scanner, sentences: &Sentences, page: &Page, places: &[Place], cut: bool) -> Vec<Phrase> {
    let mut found: Vec<_> = places.iter().filter(|place| scanner.phrases[place.needle]).copied().collect();
    found.sort_unstable_by_key(|place| place.start);
    let mut wholes: Vec<Range<usize>> = Vec::new();
    for place in &found {
        match wholes.last_mut() {
            Some(whole) if place.start < whole.end => whole.end = whole.end.max(place.end),
            _ => wholes.push(place.start..place.end),
        }
    }
    let judged: Vec<_> = wholes.into_iter().map(|whole| (sentences.doubt(page, whole.clone(), cut), whole)).collect();
    let doubt =
        |start: usize| judged.iter().find(|(_, whole)| whole.contains(&start)).and_then(|(doubt, _)| doubt.clone());
    found.iter().map(|place| Phrase { place: *place, doubt: doubt(place.start) }).collect()
}

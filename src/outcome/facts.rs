//! A line made ready for the rules: its texts normalised, and every needle of every rule looked for in one pass.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::Evidence;
use super::text::normalise;

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
}

/// The needles of a rule set, each kept once.
#[derive(Debug, Default)]
pub(super) struct Needles(Vec<String>);

impl Needles {
    pub(super) fn intern(&mut self, text: String) -> Needle {
        let index = self.0.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.0.push(text.clone());
            self.0.len() - 1
        });
        Needle { text, index }
    }

    pub(super) fn scanner(&self) -> Result<Scanner, aho_corasick::BuildError> {
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&self.0)?;
        Ok(Scanner { automaton, needles: self.0.len() })
    }
}

/// Looks for all needles at once.
#[derive(Debug)]
pub(super) struct Scanner {
    automaton: AhoCorasick,
    needles: usize,
}

impl Scanner {
    /// Which needles the text contains. Needles overlap (« plage horaire libre » in a longer sentence): all count.
    fn scan(&self, normalised: &str) -> Vec<bool> {
        let mut seen = vec![false; self.needles];
        for found in self.automaton.find_overlapping_iter(normalised) {
            seen[found.pattern().as_usize()] = true;
        }
        seen
    }
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
}

impl<'e> Facts<'e> {
    pub(super) fn new(evidence: &'e Evidence<'e>, scanner: &Scanner) -> Self {
        let text = evidence.page_text.map(normalise);
        let title = evidence.page_title.map(normalise).unwrap_or_default();
        Self {
            evidence,
            step: evidence.step.map(normalise).into_iter().collect(),
            target_url: evidence.target_url.map(normalise).into_iter().collect(),
            final_url: evidence.final_url.map(normalise).into_iter().collect(),
            markers: evidence.markers.iter().map(|marker| normalise(marker)).collect(),
            text_chars: text.as_ref().map(|text| text.chars().count()),
            in_title: scanner.scan(&title),
            in_text: scanner.scan(text.as_deref().unwrap_or_default()),
        }
    }

    pub(super) fn title_has(&self, needle: &Needle) -> bool {
        self.in_title[needle.index]
    }

    pub(super) fn text_has(&self, needle: &Needle) -> bool {
        self.in_text[needle.index]
    }
}

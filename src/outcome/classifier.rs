//! The hot path: which rule decides a line.

use std::collections::HashMap;

use super::{Evidence, RuleSet};

/// How much evidence a classifier remembers, in bytes: some thousands of pages.
const MEMO_BYTES: usize = 8 << 20;

/// Finds the rule of each line, and remembers the evidence it has already judged, because most pages repeat.
///
/// One per thread: it borrows the rules and owns its memory, which is bounded.
#[derive(Debug)]
pub struct Classifier<'r> {
    rules: &'r RuleSet,
    /// Keyed by the evidence itself. A hash in its place would save bytes, and make a collision a wrong figure.
    memo: HashMap<Box<[u8]>, usize>,
    memo_bytes: usize,
    memo_limit: usize,
    key: Vec<u8>,
}

impl<'r> Classifier<'r> {
    /// A classifier that has seen nothing yet.
    #[must_use]
    pub fn new(rules: &'r RuleSet) -> Self {
        Self::with_memory(rules, MEMO_BYTES)
    }

    /// A classifier that remembers `bytes` of evidence at most.
    #[must_use]
    fn with_memory(rules: &'r RuleSet, bytes: usize) -> Self {
        Self { rules, memo: HashMap::new(), memo_bytes: 0, memo_limit: bytes, key: Vec::new() }
    }

    /// The index, in [`RuleSet::rules`], of the first rule that applies.
    pub fn classify(&mut self, evidence: &Evidence<'_>) -> usize {
        self.key.clear();
        write_key(evidence, &mut self.key);
        if let Some(&rule) = self.memo.get(self.key.as_slice()) {
            return rule;
        }
        let facts = self.rules.facts(evidence);
        let rule = self.rules.first_match(&facts);
        // The day is not part of the key, or no page would repeat; the few pages that give a date are judged each time.
        if !facts.depend_on_the_day() {
            self.remember(rule);
        }
        rule
    }

    fn remember(&mut self, rule: usize) {
        if self.key.len() > self.memo_limit {
            return;
        }
        if self.memo_bytes + self.key.len() > self.memo_limit {
            // Pages come in bursts: starting afresh costs less than keeping an order of use.
            self.memo.clear();
            self.memo_bytes = 0;
        }
        self.memo_bytes += self.key.len();
        self.memo.insert(self.key.as_slice().into(), rule);
    }
}

/// Writes the evidence so that two lines have the same key only if they are the same evidence: each text is preceded by
/// its length, and an absent one differs from an empty one.
fn write_key(evidence: &Evidence<'_>, key: &mut Vec<u8>) {
    // Named one by one, so that a new field of the evidence cannot be forgotten here.
    let Evidence {
        system,
        http_status,
        failure,
        step,
        target_url,
        final_url,
        page_title,
        page_text,
        markers,
        slot_count,
        has_first_date,
        // Judged each time where it matters.
        day: _,
    } = *evidence;
    key.extend([system as u8, failure.map_or(u8::MAX, |failure| failure as u8), u8::from(has_first_date)]);
    for number in [http_status, slot_count] {
        key.extend(number.map_or(i64::MIN, i64::from).to_le_bytes());
    }
    for text in [step, target_url, final_url, page_title, page_text] {
        key.extend(text.map_or(usize::MAX, str::len).to_le_bytes());
        key.extend(text.unwrap_or_default().as_bytes());
    }
    for marker in markers {
        key.extend(marker.len().to_le_bytes());
        key.extend(marker.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attempt::{Failure, System, Text};
    use crate::outcome::Outcome;

    const RULES: &str = include_str!("../../pipelines/rendez-vous/outcome-rules.toml");

    /// A line, owned: drawn from few values, so that evidence repeats and nearly repeats.
    type Line = (Option<i32>, Option<Failure>, [Option<&'static str>; 3], Vec<&'static str>, Option<i32>, bool);

    fn line() -> impl Strategy<Value = Line> {
        let word =
            || prop::option::of(prop::sample::select(vec!["", "/creneau/", "Aucun créneau disponible", "Bad Gateway"]));
        (
            prop::option::of(prop::sample::select(vec![200, 403, 502])),
            prop::option::weighted(0.2, prop::sample::select(Failure::ALL)),
            [word(), word(), word()],
            prop::collection::vec(prop::sample::select(vec!["", "td.status-1.free", "g-recaptcha"]), 0..3),
            prop::option::of(0..2),
            any::<bool>(),
        )
    }

    fn with_evidence<T>(line: &Line, f: impl FnOnce(&Evidence<'_>) -> T) -> T {
        let markers: Vec<Text<'_>> = line.3.iter().copied().map(Text::from).collect();
        f(&Evidence {
            system: System::Other,
            http_status: line.0,
            failure: line.1,
            step: line.2[0],
            target_url: None,
            final_url: line.2[1],
            page_title: None,
            page_text: line.2[2],
            markers: &markers,
            slot_count: line.4,
            has_first_date: line.5,
            day: None,
        })
    }

    #[test]
    fn a_date_that_has_passed_is_no_memory() {
        let rules = RuleSet::parse(RULES, "rules").unwrap();
        let mut classifier = Classifier::new(&rules);
        let mut outcome_on = |day: &str| {
            let page_text = Some("{\"datePremiereDispo\": \"2019-04-12\"}");
            let evidence = Evidence { page_text, day: day.parse().ok(), ..Evidence::default() };
            rules.rules()[classifier.classify(&evidence)].outcome
        };
        assert_eq!(
            ["2019-04-12", "2019-04-13"].map(&mut outcome_on),
            [Outcome::SlotOffered, Outcome::UnrecognizedPage]
        );
    }

    proptest! {
        #[test]
        fn memory_changes_no_outcome(lines in prop::collection::vec(line(), 1..60), bytes in 0_usize..2_000) {
            let rules = RuleSet::parse(RULES, "rules").unwrap();
            let mut classifier = Classifier::with_memory(&rules, bytes);
            for line in lines.iter().chain(&lines) {
                with_evidence(line, |evidence| assert_eq!(classifier.classify(evidence), rules.first_match(&rules.facts(evidence))));
                assert!(classifier.memo_bytes <= bytes);
                assert_eq!(classifier.memo_bytes, classifier.memo.keys().map(|key| key.len()).sum::<usize>());
            }
        }

        #[test]
        fn two_lines_share_a_key_only_if_they_are_the_same(a in line(), b in line()) {
            let key = |line| with_evidence(line, |evidence| { let mut key = vec![]; write_key(evidence, &mut key); key });
            prop_assert_eq!(key(&a) == key(&b), a == b);
        }
    }
}

//! The published list of rules: ordered, the first that applies wins.

use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::condition::{Condition, Written};
use super::facts::{Facts, Grammar, Needles, Scanner};
use super::{Answer, Evidence, Outcome, elsewhere, sentence};
use crate::error::{Error, Result};
use crate::schema::unpublishable;

/// One rule: an outcome, and the evidence from which it follows.
#[derive(Debug)]
pub struct Rule {
    /// A French slug, published in the column `regle_id`.
    pub id: String,
    /// What the rule concludes.
    pub outcome: Outcome,
    /// One sentence in French, published.
    pub description: String,
    /// Where the sentence or the trace is known from.
    pub source: String,
    pub(super) when: Vec<Condition>,
    pub(super) unless: Vec<Vec<Condition>>,
}

impl Rule {
    pub(super) fn applies(&self, facts: &Facts<'_>) -> bool {
        all_hold(&self.when, facts) && !self.unless.iter().any(|exception| all_hold(exception, facts))
    }

    /// The booking systems of which the rule speaks, by their codes; nothing where it speaks of all.
    #[must_use]
    pub fn systems(&self) -> Option<String> {
        self.when.iter().find_map(|condition| match condition {
            Condition::System(systems) => {
                Some(systems.iter().map(|system| system.code()).collect::<Vec<_>>().join(" "))
            }
            _ => None,
        })
    }

    /// Whether this rule takes every line that `other` could take.
    fn shadows(&self, other: &Self) -> bool {
        self.unless.is_empty() && takes_all(&self.when, &other.when)
    }
}

/// Whether every line that satisfies all the `narrow` conditions satisfies all the `wide` ones.
fn takes_all(wide: &[Condition], narrow: &[Condition]) -> bool {
    wide.iter().all(|wide| narrow.iter().any(|narrow| wide.covers(narrow)))
}

/// Whether all the conditions hold.
pub(super) fn all_hold(conditions: &[Condition], facts: &Facts<'_>) -> bool {
    conditions.iter().all(|condition| condition.find(facts).is_some())
}

/// The rules of a pipeline, checked, with the automaton that looks for all their texts at once.
#[derive(Debug)]
pub struct RuleSet {
    version: String,
    rules: Vec<Rule>,
    scanner: Scanner,
    grammar: Grammar,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSet {
    version: String,
    sentence: Option<Spanned<sentence::Written>>,
    elsewhere: Option<Spanned<elsewhere::Written>>,
    rule: Vec<Spanned<WrittenRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    id: String,
    outcome: Outcome,
    description: String,
    source: String,
    #[serde(default)]
    when: Written,
    #[serde(default)]
    unless: Vec<Written>,
}

impl RuleSet {
    /// Reads the rules from a file.
    ///
    /// # Errors
    /// Of kind usage: the file cannot be read, or [`RuleSet::parse`] refuses it.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|error| {
            let hint = "each pipeline has an outcome-rules.toml in its folder";
            Error::usage("cannot read the outcome rules").at_path(path).because(error).hint(hint)
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads the rules from TOML; `place` names it in errors.
    ///
    /// # Errors
    /// Of kind usage, with the line: the text is not of the format, or the list of rules is not safe to publish from
    /// (no catch-all at the end, a rule that can never apply, a yes or a no without evidence).
    pub fn parse(toml_text: &str, place: &str) -> Result<Self> {
        let source = Source { text: toml_text, place };
        let written: WrittenSet = toml::from_str(toml_text).map_err(|error| source.unreadable(&error))?;
        if written.version.trim().is_empty() {
            return Err(source.error(0..0, "`version` is empty", "write a version, as in version = \"2026.1.0\""));
        }
        if written.version.contains('.') && written.version.parse::<f64>().is_ok() {
            let why = format!(
                "`version` « {} » would be read as a number, for which 2026.10 and 2026.1 are the same",
                written.version
            );
            return Err(source.error(0..0, &why, "write three numbers, as in version = \"2026.1.0\""));
        }
        let mut needles = Needles::default();
        let mut rules: Vec<Rule> = Vec::with_capacity(written.rule.len());
        for entry in written.rule {
            let span = entry.span();
            let rule = read_rule(entry.into_inner(), &mut needles)
                .and_then(|rule| check_alone(rule).and_then(|rule| check_after(&rules, rule)));
            rules.push(rule.map_err(|Complaint(message, hint)| source.error(span, message, hint))?);
        }
        check_end(&rules)
            .map_err(|Complaint(message, hint)| source.error(toml_text.len()..toml_text.len(), message, hint))?;
        let grammar = read_grammar(written.sentence, written.elsewhere, &mut needles)
            .map_err(|(span, Complaint(message, hint))| source.error(span, message, hint))?;
        let scanner =
            needles.scanner().map_err(|error| Error::usage("too many texts to look for").at(place).because(error))?;
        Ok(Self { version: written.version, rules, scanner, grammar })
    }

    /// The rules, in the order in which they are tried.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The version of the list, published in the column `regles_version`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The evidence of a line, made ready for the rules.
    pub(super) fn facts<'e>(&'e self, evidence: &'e Evidence<'e>) -> Facts<'e> {
        Facts::new(evidence, &self.scanner, &self.grammar)
    }

    /// The index of the first rule that applies.
    pub(super) fn first_match(&self, facts: &Facts<'_>) -> usize {
        // The last rule applies to every line: `check_end` saw to it.
        self.rules.iter().position(|rule| rule.applies(facts)).unwrap_or(self.rules.len() - 1)
    }
}

/// What is wrong with a rule, and what to do about it.
struct Complaint(String, &'static str);

type Checked<T> = std::result::Result<T, Complaint>;

fn read_grammar(
    sentence: Option<Spanned<sentence::Written>>,
    elsewhere: Option<Spanned<elsewhere::Written>>,
    needles: &mut Needles,
) -> std::result::Result<Grammar, (Range<usize>, Complaint)> {
    let hint = "a list of words may be left out, but not hold an empty word";
    let complain = |section: &str, span, message: String| (span, Complaint(format!("in [{section}], {message}"), hint));
    let (span, sentence) = sentence.map_or_else(Default::default, |written| (written.span(), written.into_inner()));
    let sentences = sentence.read().map_err(|message| complain("sentence", span, message))?;
    let (span, elsewhere) = elsewhere.map_or_else(Default::default, |written| (written.span(), written.into_inner()));
    let elsewhere = elsewhere.read(needles).map_err(|message| complain("elsewhere", span, message))?;
    Ok(Grammar { sentences, elsewhere })
}

fn read_rule(written: WrittenRule, needles: &mut Needles) -> Checked<Rule> {
    let WrittenRule { id, outcome, description, source, when, unless } = written;
    let hint = "a condition lists at least one value that some line lacks; leave it out otherwise";
    let mut read = |conditions: Written| {
        conditions.read(needles).map_err(|message| Complaint(format!("in rule `{id}`, {message}"), hint))
    };
    let when = read(when)?;
    let unless = unless.into_iter().map(read).collect::<Checked<Vec<_>>>()?;
    Ok(Rule { id, outcome, description, source, when, unless })
}

fn check_alone(rule: Rule) -> Checked<Rule> {
    let id = &rule.id;
    let slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || !id.chars().all(slug) {
        return Err(Complaint(format!("`{id}` is no rule id"), "use lower-case ASCII letters, digits and hyphens"));
    }
    if rule.description.trim().is_empty() || rule.source.trim().is_empty() {
        return Err(Complaint(
            format!("rule `{id}` lacks a description or a source"),
            "both are published: write them",
        ));
    }
    if let Some(why) = [&rule.description, &rule.source].into_iter().find_map(|text| unpublishable(text)) {
        return Err(Complaint(
            format!("a text of rule `{id}` {why}"),
            "it is published in a CSV: write it otherwise, on one line",
        ));
    }
    if rule.unless.iter().any(|exception| takes_all(exception, &rule.when)) {
        let message = format!("rule `{id}` can never apply: its `unless` takes all its lines");
        return Err(Complaint(message, "an exception needs a condition that the rule itself lacks"));
    }
    if !matches!(rule.outcome.answer(), Answer::Yes | Answer::No) {
        return Ok(rule);
    }
    if !rule.when.iter().any(Condition::looks_at_the_page) {
        let message = format!("rule `{id}` answers without having seen a page");
        return Err(Complaint(message, "a yes or a no needs a text, a title, a marker, a step, an address or slots"));
    }
    if let Some(needle) = rule.when.iter().find_map(Condition::loose_needle) {
        let message = format!("rule `{id}` answers on the single word « {needle} »");
        return Err(Complaint(message, "every page has such a word somewhere: quote the sentence"));
    }
    Ok(rule)
}

fn check_after(earlier: &[Rule], rule: Rule) -> Checked<Rule> {
    let id = &rule.id;
    if earlier.iter().any(|other| other.id == *id) {
        return Err(Complaint(format!("two rules have the id `{id}`"), "published figures point at ids: rename one"));
    }
    if let Some(other) = earlier.iter().find(|other| other.shadows(&rule)) {
        let message = format!("rule `{id}` can never apply: `{}` stands before it and takes all its lines", other.id);
        return Err(Complaint(message, "put the narrower rule first, or remove it"));
    }
    Ok(rule)
}

fn check_end(rules: &[Rule]) -> Checked<()> {
    let hint = "end with a rule of outcome page_non_reconnue that has no condition: what nobody recognises is unknown";
    match rules.last() {
        Some(Rule { outcome: Outcome::UnrecognizedPage, when, unless, .. }) if when.is_empty() && unless.is_empty() => {
            Ok(())
        }
        Some(Rule { id, .. }) => Err(Complaint(format!("the last rule, `{id}`, does not catch what is left"), hint)),
        None => Err(Complaint("there is no rule".to_owned(), hint)),
    }
}

/// The text under reading, to say where in it something is wrong.
struct Source<'a> {
    text: &'a str,
    place: &'a str,
}

impl Source<'_> {
    fn error(&self, span: Range<usize>, message: impl Into<String>, hint: &str) -> Error {
        let line = self.text.as_bytes()[..span.start].split(|byte| *byte == b'\n').count();
        Error::usage(message).at(format_args!("{}:{line}", self.place)).hint(hint)
    }

    fn unreadable(&self, error: &toml::de::Error) -> Error {
        let message = format!("the outcome rules cannot be read: {}", error.message());
        self.error(error.span().unwrap_or(0..0), message, "the vocabulary is described at the top of the file")
    }
}

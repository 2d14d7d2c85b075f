//! Why a line has its outcome, for the person who doubts it.

use std::fmt;

use serde::Serialize;

use super::condition::Condition;
use super::facts::Facts;
use super::rules::{Rule, all_hold};
use super::{Answer, Evidence, Outcome, RuleSet};

/// The rule that decided a line, and those that nearly did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The version of the rules.
    pub rules_version: String,
    /// The id of the rule that decided.
    pub rule: String,
    /// What it concluded.
    pub outcome: Outcome,
    /// What that answers.
    pub answer: Answer,
    /// The rule in one sentence, in French, as it is published.
    pub description: String,
    /// Its conditions; none for the rule that catches what is left.
    pub because: Vec<Satisfied>,
    /// The rules that came close, in the order in which they are tried.
    pub near: Vec<NearMiss>,
}

/// A condition, and what in the line satisfied it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Satisfied {
    /// The condition, in words.
    pub condition: String,
    /// What was found, normalised.
    pub found: String,
}

/// A rule that did not decide, though something in the line speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NearMiss {
    /// The id of the rule.
    pub rule: String,
    /// What it would have concluded.
    pub outcome: Outcome,
    /// What kept it from deciding.
    pub obstacle: Obstacle,
}

/// What kept a rule from deciding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// It applies, but an earlier rule won.
    Later,
    /// These of its conditions do not hold.
    Missing(Vec<String>),
    /// Its sentence is in the page, which does not state it: these are the phrases and the reasons.
    Doubted(Vec<String>),
    /// All its conditions hold, and all of these too, which the rule excludes.
    Excluded(Vec<String>),
}

/// Explains the outcome of a line.
#[must_use]
pub fn explain(rules: &RuleSet, evidence: &Evidence<'_>) -> Explanation {
    let facts = rules.facts(evidence);
    let index = rules.first_match(&facts);
    let winner = &rules.rules()[index];
    let near = rules.rules().iter().enumerate().filter(|(other, _)| *other != index);
    Explanation {
        rules_version: rules.version().to_owned(),
        rule: winner.id.clone(),
        outcome: winner.outcome,
        answer: winner.outcome.answer(),
        description: winner.description.clone(),
        because: winner.when.iter().filter_map(|condition| satisfied(condition, &facts)).collect(),
        near: near.filter_map(|(_, rule)| near_miss(rule, &facts)).collect(),
    }
}

fn satisfied(condition: &Condition, facts: &Facts<'_>) -> Option<Satisfied> {
    let found = condition.find(facts)?.to_string();
    Some(Satisfied { condition: condition.to_string(), found })
}

/// The catch-all is near to everything and the booking system alone brings nothing near: neither is worth a line.
fn near_miss(rule: &Rule, facts: &Facts<'_>) -> Option<NearMiss> {
    let telling = |condition: &&Condition| !matches!(condition, Condition::System(_));
    let (held, missing): (Vec<_>, Vec<_>) = rule.when.iter().partition(|condition| condition.find(facts).is_some());
    let doubts: Vec<_> = missing.iter().map(|condition| condition.doubts(facts)).collect();
    if held.iter().copied().find(telling).is_none() && doubts.iter().all(Vec::is_empty) {
        return None;
    }
    let obstacle = if !missing.is_empty() && doubts.iter().all(|doubts| !doubts.is_empty()) {
        let doubts = doubts.into_iter().flatten();
        Obstacle::Doubted(doubts.map(|(phrase, doubt)| format!("« {phrase} » is in the text, but {doubt}")).collect())
    } else if !missing.is_empty() {
        Obstacle::Missing(in_words(missing))
    } else if let Some(exception) = rule.unless.iter().find(|exception| all_hold(exception, facts)) {
        Obstacle::Excluded(in_words(exception))
    } else {
        Obstacle::Later
    };
    Some(NearMiss { rule: rule.id.clone(), outcome: rule.outcome, obstacle })
}

fn in_words<'a>(conditions: impl IntoIterator<Item = &'a Condition>) -> Vec<String> {
    conditions.into_iter().map(Condition::to_string).collect()
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rules_version, rule, outcome, answer, description, because, near } = self;
        writeln!(f, "Outcome {}, answer {}: rule {rule} of version {rules_version}.", outcome.code(), answer.code())?;
        writeln!(f, "  {description}")?;
        if because.is_empty() {
            writeln!(f, "  No other rule applies.")?;
        }
        for Satisfied { condition, found } in because {
            writeln!(f, "  Because {condition}: found {found}.")?;
        }
        near.iter().try_for_each(|miss| writeln!(f, "  {miss}"))
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Not {} (rule {}), ", self.outcome.code(), self.rule)?;
        match &self.obstacle {
            Obstacle::Later => f.write_str("which applies too, but comes later."),
            Obstacle::Missing(conditions) => write!(f, "which also wants that {}.", conditions.join(", and that ")),
            Obstacle::Doubted(reasons) => write!(f, "whose sentence is not stated: {}.", reasons.join("; ")),
            Obstacle::Excluded(conditions) => write!(f, "which does not apply when {}.", conditions.join(", and ")),
        }
    }
}

//! What a sample does not tell, asked of whoever sits at the terminal; where nobody does, it stays a blank to fill.

use std::collections::HashSet;
use std::io::{IsTerminal, stderr, stdin};

use dialoguer::Input;
use guichets_ouverts::error::{Context, Result};
use guichets_ouverts::propose::{Doubt, Proposal, Said};

use super::{Common, language};

/// What can be said to a proposal that lacks something.
enum Lack<'a> {
    /// The zone of times or of counters.
    Zone,
    /// The template of a field of the contract.
    Field(&'a str),
}

impl<'a> Lack<'a> {
    fn of(doubt: &'a Doubt) -> Self {
        doubt.key.strip_prefix("source.fields.").map_or(Self::Zone, |field| Self::Field(field.trim_matches('"')))
    }

    /// Takes an answer, or says what is wrong with it.
    fn answer(&self, answer: &str, said: &mut Said) -> std::result::Result<(), String> {
        match self {
            Self::Zone => {
                let zone =
                    answer.parse().map_err(|_| format!("« {answer} » is no zone; write it as in Europe/Paris"))?;
                said.zone = Some(zone);
            }
            Self::Field(field) => drop(said.fields.insert((*field).to_owned(), answer.to_owned())),
        }
        Ok(())
    }
}

/// Proposes a pipeline, asks for each thing that it lacks once, and proposes it again with the answer. An empty answer leaves the
/// blank.
///
/// # Errors
/// What `propose` says; [`Unreachable`](guichets_ouverts::error::Kind::Unreachable) when the terminal goes away.
pub fn completed(mut said: Said, propose: impl Fn(&Said) -> Result<Proposal>, common: &Common) -> Result<Proposal> {
    let mut proposal = propose(&said)?;
    if common.json || !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(proposal);
    }
    let mut asked = HashSet::new();
    while let Some(doubt) = proposal.missing.iter().find(|doubt| asked.insert(doubt.key.clone())) {
        let answer = ask(doubt, &said)?;
        if !answer.is_empty() && Lack::of(doubt).answer(&answer, &mut said).is_ok() {
            proposal = propose(&said)?;
        }
    }
    Ok(proposal)
}

/// Asks until the answer is one, or empty.
fn ask(doubt: &Doubt, said: &Said) -> Result<String> {
    let words = language::words();
    let how = match Lack::of(doubt) {
        Lack::Zone => words.say("un fuseau, comme Europe/Paris", "a zone, as in Europe/Paris"),
        Lack::Field(_) => words.say(
            "une valeur, comme rouen-prefecture, ou {colonne} ; vide pour laisser à compléter",
            "a value, as in rouen-prefecture, or {column}; nothing leaves it to be filled in",
        ),
    };
    let is_answer = |answer: &String| match answer.trim() {
        "" => Ok(()),
        answer => Lack::of(doubt).answer(answer, &mut said.clone()).map_err(|why| words.translated(&why)),
    };
    let prompt = format!("{} ({}{}{how})", doubt.key, words.translated(&doubt.why), words.say("\u{a0}; ", "; "));
    let answer = Input::<String>::new().with_prompt(prompt).allow_empty(true).validate_with(is_answer).interact_text();
    Ok(answer.unreachable("cannot ask at the terminal")?.trim().to_owned())
}

//! What it means when a server refuses or cannot be had, as a sentence and with what to do.

use object_store::Error as StoreError;

use super::answer::Answer;
use super::provider::Provider;
use super::refusal;
use crate::error::Error;

/// What is told of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    /// What it means, where the store's or the library's own words do not say it.
    pub(super) sentence: Option<&'static str>,
    /// What to do.
    pub(super) hint: &'static str,
}

/// An error of a provider's object store, after what was attempted, as in « cannot read »: what it means and what to do.
#[must_use]
pub fn refused(error: StoreError, attempted: &str, provider: Provider) -> Error {
    let text = crate::error::chain(&error);
    let answer = Answer::of(&error);
    let without_answer = || if answer.status.is_some() { None } else { of_network(&text) };
    let meaning = refusal::meaning(&answer, &text, provider).or_else(without_answer);
    match answer.told() {
        Some(words) => told(attempted, meaning, words),
        None => told(attempted, meaning, error),
    }
}

/// Why an HTTP server gave no answer, or none of use, after what was attempted. The address is the caller's to name: the
/// error's own may hold a password or a signature.
#[must_use]
pub fn lost(error: reqwest::Error, attempted: &str) -> Error {
    let error = error.without_url();
    told(attempted, of_network(&crate::error::chain(&error)), error)
}

fn told(
    attempted: &str,
    meaning: Option<Meaning>,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    let message = match meaning.and_then(|meaning| meaning.sentence) {
        Some(sentence) => format!("{attempted}: {sentence}"),
        None => attempted.to_owned(),
    };
    let error = Error::unreachable(message).because(cause);
    match meaning {
        Some(meaning) => error.hint(meaning.hint),
        None => error,
    }
}

/// Why there is no answer at all. The libraries below say it in words only.
fn of_network(text: &str) -> Option<Meaning> {
    let known: [(&[&str], Option<&str>, &str); 7] = [
        (
            &["dns error", "failed to lookup address"],
            Some("the name of the server leads nowhere"),
            "is the address spelt right, and the network there?",
        ),
        (&["Connection refused"], Some("nobody listens there"), "is the server running, and the port right?"),
        (
            &["invalid peer certificate", "UnknownIssuer", "certificate"],
            Some("the server's certificate is not one that this machine trusts"),
            "if the server has one of its own making, add the authority to those that the system trusts",
        ),
        (
            &["InvalidContentType", "corrupt message", "handshake eof"],
            Some("no encrypted connection comes about"),
            "does the server speak https at that port? What it says is not a certificate",
        ),
        (&["timed out"], None, "is the address right, and the network there? Ask again later"),
        (
            &["URL scheme is not allowed"],
            Some("the endpoint is not encrypted"),
            "give its https:// address, or say AWS_ALLOW_HTTP=true, AZURE_ALLOW_HTTP=true or GOOGLE_ALLOW_HTTP=true if nobody \
             else is on the way to it",
        ),
        (
            &["builder error", "relative URL"],
            None,
            "endpoint, region and credentials come from AWS_…, GOOGLE_… or AZURE_… in the environment",
        ),
    ];
    let found = known.into_iter().find(|(signs, ..)| signs.iter().any(|sign| text.contains(sign)))?;
    Some(Meaning { sentence: found.1, hint: found.2 })
}

//! What the platform answers when it does not do as asked, as a sentence and with what to do.

use reqwest::StatusCode;
use serde_json::Value;

use crate::error::Error;

/// An answer that is no success.
#[derive(Debug)]
pub struct Refusal<'a> {
    /// Method and address.
    pub place: &'a str,
    /// The platform, by its host.
    pub platform: &'a str,
    /// The status.
    pub status: StatusCode,
    /// The body, as far as it was read.
    pub body: &'a [u8],
    /// Where a redirection leads.
    pub location: Option<&'a str>,
    /// The number under which the platform's operators find their error.
    pub sentry: Option<&'a str>,
}

impl Refusal<'_> {
    /// The error for a person.
    pub fn told(&self) -> Error {
        let answer = Answer::of(self.body);
        let platform = self.platform;
        let (message, hint) = match self.status.as_u16() {
            400 if answer.about("organization") => (
                format!("{platform} does not let the owner of the key publish in the name of this organisation"),
                "join the organisation on the platform, correct datagouv.organization, or leave it out".to_owned(),
            ),
            400 => (
                format!("{platform} does not accept what was sent"),
                "correct [datagouv] in pipeline.toml; --dry-run shows each request".to_owned(),
            ),
            401 => self.key(&answer),
            403 => (
                format!("{platform} does not let the owner of the key change this dataset"),
                "use the key of a member of the organisation that owns it, as editor or administrator".to_owned(),
            ),
            404 => (
                format!("{platform} knows no such dataset or resource"),
                "check datagouv.dataset, and that datagouv.api is the instance on which it was created".to_owned(),
            ),
            410 => return deleted(platform).at(self.place),
            423 => (
                format!("{platform} has closed the creation of new content for now"),
                "nothing is wrong here; push again when it is open".to_owned(),
            ),
            429 => (format!("{platform} asks to send fewer requests"), "push again later".to_owned()),
            300..400 => (
                format!("{platform} has moved this address to {}", self.location.unwrap_or("an unknown place")),
                "the key is sent nowhere else: if the move is real, correct datagouv.api".to_owned(),
            ),
            500.. => (
                format!(
                    "{platform} failed on its side ({}{})",
                    self.status.as_u16(),
                    self.sentry.map_or_else(String::new, |id| format!(", Sentry id {id}"))
                ),
                match self.sentry {
                    Some(_) => "push again later; its support finds the failure under the Sentry id",
                    None => "push again later",
                }
                .to_owned(),
            ),
            other => (format!("{platform} answered {other}"), "is datagouv.api an instance of udata?".to_owned()),
        };
        let message = if answer.text.is_empty() { message } else { format!("{message}: {}", answer.text) };
        Error::unreachable(message).at(self.place).hint(hint)
    }

    fn key(&self, answer: &Answer) -> (String, String) {
        let host = self.platform;
        let what = match answer.text.as_str() {
            "Revoked API token" => "the key was revoked",
            "Expired API token" => "the key has expired",
            "Inactive user" => "the account of the key is not active",
            _ => "the key is not known",
        };
        let hint = format!(
            "make a key in your profile on {host} and put it into {}; demo and production have different keys",
            super::KEY_VARIABLE
        );
        (format!("{what} to {host}"), hint)
    }
}

/// The dataset was deleted there.
pub fn deleted(platform: &str) -> Error {
    Error::unreachable(format!("the dataset was deleted on {platform}, and nothing was sent")).hint(
        "nothing is created again by itself: have it restored there, or take datagouv.dataset out of pipeline.toml and \
         push once with --create",
    )
}

/// The words of an answer.
struct Answer {
    text: String,
    fields: Vec<String>,
}

impl Answer {
    fn of(body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let errors = value.get("errors").and_then(Value::as_object).filter(|errors| !errors.is_empty());
        let fields = errors.into_iter().flat_map(|errors| errors.keys().cloned()).collect();
        let text = match (errors, value.get("message").and_then(Value::as_str)) {
            (Some(errors), _) => {
                let told = errors.iter().map(|(field, why)| format!("{field}: {}", sentence(why)));
                told.collect::<Vec<_>>().join("; ")
            }
            (None, Some(message)) => message.to_owned(),
            (None, None) => String::new(),
        };
        // One line, of a length that a person reads.
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { text: line.chars().filter(|letter| !letter.is_control()).take(300).collect(), fields }
    }

    fn about(&self, field: &str) -> bool {
        self.fields.iter().any(|name| name == field)
    }
}

/// Reasons come as texts, lists of texts, or objects of them.
fn sentence(why: &Value) -> String {
    match why {
        Value::String(text) => text.clone(),
        Value::Array(reasons) => reasons.iter().map(sentence).collect::<Vec<_>>().join(", "),
        Value::Object(parts) => {
            parts.iter().map(|(part, why)| format!("{part}: {}", sentence(why))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

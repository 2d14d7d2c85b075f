//! What an object store answered, read from the only thing that the library gives of it: a text.

use object_store::Error as StoreError;
use serde::Deserialize;

/// What an object store answered, where it answered.
#[derive(Debug, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: Option<u16>,
    /// What the store calls the error, as in `AccessDenied`; an answer to `HEAD` has no room for it.
    pub code: Option<String>,
    /// Its own words.
    message: Option<String>,
    /// What Azure says besides: it has one code for a wrong key, a wrong clock and a session that is over. It may hold a
    /// signature, and is not shown.
    detail: Option<String>,
}

/// How those answer who give out tokens, Google's and Azure's, and Google's other services.
#[derive(Deserialize)]
struct TokenRefused {
    error: TokenError,
    #[serde(default)]
    error_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TokenError {
    Code(String),
    Whole { status: Option<String>, message: Option<String> },
}

/// Codes of a retention policy.
pub(super) const RETAINED: [&str; 3] = ["BlobImmutableDueToPolicy", "RetentionPolicyNotMet", "ObjectUnderActiveHold"];

impl Answer {
    /// The answer in an error.
    #[must_use]
    pub fn of(error: &StoreError) -> Self {
        let text = error.to_string();
        let Some((_, rest)) = text.split_once("status code: ") else { return Self::default() };
        let status = rest.get(..3).and_then(|digits| digits.parse().ok());
        let within = |tag: &str| {
            let (_, rest) = rest.split_once(&format!("<{tag}>"))?;
            rest.split_once(&format!("</{tag}>")).and_then(|(inner, _)| line(inner))
        };
        let (code, message, detail) = (within("Code"), within("Message"), within("AuthenticationErrorDetail"));
        match code {
            None => Self { status, ..Self::of_token(rest).unwrap_or_default() },
            code => Self { status, code, message, detail },
        }
    }

    /// An answer in JSON.
    fn of_token(text: &str) -> Option<Self> {
        let json = text.get(text.find('{')?..=text.rfind('}')?)?;
        let TokenRefused { error, error_description } = serde_json::from_str(json).ok()?;
        let (code, message) = match error {
            TokenError::Code(code) => (Some(code), error_description),
            TokenError::Whole { status, message } => (status, message),
        };
        Some(Self { code, message: message.as_deref().and_then(line), ..Self::default() })
    }

    /// Whether the store called it so.
    #[must_use]
    pub fn is(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// Whether the store's words, or what it says besides, hold one of these.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        let said = [&self.message, &self.detail];
        said.into_iter().flatten().any(|said| words.iter().any(|word| said.contains(word)))
    }

    /// Whether there is no such bucket, so that it says nothing of what would be in it.
    #[must_use]
    pub fn misses_bucket(&self) -> bool {
        self.is(&["NoSuchBucket", "ContainerNotFound"])
    }

    /// Whether it is a denial: neither a key that nobody knows nor a clock that is wrong, which have the same status.
    #[must_use]
    pub fn denies(&self) -> bool {
        self.status == Some(403) && (self.code.is_none() || self.is(&["AccessDenied", "AllAccessDisabled"]))
    }

    /// Whether another write of the object is under way: the store has decided nothing yet. Some stores give the same status
    /// to what is there already, as Azure's `BlobAlreadyExists`, or must stay.
    #[must_use]
    pub fn conflicts(&self) -> bool {
        self.status == Some(409)
            && !self.is(&RETAINED)
            && !self.code.as_ref().is_some_and(|code| code.ends_with("AlreadyExists"))
    }

    /// Whether the store says that it knows no such request.
    #[must_use]
    pub fn unknown_request(&self) -> bool {
        let other =
            ["ExpiredToken", "RequestTimeout", "InvalidToken", "TokenRefreshRequired", "InvalidAuthenticationInfo"];
        matches!(self.status, Some(400 | 405 | 501)) && !self.is(&other)
    }

    /// Whether it may pass by itself; without an answer, too.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.conflicts() || self.status.is_none_or(|status| matches!(status, 408 | 429 | 500 | 502..=599))
    }

    /// Status, code and words, in one line.
    pub(super) fn told(&self) -> Option<String> {
        let status = self.status?.to_string();
        let code = self.code.as_ref().map_or_else(String::new, |code| format!(" {code}"));
        let words = self.message.as_ref().map_or_else(String::new, |words| format!(": {words}"));
        Some(format!("the store answered {status}{code}{words}"))
    }
}

/// One line, of a length that a person reads; nothing where there are no words.
fn line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(line.chars().take(300).collect::<String>()).filter(|line| !line.is_empty())
}

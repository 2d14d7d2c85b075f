//! What an answer says about asking again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// What was answered, as far as asking again is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A page, whatever it says.
    Page {
        /// How long it took.
        took: Duration,
    },
    /// An error of the server, or no answer.
    Failed {
        /// How long it took.
        took: Duration,
    },
    /// The server does not want this visitor: 403, a block, a challenge, a captcha before the answer.
    Refused {
        /// How long it took.
        took: Duration,
    },
    /// The server wants to be asked later: 429, or 503 with Retry-After.
    Later {
        /// How long it took.
        took: Duration,
        /// When.
        after: RetryAfter,
    },
}

/// When a server wants to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so long.
    For(TimeDelta),
    /// It does not say.
    Unstated,
    /// What it says cannot be read.
    Illegible,
}

impl RetryAfter {
    /// The value of a `Retry-After`: seconds, or a date of HTTP.
    #[must_use]
    pub fn read(value: Option<&str>, now: DateTime<Utc>) -> Self {
        let Some(text) = value.map(str::trim) else { return Self::Unstated };
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More seconds than a number holds are more than a day, too.
            let seconds = text.parse().ok().and_then(TimeDelta::try_seconds);
            return Self::For(seconds.unwrap_or(TimeDelta::MAX));
        }
        match DateTime::parse_from_rfc2822(text) {
            Ok(date) => Self::For(date.with_timezone(&Utc) - now),
            Err(_) => Self::Illegible,
        }
    }
}

impl Heard {
    /// How long the answer took.
    #[must_use]
    pub const fn took(&self) -> Duration {
        match self {
            Self::Page { took } | Self::Failed { took } | Self::Refused { took } | Self::Later { took, .. } => *took,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_when_in_seconds_or_by_a_date() {
        let now: DateTime<Utc> = "2026-12-01T10:00:00Z".parse().unwrap();
        let read = |text| RetryAfter::read(Some(text), now);
        assert_eq!(read("7200"), RetryAfter::For(TimeDelta::hours(2)));
        assert_eq!(read("Tue, 01 Dec 2026 12:00:00 GMT"), RetryAfter::For(TimeDelta::hours(2)));
        assert_eq!(read("99999999999999999999999"), RetryAfter::For(TimeDelta::MAX));
        for illegible in ["-5", "", "soon", "1.5"] {
            assert_eq!(read(illegible), RetryAfter::Illegible, "{illegible}");
        }
        assert_eq!(RetryAfter::read(None, now), RetryAfter::Unstated);
    }
}

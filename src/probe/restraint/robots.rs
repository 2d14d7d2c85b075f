//! What a host's robots.txt wants (RFC 9309), as last heard.

use chrono::{DateTime, TimeDelta, Utc};
use robotxt::{AccessResult, Robots as Rules};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::probe::bounds::{PAUSE_MAX_S, PRODUCT, ROBOTS_BYTES};

/// What was heard of a robots.txt, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Robots {
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// What was answered.
    pub file: RobotsFile,
}

/// What was answered to the request for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RobotsFile {
    /// The file.
    Text(String),
    /// There is none (4xx): everything may be asked.
    Absent,
    /// It could not be had (5xx, no answer, a redirection): nothing may be asked. A redirection is not followed, and so the
    /// file is not known.
    Unreachable,
}

impl Robots {
    /// What follows from an answer.
    #[must_use]
    pub fn of(status: Option<u16>, body: &[u8], at: DateTime<Utc>) -> Self {
        let file = match status {
            Some(200..=299) => {
                RobotsFile::Text(String::from_utf8_lossy(&body[..body.len().min(ROBOTS_BYTES)]).into_owned())
            }
            Some(400..=499) => RobotsFile::Absent,
            _ => RobotsFile::Unreachable,
        };
        Self { at, file }
    }

    fn rules(&self) -> Rules {
        let access = match &self.file {
            RobotsFile::Text(text) => AccessResult::Successful(text.as_bytes()),
            RobotsFile::Absent => AccessResult::Unavailable,
            RobotsFile::Unreachable => AccessResult::Unreachable,
        };
        Rules::from_access(access, PRODUCT)
    }

    /// Whether it lets the probe ask for an address.
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        self.rules().is_url_allowed(url)
    }

    /// The pause that it wishes for, up to the longest that the probe keeps.
    #[must_use]
    pub fn delay(&self) -> Option<TimeDelta> {
        let longest = TimeDelta::seconds(PAUSE_MAX_S.into());
        self.rules().crawl_delay().map(|delay| TimeDelta::from_std(delay).map_or(longest, |delay| delay.min(longest)))
    }
}

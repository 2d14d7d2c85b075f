//! What is remembered of each host. It is written before each request, and survives the process.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::robots::Robots;
use crate::probe::bounds::{REST_MAX, REST_UNSTATED};

/// What is remembered of the hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    hosts: BTreeMap<String, HostMemory>,
}

/// What is remembered of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostMemory {
    /// The day of UTC of which `sent` is.
    day: Option<NaiveDate>,
    /// How many requests left on that day.
    sent: u32,
    /// When the next may leave.
    pub next: Option<DateTime<Utc>>,
    /// Until when the host is left alone.
    pub resting_until: Option<DateTime<Utc>>,
    /// How often in a row it refused.
    pub refusals: u32,
    /// How often in a row it failed.
    pub failures: u32,
    /// Why it is not asked again before a person looked, and took this out.
    pub off: Option<String>,
    /// What its robots.txt said.
    pub robots: Option<Robots>,
    /// The digest of the conditions of use that were last seen, by the address of the service.
    #[serde(default)]
    pub conditions: BTreeMap<String, String>,
}

impl Memory {
    /// What is remembered of a host, if anything.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<&HostMemory> {
        self.hosts.get(name)
    }

    /// What is remembered of a host, to be changed.
    pub fn host_mut(&mut self, name: &str) -> &mut HostMemory {
        self.hosts.entry(name.to_owned()).or_default()
    }

    /// Every host of which something is remembered.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &HostMemory)> {
        self.hosts.iter().map(|(name, host)| (name.as_str(), host))
    }
}

impl HostMemory {
    /// How many requests left on a day. A day before the last counts with it: a clock that was put back gives nothing again.
    #[must_use]
    pub fn sent_on(&self, day: NaiveDate) -> u32 {
        if self.day.is_some_and(|last| last >= day) { self.sent } else { 0 }
    }

    pub(super) fn count(&mut self, day: NaiveDate) {
        self.sent = self.sent_on(day).saturating_add(1);
        self.day = self.day.max(Some(day));
    }

    /// Leaves the host alone for so long, or for as long as it was to be anyway.
    pub(super) fn rest(&mut self, now: DateTime<Utc>, rest: TimeDelta) {
        self.resting_until = self.resting_until.max(Some(now + rest.min(REST_MAX)));
    }

    /// Leaves the host alone twice as long as the last time.
    pub(super) fn rest_longer(&mut self, now: DateTime<Utc>) {
        let doubled = 1_i32.checked_shl(self.refusals.min(16)).unwrap_or(i32::MAX);
        self.refusals = self.refusals.saturating_add(1);
        self.rest(now, REST_UNSTATED * doubled);
    }
}

//! Whether, and when, a request may leave: decided here and nowhere else, from what was sent and heard before, without a clock
//! or a network of its own.

mod heard;
mod memory;
mod robots;

pub use heard::{Heard, RetryAfter};
pub use memory::{HostMemory, Memory};
pub use robots::{Robots, RobotsFile};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use url::Url;

use super::bounds::{
    FAILURES_IN_A_ROW, FIELDS, LOOK_MAX, PAUSE_MAX_S, PAUSE_PER_ANSWER, PAUSE_SPREAD_PERCENT, REQUESTS_PER_LOOK,
    REST_MAX, REST_MIN, REST_UNSTATED, ROBOTS_AGAIN, ROBOTS_AGE_MAX,
};
use super::plan::{Plan, Point};
use super::shape::{Method, is_allowed};
use crate::digest::sha256;

/// A request that somebody would like to make.
#[derive(Debug, Clone, Copy)]
pub enum Ask<'a> {
    /// A host's robots.txt.
    Robots(&'a str),
    /// A page of a point.
    Page {
        /// What is looked at.
        point: &'a Point,
        /// How.
        method: Method,
        /// Where.
        url: &'a Url,
        /// The names of the fields that are sent.
        fields: &'a [&'a str],
        /// How many requests this look has made.
        made: u32,
    },
}

impl Ask<'_> {
    fn host(&self) -> &str {
        match self {
            Self::Robots(host) => host,
            Self::Page { point, .. } => point.host(),
        }
    }
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave now.
    Now,
    /// It may leave at an instant that is worth waiting for.
    NotBefore(DateTime<Utc>),
    /// It does not leave.
    Never(Why),
}

/// Why a request does not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The plan does not name the host.
    NotInPlan,
    /// No request of that shape is ever made.
    NoShape,
    /// It would send a field that is never sent.
    Field(String),
    /// The look has made all of its requests.
    LookSpent,
    /// The host has had all of its requests of the day.
    DaySpent,
    /// The host refused, failed, or asked for a rest, until then.
    Resting(DateTime<Utc>),
    /// A person must look before the host is asked again, for this reason.
    Off(String),
    /// A person has put the host out of use.
    Halted,
    /// The host's robots.txt does not want it, or could not be had.
    Robots,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotInPlan => f.write_str("the plan does not name the host"),
            Self::NoShape => f.write_str("no request of that shape is ever made"),
            Self::Field(name) => write!(f, "the field « {name} » is never sent"),
            Self::LookSpent => write!(f, "a look makes {REQUESTS_PER_LOOK} requests at most"),
            Self::DaySpent => f.write_str("the host has had all of its requests of the day"),
            Self::Resting(until) => {
                write!(f, "the host rests until {}", until.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
            Self::Off(reason) => write!(f, "{reason}: a person must look"),
            Self::Halted => f.write_str("the host was put out of use"),
            Self::Robots => f.write_str("the host's robots.txt does not want it, or could not be had"),
        }
    }
}

/// By what conditions of use speak of robots.
const OF_ROBOTS: &[&str] = &["robot", "automat", "script", "aspir", "moissonn"];

/// The gate: a plan, and what is remembered of each host.
#[derive(Debug)]
pub struct Restraint<'a> {
    plan: &'a Plan,
    memory: Memory,
}

impl<'a> Restraint<'a> {
    /// A gate that remembers.
    #[must_use]
    pub const fn new(plan: &'a Plan, memory: Memory) -> Self {
        Self { plan, memory }
    }

    /// What is to survive the process.
    #[must_use]
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The same, to be changed.
    pub const fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Whether a host's robots.txt must be asked for before its pages.
    #[must_use]
    pub fn wants_robots(&self, host: &str, now: DateTime<Utc>) -> bool {
        let robots = self.memory.host(host).and_then(|host| host.robots.as_ref());
        let believed =
            |robots: &Robots| if robots.file == RobotsFile::Unreachable { ROBOTS_AGAIN } else { ROBOTS_AGE_MAX };
        // One from the future is of a clock that was wrong.
        robots.is_none_or(|robots| now - robots.at >= believed(robots) || robots.at > now)
    }

    /// Whether it must be asked for before a look that begins now: also where it would grow old during the look, which would
    /// then have to end half way.
    #[must_use]
    pub fn wants_robots_for_a_look(&self, host: &str, now: DateTime<Utc>) -> bool {
        let robots = self.memory.host(host).and_then(|host| host.robots.as_ref());
        let lasts = robots.is_some_and(|robots| {
            robots.file == RobotsFile::Unreachable || now - robots.at < ROBOTS_AGE_MAX - LOOK_MAX
        });
        self.wants_robots(host, now) || !lasts
    }

    /// Decides of a request, as of an instant.
    #[must_use]
    pub fn judge(&self, ask: &Ask<'_>, now: DateTime<Utc>) -> Verdict {
        let Some(host) = self.plan.hosts.get(ask.host()) else { return Verdict::Never(Why::NotInPlan) };
        let unknown = HostMemory::default();
        let memory = self.memory.host(ask.host()).unwrap_or(&unknown);
        if let Some(why) = of_itself(ask).or_else(|| of_host(memory, now)) {
            return Verdict::Never(why);
        }
        if memory.sent_on(now.date_naive()) >= host.requests_per_day {
            return Verdict::Never(Why::DaySpent);
        }
        if let Ask::Page { url, .. } = ask
            && (self.wants_robots(ask.host(), now) || !memory.robots.as_ref().is_some_and(|robots| robots.allows(url)))
        {
            return Verdict::Never(Why::Robots);
        }
        match memory.next {
            Some(next) if next > now => Verdict::NotBefore(next),
            _ => Verdict::Now,
        }
    }

    /// Whether a host may have so many more requests today.
    #[must_use]
    pub fn has_left(&self, host: &str, requests: u32, now: DateTime<Utc>) -> bool {
        let sent = self.memory.host(host).map_or(0, |memory| memory.sent_on(now.date_naive()));
        self.plan.hosts.get(host).is_some_and(|host| sent.saturating_add(requests) <= host.requests_per_day)
    }

    /// Counts a request that is about to leave. What is remembered must be on disk before it does: a probe that is killed and
    /// started again in a loop asks no more than another.
    pub fn spend(&mut self, host: &str, now: DateTime<Utc>) {
        // Until the answer is there, as if it took longest.
        let next = now + TimeDelta::seconds(PAUSE_MAX_S.into());
        let memory = self.memory.host_mut(host);
        memory.count(now.date_naive());
        memory.next = Some(next);
    }

    /// Takes note of what was answered to the request that was counted last.
    pub fn heard(&mut self, host: &str, heard: &Heard, now: DateTime<Utc>) {
        let pause = self.pause(host, heard, now);
        let memory = self.memory.host_mut(host);
        memory.next = Some(now + pause);
        match heard {
            Heard::Page { .. } => memory.failures = 0,
            Heard::Failed { .. } => {
                memory.failures += 1;
                if memory.failures >= FAILURES_IN_A_ROW {
                    memory.failures = 0;
                    memory.rest(now, REST_UNSTATED);
                }
            }
            Heard::Refused { .. } => memory.rest_longer(now),
            Heard::Later { after, .. } => match after {
                RetryAfter::For(rest) if *rest > REST_MAX => {
                    memory.off = Some("the host asked for a rest of more than a day".to_owned());
                }
                RetryAfter::For(rest) => memory.rest(now, (*rest).max(REST_MIN)),
                RetryAfter::Illegible => memory.rest(now, REST_UNSTATED),
                RetryAfter::Unstated => memory.rest_longer(now),
            },
        }
    }

    /// Takes note that a host asked who somebody is, which is beyond what is ever looked at: it has the longest rest.
    pub fn went_too_far(&mut self, host: &str, now: DateTime<Utc>) {
        self.memory.host_mut(host).rest(now, REST_MAX);
    }

    /// Compares the conditions of use of a service with those that were last seen, and says whether they are others. Where they
    /// are, and speak of robots, the host is not asked again before a person has read them.
    pub fn conditions(&mut self, point: &Point, text: &str) -> bool {
        let digest = sha256(text.as_bytes());
        let memory = self.memory.host_mut(point.host());
        let before = memory.conditions.insert(point.address.to_string(), digest.clone());
        let changed = before.is_some_and(|before| before != digest);
        let text = text.to_lowercase();
        if changed && OF_ROBOTS.iter().any(|word| text.contains(word)) {
            memory.off = Some("its conditions of use have changed, and speak of robots".to_owned());
        }
        changed
    }

    /// Takes note that a look was answered as it should be: what was refused before is over.
    pub fn answered(&mut self, host: &str) {
        self.memory.host_mut(host).refusals = 0;
    }

    /// How long a host is left alone after an answer.
    fn pause(&self, host: &str, heard: &Heard, now: DateTime<Utc>) -> TimeDelta {
        let longest = TimeDelta::seconds(PAUSE_MAX_S.into());
        let planned = self.plan.hosts.get(host).map_or(longest, |host| host.pause);
        let took = TimeDelta::from_std(heard.took().saturating_mul(PAUSE_PER_ANSWER)).unwrap_or(longest);
        let robots = self.memory.host(host).and_then(|memory| memory.robots.as_ref());
        let wished = robots.and_then(Robots::delay).unwrap_or_default();
        let pause = planned.max(took).max(wished);
        // Drawn from what is known of the request alone: it comes out the same after a restart.
        let spread = u64::from(drawn(&[host, &now.timestamp_micros().to_string()])) % (PAUSE_SPREAD_PERCENT + 1);
        let drawn_out = pause * 100_i32.saturating_add(i32::try_from(spread).unwrap_or_default()) / 100;
        drawn_out.min(longest)
    }
}

/// A number that depends on nothing but some texts.
#[must_use]
pub fn drawn(texts: &[&str]) -> u32 {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Why a request is never made, whatever the host.
fn of_itself(ask: &Ask<'_>) -> Option<Why> {
    let Ask::Page { point, method, url, fields, made } = ask else { return None };
    if !is_allowed(point, *method, url) {
        return Some(Why::NoShape);
    }
    if let Some(field) = fields.iter().find(|field| *method == Method::Get || !FIELDS.contains(field)) {
        return Some(Why::Field((*field).to_owned()));
    }
    (*made >= REQUESTS_PER_LOOK).then_some(Why::LookSpent)
}

/// Why a host is not asked at an instant.
fn of_host(memory: &HostMemory, now: DateTime<Utc>) -> Option<Why> {
    if let Some(reason) = &memory.off {
        return Some(Why::Off(reason.clone()));
    }
    memory.resting_until.filter(|until| *until > now).map(Why::Resting)
}

//! What the looks of a probe share: the plan, the gate and its memory on disk, the clock, the wire. A request to
//! somebody else leaves through [`Desk::send`] alone, once the gate let it, and once that it leaves is on disk; our own declared page
//! is asked for before, by `cycle::control`.

use std::path::{Path, PathBuf};

use url::Url;

use super::clock::Clock;
use super::folder::Folder;
use super::identity::Identity;
use super::plan::{Plan, Point};
use super::restraint::{Ask, Heard, Restraint, RetryAfter, Robots, Verdict, Why};
use super::shape::Method;
use super::wire::{Reply, Request, Wire};
use crate::error::{Error, Result};
use crate::progress::Progress;

/// The desk.
pub struct Desk<'a> {
    pub(super) plan: &'a Plan,
    pub(super) gate: Restraint<'a>,
    pub(super) folder: &'a Folder,
    pub(super) clock: &'a dyn Clock,
    pub(super) wire: &'a mut dyn Wire,
    pub(super) progress: &'a dyn Progress,
    pub(super) identity: Identity,
    /// How many requests left.
    pub(super) sent: u64,
}

/// Why a request was not sent.
#[derive(Debug)]
pub enum NotSent {
    /// The gate did not let it.
    Never(Why),
    /// The probe cannot go on: it was stopped, or cannot write down that it asks.
    Failed(Error),
}

impl From<Error> for NotSent {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Desk<'a> {
    /// A desk over what earlier ones left.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when what they left cannot be read.
    pub fn open(
        plan: &'a Plan,
        folder: &'a Folder,
        clock: &'a dyn Clock,
        wire: &'a mut dyn Wire,
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let gate = Restraint::new(plan, folder.memory()?);
        Ok(Self { plan, gate, folder, clock, wire, progress, identity: Identity::of(plan), sent: 0 })
    }

    /// Waits until a look at a point may begin.
    ///
    /// # Errors
    /// [`NotSent`]: also where the host has not enough requests left for the whole look.
    pub fn ready(&self, point: &Point) -> Result<(), NotSent> {
        if !self.gate.has_left(point.host(), point.requests(), self.clock.now()) {
            return Err(NotSent::Never(Why::DaySpent));
        }
        let (url, method) = (point.entry(), Method::Get);
        self.wait(&Ask::Page { point, method, url: &url, fields: &[], made: 0 })
    }

    /// Whether a host's robots.txt must be asked for before a look at it.
    #[must_use]
    pub fn wants_robots(&self, host: &str) -> bool {
        self.gate.wants_robots_for_a_look(host, self.clock.now())
    }

    /// Asks a host for its robots.txt.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn ask_robots(&mut self, host: &str) -> Result<Reply, NotSent> {
        let Ok(url) = robots_address(host) else { return Err(NotSent::Never(Why::NotInPlan)) };
        let request = Request { method: Method::Get, url, headers: self.identity.headers(), body: None };
        let reply = self.send(&Ask::Robots(host), &request)?;
        let now = self.clock.now();
        self.gate.memory_mut().host_mut(host).robots = Some(Robots::of(reply.status, &reply.body, now));
        let took = reply.took;
        // A host that keeps its robots.txt to itself refuses nobody (RFC 9309). A Crawl-delay counts from here on.
        let absent = matches!(reply.status, Some(400..=428 | 430..=499));
        let heard = if absent { Heard::Page { took } } else { heard(&reply, now) };
        self.note(host, &heard, now)?;
        Ok(reply)
    }

    /// Whether a host's robots.txt, as last heard, wants a point to be asked for.
    #[must_use]
    pub fn is_wanted(&self, point: &Point) -> bool {
        let robots = self.gate.memory().host(point.host()).and_then(|host| host.robots.as_ref());
        robots.is_some_and(|robots| robots.allows(&point.entry()))
    }

    /// Sends a request once the gate lets it, and takes note of the answer.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn send(&mut self, ask: &Ask<'_>, request: &Request) -> Result<Reply, NotSent> {
        self.wait(ask)?;
        let host = request.url.host_str().unwrap_or_default().to_owned();
        self.gate.spend(&host, self.clock.now());
        self.remember()?;
        self.sent += 1;
        let reply = self.wire.exchange(request, self.progress)?;
        let now = self.clock.now();
        if !matches!(ask, Ask::Robots(_)) {
            self.note(&host, &heard(&reply, now), now)?;
        }
        Ok(reply)
    }

    /// Takes note of what was heard, on disk too.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&mut self, host: &str, heard: &Heard, now: chrono::DateTime<chrono::Utc>) -> Result<()> {
        self.gate.heard(host, heard, now);
        self.remember()
    }

    /// Has on disk what is remembered.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self) -> Result<()> {
        self.folder.remember(self.gate.memory())
    }

    /// Waits for the turn of a request.
    fn wait(&self, ask: &Ask<'_>) -> Result<(), NotSent> {
        loop {
            self.progress.proceed()?;
            let host = match ask {
                Ask::Robots(host) => host,
                Ask::Page { point, .. } => point.host(),
            };
            if self.folder.is_halted(host) {
                return Err(NotSent::Never(Why::Halted));
            }
            match self.gate.judge(ask, self.clock.now()) {
                Verdict::Now => return Ok(()),
                Verdict::NotBefore(instant) => self.clock.sleep_until(instant, self.progress)?,
                Verdict::Never(why) => return Err(NotSent::Never(why)),
            }
        }
    }
}

/// Where a host's robots.txt is.
pub(super) fn robots_address(host: &str) -> Result<Url, url::ParseError> {
    Url::parse(&format!("https://{host}/robots.txt"))
}

/// What an answer says about asking again, by its status alone.
fn heard(reply: &Reply, now: chrono::DateTime<chrono::Utc>) -> Heard {
    let took = reply.took;
    let after = reply.header("retry-after");
    match reply.status {
        Some(429) => Heard::Later { took, after: RetryAfter::read(after, now) },
        Some(503) if after.is_some() => Heard::Later { took, after: RetryAfter::read(after, now) },
        Some(403) => Heard::Refused { took },
        Some(500..=599) | None => Heard::Failed { took },
        Some(_) if reply.failure.is_some() => Heard::Failed { took },
        Some(_) => Heard::Page { took },
    }
}

/// Where a person puts a host out of use at once: an empty file of its name.
pub(super) fn halt_file(folder: &Path, host: &str) -> PathBuf {
    folder.join("arret").join(host)
}

//! The time: the machine's, that of a rehearsal, or a test's.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::Result;
use crate::progress::Progress;

/// A clock that can be waited for.
pub trait Clock {
    /// What it shows.
    fn now(&self) -> DateTime<Utc>;

    /// How long it has run, whatever was done to what it shows.
    fn running(&self) -> Duration;

    /// Waits until it shows an instant, or until somebody wants the probe to stop.
    ///
    /// # Errors
    /// [`Interrupted`](crate::error::Kind::Interrupted) when somebody does.
    fn sleep_until(&self, instant: DateTime<Utc>, progress: &dyn Progress) -> Result<()>;

    /// Seconds since it was last set by a time server, where the machine says so.
    fn age_s(&self) -> Option<i64> {
        None
    }
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

/// How often a wait looks whether it is to end.
const GLANCE: Duration = Duration::from_millis(500);
/// The file that systemd-timesyncd touches whenever it has set the clock.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn running(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep_until(&self, instant: DateTime<Utc>, progress: &dyn Progress) -> Result<()> {
        loop {
            progress.proceed()?;
            let Ok(left) = (instant - self.now()).to_std() else { return Ok(()) };
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(GLANCE));
        }
    }

    fn age_s(&self) -> Option<i64> {
        let set = std::fs::metadata(SYNCHRONISED).and_then(|file| file.modified()).ok()?;
        SystemTime::now().duration_since(set).ok().and_then(|age| i64::try_from(age.as_secs()).ok())
    }
}

/// The clock of a rehearsal: it goes as the machine's does from an instant on, and leaps over every wait. Nothing on the network
/// is ever asked by it, but for a server on this machine.
#[derive(Debug)]
pub struct RehearsalClock {
    begin: DateTime<Utc>,
    began: Instant,
    leapt: Cell<Duration>,
}

impl RehearsalClock {
    /// A clock that shows an instant now.
    #[must_use]
    pub fn at(begin: DateTime<Utc>) -> Self {
        Self { begin, began: Instant::now(), leapt: Cell::default() }
    }
}

impl Clock for RehearsalClock {
    fn now(&self) -> DateTime<Utc> {
        TimeDelta::from_std(self.running())
            .ok()
            .and_then(|time| self.begin.checked_add_signed(time))
            .unwrap_or(self.begin)
    }

    fn running(&self) -> Duration {
        self.began.elapsed() + self.leapt.get()
    }

    fn sleep_until(&self, instant: DateTime<Utc>, progress: &dyn Progress) -> Result<()> {
        progress.proceed()?;
        if let Ok(left) = (instant - self.now()).to_std() {
            self.leapt.set(self.leapt.get() + left);
        }
        Ok(())
    }
}

//! The time: the machine's, or a test's.

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};

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

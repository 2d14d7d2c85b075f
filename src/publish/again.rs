//! Changing an object that others change, too.

use std::time::Duration;

use super::{StorageKey, Store};
use crate::error::{Error, Result};

/// How often it is tried: each time that it fails, another publisher was done with what it wrote.
const ATTEMPTS: u32 = 100;
/// The first wait before it is tried again; each is longer than the one before, but for those of `LONGEST`.
const PAUSE: Duration = Duration::from_millis(5);
/// No wait is longer than this.
const LONGEST: Duration = Duration::from_millis(250);

/// Reads an object and swaps it, which `turn` does, until nobody was faster; gives what came of it.
///
/// # Errors
/// Those of `turn`, and [`Unreachable`](crate::error::Kind::Unreachable) when others do not stop changing the object.
pub(super) fn until_ours<T>(
    store: &dyn Store,
    key: &StorageKey,
    mut turn: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            store.pause(LONGEST.min(PAUSE * attempt));
        }
        if let Some(done) = turn()? {
            return Ok(done);
        }
    }
    let path = key.path();
    Err(Error::unreachable(format!("{path} kept changing during {ATTEMPTS} attempts"))
        .at(store.name())
        .hint("others write there all the time: run again when fewer do"))
}

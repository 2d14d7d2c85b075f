//! What a run tells of itself while it goes on, and whether it is to go on. The command line shows it on a terminal; the
//! library is silent.

use crate::error::Result;

/// Someone who watches a run.
pub trait Progress: Sync {
    /// A stage begins; `total` is its size in its own unit, 0 where nobody knows.
    fn begin(&self, stage: &str, total: u64);
    /// So much more is done.
    fn advance(&self, amount: u64);
    /// The stage ends.
    fn end(&self);
    /// The pointer is about to move: from here on readers may see the version, and to stop the run no longer leaves them what
    /// they had.
    fn visible(&self, _version: &str) {}
    /// Asked wherever a run can stop without leaving anything half done.
    ///
    /// # Errors
    /// [`Interrupted`](crate::error::Kind::Interrupted) when somebody wants it to stop.
    fn proceed(&self) -> Result<()> {
        Ok(())
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: &str, _total: u64) {}
    fn advance(&self, _amount: u64) {}
    fn end(&self) {}
}

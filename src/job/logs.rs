//! The raw logs of a run: those that it reads itself, or what shards have made of them.

use std::collections::HashSet;

use tokio::runtime::Handle;

use super::Order;
use super::foundation::Foundation;
use super::shards::Shards;
use crate::error::Result;
use crate::ingest::{Found, find};

/// The raw logs of a run.
pub(super) enum Logs {
    /// It reads them itself.
    Raw(Found),
    /// Shards have read them.
    Ingested(Shards),
}

impl Logs {
    /// Finds them. `known` are files of earlier nights, which may be left out without being there.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when there are none, or shards are missing;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when a place does not answer.
    pub(super) fn find(
        order: &Order<'_>,
        foundation: &Foundation<'_>,
        known: &HashSet<String>,
        runtime: &Handle,
    ) -> Result<Self> {
        if let Some(work) = order.ingested {
            return Shards::open(work, foundation).map(Self::Ingested);
        }
        let mut found = find(order.raw, order.pipeline, runtime)?;
        found.leave_out(order.without, known)?;
        Ok(Self::Raw(found))
    }

    /// The names of what is read, and of the archives that were unpacked for it.
    pub(super) fn read_names(&self) -> HashSet<&str> {
        match self {
            Self::Raw(found) => found.read_names(),
            Self::Ingested(shards) => shards.read_names(),
        }
    }

    /// Whether somebody said to leave a file out.
    pub(super) fn leaves_out(&self, file: &str) -> bool {
        match self {
            Self::Raw(found) => found.leaves_out(file),
            Self::Ingested(_) => false,
        }
    }
}

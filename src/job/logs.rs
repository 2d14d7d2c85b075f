//! The raw logs of a run: those that it reads itself, or what shards have made of them.

use std::collections::HashSet;

use tokio::runtime::Handle;

use super::Order;
use super::failed::FailedNights;
use super::foundation::Foundation;
use super::shards::Shards;
use crate::error::{Error, Result};
use crate::ingest::{FileAccount, Found, find};
use crate::publish::{Base, Store};

/// The raw logs of a run.
pub(super) enum Logs {
    /// It reads them itself.
    Raw(Found),
    /// Shards have read them.
    Ingested(Shards),
}

impl Logs {
    /// Finds them, on top of a version whose files have these accounts. What a night had read that failed since must be among them.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when there are none, one or a shard is missing, or shards are not what is needed;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when a place does not answer.
    pub(super) fn find(
        order: &Order<'_>,
        foundation: &Foundation<'_>,
        (store, base, accounts): (&dyn Store, &Base, &[FileAccount]),
        runtime: &Handle,
    ) -> Result<Self> {
        let failed = FailedNights::of(store, base)?;
        let logs = match order.ingested {
            Some(_) if !order.rebuild && base.manifest().is_some() => {
                return Err(Error::usage(
                    "the store has a version, and shards hold whole logs, and not what is new in them",
                )
                .at("--ingested")
                .hint("to make everything anew from what they have read, add --rebuild"));
            }
            Some(work) => Self::Ingested(Shards::open(work, foundation)?),
            None => {
                let mut found = find(order.raw, order.pipeline, runtime)?;
                // Files of earlier nights may be left out without being there.
                found.leave_out(order.without, &failed.files_not_published(base))?;
                Self::Raw(found)
            }
        };
        if !order.forget_failed {
            failed.check(accounts, &logs.read_names(), |file| logs.leaves_out(file))?;
        }
        Ok(logs)
    }

    /// The names of what is read, and of the archives that were unpacked for it.
    pub(super) fn read_names(&self) -> HashSet<&str> {
        match self {
            Self::Raw(found) => found.read_names(),
            Self::Ingested(shards) => shards.read_names(),
        }
    }

    /// Whether somebody said to leave a file out.
    fn leaves_out(&self, file: &str) -> bool {
        match self {
            Self::Raw(found) => found.leaves_out(file),
            Self::Ingested(_) => false,
        }
    }
}

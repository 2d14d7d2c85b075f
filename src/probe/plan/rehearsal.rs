//! Rehearsals: plans in which nobody is asked but a server on this machine.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};

use super::written::WrittenRehearsal;
use crate::error::{Error, Result};

/// A rehearsal: nobody is asked but a server on this machine, in the place of every host. Its lines say so by their vantage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rehearsal {
    /// The server.
    pub server: SocketAddr,
    /// From when to when it takes place by its own clock, which leaps over every wait; by the machine's where this is not said.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// How the vantage of a rehearsal begins.
pub(super) const VANTAGE: &str = "essai-";

impl WrittenRehearsal {
    /// Checks it.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage): the server is elsewhere, or the span is none.
    pub(super) fn checked(self) -> Result<Rehearsal> {
        if !self.serveur.ip().is_loopback() {
            return Err(Error::usage("[essai] serveur is not on this machine"));
        }
        let span = match (self.du, self.au) {
            (None, None) => None,
            (Some(from), Some(to)) if from < to => Some((from, to)),
            _ => return Err(Error::usage("[essai] du and au say from when to when together, or neither is there")),
        };
        Ok(Rehearsal { server: self.serveur, span })
    }
}

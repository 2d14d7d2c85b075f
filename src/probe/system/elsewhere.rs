//! An address that leads to where no appointment is made any more: a log-in, a form. The redirection is noted, and not followed.

use super::{Finding, Look, Target};
use crate::probe::session::{Session, Stop};

/// An address that is read once.
pub struct Elsewhere;

impl Look for Elsewhere {
    fn look(&self, target: Target<'_>, session: &mut Session<'_, '_>) -> Result<Finding, Stop> {
        session.step("adresse");
        session.get(&target.point.entry())?;
        Ok(Finding::Unknown)
    }

    fn markers(&self) -> &'static [&'static str] {
        &[]
    }
}

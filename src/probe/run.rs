//! Cycle after cycle, or one.

use chrono::{DateTime, Utc};

use super::account::CycleAccount;
use super::clock::Clock;
use super::cycle::{self, vantage_of};
use super::desk::Desk;
use super::due::Agenda;
use super::folder::Folder;
use super::plan::Plan;
use super::wire::Wire;
use super::{log, proof};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::publish::SigningKey;

/// What makes a wire for a cycle.
pub type Wires<'w> = dyn Fn() -> Result<Box<dyn Wire + 'w>> + 'w;

/// A probe at work.
pub struct Probe<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// When it looks at what.
    pub agenda: &'a Agenda<'a>,
    /// Where it writes.
    pub folder: &'a Folder,
    /// Its time.
    pub clock: &'a dyn Clock,
    /// Who may stop it.
    pub progress: &'a dyn Progress,
    /// Who signs the manifests of its days.
    pub key: Option<&'a SigningKey>,
}

impl Probe<'_> {
    /// Delivers what a probe that was killed left, and says how many lines that was.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn recover(&self) -> Result<usize> {
        log::deliver(self.folder)
    }

    /// Makes the cycle that is due, if one is: the last slot that has come, unless it was begun already or is too long ago. What
    /// was missed is not caught up with.
    ///
    /// # Errors
    /// As a cycle.
    pub fn once(&self, wires: &Wires<'_>) -> Result<Option<CycleAccount>> {
        self.check_vantage()?;
        self.recover()?;
        let now = self.clock.now();
        let Some(slot) = self.agenda.latest(now) else { return Ok(None) };
        if self.begun()?.is_some_and(|begun| begun >= slot) || now >= self.agenda.deadline(slot) {
            return Ok(None);
        }
        self.clock.sleep_until(self.agenda.start(slot, &self.plan.vantage), self.progress)?;
        let today = self.clock.now().format("%Y-%m-%d").to_string();
        proof::close_days(self.folder, &self.plan.vantage, &today, self.key)?;
        let mut wire = wires()?;
        let mut desk = Desk::open(self.plan, self.folder, self.clock, wire.as_mut(), self.progress)?;
        cycle::run(self.agenda, &mut desk, slot).map(Some)
    }

    /// Makes cycle after cycle until an instant, or until somebody stops it.
    ///
    /// # Errors
    /// As a cycle; [`Interrupted`](crate::error::Kind::Interrupted) when it was stopped.
    pub fn go_on(&self, wires: &Wires<'_>, until: DateTime<Utc>, told: &dyn Fn(&CycleAccount)) -> Result<()> {
        loop {
            if let Some(account) = self.once(wires)? {
                told(&account);
            }
            let Some(next) = self.agenda.next(self.clock.now()).filter(|next| *next < until) else { return Ok(()) };
            self.clock.sleep_until(next, self.progress)?;
        }
    }

    /// A folder holds the chain and the memory of one vantage: those of a rehearsal, or of another machine, stay apart.
    fn check_vantage(&self) -> Result<()> {
        let account = self.folder.account()?;
        let other = account.filter(|account| vantage_of(&account.run_id) != Some(self.plan.vantage.as_str()));
        match other.as_ref().and_then(|account| vantage_of(&account.run_id)) {
            Some(vantage) => {
                Err(Error::usage(format!("the folder is that of {vantage}, not of {}", self.plan.vantage))
                    .at_path(&self.folder.path(""))
                    .hint("give each point_de_mesure a folder of its own with --out"))
            }
            None => Ok(()),
        }
    }

    fn begun(&self) -> Result<Option<DateTime<Utc>>> {
        Ok(self.folder.account()?.map(|account| account.slot))
    }
}

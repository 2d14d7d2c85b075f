//! When what is looked at: the slots of the pipeline's schedule, and whether the plan bears them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::bounds::{CADENCE_MIN, START_SPREAD_MAX};
use super::plan::{Plan, Point};
use super::restraint::drawn;
use crate::config::{Period, Schedule};
use crate::error::{Error, Result};
use crate::registry::Registry;

/// What is looked at, and when.
#[derive(Debug)]
pub struct Agenda<'a> {
    watched: Vec<Watched<'a>>,
}

/// A point with its periods.
#[derive(Debug)]
pub struct Watched<'a> {
    /// The point.
    pub point: &'a Point,
    /// The counter's own zone.
    pub zone: Tz,
    periods: Vec<Period>,
}

/// How far ahead the schedule is looked at: longer than a probe runs without being started again.
const AHEAD: TimeDelta = TimeDelta::days(3660);

/// What a host is asked at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// How many looks a cycle has at it.
    pub looks: u32,
    /// Most requests in a day, robots.txt included.
    pub requests_per_day: u32,
    /// How many of them the plan lets it have.
    pub allowed_per_day: u32,
}

impl<'a> Agenda<'a> {
    /// The agenda of a plan, as of an instant.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage): the registry or the schedule does not know a point, its cadence is shorter than the
    /// probe keeps, or a host would be asked more than the plan lets it be.
    pub fn new(plan: &'a Plan, schedule: &Schedule, registry: &Registry, now: DateTime<Utc>) -> Result<Self> {
        let watched = plan.points.iter().map(|point| watched(point, schedule, registry, now)).collect::<Result<_>>()?;
        let agenda = Self { watched };
        agenda.check(plan)?;
        Ok(agenda)
    }

    fn check(&self, plan: &Plan) -> Result<()> {
        for (host, load) in self.load(plan) {
            if load.requests_per_day > load.allowed_per_day {
                return Err(Error::usage(format!(
                    "{host}: the plan may take {} requests a day and allows {}",
                    load.requests_per_day, load.allowed_per_day
                ))
                .hint("look at fewer services, or less often: the ceiling of the program is not raised"));
            }
        }
        let Some(cadence) = self.cadence() else { return Ok(()) };
        // One request at a time, each after the pause of its host.
        let pause = |point: &Point| plan.hosts.get(point.host()).map_or(TimeDelta::zero(), |host| host.pause);
        let looks = |point: &Point| i32::try_from(point.looks().count()).unwrap_or(i32::MAX);
        let requests = |point: &Point| i32::try_from(point.requests()).unwrap_or(i32::MAX);
        let of = |point: &Point| pause(point) * looks(point).saturating_mul(requests(point));
        let longest = self.watched.iter().fold(TimeDelta::zero(), |sum, watched| sum + of(watched.point));
        if longest > cadence / 2 {
            return Err(Error::usage(format!(
                "a cycle may take {} minutes, and must be over in half a cadence, {} minutes",
                longest.num_minutes(),
                (cadence / 2).num_minutes()
            ))
            .hint("look at fewer services, or less often"));
        }
        Ok(())
    }

    /// What each host is asked at most.
    #[must_use]
    pub fn load(&self, plan: &Plan) -> BTreeMap<String, Load> {
        let mut loads = BTreeMap::new();
        for watched in &self.watched {
            let allowed_per_day = plan.hosts.get(watched.point.host()).map_or(0, |host| host.requests_per_day);
            // A robots.txt that is a day old is asked for again: twice in one day at most.
            let fresh = Load { looks: 0, requests_per_day: 2, allowed_per_day };
            let load: &mut Load = loads.entry(watched.point.host().to_owned()).or_insert(fresh);
            let looks = u32::try_from(watched.point.looks().count()).unwrap_or(u32::MAX);
            let cycles = watched.cadence().map_or(0, |cadence| {
                let seconds = cadence.num_seconds().max(1);
                // A day of UTC can hold one more than its length does.
                u32::try_from((86_400 + seconds - 1) / seconds).unwrap_or(u32::MAX)
            });
            load.looks += looks;
            let requests = looks.saturating_mul(cycles).saturating_mul(watched.point.requests());
            load.requests_per_day = load.requests_per_day.saturating_add(requests);
        }
        loads
    }

    /// Most requests that a host may still have to take for looks of later slots of a day of UTC.
    #[must_use]
    pub fn still_due(&self, host: &str, after: DateTime<Utc>, day: NaiveDate) -> u32 {
        let of_host = self.watched.iter().filter(|watched| watched.point.host() == host);
        let of = |watched: &Watched<'_>| {
            let slots = std::iter::successors(watched.next(after), |slot| watched.next(*slot));
            let slots = slots.take_while(|slot| slot.date_naive() <= day).count();
            let looks = slots.saturating_mul(watched.point.looks().count());
            u32::try_from(looks).unwrap_or(u32::MAX).saturating_mul(watched.point.requests())
        };
        of_host.map(of).fold(0, u32::saturating_add)
    }

    /// The shortest cadence of all.
    fn cadence(&self) -> Option<TimeDelta> {
        self.watched.iter().filter_map(Watched::cadence).min()
    }

    /// The first slot after an instant.
    #[must_use]
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.watched.iter().filter_map(|watched| watched.next(after)).min()
    }

    /// The last slot that has come by an instant.
    #[must_use]
    pub fn latest(&self, by: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.watched.iter().filter_map(|watched| watched.latest(by)).max()
    }

    /// What is due at a slot, in an order of its own: each service has its turn to be the first of its host.
    #[must_use]
    pub fn due(&self, slot: DateTime<Utc>) -> Vec<&Watched<'a>> {
        let mut due: Vec<&Watched> = self.watched.iter().filter(|watched| watched.latest(slot) == Some(slot)).collect();
        let cadence = self.cadence().map_or(1, |cadence| cadence.num_seconds().max(1));
        let turn = usize::try_from(slot.timestamp() / cadence).unwrap_or_default();
        let length = due.len().max(1);
        due.rotate_left(turn % length);
        due
    }

    /// By when a cycle must be over: half a cadence after its slot.
    #[must_use]
    pub fn deadline(&self, slot: DateTime<Utc>) -> DateTime<Utc> {
        slot + self.cadence().unwrap_or(CADENCE_MIN) / 2
    }

    /// When a cycle begins: a little after its slot, the same after a restart, and not at the second at which others begin.
    #[must_use]
    pub fn start(&self, slot: DateTime<Utc>, vantage: &str) -> DateTime<Utc> {
        let spread = START_SPREAD_MAX.min(self.cadence().unwrap_or(CADENCE_MIN) / 8);
        let seconds = u32::try_from(spread.num_seconds()).unwrap_or(0).max(1);
        slot + TimeDelta::seconds((drawn(&[vantage, &slot.timestamp().to_string()]) % seconds).into())
    }
}

fn watched<'a>(point: &'a Point, schedule: &Schedule, registry: &Registry, now: DateTime<Utc>) -> Result<Watched<'a>> {
    let service = format!("{} / {}", point.counter, point.procedure);
    let counter = registry.counter(&point.counter);
    let Some(counter) = counter.filter(|_| registry.has_procedure(&point.procedure)) else {
        return Err(Error::usage(format!("{service} is not in the registry")).hint("correct the id, or add it"));
    };
    // A service that a wildcard alone brings in enters with its first attempt, and has no slots before.
    let periods = schedule.periods(&point.counter, &point.procedure, None, now + AHEAD);
    if !periods.iter().any(|period| period.end > now) {
        return Err(Error::usage(format!("{service} has no row of its own in schedule.csv that is in force"))
            .hint("the schedule says when a service is looked at: give it a row that names counter and procedure"));
    }
    if let Some(period) = periods.iter().find(|period| period.end > now && period.cadence < CADENCE_MIN) {
        let told = format!("{service}: a cadence of {} minutes", period.cadence.num_minutes());
        return Err(
            Error::usage(told).hint(format!("the probe looks every {} minutes at most", CADENCE_MIN.num_minutes()))
        );
    }
    Ok(Watched { point, zone: counter.zone, periods })
}

impl Watched<'_> {
    /// The shortest cadence of its periods.
    fn cadence(&self) -> Option<TimeDelta> {
        self.periods.iter().map(|period| period.cadence).min()
    }

    /// The last slot that has come by an instant.
    fn latest(&self, by: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let slot = |period: &Period| {
            let until = by.min(period.end - TimeDelta::microseconds(1));
            let cadence = period.cadence.num_microseconds()?;
            let cycles = (until - period.origin).num_microseconds()?.div_euclid(cadence);
            let slot = period.origin + TimeDelta::microseconds(cycles.checked_mul(cadence)?);
            (slot >= period.start).then_some(slot)
        };
        self.periods.iter().filter_map(slot).max()
    }

    /// The first slot after an instant.
    fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let slot = |period: &Period| {
            let from = (after + TimeDelta::microseconds(1)).max(period.start);
            let cadence = period.cadence.num_microseconds()?;
            let cycles = -(-(from - period.origin).num_microseconds()?).div_euclid(cadence);
            let slot = period.origin + TimeDelta::microseconds(cycles.checked_mul(cadence)?);
            (slot < period.end).then_some(slot)
        };
        self.periods.iter().filter_map(slot).min()
    }
}

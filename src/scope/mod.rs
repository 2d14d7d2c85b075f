//! The dense grid: every service in scope, on every day of it, whether anyone looked or not; and what the calendar itself
//! says of those days.

mod civil;
mod columns;
mod grid;
mod plannings;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use self::seen::Seen;

use self::civil::Days;
use self::grid::{DayRow, days_table, grid};
use self::plannings::{StatementRow, statements, statements_table};
use crate::config::{Period, Schedule};
use crate::error::Result;
use crate::registry::Registry;

/// A counter and a procedure.
pub type Service = (String, String);

/// The tables that the schedule is expanded into, by their names, and how many services there are.
#[derive(Debug)]
pub struct Scope {
    /// `perimetre`, one row per service and period of one cadence; `calendrier`, one per service and local day;
    /// `plannings_declares`, what the schedule says of plannings; `jours_fuseaux` and `periodes_civiles`, the days and the
    /// longer periods that the grid meets.
    pub tables: Vec<(&'static str, RecordBatch)>,
    /// How many services there are.
    pub services: usize,
}

/// Expands the schedule for every service that it names or that was looked at.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn expand(
    schedule: &Schedule,
    seen: &Seen,
    registry: &Registry,
    default_zone: Option<Tz>,
    as_of: DateTime<Utc>,
) -> Result<Scope> {
    let named = schedule.named_services().map(|(counter, procedure)| (counter.to_owned(), procedure.to_owned()));
    let services: BTreeSet<Service> = named.chain(seen.services().cloned()).collect();
    let (mut periods, mut days, mut said) = (Vec::new(), Vec::new(), Vec::new());
    let mut zones: BTreeMap<&'static str, Days> = BTreeMap::new();
    for service in &services {
        let counter = registry.counter(&service.0);
        let zone = counter.map(|counter| counter.zone).or(default_zone).unwrap_or(Tz::UTC);
        let department = counter.and_then(|counter| counter.department.as_deref());
        let looked_at = seen.of_service(service);
        let in_force = schedule.periods(&service.0, &service.1, looked_at.map(|days| days.first), as_of);
        for (date, day) in grid(&in_force, looked_at, zone) {
            zones.entry(zone.name()).or_insert_with(|| Days::of(zone)).include(date);
            days.push(DayRow { service, department, date, day });
        }
        said.extend(statements(&in_force).into_iter().map(|statement| StatementRow { service, zone, statement }));
        periods.extend(in_force.into_iter().map(|period| PeriodRow { service, department, zone, period }));
    }
    Ok(Scope {
        tables: vec![
            ("perimetre", columns::periods_table(&periods)?),
            ("calendrier", days_table(&days)?),
            ("plannings_declares", statements_table(&said)?),
            ("jours_fuseaux", civil::days_table(zones.values())?),
            ("periodes_civiles", civil::periods_table(zones.values())?),
        ],
        services: services.len(),
    })
}

struct PeriodRow<'a> {
    service: &'a Service,
    department: Option<&'a str>,
    zone: Tz,
    period: Period,
}

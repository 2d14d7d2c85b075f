//! The dense grid: every service in scope, on every day of it, whether anyone looked or not; and what the calendar itself
//! says of those days.

mod civil;
mod columns;
mod grid;
mod plannings;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

pub use self::seen::{DaysSeen, Seen};

use self::civil::Days;
use self::grid::{DayRow, days_table, grid};
use self::plannings::{StatementRow, statements, statements_table};
use crate::config::{Period, Schedule};
use crate::error::Result;
use crate::registry::Registry;

/// A counter and a procedure.
pub type Service = (String, String);

/// So many rows of the calendar, and those of one service more, are handed over at once.
const DAYS_AT_ONCE: usize = 1 << 16;

/// Every service that the schedule names or that was looked at, and when it was in scope.
#[derive(Debug)]
pub struct Scope<'a> {
    services: Vec<InScope<'a>>,
    zones: BTreeMap<&'static str, Days>,
}

/// A service, and when it was in scope.
#[derive(Debug)]
struct InScope<'a> {
    service: Service,
    department: Option<&'a str>,
    zone: Tz,
    periods: Vec<Period>,
}

impl<'a> Scope<'a> {
    /// Expands the schedule for every service that it names or that was looked at, up to `as_of`.
    #[must_use]
    pub fn of(
        schedule: &Schedule,
        seen: &Seen,
        registry: &'a Registry,
        default_zone: Option<Tz>,
        as_of: DateTime<Utc>,
    ) -> Self {
        let named = schedule.named_services().map(|(counter, procedure)| (counter.to_owned(), procedure.to_owned()));
        let all: BTreeSet<Service> = named.chain(seen.services().cloned()).collect();
        let mut zones: BTreeMap<&'static str, Days> = BTreeMap::new();
        let mut services = Vec::new();
        for service in all {
            let counter = registry.counter(&service.0);
            let zone = counter.map(|counter| counter.zone).or(default_zone).unwrap_or(Tz::UTC);
            let department = counter.and_then(|counter| counter.department.as_deref());
            let looked_at = seen.of_service(&service);
            let periods = schedule.periods(&service.0, &service.1, looked_at.map(|looks| looks.first), as_of);
            let spans = periods.iter().map(|period| period.span_of_days(zone));
            for (first, last) in spans.chain(looked_at.map(|looks| looks.days)) {
                let days = zones.entry(zone.name()).or_insert_with(|| Days::of(zone));
                days.include(first);
                days.include(last);
            }
            services.push(InScope { service, department, zone, periods });
        }
        Self { services, zones }
    }

    /// How many services there are.
    #[must_use]
    pub const fn services(&self) -> usize {
        self.services.len()
    }

    /// What is no longer than the periods of the schedule, by the names of the tables: `perimetre`, one row per service and period
    /// of one cadence; `plannings_declares`, what the schedule says of plannings; `jours_fuseaux` and `periodes_civiles`, the
    /// days and the longer periods that the grid meets.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
    pub fn tables(&self) -> Result<[(&'static str, RecordBatch); 4]> {
        let (mut periods, mut said) = (Vec::new(), Vec::new());
        for InScope { service, department, zone, periods: in_force } in &self.services {
            let (department, zone) = (*department, *zone);
            said.extend(statements(in_force).into_iter().map(|statement| StatementRow { service, zone, statement }));
            periods.extend(in_force.iter().map(|period| PeriodRow { service, department, zone, period }));
        }
        Ok([
            ("perimetre", columns::periods_table(&periods)?),
            ("plannings_declares", statements_table(&said)?),
            ("jours_fuseaux", civil::days_table(self.zones.values())?),
            ("periodes_civiles", civil::periods_table(self.zones.values())?),
        ])
    }

    /// Shows the rows of `calendrier`, one for each service and local day from a day on, in its order and some services at a time;
    /// at least once, if only to say that there are none.
    ///
    /// # Errors
    /// As for [`Scope::tables`], and those of `see`.
    pub fn each_day(
        &self,
        from: Option<NaiveDate>,
        seen: &DaysSeen,
        mut see: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let from = from.unwrap_or(NaiveDate::MIN);
        let mut rows: Vec<DayRow<'_>> = Vec::new();
        for InScope { service, department, zone, periods } in &self.services {
            let days = grid(periods, seen.of_service(service), *zone, from);
            rows.extend(days.into_iter().map(|(date, day)| DayRow { service, department: *department, date, day }));
            if rows.len() >= DAYS_AT_ONCE {
                see(&days_table(&rows)?)?;
                rows.clear();
            }
        }
        see(&days_table(&rows)?)
    }
}

struct PeriodRow<'a> {
    service: &'a Service,
    department: Option<&'a str>,
    zone: Tz,
    period: &'a Period,
}

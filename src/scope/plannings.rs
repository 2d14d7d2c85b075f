//! What the schedule says of the plannings of a service: which were to be asked, from when to when, and when it leaves that
//! to the log.

use arrow::array::RecordBatch;
use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::Service;
use super::columns::{instants, services, texts};
use crate::config::Period;
use crate::error::{Context, Result};

/// Stands for every planning that the log shows.
const SEEN: &str = "*";

/// One stretch of time and one planning that was to be asked then.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    /// A planning, or [`SEEN`].
    planning: String,
    /// Of those that the log shows, only they count that were first seen from here on: what was seen before a list and does
    /// not stand on it is over.
    since: DateTime<Utc>,
}

pub(super) struct StatementRow<'a> {
    pub(super) service: &'a Service,
    pub(super) zone: Tz,
    pub(super) statement: Statement,
}

/// What is said of all times of which a log may speak. A list holds until the next one; where none was made yet, and beside
/// one that is no longer in force, the log tells.
pub(super) fn statements(periods: &[Period]) -> Vec<Statement> {
    let year = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().unwrap_or_default();
    let mut said = Vec::new();
    let (mut cursor, mut since) = (year(2000), year(2000));
    let mut listed: &[String] = &[];
    let seen = [SEEN.to_owned()];
    for (start, end, list) in
        periods.iter().filter_map(|period| Some((period.start, period.end, period.plannings.as_ref()?)))
    {
        if cursor < start {
            said.extend(over(cursor, start, since, listed.iter().chain(&seen)));
        }
        said.extend(over(start, end, since, list.iter()));
        (cursor, since, listed) = (end, end, list);
    }
    said.extend(over(cursor, year(2100), since, listed.iter().chain(&seen)));
    said
}

fn over<'a>(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    since: DateTime<Utc>,
    plannings: impl Iterator<Item = &'a String>,
) -> impl Iterator<Item = Statement> {
    plannings.map(move |planning| Statement { start, end, planning: planning.clone(), since })
}

pub(super) fn statements_table(rows: &[StatementRow<'_>]) -> Result<RecordBatch> {
    let of = |get: fn(&Statement) -> DateTime<Utc>| instants(rows.iter().map(|row| get(&row.statement)));
    let columns = services(rows.iter().map(|row| row.service)).into_iter().chain([
        ("fuseau", texts(rows.iter().map(|row| Some(row.zone.name())))),
        ("planning_id", texts(rows.iter().map(|row| Some(&row.statement.planning)))),
        ("debut_utc", of(|statement| statement.start)),
        ("fin_utc", of(|statement| statement.end)),
        ("depuis_utc", of(|statement| statement.since)),
    ]);
    RecordBatch::try_from_iter(columns).internal("the table plannings_declares")
}

//! What the schedule expected of each service on each local day.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use chrono::{Datelike, NaiveDate, TimeDelta};
use chrono_tz::Tz;

use super::Service;
use super::columns::{booleans, dates, integers, long_integers, services, texts};
use crate::calendar::{iso_week, month, quarter, start_of_day};
use crate::config::Period;
use crate::error::{Context, Result};

pub(super) struct DayRow<'a> {
    pub(super) service: &'a Service,
    pub(super) department: Option<&'a str>,
    pub(super) date: NaiveDate,
    pub(super) day: GridDay,
}

/// What was expected on one day.
#[derive(Debug, Clone)]
pub(super) struct GridDay {
    /// Cycles that begin on it.
    cycles: i64,
    /// Seconds of the schedule that they stand for.
    seconds: i64,
    /// The least and the greatest time, in seconds, from one of them to the next; nothing where there is none.
    cadences: Option<(i64, i64)>,
    /// Whether the log could say « none ».
    negatives_logged: bool,
    /// Whether no schedule expected the day.
    off_schedule: bool,
    /// How much of it the schedule does not cover.
    uncovered: TimeDelta,
}

/// Every day from one on that the schedule covers, even in part, or on which somebody looked.
pub(super) fn grid(
    periods: &[Period],
    looked_at: Option<&BTreeSet<NaiveDate>>,
    zone: Tz,
    from: NaiveDate,
) -> BTreeMap<NaiveDate, GridDay> {
    let mut grid: BTreeMap<NaiveDate, GridDay> = BTreeMap::new();
    for period in periods {
        let cadence = period.cadence.num_seconds();
        for of_period in period.days_from(from, zone) {
            let day = grid.entry(of_period.date).or_insert(GridDay {
                cycles: 0,
                seconds: 0,
                cadences: None,
                negatives_logged: true,
                off_schedule: false,
                uncovered: of_period.length,
            });
            day.cycles += of_period.cycles;
            day.seconds += of_period.seconds;
            // A day on which the log could not say « none » for an hour could not say it for the day.
            day.negatives_logged &= period.negatives_logged;
            day.uncovered -= of_period.covered;
            if of_period.cycles > 0 {
                let (least, greatest) = day.cadences.unwrap_or((cadence, cadence));
                day.cadences = Some((least.min(cadence), greatest.max(cadence)));
            }
        }
    }
    for &date in looked_at.into_iter().flat_map(|days| days.range(from..)) {
        // What the log could say outside of the schedule is what it could say when that last spoke of it.
        let before = periods.iter().rfind(|period| period.end <= start_of_day(date, zone));
        grid.entry(date).or_insert(GridDay {
            cycles: 0,
            seconds: 0,
            cadences: None,
            negatives_logged: before.is_none_or(|period| period.negatives_logged),
            off_schedule: true,
            uncovered: TimeDelta::days(1),
        });
    }
    grid
}

pub(super) fn days_table(rows: &[DayRow<'_>]) -> Result<RecordBatch> {
    let named = |name: fn(NaiveDate) -> String| texts(rows.iter().map(|row| Some(name(row.date))));
    let cadence = |of: fn((i64, i64)) -> i64| integers(rows.iter().map(|row| row.day.cadences.map(of)));
    let columns = services(rows.iter().map(|row| row.service)).into_iter().chain([
        ("departement", texts(rows.iter().map(|row| row.department))),
        ("jour", dates(rows.iter().map(|row| row.date))),
        ("semaine_iso", named(iso_week)),
        ("mois", named(month)),
        ("trimestre", named(quarter)),
        ("annee", named(|date| format!("{:04}", date.year()))),
        ("cycles_prevus", integers(rows.iter().map(|row| Some(row.day.cycles)))),
        ("secondes_prevues", long_integers(rows.iter().map(|row| row.day.seconds))),
        ("cadence_min_s", cadence(|(least, _)| least)),
        ("cadence_max_s", cadence(|(_, greatest)| greatest)),
        ("negatifs_consignes", booleans(rows.iter().map(|row| row.day.negatives_logged))),
        ("hors_calendrier", booleans(rows.iter().map(|row| row.day.off_schedule))),
        ("jour_complet", booleans(rows.iter().map(|row| row.day.uncovered <= TimeDelta::zero()))),
    ]);
    RecordBatch::try_from_iter(columns).internal("the table calendrier")
}

//! The dense grid: every service in scope, on every day of it, whether anyone looked or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int32Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::calendar::{days_since_epoch, iso_week, month, start_of_day};
use crate::config::{Period, Schedule};
use crate::error::{Context, Error, Result};
use crate::registry::Registry;

/// A counter and a procedure.
pub type Service = (String, String);

/// When each service was looked at, as far as the grid needs to know.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<Service, Days>);

#[derive(Debug)]
struct Days {
    first: DateTime<Utc>,
    days: BTreeSet<i32>,
}

impl Seen {
    /// What the table `jours_mesures` tells.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when a column is missing.
    pub fn of(measured: &RecordBatch) -> Result<Self> {
        let mut seen = Self::default();
        let column = |name: &str, kind: &DataType| {
            let array = measured.column_by_name(name).ok_or_else(|| Error::internal(format!("no column {name}")))?;
            cast(array, kind).internal(name)
        };
        let text = DataType::Utf8;
        let (counters, procedures) = (column("guichet_id", &text)?, column("demarche_id", &text)?);
        let (counters, procedures) = (counters.as_string::<i32>(), procedures.as_string::<i32>());
        let dates = column("jour", &DataType::Date32)?;
        let dates = dates.as_primitive::<Date32Type>();
        let instants =
            measured.column_by_name("premier_utc").ok_or_else(|| Error::internal("no column premier_utc"))?;
        let instants = instants.as_primitive::<TimestampMicrosecondType>();
        for row in 0..measured.num_rows() {
            let first = DateTime::from_timestamp_micros(instants.value(row)).unwrap_or_default();
            let service = (counters.value(row).to_owned(), procedures.value(row).to_owned());
            let days = seen.0.entry(service).or_insert_with(|| Days { first, days: BTreeSet::new() });
            days.first = days.first.min(first);
            days.days.insert(dates.value(row));
        }
        Ok(seen)
    }
}

/// The tables `perimetre` and `calendrier`.
#[derive(Debug)]
pub struct Scope {
    /// One row per service and period of one cadence.
    pub periods: RecordBatch,
    /// One row per service and local day.
    pub days: RecordBatch,
    /// How many services there are.
    pub services: usize,
}

struct PeriodRow<'a> {
    service: &'a Service,
    department: Option<&'a str>,
    period: Period,
}

struct DayRow<'a> {
    service: &'a Service,
    department: Option<&'a str>,
    date: NaiveDate,
    expected: i64,
    negatives_logged: bool,
    off_schedule: bool,
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
    let services: BTreeSet<Service> = named.chain(seen.0.keys().cloned()).collect();
    let (mut periods, mut days) = (Vec::new(), Vec::new());
    for service in &services {
        let counter = registry.counter(&service.0);
        let zone = counter.map(|counter| counter.zone).or(default_zone).unwrap_or(Tz::UTC);
        let department = counter.and_then(|counter| counter.department.as_deref());
        let looked_at = seen.0.get(service);
        let in_force = schedule.periods(&service.0, &service.1, looked_at.map(|days| days.first), as_of);
        for (date, (expected, negatives_logged, off_schedule)) in grid(&in_force, looked_at, zone) {
            days.push(DayRow { service, department, date, expected, negatives_logged, off_schedule });
        }
        periods.extend(in_force.into_iter().map(|period| PeriodRow { service, department, period }));
    }
    Ok(Scope { periods: periods_table(&periods)?, days: days_table(&days)?, services: services.len() })
}

/// By local date: how many cycles are expected, whether the log can say « none », whether no schedule expected the day.
type Grid = BTreeMap<NaiveDate, (i64, bool, bool)>;

fn grid(periods: &[Period], looked_at: Option<&Days>, zone: Tz) -> Grid {
    let mut grid = Grid::new();
    for period in periods {
        for (date, cycles) in period.days(zone) {
            let day = grid.entry(date).or_insert((0, true, false));
            day.0 += cycles;
            // A day on which the log could not say « none » for an hour could not say it for the day.
            day.1 &= period.negatives_logged;
        }
    }
    for day in looked_at.into_iter().flat_map(|days| &days.days) {
        let date = NaiveDate::default() + TimeDelta::days(i64::from(*day));
        // What the log could say outside of the schedule is what it could say when that last spoke of it.
        let before = periods.iter().rfind(|period| period.end <= start_of_day(date, zone));
        grid.entry(date).or_insert((0, before.is_none_or(|period| period.negatives_logged), true));
    }
    grid
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn instants(values: impl Iterator<Item = DateTime<Utc>>) -> ArrayRef {
    let micros = values.map(|instant| instant.timestamp_micros());
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}

fn periods_table(rows: &[PeriodRow<'_>]) -> Result<RecordBatch> {
    #[expect(clippy::cast_precision_loss, reason = "a cadence is at most a year of seconds")]
    let minutes = |row: &PeriodRow<'_>| row.period.cadence.num_seconds() as f64 / 60.0;
    RecordBatch::try_from_iter([
        ("guichet_id", texts(rows.iter().map(|row| Some(row.service.0.as_str())))),
        ("demarche_id", texts(rows.iter().map(|row| Some(row.service.1.as_str())))),
        ("departement", texts(rows.iter().map(|row| row.department))),
        ("debut_utc", instants(rows.iter().map(|row| row.period.start))),
        ("fin_utc", instants(rows.iter().map(|row| row.period.end))),
        ("premier_cycle_utc", instants(rows.iter().map(|row| row.period.first_cycle()))),
        ("cadence_min", Arc::new(Float64Array::from_iter_values(rows.iter().map(minutes)))),
        (
            "negatifs_consignes",
            Arc::new(rows.iter().map(|row| Some(row.period.negatives_logged)).collect::<BooleanArray>()),
        ),
        ("source", texts(rows.iter().map(|row| row.period.source.as_deref()))),
    ])
    .internal("the table perimetre")
}

fn days_table(rows: &[DayRow<'_>]) -> Result<RecordBatch> {
    let (weeks, months): (Vec<String>, Vec<String>) =
        rows.iter().map(|row| (iso_week(row.date), month(row.date))).unzip();
    let dates = |of: fn(NaiveDate) -> NaiveDate| {
        Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| days_since_epoch(of(row.date))))) as ArrayRef
    };
    let monday = |date: NaiveDate| date - TimeDelta::days(i64::from(date.weekday().num_days_from_monday()));
    let expected = rows.iter().map(|row| i32::try_from(row.expected).unwrap_or(i32::MAX));
    RecordBatch::try_from_iter([
        ("guichet_id", texts(rows.iter().map(|row| Some(row.service.0.as_str())))),
        ("demarche_id", texts(rows.iter().map(|row| Some(row.service.1.as_str())))),
        ("departement", texts(rows.iter().map(|row| row.department))),
        ("jour", dates(|date| date)),
        ("semaine_iso", texts(weeks.iter().map(|week| Some(week.as_str())))),
        ("lundi", dates(monday)),
        ("mois", texts(months.iter().map(|month| Some(month.as_str())))),
        ("tentatives_prevues", Arc::new(Int32Array::from_iter_values(expected))),
        ("negatifs_consignes", Arc::new(rows.iter().map(|row| Some(row.negatives_logged)).collect::<BooleanArray>())),
        ("hors_calendrier", Arc::new(rows.iter().map(|row| Some(row.off_schedule)).collect::<BooleanArray>())),
    ])
    .internal("the table calendrier")
}

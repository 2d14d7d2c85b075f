//! What the calendar itself says: when local days begin and end in each zone, and from when to when weeks, months, quarters
//! and years last.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::columns::{dates, instants, integers, texts};
use crate::calendar::{days_since_epoch, first_of_month, iso_week, month, quarter, start_of_day};
use crate::error::{Context, Result};

/// The days of a zone that the grid meets, from the first to the last.
#[derive(Debug)]
pub(super) struct Days {
    zone: Tz,
    span: Option<(NaiveDate, NaiveDate)>,
}

impl Days {
    pub(super) fn of(zone: Tz) -> Self {
        Self { zone, span: None }
    }

    pub(super) fn include(&mut self, date: NaiveDate) {
        let (first, last) = self.span.unwrap_or((date, date));
        self.span = Some((first.min(date), last.max(date)));
    }

    fn dates(&self) -> impl Iterator<Item = NaiveDate> {
        self.span.into_iter().flat_map(|(first, last)| between(first, last))
    }

    /// One more on each side: a model that counts 24 hours a day may guess a neighbour.
    fn dates_and_neighbours(&self) -> impl Iterator<Item = NaiveDate> {
        let day = TimeDelta::days(1);
        self.span.into_iter().flat_map(move |(first, last)| between(first - day, last + day))
    }

    fn start(&self, date: NaiveDate) -> DateTime<Utc> {
        start_of_day(date, self.zone)
    }
}

fn between(first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |date| *date <= last)
}

/// The table `jours_fuseaux`.
pub(super) fn days_table<'a>(zones: impl Iterator<Item = &'a Days>) -> Result<RecordBatch> {
    let rows: Vec<(&Days, NaiveDate)> =
        zones.flat_map(|days| days.dates_and_neighbours().map(move |date| (days, date))).collect();
    let of = |get: fn(NaiveDate) -> NaiveDate| instants(rows.iter().map(|(days, date)| days.start(get(*date))));
    RecordBatch::try_from_iter([
        ("fuseau", texts(rows.iter().map(|(days, _)| Some(days.zone.name())))),
        ("jour", dates(rows.iter().map(|(_, date)| *date))),
        ("numero", integers(rows.iter().map(|(_, date)| Some(i64::from(days_since_epoch(*date)))))),
        ("debut_utc", of(|date| date)),
        ("fin_utc", of(next_day)),
        ("debut_mois_utc", of(first_of_month)),
        ("fin_mois_utc", of(|date| months_later(first_of_month(date), 1))),
    ])
    .internal("the table jours_fuseaux")
}

/// The table `periodes_civiles`.
pub(super) fn periods_table<'a>(zones: impl Iterator<Item = &'a Days>) -> Result<RecordBatch> {
    let days: BTreeSet<NaiveDate> = zones.flat_map(Days::dates).collect();
    let rows: BTreeSet<(&str, String, NaiveDate, NaiveDate)> = days.into_iter().flat_map(periods_of).collect();
    RecordBatch::try_from_iter([
        ("type", texts(rows.iter().map(|row| Some(row.0)))),
        ("periode", texts(rows.iter().map(|row| Some(&row.1)))),
        ("premier_jour", dates(rows.iter().map(|row| row.2))),
        ("dernier_jour", dates(rows.iter().map(|row| row.3))),
        ("jours", integers(rows.iter().map(|row| Some((row.3 - row.2).num_days() + 1)))),
    ])
    .internal("the table periodes_civiles")
}

/// The week, the month, the quarter and the year of a day: kind, name, first and last day.
fn periods_of(date: NaiveDate) -> [(&'static str, String, NaiveDate, NaiveDate); 4] {
    let monday = date - TimeDelta::days(i64::from(date.weekday().num_days_from_monday()));
    let in_year = date.month0();
    let from_month = |back: u32, count: u32| {
        let first = first_of_month(date).checked_sub_months(Months::new(back)).unwrap_or(date);
        (first, months_later(first, count) - TimeDelta::days(1))
    };
    let ((month_start, month_end), (quarter_start, quarter_end), (year_start, year_end)) =
        (from_month(0, 1), from_month(in_year % 3, 3), from_month(in_year, 12));
    [
        ("semaine", iso_week(date), monday, monday + TimeDelta::days(6)),
        ("mois", month(date), month_start, month_end),
        ("trimestre", quarter(date), quarter_start, quarter_end),
        ("annee", format!("{:04}", date.year()), year_start, year_end),
    ]
}

fn next_day(date: NaiveDate) -> NaiveDate {
    date + TimeDelta::days(1)
}

fn months_later(date: NaiveDate, count: u32) -> NaiveDate {
    date.checked_add_months(Months::new(count)).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_the_days_that_a_calendar_gives_them() {
        let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        assert_eq!(
            periods_of(date(2020, 2, 29)),
            [
                ("semaine", "2020-W09".into(), date(2020, 2, 24), date(2020, 3, 1)),
                ("mois", "2020-02".into(), date(2020, 2, 1), date(2020, 2, 29)),
                ("trimestre", "2020-T1".into(), date(2020, 1, 1), date(2020, 3, 31)),
                ("annee", "2020".into(), date(2020, 1, 1), date(2020, 12, 31)),
            ]
        );
    }
}

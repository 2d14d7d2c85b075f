//! From which day on tables of days are made again: what nothing new reaches stays as the version before has it.

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Int32Type};
use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};

use super::Version;
use super::years::is_year;
use crate::calendar::{first_of_month, month};
use crate::error::{Context, Result};
use crate::release::{FileEntry, is_over};
use crate::schema::{Reach, TableSchema, column};

/// The column of days.
pub(super) const DAY: &str = "jour";

/// Days differ from zone to zone, and a cycle may begin a little before the look at it that came early.
const A_DAY: TimeDelta = TimeDelta::days(1);

/// The periods of a year begin less than this before it does.
const A_WEEK: Days = Days::new(7);

/// From when on a table of days or periods is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Since {
    /// The first day, of those that are made.
    pub(super) day: NaiveDate,
    /// The first day on which a look may have been made that tells of it: one that comes early is a look at a later cycle.
    pub(super) looks: NaiveDate,
    /// How far what was logged reaches in the table.
    pub(super) reach: Reach,
}

impl Since {
    /// The first period that is made: periods are named in the order of time, and begin with their year.
    fn period(self) -> String {
        match self.reach {
            Reach::Month => month(self.day),
            _ => self.day.checked_add_days(A_WEEK).unwrap_or(self.day).year().to_string(),
        }
    }
}

impl Version<'_> {
    /// The first day of what may say something else in a table of days or periods than in the version before: of the first part
    /// of days, also of one that is cut otherwise now, or of the periods of the first year. Nothing where all of it is made anew.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the scope has no cadence.
    pub(super) fn since(&self, reach: Reach) -> Result<Option<Since>> {
        let Some(ground) = self.ground.filter(|ground| ground.derives) else { return Ok(None) };
        let as_of = self.staging.about().as_of;
        let start_of_part = |day: NaiveDate| {
            let first = first_of_month(day);
            if is_over(day.year(), as_of) { first.with_month(1).unwrap_or(first) } else { first }
        };
        let cycle = if reach == Reach::Cycle { self.longest_cycle()? + A_DAY } else { TimeDelta::zero() };
        let before = |day: NaiveDate| day.checked_sub_signed(cycle).unwrap_or(NaiveDate::MIN);
        let touched = self.touched.first().and_then(|month| first_day(month));
        // A year is one part once it is over, and its months are before: also where a run speaks of an earlier moment.
        let split = self.catalog.iter().filter(|table| table.guichets.reach.is_some() && is_by_day(table));
        let parts = split.flat_map(|table| ground.parts(&table.name).into_keys());
        let parts = parts.filter_map(|part| Some((is_year(part), first_day(part)?)));
        let cut_otherwise = parts.filter(|(is_year, day)| is_over(day.year(), as_of) != *is_year);
        let cut_otherwise = cut_otherwise.filter_map(|(_, day)| day.with_month(1)).min();
        let first = touched.map(|day| start_of_part(before(day))).into_iter().chain(cut_otherwise).min();
        let day = if reach == Reach::Year { first.and_then(start_of_periods) } else { first }.unwrap_or(never());
        Ok(Some(Since { day, looks: before(day), reach }))
    }

    /// The same of a table, by what its schema says; nothing where that does not say how far anything reaches.
    ///
    /// # Errors
    /// As for [`Version::since`].
    pub(super) fn since_of(&self, table: &TableSchema) -> Result<Option<Since>> {
        Ok(table.guichets.reach.map(|reach| self.since(reach)).transpose()?.flatten())
    }

    /// The longest time from one cycle to the next that the schedule expects.
    fn longest_cycle(&self) -> Result<TimeDelta> {
        let scope = self.rows("perimetre")?;
        let seconds = column(&scope, "cadence_s", &DataType::Int32)?;
        let longest = seconds.as_primitive::<Int32Type>().iter().flatten().max();
        Ok(TimeDelta::seconds(longest.unwrap_or_default().into()))
    }

    /// Shows the rows of a table of periods that stay: those of the periods before the first that is made.
    pub(super) fn each_before(
        &self,
        table: &TableSchema,
        since: Since,
        mut see: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let Some(ground) = self.ground else { return Ok(()) };
        let first = since.period();
        let period = &table.guichets.order[0];
        for file in ground.parts(&table.name).into_values() {
            ground.each_batch(&table.name, file, |batch| {
                let periods = column(batch, period, &DataType::Utf8)?;
                let stay: BooleanArray =
                    periods.as_string::<i32>().iter().map(|period| period.map(|period| *period < *first)).collect();
                see(filter_record_batch(batch, &stay).internal(period)?)
            })?;
        }
        Ok(())
    }

    /// Takes over the parts of a table of days that lie before a day. Returns whether there is one.
    pub(super) fn carry_before(&mut self, table: &TableSchema, day: NaiveDate) -> bool {
        let Some(ground) = self.ground else { return false };
        let before = |part: &str| first_day(part).is_some_and(|first| first < day);
        let stand = |file: &&FileEntry| file.partition.as_deref().is_some_and(before);
        let files: Vec<FileEntry> = ground.entries(&table.name).filter(stand).cloned().collect();
        let parts = ground.parts(&table.name).into_iter().filter(|(part, _)| before(part));
        let parts = parts.map(|(part, file)| (part.to_owned(), super::Part::There(file.clone())));
        self.tables.entry(table.name.clone()).or_default().extend(parts);
        let any = !files.is_empty();
        self.carried.extend(files);
        any
    }
}

/// Whether a table leaves in parts by days.
pub(super) fn is_by_day(table: &TableSchema) -> bool {
    table.guichets.split.as_deref() == Some(DAY)
}

/// The first day of the periods of the year of a day. A week belongs to one year, and its days to two: those of the year begin with
/// the first of January or with the Monday of the first week, whichever comes first.
fn start_of_periods(day: NaiveDate) -> Option<NaiveDate> {
    let year = day.year().min(day.iso_week().year());
    let january = NaiveDate::from_ymd_opt(year, 1, 1)?;
    NaiveDate::from_isoywd_opt(year, 1, Weekday::Mon).map(|monday| monday.min(january))
}

/// A day after all that are made or stay.
fn never() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 1, 1).unwrap_or(NaiveDate::MAX)
}

/// The first day of a part that is a month or a year; nothing of any other.
fn first_day(part: &str) -> Option<NaiveDate> {
    format!("{part}{}", if is_year(part) { "-01-01" } else { "-01" }).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_periods_of_a_year_hold_every_day_of_its_weeks_and_months() {
        for (day, start) in [
            // In 2016 the first of January is of the last week of 2015.
            ("2016-01-01", "2014-12-29"),
            ("2016-02-01", "2016-01-01"),
            // In 2019 and 2025 the first week begins in December.
            ("2019-01-01", "2018-12-31"),
            ("2019-12-01", "2018-12-31"),
            ("2025-03-01", "2024-12-30"),
            ("2018-01-01", "2018-01-01"),
        ] {
            assert_eq!(start_of_periods(day.parse().unwrap()), Some(start.parse().unwrap()), "{day}");
        }
    }
}

//! Disjoint windows of seven days: what is left of « several attempts not made in the same week » when weeks are not those
//! of the calendar, in which a Friday and the Wednesday after it are two.

use chrono::{Days, NaiveDate};

use crate::grid::Grid;

/// How long a window is.
const DAYS: i64 = 7;

/// Seven days, the first window beginning with the first « no », as in the table `penuries`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first day.
    pub first: NaiveDate,
    /// Its last; before the seventh where the period ends earlier.
    pub last: NaiveDate,
    /// Consultations that answered « no ».
    pub no: i64,
    /// Those that met a failure which users meet too.
    pub failures: i64,
}

impl Window {
    /// How many days of it lie in the period.
    #[must_use]
    pub fn days(&self) -> i64 {
        (self.last - self.first).num_days() + 1
    }

    /// Whether it has all its days.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.days() == DAYS
    }
}

/// The windows in which there is something, from rows with `premier_jour`, `non` and `pannes_partagees`, in the order of days;
/// none before the first « no », and none that goes on beyond the last of the days: of the scope, or one on which somebody looked
/// after it.
pub(super) fn of(days: &Grid) -> Vec<Window> {
    let end = days.lines().filter_map(|day| day.day("premier_jour")).max().unwrap_or(NaiveDate::MAX);
    let told = days
        .lines()
        .filter_map(|day| Some((day.day("premier_jour")?, day.count("non"), day.count("pannes_partagees"))))
        .skip_while(|(_, no, _)| *no == 0)
        .filter(|(_, no, failures)| no + failures > 0);
    let mut windows: Vec<Window> = Vec::new();
    for (day, no, failures) in told {
        let start = windows.first().map_or(day, |window| window.first);
        let first = day - Days::new(((day - start).num_days() % DAYS).unsigned_abs());
        match windows.last_mut().filter(|window| window.first == first) {
            Some(window) => {
                window.no += no;
                window.failures += failures;
            }
            None => windows.push(Window { first, last: (first + Days::new(6)).min(end), no, failures }),
        }
    }
    windows
}

/// How many windows of seven days with a failure there are of which each begins seven days or more after the one before, with
/// the first failure that is left: no two failures a day apart are two.
pub(super) fn with_failures(days: &Grid) -> usize {
    let failures = days.lines().filter(|day| day.count("pannes_partagees") > 0);
    let mut begun: Vec<NaiveDate> = Vec::new();
    for day in failures.filter_map(|day| day.day("premier_jour")) {
        if begun.last().is_none_or(|begun| (day - *begun).num_days() >= DAYS) {
            begun.push(day);
        }
    }
    begun.len()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch};

    use super::*;
    use crate::calendar::days_since_epoch;

    /// In scope to the tenth, and asked once more on the twentieth.
    #[test]
    fn a_window_ends_with_the_last_day_that_is_told_of_and_never_before_it_begins() {
        let day = |day: u32| NaiveDate::from_ymd_opt(2019, 6, day).unwrap();
        let told = [(1, 1), (8, 1), (10, 0), (20, 1)];
        let days: Vec<i32> = told.iter().map(|(number, _)| days_since_epoch(day(*number))).collect();
        let noes: Vec<i64> = told.iter().map(|(_, no)| *no).collect();
        let columns: [(&str, ArrayRef); 3] = [
            ("premier_jour", Arc::new(Date32Array::from(days))),
            ("non", Arc::new(Int64Array::from(noes))),
            ("pannes_partagees", Arc::new(Int64Array::from(vec![0; 4]))),
        ];
        let windows = of(&Grid::of(&RecordBatch::try_from_iter(columns).unwrap()).unwrap());
        let bounds: Vec<_> = windows.iter().map(|window| (window.first, window.last, window.is_whole())).collect();
        assert_eq!(bounds, [(day(1), day(7), true), (day(8), day(14), true), (day(15), day(20), false)]);
    }
}

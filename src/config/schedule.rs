//! The dated schedule: which services were in scope, when, how often the probe meant to look, and whether its log could
//! say « none ».

use std::path::Path;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::calendar::{parse_rfc3339, start_of_day};
use crate::error::{Context, Error, Result};

/// Stands for every counter or every procedure.
const ANY: &str = "*";

/// The rows of `schedule.csv`.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    line: u64,
    counter: String,
    procedure: String,
    start: DateTime<Utc>,
    end: Option<DateTime<Utc>>,
    cadence: TimeDelta,
    negatives_logged: bool,
    source: Option<String>,
}

/// A row as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    guichet_id: String,
    demarche_id: String,
    debut: String,
    fin: Option<String>,
    cadence_min: f64,
    negatifs_consignes: bool,
    source: Option<String>,
}

/// A stretch of time during which one service was in scope at one cadence.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// First instant in scope.
    pub start: DateTime<Utc>,
    /// First instant no longer in scope.
    pub end: DateTime<Utc>,
    /// Time from one cycle to the next; the first stands at `start`.
    pub cadence: TimeDelta,
    /// Whether the log of that time could say « none ».
    pub negatives_logged: bool,
    /// Where the cadence is known from.
    pub source: Option<String>,
}

impl Schedule {
    /// Reads and checks `schedule.csv`.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) with file and line: a bad row, or two periods of a service that overlap.
    pub fn load(path: &Path) -> Result<Self> {
        let place = |error: Error| error.at_path(path);
        let mut reader = csv::Reader::from_path(path).usage("cannot read the schedule").map_err(place)?;
        let header = reader.headers().usage("cannot read the schedule").map_err(place)?.clone();
        let mut rows: Vec<Row> = Vec::new();
        for record in reader.records() {
            let record = record.usage("cannot read the schedule").map_err(place)?;
            let line = record.position().map_or(0, csv::Position::line);
            let here = |error: Error| error.at(format!("{}:{line}", path.display()));
            let record: Record = record.deserialize(Some(&header)).usage("not a row of a schedule").map_err(here)?;
            let row = record.parsed(line).map_err(here)?;
            if let Some(other) = rows.iter().find(|other| other.overlaps(&row)) {
                return Err(here(
                    Error::usage(format!(
                        "this period of {} / {} overlaps that of line {}",
                        row.counter, row.procedure, other.line
                    ))
                    .hint("end the first where the second begins"),
                ));
            }
            rows.push(row);
        }
        rows.sort_by_key(|row| row.start);
        Ok(Self { rows })
    }

    /// The services that the schedule names one by one: they are in scope even if no log ever speaks of them.
    pub fn named_services(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows
            .iter()
            .filter(|row| row.counter != ANY && row.procedure != ANY)
            .map(|row| (row.counter.as_str(), row.procedure.as_str()))
    }

    /// The first instant of which the schedule speaks; nothing where it has no row.
    #[must_use]
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.rows.iter().map(|row| row.start).min()
    }

    /// When one service was in scope, up to `as_of`.
    ///
    /// Rows that name the counter and the procedure win over rows that name one of them, and those over rows that name
    /// neither. A service in scope by a wildcard alone enters it with its first attempt.
    #[must_use]
    pub fn periods(
        &self,
        counter: &str,
        procedure: &str,
        first_attempt: Option<DateTime<Utc>>,
        as_of: DateTime<Utc>,
    ) -> Vec<Period> {
        let matching = |row: &&Row| row.matches(counter, procedure);
        let Some(best) = self.rows.iter().filter(matching).map(Row::specificity).max() else { return Vec::new() };
        self.rows
            .iter()
            .filter(matching)
            .filter(|row| row.specificity() == best)
            .filter_map(|row| {
                // Cycles are counted from where the service entered this period.
                let start = if best == 2 { row.start } else { row.start.max(first_attempt?) };
                let end = row.end.map_or(as_of, |end| end.min(as_of));
                (start < end).then(|| Period {
                    start,
                    end,
                    cadence: row.cadence,
                    negatives_logged: row.negatives_logged,
                    source: row.source.clone(),
                })
            })
            .collect()
    }
}

impl Period {
    /// How many cycles begin in `[from, to)`.
    fn cycles_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let (from, to) = (from.max(self.start), to.min(self.end));
        if from >= to {
            return 0;
        }
        let cadence = self.cadence.num_seconds();
        // Cycles stand at start + k × cadence; those at or after an instant begin with the ceiling of the quotient.
        let ceiling = |instant: DateTime<Utc>| {
            let seconds = (instant - self.start).num_seconds();
            -((-seconds).div_euclid(cadence))
        };
        ceiling(to) - ceiling(from)
    }

    /// The local days of the period, each with the number of cycles that begin on it.
    pub fn days(&self, zone: Tz) -> impl Iterator<Item = (NaiveDate, i64)> + '_ {
        let first = self.start.with_timezone(&zone).date_naive();
        first
            .iter_days()
            .map(move |date| (date, start_of_day(date, zone)))
            .take_while(|(_, start)| *start < self.end)
            .map(move |(date, start)| {
                let next = date.succ_opt().map_or(self.end, |next| start_of_day(next, zone));
                (date, self.cycles_between(start, next))
            })
    }
}

impl Row {
    fn matches(&self, counter: &str, procedure: &str) -> bool {
        (self.counter == ANY || self.counter == counter) && (self.procedure == ANY || self.procedure == procedure)
    }

    fn specificity(&self) -> u8 {
        u8::from(self.counter != ANY) + u8::from(self.procedure != ANY)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let before = |a: &Self, b: &Self| a.end.is_some_and(|end| end <= b.start);
        self.counter == other.counter
            && self.procedure == other.procedure
            && !before(self, other)
            && !before(other, self)
    }
}

impl Record {
    fn parsed(self, line: u64) -> Result<Row> {
        let service = format!("{} / {}", self.guichet_id, self.demarche_id);
        let instant = |text: &str| {
            parse_rfc3339(text).ok_or_else(|| {
                Error::usage(format!("{service}: « {text} » is not an RFC 3339 instant"))
                    .hint("write it with its offset, as in 2022-06-05T17:00:00+02:00")
            })
        };
        let start = instant(&self.debut)?;
        let end = self.fin.as_deref().filter(|text| !text.is_empty()).map(instant).transpose()?;
        #[expect(clippy::cast_possible_truncation, reason = "checked to be a small positive number on the next line")]
        let seconds = (self.cadence_min * 60.0).round() as i64;
        if !(1..=366 * 86_400).contains(&seconds) {
            return Err(Error::usage(format!(
                "{service}: cadence_min {} is not between a second and a year",
                self.cadence_min
            )));
        }
        if end.is_some_and(|end| end <= start) {
            return Err(Error::usage(format!("{service}: the period from {start} ends before it begins")));
        }
        Ok(Row {
            line,
            counter: self.guichet_id,
            procedure: self.demarche_id,
            start,
            end,
            cadence: TimeDelta::seconds(seconds),
            negatives_logged: self.negatifs_consignes,
            source: self.source.filter(|text| !text.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn period(start: &str, end: &str, cadence_min: i64) -> Period {
        let start = parse_rfc3339(start).unwrap();
        Period {
            start,
            end: parse_rfc3339(end).unwrap(),
            cadence: TimeDelta::minutes(cadence_min),
            negatives_logged: true,
            source: None,
        }
    }

    #[test]
    fn a_day_of_23_hours_expects_23_hourly_cycles() {
        let period = period("2019-03-30T00:00:00+01:00", "2019-04-02T00:00:00+02:00", 60);
        let days: Vec<i64> = period.days(Tz::Europe__Paris).map(|(_, cycles)| cycles).collect();
        assert_eq!(days, [24, 23, 24]);
    }

    #[test]
    fn a_first_day_counts_from_the_hour_at_which_the_scope_begins() {
        let period = period("2022-06-05T17:00:00+02:00", "2022-06-07T00:00:00+02:00", 30);
        let days: Vec<i64> = period.days(Tz::Europe__Paris).map(|(_, cycles)| cycles).collect();
        assert_eq!(days, [14, 48]);
    }

    proptest! {
        #[test]
        fn the_days_of_a_period_hold_each_of_its_cycles_once(hours in 1_i64..2_000, cadence in 1_i64..3_000, shift in 0_i64..100_000) {
            let start = parse_rfc3339("2019-01-01T00:00:00Z").unwrap() + TimeDelta::minutes(shift);
            let end = start + TimeDelta::hours(hours);
            let period = Period { start, end, ..period("2019-01-01T00:00:00Z", "2019-01-02T00:00:00Z", cadence) };
            let cycles = (0..=hours * 60).map(|k| start + TimeDelta::minutes(k * cadence));
            let by_hand = cycles.take_while(|cycle| *cycle < end).count();
            let by_days: i64 = period.days(Tz::Europe__Paris).map(|(_, cycles)| cycles).sum();
            prop_assert_eq!(by_days, i64::try_from(by_hand).unwrap());
        }
    }
}

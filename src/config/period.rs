//! One service in scope at one cadence: where its cycles stand.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::attempt::wire_enum;
use crate::calendar::start_of_day;

/// A stretch of time during which one service was in scope at one cadence.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// First instant in scope.
    pub start: DateTime<Utc>,
    /// First instant no longer in scope.
    pub end: DateTime<Utc>,
    /// Where the cycles are counted from: one stands at `origin` plus each multiple of `cadence`. It is before `start` where
    /// a row of a service's own interrupted a wildcard, whose rhythm goes on.
    pub origin: DateTime<Utc>,
    /// Time from one cycle to the next.
    pub cadence: TimeDelta,
    /// Whether the log of that time could say « none ».
    pub negatives_logged: bool,
    /// Where the cadence is known from.
    pub source: Option<String>,
    /// The plannings that the schedule says were to be asked; nothing where it leaves that to the log.
    pub plannings: Option<Vec<String>>,
    /// Whether it goes on at the moment up to which it was expanded.
    pub open: bool,
    /// Why the service left the scope at its end, where it did and the schedule says why.
    pub exit: Option<Exit>,
    /// Whether the service entered with its first attempt, so that `origin` is a look and not a plan.
    pub entered_by_attempt: bool,
}

/// Why a service left the scope, and where the procedure went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Why.
    pub reason: ExitReason,
    /// Where it is to be made from then on: a name or an address, as the schedule states it.
    pub successor: Option<String>,
}

wire_enum! {
    /// Why a service left the scope; named as in `schedule.csv` and in the table `perimetre`.
    ExitReason {
        /// The procedure is made on the platform of the ministry, without an appointment.
        Anef = "anef",
        /// It is made by an online form.
        DemarchesSimplifiees = "demarches_simplifiees",
        /// It is made in another way: at a desk, by post.
        AutreCanal = "autre_canal",
        /// Nobody can make it there any more.
        Fermeture = "fermeture",
        /// It goes on, and the robot looks no longer.
        ArretDuRobot = "arret_du_robot",
    }
}

impl Period {
    /// How many cycles begin in `[from, to)`.
    fn cycles_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let (from, to) = (from.max(self.start), to.min(self.end));
        if from >= to {
            return 0;
        }
        self.cycles_before(to) - self.cycles_before(from)
    }

    /// How many cycles stand from the origin up to an instant, which is not before it. To the microsecond, as instants are
    /// published: a service seldom enters at a whole second, and half a second can move a cycle over midnight.
    fn cycles_before(&self, instant: DateTime<Utc>) -> i64 {
        let micros = |span: TimeDelta| span.num_microseconds().unwrap_or(i64::MAX);
        // The ceiling of the quotient.
        -((-micros(instant - self.origin)).div_euclid(micros(self.cadence)))
    }

    /// How many seconds of the schedule the cycles stand for that begin in `[from, to)`: each lasts until the next, and the
    /// last one until the end of the period.
    fn seconds_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let cycles = self.cycles_between(from, to);
        if cycles == 0 {
            return 0;
        }
        let last = self.origin + self.cadence * i32::try_from(self.cycles_before(self.end) - 1).unwrap_or(i32::MAX);
        let cut = if (from..to).contains(&last) { self.cadence.num_seconds() - self.length_of(last) } else { 0 };
        cycles * self.cadence.num_seconds() - cut
    }

    /// How long the cycle that begins at an instant lasts within the period, in whole seconds.
    fn length_of(&self, cycle: DateTime<Utc>) -> i64 {
        let left = (self.end - cycle + TimeDelta::milliseconds(500)).num_seconds();
        left.min(self.cadence.num_seconds())
    }

    /// How early a look may be for the cycle about to begin. A cycle that a plan dates is looked at after it began; one
    /// that is counted from a first look is as often early as late.
    #[must_use]
    pub fn earliness(&self) -> TimeDelta {
        if self.entered_by_attempt { TimeDelta::seconds(self.cadence.num_seconds() / 2) } else { TimeDelta::zero() }
    }

    /// The first cycle that the period expects; after its end where it is too short for one.
    #[must_use]
    pub fn first_cycle(&self) -> DateTime<Utc> {
        let micros = self.cadence.num_microseconds().unwrap_or(i64::MAX);
        self.origin + TimeDelta::microseconds(micros.saturating_mul(self.cycles_before(self.start)))
    }

    /// The first and the last local day of the period.
    #[must_use]
    pub fn span_of_days(&self, zone: Tz) -> (NaiveDate, NaiveDate) {
        let last = self.start.max(self.end - TimeDelta::microseconds(1));
        (self.start.with_timezone(&zone).date_naive(), last.with_timezone(&zone).date_naive())
    }

    /// The local days of the period, from a day on.
    pub fn days_from(&self, from: NaiveDate, zone: Tz) -> impl Iterator<Item = PeriodDay> + '_ {
        let (first, _) = self.span_of_days(zone);
        first
            .max(from)
            .iter_days()
            .map(move |date| (date, start_of_day(date, zone)))
            .take_while(|(_, start)| *start < self.end)
            .map(move |(date, start)| {
                let next = date.succ_opt().map_or(self.end, |next| start_of_day(next, zone));
                PeriodDay {
                    date,
                    cycles: self.cycles_between(start, next),
                    seconds: self.seconds_between(start, next),
                    covered: next.min(self.end) - start.max(self.start),
                    length: next - start,
                }
            })
    }
}

/// What a period says of a local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodDay {
    /// The day.
    pub date: NaiveDate,
    /// How many cycles begin on it.
    pub cycles: i64,
    /// How many seconds of the schedule these stand for.
    pub seconds: i64,
    /// How much of the day lies in the period.
    pub covered: TimeDelta,
    /// How long the day is: 23 to 25 hours.
    pub length: TimeDelta,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_rfc3339;
    use proptest::prelude::*;

    fn period(start: &str, end: &str, cadence_min: i64) -> Period {
        let start = parse_rfc3339(start).unwrap();
        Period {
            start,
            end: parse_rfc3339(end).unwrap(),
            origin: start,
            cadence: TimeDelta::minutes(cadence_min),
            negatives_logged: true,
            source: None,
            plannings: None,
            open: false,
            exit: None,
            entered_by_attempt: false,
        }
    }

    fn days(period: &Period) -> impl Iterator<Item = PeriodDay> + '_ {
        period.days_from(NaiveDate::MIN, Tz::Europe__Paris)
    }

    #[test]
    fn a_day_of_23_hours_expects_23_hourly_cycles() {
        let period = period("2019-03-30T00:00:00+01:00", "2019-04-02T00:00:00+02:00", 60);
        let days: Vec<i64> = days(&period).map(|day| day.cycles).collect();
        assert_eq!(days, [24, 23, 24]);
    }

    #[test]
    fn a_first_day_counts_from_the_hour_at_which_the_scope_begins() {
        let period = period("2022-06-05T17:00:00+02:00", "2022-06-07T00:00:00+02:00", 30);
        let days: Vec<i64> = days(&period).map(|day| day.cycles).collect();
        assert_eq!(days, [14, 48]);
    }

    #[test]
    fn cycles_before_a_period_that_an_interruption_began_are_those_of_its_origin() {
        let whole = period("2019-04-16T00:00:00+02:00", "2019-04-17T00:00:00+02:00", 120);
        let start = parse_rfc3339("2019-04-16T11:00:00+02:00").unwrap();
        let rest = Period { start, ..whole.clone() };
        let first =
            |period: &Period| period.first_cycle().with_timezone(&Tz::Europe__Paris).format("%H:%M").to_string();
        assert_eq!((first(&whole), first(&rest)), ("00:00".to_owned(), "12:00".to_owned()));
        assert_eq!(days(&rest).map(|day| day.cycles).collect::<Vec<_>>(), [6]);
    }

    #[test]
    fn half_a_second_does_not_move_a_cycle_over_midnight() {
        let period = period("2019-04-16T21:59:59.5+02:00", "2019-04-18T00:00:00+02:00", 60);
        let days: Vec<i64> = days(&period).map(|day| day.cycles).collect();
        assert_eq!(days, [3, 24], "one stands half a second before midnight");
    }

    #[test]
    fn the_last_cycle_is_cut_where_the_period_ends() {
        let period = period("2022-06-05T17:00:00+02:00", "2022-06-07T00:10:00+02:00", 30);
        let seconds: Vec<i64> = days(&period).map(|day| day.seconds).collect();
        assert_eq!(seconds, [14 * 1800, 48 * 1800, 600]);
    }

    proptest! {
        #[test]
        fn the_days_of_a_period_hold_each_of_its_cycles_once(hours in 1_i64..2_000, cadence in 1_i64..3_000, shift in 0_i64..100_000) {
            let start = parse_rfc3339("2019-01-01T00:00:00Z").unwrap() + TimeDelta::minutes(shift);
            let end = start + TimeDelta::hours(hours);
            let period = Period { start, end, origin: start, ..period("2019-01-01T00:00:00Z", "2019-01-02T00:00:00Z", cadence) };
            let cycles = (0..=hours * 60).map(|k| start + TimeDelta::minutes(k * cadence));
            let by_hand = cycles.take_while(|cycle| *cycle < end).count();
            let by_days: i64 = days(&period).map(|day| day.cycles).sum();
            prop_assert_eq!(by_days, i64::try_from(by_hand).unwrap());
            let seconds: i64 = days(&period).map(|day| day.seconds).sum();
            prop_assert_eq!(seconds, (end - start).num_seconds(), "each second of the period is one cycle's");
            let (first, last) = period.span_of_days(Tz::Europe__Paris);
            let all: Vec<PeriodDay> = days(&period).collect();
            prop_assert_eq!((all[0].date, all[all.len() - 1].date), (first, last));
            let middle = first + (last - first) / 2;
            let rest: Vec<PeriodDay> = period.days_from(middle, Tz::Europe__Paris).collect();
            prop_assert_eq!(&rest[..], &all[all.len() - rest.len()..], "a day is the same wherever one begins");
        }
    }
}

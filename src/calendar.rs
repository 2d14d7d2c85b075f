//! Time: from an instant to a counter's own calendar, and from a local time to an instant.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Days between the first day of the common era and 1 January 1970, Arrow's epoch.
const UNIX_EPOCH_FROM_CE: i32 = 719_163;

/// The months as French writes them within a sentence, January first.
pub const FRENCH_MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// Arrow's `date32`: days since 1 January 1970.
#[must_use]
pub fn days_since_epoch(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - UNIX_EPOCH_FROM_CE
}

/// An RFC 3339 instant between 2000 and 2099.
///
/// RFC 3339 lets a space stand for the `T`, and a leap second stand as `:60`; no probe writes either, and readers
/// disagree about both, so neither is accepted. Chrono also takes the sign U+2212 for the hyphen of an offset.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() || bytes[10] != b'T' || !bytes.starts_with(b"20") || &bytes[17..19] == b"60"
    {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.with_timezone(&Utc))
}

/// An instant as the counter's own clock and calendar show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// The local date.
    pub date: NaiveDate,
    /// Seconds since local midnight as the clock shows them.
    pub second_of_day: u32,
    /// Minutes by which the local clock is ahead of UTC.
    pub offset_min: i32,
}

impl Local {
    /// The local time of an instant in a zone.
    #[must_use]
    pub fn of(instant: DateTime<Utc>, zone: Tz) -> Self {
        let utc = instant.naive_utc();
        let offset = zone.offset_from_utc_datetime(&utc).fix();
        let local = utc + offset;
        Self {
            date: local.date(),
            second_of_day: local.num_seconds_from_midnight(),
            offset_min: offset.local_minus_utc() / 60,
        }
    }

    /// `HH:MM:SS`.
    #[must_use]
    pub fn clock(self) -> [u8; 8] {
        #[expect(clippy::cast_possible_truncation, reason = "a digit")]
        let digits = |value: u32| [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
        let (hour, minute, second) =
            (digits(self.second_of_day / 3600), digits(self.second_of_day / 60 % 60), digits(self.second_of_day % 60));
        [hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]]
    }
}

/// `2019-W16`, ISO 8601: weeks begin on Monday, and the first week of a year holds its first Thursday.
#[must_use]
pub fn iso_week(date: NaiveDate) -> String {
    let week = date.iso_week();
    format!("{:04}-W{:02}", week.year(), week.week())
}

/// `2019-04`.
#[must_use]
pub fn month(date: NaiveDate) -> String {
    format!("{:04}-{:02}", date.year(), date.month())
}

/// The first day of a date's month.
#[must_use]
pub fn first_of_month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

/// `2019-T2`.
#[must_use]
pub fn quarter(date: NaiveDate) -> String {
    format!("{:04}-T{}", date.year(), date.quarter())
}

/// The first instant of a local day. Where midnight itself is skipped by a change of clock, the first one after it.
#[must_use]
pub fn start_of_day(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    // No zone has skipped more than a few hours at midnight; a whole skipped day falls back on UTC.
    (0..24)
        .find_map(|hours| zone.from_local_datetime(&(midnight + chrono::TimeDelta::hours(hours))).earliest())
        .map_or_else(|| midnight.and_utc(), |instant| instant.with_timezone(&Utc))
}

/// What is done with a local time that happened twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ambiguous {
    /// The line is set aside.
    #[default]
    Quarantine,
    /// The first of the two, before the clock was put back.
    Earlier,
    /// The second of the two.
    Later,
}

/// What is done with a local time that never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The line is set aside.
    #[default]
    Quarantine,
    /// Read with the offset in force before the change: a clock that was not put forward in time.
    OffsetBefore,
}

/// Why a local time names no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoInstant {
    /// It was skipped when the clock was put forward.
    Missing,
    /// It happened twice when the clock was put back.
    Ambiguous,
}

/// The instant of a local time, by the stated rules.
///
/// # Errors
/// [`NoInstant`] where the rule is to set the line aside.
pub fn resolve(
    local: NaiveDateTime,
    zone: Tz,
    ambiguous: Ambiguous,
    missing: Missing,
) -> Result<DateTime<Utc>, NoInstant> {
    use chrono::offset::LocalResult;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) => Ok(instant.with_timezone(&Utc)),
        LocalResult::Ambiguous(earlier, later) => match ambiguous {
            Ambiguous::Quarantine => Err(NoInstant::Ambiguous),
            Ambiguous::Earlier => Ok(earlier.with_timezone(&Utc)),
            Ambiguous::Later => Ok(later.with_timezone(&Utc)),
        },
        LocalResult::None => match missing {
            Missing::Quarantine => Err(NoInstant::Missing),
            Missing::OffsetBefore => {
                // Six hours earlier is before the change, and after any other change.
                let before = zone.offset_from_local_datetime(&(local - chrono::TimeDelta::hours(6))).earliest();
                before.map(|offset| (local - offset.fix()).and_utc()).ok_or(NoInstant::Missing)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ZONES: [Tz; 6] = [
        Tz::Europe__Paris,
        Tz::America__Guadeloupe,
        Tz::America__Cayenne,
        Tz::Indian__Reunion,
        Tz::Indian__Mayotte,
        Tz::America__Miquelon,
    ];

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    #[test]
    fn the_hour_missing_in_march_and_the_one_repeated_in_october_follow_the_rule() {
        let paris = Tz::Europe__Paris;
        let (missing, twice) = (at("2019-03-31 02:30"), at("2019-10-27 02:30"));
        let set_aside = |local| resolve(local, paris, Ambiguous::Quarantine, Missing::Quarantine);
        assert_eq!(set_aside(missing), Err(NoInstant::Missing));
        assert_eq!(set_aside(twice), Err(NoInstant::Ambiguous));
        let rule = |local, ambiguous| resolve(local, paris, ambiguous, Missing::OffsetBefore).unwrap().to_rfc3339();
        assert_eq!(rule(missing, Ambiguous::Earlier), "2019-03-31T01:30:00+00:00");
        assert_eq!(rule(twice, Ambiguous::Earlier), "2019-10-27T00:30:00+00:00");
        assert_eq!(rule(twice, Ambiguous::Later), "2019-10-27T01:30:00+00:00");
    }

    #[test]
    fn a_day_of_change_has_23_or_25_hours() {
        let length = |day: &str| {
            let date = day.parse::<NaiveDate>().unwrap();
            (start_of_day(date.succ_opt().unwrap(), Tz::Europe__Paris) - start_of_day(date, Tz::Europe__Paris))
                .num_hours()
        };
        assert_eq!([length("2019-03-31"), length("2019-10-27"), length("2019-10-28")], [23, 25, 24]);
    }

    proptest! {
        /// Every instant of the two days around each change of clock, in every zone, comes back from its local time
        /// with its offset.
        #[test]
        fn an_instant_survives_its_local_time(
            zone in prop::sample::select(ZONES.to_vec()),
            year in 2015_i32..2030,
            october in any::<bool>(),
            second in 0_i64..14 * 86_400,
        ) {
            let month = if october { 10 } else { 3 };
            let from = NaiveDate::from_ymd_opt(year, month, 20).unwrap().and_time(chrono::NaiveTime::MIN).and_utc();
            let instant = from + chrono::TimeDelta::seconds(second);
            let local = Local::of(instant, zone);
            let naive = local.date.and_time(chrono::NaiveTime::MIN)
                + chrono::TimeDelta::seconds(i64::from(local.second_of_day));
            prop_assert_eq!((naive - chrono::TimeDelta::minutes(i64::from(local.offset_min))).and_utc(), instant);
            let rules = [Ambiguous::Earlier, Ambiguous::Later];
            prop_assert!(rules.iter().any(|rule| resolve(naive, zone, *rule, Missing::Quarantine) == Ok(instant)));
            prop_assert!(start_of_day(local.date, zone) <= instant);
            prop_assert!(instant < start_of_day(local.date.succ_opt().unwrap(), zone));
        }

        /// The calendar by hand: ISO week from the Thursday of the week.
        #[test]
        fn iso_weeks_belong_to_the_year_of_their_thursday(day in 0_i64..20_000) {
            let date = NaiveDate::from_ymd_opt(1999, 12, 25).unwrap() + chrono::TimeDelta::days(day);
            let thursday = date + chrono::TimeDelta::days(3 - i64::from(date.weekday().num_days_from_monday()));
            prop_assert_eq!(iso_week(date), format!("{:04}-W{:02}", thursday.year(), thursday.ordinal0() / 7 + 1));
        }
    }
}

//! The forms in which times and dates are written.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use crate::attempt::bounds::YEARS;
use crate::calendar::parse_rfc3339;

/// Dates, and times of a day, of which the formats of local times are made.
const DATES: [&str; 7] = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%y-%m-%d", "%d-%m-%y", "%d/%m/%y", "%d.%m.%Y"];
const HOURS: [&str; 5] = ["%H:%M:%S", "%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p"];
const OFFSETS: [&str; 2] = ["%z", " %z"];

/// Reads a text in a format of `pipeline.toml`; a local time stands for itself.
pub fn read(text: &str, format: &str) -> Option<NaiveDateTime> {
    let number = |digits: usize| (text.len() >= digits).then(|| text.parse::<i64>().ok()).flatten();
    let read = match format {
        "rfc3339" => parse_rfc3339(text)?.naive_utc(),
        "epoch_s" => DateTime::from_timestamp(number(9)?, 0)?.naive_utc(),
        "epoch_ms" => DateTime::from_timestamp_millis(number(12)?)?.naive_utc(),
        _ if format.ends_with("%z") => DateTime::parse_from_str(text, format).ok()?.naive_utc(),
        _ => NaiveDateTime::parse_from_str(text, format).ok()?,
    };
    YEARS.contains(&read.year()).then_some(read)
}

/// Every format that is tried, those without a doubt first.
pub fn formats() -> Vec<String> {
    let mut formats: Vec<String> = ["rfc3339", "epoch_s", "epoch_ms"].map(str::to_owned).into();
    for date in DATES {
        for between in [" ", "T"] {
            for hour in HOURS {
                formats.push(format!("{date}{between}{hour}"));
                formats.extend(OFFSETS.map(|offset| format!("{date}{between}{hour}{offset}")));
            }
        }
    }
    formats
}

/// Whether a text is a time or a date in any format.
pub fn reads_as_time(text: &str) -> bool {
    formats().iter().any(|format| read(text, format).is_some()) || date_format([text]).is_some()
}

/// The format of dates, of days or of times, by which most of some texts are read.
pub fn date_format<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let texts: Vec<&str> = texts.into_iter().collect();
    let day = |text: &str, format: &str| {
        NaiveDate::parse_from_str(text, format).is_ok_and(|date| YEARS.contains(&date.year()))
    };
    let share = |is: &dyn Fn(&str) -> bool| texts.iter().filter(|text| is(text)).count();
    let days = DATES.iter().map(|format| ((*format).to_owned(), share(&|text| day(text, format))));
    let times = formats().into_iter().map(|format| {
        let count = share(&|text| read(text, &format).is_some());
        (format, count)
    });
    // The first of the largest.
    let (format, count) = days.chain(times).reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    (count * 2 > texts.len()).then_some(format)
}

/// Whether a text is a day.
pub fn is_day(text: &str) -> bool {
    DATES.iter().any(|format| NaiveDate::parse_from_str(text, format).is_ok())
}

/// Whether a text is a time of day.
pub fn is_hour(text: &str) -> bool {
    HOURS.iter().any(|format| NaiveTime::parse_from_str(text, format).is_ok())
}

//! From what a line says to what may be believed: values, dates, ids and lengths of the contract `attempt/1`.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::reject::{Reason, Reject};
use crate::attempt::bounds::{
    CLOCK_AGE_MAX_S, DURATION_MAX_MS, HORIZON_MAX_DAYS, HTTP_STATUS, PAGE_TEXT_CHARS, PUBLISHED_TEXT_CHARS, SLOTS_MAX,
    TEXT_CHARS, TRIES_MAX, YEARS, is_alias, is_identifier,
};
use crate::attempt::{CONTRACT, RawAttempt};
use crate::calendar::parse_rfc3339;

/// What was parsed out of the texts of a [`RawAttempt`] whose every field is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The 128 bits of the ULID or UUID: the key of deduplication.
    pub id: u128,
    /// When the attempt began.
    pub instant: DateTime<Utc>,
    /// When its cycle began.
    pub cycle_start: Option<DateTime<Utc>>,
    /// When the plan wanted it.
    pub scheduled: Option<DateTime<Utc>>,
    /// The first date offered.
    pub first_date: Option<NaiveDate>,
    /// The second date offered.
    pub second_date: Option<NaiveDate>,
    /// How many dates of slots were there and are not believed.
    pub disbelieved: i32,
}

impl Checked {
    /// Sets those dates of slots aside that cannot be: outside of the years of the contract, or before the local day of the
    /// attempt. The attempt stays: that a robot writes « none » as 0001-01-01 says nothing against what else it saw.
    pub fn believe_dates(&mut self, day: NaiveDate) {
        for date in [&mut self.first_date, &mut self.second_date] {
            if date.is_some_and(|date| !YEARS.contains(&date.year()) || date < day) {
                *date = None;
                self.disbelieved += 1;
            }
        }
    }
}

/// Checks every value of an attempt.
///
/// # Errors
/// The first field that is out of order, and why.
pub fn check(raw: &RawAttempt<'_>) -> Result<Checked, Reject> {
    if &*raw.contract != CONTRACT {
        return Err(Reject::field(Reason::UnknownContract, "contract"));
    }
    let id = parse_id(&raw.attempt_id).ok_or(Reject::field(Reason::InvalidValue, "attempt_id"))?;
    let instant = parse_instant(&raw.started_at, "started_at")?;
    let scheduled = raw.scheduled_at.as_deref().map(|text| parse_instant(text, "scheduled_at")).transpose()?;
    let cycle_start = raw.run_started_at.as_deref().map(|text| parse_instant(text, "run_started_at")).transpose()?;

    value("counter", is_identifier(&raw.counter))?;
    value("procedure", is_identifier(&raw.procedure))?;
    value("planning", raw.planning.as_deref().is_none_or(is_identifier))?;
    value("run_id", raw.run_id.as_deref().is_none_or(is_identifier))?;
    value("probe", raw.probe.as_deref().is_none_or(is_identifier))?;
    value("probe_version", raw.probe_version.as_deref().is_none_or(is_identifier))?;
    value("vantage", raw.vantage.as_deref().is_none_or(is_alias))?;
    value("try", (1..=TRIES_MAX).contains(&raw.attempt_no))?;
    value("duration_ms", raw.duration_ms.is_none_or(|duration| (0..=DURATION_MAX_MS).contains(&duration)))?;
    value("clock_age_s", raw.clock_age_s.is_none_or(|age| (0..=CLOCK_AGE_MAX_S).contains(&age)))?;
    value("http_status", raw.http_status.is_none_or(|status| HTTP_STATUS.contains(&status)))?;
    value("body_sha256", raw.body_sha256.as_deref().is_none_or(is_sha256))?;
    value("screenshot_sha256", raw.screenshot_sha256.as_deref().is_none_or(is_sha256))?;
    value("step", raw.step.as_deref().is_none_or(|text| is_short(text, PUBLISHED_TEXT_CHARS)))?;
    value("verdict", raw.verdict.as_deref().is_none_or(|text| is_short(text, PUBLISHED_TEXT_CHARS)))?;
    value("signature", raw.signature.as_deref().is_none_or(|text| is_short(text, TEXT_CHARS)))?;
    value("target_url", raw.target_url.as_deref().is_none_or(|text| is_short(text, TEXT_CHARS)))?;
    value("final_url", raw.final_url.as_deref().is_none_or(|text| is_short(text, TEXT_CHARS)))?;
    value("page_title", raw.page_title.as_deref().is_none_or(|text| is_short(text, PAGE_TEXT_CHARS)))?;
    value("page_text", raw.page_text.as_deref().is_none_or(|text| is_short(text, PAGE_TEXT_CHARS)))?;

    let (mut first_date, mut second_date) = (None, None);
    if let Some(slots) = &raw.slots {
        value("slots", slots.count.is_none_or(|count| (0..=SLOTS_MAX).contains(&count)))?;
        value("slots", slots.horizon_days.is_none_or(|days| (0..=HORIZON_MAX_DAYS).contains(&days)))?;
        first_date = slots.first_date.as_deref().map(parse_date).transpose()?;
        second_date = slots.second_date.as_deref().map(parse_date).transpose()?;
    }
    Ok(Checked { id, instant, cycle_start, scheduled, first_date, second_date, disbelieved: 0 })
}

fn value(field: &'static str, fits: bool) -> Result<(), Reject> {
    if fits { Ok(()) } else { Err(Reject::field(Reason::InvalidValue, field)) }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Counts characters only where the bytes leave a doubt.
fn is_short(text: &str, limit: usize) -> bool {
    text.len() <= limit || (text.len() <= 4 * limit && text.chars().count() <= limit)
}

fn parse_instant(text: &str, field: &'static str) -> Result<DateTime<Utc>, Reject> {
    parse_rfc3339(text).ok_or(Reject::field(Reason::InvalidDate, field))
}

fn parse_date(text: &str) -> Result<NaiveDate, Reject> {
    // The shape is checked first: chrono also reads « 2019-4-1 », « +2019-4-01 » and « 2019-04- 1 ».
    let digit_or_hyphen =
        |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    let shaped = text.len() == 10 && text.bytes().enumerate().all(digit_or_hyphen);
    let date = if shaped { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None };
    date.ok_or(Reject::field(Reason::InvalidDate, "slots"))
}

/// The 128 bits of a ULID (26 characters of Crockford's base 32) or of a hyphenated UUID.
#[must_use]
pub fn parse_id(text: &str) -> Option<u128> {
    match text.len() {
        26 => parse_ulid(text.as_bytes()),
        36 => uuid::Uuid::try_parse(text).ok().map(|uuid| uuid.as_u128()),
        _ => None,
    }
}

/// Crockford's base 32, upper case, without I, L, O and U; the first character carries three bits only.
fn parse_ulid(bytes: &[u8]) -> Option<u128> {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    /// The value of each letter; `NONE` for a byte that is not of the alphabet.
    const VALUES: [u8; 256] = {
        let mut table = [NONE; 256];
        let mut value = 0_u8;
        while value < 32 {
            table[ALPHABET[value as usize] as usize] = value;
            value += 1;
        }
        table
    };
    const NONE: u8 = 0xFF;
    if bytes[0] > b'7' {
        return None;
    }
    bytes.iter().try_fold(0_u128, |id, byte| match VALUES[usize::from(*byte)] {
        NONE => None,
        value => Some(id << 5 | u128::from(value)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ulid_is_read_to_the_last_bit() {
        assert_eq!(parse_id("00000000000000000000000001"), Some(1));
        assert_eq!(parse_id("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), Some(u128::MAX));
        assert_eq!(parse_id("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"), None, "more than 128 bits");
        assert_eq!(parse_id("0000000000000000000000000U"), None, "not of the alphabet");
    }

    #[test]
    fn a_network_address_is_not_an_alias() {
        assert!(is_alias("adresse-1"));
        assert!(!is_alias("192.0.2.7"));
        assert!(!is_alias("2001:db8::1"));
    }
}

//! The bounds of the contract, once: decoder, checks and simulator read them here, and a test compares them with
//! `schemas/raw/attempt-v1.schema.json`.

use std::ops::RangeInclusive;

/// The years of which an instant or the date of a slot is believed. Outside of them stand the dates by which machines say
/// « none » or « not set »: 0001-01-01, 1900-01-01, 1970-01-01, 9999-12-31.
pub const YEARS: RangeInclusive<i32> = 2000..=2099;
/// Most slots that one look at one planning can show: ten times as many as the largest office of which logs are known shows
/// in six weeks ahead. Beyond stands an error, and sums of it would drown all others.
pub const SLOTS_MAX: i32 = 10_000;
/// Farthest that a robot looks ahead, in days: ten years.
pub const HORIZON_MAX_DAYS: i32 = 3_660;
/// Most tries of one planning in one cycle.
pub const TRIES_MAX: i32 = 1_000;
/// Longest that an attempt takes, in milliseconds: a day.
pub const DURATION_MAX_MS: i64 = 86_400_000;
/// Longest since the clock of a probe was set, in seconds: a hundred years.
pub const CLOCK_AGE_MAX_S: i64 = 3_155_760_000;
/// The codes that an HTTP status may have.
pub const HTTP_STATUS: RangeInclusive<i32> = 100..=599;
/// The longest page excerpt, in characters.
pub const PAGE_TEXT_CHARS: usize = 2_000;
/// The longest of any other free text, in characters.
pub const TEXT_CHARS: usize = 2_048;
/// The longest of a text that is published as it is, in characters.
pub const PUBLISHED_TEXT_CHARS: usize = 100;
/// The longest id or name of ours, in characters.
pub const IDENTIFIER_CHARS: usize = 128;
/// The longest alias of a vantage point, in characters.
pub const ALIAS_CHARS: usize = 64;

/// `^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127}$`: what may be an id or a name of ours. It cannot begin with a sign that a
/// spreadsheet takes for a formula.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= IDENTIFIER_CHARS
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._:/+-".contains(byte))
}

/// `^[a-z0-9][a-z0-9_-]{0,63}$`: an alias of a vantage point. It has no dot and no colon, so that no network address
/// can stand there.
#[must_use]
pub fn is_alias(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= ALIAS_CHARS
        && bytes.first().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(byte))
}

//! What a record says, as bytes: the same for two records that say the same, however each was written.
//!
//! Shippers write lines anew: keys in another order, escapes, `Z` for `+02:00`, null for what is absent, defaults spelled
//! out, the letters of a UUID in capitals. A day that is delivered twice in two such forms is one day.

use super::check::Checked;
use crate::attempt::{RawAttempt, Slots, Text};

/// The first 64 bits of the BLAKE3 of what a record says. It is compared only between records that carry the same id.
pub(super) fn values_digest(raw: &RawAttempt<'_>, checked: &Checked, buffer: &mut Vec<u8>) -> u64 {
    buffer.clear();
    write(raw, checked, buffer);
    let hash = blake3::hash(buffer);
    hash.as_bytes()[..8].iter().fold(0, |digest, byte| digest << 8 | u64::from(*byte))
}

/// Writes every field, texts preceded by their length and numbers by whether they are there, so that no value can pose as
/// two.
fn write(raw: &RawAttempt<'_>, checked: &Checked, out: &mut Vec<u8>) {
    // Named one by one, so that a new field of the contract cannot be forgotten here. Those that `check` has parsed are
    // written as what they mean.
    let RawAttempt {
        contract: _,
        attempt_id: _,
        run_id,
        run_started_at: _,
        scheduled_at: _,
        started_at: _,
        duration_ms,
        attempt_no,
        counter,
        procedure,
        planning,
        system,
        target_url,
        final_url,
        step,
        http_status,
        failure,
        page_title,
        page_text,
        markers,
        slots,
        verdict,
        body_sha256,
        screenshot_sha256,
        probe,
        probe_version,
        vantage,
        signature,
        clock_age_s,
    } = raw;
    let Slots { count, first_date, second_date, horizon_days } = slots.clone().unwrap_or_default();
    out.extend(checked.id.to_le_bytes());
    for instant in [Some(checked.instant), checked.cycle_start, checked.scheduled] {
        write_number(instant.map(|instant| instant.timestamp_micros()), out);
    }
    for number in [*duration_ms, Some((*attempt_no).into()), http_status.map(i64::from), *clock_age_s] {
        write_number(number, out);
    }
    for number in [count, horizon_days] {
        write_number(number.map(i64::from), out);
    }
    out.extend([*system as u8, failure.map_or(u8::MAX, |failure| failure as u8)]);
    for text in [counter, procedure] {
        write_text(Some(text), out);
    }
    for text in [
        run_id,
        planning,
        target_url,
        final_url,
        step,
        page_title,
        page_text,
        verdict,
        probe,
        probe_version,
        vantage,
        signature,
        &first_date,
        &second_date,
    ] {
        write_text(text.as_ref(), out);
    }
    for digest in [body_sha256, screenshot_sha256] {
        let digest = digest.as_ref().map(|digest| Text::from(digest.to_ascii_lowercase()));
        write_text(digest.as_ref(), out);
    }
    for marker in markers {
        write_text(Some(marker), out);
    }
}

fn write_number(number: Option<i64>, out: &mut Vec<u8>) {
    out.push(u8::from(number.is_some()));
    out.extend(number.unwrap_or_default().to_le_bytes());
}

fn write_text(text: Option<&Text<'_>>, out: &mut Vec<u8>) {
    out.extend(text.map_or(usize::MAX, |text| text.len()).to_le_bytes());
    out.extend(text.map_or("", |text| text).as_bytes());
}

//! From what a template says to a field of the contract.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use icu_normalizer::DecomposingNormalizerBorrowed;
use regex::Regex;
use sha1_smol::Sha1;
use uuid::Uuid;

use crate::attempt::{Failure, RawAttempt, Slots, System, Text};
use crate::calendar::{Ambiguous, Missing, NoInstant, resolve};
use crate::config::{Digest, EpochUnit, FullMapping, TimeForm, TimeMapping, ValueMapping};
use crate::error::{Context, Result};
use crate::ingest::reject::{Reason, Reject};

/// What is made of a text before it is a value of the contract; each step is optional, and they come in this order.
#[derive(Debug)]
pub(super) struct Steps<'m> {
    trim: bool,
    lower: bool,
    take: Option<Regex>,
    no_data: &'m [String],
    map: Option<&'m BTreeMap<String, String>>,
    digest: Option<Digest>,
    /// Whether the line may lack it.
    pub(super) optional: bool,
    /// How a date is written; ISO 8601 where nothing is said.
    date: Option<TimeForm>,
}

impl<'m> Steps<'m> {
    /// Makes the steps of a mapping ready.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when they are not in order; a pipeline that was loaded has none such.
    pub(super) fn of(field: &str, mapping: &'m ValueMapping) -> Result<Self> {
        let ValueMapping::Full(full) = mapping else {
            return Ok(Self {
                trim: false,
                lower: false,
                take: None,
                no_data: &[],
                map: None,
                digest: None,
                optional: false,
                date: None,
            });
        };
        let FullMapping { value: _, map, format, zone, optional, no_data, trim, lower, take, slug: _, hash: _ } = full;
        Ok(Self {
            trim: *trim,
            lower: *lower,
            take: take.as_deref().map(Regex::new).transpose().usage("take")?,
            no_data,
            map: map.as_ref(),
            digest: full.digest(),
            optional: *optional,
            date: format.as_deref().map(|format| TimeForm::of_field(field, format, *zone)).transpose()?,
        })
    }

    /// The value of a text; empty where it says nothing.
    ///
    /// # Errors
    /// `valeur_invalide` where a step finds nothing.
    pub(super) fn value<'l>(&'l self, mut text: Cow<'l, str>, source: &str) -> Result<Cow<'l, str>, Reject> {
        let invalid = Reject::line(Reason::InvalidValue);
        if self.trim {
            text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            };
        }
        if self.lower {
            text = Cow::Owned(text.to_lowercase());
        }
        if let Some(take) = self.take.as_ref().filter(|_| !text.is_empty()) {
            let found = take.captures(&text).ok_or(invalid)?;
            // Where nothing is captured, what was matched is meant.
            text = Cow::Owned(found.get(1).or(found.get(0)).map_or("", |piece| piece.as_str()).to_owned());
        }
        if self.no_data.iter().any(|word| **word == *text) {
            return Ok(Cow::Borrowed(""));
        }
        // What may lack need not be in the map.
        let lacks = self.optional && text.is_empty();
        if let Some(map) = self.map.filter(|map| !lacks || map.contains_key("")) {
            text = Cow::Borrowed(map.get(&*text).ok_or(invalid)?);
        }
        match self.digest {
            Some(_) if text.is_empty() => Ok(text),
            None => Ok(text),
            Some(Digest::Slug) => slug(&text).map(Cow::Owned).ok_or(invalid),
            Some(Digest::Hash) => Ok(Cow::Owned(name_based_uuid(&[source, &text]))),
        }
    }
}

/// A name-based UUID (RFC 9562, version 5) of some texts.
pub(super) fn name_based_uuid(texts: &[&str]) -> String {
    NameBased::of(texts).uuid("")
}

/// Some texts on their way to a name-based UUID: what many of them begin with is digested once.
#[derive(Clone)]
pub(super) struct NameBased(Sha1);

impl NameBased {
    /// Begins with texts, the last of which goes on.
    pub(super) fn of(texts: &[&str]) -> Self {
        let mut digest = Sha1::new();
        digest.update(Uuid::NAMESPACE_URL.as_bytes());
        for (at, text) in texts.iter().enumerate() {
            if at > 0 {
                digest.update(b"\x1f");
            }
            digest.update(text.as_bytes());
        }
        Self(digest)
    }

    /// The UUID, where the last text ends so.
    pub(super) fn uuid(&self, end: &str) -> String {
        let mut digest = self.0.clone();
        digest.update(end.as_bytes());
        let mut bytes = uuid::Bytes::default();
        bytes.copy_from_slice(&digest.digest().bytes()[..16]);
        uuid::Builder::from_sha1_bytes(bytes).into_uuid().to_string()
    }
}

/// Letters and digits of ASCII with hyphens between the words: `Préfecture de l'Essonne` is `prefecture-de-l-essonne`.
/// Nothing where no letter is left.
fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    for c in decomposed.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            'œ' => slug.push_str("oe"),
            'æ' => slug.push_str("ae"),
            'ß' => slug.push_str("ss"),
            '\u{300}'..='\u{36f}' => {}
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

/// When an attempt began, as RFC 3339.
///
/// # Errors
/// `date_invalide`, or what is wrong with a local time.
pub(super) fn started_at<'l>(time: &TimeMapping, form: &TimeForm, text: Cow<'l, str>) -> Result<Text<'l>, Reject> {
    instant("started_at", form, (time.ambiguous, time.missing), text)
}

fn instant<'l>(
    field: &'static str,
    form: &TimeForm,
    (ambiguous, missing): (Ambiguous, Missing),
    text: Cow<'l, str>,
) -> Result<Text<'l>, Reject> {
    let invalid = Reject::field(Reason::InvalidDate, field);
    let instant = match form {
        TimeForm::Rfc3339(_) => return Ok(Text(text)),
        TimeForm::Epoch(unit, _) => epoch(&text, *unit).ok_or(invalid)?,
        TimeForm::WithOffset(format, _) => DateTime::parse_from_str(&text, format).map_err(|_| invalid)?.to_utc(),
        TimeForm::Local(format, zone) => {
            let local = NaiveDateTime::parse_from_str(&text, format).map_err(|_| invalid)?;
            resolve(local, zone.ok_or(invalid)?, ambiguous, missing).map_err(|no_instant| match no_instant {
                NoInstant::Missing => Reject::field(Reason::MissingLocalTime, field),
                NoInstant::Ambiguous => Reject::field(Reason::AmbiguousLocalTime, field),
            })?
        }
    };
    Ok(instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true).into())
}

/// An instant counted from 1970 in UTC, with a fraction or without.
fn epoch(text: &str, unit: EpochUnit) -> Option<DateTime<chrono::Utc>> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
    let (whole, micros): (i64, i64) = (whole.parse().ok()?, digits.parse().ok()?);
    DateTime::from_timestamp_micros(match unit {
        EpochUnit::Seconds => whole.checked_mul(1_000_000)?.checked_add(micros)?,
        EpochUnit::Milliseconds => whole.checked_mul(1_000)?.checked_add(micros / 1_000)?,
    })
}

/// The date of a slot, as ISO 8601.
fn date(text: &str, form: &TimeForm) -> Option<Text<'static>> {
    let date = match form {
        TimeForm::Rfc3339(zone) => DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&(*zone)?).date_naive(),
        TimeForm::Epoch(unit, zone) => epoch(text, *unit)?.with_timezone(&(*zone)?).date_naive(),
        TimeForm::WithOffset(format, zone) => {
            DateTime::parse_from_str(text, format).ok()?.with_timezone(&(*zone)?).date_naive()
        }
        TimeForm::Local(format, _) => NaiveDateTime::parse_from_str(text, format)
            .map(|time| time.date())
            .or_else(|_| NaiveDate::parse_from_str(text, format))
            .ok()?,
    };
    Some(date.to_string().into())
}

/// Puts one mapped value into its field.
///
/// # Errors
/// `type_invalide`, `valeur_invalide` or `date_invalide`, of that field.
pub(super) fn set<'l>(
    raw: &mut RawAttempt<'l>,
    slots: &mut Slots<'l>,
    field: &'static str,
    value: Cow<'l, str>,
    steps: &Steps<'_>,
) -> Result<(), Reject> {
    let wrong = || Reject::field(Reason::WrongType, field);
    let small = |value: &str| value.trim().parse::<i32>().map_err(|_| wrong());
    let date = |value: Cow<'l, str>| match &steps.date {
        None => Ok(Some(Text(value))),
        Some(form) => date(&value, form).map(Some).ok_or(Reject::field(Reason::InvalidDate, field)),
    };
    match field {
        "attempt_id" => raw.attempt_id = Text(value),
        "run_id" => raw.run_id = Some(Text(value)),
        "run_started_at" => {
            raw.run_started_at = Some(match &steps.date {
                None => Text(value),
                Some(form) => instant(field, form, <(Ambiguous, Missing)>::default(), value)?,
            });
        }
        "counter" => raw.counter = Text(value),
        "procedure" => raw.procedure = Text(value),
        "planning" => raw.planning = Some(Text(value)),
        "system" => raw.system = System::from_code(&value).ok_or(Reject::field(Reason::InvalidValue, field))?,
        "target_url" => raw.target_url = Some(Text(value)),
        "final_url" => raw.final_url = Some(Text(value)),
        "step" => raw.step = Some(Text(value)),
        "http_status" => raw.http_status = Some(small(&value)?),
        "failure" => {
            raw.failure = Some(Failure::from_code(&value).ok_or(Reject::field(Reason::InvalidValue, field))?);
        }
        "page_title" => raw.page_title = Some(Text(value)),
        "page_text" => raw.page_text = Some(Text(value)),
        "slots.count" => slots.count = Some(small(&value)?),
        "slots.first_date" => slots.first_date = date(value)?,
        "slots.second_date" => slots.second_date = date(value)?,
        "slots.horizon_days" => slots.horizon_days = Some(small(&value)?),
        "verdict" => raw.verdict = Some(Text(value)),
        "probe" => raw.probe = Some(Text(value)),
        "probe_version" => raw.probe_version = Some(Text(value)),
        "vantage" => raw.vantage = Some(Text(value)),
        "signature" => raw.signature = Some(Text(value)),
        "duration_ms" => raw.duration_ms = Some(value.trim().parse().map_err(|_| wrong())?),
        "try" => raw.attempt_no = small(&value)?,
        _ => return Err(Reject::field(Reason::UnknownField, field)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_nothing_that_an_id_may_not_have() {
        assert_eq!(slug("  Préfecture de l’Essonne (Évry) ").as_deref(), Some("prefecture-de-l-essonne-evry"));
        assert_eq!(slug("Cœur d'Œuvre").as_deref(), Some("coeur-d-oeuvre"));
        assert_eq!(slug("—"), None);
    }

    #[test]
    fn a_uuid_of_what_was_digested_in_pieces_is_that_of_the_whole() {
        let whole = Uuid::new_v5(&Uuid::NAMESPACE_URL, "a\u{1f}bé\u{1f}cd".as_bytes()).to_string();
        assert_eq!(NameBased::of(&["a", "bé", "c"]).uuid("d"), whole);
        assert_eq!(name_based_uuid(&["a", "bé", "cd"]), whole);
    }

    #[test]
    fn seconds_and_milliseconds_since_1970_keep_their_fraction() {
        let at = |text, unit| epoch(text, unit).map(|instant| instant.to_rfc3339());
        assert_eq!(at("1555394400", EpochUnit::Seconds).as_deref(), Some("2019-04-16T06:00:00+00:00"));
        assert_eq!(at("1555394400.25", EpochUnit::Seconds).as_deref(), Some("2019-04-16T06:00:00.250+00:00"));
        assert_eq!(at("1555394400250", EpochUnit::Milliseconds).as_deref(), Some("2019-04-16T06:00:00.250+00:00"));
        for odd in ["", "1e9", "-", "1.-5", "99999999999999999999", " 1"] {
            assert_eq!(at(odd, EpochUnit::Seconds), None, "{odd}");
        }
    }
}

//! How a foreign log writes its times and dates.

use std::fmt::Write as _;

use chrono::format::{Fixed, Item, Numeric, StrftimeItems};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

use crate::error::{Error, Result};

/// What time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// How a time or a date is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeForm {
    /// RFC 3339; for a date, the zone in which it is one.
    Rfc3339(Option<Tz>),
    /// Counted from 1970 in UTC; for a date, the zone in which it is one.
    Epoch(EpochUnit, Option<Tz>),
    /// A strftime format that reads the offset; for a date, the zone in which it is one.
    WithOffset(String, Option<Tz>),
    /// A strftime format without offset, and the zone; a date needs none.
    Local(String, Option<Tz>),
}

impl TimeForm {
    /// Reads a format of `pipeline.toml`.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when a part of it would be read and thrown away, or is unknown.
    fn of(format: &str, zone: Option<Tz>) -> Result<Self> {
        let form = match format {
            "rfc3339" => Self::Rfc3339(zone),
            "epoch_s" => Self::Epoch(EpochUnit::Seconds, zone),
            "epoch_ms" => Self::Epoch(EpochUnit::Milliseconds, zone),
            pattern => {
                // What chrono does not name in public.
                let mut offset = pattern.contains("%#z");
                for item in StrftimeItems::new(pattern) {
                    match item {
                        Item::Error => return Err(Error::usage(format!("« {pattern} » is no strftime format"))),
                        Item::Numeric(Numeric::Timestamp, _) => {
                            return Err(Error::usage(format!("« {pattern} » counts seconds from 1970"))
                                .hint("write format = \"epoch_s\" or \"epoch_ms\", without zone"));
                        }
                        Item::Fixed(Fixed::TimezoneName) => {
                            return Err(Error::usage(format!(
                                "« {pattern} » has %Z: the name of a zone is not an offset"
                            ))
                            .hint("take the name out with `take` or write it as literal text, and say zone = \"…\""));
                        }
                        Item::Fixed(
                            Fixed::TimezoneOffset
                            | Fixed::TimezoneOffsetColon
                            | Fixed::TimezoneOffsetDoubleColon
                            | Fixed::TimezoneOffsetTripleColon
                            | Fixed::TimezoneOffsetColonZ
                            | Fixed::TimezoneOffsetZ
                            | Fixed::RFC2822
                            | Fixed::RFC3339,
                        ) => offset = true,
                        _ => {}
                    }
                }
                if offset { Self::WithOffset(pattern.to_owned(), zone) } else { Self::Local(pattern.to_owned(), zone) }
            }
        };
        Ok(form)
    }

    /// The form of an instant.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage), as above, and where a local time is of no zone.
    pub fn of_instant(format: &str, zone: Option<Tz>) -> Result<Self> {
        let form = Self::of(format, zone)?;
        match &form {
            Self::Local(_, None) => Err(Error::usage("time.zone is needed to read local times")
                .hint("name the zone in which the log was written, as in zone = \"Europe/Paris\"")),
            Self::Rfc3339(Some(zone)) | Self::WithOffset(_, Some(zone)) | Self::Epoch(_, Some(zone)) => Err(
                Error::usage(format!("format « {format} » tells its offset, and zone « {zone} » would have no say"))
                    .hint("remove the zone; or, where the offset is wrong, write it as literal text in the format"),
            ),
            _ if !form.reads_what_it_writes() => Err(Error::usage(format!("« {format} » does not tell an instant"))
                .hint("a time needs its day, its hour and its minutes, as in %Y-%m-%d %H:%M")),
            _ => Ok(form),
        }
    }

    /// Whether what is written in this form can be read again.
    fn reads_what_it_writes(&self) -> bool {
        let noon = NaiveDate::from_ymd_opt(2019, 4, 16).and_then(|day| day.and_hms_opt(12, 34, 56)).unwrap_or_default();
        let mut text = String::new();
        match self {
            Self::Rfc3339(_) | Self::Epoch(..) => true,
            Self::Local(format, _) => {
                write!(text, "{}", noon.format(format)).is_ok() && NaiveDateTime::parse_from_str(&text, format).is_ok()
            }
            Self::WithOffset(format, _) => {
                write!(text, "{}", noon.and_utc().fixed_offset().format(format)).is_ok()
                    && DateTime::parse_from_str(&text, format).is_ok()
            }
        }
    }

    /// The form of a field's values: of an instant, or of a slot's date.
    ///
    /// # Errors
    /// As for [`TimeForm::of_instant`] and [`TimeForm::of_date`].
    pub fn of_field(field: &str, format: &str, zone: Option<Tz>) -> Result<Self> {
        if field == "run_started_at" { Self::of_instant(format, zone) } else { Self::of_date(format, zone) }
    }

    /// The form of a slot's date.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage), as above, and where an instant is to be a date of no zone.
    pub fn of_date(format: &str, zone: Option<Tz>) -> Result<Self> {
        match Self::of(format, zone)? {
            Self::Epoch(_, None) | Self::Rfc3339(None) | Self::WithOffset(_, None) => {
                Err(Error::usage(format!("format « {format} » gives an instant, not a date"))
                    .hint("say in which zone it is a date, as in zone = \"Europe/Paris\""))
            }
            form => Ok(form),
        }
    }
}

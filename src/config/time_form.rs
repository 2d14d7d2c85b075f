//! How a foreign log writes its times and dates.

use chrono::format::{Fixed, Item, Numeric, StrftimeItems};
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
    /// RFC 3339.
    Rfc3339,
    /// Counted from 1970 in UTC; for a date, the zone in which it is one.
    Epoch(EpochUnit, Option<Tz>),
    /// A strftime format that reads the offset.
    WithOffset(String),
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
            "rfc3339" => Self::Rfc3339,
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
                if offset { Self::WithOffset(pattern.to_owned()) } else { Self::Local(pattern.to_owned(), zone) }
            }
        };
        match (&form, zone) {
            (Self::Rfc3339 | Self::WithOffset(_), Some(zone)) => {
                Err(Error::usage(format!("format « {format} » reads an offset, and zone « {zone} » would have no say"))
                    .hint("remove the zone; or, where the offset is wrong, write it as literal text in the format"))
            }
            _ => Ok(form),
        }
    }

    /// The form of an instant.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage), as above, and where a local time is of no zone.
    pub fn of_instant(format: &str, zone: Option<Tz>) -> Result<Self> {
        match Self::of(format, zone)? {
            Self::Local(_, None) => Err(Error::usage("time.zone is needed to read local times")
                .hint("name the zone in which the log was written, as in zone = \"Europe/Paris\"")),
            Self::Epoch(_, Some(zone)) => {
                Err(Error::usage(format!("format « {format} » counts in UTC, and zone « {zone} » would have no say"))
                    .hint("remove the zone"))
            }
            form => Ok(form),
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
            Self::Epoch(_, None) => Err(Error::usage(format!("format « {format} » gives an instant, not a date"))
                .hint("say in which zone, as in zone = \"Europe/Paris\"")),
            form => Ok(form),
        }
    }
}

//! When each service was looked at, as far as the grid needs to know.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type};
use chrono::{DateTime, NaiveDate, Utc};

use super::Service;
use crate::error::Result;
use crate::schema::{column, instants};

/// When each service was looked at, first and last.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<Service, LookedAt>);

/// When one service was looked at.
#[derive(Debug)]
pub(super) struct LookedAt {
    pub(super) first: DateTime<Utc>,
    /// The first and the last local day.
    pub(super) days: (NaiveDate, NaiveDate),
}

impl Seen {
    /// What rows tell of one service each: `premier_utc`, its first look, and the local days of its
    /// first and last, `premier_jour` and `dernier_jour`.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when a column is missing.
    pub fn of(measured: &RecordBatch) -> Result<Self> {
        let firsts = instants(measured, "premier_utc")?;
        let (first_days, last_days) = (dates(measured, "premier_jour")?, dates(measured, "dernier_jour")?);
        let looks = firsts.values().iter().zip(first_days.into_iter().zip(last_days)).map(|(first, days)| {
            let first = DateTime::from_timestamp_micros(*first).unwrap_or_default();
            LookedAt { first, days }
        });
        Ok(Self(services(measured)?.into_iter().zip(looks).collect()))
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &Service> {
        self.0.keys()
    }

    pub(super) fn of_service(&self, service: &Service) -> Option<&LookedAt> {
        self.0.get(service)
    }
}

/// The local days on which each service was looked at.
#[derive(Debug, Default)]
pub struct DaysSeen(BTreeMap<Service, BTreeSet<NaiveDate>>);

impl DaysSeen {
    /// What rows tell of a service and a day, `jour`, each.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when a column is missing.
    pub fn of(measured: &RecordBatch) -> Result<Self> {
        let mut seen: BTreeMap<Service, BTreeSet<NaiveDate>> = BTreeMap::new();
        for (service, day) in services(measured)?.into_iter().zip(dates(measured, "jour")?) {
            seen.entry(service).or_default().insert(day);
        }
        Ok(Self(seen))
    }

    pub(super) fn of_service(&self, service: &Service) -> Option<&BTreeSet<NaiveDate>> {
        self.0.get(service)
    }
}

fn services(rows: &RecordBatch) -> Result<Vec<Service>> {
    let (counters, procedures) =
        (column(rows, "guichet_id", &DataType::Utf8)?, column(rows, "demarche_id", &DataType::Utf8)?);
    let names = counters.as_string::<i32>().iter().zip(procedures.as_string::<i32>());
    let text = |name: Option<&str>| name.unwrap_or_default().to_owned();
    Ok(names.map(|(counter, procedure)| (text(counter), text(procedure))).collect())
}

fn dates(rows: &RecordBatch, name: &str) -> Result<Vec<NaiveDate>> {
    let days = column(rows, name, &DataType::Date32)?;
    let days = days.as_primitive::<Date32Type>().values().iter();
    Ok(days.map(|day| NaiveDate::from_epoch_days(*day).unwrap_or_default()).collect())
}

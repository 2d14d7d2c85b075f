//! When each service was looked at, as far as the grid needs to know.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type};
use chrono::{DateTime, Utc};

use super::Service;
use crate::error::Result;
use crate::schema::{column, instants};

/// When each service was looked at.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<Service, LookedAt>);

/// When one service was looked at.
#[derive(Debug)]
pub(super) struct LookedAt {
    pub(super) first: DateTime<Utc>,
    /// Local days, counted from 1970.
    pub(super) days: BTreeSet<i32>,
}

impl Seen {
    /// What the table `jours_mesures` tells.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when a column is missing.
    pub fn of(measured: &RecordBatch) -> Result<Self> {
        let mut seen = Self::default();
        let text = DataType::Utf8;
        let (counters, procedures) = (column(measured, "guichet_id", &text)?, column(measured, "demarche_id", &text)?);
        let (counters, procedures) = (counters.as_string::<i32>(), procedures.as_string::<i32>());
        let dates = column(measured, "jour", &DataType::Date32)?;
        let dates = dates.as_primitive::<Date32Type>();
        let instants = instants(measured, "premier_utc")?;
        for row in 0..measured.num_rows() {
            let first = DateTime::from_timestamp_micros(instants.value(row)).unwrap_or_default();
            let service = (counters.value(row).to_owned(), procedures.value(row).to_owned());
            let days = seen.0.entry(service).or_insert_with(|| LookedAt { first, days: BTreeSet::new() });
            days.first = days.first.min(first);
            days.days.insert(dates.value(row));
        }
        Ok(seen)
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &Service> {
        self.0.keys()
    }

    pub(super) fn of_service(&self, service: &Service) -> Option<&LookedAt> {
        self.0.get(service)
    }
}

//! From rows to Arrow columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use chrono::{DateTime, NaiveDate, Utc};

use super::{PeriodRow, Service};
use crate::calendar::days_since_epoch;
use crate::error::{Context, Result};

pub(super) fn texts<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

pub(super) fn instants(values: impl Iterator<Item = DateTime<Utc>>) -> ArrayRef {
    let micros = values.map(|instant| instant.timestamp_micros());
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}

pub(super) fn dates(values: impl Iterator<Item = NaiveDate>) -> ArrayRef {
    Arc::new(Date32Array::from_iter_values(values.map(days_since_epoch)))
}

pub(super) fn booleans(values: impl Iterator<Item = bool>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<BooleanArray>())
}

/// Whole numbers of 32 bits; what does not fit, a number of seconds of many years, is no figure of a day.
pub(super) fn integers(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.map(|value| value.map(|value| i32::try_from(value).unwrap_or(i32::MAX))).collect::<Int32Array>())
}

pub(super) fn long_integers(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// The two columns that name a service.
pub(super) fn services<'a>(values: impl Iterator<Item = &'a Service> + Clone) -> [(&'static str, ArrayRef); 2] {
    [
        ("guichet_id", texts(values.clone().map(|service| Some(&service.0)))),
        ("demarche_id", texts(values.map(|service| Some(&service.1)))),
    ]
}

pub(super) fn periods_table(rows: &[PeriodRow<'_>]) -> Result<RecordBatch> {
    let of = |get: fn(&PeriodRow<'_>) -> DateTime<Utc>| instants(rows.iter().map(get));
    let seconds = |get: fn(&PeriodRow<'_>) -> i64| integers(rows.iter().map(|row| Some(get(row))));
    let exits = || rows.iter().map(|row| row.period.exit.as_ref());
    let columns = services(rows.iter().map(|row| row.service)).into_iter().chain([
        ("departement", texts(rows.iter().map(|row| row.department))),
        ("fuseau", texts(rows.iter().map(|row| Some(row.zone.name())))),
        ("debut_utc", of(|row| row.period.start)),
        ("fin_utc", of(|row| row.period.end)),
        ("premier_cycle_utc", of(|row| row.period.first_cycle())),
        ("cadence_s", seconds(|row| row.period.cadence.num_seconds())),
        ("avance_s", seconds(|row| row.period.earliness().num_seconds())),
        ("negatifs_consignes", booleans(rows.iter().map(|row| row.period.negatives_logged))),
        ("ouverte", booleans(rows.iter().map(|row| row.period.open))),
        ("motif_fin", texts(exits().map(|exit| exit.map(|exit| exit.reason.code())))),
        ("suite", texts(exits().map(|exit| exit.and_then(|exit| exit.successor.as_deref())))),
        ("source", texts(rows.iter().map(|row| row.period.source.as_deref()))),
    ]);
    RecordBatch::try_from_iter(columns).internal("the table perimetre")
}

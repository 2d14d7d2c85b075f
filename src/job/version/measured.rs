//! What was measured says which services there are, and the calendar follows from that.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};

use super::Version;
use super::shown::Shown;
use crate::error::Result;
use crate::model::{Engine as _, Model};
use crate::registry::Registry;
use crate::schema::{column, ordered};
use crate::scope::{DaysSeen, Scope};

/// The table of what was measured of each service, probe and day.
const MEASURED: &str = "jours_mesures";
const CALENDAR: &str = "calendrier";

impl Version<'_> {
    /// A row for each service that was looked at: its first look, the first and the last day, attempts, and dates of slots that are
    /// not believed.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the table of what was measured is not as declared.
    pub(in crate::job) fn measured(&self) -> Result<RecordBatch> {
        let sums = "SELECT guichet_id, demarche_id, MIN(premier_utc) AS premier_utc, MIN(jour) AS premier_jour, \
            MAX(jour) AS dernier_jour, SUM(CAST(tentatives AS BIGINT)) AS tentatives, \
            SUM(CAST(dates_ecartees AS BIGINT)) AS dates_ecartees FROM jours_mesures GROUP BY guichet_id, demarche_id";
        self.asked(sums, Shown::default())
    }

    /// The calendar, some services at a time: of the days from the first on of which it may say something else than in the version
    /// before.
    ///
    /// Those before stay because nothing else makes them: the periods of the schedule, which `perimetre` says, and
    /// the days on which somebody looked. A month of which either changed is touched, so `perimetre` comes first.
    ///
    /// # Errors
    /// As for [`Version::table`].
    pub(in crate::job) fn calendar(&mut self, scope: &Scope<'_>) -> Result<()> {
        let table = self.catalog.table(CALENDAR)?;
        let since = self.since_of(table)?;
        let days = "SELECT DISTINCT guichet_id, demarche_id, jour FROM jours_mesures";
        let seen = DaysSeen::of(&self.asked(days, Shown { since, ..Shown::default() })?)?;
        let staging = Arc::clone(&self.staging);
        let mut writer = staging.begin_parts(table);
        scope.each_day(since.map(|since| since.day), &seen, |rows| writer.write(&ordered(table, rows)?))?;
        let made = self.exported(table, writer.finish()?, since)?;
        self.keep_parts(made)
    }

    fn asked(&self, sql: &str, shown: Shown<'_>) -> Result<RecordBatch> {
        self.engine(&[MEASURED.to_owned()], shown)?.run(&Model::query(MEASURED, sql))
    }

    /// Counts what was measured: dates of slots that are not believed, and attempts on counters that the registry calls fictional.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when a column is missing.
    pub(in crate::job) fn count_measured(&mut self, measured: &RecordBatch, registry: &Registry) -> Result<()> {
        let sums = |name| Ok(column(measured, name, &DataType::Int64)?.as_primitive::<Int64Type>().clone());
        self.digest.dates_set_aside = sums("dates_ecartees")?.iter().flatten().sum();
        let counters = column(measured, "guichet_id", &DataType::Utf8)?;
        let attempts = sums("tentatives")?;
        let counted = counters.as_string::<i32>().iter().zip(&attempts);
        self.fictional_attempts = counted
            .filter(|(id, _)| id.and_then(|id| registry.counter(id)).is_some_and(|counter| counter.fictional))
            .map(|(_, attempts)| attempts.unwrap_or_default().cast_unsigned())
            .sum();
        Ok(())
    }
}

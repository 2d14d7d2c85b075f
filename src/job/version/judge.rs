//! What changed since the version before, and what the gates say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::Utc;

use super::Version;
use super::reads::width;
use super::shown::Shown;
use super::years::months_of;
use crate::diff::{self, Changes, Side};
use crate::error::Result;
use crate::gate::{self, Faults, GateReport};
use crate::ingest::Reading;
use crate::job::compare::schema_report;
use crate::release::{FileEntry, Origins};

impl Version<'_> {
    /// What changed since the version before, where there is one.
    pub(in crate::job) fn changes(&self, origins: &Origins) -> Result<Option<Changes>> {
        let Some(ground) = self.ground else { return Ok(None) };
        let files: Vec<FileEntry> = self.entries().cloned().collect();
        let here: BTreeMap<&str, &PathBuf> =
            self.files.iter().map(|file| (file.entry.path.as_str(), &file.local)).collect();
        let open_old = |file: &FileEntry| ground.fetch(file);
        let open_new = |file: &FileEntry| match here.get(file.path.as_str()) {
            Some(path) => Ok((*path).clone()),
            None => ground.fetch(file),
        };
        let (old_schema, new_schema) =
            (|table: &str| ground.schema(table), |table: &str| self.catalog.table(table).cloned());
        let old = Side {
            version: &ground.manifest.version,
            made_with: &ground.manifest.made_with,
            files: &ground.manifest.files,
            open: &open_old,
            schema: &old_schema,
        };
        let new = Side {
            version: &self.order.version,
            made_with: origins,
            files: &files,
            open: &open_new,
            schema: &new_schema,
        };
        diff::compare(&old, &new, &mut |_, _| Ok(())).map(Some)
    }

    /// What the gates say.
    pub(in crate::job) fn judge(&mut self, reading: &Reading, changes: Option<&Changes>) -> Result<Vec<GateReport>> {
        let schemas = self
            .ground
            .map(|ground| schema_report(ground.manifest, self.catalog, |table| ground.schema(table)))
            .transpose()?;
        let rows = |table: &str| self.rows_shown(table, Shown::default());
        let subject = gate::Subject {
            violations: &self.violations,
            accounts: &reading.accounts,
            read: &reading.read,
            grown: &reading.grown,
            quarantined: &reading.quarantined,
            thresholds: &self.order.pipeline.gates,
            as_of: self.order.as_of.with_timezone(&Utc),
            fictional_attempts: self.fictional_attempts,
            simulated: self.order.pipeline.simulated,
            days: (rows("disponibilite_jour"), rows("calendrier")),
            faults: self.faults()?,
            changes,
            incompatible: schemas.as_ref().map_or(&[], |report| &report.incompatible),
        };
        let mut engine = self.engine(&gate::READS.map(str::to_owned), Shown::default())?;
        gate::try_all(&subject, &mut engine, self.order.overrules)
    }

    /// What gates count of periods and days, of some counters and of one month at a time: memory grows with neither.
    fn faults(&self) -> Result<Faults> {
        let mut faults = Faults::default();
        let [periods, _] = Faults::OF_COUNTERS;
        let width = width(self.catalog.table(periods)?.fields.iter());
        for (counters, _) in self.counters_of(periods, Shown::default(), width)? {
            let shown = Shown { counters: Some(&counters), ..Shown::default() };
            faults += Faults::of_counters(&mut self.engine(&Faults::OF_COUNTERS.map(str::to_owned), shown)?)?;
        }
        let [days, _] = Faults::OF_MONTH;
        let parts = self.tables.get(days).into_iter().flat_map(BTreeMap::keys);
        for month in parts.flat_map(|part| months_of(part)) {
            let shown = Shown { month: Some(&month), ..Shown::default() };
            let only_yes_min = self.order.pipeline.gates.only_yes_min;
            faults += Faults::of_month(&mut self.engine(&Faults::OF_MONTH.map(str::to_owned), shown)?, only_yes_min)?;
        }
        Ok(faults)
    }
}

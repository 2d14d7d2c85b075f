//! What changed since the version before, and what the gates say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::Utc;

use super::Version;
use crate::diff::{self, Changes, Side};
use crate::error::Result;
use crate::gate::{self, GateReport};
use crate::ingest::Reading;
use crate::job::ground::Ground;
use crate::release::{FileEntry, Origins};
use crate::schema::{incompatibility, schema_changes};

impl Version<'_> {
    /// What changed since the version before, where there is one.
    pub(in crate::job) fn changes(&self, ground: Option<&Ground<'_>>, origins: &Origins) -> Result<Option<Changes>> {
        let Some(ground) = ground else { return Ok(None) };
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

    /// Why programs that read the version before could break on this one.
    fn incompatibilities(&self, ground: Option<&Ground<'_>>) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for (name, _) in ground.map(Ground::schemas).into_iter().flatten() {
            match (self.catalog.table(name), ground) {
                (Ok(ours), Some(ground)) => {
                    let published = ground.schema(name)?;
                    if !schema_changes(&published, ours).is_empty() || published.version != ours.version {
                        found.extend(incompatibility(&published, ours)?);
                    }
                }
                _ => found.push(format!("{name}: the table is gone")),
            }
        }
        Ok(found)
    }

    pub(in crate::job) fn judge(
        &mut self,
        reading: &Reading,
        ground: Option<&Ground<'_>>,
        changes: Option<&Changes>,
    ) -> Result<Vec<GateReport>> {
        let incompatible = self.incompatibilities(ground)?;
        let subject = gate::Subject {
            violations: &self.violations,
            accounts: &reading.accounts,
            read: &reading.read,
            thresholds: &self.order.pipeline.gates,
            as_of: self.order.as_of.with_timezone(&Utc),
            fictional_attempts: self.fictional_attempts,
            simulated: self.order.pipeline.simulated,
            changes,
            incompatible: &incompatible,
        };
        let mut engine = self.engine(&gate::READS.map(str::to_owned), None)?;
        gate::try_all(&subject, &mut engine, self.order.overrules)
    }
}

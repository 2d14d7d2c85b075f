//! Derived tables: whole, or month by month where their rows are of one month alone.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use rayon::prelude::*;

use super::parts::{Part, Written};
use super::years::{distinct_months, is_year};
use super::{MONTH, Version};
use crate::error::Result;
use crate::model::{Engine, Model, side_by_side};
use crate::progress::Progress;
use crate::release::read_parquet;

/// Months of a model are worked on at the same time as long as they hold no more attempts than this together: a large one takes
/// the memory that the run may have, and both cores.
const OF_A_MODEL_AT_ONCE: u64 = 200_000;

impl Version<'_> {
    /// Runs each model of which everything that it reads is there and that has not run yet.
    pub(in crate::job) fn derive(&mut self, models: &[Model], progress: &dyn Progress) -> Result<()> {
        let declared = |name: &String| self.catalog.table(name).is_ok();
        let reads: Vec<Vec<&String>> =
            models.iter().map(|model| model.reads.iter().filter(|name| declared(name)).collect()).collect();
        progress.begin("modèles", models.len() as u64);
        for (model, reads) in models.iter().zip(reads) {
            let complete = reads.iter().all(|name| self.tables.contains_key(*name) || **name == model.table);
            if self.tables.contains_key(&model.table) || !complete {
                continue;
            }
            progress.proceed()?;
            let started = std::time::Instant::now();
            if self.catalog.table(&model.table)?.guichets.partition.is_some() {
                self.derive_monthly(model)?;
            } else {
                let rows = self.engine(&model.reads, None)?.run(model)?;
                self.table(&model.table, &rows)?;
            }
            tracing::info!(table = model.table, took = ?started.elapsed(), "derived");
            progress.advance(1);
        }
        progress.end();
        Ok(())
    }

    /// A table that is split: the parts of untouched months stay as they are.
    fn derive_monthly(&mut self, model: &Model) -> Result<()> {
        let stands = self.ground.is_some_and(|ground| ground.derives);
        self.tables.entry(model.table.clone()).or_default();
        if stands {
            self.carry_untouched(&model.table)?;
        }
        let mut months: Vec<String> = self.months_of(model, stands)?.into_iter().collect();
        months.retain(|month| !stands || self.touched.contains(month));
        let table = self.catalog.table(&model.table)?;
        for wave in waves(&months, OF_A_MODEL_AT_ONCE, |month| self.attempts_of(month)) {
            // What they read is brought here before, one after the other: two months may need the same file.
            let engines = wave.iter().map(|month| Ok((month, self.engine(&model.reads, Some(month))?)));
            let engines: Vec<(&String, Engine)> = engines.collect::<Result<_>>()?;
            let derive = |(month, mut engine): (&String, Engine)| {
                let rows = engine.run(model)?;
                (rows.num_rows() > 0).then(|| Written::to(&self.staging, table, Some(month), &rows)).transpose()
            };
            let derived: Vec<Option<(Written<'_>, RecordBatch)>> =
                side_by_side(|| engines.into_par_iter().map(derive).collect::<Result<_>>())??;
            for (written, rows) in derived.into_iter().flatten() {
                self.add(written, &rows)?;
            }
        }
        self.join_years(table)
    }

    /// How many attempts of a month there are.
    fn attempts_of(&self, month: &str) -> u64 {
        let part = self.tables.get("tentatives").and_then(|parts| parts.get(month));
        part.map_or(0, Part::rows)
    }

    /// The months of what a model reads.
    fn months_of(&self, model: &Model, stands: bool) -> Result<BTreeSet<String>> {
        let mut months = BTreeSet::new();
        for name in &model.reads {
            let Ok(table) = self.catalog.table(name) else { continue };
            if table.guichets.partition.is_some() {
                for (name, part) in self.tables.get(name).into_iter().flatten() {
                    if !is_year(name) {
                        months.insert(name.clone());
                    } else if stands {
                        // Of a year that is over, those that are to be made anew are asked for, and no others.
                        months.extend(self.touched.iter().filter(|month| month.starts_with(name.as_str())).cloned());
                    } else {
                        months.extend(distinct_months(&read_parquet(&self.bring(part)?)?)?);
                    }
                }
            } else if table.field(MONTH).is_some() {
                for path in self.local(name)? {
                    months.extend(distinct_months(&read_parquet(&path)?)?);
                }
            }
        }
        Ok(months)
    }
}

/// Months that are worked on at the same time, in their order: as many as hold `most` attempts together, or one that holds more.
pub(super) fn waves(months: &[String], most: u64, attempts: impl Fn(&str) -> u64) -> Vec<&[String]> {
    let (mut waves, mut rest) = (Vec::new(), months);
    while !rest.is_empty() {
        let mut held = 0;
        let mut fits = |month: &str| {
            held += attempts(month);
            held <= most
        };
        let together = rest.iter().take_while(|month| fits(month)).count().max(1);
        let (wave, others) = rest.split_at(together);
        waves.push(wave);
        rest = others;
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_months_are_worked_on_one_by_one_and_none_is_left_out() {
        let months: Vec<String> = ["01", "02", "03", "04", "05"].map(str::to_owned).into();
        let waves = waves(&months, 1_000, |month| if month == "03" { 5_000 } else { 400 });
        assert_eq!(waves.iter().map(|wave| wave.len()).collect::<Vec<_>>(), [2, 1, 2]);
        assert_eq!(waves.concat(), months);
    }
}

//! Derived tables: whole, or month by month where their rows are of one month alone.

use std::collections::BTreeSet;

use super::years::{distinct_months, is_year};
use super::{MONTH, Version};
use crate::error::Result;
use crate::model::Model;
use crate::progress::Progress;
use crate::release::read_parquet;

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
        for month in self.months_of(model, stands)? {
            if stands && !self.touched.contains(&month) {
                continue;
            }
            let rows = self.engine(&model.reads, Some(&month))?.run(model)?;
            if rows.num_rows() > 0 {
                self.part(&model.table, Some(&month), &rows)?;
            }
        }
        self.join_years(self.catalog.table(&model.table)?)
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

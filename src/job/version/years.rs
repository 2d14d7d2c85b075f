//! Years that are over: the months of a compact table are put together in one file, which is fetched as one and never
//! changes; where a line of such a year is new all the same, its months come apart again and the year is written anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::DataType;

use super::{MONTH, Part, Version, Written};
use crate::error::{Context, Result};
use crate::release::{FileEntry, ParquetRows, Rows as _, is_over};
use crate::schema::{TableSchema, column};

/// The year of a part: its own, or that of its month.
pub(super) fn year_of(part: &str) -> &str {
    part.get(..4).unwrap_or(part)
}

/// Whether a part is a whole year.
pub(super) fn is_year(part: &str) -> bool {
    part.len() == 4
}

/// Whether a part is a month.
pub(super) fn is_month(part: &str) -> bool {
    part.len() == 7
}

/// The names of the months of a year.
pub(super) fn months_of_year(year: &str) -> impl Iterator<Item = String> {
    (1..=12).map(move |month| format!("{year}-{month:02}"))
}

/// The months of a part that is a month or a year.
pub(super) fn months_of(part: &str) -> Vec<String> {
    if is_year(part) { months_of_year(part).collect() } else { vec![part.to_owned()] }
}

impl Version<'_> {
    /// Puts the months of each year that is over together, once all of them are there.
    pub(super) fn join_years(&mut self, table: &TableSchema) -> Result<()> {
        let as_of = self.staging.about().as_of;
        // A year that came apart is put together again, also where a run speaks of an earlier moment than the one before.
        let came_apart = self.ground.map(|ground| ground.parts(&table.name)).unwrap_or_default();
        if !table.guichets.joins_years && !came_apart.keys().any(|part| is_year(part)) {
            return Ok(());
        }
        let parts = self.tables.get(&table.name).into_iter().flat_map(BTreeMap::keys);
        let over = |part: &&String| {
            let year = year_of(part);
            !is_year(part) && (came_apart.contains_key(year) || year.parse().is_ok_and(|year| is_over(year, as_of)))
        };
        let years: BTreeSet<String> = parts.filter(over).map(|part| year_of(part).to_owned()).collect();
        for year in years {
            let months = self.take_months(&table.name, &year);
            if let Some(ground) = self.ground {
                let there: Vec<&FileEntry> = months.iter().filter_map(Part::there).collect();
                ground.fetch_all(&there)?;
            }
            let files: Vec<PathBuf> = months.iter().map(|part| self.bring(part)).collect::<Result<_>>()?;
            if files.is_empty() {
                continue;
            }
            // Its months come in their order, and nobody needs all of them at once.
            let mut writer = self.staging.begin(table, Some(&year))?;
            for file in &files {
                ParquetRows::open(file)?.each(&mut |batch| writer.push(batch).map(drop))?;
            }
            let written = Written::exported(&self.staging, table, writer.finish()?)?;
            self.keep(written);
        }
        Ok(())
    }

    /// The months of a year, which then are no parts of the version any more.
    fn take_months(&mut self, table: &str, year: &str) -> Vec<Part> {
        let of_it = |entry: &FileEntry| {
            let part = entry.partition.as_deref().unwrap_or_default();
            entry.table.as_deref() == Some(table) && year_of(part) == year && !is_year(part)
        };
        self.files.retain(|file| !of_it(&file.entry));
        self.carried.retain(|entry| !of_it(entry));
        let Some(parts) = self.tables.get_mut(table) else { return Vec::new() };
        let names: Vec<String> = parts.keys().filter(|part| year_of(part) == year && !is_year(part)).cloned().collect();
        names.iter().filter_map(|name| parts.remove(name)).collect()
    }

    /// The months that a whole year holds, each in a file of its own, but for those that are made anew.
    pub(super) fn take_apart(&self, table: &TableSchema, year: &FileEntry) -> Result<Vec<(String, Part)>> {
        let Some(ground) = self.ground else { return Ok(Vec::new()) };
        let rows = ground.rows(&table.name, year)?;
        let months = distinct_months(&rows)?.into_iter().filter(|month| !self.touched.contains(month));
        let part = |month: String| {
            let staged = self.staging.stage(table, Some(&month), &of_month(&rows, &month)?)?.0;
            Ok((month, Part::Here(staged.parquet)))
        };
        months.map(part).collect()
    }
}

/// The rows of one month.
fn of_month(rows: &RecordBatch, month: &str) -> Result<RecordBatch> {
    let months = column(rows, MONTH, &DataType::Utf8)?;
    let chosen: BooleanArray = months.as_string::<i32>().iter().map(|found| Some(found == Some(month))).collect();
    filter_record_batch(rows, &chosen).internal(month)
}

/// The months that a table speaks of.
pub(super) fn distinct_months(batch: &RecordBatch) -> Result<BTreeSet<String>> {
    let months = column(batch, MONTH, &DataType::Utf8)?;
    Ok(months.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
}

//! The parts of a version's tables: made by this run, or taken over as the version before has them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use rayon::prelude::*;

use super::Version;
use super::since::Since;
use super::years::is_year;
use crate::error::{Context, Error, Result};
use crate::job::LeftOut;
use crate::job::reopened::reopened_months;
use crate::release::{FileEntry, ParquetRows, Parts, Staged, StagedFile, Staging, read_parquet};
use crate::schema::{Format, TableSchema, ordered};

/// Where a part of a table is.
pub(super) enum Part {
    /// Made by this run.
    Here(StagedFile),
    /// In the store, as the version before has it.
    There(FileEntry),
}

impl Part {
    /// How many rows it has.
    pub(super) fn rows(&self) -> u64 {
        match self {
            Self::Here(made) => &made.entry,
            Self::There(file) => file,
        }
        .rows
        .unwrap_or_default()
    }

    pub(super) fn there(&self) -> Option<&FileEntry> {
        match self {
            Self::Here(_) => None,
            Self::There(file) => Some(file),
        }
    }
}

/// A table, or a part of one, whose files are written.
pub(super) struct Written<'t> {
    table: &'t TableSchema,
    parquet: StagedFile,
    others: Vec<StagedFile>,
    violations: Vec<String>,
}

impl<'t> Written<'t> {
    /// Writes it in every format that its schema asks for; the rows, in order, for those who need them.
    pub(super) fn to(
        staging: &Staging,
        table: &'t TableSchema,
        month: Option<&str>,
        rows: &RecordBatch,
    ) -> Result<(Self, RecordBatch)> {
        let (staged, batch) = staging.stage(table, month, rows)?;
        let others = staging.export(table, &staged, &batch)?;
        Ok((Self::of(table, staged, others), batch))
    }

    /// Takes what was written as Parquet and writes the other formats from it.
    pub(super) fn exported(staging: &Staging, table: &'t TableSchema, staged: Staged) -> Result<Self> {
        let others = staging.export(table, &staged, &ParquetRows::open(&staged.parquet.local)?)?;
        Ok(Self::of(table, staged, others))
    }

    fn of(table: &'t TableSchema, staged: Staged, others: Vec<StagedFile>) -> Self {
        let Staged { parquet, violations } = staged;
        Self { table, parquet, others, violations }
    }
}

/// The parts of a table that is split, written.
pub(super) struct ExportedParts<'t> {
    table: &'t TableSchema,
    /// The first day, where those before stay.
    since: Option<Since>,
    violations: Vec<String>,
    /// Each with the files of the version before that say the same; then it is there in Parquet alone, for the models.
    parts: Vec<(Written<'t>, Vec<FileEntry>)>,
}

impl Version<'_> {
    /// Takes over the parts of a table that nothing touches. A year of which a month is touched comes apart.
    pub(super) fn carry_untouched(&mut self, name: &str) -> Result<()> {
        let Some(ground) = self.ground.filter(|ground| ground.resumes) else { return Ok(()) };
        let touched = |part: &str| self.touched.iter().any(|month| month.starts_with(part));
        let mut taken = Vec::new();
        for (part, file) in ground.parts(name) {
            if !touched(part) {
                taken.push((part.to_owned(), Part::There(file.clone())));
            } else if is_year(part) {
                taken.extend(self.take_apart(self.catalog.table(name)?, file)?);
            }
        }
        let untouched =
            ground.entries(name).filter(|file| file.partition.as_deref().is_some_and(|part| !touched(part)));
        let untouched: Vec<FileEntry> = untouched.cloned().collect();
        self.carried.extend(untouched);
        self.tables.entry(name.to_owned()).or_default().extend(taken);
        Ok(())
    }

    /// Stages a table in every format that its schema asks for, and makes it known to the models.
    pub(in crate::job) fn table(&mut self, name: &str, columns: &RecordBatch) -> Result<()> {
        let table = self.catalog.table(name)?;
        if table.guichets.split.is_some() {
            self.in_parts(table, columns, None)
        } else {
            self.part(name, None, columns)
        }
    }

    /// A table that leaves in parts: those that say what they said keep their files, which stay in the store. As for
    /// [`Version::keep_parts`], of all days or from one on.
    pub(super) fn in_parts(&mut self, table: &TableSchema, columns: &RecordBatch, since: Option<Since>) -> Result<()> {
        let staging = Arc::clone(&self.staging);
        let mut writer = staging.begin_parts(table);
        writer.write(&ordered(table, columns)?)?;
        let made = self.exported(table, writer.finish()?, since)?;
        self.keep_parts(made)
    }

    /// Writes the parts of a table in every format that its schema asks for, several at once, but for those that say what they said.
    pub(super) fn exported<'t>(
        &self,
        table: &'t TableSchema,
        made: Parts,
        since: Option<Since>,
    ) -> Result<ExportedParts<'t>> {
        let Parts { parts, violations } = made;
        let ground = self.ground.filter(|ground| ground.derives);
        let exported = parts.into_par_iter().map(|(_, staged)| {
            let standing = ground.map(|ground| ground.standing(&table.name, &staged.parquet.entry)).unwrap_or_default();
            let part = if standing.is_empty() {
                Written::exported(&self.staging, table, staged)?
            } else {
                Written::of(table, staged, Vec::new())
            };
            Ok((part, standing))
        });
        Ok(ExportedParts { table, since, violations, parts: exported.collect::<Result<_>>()? })
    }

    /// Takes over parts that were written: all of them, or those of the days from one on, beside which the others stay as the
    /// version before has them.
    pub(super) fn keep_parts(&mut self, made: ExportedParts<'_>) -> Result<()> {
        let ExportedParts { table, since, violations, parts } = made;
        self.violations.extend(violations);
        // There is something to open then without a part that holds nothing.
        let beside = since.is_some_and(|since| self.carry_before(table, since.day));
        let mut new = Vec::new();
        for (part, standing) in parts.into_iter().filter(|(part, _)| !beside || part.parquet.entry.rows != Some(0)) {
            if standing.is_empty() {
                new.push(part.parquet.local.clone());
                self.keep(part);
            } else {
                self.violations.extend(part.violations);
                self.carried.extend(standing);
                let name = part.parquet.entry.partition.clone().unwrap_or_default();
                self.tables.entry(table.name.clone()).or_default().insert(name, Part::Here(part.parquet));
            }
        }
        let ground = self.ground.filter(|ground| ground.derives);
        if let Some(ground) = ground.filter(|_| table.guichets.reopens) {
            let stands: BTreeSet<&str> = self
                .carried
                .iter()
                .filter(|file| file.table.as_deref() == Some(&table.name))
                .filter_map(|file| file.partition.as_deref())
                .collect();
            let old = ground.table_but(&table.name, &stands)?;
            let new: Vec<RecordBatch> = new.iter().map(|file| read_parquet(file)).collect::<Result<_>>()?;
            let new = concat_batches(&table.arrow_schema(), &new).internal(&table.name)?;
            self.touched.extend(reopened_months(&old, &new)?);
        }
        Ok(())
    }

    pub(super) fn part(&mut self, name: &str, month: Option<&str>, columns: &RecordBatch) -> Result<()> {
        let table = self.catalog.table(name)?;
        let (written, rows) = Written::to(&self.staging, table, month, columns)?;
        self.add(written, &rows)
    }

    /// Takes over what was written, with its rows.
    pub(super) fn add(&mut self, written: Written<'_>, rows: &RecordBatch) -> Result<()> {
        let table = written.table;
        if let Some(ground) = self.ground.filter(|ground| ground.derives && table.guichets.reopens) {
            self.touched.extend(reopened_months(&ground.table(&table.name)?, rows)?);
        }
        self.keep(written);
        Ok(())
    }

    pub(super) fn keep(&mut self, written: Written<'_>) {
        let Written { table, parquet, others, violations } = written;
        let month = parquet.entry.partition.clone().unwrap_or_default();
        let parts = self.tables.entry(table.name.clone()).or_default();
        parts.insert(month, Part::Here(parquet.clone()));
        self.violations.extend(violations);
        let formats = &table.guichets.formats;
        let left_out = formats.iter().filter(|format| {
            **format != Format::Parquet && !others.iter().any(|file| file.entry.format == Some(**format))
        });
        let rows = parquet.entry.rows.unwrap_or_default();
        self.digest.left_out.extend(left_out.map(|format| LeftOut {
            table: table.name.clone(),
            format: *format,
            rows,
        }));
        self.files.extend(others);
        // A step on the way to other tables is made here, and leaves in no format.
        if table.guichets.formats.contains(&Format::Parquet) {
            self.files.push(parquet);
        }
    }

    /// The rows of a table, all parts of it.
    pub(in crate::job) fn rows(&self, name: &str) -> Result<RecordBatch> {
        let batches: Vec<RecordBatch> =
            self.local(name)?.iter().map(|path| read_parquet(path)).collect::<Result<_>>()?;
        let schema = batches
            .first()
            .map_or_else(|| self.catalog.table(name).map(TableSchema::arrow_schema), |first| Ok(first.schema()))?;
        concat_batches(&schema, &batches).internal(name)
    }

    /// The Parquet files of a table; those that are only in the store are brought here.
    pub(super) fn local(&self, name: &str) -> Result<Vec<PathBuf>> {
        let files =
            self.bring_all(&self.tables.get(name).into_iter().flat_map(BTreeMap::values).collect::<Vec<_>>())?;
        if files.is_empty() { Ok(vec![self.empty(name)?]) } else { Ok(files) }
    }

    /// The Parquet files of parts; those that are only in the store are brought here, several at once.
    pub(super) fn bring_all(&self, parts: &[&Part]) -> Result<Vec<PathBuf>> {
        if let Some(ground) = self.ground {
            ground.fetch_all(&parts.iter().filter_map(|part| part.there()).collect::<Vec<_>>())?;
        }
        parts.iter().map(|part| self.bring(part)).collect()
    }

    pub(super) fn bring(&self, part: &Part) -> Result<PathBuf> {
        match (part, self.ground) {
            (Part::Here(made), _) => Ok(made.local.clone()),
            (Part::There(file), Some(ground)) => ground.fetch(file),
            (Part::There(file), None) => Err(Error::internal("a part without its version").at(&file.path)),
        }
    }

    /// A table without rows is a table all the same; nobody publishes this file.
    pub(super) fn empty(&self, name: &str) -> Result<PathBuf> {
        let table = self.catalog.table(name)?;
        Ok(self.staging.stage(table, None, &RecordBatch::new_empty(table.arrow_schema()))?.0.parquet.local)
    }
}

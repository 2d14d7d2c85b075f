//! Derived tables: whole, or month by month where their rows are of one month alone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use rayon::prelude::*;

use super::parts::{ExportedParts, Part, Written};
use super::pieces::{Piece, waves};
use super::shown::in_months;
use super::years::{distinct_months, is_month, is_year, months_of_year};
use super::{MONTH, Version};
use crate::calendar::month;
use crate::error::{Context, Error, Result};
use crate::model::{Engine, InProcess, Model, side_by_side};
use crate::progress::Progress;
use crate::release::{PartWriter, PartsWriter, Staging, content_digest};
use crate::schema::{Reach, ordered};

/// What models have made of a table, or of a month of it, so far.
enum Making<'s> {
    /// It goes to its file as it comes.
    Written(Box<PartWriter<'s>>),
    /// The same to the files of its parts.
    InParts(PartsWriter<'s>),
    /// It is needed whole: months are made anew where it says something else than before.
    Gathered(Vec<RecordBatch>),
}

impl<'s> Making<'s> {
    fn begin(staging: &'s Staging, piece: &'s Piece<'_>) -> Result<Self> {
        let guichets = &piece.table.guichets;
        if guichets.reopens {
            return Ok(Self::Gathered(Vec::new()));
        }
        if guichets.split.is_some() {
            return Ok(Self::InParts(staging.begin_parts(piece.table)));
        }
        Ok(Self::Written(Box::new(staging.begin(piece.table, piece.month.as_deref())?)))
    }

    fn add(&mut self, rows: RecordBatch) -> Result<()> {
        match self {
            Self::Written(writer) => writer.write(&rows)?,
            Self::InParts(writer) => writer.write(&rows)?,
            Self::Gathered(all) => all.push(rows),
        }
        Ok(())
    }
}

/// So many tables, or months of them, wait to be written in all formats.
const FILES_AT_ONCE: usize = 8;

/// What was made of a table, or of a month of it.
enum Made<'m> {
    /// A month without rows.
    Nothing,
    /// One file in each format.
    Written(Box<Written<'m>>),
    /// The same for each part.
    InParts(ExportedParts<'m>),
    /// Rows that are compared with those of before.
    Rows(&'m Piece<'m>, RecordBatch),
}

/// Of an engine elsewhere, answers about so few rows are worked out here, too, and must be the same.
const ROWS_WORKED_OUT_TWICE: u64 = 1 << 14;

/// What works out a piece.
struct OfPiece<'e> {
    engine: Box<dyn Engine + 'e>,
    /// The engine in this process, where it is to say the same.
    second: Option<InProcess>,
}

impl OfPiece<'_> {
    fn derive(mut self, piece: &Piece<'_>) -> Result<RecordBatch> {
        let rows = ordered(piece.table, &self.engine.run(piece.model)?)?;
        if let Some(mut second) = self.second {
            let ours = ordered(piece.table, &second.run(piece.model)?)?;
            if content_digest(piece.table, &ours)? != content_digest(piece.table, &rows)? {
                let name = &piece.table.name;
                return Err(Error::unreachable(format!(
                    "the engine gives other rows than Polars, which gives {}",
                    ours.num_rows()
                ))
                .at(piece
                    .month
                    .as_ref()
                    .map_or_else(|| format!("table {name}"), |month| format!("table {name}, {month}")))
                .hint("nothing was published; run without --engine, and report the engine with its version"));
            }
        }
        Ok(rows)
    }
}

impl<'a> Version<'a> {
    /// The engine of the run with the tables that a piece reads and, where that one is elsewhere and the piece small, ours.
    fn engines_of(&self, piece: &Piece<'_>) -> Result<OfPiece<'a>> {
        let reads = &piece.model.reads;
        let mut engine = self.order.engines.begin()?;
        self.acquaint(&mut *engine, reads, piece.shown())?;
        let twice = self.order.engines.elsewhere().is_some() && piece.rows <= ROWS_WORKED_OUT_TWICE;
        let second = twice.then(|| self.engine(reads, piece.shown())).transpose()?;
        Ok(OfPiece { engine, second })
    }

    /// Runs each model of which everything that it reads is there and that has not run yet; those of which none reads another
    /// side by side.
    pub(in crate::job) fn derive(&mut self, models: &[Model], progress: &dyn Progress) -> Result<()> {
        progress.begin("modèles", models.len() as u64);
        loop {
            let ready: Vec<&Model> = models.iter().filter(|model| self.is_ready(model)).collect();
            if ready.is_empty() {
                break;
            }
            let started = Instant::now();
            let mut pieces = Vec::new();
            for model in &ready {
                pieces.extend(self.pieces_to_make(model)?);
            }
            self.make(&pieces, progress)?;
            for model in &ready {
                let table = self.catalog.table(&model.table)?;
                if table.guichets.partition.is_some() {
                    self.join_years(table)?;
                }
                progress.advance(1);
            }
            let tables: Vec<&str> = ready.iter().map(|model| model.table.as_str()).collect();
            tracing::info!(tables = tables.join(" "), took = ?started.elapsed(), "derived");
        }
        progress.end();
        Ok(())
    }

    fn is_ready(&self, model: &Model) -> bool {
        let made = |name: &String| self.tables.contains_key(name);
        let mut reads = model.reads.iter().filter(|name| self.catalog.table(name).is_ok());
        !made(&model.table) && reads.all(|name| made(name) || *name == model.table)
    }

    /// What is to be made of a table. Of one that is split by months, the parts of untouched months stay as they are.
    fn pieces_to_make<'m>(&mut self, model: &'m Model) -> Result<Vec<Piece<'m>>>
    where
        'a: 'm,
    {
        let reads = self.reads(model)?;
        let table = reads.table;
        if table.guichets.partition.is_none() {
            return self.pieces_of(&reads, None);
        }
        self.tables.entry(model.table.clone()).or_default();
        let stands = self.ground.is_some_and(|ground| ground.derives);
        if stands {
            self.carry_untouched(&model.table)?;
        }
        // A table that leaves in no format has no parts that could stay: its months are there for the days that are made.
        let since = if table.guichets.formats.is_empty() {
            self.since(Reach::Day)?.map(|since| month(since.day))
        } else {
            None
        };
        let is_made = |month: &str| {
            !stands || self.touched.contains(month) || since.as_deref().is_some_and(|first| month >= first)
        };
        let months = self.months_of(model, &is_made)?;
        let pieces = months.iter().map(|month| self.pieces_of(&reads, Some(month)));
        Ok(pieces.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Makes pieces side by side, as many as fit into memory, and takes over what they make in their order.
    fn make(&mut self, pieces: &[Piece<'_>], progress: &dyn Progress) -> Result<()> {
        let staging = Arc::clone(&self.staging);
        let (mut open, mut done): (Option<(&Piece<'_>, Making<'_>)>, Vec<_>) = (None, Vec::new());
        for wave in waves(pieces, self.bytes_at_once(), Piece::weight) {
            progress.proceed()?;
            // What they read is brought here before, one after the other: two may need the same file.
            let engines: Vec<OfPiece<'_>> = wave.iter().map(|piece| self.engines_of(piece)).collect::<Result<_>>()?;
            let derived: Vec<RecordBatch> = side_by_side(|| {
                wave.par_iter().zip(engines).map(|(piece, engines)| engines.derive(piece)).collect::<Result<_>>()
            })??;
            for (piece, rows) in wave.iter().zip(derived) {
                if open.as_ref().is_some_and(|(other, _)| !piece.is_of(other)) {
                    done.extend(open.take());
                }
                if done.len() >= FILES_AT_ONCE {
                    self.take_over(std::mem::take(&mut done))?;
                }
                let (_, making) = match &mut open {
                    Some(open) => open,
                    None => open.insert((piece, self.begin(&staging, piece)?)),
                };
                making.add(rows)?;
            }
        }
        done.extend(open);
        self.take_over(done)
    }

    /// Begins a table, or a month of it, with the rows of the version before that stay.
    fn begin<'s>(&self, staging: &'s Staging, piece: &'s Piece<'_>) -> Result<Making<'s>> {
        let mut making = Making::begin(staging, piece)?;
        if let (Making::Written(_), None, Some(since)) = (&making, &piece.month, piece.since) {
            self.each_before(piece.table, since, |rows| making.add(rows))?;
        }
        Ok(making)
    }

    /// Takes over what was made of tables, or of months of them, written side by side in all formats.
    fn take_over(&mut self, done: Vec<(&Piece<'_>, Making<'_>)>) -> Result<()> {
        let made: Vec<Made<'_>> =
            done.into_par_iter().map(|(piece, making)| self.made(piece, making)).collect::<Result<_>>()?;
        for made in made {
            match made {
                Made::Nothing => {}
                Made::Written(written) => self.keep(*written),
                Made::InParts(parts) => self.keep_parts(parts)?,
                Made::Rows(piece, rows) if piece.table.guichets.split.is_some() => {
                    self.in_parts(piece.table, &rows, piece.since)?;
                }
                Made::Rows(piece, rows) => self.part(&piece.table.name, piece.month.as_deref(), &rows)?,
            }
        }
        Ok(())
    }

    /// What was made of a table, or of a month of it; a month without rows has no file.
    fn made<'m>(&self, piece: &'m Piece<'_>, making: Making<'_>) -> Result<Made<'m>> {
        let table = piece.table;
        Ok(match making {
            Making::Written(writer) if piece.month.is_some() && writer.rows() == 0 => Made::Nothing,
            Making::Written(writer) => {
                Made::Written(Box::new(Written::exported(&self.staging, table, writer.finish()?)?))
            }
            Making::InParts(writer) => Made::InParts(self.exported(table, writer.finish()?, piece.since)?),
            Making::Gathered(all) => match all.first() {
                None => Made::Nothing,
                Some(first) => Made::Rows(piece, concat_batches(&first.schema(), &all).internal(&table.name)?),
            },
        })
    }

    /// The months of what a model reads, of those that are made.
    fn months_of(&self, model: &Model, is_made: &dyn Fn(&str) -> bool) -> Result<BTreeSet<String>> {
        let mut months = BTreeSet::new();
        for name in &model.reads {
            let Ok(table) = self.catalog.table(name) else { continue };
            if table.field(MONTH).is_none() {
                continue;
            }
            for (name, part) in self.tables.get(name).into_iter().flatten() {
                if in_months(table) && !is_year(name) {
                    months.extend(Some(name).filter(|name| is_month(name) && is_made(name)).cloned());
                } else if !is_year(name) || months_of_year(name).any(|month| is_made(&month)) {
                    months.extend(self.months_in(&table.name, part)?.into_iter().filter(|month| is_made(month)));
                }
            }
        }
        Ok(months)
    }

    /// The months that a part of a table speaks of.
    fn months_in(&self, table: &str, part: &Part) -> Result<BTreeSet<String>> {
        let mut engine = InProcess::default();
        engine.register(table, &[self.bring(part)?], &[])?;
        distinct_months(&engine.run(&Model::query("mois", &format!("SELECT DISTINCT {MONTH} FROM {table}")))?)
    }
}

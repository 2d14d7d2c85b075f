//! Derived tables: whole, or month by month where their rows are of one month alone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use rayon::prelude::*;

use super::parts::Written;
use super::pieces::{Piece, waves};
use super::years::{distinct_months, is_year};
use super::{MONTH, Version};
use crate::error::{Context, Error, Result};
use crate::model::{Engine, InProcess, Model, side_by_side};
use crate::progress::Progress;
use crate::release::{PartWriter, PartsWriter, Staging, content_digest, read_parquet};
use crate::schema::ordered;

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
        let (reads, month, counters) = (&piece.model.reads, piece.month.as_deref(), piece.counters.as_ref());
        let mut engine = self.order.engines.begin()?;
        self.acquaint(&mut *engine, reads, month, counters)?;
        let twice = self.order.engines.elsewhere().is_some() && piece.rows <= ROWS_WORKED_OUT_TWICE;
        let second = twice.then(|| self.engine(reads, month, counters)).transpose()?;
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
        let table = self.catalog.table(&model.table)?;
        if table.guichets.partition.is_none() {
            return self.pieces_of(model, None);
        }
        let stands = self.ground.is_some_and(|ground| ground.derives);
        self.tables.entry(model.table.clone()).or_default();
        if stands {
            self.carry_untouched(&model.table)?;
        }
        let mut months = self.months_of(model, stands)?;
        months.retain(|month| !stands || self.touched.contains(month));
        let pieces = months.iter().map(|month| self.pieces_of(model, Some(month)));
        Ok(pieces.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Makes pieces side by side, as many as fit into memory, and takes over what they make in their order.
    fn make(&mut self, pieces: &[Piece<'_>], progress: &dyn Progress) -> Result<()> {
        let staging = Arc::clone(&self.staging);
        let mut open: Option<(&Piece<'_>, Making<'_>)> = None;
        for wave in waves(pieces, self.rows_at_once(), Piece::weight) {
            progress.proceed()?;
            // What they read is brought here before, one after the other: two may need the same file.
            let engines: Vec<OfPiece<'_>> = wave.iter().map(|piece| self.engines_of(piece)).collect::<Result<_>>()?;
            let derived: Vec<RecordBatch> = side_by_side(|| {
                wave.par_iter().zip(engines).map(|(piece, engines)| engines.derive(piece)).collect::<Result<_>>()
            })??;
            for (piece, rows) in wave.iter().zip(derived) {
                if open.as_ref().is_some_and(|(other, _)| !piece.is_of(other)) {
                    open.take().map(|(piece, making)| self.made(piece, making)).transpose()?;
                }
                let (_, making) = match &mut open {
                    Some(open) => open,
                    None => open.insert((piece, Making::begin(&staging, piece)?)),
                };
                self.note(&piece.table.name, &rows);
                making.add(rows)?;
            }
        }
        open.take().map(|(piece, making)| self.made(piece, making)).transpose()?;
        Ok(())
    }

    /// Takes over what was made of a table, or of a month of it; a month without rows has no file.
    fn made(&mut self, piece: &Piece<'_>, making: Making<'_>) -> Result<()> {
        let table = self.catalog.table(&piece.table.name)?;
        match making {
            Making::Written(writer) if piece.month.is_some() && writer.rows() == 0 => {}
            Making::Written(writer) => {
                let written = Written::exported(&self.staging, table, writer.finish()?)?;
                self.keep(written);
            }
            Making::InParts(writer) => self.keep_parts(table, writer.finish()?)?,
            Making::Gathered(all) => {
                let Some(first) = all.first() else { return Ok(()) };
                let rows = concat_batches(&first.schema(), &all).internal(&table.name)?;
                match &piece.month {
                    None => self.table(&table.name, &rows)?,
                    month => self.part(&table.name, month.as_deref(), &rows)?,
                }
            }
        }
        Ok(())
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

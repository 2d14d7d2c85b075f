//! What a model reads, and what rows of it take in memory.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::Version;
use super::shown::{SERVICE, Shown};
use super::since::Since;
use crate::error::Result;
use crate::model::Model;
use crate::schema::{Field, FieldType, TableSchema};

/// What a cell takes in memory, in bytes, while a model works on its row and hands over what it made of it, by whether it is a text:
/// as measured of the models that take most, `consultations` and `plannings_consultes`, whose rows take some 2 KiB.
const BYTES_OF_A_TEXT: u64 = 128;
const BYTES_OF_A_VALUE: u64 = 32;

/// A model, and what it reads.
pub(super) struct Reads<'m> {
    pub(super) model: &'m Model,
    pub(super) table: &'m TableSchema,
    /// The first day, of a table of days of which those before stay as they are.
    pub(super) since: Option<Since>,
    /// What a row takes of each table, in bytes, by the columns that are read of it; found out where it matters.
    widths: OnceCell<BTreeMap<String, u64>>,
}

/// The table of which a model reads most.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Most<'m> {
    pub(super) table: Option<&'m str>,
    pub(super) rows: u64,
    /// What a row of it takes, in bytes.
    pub(super) width: u64,
}

impl Most<'_> {
    pub(super) const fn bytes(&self) -> u64 {
        self.rows.saturating_mul(self.width)
    }
}

/// What a row of these columns takes, in bytes.
pub(super) fn width<'f>(columns: impl Iterator<Item = &'f Field>) -> u64 {
    columns.map(|column| if column.kind == FieldType::String { BYTES_OF_A_TEXT } else { BYTES_OF_A_VALUE }).sum()
}

impl<'a> Version<'a> {
    /// A model, and what it reads.
    ///
    /// # Errors
    /// As for [`Version::since`].
    pub(super) fn reads<'m>(&self, model: &'m Model) -> Result<Reads<'m>>
    where
        'a: 'm,
    {
        let table = self.catalog.table(&model.table)?;
        Ok(Reads { model, table, since: self.since_of(table)?, widths: OnceCell::new() })
    }

    /// The table of which a model reads most, of those that speak of services. Where all of their columns would be too much for one
    /// piece, those that the model reads are counted.
    pub(super) fn most_read<'m>(&self, reads: &Reads<'m>, shown: Shown<'_>) -> Result<Most<'m>> {
        let of_services = |name: &str| self.catalog.table(name).is_ok_and(|table| table.field(SERVICE[0]).is_some());
        let most = |width: &dyn Fn(&str) -> u64| {
            let tables = reads.model.reads.iter().filter(|name| of_services(name));
            let read =
                tables.map(|name| Most { table: Some(name), rows: self.rows_shown(name, shown), width: width(name) });
            read.max_by_key(Most::bytes).unwrap_or_default()
        };
        let whole_row = |name: &str| self.catalog.table(name).map_or(0, |table| width(table.fields.iter()));
        let whole = most(&whole_row);
        if whole.bytes() <= self.bytes_of_a_piece() {
            return Ok(whole);
        }
        let widths = if let Some(widths) = reads.widths.get() {
            widths
        } else {
            let widths = self.widths(reads.model, shown)?;
            reads.widths.get_or_init(|| widths)
        };
        // What the plan does not name is taken for read whole.
        Ok(most(&|name| widths.get(name).copied().unwrap_or_else(|| whole_row(name))))
    }

    /// What a row takes of each table that a model reads, in bytes, by the columns that it reads of it.
    fn widths(&self, model: &Model, shown: Shown<'_>) -> Result<BTreeMap<String, u64>> {
        let mut engine = self.engine(&model.reads, shown)?;
        let read = engine.columns_read(model)?;
        let width = |(name, columns): (String, BTreeSet<String>)| {
            let table = self.catalog.table(&name)?;
            Ok((name, width(table.fields.iter().filter(|field| columns.contains(&field.name)))))
        };
        read.into_iter().map(width).collect()
    }
}

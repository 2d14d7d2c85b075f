//! What models are shown of the tables that they read: all of them, a month, some counters, or the days from one on.

use super::parts::Part;
use super::since::{DAY, Since, is_by_day};
use super::years::year_of;
use super::{MONTH, Version};
use crate::calendar::month;
use crate::error::Result;
use crate::model::{Engine, InProcess, Only};
use crate::schema::{Reach, TableSchema};

/// The columns that name a service, of which the first tells pieces apart.
pub(super) const SERVICE: [&str; 2] = ["guichet_id", "demarche_id"];

/// Some counters that follow each other in the order of their ids. The first of all groups begins before all, and the last ends
/// after all: a counter of which one table says nothing may stand in another that is read beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counters {
    /// The first of them.
    pub(super) from: Option<String>,
    /// The first that is none of them.
    pub(super) below: Option<String>,
}

impl Counters {
    /// The rows of a table that speak of them.
    fn rows(&self) -> impl Iterator<Item = Only<'_>> {
        let from = self.from.as_deref().map(|id| Only::From(SERVICE[0], id));
        let below = self.below.as_deref().map(|id| Only::Below(SERVICE[0], id));
        from.into_iter().chain(below)
    }
}

/// What is shown of each table, as far as it can be told apart.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shown<'a> {
    /// A month.
    pub(super) month: Option<&'a str>,
    /// Some counters.
    pub(super) counters: Option<&'a Counters>,
    /// The days from one on.
    pub(super) since: Option<Since>,
}

/// Whether a table comes in months, by its parts or within those that are years.
pub(super) fn in_months(table: &TableSchema) -> bool {
    table.guichets.partition.is_some() || is_by_day(table) && table.field(MONTH).is_some()
}

/// The column that dates the rows of a table, that of days or, of a period, of its first day.
fn dated(table: &TableSchema) -> Option<&'static str> {
    [DAY, "premier_jour"].into_iter().find(|name| table.field(name).is_some())
}

impl Shown<'_> {
    /// Whether a part of a table that comes in months may hold rows of it.
    fn meets(&self, part: &str) -> bool {
        // Of a year, a part has the year's name, and its months begin with it.
        let from = |month: &str| part >= month.get(..part.len()).unwrap_or(month);
        match (self.month, self.since) {
            (Some(month), _) => part == month || part == year_of(month),
            (None, Some(since)) => from(&month(since.looks)),
            (None, None) => true,
        }
    }
}

impl Version<'_> {
    /// The engine in this process, which knows some tables.
    pub(super) fn engine(&self, reads: &[String], shown: Shown<'_>) -> Result<InProcess> {
        let mut engine = InProcess::default();
        self.acquaint(&mut engine, reads, shown)?;
        Ok(engine)
    }

    /// The same with whatever engine.
    pub(super) fn acquaint(&self, engine: &mut dyn Engine, reads: &[String], shown: Shown<'_>) -> Result<()> {
        for name in reads.iter().filter(|name| self.tables.contains_key(*name)) {
            let table = self.catalog.table(name)?;
            let parts = self.parts_shown(table, shown);
            let files = self.bring_all(&parts.iter().map(|(_, part)| *part).collect::<Vec<_>>())?;
            let mut some = Vec::new();
            // A part that is the month holds nothing else.
            let holds_others =
                |month: &&str| table.field(MONTH).is_some() && parts.iter().any(|(part, _)| part != month);
            some.extend(shown.month.filter(holds_others).map(|month| Only::Of(MONTH, month)));
            some.extend(shown.since.zip(dated(table)).map(|(since, dated)| Only::FromDay(dated, since.day)));
            let counters = shown.counters.filter(|_| table.field(SERVICE[0]).is_some());
            some.extend(counters.into_iter().flat_map(Counters::rows));
            // A table without rows is a table all the same.
            let files = if files.is_empty() { vec![self.empty(name)?] } else { files };
            engine.register(name, &files, &some)?;
        }
        Ok(())
    }

    /// The parts that may hold what is shown of a table.
    fn parts_shown(&self, table: &TableSchema, shown: Shown<'_>) -> Vec<(&str, &Part)> {
        let parts = self.tables.get(&table.name).into_iter().flatten().map(|(name, part)| (name.as_str(), part));
        // Months from one on, where the rows tell which days are meant or nothing is made of another month.
        let by_month = shown.since.is_some_and(|since| since.reach == Reach::Month);
        let whole = !in_months(table) || shown.month.is_none() && dated(table).is_none() && !by_month;
        parts.filter(|(name, _)| whole || shown.meets(name)).collect()
    }

    /// How many rows the files have that hold what is shown of a table.
    pub(super) fn rows_shown(&self, name: &str, shown: Shown<'_>) -> u64 {
        let table = self.catalog.table(name);
        table.map_or(0, |table| self.parts_shown(table, shown).into_iter().map(|(_, part)| part.rows()).sum())
    }
}

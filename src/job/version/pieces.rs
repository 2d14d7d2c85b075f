//! What a model works on at once: a table, a month of it, or some counters of either, so that memory grows with none of them.

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};

use super::Version;
use super::reads::Reads;
use super::shown::{Counters, SERVICE, Shown};
use super::since::Since;
use crate::error::Result;
use crate::model::{Engine as _, Model};
use crate::schema::{TableSchema, column};

/// What a plan takes beside its rows: a history of many small months is as many plans.
const BYTES_OF_A_PLAN: u64 = 2 << 20;
/// What is large comes apart into pieces of which so many fit into memory: while one waits for its neighbour, no core rests.
const PIECES_AT_ONCE: u64 = 2;

/// What a model works on at once.
pub(super) struct Piece<'a> {
    pub(super) model: &'a Model,
    pub(super) table: &'a TableSchema,
    /// The month, of a table that is split by months.
    pub(super) month: Option<String>,
    /// The counters, where there is too much for all of them.
    pub(super) counters: Option<Counters>,
    /// The first day, of a table of days of which those before stay as they are.
    pub(super) since: Option<Since>,
    /// How many rows it reads, of the table of which it reads most.
    pub(super) rows: u64,
    /// What these take in memory, in bytes.
    bytes: u64,
}

impl Piece<'_> {
    /// What it takes in memory, in bytes.
    pub(super) fn weight(&self) -> u64 {
        self.bytes.saturating_add(BYTES_OF_A_PLAN)
    }

    /// What it is shown of the tables that it reads.
    pub(super) fn shown(&self) -> Shown<'_> {
        Shown { month: self.month.as_deref(), counters: self.counters.as_ref(), since: self.since }
    }

    /// Whether two pieces make rows of one file.
    pub(super) fn is_of(&self, other: &Piece<'_>) -> bool {
        (&self.table.name, &self.month) == (&other.table.name, &other.month)
    }
}

/// Whether the rows of a table, or of a month of it, stand in the order of services. Such a table is made by a model that looks at
/// one service at a time.
fn is_by_service(table: &TableSchema) -> bool {
    let split = table.guichets.partition.as_ref().map_or(0, |_| 1);
    table.guichets.order.iter().skip(split).take(SERVICE.len()).eq(SERVICE)
}

impl Version<'_> {
    /// How many bytes models may work on at the same time.
    pub(super) fn bytes_at_once(&self) -> u64 {
        self.order.pipeline.limits.model_bytes() as u64
    }

    /// How many of them one piece may take, of what comes apart.
    pub(super) fn bytes_of_a_piece(&self) -> u64 {
        self.bytes_at_once() / PIECES_AT_ONCE
    }

    /// What a model works on, of a month or of all, in the order of its table.
    pub(super) fn pieces_of<'m>(&self, reads: &Reads<'m>, month: Option<&str>) -> Result<Vec<Piece<'m>>> {
        let &Reads { model, table, since, .. } = reads;
        let shown = Shown { month, counters: None, since };
        let most = self.most_read(reads, shown)?;
        let piece = |counters, rows| {
            let bytes = most.width.saturating_mul(rows);
            Piece { model, table, month: month.map(str::to_owned), counters, since, rows, bytes }
        };
        let large = most.bytes() > self.bytes_of_a_piece() && is_by_service(table);
        let groups = match most.table.filter(|_| large) {
            None => Vec::new(),
            Some(table) => self.counters_of(table, shown, most.width)?,
        };
        if groups.is_empty() {
            return Ok(vec![piece(None, most.rows)]);
        }
        Ok(groups.into_iter().map(|(counters, rows)| piece(Some(counters), rows)).collect())
    }

    /// The counters of a table, in groups of as many rows of a width as a piece may have, or that are one counter.
    pub(super) fn counters_of(&self, name: &str, shown: Shown<'_>, width: u64) -> Result<Vec<(Counters, u64)>> {
        let count = Model::query(
            "lignes par guichet",
            &format!("SELECT guichet_id, COUNT(*) AS lignes FROM {name} GROUP BY guichet_id ORDER BY guichet_id"),
        );
        let counted = self.engine(&[name.to_owned()], shown)?.run(&count)?;
        let ids = column(&counted, SERVICE[0], &DataType::Utf8)?;
        let counts = column(&counted, "lignes", &DataType::Int64)?;
        let counts = counts.as_primitive::<Int64Type>().values().iter().map(|rows| rows.cast_unsigned());
        let counters = ids.as_string::<i32>().iter().flatten().zip(counts);
        Ok(grouped(counters, self.bytes_of_a_piece() / width.max(1)))
    }
}

/// Counters in their order, in groups that hold no more than `most` rows, or that are one counter.
fn grouped<'c>(counters: impl Iterator<Item = (&'c str, u64)>, most: u64) -> Vec<(Counters, u64)> {
    let mut groups: Vec<(Counters, u64)> = Vec::new();
    for (id, rows) in counters {
        match groups.last_mut() {
            Some((_, held)) if *held + rows <= most => *held += rows,
            last => {
                let from = last.map(|(counters, _)| {
                    counters.below = Some(id.to_owned());
                    id.to_owned()
                });
                groups.push((Counters { from, below: None }, rows));
            }
        }
    }
    groups
}

/// What is worked on at the same time, in its order: as much as holds `most` rows together, or one that holds more.
pub(super) fn waves<T>(all: &[T], most: u64, rows: impl Fn(&T) -> u64) -> Vec<&[T]> {
    let (mut waves, mut rest) = (Vec::new(), all);
    while !rest.is_empty() {
        let mut held = 0;
        let mut fits = |one: &T| {
            held += rows(one);
            held <= most
        };
        let together = rest.iter().take_while(|one| fits(one)).count().max(1);
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
    fn groups_of_counters_leave_no_counter_between_them() {
        let counted = [("b", 3), ("c", 3), ("d", 9), ("f", 1), ("g", 1)];
        let groups = grouped(counted.into_iter(), 6);
        let bounds: Vec<(Option<&str>, Option<&str>, u64)> =
            groups.iter().map(|(group, rows)| (group.from.as_deref(), group.below.as_deref(), *rows)).collect();
        assert_eq!(bounds, [(None, Some("d"), 6), (Some("d"), Some("f"), 9), (Some("f"), None, 2)]);
    }

    #[test]
    fn large_pieces_are_worked_on_one_by_one_and_none_is_left_out() {
        let months = ["01", "02", "03", "04", "05"];
        let waves = waves(&months, 1_000, |month| if *month == "03" { 5_000 } else { 400 });
        assert_eq!(waves.iter().map(|wave| wave.len()).collect::<Vec<_>>(), [2, 1, 2]);
        assert_eq!(waves.concat(), months);
    }
}

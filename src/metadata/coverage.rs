//! What a version covers: from when to when, how often it was looked, what came of it.

use std::collections::BTreeSet;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use chrono::NaiveDate;

use crate::schema::total;

/// Figures of a whole version, each with what it is a part of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The first local day and the last on which anyone looked; nothing where nobody did.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// Pairs of a counter and a procedure in scope.
    services: BTreeSet<(String, String)>,
    /// Départements of these counters.
    departments: BTreeSet<String>,
    /// Rows of the table `tentatives`.
    pub attempts: i64,
    /// Consultations: looks at a service, whatever they found.
    pub looks: i64,
    /// Consultations that showed an appointment.
    pub yes: i64,
    /// Consultations of which every expected planning answered « no ».
    pub no: i64,
    /// Consultations that could not tell.
    pub unknown: i64,
    /// Consultations of a service that no longer answers there.
    pub out_of_scope: i64,
    /// Cycles that the schedule expected.
    pub expected: i64,
    /// Cycles that were measured.
    pub measured: i64,
}

impl Coverage {
    /// Adds rows of the table `disponibilite_jour`, the dense grid. A column that is not there counts for nothing.
    pub fn add(&mut self, grid: &RecordBatch) {
        let texts =
            |column: &str| Some(cast(grid.column_by_name(column)?, &DataType::Utf8).ok()?.as_string::<i32>().clone());
        if let Some((counters, procedures)) = texts("guichet_id").zip(texts("demarche_id")) {
            for (counter, procedure) in counters.iter().flatten().zip(procedures.iter().flatten()) {
                // Rows of one service stand together.
                if self.services.last().is_none_or(|(last, other)| (&**last, &**other) != (counter, procedure)) {
                    self.services.insert((counter.to_owned(), procedure.to_owned()));
                }
            }
        }
        for department in texts("departement").iter().flatten().flatten() {
            if !self.departments.contains(department) {
                self.departments.insert(department.to_owned());
            }
        }
        let looked = self.days.into_iter().chain(days(grid));
        self.days = looked.reduce(|(first, last), (from, to)| (first.min(from), last.max(to)));
        let sums = [
            (&mut self.attempts, "lignes"),
            (&mut self.looks, "consultations"),
            (&mut self.yes, "oui"),
            (&mut self.no, "non"),
            (&mut self.unknown, "inconnues"),
            (&mut self.out_of_scope, "hors_champ"),
            (&mut self.expected, "cycles_prevus"),
            (&mut self.measured, "cycles_mesures"),
        ];
        for (sum, column) in sums {
            *sum += total(grid, column);
        }
    }

    /// Pairs of a counter and a procedure in scope.
    #[must_use]
    pub fn services(&self) -> usize {
        self.services.len()
    }

    /// Counters in scope.
    #[must_use]
    pub fn counters(&self) -> usize {
        self.services.iter().map(|(counter, _)| counter).collect::<BTreeSet<_>>().len()
    }

    /// Départements of these counters.
    #[must_use]
    pub fn departments(&self) -> usize {
        self.departments.len()
    }
}

fn days(grid: &RecordBatch) -> Option<(NaiveDate, NaiveDate)> {
    let days = cast(grid.column_by_name("jour")?, &DataType::Date32).ok()?;
    let lines = cast(grid.column_by_name("lignes")?, &DataType::Int64).ok()?;
    let looked = days.as_primitive::<Date32Type>().iter().zip(lines.as_primitive::<Int64Type>());
    let looked = looked.filter(|(_, lines)| lines.is_some_and(|lines| lines > 0)).filter_map(|(day, _)| day);
    let (first, last) = looked.fold(None, |range: Option<(i32, i32)>, day| {
        Some(range.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
    })?;
    Some((NaiveDate::from_epoch_days(first)?, NaiveDate::from_epoch_days(last)?))
}

//! What a version covers: from when to when, how often it was looked, what came of it.

use std::collections::BTreeSet;

use arrow::array::{AsArray, RecordBatch, StringArray};
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
    pub services: usize,
    /// Counters in scope.
    pub counters: usize,
    /// Départements of these counters.
    pub departments: usize,
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
    /// The figures of the table `disponibilite_jour`, the dense grid. A column that is not there counts for nothing.
    #[must_use]
    pub fn of(grid: &RecordBatch) -> Self {
        let sum = |column: &str| total(grid, column);
        let texts = |column: &str| Some(cast(grid.column_by_name(column)?, &DataType::Utf8).ok()?.as_string().clone());
        let (counters, procedures) = (texts("guichet_id"), texts("demarche_id"));
        let distinct = |column: &Option<StringArray>| {
            column.iter().flatten().flatten().map(str::to_owned).collect::<BTreeSet<String>>().len()
        };
        let services = counters.iter().flatten().zip(procedures.iter().flatten()).collect::<BTreeSet<_>>().len();
        Self {
            days: days(grid),
            services,
            counters: distinct(&counters),
            departments: distinct(&texts("departement")),
            attempts: sum("lignes"),
            looks: sum("consultations"),
            yes: sum("oui"),
            no: sum("non"),
            unknown: sum("inconnues"),
            out_of_scope: sum("hors_champ"),
            expected: sum("cycles_prevus"),
            measured: sum("cycles_mesures"),
        }
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

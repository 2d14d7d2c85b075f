//! What a version covers: from when to when, how often it was looked, what came of it.

use std::collections::BTreeSet;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, max, min};
use arrow::datatypes::{DataType, Date32Type};
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
    /// What the rows of `disponibilite_ensemble` tell, one for each service, and what `premier_jour` and
    /// `dernier_jour` tell of the days on which somebody looked. A column that is not there counts for nothing.
    #[must_use]
    pub fn of(services: &RecordBatch, measured: &RecordBatch) -> Self {
        let mut coverage = Self { days: days(measured), ..Self::default() };
        let texts = |column: &str| -> Vec<String> {
            let values = services.column_by_name(column).and_then(|values| cast(values, &DataType::Utf8).ok());
            let texts = values.iter().flat_map(|values| values.as_string::<i32>().iter());
            texts.flatten().map(str::to_owned).collect()
        };
        coverage.services = texts("guichet_id").into_iter().zip(texts("demarche_id")).collect();
        coverage.departments = texts("departement").into_iter().collect();
        let sums = [
            (&mut coverage.attempts, "lignes"),
            (&mut coverage.looks, "consultations"),
            (&mut coverage.yes, "oui"),
            (&mut coverage.no, "non"),
            (&mut coverage.unknown, "inconnues"),
            (&mut coverage.out_of_scope, "hors_champ"),
            (&mut coverage.expected, "cycles_prevus"),
            (&mut coverage.measured, "cycles_mesures"),
        ];
        for (sum, column) in sums {
            *sum = total(services, column);
        }
        coverage
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

fn days(measured: &RecordBatch) -> Option<(NaiveDate, NaiveDate)> {
    let days = |name| Some(measured.column_by_name(name)?.as_primitive_opt::<Date32Type>()?.clone());
    let (first, last) = (min(&days("premier_jour")?)?, max(&days("dernier_jour")?)?);
    Some((NaiveDate::from_epoch_days(first)?, NaiveDate::from_epoch_days(last)?))
}

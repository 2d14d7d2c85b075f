//! Gates that ask the tables of the version.

use std::fmt::Write as _;
use std::ops::AddAssign;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};

use super::{Gate, GateReport, Subject, report, share};
use crate::error::Result;
use crate::model::{Engine, Model};

/// Pages that no rule recognises, in the seven days before the newest attempt; too few attempts tell nothing.
pub(super) fn last_days(engine: &mut dyn Engine, most: f64) -> Result<GateReport> {
    let counts = count(
        engine,
        "WITH newest AS (SELECT MAX(jour) AS jour FROM jours_mesures)
         SELECT SUM(CAST(j.tentatives AS BIGINT)) AS attempts, SUM(CAST(j.non_reconnues AS BIGINT)) AS unrecognized
         FROM jours_mesures AS j
         CROSS JOIN newest AS n
         WHERE j.jour > CAST(n.jour - INTERVAL '7 days' AS DATE)",
    )?;
    let number = |name: &str| column(&counts, name).max(0).cast_unsigned();
    let (unrecognized, attempts) = (number("unrecognized"), number("attempts"));
    Ok(share_of_enough(Gate::Unrecognized, unrecognized, (attempts, ENOUGH), most, "attempts of the last seven days"))
}

/// How many of a part of the history are enough to judge it by.
const ENOUGH: u64 = 100;

/// The share of a whole, of which fewer than some tell nothing.
fn share_of_enough(gate: Gate, part: u64, (whole, fewest): (u64, u64), most: f64, unit: &str) -> GateReport {
    let judged = if whole < fewest { 0 } else { whole };
    share(gate, part.min(judged), judged, most, unit)
}

/// Of which months cycles and consultations are counted.
#[derive(Clone, Copy)]
pub(super) enum Months {
    All,
    /// A long history would hide what goes wrong now; too few rows tell nothing.
    Newest,
}

impl Months {
    /// A table that has months, under a name; what is counted of it, in words; and from how many on it is judged.
    fn of(self, table: &str, name: &str, unit: &str) -> (String, String, u64) {
        match self {
            Self::All => (format!("{table} AS {name}"), unit.to_owned(), 0),
            // Joined only where it is needed: the engine multiplies the rows by those of a table of which it uses no column.
            Self::Newest => (
                format!(
                    "{table} AS {name} INNER JOIN (SELECT MAX(mois) AS mois FROM {table}) AS n ON {name}.mois = n.mois"
                ),
                format!("{unit} of the newest month"),
                ENOUGH,
            ),
        }
    }
}

/// Consultations that lack a planning which they were to ask: a robot that stops before the last one sees fewer « yes » than
/// there are, and their « no » are unknown.
pub(super) fn incomplete(engine: &mut dyn Engine, most: f64, months: Months) -> Result<GateReport> {
    let (of, unit, fewest) = months.of("disponibilite_mois", "d", "consultations");
    let counts = count(
        engine,
        &format!(
            "SELECT SUM(CAST(d.consultations AS BIGINT)) AS consultations, SUM(CAST(d.incompletes AS BIGINT)) AS incomplete,
                    MIN(CASE WHEN d.incompletes > 0 THEN d.guichet_id || ' / ' || d.demarche_id || ' in ' || d.mois END)
                        AS example
             FROM {of}"
        ),
    )?;
    let number = |name: &str| column(&counts, name).max(0).cast_unsigned();
    let (incomplete, all) = (number("incomplete"), number("consultations"));
    let mut report = share_of_enough(Gate::Incomplete, incomplete, (all, fewest), most, &unit);
    if let Some(example) = text(&counts, "example").filter(|_| all >= fewest) {
        // Writing to a String cannot fail.
        let _ = write!(report.figure, " lack an expected planning, as of {example}");
    }
    Ok(report)
}

/// Cycles that cannot be what their log says: several may be one consultation, and their answers lost.
pub(super) fn cycles(engine: &mut dyn Engine, most: f64, months: Months) -> Result<GateReport> {
    let (of, unit, fewest) = months.of("cycles", "c", "cycles");
    let counts = count(
        engine,
        &format!(
            "SELECT SUM(CAST(c.cycles AS BIGINT)) AS cycles, SUM(CAST(c.douteux AS BIGINT)) AS doubtful,
                    SUM(CAST(c.recommences AS BIGINT)) AS again, SUM(CAST(c.longs AS BIGINT)) AS long,
                    SUM(CAST(c.repetes AS BIGINT)) AS twice,
                    MIN(c.exemple || ' of ' || c.guichet_id || ' / ' || c.demarche_id || ' in ' || c.mois) AS example
             FROM {of}"
        ),
    )?;
    let number = |name: &str| column(&counts, name).max(0).cast_unsigned();
    let (doubtful, all) = (number("doubtful"), number("cycles"));
    let mut report = share_of_enough(Gate::Cycles, doubtful, (all, fewest), most, &unit);
    if let Some(example) = text(&counts, "example").filter(|_| all >= fewest) {
        let (again, long, twice) = (number("again"), number("long"), number("twice"));
        // Writing to a String cannot fail.
        let _ = write!(
            report.figure,
            ": {again} whose id is used again, {long} that last too long, {twice} that ask a planning twice in one try, as \
             {example}"
        );
    }
    Ok(report)
}

/// What cannot be, in tables that grow with services and days: counted for some of their rows at a time, and added up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Days with a rate though their log cannot say « none ».
    baseless: i64,
    /// Periods whose figures contradict each other.
    impossible: i64,
    /// Days of a probe with « yes » alone.
    only_yes: i64,
}

impl Faults {
    /// The tables whose rows [`Faults::of_counters`] is shown.
    pub const OF_COUNTERS: [&str; 2] = ["periodes", "calendrier"];
    /// The tables whose rows [`Faults::of_month`] is shown.
    pub const OF_MONTH: [&str; 2] = ["jours_mesures", "calendrier"];

    /// Those of the periods of some counters.
    ///
    /// # Errors
    /// As for [`Engine::run`].
    pub fn of_counters(engine: &mut dyn Engine) -> Result<Self> {
        let baseless = count(
            engine,
            "SELECT COUNT(*) AS baseless
             FROM periodes AS p
             INNER JOIN calendrier AS c
                 ON p.guichet_id = c.guichet_id AND p.demarche_id = c.demarche_id AND p.premier_jour = c.jour
             WHERE p.type = 'jour' AND p.taux_sans_rdv IS NOT NULL AND NOT c.negatifs_consignes",
        )?;
        let impossible = count(
            engine,
            "SELECT COUNT(*) FILTER (
                        WHERE taux_sans_rdv < borne_basse OR taux_sans_rdv > borne_haute
                            OR secondes_mesurees > secondes_prevues OR secondes_non > secondes_repondues
                    ) AS impossible
             FROM periodes",
        )?;
        let (baseless, impossible) = (column(&baseless, "baseless"), column(&impossible, "impossible"));
        Ok(Self { baseless, impossible, only_yes: 0 })
    }

    /// Those of the days of a month: a day on which a probe logged « yes » and nothing else, so many times, is of a log that did not
    /// yet write down its « no ».
    ///
    /// # Errors
    /// As for [`Engine::run`].
    pub fn of_month(engine: &mut dyn Engine, only_yes_min: u64) -> Result<Self> {
        let counts = count(
            engine,
            &format!(
                "WITH days AS (
                     SELECT t.sonde, t.jour, SUM(CAST(t.tentatives AS BIGINT)) AS n, SUM(CAST(t.oui AS BIGINT)) AS oui
                     FROM jours_mesures AS t
                     INNER JOIN calendrier AS c
                         ON t.guichet_id = c.guichet_id AND t.demarche_id = c.demarche_id AND t.jour = c.jour
                     WHERE c.negatifs_consignes
                     GROUP BY t.sonde, t.jour
                 )
                 SELECT COUNT(*) FILTER (WHERE oui = n AND n >= {only_yes_min}) AS suspicious FROM days"
            ),
        )?;
        Ok(Self { only_yes: column(&counts, "suspicious"), ..Self::default() })
    }
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.baseless += other.baseless;
        self.impossible += other.impossible;
        self.only_yes += other.only_yes;
    }
}

/// The dense grid must hold each attempt once and each day of the calendar, give no rate for a day whose log cannot say « none »,
/// and none that contradicts its bounds. Days that this run did not make were judged by the one that made them.
pub(super) fn grid(engine: &mut dyn Engine, attempts: u64, subject: &Subject<'_>) -> Result<GateReport> {
    let counts = count(engine, "SELECT SUM(CAST(lignes AS BIGINT)) AS lines FROM disponibilite_ensemble")?;
    let lines = column(&counts, "lines").max(0).cast_unsigned();
    let ((days, calendar), Faults { baseless, impossible, .. }) = (subject.days, subject.faults);
    Ok(report(
        Gate::Grid,
        lines == attempts && days == calendar && baseless == 0 && impossible == 0,
        format!(
            "{lines} attempts in the grid and {days} days, {baseless} rates without a possible « no », {impossible} periods with a \
             rate beyond its bounds or more time than there was"
        ),
        format!("{attempts} attempts, {calendar} days, no such rate, no such period"),
    ))
}

/// No day of a probe may have « yes » alone, too often for chance.
pub(super) fn negatives(faults: Faults, only_yes_min: u64) -> GateReport {
    let suspicious = faults.only_yes;
    report(
        Gate::Negatives,
        suspicious == 0,
        format!(
            "{suspicious} day{} of a probe with « yes » alone, {only_yes_min} times or more",
            if suspicious == 1 { "" } else { "s" }
        ),
        "none, unless the schedule says negatifs_consignes = false for that time",
    )
}

pub(super) fn count(engine: &mut dyn Engine, sql: &str) -> Result<RecordBatch> {
    engine.run(&Model::query("gate", sql))
}

/// The one value of a column of counts; 0 where it is null.
pub(super) fn column(counts: &RecordBatch, name: &str) -> i64 {
    counts
        .column_by_name(name)
        .and_then(|array| arrow::compute::cast(array, &DataType::Int64).ok())
        .and_then(|array| array.as_primitive::<Int64Type>().iter().next().flatten())
        .unwrap_or(0)
}

/// The one value of a column of texts, where there is one.
fn text(found: &RecordBatch, name: &str) -> Option<String> {
    let array = arrow::compute::cast(found.column_by_name(name)?, &DataType::Utf8).ok()?;
    array.as_string::<i32>().iter().next().flatten().map(str::to_owned)
}

//! Gates: what a version must satisfy before anyone can see it.
//!
//! Each compares one figure with one threshold. A refusal names both and says how to overrule it on purpose; an
//! overruled gate stays in the manifest with the reason that was given.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::attempt::wire_enum;
use crate::config::Gates;
use crate::diff::Changes;
use crate::error::{Error, Kind, Result};
use crate::ingest::FileAccount;
use crate::model::{Engine, Model};

wire_enum! {
    /// The gates, in the order in which they are tried.
    Gate {
        /// Every value satisfies its schema, and no key stands twice.
        Schema = "schema",
        /// Each file's lines are all accounted for.
        Accounting = "comptabilite",
        /// Every attempt is in the dense grid, once.
        Grid = "grille",
        /// Enough attempts.
        Attempts = "tentatives",
        /// Enough answers.
        Answers = "reponses",
        /// Not too many lines set aside.
        Quarantine = "quarantaine",
        /// Not too many pages that no rule recognises.
        Unrecognized = "pages_non_reconnues",
        /// No rate from a log that cannot say « none ».
        Negatives = "negatifs",
        /// Nothing newer than the moment of which the version speaks.
        AsOf = "date_arret",
        /// Simulated and real attempts are not mixed, and the simulated are declared.
        Simulation = "simulation",
        /// Not too many rows gone since the version before.
        Removed = "lignes_disparues",
        /// Not too many attempts of which the outcome is another than in the version before.
        Moved = "issues_changees",
        /// Programs that read the version before can read this one, or its schemas say that they cannot.
        Compatible = "compatibilite",
    }
}

/// What a gate found.
#[derive(Debug, Clone, Serialize)]
pub struct GateReport {
    /// Which gate.
    pub gate: Gate,
    /// Whether it lets the version pass.
    pub passed: bool,
    /// What was found.
    pub figure: String,
    /// What is asked.
    pub threshold: String,
    /// Why it was overruled, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overruled: Option<String>,
}

/// A gate that is to be overruled, and why.
#[derive(Debug, Clone)]
pub struct Overrule {
    /// Which gate.
    pub gate: Gate,
    /// The reason, kept in the manifest.
    pub reason: String,
}

/// What the gates look at.
pub struct Subject<'a> {
    /// What the schemas found out of order.
    pub violations: &'a [String],
    /// The account of each file.
    pub accounts: &'a [FileAccount],
    /// The files that this run has read.
    pub read: &'a HashSet<Arc<str>>,
    /// The thresholds.
    pub thresholds: &'a Gates,
    /// The moment of which the version speaks.
    pub as_of: DateTime<Utc>,
    /// Attempts on fictional counters.
    pub fictional_attempts: u64,
    /// Whether the pipeline says that its logs are simulated.
    pub simulated: bool,
    /// What changed since the version before, where there is one.
    pub changes: Option<&'a Changes>,
    /// Why programs that read the version before could break, where the schemas do not say so.
    pub incompatible: &'a [String],
}

/// The tables that gates read.
pub const READS: [&str; 3] = ["jours_mesures", "calendrier", "disponibilite_jour"];

/// Tries every gate.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when a table that a gate reads is not there.
pub fn try_all(subject: &Subject<'_>, engine: &mut Engine, overrules: &[Overrule]) -> Result<Vec<GateReport>> {
    let counts = count(
        engine,
        "SELECT CAST(SUM(tentatives) AS BIGINT) AS attempts,
                CAST(SUM(oui) + SUM(non) AS BIGINT) AS answers,
                CAST(SUM(non_reconnues) AS BIGINT) AS unrecognized,
                CAST(EXTRACT(EPOCH FROM MAX(dernier_utc)) AS BIGINT) AS newest
         FROM jours_mesures",
    )?;
    let number = |name: &str| column(&counts, name).max(0).cast_unsigned();
    let attempts = number("attempts");
    let thresholds = subject.thresholds;
    let lines: u64 = subject.accounts.iter().map(|account| account.records).sum();
    let quarantined: u64 = subject.accounts.iter().map(|account| account.quarantined).sum();
    // A long history would hide one bad night.
    let new = subject.accounts.iter().filter(|account| subject.read.contains(&account.file));
    let (new_lines, new_quarantined) =
        new.fold((0, 0), |(lines, aside), account| (lines + account.records, aside + account.quarantined));
    let unbalanced: Vec<&str> =
        subject.accounts.iter().filter(|account| !account.balances()).map(|account| &*account.file).collect();
    let in_accounts: u64 = subject.accounts.iter().map(|account| account.attempts).sum();
    let newest = DateTime::<Utc>::from_timestamp(column(&counts, "newest"), 0);
    let mut reports = vec![
        report(Gate::Schema, subject.violations.is_empty(), list(subject.violations, "no value out of order"), "none"),
        report(
            Gate::Accounting,
            unbalanced.is_empty() && in_accounts == attempts,
            format!(
                "{} of {lines} records accounted for; {attempts} attempts",
                subject.accounts.iter().map(FileAccount::accounted).sum::<u64>()
            ),
            format!("{lines} records; {in_accounts} attempts"),
        ),
        grid(engine, attempts)?,
        report(
            Gate::Attempts,
            attempts >= thresholds.attempts_min,
            attempts.to_string(),
            format!("at least {}", thresholds.attempts_min),
        ),
        report(
            Gate::Answers,
            number("answers") >= thresholds.answers_min,
            number("answers").to_string(),
            format!("at least {}", thresholds.answers_min),
        ),
        worse([
            share(Gate::Quarantine, quarantined, lines, thresholds.quarantine_max, "records"),
            share(
                Gate::Quarantine,
                new_quarantined,
                new_lines,
                thresholds.quarantine_max,
                "records of this run's files",
            ),
        ]),
        worse([
            share(Gate::Unrecognized, number("unrecognized"), attempts, thresholds.unrecognized_max, "attempts"),
            last_days(engine, thresholds.unrecognized_max)?,
        ]),
        negatives(engine, thresholds.only_yes_min)?,
        report(
            Gate::AsOf,
            attempts == 0 || newest.is_none_or(|newest| newest <= subject.as_of),
            newest
                .map_or_else(|| "no attempt".to_owned(), |newest| format!("newest attempt at {}", newest.to_rfc3339())),
            format!("not after {}", subject.as_of.to_rfc3339()),
        ),
        report(
            Gate::Simulation,
            if subject.simulated { subject.fictional_attempts == attempts } else { subject.fictional_attempts == 0 },
            format!("{} of {attempts} attempts on fictional counters", subject.fictional_attempts),
            if subject.simulated { "all of them: the pipeline is declared simulated" } else { "none of them" },
        ),
    ];
    reports.extend(match subject.changes {
        Some(changes) => since_before(changes, subject),
        None => [Gate::Removed, Gate::Moved, Gate::Compatible]
            .map(|gate| report(gate, true, "no version before", "nothing to compare with")),
    });
    for overrule in overrules {
        if let Some(report) = reports.iter_mut().find(|report| report.gate == overrule.gate && !report.passed) {
            report.overruled = Some(overrule.reason.clone());
        }
    }
    Ok(reports)
}

/// The refusal, where a gate refuses and was not overruled.
#[must_use]
pub fn refusal(reports: &[GateReport]) -> Option<Error> {
    let refusing: Vec<&GateReport> =
        reports.iter().filter(|report| !report.passed && report.overruled.is_none()).collect();
    let first = refusing.first()?;
    let sentences: Vec<String> = refusing
        .iter()
        .map(|report| {
            format!("the gate « {} » refuses: {} (asked: {})", report.gate.code(), report.figure, report.threshold)
        })
        .collect();
    Some(Error::new(Kind::Refused, sentences.join("; ")).hint(format!(
        "nothing was published. Look at what changed in the logs; if the figure is right, run again with --accept {} --because \"…\"",
        first.gate.code()
    )))
}

fn report(gate: Gate, passed: bool, figure: impl Into<String>, threshold: impl Into<String>) -> GateReport {
    GateReport { gate, passed, figure: figure.into(), threshold: threshold.into(), overruled: None }
}

fn share(gate: Gate, part: u64, whole: u64, most: f64, unit: &str) -> GateReport {
    #[expect(clippy::cast_precision_loss, reason = "a share shown with two decimals")]
    let share = if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let figure = format!("{part} of {whole} {unit} ({:.2} %)", share * 100.0);
    report(gate, share <= most, figure, format!("at most {:.2} %", most * 100.0))
}

fn list(found: &[String], none: &str) -> String {
    match found {
        [] => none.to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
    }
}

/// Of two reports of one gate, the one that refuses, if one does.
fn worse([first, second]: [GateReport; 2]) -> GateReport {
    if first.passed && !second.passed { second } else { first }
}

/// Pages that no rule recognises, in the seven days before the newest attempt; too few attempts tell nothing.
fn last_days(engine: &mut Engine, most: f64) -> Result<GateReport> {
    let counts = count(
        engine,
        "WITH newest AS (SELECT MAX(jour) AS jour FROM jours_mesures)
         SELECT CAST(SUM(j.tentatives) AS BIGINT) AS attempts, CAST(SUM(j.non_reconnues) AS BIGINT) AS unrecognized
         FROM jours_mesures AS j
         CROSS JOIN newest AS n
         WHERE j.jour > CAST(n.jour - INTERVAL '7 days' AS DATE)",
    )?;
    let number = |name: &str| column(&counts, name).max(0).cast_unsigned();
    let (unrecognized, attempts) = (number("unrecognized"), number("attempts"));
    let judged = if attempts < 100 { 0 } else { attempts };
    Ok(share(Gate::Unrecognized, unrecognized.min(judged), judged, most, "attempts of the last seven days"))
}

/// What the version before had is still there, says the same, and can be read by the same programs.
fn since_before(changes: &Changes, subject: &Subject<'_>) -> [GateReport; 3] {
    let thresholds = subject.thresholds;
    let attempts = changes.table("tentatives");
    // Every other table follows from these two: what a late line fills is no longer a gap, and that is right.
    let grid = changes.table("disponibilite_jour");
    let removed = share(
        Gate::Removed,
        attempts.removed + grid.removed,
        attempts.before + grid.before,
        thresholds.removed_max,
        "attempts and days of the grid",
    );
    let moved = changes.moves.iter().map(|moved| moved.attempts).sum();
    [
        removed,
        share(Gate::Moved, moved, attempts.before, thresholds.moved_max, "attempts"),
        report(
            Gate::Compatible,
            subject.incompatible.is_empty(),
            list(subject.incompatible, "no reader breaks"),
            "no breaking change under the same major version",
        ),
    ]
}

/// The dense grid must hold each attempt once, and give no rate for a day whose log cannot say « none ».
fn grid(engine: &mut Engine, attempts: u64) -> Result<GateReport> {
    let counts = count(
        engine,
        "SELECT CAST(SUM(lignes) AS BIGINT) AS lines,
                COUNT(*) FILTER (WHERE taux_sans_rdv IS NOT NULL AND NOT negatifs_consignes) AS baseless
         FROM disponibilite_jour",
    )?;
    let (lines, baseless) = (column(&counts, "lines").max(0).cast_unsigned(), column(&counts, "baseless"));
    Ok(report(
        Gate::Grid,
        lines == attempts && baseless == 0,
        format!("{lines} attempts in the grid, {baseless} rates without a possible « no »"),
        format!("{attempts} attempts, no such rate"),
    ))
}

/// A day on which a probe logged « yes » and nothing else, many times, is a log that did not yet write down its « no ».
fn negatives(engine: &mut Engine, only_yes_min: u64) -> Result<GateReport> {
    let counts = count(
        engine,
        &format!(
            "WITH days AS (
                 SELECT t.sonde, t.jour, SUM(t.tentatives) AS n, SUM(t.oui) AS oui
                 FROM jours_mesures AS t
                 INNER JOIN calendrier AS c
                     ON t.guichet_id = c.guichet_id AND t.demarche_id = c.demarche_id AND t.jour = c.jour
                 WHERE c.negatifs_consignes
                 GROUP BY t.sonde, t.jour
             )
             SELECT COUNT(*) FILTER (WHERE oui = n AND n >= {only_yes_min}) AS suspicious FROM days"
        ),
    )?;
    let suspicious = column(&counts, "suspicious");
    Ok(report(
        Gate::Negatives,
        suspicious == 0,
        format!(
            "{suspicious} day{} of a probe with « yes » alone, {only_yes_min} times or more",
            if suspicious == 1 { "" } else { "s" }
        ),
        "none, unless the schedule says negatifs_consignes = false for that time",
    ))
}

fn count(engine: &mut Engine, sql: &str) -> Result<RecordBatch> {
    engine.run(&Model { table: "gate".to_owned(), sql: sql.to_owned(), reads: Vec::new() })
}

/// The one value of a column of counts; 0 where it is null.
fn column(counts: &RecordBatch, name: &str) -> i64 {
    counts
        .column_by_name(name)
        .and_then(|array| arrow::compute::cast(array, &arrow::datatypes::DataType::Int64).ok())
        .and_then(|array| array.as_primitive::<Int64Type>().iter().next().flatten())
        .unwrap_or(0)
}

//! Gates: what a version must satisfy before anyone can see it.
//!
//! Each compares one figure with one threshold. A refusal names both and, unless the gate says that we are wrong, how to overrule it on purpose; an
//! overruled gate stays in the manifest with the reason that was given.

mod tables;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use self::tables::Faults;
use self::tables::{Months, column, count, cycles, grid, incomplete, last_days, negatives};
use crate::attempt::wire_enum;
use crate::config::Gates;
use crate::diff::Changes;
use crate::error::{Error, Kind, Result};
use crate::ingest::{FileAccount, Quarantined};
use crate::model::Engine;

wire_enum! {
    /// The gates, in the order in which they are tried.
    Gate {
        /// Every value satisfies its schema, and no key stands twice.
        Schema = "schema",
        /// Each file's records are all accounted for.
        Accounting = "comptabilite",
        /// Every attempt is in the dense grid, once.
        Grid = "grille",
        /// Enough attempts.
        Attempts = "tentatives",
        /// Enough answers.
        Answers = "reponses",
        /// Not too many records set aside.
        Quarantine = "quarantaine",
        /// Not too many pages that no rule recognises.
        Unrecognized = "pages_non_reconnues",
        /// Not too many cycles that cannot be what their log says.
        Cycles = "cycles",
        /// Not too many consultations that lack a planning which they were to ask.
        Incomplete = "incompletes",
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

impl Gate {
    /// Whether a person may overrule it. Those that say that the version does not hold together may not be overruled:
    /// whatever the logs hold, its figures would be wrong.
    #[must_use]
    pub const fn can_be_overruled(self) -> bool {
        !matches!(self, Self::Schema | Self::Accounting | Self::Grid)
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
    /// What was known of those that have grown: records, and those set aside.
    pub grown: &'a HashMap<Arc<str>, (u64, u64)>,
    /// The records set aside.
    pub quarantined: &'a [Quarantined],
    /// The thresholds.
    pub thresholds: &'a Gates,
    /// The moment of which the version speaks.
    pub as_of: DateTime<Utc>,
    /// Attempts on fictional counters.
    pub fictional_attempts: u64,
    /// Whether the pipeline says that its logs are simulated.
    pub simulated: bool,
    /// How many days the grid has, and how many the calendar.
    pub days: (u64, u64),
    /// What cannot be, of all periods and days.
    pub faults: Faults,
    /// What changed since the version before, where there is one.
    pub changes: Option<&'a Changes>,
    /// Why programs that read the version before could break, where the schemas do not say so.
    pub incompatible: &'a [String],
}

/// The tables that gates read.
pub const READS: [&str; 4] = ["jours_mesures", "disponibilite_ensemble", "disponibilite_mois", "cycles"];

/// Tries every gate.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when a table that a gate reads is not there.
pub fn try_all(subject: &Subject<'_>, engine: &mut dyn Engine, overrules: &[Overrule]) -> Result<Vec<GateReport>> {
    let counts = count(
        engine,
        "SELECT SUM(CAST(tentatives AS BIGINT)) AS attempts,
                SUM(CAST(oui AS BIGINT)) + SUM(CAST(non AS BIGINT)) AS answers,
                SUM(CAST(non_reconnues AS BIGINT)) AS unrecognized,
                CAST(CEIL(EXTRACT(EPOCH FROM MAX(dernier_utc))) AS BIGINT) AS newest
         FROM jours_mesures",
    )?;
    let number = |name: &str| column(&counts, name).max(0).cast_unsigned();
    let (attempts, thresholds) = (number("attempts"), subject.thresholds);
    let newest = DateTime::<Utc>::from_timestamp(column(&counts, "newest"), 0).filter(|_| attempts > 0);
    let mut reports = vec![
        report(Gate::Schema, subject.violations.is_empty(), list(subject.violations, "no value out of order"), "none"),
        accounting(subject, attempts),
        grid(engine, attempts, subject)?,
        at_least(Gate::Attempts, attempts, thresholds.attempts_min),
        at_least(Gate::Answers, number("answers"), thresholds.answers_min),
        set_aside(subject),
        worse([
            share(Gate::Unrecognized, number("unrecognized"), attempts, thresholds.unrecognized_max, "attempts"),
            last_days(engine, thresholds.unrecognized_max)?,
        ]),
        worse([
            cycles(engine, thresholds.cycles_max, Months::All)?,
            cycles(engine, thresholds.cycles_max, Months::Newest)?,
        ]),
        worse([
            incomplete(engine, thresholds.incomplete_max, Months::All)?,
            incomplete(engine, thresholds.incomplete_max, Months::Newest)?,
        ]),
        negatives(subject.faults, thresholds.only_yes_min),
        nothing_newer(newest, subject.as_of),
        simulation(subject, attempts),
    ];
    reports.extend(match subject.changes {
        Some(changes) => since_before(changes, subject),
        None => [Gate::Removed, Gate::Moved, Gate::Compatible]
            .map(|gate| report(gate, true, "no version before", "nothing to compare with")),
    });
    overrule(&mut reports, overrules);
    Ok(reports)
}

/// Notes of those that refuse which are overruled, and why.
fn overrule(reports: &mut [GateReport], overrules: &[Overrule]) {
    for overrule in overrules {
        let is_meant = |report: &&mut GateReport| report.gate == overrule.gate && !report.passed;
        if let Some(report) = reports.iter_mut().filter(|report| report.gate.can_be_overruled()).find(is_meant) {
            report.overruled = Some(overrule.reason.clone());
        }
    }
}

/// Each file's records are all accounted for, and its attempts are those that are published.
fn accounting(subject: &Subject<'_>, attempts: u64) -> GateReport {
    let sum = |of: fn(&FileAccount) -> u64| subject.accounts.iter().map(of).sum::<u64>();
    let (records, accounted) = (sum(|account| account.records), sum(FileAccount::accounted));
    let in_accounts = sum(|account| account.attempts);
    report(
        Gate::Accounting,
        subject.accounts.iter().all(FileAccount::balances) && in_accounts == attempts,
        format!("{accounted} of {records} records accounted for; {attempts} attempts"),
        format!("{records} records; {in_accounts} attempts"),
    )
}

fn at_least(gate: Gate, found: u64, least: u64) -> GateReport {
    report(gate, found >= least, found.to_string(), format!("at least {least}"))
}

fn nothing_newer(newest: Option<DateTime<Utc>>, as_of: DateTime<Utc>) -> GateReport {
    report(
        Gate::AsOf,
        newest.is_none_or(|newest| newest <= as_of),
        newest.map_or_else(|| "no attempt".to_owned(), |newest| format!("newest attempt at {}", newest.to_rfc3339())),
        format!("not after {}", as_of.to_rfc3339()),
    )
}

fn simulation(subject: &Subject<'_>, attempts: u64) -> GateReport {
    let (fictional, simulated) = (subject.fictional_attempts, subject.simulated);
    report(
        Gate::Simulation,
        fictional == if simulated { attempts } else { 0 },
        format!("{fictional} of {attempts} attempts on fictional counters"),
        if simulated { "all of them: the pipeline is declared simulated" } else { "none of them" },
    )
}

/// Not too many records set aside: of the whole history; of what this run has read and no run before, since a long history
/// would hide one bad night; and of lines, since one that holds many records is one record where it cannot be read.
fn set_aside(subject: &Subject<'_>) -> GateReport {
    let of = |accounts: &mut dyn Iterator<Item = &FileAccount>| {
        accounts.fold((0, 0), |(records, aside), account| (records + account.records, aside + account.quarantined))
    };
    let (records, aside) = of(&mut subject.accounts.iter());
    let new = || subject.accounts.iter().filter(|account| subject.read.contains(&account.file));
    let (new_records, new_aside) = of(&mut new());
    let known = || new().filter_map(|account| subject.grown.get(&account.file));
    let known_records: u64 = known().map(|(records, _)| records).sum();
    let known_aside: u64 = known().map(|(_, aside)| aside).sum();
    let lines = subject.accounts.iter().map(|account| account.lines).sum();
    let lines_aside: HashSet<(&str, u64)> = subject.quarantined.iter().map(|row| (&*row.file, row.line)).collect();
    let most = subject.thresholds.quarantine_max;
    let share = |part, whole, unit| share(Gate::Quarantine, part, whole, most, unit);
    let new_share = share(
        new_aside.saturating_sub(known_aside),
        new_records.saturating_sub(known_records),
        "records that this run is the first to read",
    );
    worse([worse([share(aside, records, "records"), new_share]), share(lines_aside.len() as u64, lines, "lines")])
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
    let hint = match refusing.iter().find(|report| !report.gate.can_be_overruled()) {
        Some(broken) => format!(
            "nothing was published, and « {} » cannot be overruled: the version does not hold together. Mend what it names \
             (a registry, a schema, a model), or report it",
            broken.gate.code()
        ),
        None => format!(
            "nothing was published. Look at what changed in the logs; if the figure is right, run again with --accept {} \
             --because \"…\"",
            first.gate.code()
        ),
    };
    Some(Error::new(Kind::Refused, sentences.join("; ")).hint(hint))
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

/// What the version before had is still there, says the same, and can be read by the same programs.
fn since_before(changes: &Changes, subject: &Subject<'_>) -> [GateReport; 3] {
    let thresholds = subject.thresholds;
    let attempts = changes.table("tentatives");
    // Every other table follows from these two: what a late line fills is no longer a gap, and that is right.
    let grid = changes.table("disponibilite_jour");
    // Two shares: attempts are many times as many as days, and would hide that days on which nobody looked are gone.
    let removed = worse([
        share(Gate::Removed, attempts.removed, attempts.before, thresholds.removed_max, "attempts"),
        share(Gate::Removed, grid.removed, grid.before, thresholds.removed_max, "days of the grid"),
    ]);
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

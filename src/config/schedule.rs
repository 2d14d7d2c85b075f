//! The dated schedule: which services were in scope, when, how often the probe meant to look, and whether its log could
//! say « none ».

use std::path::Path;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;

use super::Period;
use super::period::{Exit, ExitReason};
use crate::calendar::parse_rfc3339;
use crate::error::{Context, Error, Result};
use crate::schema::unpublishable;

/// Stands for every counter or every procedure.
const ANY: &str = "*";

/// The rows of `schedule.csv`.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    line: u64,
    counter: String,
    procedure: String,
    start: DateTime<Utc>,
    end: Option<DateTime<Utc>>,
    cadence: TimeDelta,
    negatives_logged: bool,
    source: Option<String>,
    plannings: Option<Vec<String>>,
    exit: Option<Exit>,
}

/// Between two plannings of a row.
const BETWEEN_PLANNINGS: char = ';';
/// Says that no planning is expected: the service is asked as a whole.
const NO_PLANNING: &str = "-";

/// A row as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    guichet_id: String,
    demarche_id: String,
    debut: String,
    fin: Option<String>,
    cadence_min: f64,
    negatifs_consignes: bool,
    source: Option<String>,
    /// The plannings that were to be asked; a schedule without this column, or a row where it is empty, leaves that to the log.
    #[serde(default)]
    plannings: Option<String>,
    /// Why the service leaves the scope at `fin`; a schedule may have neither this column nor the next.
    #[serde(default)]
    motif_fin: Option<ExitReason>,
    /// Where the procedure is to be made from then on.
    #[serde(default)]
    suite: Option<String>,
}

impl Schedule {
    /// Reads and checks `schedule.csv`.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) with file and line: a bad row, two periods of a service that overlap, or two
    /// wildcards of equal right over one service.
    pub fn load(path: &Path) -> Result<Self> {
        let place = |error: Error| error.at_path(path);
        let mut reader = csv::Reader::from_path(path).usage("cannot read the schedule").map_err(place)?;
        let header = reader.headers().usage("cannot read the schedule").map_err(place)?.clone();
        let mut rows: Vec<Row> = Vec::new();
        for record in reader.records() {
            let record = record.usage("cannot read the schedule").map_err(place)?;
            let line = record.position().map_or(0, csv::Position::line);
            let here = |error: Error| error.at(format!("{}:{line}", path.display()));
            let record: Record = record.deserialize(Some(&header)).usage("not a row of a schedule").map_err(here)?;
            let row = record.parsed(line).map_err(here)?;
            let successor = row.exit.as_ref().and_then(|exit| exit.successor.as_deref());
            for (what, text) in [("source", row.source.as_deref()), ("suite", successor)] {
                if let Some(why) = text.and_then(unpublishable) {
                    let told = Error::usage(format!("the {what} {why}, and is published"));
                    return Err(here(told.hint("write it otherwise")));
                }
            }
            rows.push(row);
        }
        if let Some((line, conflict)) = conflict(&rows) {
            return Err(conflict.at(format!("{}:{line}", path.display())));
        }
        rows.sort_by_key(|row| row.start);
        Ok(Self { rows })
    }

    /// Whether the registry knows what rows name: a mistyped id would be a service at which nobody ever looked.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) with the line of the first that it does not know.
    pub fn check_known(
        &self,
        path: &Path,
        counter: impl Fn(&str) -> bool,
        procedure: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let unknown = |row: &Row| {
            let strange = |id: &str, known: bool| (id != ANY && !known).then(|| id.to_owned());
            let counter = strange(&row.counter, counter(&row.counter));
            counter.or_else(|| strange(&row.procedure, procedure(&row.procedure))).map(|id| (row.line, id))
        };
        let Some((line, id)) = self.rows.iter().filter_map(unknown).min() else { return Ok(()) };
        Err(Error::usage(format!("« {id} » is not in the registry"))
            .at(format!("{}:{line}", path.display()))
            .hint("correct the id, or add it to the registry; [registry] unknown = \"accept\" takes any"))
    }

    /// The first instant of which any row says something; nothing where there is no row.
    #[must_use]
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.rows.iter().map(|row| row.start).min()
    }

    /// The services that the schedule names one by one: they are in scope even if no log ever speaks of them.
    pub fn named_services(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().filter(|row| row.is_named()).map(|row| (row.counter.as_str(), row.procedure.as_str()))
    }

    /// When one service was in scope, up to `as_of`, in the order of time; no two periods share an instant.
    ///
    /// At each instant a row that names the counter and the procedure wins over one that names one of them, and that over
    /// one that names neither: a stronger row interrupts a weaker one for as long as it is in force. A service in scope by a
    /// wildcard alone enters it with its first attempt, and its cycles are counted from there, interruptions or not.
    #[must_use]
    pub fn periods(
        &self,
        counter: &str,
        procedure: &str,
        first_attempt: Option<DateTime<Utc>>,
        as_of: DateTime<Utc>,
    ) -> Vec<Period> {
        let mut rows: Vec<&Row> = self.rows.iter().filter(|row| row.matches(counter, procedure)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.specificity()));
        let mut periods: Vec<Period> = Vec::new();
        for row in rows {
            let entered =
                if row.is_named() { Some(row.start) } else { first_attempt.map(|first| row.start.max(first)) };
            let Some(origin) = entered else { continue };
            let end = row.end.map_or(as_of, |end| end.min(as_of));
            // Rows of equal right never meet, so whatever is in the way is stronger.
            let taken: Vec<Span> = periods.iter().map(|period| (period.start, period.end)).collect();
            periods.extend(uncovered((origin, end), taken).into_iter().map(|(start, end)| Period {
                start,
                end,
                origin,
                cadence: row.cadence,
                negatives_logged: row.negatives_logged,
                source: row.source.clone(),
                plannings: row.plannings.clone(),
                open: end == as_of && row.end.is_none_or(|end| end > as_of),
                // A stronger row that cuts this one short is no exit, and one that is to come is not yet one.
                exit: row.exit.clone().filter(|_| row.end == Some(end)),
                entered_by_attempt: !row.is_named() && origin > row.start,
            }));
        }
        periods.sort_by_key(|period| period.start);
        periods
    }
}

/// A stretch of time: its first instant, and the first one after it.
type Span = (DateTime<Utc>, DateTime<Utc>);

/// What of a stretch no other covers, in the order of time.
fn uncovered((mut start, end): Span, mut covers: Vec<Span>) -> Vec<Span> {
    covers.sort_unstable();
    let mut left = Vec::new();
    for (from, to) in covers {
        if start < from.min(end) {
            left.push((start, from.min(end)));
        }
        start = start.max(to);
    }
    if start < end {
        left.push((start, end));
    }
    left
}

/// The first two rows that would both be in force for one service at one instant, with the line of the second.
///
/// Of two wildcards of equal right (one names a counter, the other a procedure) neither can win. Whether any log will ever
/// speak of the service that they share is not known when the schedule is loaded, and must not decide whether it is a
/// schedule: so the patterns are compared, whatever the registry knows. A row that names the service settles it.
fn conflict(rows: &[Row]) -> Option<(u64, Error)> {
    rows.iter().enumerate().find_map(|(index, row)| {
        let of_this_row = |other: &Row| Some((row.line, row.conflict_with(other, rows)?));
        rows[..index].iter().find_map(of_this_row)
    })
}

impl Row {
    fn matches(&self, counter: &str, procedure: &str) -> bool {
        (self.counter == ANY || self.counter == counter) && (self.procedure == ANY || self.procedure == procedure)
    }

    fn specificity(&self) -> u8 {
        u8::from(self.counter != ANY) + u8::from(self.procedure != ANY)
    }

    /// Whether it names one service, so that it is in scope even if no log ever speaks of it.
    fn is_named(&self) -> bool {
        self.specificity() == 2
    }

    fn span(&self) -> Span {
        (self.start, self.end.unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// Why this row cannot stand beside one before it.
    fn conflict_with(&self, other: &Self, rows: &[Self]) -> Option<Error> {
        let ((a, b), (c, d)) = (self.span(), other.span());
        let shared = (a.max(c), b.min(d));
        if shared.0 >= shared.1 {
            return None;
        }
        if (&self.counter, &self.procedure) == (&other.counter, &other.procedure) {
            let told =
                format!("this period of {} / {} overlaps that of line {}", self.counter, self.procedure, other.line);
            return Some(Error::usage(told).hint("end the first where the second begins"));
        }
        if self.specificity() != 1 || other.specificity() != 1 {
            return None;
        }
        // Two that name a counter each, or a procedure each, share no service.
        let (by_counter, by_procedure) = if self.counter == ANY { (other, self) } else { (self, other) };
        if by_counter.procedure != ANY || by_procedure.counter != ANY {
            return None;
        }
        let (counter, procedure) = (&by_counter.counter, &by_procedure.procedure);
        let named = rows.iter().filter(|row| row.is_named() && row.matches(counter, procedure)).map(Self::span);
        let (from, _) = *uncovered(shared, named.collect()).first()?;
        let from = from.to_rfc3339_opts(SecondsFormat::Secs, true);
        Some(
            Error::usage(format!(
                "{} / {} and {} / {} of line {} are both in force for {counter} / {procedure} from {from} on, and would \
                 count it twice",
                self.counter, self.procedure, other.counter, other.procedure, other.line
            ))
            .hint(format!("add a row of {counter} / {procedure} for that time, which then wins, or end one of the two")),
        )
    }
}

impl Record {
    fn parsed(self, line: u64) -> Result<Row> {
        let service = format!("{} / {}", self.guichet_id, self.demarche_id);
        let instant = |text: &str| {
            parse_rfc3339(text).ok_or_else(|| {
                Error::usage(format!("{service}: « {text} » is not an RFC 3339 instant"))
                    .hint("write it with its offset, as in 2022-06-05T17:00:00+02:00")
            })
        };
        let start = instant(&self.debut)?;
        let end = self.fin.as_deref().filter(|text| !text.is_empty()).map(instant).transpose()?;
        #[expect(clippy::cast_possible_truncation, reason = "checked to be a small positive number on the next line")]
        let seconds = (self.cadence_min * 60.0).round() as i64;
        if !(1..=366 * 86_400).contains(&seconds) {
            return Err(Error::usage(format!(
                "{service}: cadence_min {} is not between a second and a year",
                self.cadence_min
            )));
        }
        if end.is_some_and(|end| end <= start) {
            return Err(Error::usage(format!("{service}: the period from {start} ends before it begins")));
        }
        let successor = self.suite.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let exit = match (self.motif_fin, successor) {
            (None, Some(_)) => {
                return Err(Error::usage(format!("{service}: « suite » without « motif_fin »"))
                    .hint("say why the service leaves the scope, or leave both empty"));
            }
            (Some(_), _) if end.is_none() => {
                return Err(Error::usage(format!("{service}: « motif_fin » without « fin »"))
                    .hint("say when the service leaves the scope, or leave the reason empty"));
            }
            (reason, successor) => reason.map(|reason| Exit { reason, successor }),
        };
        let plannings = self.plannings.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let plannings = plannings.map(|text| plannings_of(text, &service)).transpose()?;
        Ok(Row {
            line,
            counter: self.guichet_id,
            procedure: self.demarche_id,
            start,
            end,
            cadence: TimeDelta::seconds(seconds),
            negatives_logged: self.negatifs_consignes,
            source: self.source.filter(|text| !text.is_empty()),
            plannings,
            exit,
        })
    }
}

/// The plannings that a row names.
fn plannings_of(text: &str, service: &str) -> Result<Vec<String>> {
    if text == NO_PLANNING {
        return Ok(Vec::new());
    }
    let mut plannings: Vec<String> = text.split(BETWEEN_PLANNINGS).map(|id| id.trim().to_owned()).collect();
    plannings.sort();
    let named = plannings.len();
    plannings.dedup();
    let whole = |id: &String| id.is_empty() || id == ANY || id == NO_PLANNING;
    if plannings.len() < named || plannings.iter().any(whole) {
        return Err(Error::usage(format!("{service}: « {text} » is not a list of plannings"))
            .hint("write their ids as in the logs, each once, with « ; » between them; « - » where there are none"));
    }
    Ok(plannings)
}

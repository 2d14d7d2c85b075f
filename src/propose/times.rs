//! Which column says when, and how it is written.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;

use super::forms::{formats, is_day, is_hour, read};
use super::table::{Column, Table};
use super::text::has_word;

/// When attempts began.
#[derive(Debug)]
pub struct Times {
    /// The template of the text.
    pub template: String,
    /// Its format, as in `pipeline.toml`.
    pub format: String,
    /// Whether it says no offset.
    pub is_local: bool,
    /// Other formats that read it as well, and read another time.
    pub rivals: Vec<String>,
    /// The instants of the lines, local where they are.
    pub instants: Vec<Option<NaiveDateTime>>,
    /// The first text.
    pub example: String,
    /// Other columns that are times too.
    pub others: Vec<String>,
    /// The positions of its columns.
    pub columns: Vec<usize>,
}

/// Words of a column that says when somebody looked, and of one that says which date was offered.
const WHEN: [&str; 12] =
    ["started", "snapshot", "timestamp", "time", "quand", "at", "date", "heure", "horodatage", "jour", "when", "ts"];
const OFFERED: [&str; 10] =
    ["first", "last", "premier", "premiere", "prochain", "prochaine", "next", "second", "dernier", "slot"];

/// A way to read texts as times.
struct Reading {
    format: String,
    read: usize,
    span: i64,
    instants: Vec<Option<NaiveDateTime>>,
}

fn reading(texts: &[Option<String>], format: &str) -> Reading {
    let instants: Vec<Option<NaiveDateTime>> = texts.iter().map(|text| read(text.as_deref()?, format)).collect();
    let (first, last) = (instants.iter().flatten().min(), instants.iter().flatten().max());
    let span = first.zip(last).map_or(0, |(first, last)| (*last - *first).num_seconds());
    Reading { format: format.to_owned(), read: instants.iter().flatten().count(), span, instants }
}

/// The best way to read texts, and those that read as many and say another time.
fn best(texts: &[Option<String>]) -> Option<(Reading, Vec<String>)> {
    let said = texts.iter().flatten().filter(|text| !text.is_empty()).count();
    let readings = formats().into_iter().map(|format| reading(texts, &format));
    let readings: Vec<Reading> = readings.filter(|reading| reading.read > 0 && reading.read * 2 > said).collect();
    let most = readings.iter().map(|reading| reading.read).max()?;
    // A log is of a short time: of two ways to read its days, the one that spreads them over years is the wrong one.
    let (at, _) = readings.iter().enumerate().filter(|(_, it)| it.read == most).min_by_key(|(_, it)| it.span)?;
    let rival = |it: &&Reading| it.read == most && it.instants != readings[at].instants;
    let rivals: BTreeSet<String> = readings.iter().filter(rival).map(|it| it.format.clone()).collect();
    let best = readings.into_iter().nth(at)?;
    Some((best, rivals.into_iter().collect()))
}

impl Times {
    /// The times of a table: of the template that is given, or of the column that says most likely when somebody looked.
    pub fn of(table: &Table, given: Option<&str>) -> Option<Self> {
        let mut found: Vec<Self> = (0..table.columns.len())
            .filter(|at| given.is_none_or(|given| given == table.columns[*at].template))
            .filter_map(|at| {
                let column = &table.columns[at];
                Self::in_texts(column.template.clone(), &column.values, vec![at])
            })
            .collect();
        if found.is_empty() {
            found.extend(Self::in_two_columns(table));
        }
        let likely = |times: &Self| {
            let name = &table.columns[times.columns[0]].name;
            let read = times.instants.iter().flatten().count();
            (!has_word(name, &OFFERED), has_word(name, &WHEN), read, std::cmp::Reverse(times.columns[0]))
        };
        found.sort_by_key(likely);
        let mut times = found.pop()?;
        times.others = found.iter().map(|other| other.template.clone()).collect();
        Some(times)
    }

    fn in_texts(template: String, texts: &[Option<String>], columns: Vec<usize>) -> Option<Self> {
        let (best, rivals) = best(texts)?;
        let is_local = best.format.starts_with('%') && !best.format.ends_with("%z");
        let example = texts.iter().flatten().find(|text| !text.is_empty())?.clone();
        let Reading { format, instants, .. } = best;
        Some(Self { template, format, is_local, rivals, instants, example, others: Vec::new(), columns })
    }

    /// A date in one column and the time of day in another.
    fn in_two_columns(table: &Table) -> Option<Self> {
        let at = |is: &dyn Fn(&str) -> bool| table.columns.iter().position(|column| column.mostly(is));
        let (day, hour) = (at(&is_day)?, at(&is_hour)?);
        let (days, hours): (&Column, &Column) = (&table.columns[day], &table.columns[hour]);
        let pairs = days.values.iter().zip(&hours.values);
        let texts: Vec<Option<String>> =
            pairs.map(|(day, hour)| Some(format!("{} {}", day.as_ref()?, hour.as_ref()?))).collect();
        Self::in_texts(format!("{} {}", days.template, hours.template), &texts, vec![day, hour])
    }
}

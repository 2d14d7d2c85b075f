//! What a run reads: the logs that it finds, and of the version before the months that they touch.

use std::collections::{BTreeSet, HashSet};

use tokio::runtime::Handle;

use super::foundation::Foundation;
use super::ground::Ground;
use super::logs::Logs;
use crate::error::Result;
use crate::ingest::{Months, Reading, recall};
use crate::progress::Progress;

/// Reads the logs into their months and, where the version before still stands, brings back the months that they touch.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when a log or the version before cannot be had;
/// [`Usage`](crate::error::Kind::Usage) when the logs do not go with those of the version before.
pub(super) fn read(
    logs: Logs,
    (foundation, ground): (&Foundation<'_>, Option<&Ground<'_>>),
    months: &Months,
    runtime: &Handle,
    progress: &dyn Progress,
) -> Result<Reading> {
    let mut reading = match logs {
        Logs::Raw(found) => {
            let history = ground.map(Ground::history).transpose()?.unwrap_or_default();
            foundation.ingest(runtime).read(found, history, months, progress)?
        }
        Logs::Ingested(shards) => shards.read(months, progress)?,
    };
    if let Some(ground) = ground.filter(|ground| ground.resumes) {
        recall_touched(ground, &mut reading, months, progress)?;
    }
    Ok(reading)
}

/// Brings back the months that the new lines touch, as they were before they were published: those of the lines, those
/// of files that have grown, and those in which an id of a new line may already stand.
fn recall_touched(ground: &Ground<'_>, reading: &mut Reading, months: &Months, progress: &dyn Progress) -> Result<()> {
    let positions = reading.positions();
    let mut touched: BTreeSet<String> = months.names().into_iter().collect();
    touched.extend(ground.months_of(&reading.read));
    let new = months.id_fingerprints()?;
    let prints = ground.parts("identifiants");
    ground.fetch_all(&prints.values().copied().collect::<Vec<_>>())?;
    for file in prints.into_values() {
        touched.extend(ground.months_with(file, &new)?);
    }
    let published = ground.parts("tentatives");
    let known: Vec<&String> = touched.iter().filter(|month| published.contains_key(month.as_str())).collect();
    progress.begin("reprise", known.len() as u64);
    let mut gone = HashSet::new();
    for month in known {
        ground.each_batch("tentatives", published[month.as_str()], |batch| {
            progress.proceed()?;
            let (rows, ids) = recall(batch, |file| positions.get(file).copied(), |file| reading.read.contains(file))?;
            gone.extend(ids);
            months.add(month, rows)
        })?;
        progress.advance(1);
    }
    progress.end();
    reading.check_none_is_lost(&gone, months)?;
    reading.judge_again(months)
}

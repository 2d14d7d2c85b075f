//! From a sample of somebody's log to a pipeline that reads it, as far as the sample tells; what it does not tell is a
//! blank to fill, and what it only suggests is said to be supposed. Nothing is guessed in silence.

mod fields;
mod forms;
mod pipeline;
mod proposal;
mod sample;
mod table;
mod text;
mod times;

pub use proposal::{Doubt, Files, Known, Proposal, Said};
pub use sample::{SAMPLE_LINES, Sample};

use crate::error::{Error, Result};
use fields::Roles;
use table::{Shape, Table};
use times::Times;

/// A pipeline for logs of the contract `attempt/1`, of which nothing was seen.
#[must_use]
pub fn plain(name: &str) -> Proposal {
    let mut proposal = Proposal::default();
    proposal.found.push("logs of the contract attempt/1: no mapping".to_owned());
    pipeline::of_the_contract(name, None, &mut proposal);
    proposal
}

/// A pipeline for logs like a sample.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the sample is no log: it has no lines of one shape, or no times.
pub fn propose(name: &str, sample: &Sample, said: &Said, known: &Known<'_>) -> Result<Proposal> {
    let mut proposal = Proposal::default();
    let table = match table::shape(sample)? {
        Shape::Contract(times) => {
            proposal.found.push("logs of the contract attempt/1: no mapping".to_owned());
            pipeline::of_the_contract(name, Some(&times), &mut proposal);
            return Ok(proposal);
        }
        Shape::Table(table) => table,
    };
    let times = times_of(sample, &table, said)?;
    let roles = Roles::of(sample, &table, &times, said, known);
    pipeline::of_a_table(name, (sample, &table, &times, &roles), said, &mut proposal);
    Ok(proposal)
}

fn times_of(sample: &Sample, table: &Table, said: &Said) -> Result<Times> {
    Times::of(table, said.fields.get("started_at").map(String::as_str)).ok_or_else(|| {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        Error::usage("no time is found on its lines, and an attempt without its time is none")
            .at(&sample.name)
            .hint(format!(
                "columns found: {}. A time is RFC 3339, seconds or milliseconds since 1970, or a date with hours and minutes",
                names.join(", ")
            ))
    })
}

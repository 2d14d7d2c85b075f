//! `guichets status`: what a monitor asks.

use std::fmt::Write as _;
use std::process::ExitCode;

use chrono::{DateTime, FixedOffset, Utc};
use clap::Args;
use guichets_ouverts::error::{Context, Result};
use guichets_ouverts::publish::{self, Guard, Health, StatusReport, status};

use super::run::instant;
use super::{Common, print_json, say};

/// Say whether the current version is there, whole, young enough, and readable by anyone
#[derive(Debug, Args)]
pub struct StatusCommand {
    /// The store: a folder, s3://, gs://, az://, or the http address where readers find it
    #[arg(value_name = "STORE")]
    store: String,
    /// The address where readers find the store [default: the one that an object store gives its objects]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The pipeline whose publication it is: its `publication.base_url` is then the address where readers find the store,
    /// and with `frequency = "never"` no version is late
    #[arg(long, value_name = "PIPELINE", conflicts_with = "public_url")]
    pipeline: Option<String>,
    /// The moment at which to ask [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    at: Option<DateTime<FixedOffset>>,
}

impl StatusCommand {
    /// Looks and tells.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let store = publish::open(&self.store, Guard::default())?;
        let now = self.at.map_or_else(Utc::now, |at| at.with_timezone(&Utc));
        let (public, finished) = match &self.pipeline {
            Some(pipeline) => {
                let publication = common.pipeline(pipeline)?.1.publication;
                (publication.base_url.clone(), publication.is_finished())
            }
            None => (self.public_url, false),
        };
        let report = status(store.as_ref(), public.as_deref(), finished, now)?;
        if common.json {
            print_json(&report, "the status")?;
        } else {
            say(&told(&report).internal("the status")?);
        }
        Ok(ExitCode::from(match report.health {
            Health::Fresh => 0,
            Health::Stale => 1,
            Health::Broken => 4,
        }))
    }
}

fn told(report: &StatusReport) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let health = match report.health {
        Health::Fresh => "fresh",
        Health::Stale => "STALE",
        Health::Broken => "BROKEN",
    };
    match &report.current {
        None => writeln!(text, "{health}: no current version")?,
        Some(pointer) => writeln!(
            text,
            "{health}: version {}, of {}, {}",
            pointer.version,
            pointer.published_at,
            pointer
                .fresh_until
                .as_ref()
                .map_or_else(|| "finished: no other is due".to_owned(), |until| format!("fresh until {until}"))
        )?,
    }
    for problem in &report.problems {
        writeln!(text, "  problem: {problem}")?;
    }
    for failure in &report.failures {
        writeln!(text, "  failed night: {} of {}", failure.version, failure.as_of)?;
        for gate in failure.refused_by.iter().flat_map(|gates| gates.as_array().into_iter().flatten()) {
            let part = |name: &str| gate[name].as_str().unwrap_or_default();
            writeln!(text, "    refused by {}: {} (asked: {})", part("gate"), part("figure"), part("threshold"))?;
        }
    }
    for record in &report.retracted {
        writeln!(text, "  retracted: {}: {}", record.version, record.reason.as_deref().unwrap_or_default())?;
    }
    text.pop();
    Ok(text)
}

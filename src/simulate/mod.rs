//! A robot that never existed, watching counters that never existed: raw logs to try the pipeline on.
//!
//! A scenario and a seed give the same bytes everywhere. The lines are written with
//! [`RawAttempt`](crate::attempt::RawAttempt) itself, so what is simulated here is what the decoder reads. The flow:
//! the `plan` says what the scenario means, the `agenda` who is due when, a `watch` looks at one service, a `look`
//! comes to something, a `page` shows it as that booking system would, and the `delivery` writes it down. Memory holds
//! one cycle at a time, whatever the length of the campaign.
//!
//! ```
//! use guichets_ouverts::simulate::{Compression, Options, simulate};
//!
//! let options = Options { attempts: Some(1000), compression: Compression::None, ..Options::default() };
//! let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
//! let mut logs = Vec::new();
//! for folder in &folders {
//!     let summary = simulate("data/sample/scenario.toml".as_ref(), folder.path(), &options)?;
//!     let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
//!     files.sort();
//!     assert_eq!(files.len() as u64, summary.files);
//!     logs.push(files.into_iter().map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>());
//! }
//! assert!(logs[0] == logs[1]);
//! # Ok::<(), guichets_ouverts::error::Error>(())
//! ```

mod agenda;
mod delivery;
mod evidence;
mod facade;
mod look;
mod page;
mod plan;
mod scenario;
mod watch;

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::error::Result;

use agenda::Agenda;
use delivery::Delivery;
use plan::Plan;
use scenario::Scenario;
use watch::{Run, Watch};

/// What the caller may change without touching the scenario.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The seed, if not the scenario's.
    pub seed: Option<u64>,
    /// About how many attempts to write: services are repeated under numbered names, or the campaign is cut short,
    /// until the plan holds that many. The noise of the scenario then adds retries and takes missed cycles away.
    pub attempts: Option<u64>,
    /// How the files are compressed.
    pub compression: Compression,
}

/// How the files are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: `.ndjson`.
    None,
    /// `.ndjson.gz`
    Gzip,
    /// `.ndjson.zst`
    #[default]
    Zstd,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many files.
    pub files: u64,
    /// How many distinct attempts that can be read.
    pub attempts: u64,
    /// How many lines that deliver an attempt a second time.
    pub duplicates: u64,
    /// How many lines that cannot be read, on purpose.
    pub spoiled: u64,
    /// The size of the files on disk.
    pub bytes: u64,
    /// The beginning of the campaign.
    pub from: DateTime<Utc>,
    /// Its end, excluded.
    pub to: DateTime<Utc>,
}

/// Writes the raw logs of the campaign that a scenario describes into a folder.
///
/// The folder is made if it does not exist; files of the same names in it are replaced, others are left alone.
///
/// # Errors
/// The scenario cannot be read or makes no sense, or the folder cannot be written.
pub fn simulate(scenario: &Path, out: &Path, options: &Options) -> Result<Summary> {
    let plan = Plan::new(Scenario::load(scenario)?, options)
        .map_err(|error| plan::within(&scenario.display().to_string(), error))?;
    let mut watches: Vec<Watch> = plan.stretches.iter().map(|stretch| Watch::new(&plan, stretch)).collect();
    let mut delivery = Delivery::new(&plan, out, options.compression)?;
    let mut clock = evidence::generator(plan.seed, "clock");
    let mut lines = Vec::new();
    for (at, due) in Agenda::new(&plan.stretches) {
        let run = Run::begin(at, &mut clock);
        for index in due {
            watches[index].cycle(&run, &mut lines)?;
        }
        // Services are looked at side by side; a log is written in the order in which attempts begin.
        lines.sort_by_key(|line| line.at);
        delivery.write(at, &lines)?;
        lines.clear();
    }
    delivery.finish()
}

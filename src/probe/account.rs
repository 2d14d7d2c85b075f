//! How a cycle went: what was due, what was looked at, and why not more.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How a cycle went, or how far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CycleAccount {
    /// When the plan wanted it: no cycle of it or before it is begun again.
    pub slot: DateTime<Utc>,
    /// Its id in the lines.
    pub run_id: String,
    /// How many looks were due.
    pub due: usize,
    /// How many of them have a line.
    pub lines: usize,
    /// How many of these were repeated, as their answer never came, and have a second line.
    #[serde(default)]
    pub repeated: usize,
    /// What was looked at and answered with a page that its system does not know: the site has changed, or something stands
    /// before the answer.
    #[serde(default)]
    pub not_recognised: Vec<String>,
    /// By reason, what was not looked at: it has no line, and is a gap of the measurement.
    pub not_asked: BTreeMap<String, Vec<String>>,
    /// Whether it is over.
    pub over: bool,
}

impl CycleAccount {
    /// Notes that something was not looked at.
    pub fn leave(&mut self, look: String, why: &impl ToString) {
        self.not_asked.entry(why.to_string()).or_default().push(look);
    }
}

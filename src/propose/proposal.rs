//! What is proposed, and what of it a person must look at.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::Serialize;

/// Files by their names.
pub type Files = BTreeMap<String, String>;

/// What a person says beside the sample.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The zone of local times, and of counters that no registry knows.
    pub zone: Option<Tz>,
    /// Templates of fields of the contract, which stand instead of what would be proposed.
    pub fields: BTreeMap<String, String>,
}

/// A place that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// The key, or the file.
    pub key: String,
    /// What is not known, or was supposed, and from what.
    pub why: String,
}

/// What was found out of a sample.
#[derive(Debug, Default)]
pub struct Proposal {
    /// What was taken for what, a line each.
    pub found: Vec<String>,
    /// What the sample does not tell: without it the pipeline is refused.
    pub missing: Vec<Doubt>,
    /// What the sample suggests and does not say.
    pub supposed: Vec<Doubt>,
    /// The files of the pipeline's folder.
    pub files: Files,
}

impl Proposal {
    /// Notes what is not told.
    pub(super) fn missing(&mut self, key: &str, why: impl Into<String>) {
        self.missing.push(Doubt { key: key.to_owned(), why: why.into() });
    }

    /// Notes what is supposed.
    pub(super) fn suppose(&mut self, key: &str, why: impl Into<String>) {
        self.supposed.push(Doubt { key: key.to_owned(), why: why.into() });
    }
}

/// What a registry knows.
pub struct Known<'a> {
    /// Whether it has a counter of that id.
    pub counter: &'a dyn Fn(&str) -> bool,
    /// Whether it has a procedure of that id.
    pub procedure: &'a dyn Fn(&str) -> bool,
}

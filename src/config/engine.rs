//! The engine that works out derived tables, where it is not the one in this process.

use schemars::JsonSchema;
use serde::Deserialize;

/// An engine elsewhere, that speaks Spark Connect.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineSettings {
    /// Where it listens, as in `sc://127.0.0.1:50051`.
    pub address: String,
    /// Where files are put that it is to read, and from where they are removed in the end: a folder or a URL that this machine and
    /// all of its workers reach by the same name. Without it they read the files where they are made, on this machine.
    #[serde(default)]
    pub work: Option<String>,
    /// How often a query is tried, from 1 to 10, before the run ends.
    #[serde(default = "EngineSettings::default_tries")]
    #[schemars(range(min = 1, max = 10))]
    pub tries: u32,
    /// How long a query may take, in seconds, from 1 to a week: an engine that waits for workers which nobody starts says nothing.
    #[serde(default = "EngineSettings::default_query_seconds")]
    #[schemars(range(min = 1, max = 604_800))]
    pub query_seconds: u64,
}

impl EngineSettings {
    /// How often a query is tried where nobody says.
    #[must_use]
    pub const fn default_tries() -> u32 {
        3
    }

    /// How long a query may take where nobody says: an hour.
    #[must_use]
    pub const fn default_query_seconds() -> u64 {
        3600
    }

    /// An engine of which nothing but its address is said.
    #[must_use]
    pub const fn at(address: String, work: Option<String>) -> Self {
        Self { address, work, tries: Self::default_tries(), query_seconds: Self::default_query_seconds() }
    }
}

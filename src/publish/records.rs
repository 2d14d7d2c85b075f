//! The two small objects that readers begin with: the pointer and the list of versions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `latest.json`: where the current version is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The current version.
    pub version: String,
    /// Its manifest, from the store's root.
    pub manifest: String,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
    /// The moment of which the version speaks, RFC 3339.
    pub published_at: String,
    /// After this the next version is late, RFC 3339.
    pub fresh_until: String,
}

/// `versions.json`: every version, failed ones too.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Versions {
    /// The last one that was published and not retracted.
    pub last_successful: Option<String>,
    /// Every version, the oldest first.
    pub versions: Vec<VersionRecord>,
}

/// One line of the list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VersionRecord {
    /// Its name.
    pub version: String,
    /// What became of it.
    pub status: Status,
    /// The moment of which it speaks, RFC 3339.
    pub as_of: String,
    /// True where the attempts come from the simulator.
    pub simulated: bool,
    /// SHA-256 of its manifest, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest_sha256: Option<String>,
    /// The gates that refused it, with figure and threshold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused_by: Option<Value>,
}

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Anyone can read it.
    Published,
    /// A gate refused it: nothing of it was written.
    Refused,
    /// It was published, and is no longer vouched for.
    Retracted,
}

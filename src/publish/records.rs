//! The two small objects that readers begin with: the pointer and the list of versions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::release::RawFile;

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
    /// After this the next version is late, RFC 3339; nothing where none is due, of data that are finished.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fresh_until: Option<String>,
    /// Drawn at random where the pointer was written anew without a new version: a publisher that had read it before finds
    /// it changed, and does not publish on top of what it has seen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fence: Option<String>,
}

/// The pointer where no version is vouched for any more.
#[derive(Serialize)]
pub(super) struct NoVersion {
    /// None.
    pub version: Option<String>,
    /// As of a pointer.
    pub fence: String,
}

/// `versions.json`: every version, failed ones too.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Versions {
    /// The last one that was published and not retracted.
    pub last_successful: Option<String>,
    /// Every version, the oldest first.
    pub versions: Vec<VersionRecord>,
}

impl Versions {
    /// The line of a version that was published, retracted or not.
    #[must_use]
    pub fn published(&self, version: &str) -> Option<&VersionRecord> {
        self.versions.iter().find(|record| record.status != Status::Refused && record.version == version)
    }

    /// The lines after that of a published version; all of them where there is none.
    pub fn since(&self, current: Option<&str>) -> impl Iterator<Item = &VersionRecord> {
        let position = current.and_then(|current| {
            let is_current = |record: &VersionRecord| record.status == Status::Published && record.version == current;
            self.versions.iter().rposition(is_current)
        });
        self.versions.iter().skip(position.map_or(0, |position| position + 1))
    }

    /// The youngest version that is vouched for.
    #[must_use]
    pub fn last_good(&self) -> Option<&VersionRecord> {
        self.versions.iter().rfind(|record| record.status == Status::Published)
    }
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
    /// After this the next version was late, RFC 3339; nothing for one that was never current, or after which none is due.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fresh_until: Option<String>,
    /// SHA-256 of its manifest, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest_sha256: Option<String>,
    /// Raw files that a refused night has read, as they were: a run on top of an older version must read them, too. Of a
    /// version that was published, its manifest says which.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub files_read: Vec<RawFile>,
    /// The gates that refused it, with figure and threshold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused_by: Option<Value>,
    /// When it was retracted, RFC 3339, and why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retracted_at: Option<String>,
    /// See `retracted_at`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
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

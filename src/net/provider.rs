//! Whose object store it is: each has names of its own for the same things.

/// Who provides an object store, or whose ways it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Amazon's S3, and what is compatible with it.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
}

impl Provider {
    /// The provider of an address.
    #[must_use]
    pub fn of(address: &str) -> Self {
        match address.split_once("://").map(|(scheme, _)| scheme) {
            Some("gs") => Self::Google,
            Some("az" | "azure" | "adl" | "abfs" | "abfss") => Self::Azure,
            _ => Self::S3,
        }
    }

    /// Whether a denial may mean that something is not there: to a key that may not list, the others say no more.
    #[must_use]
    pub fn denies_what_is_not_there(self) -> bool {
        self != Self::Azure
    }
}

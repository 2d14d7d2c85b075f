//! Every object of a store: its path, what it is, how long it may be cached. No other place spells a path.

/// An object of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageKey {
    /// The pointer to the current version.
    Latest,
    /// The list of all versions.
    Versions,
    /// What a version is made of.
    Manifest {
        /// The version.
        version: String,
    },
    /// A file named by a manifest; its path never holds other bytes.
    File {
        /// From the store's root.
        path: String,
    },
    /// A stable name for a file of the current version.
    Stable {
        /// The file's name.
        name: String,
    },
}

/// How long an object may be kept by those who fetch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachePolicy {
    /// For ever: the path never holds other bytes.
    Immutable,
    /// Asked again each time.
    Revalidate,
}

impl CachePolicy {
    /// The value of `Cache-Control`.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Revalidate => "no-cache",
        }
    }
}

impl StorageKey {
    /// The path from the store's root.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Latest => "latest.json".to_owned(),
            Self::Versions => "versions.json".to_owned(),
            Self::Manifest { version } => format!("versions/{version}/manifest.json"),
            Self::File { path } => path.clone(),
            Self::Stable { name } => format!("latest/{name}"),
        }
    }

    /// The media type, by what the path ends in. Nothing is an octet stream: catalogues take those for something else.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        let path = self.path();
        match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("parquet") => "application/vnd.apache.parquet",
            Some("csv") => "text/csv; charset=utf-8",
            Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Some("json") => "application/json",
            Some("jsonld") => "application/ld+json",
            Some("html") => "text/html; charset=utf-8",
            Some("md") => "text/markdown; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// How long it may be cached.
    #[must_use]
    pub const fn cache_policy(&self) -> CachePolicy {
        match self {
            Self::Manifest { .. } | Self::File { .. } => CachePolicy::Immutable,
            Self::Latest | Self::Versions | Self::Stable { .. } => CachePolicy::Revalidate,
        }
    }
}

//! Every object of a store: its path, what it is, how long it may be cached. No other place spells a path.

/// An object of a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    /// The manifest's signature, in minisign's format.
    Signature {
        /// The version.
        version: String,
    },
    /// A publisher's claim on a version's name. It goes when the version is published; where something was written and not
    /// published, it stays, and the name is never used again.
    Claim {
        /// The version.
        version: String,
    },
    /// Why the bytes of a version are gone.
    Tombstone {
        /// The version.
        version: String,
    },
    /// What is being removed: nobody may count on it.
    Clearing,
    /// Who writes stable names, or was cut short while doing so.
    Renewals,
    /// Tells whether the store keeps its word; written and removed at once.
    Probe {
        /// Drawn at random.
        token: String,
    },
    /// A file named by a manifest; its path never holds other bytes.
    File {
        /// From the store's root.
        path: String,
    },
    /// What leads whoever opens the store's root to the pages of the current version.
    Forwarder,
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
            Self::Signature { version } => format!("versions/{version}/manifest.json.minisig"),
            Self::Claim { version } => format!("versions/{version}/claim.json"),
            Self::Tombstone { version } => format!("versions/{version}/TOMBSTONE.json"),
            Self::Clearing => "clearing.json".to_owned(),
            Self::Renewals => "renewals.json".to_owned(),
            Self::Probe { token } => format!(".probe-{token}"),
            Self::File { path } => path.clone(),
            Self::Forwarder => "index.html".to_owned(),
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
            // A browser takes a style or a script of another type for no such thing.
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("woff2") => "font/woff2",
            Some("xml") => "application/xml",
            Some("atom") => "application/atom+xml",
            Some("zip") => "application/zip",
            Some("zst") => "application/zstd",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// How long it may be cached.
    #[must_use]
    pub const fn cache_policy(&self) -> CachePolicy {
        match self {
            Self::Manifest { .. } | Self::Signature { .. } | Self::File { .. } => CachePolicy::Immutable,
            Self::Latest
            | Self::Versions
            | Self::Claim { .. }
            | Self::Tombstone { .. }
            | Self::Clearing
            | Self::Renewals
            | Self::Probe { .. }
            | Self::Forwarder
            | Self::Stable { .. } => CachePolicy::Revalidate,
        }
    }
}

//! Release: tables become files, each with its digests; the files become a manifest.

mod content;
mod csv;
mod exporter;
mod manifest;
mod parquet;
mod recompute;
mod staging;
mod xlsx;

pub use self::parquet::read_parquet;
pub use content::content_digest;
pub use exporter::{About, Export, Exporter, exporter};
pub use manifest::{Accounting, FileEntry, Manifest, Origins, Parent, RawFile, RulesEntry};
pub use recompute::{OF_A_WINDOW, recompute_sql, window_sql};
pub use staging::{Staged, StagedFile, Staging};

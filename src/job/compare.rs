//! Two published versions, compared.

use std::path::Path;

use tempfile::TempDir;

use crate::diff::{Changes, Side, Visit, compare};
use crate::error::{Context, Error, Result};
use crate::publish::{Store, fetch, manifest_of};
use crate::release::{FileEntry, Manifest};
use crate::schema::TableSchema;

/// Compares two published versions. Files that both share are not read.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the store has no such version;
/// [`Unreachable`](crate::error::Kind::Unreachable) when a file is not what its manifest says.
pub fn compare_published(store: &dyn Store, from: &str, to: &str, visit: Visit<'_>) -> Result<Changes> {
    let (before, after) = (manifest_of(store, from)?.1, manifest_of(store, to)?.1);
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    let open = |file: &FileEntry| fetch(store, file, folder.path());
    let (old_schema, new_schema) = (
        |table: &str| published_schema(store, &before, table, folder.path()),
        |table: &str| published_schema(store, &after, table, folder.path()),
    );
    let old =
        Side { version: from, made_with: &before.made_with, files: &before.files, open: &open, schema: &old_schema };
    let new = Side { version: to, made_with: &after.made_with, files: &after.files, open: &open, schema: &new_schema };
    compare(&old, &new, visit)
}

/// The schema that a version carries for one of its tables.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it is not there.
fn published_schema(store: &dyn Store, manifest: &Manifest, table: &str, folder: &Path) -> Result<TableSchema> {
    let path = format!("versions/{}/schemas/{table}.json", manifest.version);
    let entry = manifest.files.iter().find(|file| file.path == path);
    let entry = entry.ok_or_else(|| {
        Error::unreachable(format!("the version {} has no {path}", manifest.version)).at(store.name())
    })?;
    TableSchema::load(&fetch(store, entry, folder)?)
}

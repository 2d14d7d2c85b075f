//! Two published versions, or a published one and the schemas of the project, compared.

use std::collections::BTreeMap;

use serde::Serialize;
use tempfile::TempDir;

use crate::diff::{Changes, Side, Visit, compare};
use crate::error::{Context, Result};
use crate::publish::{Store, citable, fetch, manifest_of, published_schema};
use crate::release::{FileEntry, Manifest};
use crate::schema::{Catalog, SchemaChange, TableSchema, incompatibility, schema_changes};

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

/// What the schemas of the project are to those who read the current version.
#[derive(Debug, Serialize)]
pub struct SchemaReport {
    /// The version compared with.
    pub version: String,
    /// What changed, by table.
    pub changes: BTreeMap<String, Vec<SchemaChange>>,
    /// Why a run would be refused, one sentence each.
    pub incompatible: Vec<String>,
}

/// Compares the schemas of a project with those of a store's current version.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the store has no version; [`Unreachable`](crate::error::Kind::Unreachable)
/// when it does not answer.
pub fn compare_schemas(store: &dyn Store, catalog: &Catalog) -> Result<SchemaReport> {
    let (_, manifest) = citable(store, None)?;
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    schema_report(&manifest, catalog, |table| published_schema(store, &manifest, table, folder.path()))
}

/// The same, where the published schemas are at hand otherwise.
pub(super) fn schema_report(
    manifest: &Manifest,
    catalog: &Catalog,
    published: impl Fn(&str) -> Result<TableSchema>,
) -> Result<SchemaReport> {
    let mut report =
        SchemaReport { version: manifest.version.clone(), changes: BTreeMap::new(), incompatible: Vec::new() };
    for name in manifest.schemas().into_keys() {
        let Ok(ours) = catalog.table(name) else {
            report.incompatible.push(format!("{name}: the table is gone"));
            continue;
        };
        let published = published(name)?;
        let changes = schema_changes(&published, ours);
        if !changes.is_empty() {
            report.changes.insert(name.to_owned(), changes);
        }
        report.incompatible.extend(incompatibility(&published, ours)?);
    }
    Ok(report)
}

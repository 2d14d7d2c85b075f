//! The account of each raw file, as versions hand it on: in parts, of which those of years that are over never change, so
//! that a manifest does not grow with every file that was ever read.

use std::collections::BTreeMap;

use tempfile::TempDir;

use crate::error::{Context, Error, Result};
use crate::ingest::FileAccount;
use crate::publish::{Store, fetch_all};
use crate::release::{ACCOUNTS, FileEntry, Manifest};

/// The parts into which accounts go, by the last month of which a file has an attempt.
pub(super) fn parts(accounts: &[FileAccount], part_of: impl Fn(&str) -> String) -> BTreeMap<String, Vec<&FileAccount>> {
    let mut parts: BTreeMap<String, Vec<&FileAccount>> = BTreeMap::new();
    for account in accounts {
        parts.entry(part_of(account.last_month().unwrap_or_default())).or_default().push(account);
    }
    parts
}

/// The accounts that a version holds.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when they are not there, or not what a publisher writes.
pub(super) fn of_version(store: &dyn Store, manifest: &Manifest) -> Result<Vec<FileAccount>> {
    let place = |error: Error| error.at(format!("{}, manifest of {}", store.name(), manifest.version));
    let wrong = "the account of files is not what a publisher writes";
    if !manifest.inputs.is_null() {
        // Versions of before they stood apart.
        return serde_json::from_value(manifest.inputs.clone()).unreachable(wrong).map_err(place);
    }
    let files: Vec<&FileEntry> = manifest.shared(ACCOUNTS).collect();
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    fetch_all(store, &files, folder.path())?;
    let mut accounts = Vec::new();
    for file in files {
        let text = std::fs::read(folder.path().join(&file.path)).unreachable("cannot read")?;
        let part: Vec<FileAccount> = serde_json::from_slice(&text).unreachable(wrong).map_err(place)?;
        accounts.extend(part);
    }
    accounts.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(accounts)
}

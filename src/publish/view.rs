//! Looking at any version, whatever became of it since: a retracted one is shown, too, since somebody may have to see what was
//! wrong with it. Why another cannot be is said.

use serde::Serialize;
use serde_json::Value;

use super::read::{current_pointer, list, manifest_of};
use super::records::{Status, VersionRecord, Versions};
use super::{Base, StorageKey, Store};
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::release::Manifest;

/// A version to look at.
#[derive(Debug)]
pub struct View {
    /// What it is made of.
    pub manifest: Manifest,
    /// When it was retracted, and why, where it was.
    pub retracted: Option<Withdrawal>,
    /// The version that is current, where there is one.
    pub current: Option<String>,
}

/// That a version is no longer vouched for, in the words of `versions.json`.
#[derive(Debug, Clone, Serialize)]
pub struct Withdrawal {
    /// When, RFC 3339.
    pub retracted_at: String,
    /// Why.
    pub reason: String,
}

impl View {
    /// Whether it is the version that readers are led to.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.current.as_ref() == Some(&self.manifest.version)
    }
}

/// The current version, or one by its name, retracted or not.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when it was never published, was refused, or its bytes were removed;
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer, or nothing vouches for what it answers.
pub fn view(store: &dyn Store, version: Option<&str>) -> Result<View> {
    match version {
        Some(version) => named(store, version),
        None => current(store),
    }
}

fn current(store: &dyn Store) -> Result<View> {
    let base = Base::read(store)?;
    let Some((pointer, manifest)) = base.current else {
        let hint = if base.versions.versions.is_empty() {
            "publish one with guichets run, or name another store"
        } else {
            "name one with --version; versions.json lists them"
        };
        return Err(Error::usage("the store has no current version").at(store.name()).hint(hint));
    };
    Ok(View { manifest, retracted: None, current: Some(pointer.version) })
}

fn named(store: &dyn Store, version: &str) -> Result<View> {
    let versions = list(store)?.1;
    let pointer = current_pointer(store)?.map(|(_, pointer)| pointer);
    let record = versions.published(version);
    // A publisher that was killed after the pointer moved has not listed its version yet.
    let current = pointer.as_ref().filter(|pointer| pointer.version == version);
    if record.is_none() && current.is_none() {
        return Err(unpublished(store, &versions, version));
    }
    let retracted = record.filter(|record| record.status == Status::Retracted).map(withdrawal);
    if let Some(told) = &retracted
        && store.get(&StorageKey::Tombstone { version: version.to_owned() }.path())?.is_some()
    {
        return Err(removed(store, version, told));
    }
    let (bytes, manifest) = manifest_of(store, version)?;
    let digest = sha256(&bytes);
    let listed = record.and_then(|record| record.manifest_sha256.as_ref());
    if listed.or(current.map(|pointer| &pointer.manifest_sha256)) != Some(&digest) {
        return Err(Error::unreachable(format!("the list of versions does not vouch for version {version}"))
            .at(store.name())
            .hint("guichets verify says what else does not hold"));
    }
    Ok(View { manifest, retracted, current: pointer.map(|pointer| pointer.version) })
}

fn withdrawal(record: &VersionRecord) -> Withdrawal {
    let told = |text: &Option<String>, otherwise: &str| text.as_deref().unwrap_or(otherwise).to_owned();
    Withdrawal {
        retracted_at: told(&record.retracted_at, "a day that was not noted"),
        reason: told(&record.reason, "no reason was given"),
    }
}

/// Why there is nothing to see of a name that no version was published under.
fn unpublished(store: &dyn Store, versions: &Versions, version: &str) -> Error {
    let refused = versions.versions.iter().rfind(|record| record.version == version);
    let Some(record) = refused else {
        return Error::usage(format!("the store has published no version {version}"))
            .at(store.name())
            .hint("guichets status and versions.json list those that it has");
    };
    let gates = record.refused_by.as_ref().and_then(Value::as_array).into_iter().flatten();
    let gates: Vec<&str> = gates.filter_map(|gate| gate["gate"].as_str()).collect();
    let by = if gates.is_empty() { String::new() } else { format!(" by {}", gates.join(", ")) };
    Error::usage(format!("version {version} was refused{by}, and nothing of it was written"))
        .at(store.name())
        .hint("guichets status tells figure and threshold; leave --version out, and the version that stands is shown")
}

fn removed(store: &dyn Store, version: &str, told: &Withdrawal) -> Error {
    let Withdrawal { retracted_at, reason } = told;
    let path = StorageKey::Tombstone { version: version.to_owned() }.path();
    Error::usage(format!("version {version} was retracted on {retracted_at}, and its bytes were removed: {reason}"))
        .at(format!("{}/{path}", store.name()))
        .hint("leave --version out, and the version that stands is shown; versions.json lists the others")
}

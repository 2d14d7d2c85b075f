//! The order in which a version is written.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta};
use serde_json::Value;

use super::again::until_ours;
use super::clearing;
use super::names::{Claim, another_won};
use super::read::{current_manifest, list};
use super::records::{Pointer, Status, VersionRecord, Versions};
use super::sign::SigningKey;
use super::{Base, StorageKey, Store, each, json, stable};
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::release::{Manifest, Parent, RawFile, StagedFile};

/// The list of digests of a version, for `sha256sum -c`.
pub const DIGESTS: &str = "SHA256SUMS";

/// A version that passed its gates.
pub struct Release<'a> {
    /// What the store held when the run began.
    pub base: &'a Base,
    /// Its files, all named by the manifest.
    pub files: &'a [StagedFile],
    /// Its manifest; the parent is filled in here.
    pub manifest: Manifest,
    /// The moment of which it speaks.
    pub as_of: DateTime<FixedOffset>,
    /// How long readers may take it for current; nothing where no other will follow.
    pub fresh_for: Option<TimeDelta>,
    /// Who vouches for it, where somebody does.
    pub signing: Option<&'a SigningKey>,
}

/// What publishing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The pointer moved.
    Published(Published),
    /// The current version says the same already.
    NothingNew {
        /// The current version.
        version: String,
    },
}

/// What a version says that the one before did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    None,
    /// The rows are the same, made by the same rules; who vouches for them is another.
    Signature,
    /// The rows are the same, made by the same rules; titles, descriptions, addresses, formats or other words are not.
    Words,
    /// Rows, or the rules by which they were made.
    Rows,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub version: String,
    /// What it says that the version before did not.
    pub news: News,
    /// Objects that were written because they were missing.
    pub written: usize,
    /// Objects that were there already.
    pub shared: usize,
    /// SHA-256 of its manifest.
    pub manifest_sha256: String,
}

/// Publishes a version on top of its base, unless the base says the same.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store cannot be written or another publisher won;
/// [`Usage`](crate::error::Kind::Usage) when the store cannot write conditionally, or holds another pipeline's versions;
/// [`Interrupted`](crate::error::Kind::Interrupted) when somebody stops it in time. The pointer has then not moved, unless
/// the message says that the version is published.
pub fn publish(store: &dyn Store, mut release: Release<'_>, progress: &dyn Progress) -> Result<Outcome> {
    let local: HashMap<&str, &Path> = release.files.iter().map(|file| (&*file.entry.path, &*file.local)).collect();
    release.base.check_pipeline(store, &release.manifest.pipeline)?;
    let mut news = News::Rows;
    if let Some((pointer, parent)) = &release.base.current {
        complete(store, pointer, parent)?;
        news = news_of(store, pointer, parent, &release)?;
        if news == News::None {
            stable::renew(store, &HashMap::new(), None)?;
            return Ok(Outcome::NothingNew { version: pointer.version.clone() });
        }
        release.manifest.parent =
            Some(Parent { version: pointer.version.clone(), manifest_sha256: pointer.manifest_sha256.clone() });
    }
    store.check_swap()?;
    let text = release.manifest.to_json();
    let manifest_sha256 = sha256(text.as_bytes());
    let version = release.manifest.version.clone();
    let claim = Claim::take(store, &version, release.base, &manifest_sha256)?;
    let pointer = Pointer {
        version: version.clone(),
        manifest: StorageKey::Manifest { version: version.clone() }.path(),
        manifest_sha256: manifest_sha256.clone(),
        published_at: instant(release.as_of),
        fresh_until: release.fresh_for.map(|time| instant(release.as_of + time)),
        fence: None,
    };
    let ready = write(store, &release, &text, &pointer, &claim, progress)
        .and_then(|counts| release.base.stands(store).map(|()| counts));
    let (written, shared) = ready.inspect_err(|_| claim.give_up())?;
    progress.visible(&version);
    // Where the answer to this is lost, the pointer may move yet.
    if !store.swap(&StorageKey::Latest, release.base.pointer_bytes.as_deref(), &json(&pointer))? {
        return Err(another_won(store, "the pointer moved while this run was at work"));
    }
    let finished = complete(store, &pointer, &release.manifest)
        .and_then(|()| stable::renew(store, &local, None))
        .and_then(|()| if release.manifest.packed().is_some() { stable::lead_in(store) } else { Ok(()) })
        .and_then(|()| claim.done());
    finished.map_err(|error| {
        Error::unreachable(format!("version {version} is published, but not yet in every list: {error}"))
            .hint("run again: it finishes versions.json and latest/")
    })?;
    Ok(Outcome::Published(Published { version, news, written, shared, manifest_sha256 }))
}

/// Writes what is missing; the pointer does not move yet.
fn write(
    store: &dyn Store,
    release: &Release<'_>,
    manifest: &str,
    pointer: &Pointer,
    claim: &Claim<'_>,
    progress: &dyn Progress,
) -> Result<(usize, usize)> {
    clearing::spares(store, &release.manifest)?;
    let (written, shared) = (AtomicUsize::new(0), AtomicUsize::new(0));
    progress.begin("publie", release.files.len() as u64);
    each(store, release.files, |file| {
        progress.proceed()?;
        // A path under data/ names its bytes: what is there is what would be written.
        if file.entry.partition.is_some() && store.size(&file.entry.path)? == Some(file.entry.bytes) {
            shared.fetch_add(1, Ordering::Relaxed);
        } else {
            if file.entry.partition.is_none() {
                claim.writes();
            }
            store.put_file(&StorageKey::File { path: file.entry.path.clone() }, &file.local)?;
            written.fetch_add(1, Ordering::Relaxed);
        }
        progress.advance(1);
        Ok(())
    })?;
    progress.end();
    claim.writes();
    let version = &pointer.version;
    if let Some(key) = release.signing {
        let signature = key.sign(manifest.as_bytes(), &format!("version:{version} date:{}", pointer.published_at))?;
        store.put(&StorageKey::Signature { version: version.clone() }, signature.as_bytes())?;
    }
    store.put(&StorageKey::Manifest { version: version.clone() }, manifest.as_bytes())?;
    progress.proceed()?;
    Ok((written.into_inner(), shared.into_inner()))
}

/// Sees to it that a version to which the pointer moved is in the list: the publisher may have been killed in between.
pub(super) fn complete(store: &dyn Store, pointer: &Pointer, manifest: &Manifest) -> Result<()> {
    if list(store)?.1.published(&pointer.version).is_some() {
        return Ok(());
    }
    record(
        store,
        &VersionRecord {
            version: pointer.version.clone(),
            status: Status::Published,
            as_of: pointer.published_at.clone(),
            simulated: manifest.simulated,
            fresh_until: pointer.fresh_until.clone(),
            manifest_sha256: Some(pointer.manifest_sha256.clone()),
            // The manifest says it; a list of all versions does not grow with all files.
            files_read: Vec::new(),
            refused_by: None,
            retracted_at: None,
            reason: None,
        },
    )
}

/// Keeps a refused night in the list of versions; the pointer does not move.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store cannot be written.
pub fn record_refusal(
    store: &dyn Store,
    version: &str,
    as_of: DateTime<FixedOffset>,
    simulated: bool,
    gates: Value,
    files_read: Vec<RawFile>,
) -> Result<()> {
    store.check_swap()?;
    if let Some((pointer, manifest)) = current_manifest(store)? {
        complete(store, &pointer, &manifest)?;
    }
    record(
        store,
        &VersionRecord {
            version: version.to_owned(),
            status: Status::Refused,
            as_of: instant(as_of),
            simulated,
            fresh_until: None,
            manifest_sha256: None,
            files_read,
            refused_by: Some(gates),
            retracted_at: None,
            reason: None,
        },
    )
}

/// Adds a line to the list.
fn record(store: &dyn Store, record: &VersionRecord) -> Result<()> {
    amend(store, |versions| {
        // Another run may have completed it meanwhile.
        if record.status == Status::Refused || versions.published(&record.version).is_none() {
            versions.versions.push(record.clone());
        }
    })
}

/// Changes the list. Where another publisher changes it at the same time, both changes stay.
pub(super) fn amend(store: &dyn Store, change: impl Fn(&mut Versions)) -> Result<()> {
    until_ours(store, &StorageKey::Versions, || {
        let (before, mut versions) = list(store)?;
        change(&mut versions);
        versions.last_successful = versions.last_good().map(|record| record.version.clone());
        let after = json(&versions);
        let done = before.as_ref() == Some(&after) || store.swap(&StorageKey::Versions, before.as_deref(), &after)?;
        Ok(done.then_some(()))
    })
}

/// What a release says that the current version does not.
fn news_of(store: &dyn Store, pointer: &Pointer, current: &Manifest, release: &Release<'_>) -> Result<News> {
    let new = &release.manifest;
    if current.contents() != new.contents() || current.made_with.rules != new.made_with.rules {
        return Ok(News::Rows);
    }
    if current.forms() != new.forms() || current.made_with.words_sha256 != new.made_with.words_sha256 {
        return Ok(News::Words);
    }
    Ok(match release.signing {
        Some(key) if !vouches_for(store, key, pointer)? => News::Signature,
        _ => News::None,
    })
}

/// Whether a key has signed a version.
fn vouches_for(store: &dyn Store, key: &SigningKey, pointer: &Pointer) -> Result<bool> {
    let signature = store.get(&StorageKey::Signature { version: pointer.version.clone() }.path())?;
    let (Some(signature), Some(manifest)) = (signature, store.get(&pointer.manifest)?) else { return Ok(false) };
    Ok(key.public()?.verify(&manifest, &String::from_utf8_lossy(&signature)).is_ok())
}

pub(super) fn instant(time: DateTime<FixedOffset>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

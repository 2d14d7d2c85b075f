//! Verifying a version: everything that vouches for something is followed to what it vouches for.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde::Serialize;
use tempfile::TempDir;

use super::read::{current_pointer, list, manifest_of};
use super::records::{Status, Versions};
use super::sign::VerifyingKey;
use super::stable::{self, StableFile};
use super::{StorageKey, Store, gather};
use crate::digest::{sha256, sha256_file};
use crate::error::{Context, Error, Result};
use crate::progress::Progress;
use crate::release::{ContentDigest, FileEntry, Manifest, ParquetRows, Rows as _, check_pack, packed_files};
use crate::schema::{Format, TableSchema, conform};

/// What verifying a version found.
#[derive(Debug, Serialize)]
pub struct VerifiedVersion {
    /// The version.
    pub version: String,
    /// Files that were looked at.
    pub files: usize,
    /// Their size.
    pub bytes: u64,
    /// Rows of its tables, each counted once.
    pub rows: u64,
    /// It and the versions on top of which it was made, the youngest first.
    pub chain: Vec<String>,
    /// Whether a signature was there and checked; nothing where no key was given.
    pub signed: Option<bool>,
    /// Why its bytes were removed, where they were.
    pub removed: Option<String>,
    /// What is not as it should be.
    pub faults: Vec<Fault>,
    /// What is as it should be, and worth knowing all the same: versions of the chain that were retracted, stable names that
    /// are being renewed.
    pub warnings: Vec<Fault>,
}

/// Something that is not as it should be.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// The object, from the store's root.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

/// Downloads a version, the current one unless another is named, and checks chain, signature, and each file's size,
/// digest, rows and content; of the current one, its copies under stable names, too.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when there is no such version; [`Unreachable`](crate::error::Kind::Unreachable)
/// when the store does not answer. What is wrong with the version is no error but a fault.
pub fn verify(
    store: &dyn Store,
    version: Option<&str>,
    key: Option<&VerifyingKey>,
    progress: &dyn Progress,
) -> Result<VerifiedVersion> {
    let versions = list(store)?.1;
    let mut faults = Vec::new();
    let pointer = current_pointer(store)?;
    let is_current = pointer.as_ref().is_some_and(|(_, pointer)| version.is_none_or(|named| named == pointer.version));
    let version = match (version, pointer) {
        (Some(version), _) => version.to_owned(),
        (None, Some((_, pointer))) => {
            let path = StorageKey::Latest.path();
            check_digest(store, &pointer.manifest, &pointer.manifest_sha256, &path, &mut faults)?;
            if pointer.manifest != (StorageKey::Manifest { version: pointer.version.clone() }).path() {
                faults.push(fault(
                    &path,
                    format!("leads to {}, which is not the manifest of its version", pointer.manifest),
                ));
            }
            if versions.published(&pointer.version).is_some_and(|record| record.status == Status::Retracted) {
                faults.push(fault(&path, "leads to a version that was retracted; run guichets retract again"));
            }
            pointer.version
        }
        (None, None) => {
            return Err(Error::usage("the store has no current version")
                .at(store.name())
                .hint("name one with --version; versions.json lists them"));
        }
    };
    let (text, manifest) = manifest_of(store, &version)?;
    if manifest.version != version {
        let path = StorageKey::Manifest { version: version.clone() }.path();
        faults.push(fault(&path, format!("says that it is of version {}", manifest.version)));
    }
    let signed = key.map(|key| check_signature(store, key, &version, &text, &mut faults)).transpose()?;
    let chain = follow(store, &versions, &version, &text, &manifest, &mut faults)?;
    let warnings = retracted(&versions, &chain);
    let mut found = VerifiedVersion {
        version: version.clone(),
        files: 0,
        bytes: 0,
        rows: 0,
        chain,
        signed,
        removed: removed(store, &versions, &version)?,
        faults,
        warnings,
    };
    if is_current {
        check_stable_names(store, &sha256(&text), &manifest, progress, &mut found)?;
    }
    if found.removed.is_none() {
        let checked = check_files(store, &manifest, progress)?;
        found.files = manifest.files.len();
        // Numbers that somebody else wrote.
        found.bytes = manifest.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
        let tables = manifest.files.iter().filter(|file| file.format == Some(Format::Parquet));
        found.rows = tables.filter_map(|file| file.rows).fold(0, u64::saturating_add);
        found.faults.extend(checked);
    }
    found.faults.sort();
    Ok(found)
}

fn fault(path: &str, what: impl Into<String>) -> Fault {
    Fault { path: path.to_owned(), what: what.into() }
}

/// Reads an object, and whether it has the digest that another gives it.
fn check_digest(
    store: &dyn Store,
    path: &str,
    expected: &str,
    voucher: &str,
    faults: &mut Vec<Fault>,
) -> Result<Option<Vec<u8>>> {
    let bytes = store.get(path)?;
    match &bytes {
        None => faults.push(fault(path, format!("is not there, and {voucher} leads to it"))),
        Some(bytes) if sha256(bytes) != expected => {
            faults.push(fault(path, format!("its SHA-256 is {}, {voucher} says {expected}", sha256(bytes))));
        }
        Some(_) => {}
    }
    Ok(bytes)
}

fn check_signature(
    store: &dyn Store,
    key: &VerifyingKey,
    version: &str,
    manifest: &[u8],
    faults: &mut Vec<Fault>,
) -> Result<bool> {
    let path = StorageKey::Signature { version: version.to_owned() }.path();
    let Some(signature) = store.get(&path)? else {
        faults.push(fault(&path, "there is no signature"));
        return Ok(false);
    };
    match key.verify(manifest, &String::from_utf8_lossy(&signature)) {
        Ok(()) => Ok(true),
        Err(error) => {
            faults.push(fault(&path, error.to_string()));
            Ok(false)
        }
    }
}

/// Each manifest names the digest of the one before: none can be changed without changing all that follow.
fn follow(
    store: &dyn Store,
    versions: &Versions,
    version: &str,
    text: &[u8],
    manifest: &Manifest,
    faults: &mut Vec<Fault>,
) -> Result<Vec<String>> {
    let mut chain = vec![version.to_owned()];
    check_listed(versions, version, text, faults);
    let mut parent = manifest.parent.clone();
    while let Some(link) = parent.take() {
        let path = StorageKey::Manifest { version: link.version.clone() }.path();
        let child = chain.last().cloned().unwrap_or_default();
        if chain.contains(&link.version) {
            faults.push(fault(&path, "the chain of versions leads back to itself"));
            break;
        }
        let bytes = check_digest(store, &path, &link.manifest_sha256, &format!("the manifest of {child}"), faults)?;
        chain.push(link.version.clone());
        if let Some(text) = bytes {
            check_listed(versions, &link.version, &text, faults);
            // One that is damaged is a fault already; the chain cannot be followed through it, nor through one that is
            // not the one that was meant: a server could make up the next for ever.
            let meant = (sha256(&text) == link.manifest_sha256).then_some(text);
            parent = meant
                .and_then(|text| serde_json::from_slice(&text).ok())
                .and_then(|manifest: Manifest| manifest.parent);
        }
    }
    Ok(chain)
}

/// Versions of a chain that are no longer vouched for. That is no fault of those made on top of them, which may have put
/// right what was wrong, or may carry it on.
fn retracted(versions: &Versions, chain: &[String]) -> Vec<Fault> {
    let records = chain.iter().filter_map(|version| versions.published(version));
    let retracted = records.filter(|record| record.status == Status::Retracted);
    retracted
        .map(|record| {
            let path = StorageKey::Manifest { version: record.version.clone() }.path();
            let reason = record.reason.as_deref().unwrap_or("no reason was given");
            fault(&path, format!("{} was retracted: {reason}", record.version))
        })
        .collect()
}

/// The copies under stable names, where they say that they are those of the version.
fn check_stable_names(
    store: &dyn Store,
    manifest_sha256: &str,
    manifest: &Manifest,
    progress: &dyn Progress,
    found: &mut VerifiedVersion,
) -> Result<()> {
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    let names: Vec<(String, StableFile)> = stable::names(store, manifest)?.into_iter().collect();
    let stands = || stable::stands_for(store, manifest_sha256);
    let wrong = if stands()? {
        gather(store, &names, |(name, file)| {
            progress.proceed()?;
            let path = StorageKey::Stable { name: name.clone() }.path();
            let local = folder.path().join(name.replace('/', "_"));
            let what = check_bytes(store, &path, (file.bytes, &file.sha256), &local)?;
            let _ = std::fs::remove_file(local);
            Ok(what.map(|what| fault(&path, what)))
        })?
    } else {
        Vec::new()
    };
    // Somebody may have begun to renew them meanwhile.
    if stands()? {
        found.faults.extend(wrong);
    } else {
        let path = StorageKey::Stable { name: String::new() }.path();
        found.warnings.push(fault(&path, "is being renewed, or was not to its end: the next run ends it"));
    }
    Ok(())
}

/// The list of versions gives each manifest's digest, too.
fn check_listed(versions: &Versions, version: &str, manifest: &[u8], faults: &mut Vec<Fault>) {
    let path = StorageKey::Versions.path();
    match versions.published(version) {
        None => faults.push(fault(&path, format!("does not list {version}"))),
        Some(record) if record.manifest_sha256.as_deref() != Some(&*sha256(manifest)) => {
            faults.push(fault(&path, format!("gives another SHA-256 for the manifest of {version}")));
        }
        Some(_) => {}
    }
}

/// Why the bytes of a version are gone; only of one that was retracted can they be.
fn removed(store: &dyn Store, versions: &Versions, version: &str) -> Result<Option<String>> {
    if versions.published(version).is_none_or(|record| record.status != Status::Retracted) {
        return Ok(None);
    }
    let tombstone = store.get(&StorageKey::Tombstone { version: version.to_owned() }.path())?;
    let parsed = tombstone.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    Ok(parsed.map(|told| told["reason"].as_str().unwrap_or_default().to_owned()))
}

fn check_files(store: &dyn Store, manifest: &Manifest, progress: &dyn Progress) -> Result<Vec<Fault>> {
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    progress.begin("vérifie", manifest.files.len() as u64);
    let (packed, schemas) = (manifest.packed(), schemas(store, manifest)?);
    let faults = gather(store, &manifest.files, |file| {
        progress.proceed()?;
        let found = check_file(store, file, (packed, &schemas), folder.path())?;
        progress.advance(1);
        Ok(found.map(|what| fault(&file.path, what)))
    })?;
    progress.end();
    Ok(faults)
}

/// The schemas that a version carries for its tables, by the names of these; or why there is none to read one by.
type Schemas<'m> = HashMap<&'m str, Result<TableSchema, String>>;

fn schemas<'m>(store: &dyn Store, manifest: &'m Manifest) -> Result<Schemas<'m>> {
    let tables = manifest.files.iter().filter(|file| file.format == Some(Format::Parquet));
    let tables: BTreeSet<&str> = tables.map(|file| file.table.as_deref().unwrap_or_default()).collect();
    let schema = |table: &str| {
        let path = format!("versions/{}/schemas/{table}.json", manifest.version);
        let text = store.get(&path)?.ok_or_else(|| Error::unreachable(format!("there is no {path} to read it by")))?;
        TableSchema::parse(String::from_utf8_lossy(&text).into_owned())
    };
    let tables: Vec<&str> = tables.into_iter().collect();
    let found = gather(store, &tables, |table| Ok(Some((*table, schema(table).map_err(|error| error.to_string())))))?;
    Ok(found.into_iter().collect())
}

/// What is wrong with a file, if anything is.
fn check_file(
    store: &dyn Store,
    file: &FileEntry,
    (packed, schemas): (Option<(&FileEntry, &FileEntry)>, &Schemas<'_>),
    folder: &Path,
) -> Result<Option<String>> {
    let local = folder.join(file.path.replace('/', "_"));
    if let Some(what) = check_bytes(store, &file.path, (file.bytes, &file.sha256), &local)? {
        return Ok(Some(what));
    }
    if let Some((_, list)) = packed.filter(|(pack, _)| pack.path == file.path) {
        let unpacked = check_pages(store, list, &local);
        let _ = std::fs::remove_file(local);
        return Ok(unpacked.err().map(|error| error.to_string()));
    }
    let rows = match file.format {
        Some(Format::Parquet) => check_table(file, schemas, &local),
        Some(Format::Csv) => csv_rows(&local).map(Some),
        _ => Ok(None),
    };
    let found = match rows {
        Err(error) => Some(error.to_string()),
        Ok(rows) if rows.is_some() && rows != file.rows => {
            Some(format!("has {} rows, the manifest says {}", rows.unwrap_or_default(), file.rows.unwrap_or_default()))
        }
        Ok(_) => None,
    };
    // One large file after another must not fill the disk.
    let _ = std::fs::remove_file(local);
    Ok(found)
}

/// What is wrong with the bytes at a path, which are to be so many, with that digest.
fn check_bytes(store: &dyn Store, path: &str, stated: (u64, &str), local: &Path) -> Result<Option<String>> {
    if !store.get_file(path, local, stated.0)? {
        return Ok(Some("is not there".to_owned()));
    }
    let (bytes, sha256) = sha256_file(local)?;
    // Of a longer one no more was brought.
    let has = if bytes > stated.0 { "has at least" } else { "has" };
    if bytes != stated.0 {
        return Ok(Some(format!("{has} {bytes} bytes, the manifest says {}", stated.0)));
    }
    Ok((sha256 != stated.1).then(|| format!("its SHA-256 is {sha256}, the manifest says {}", stated.1)))
}

/// The rows of a Parquet file, whose content digest must be the stated one by the schema that the version carries. Several
/// tables are looked at at once: of none all rows are held.
fn check_table(file: &FileEntry, schemas: &Schemas<'_>, local: &Path) -> Result<Option<u64>> {
    let schema = schemas.get(file.table.as_deref().unwrap_or_default());
    let schema = schema.ok_or_else(|| Error::internal("a table without a schema"))?.as_ref();
    let schema = schema.map_err(|why| Error::unreachable(why.clone()))?;
    let (mut digest, mut rows) = (ContentDigest::new(schema), 0);
    ParquetRows::open(local)?.each(&mut |batch| {
        rows += batch.num_rows() as u64;
        digest.add(&conform(schema, batch)?)
    })?;
    let digest = digest.finish()?;
    if Some(&digest) != file.content_digest.as_ref() {
        let stated = file.content_digest.as_deref().unwrap_or("nothing");
        return Err(Error::unreachable(format!("its content digest is {digest}, the manifest says {stated}")));
    }
    Ok(Some(rows))
}

/// Whether a pack of pages holds what its list names, which must be the one that the manifest vouches for.
fn check_pages(store: &dyn Store, list: &FileEntry, pack: &Path) -> Result<()> {
    let path = &list.path;
    let text = store.get(path)?.ok_or_else(|| Error::unreachable(format!("there is no {path} to unpack it by")))?;
    if sha256(&text) != list.sha256 {
        return Err(Error::unreachable(format!(
            "{path}, to unpack it by, is not the one that the manifest vouches for"
        )));
    }
    check_pack(pack, &packed_files(&text)?)
}

fn csv_rows(path: &Path) -> Result<u64> {
    let mut reader = csv::Reader::from_path(path).unreachable("cannot read")?;
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut record).unreachable("not a CSV file")? {
        rows += 1;
    }
    Ok(rows)
}

//! The stable names under `latest/`: copies of the current version's files, for those who want one address for ever.
//! They are renewed one by one, after the pointer has moved; whoever needs files that belong together follows the pointer.
//!
//! A publisher may be held up within a single write, for as long as it likes, and write over what another has renewed
//! meanwhile. So each says in `renewals.json` that it writes, and of which versions, and takes that back when it has seen
//! that nobody overtook it; otherwise it writes everything again. Whoever finds a renewal that was not taken back believes
//! nothing that is there, and writes everything, too.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::again::until_ours;
use super::protocol::DIGESTS;
use super::read::{current_pointer, fetch, manifest_of, parsed, parsed_manifest};
use super::records::Pointer;
use super::{StorageKey, Store, each, json};
use crate::digest::sha256;
use crate::error::{Context, Error, Result};
use crate::release::{FileEntry, Manifest, packed_files, unpack};

/// The copy of the manifest is written last: where it is the current one's, every stable name is renewed.
const MARK: &str = "manifest.json";

/// A renewal that was not taken back while so many others came to their end was cut short, or nearly so.
const OUTLIVED: u32 = 3;

/// The page at the store's root.
const FORWARDER: &str = "<!doctype html>
<html lang=\"fr\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"refresh\" content=\"0; url=latest/index.html\">
<title>guichets-ouverts</title>
</head>
<body>
<p><a href=\"latest/index.html\">La version courante</a></p>
</body>
</html>
";

/// Where pages are unpacked.
const PAGES: &str = "pages";

/// Larger files are fetched by way of the disk, in bytes.
const IN_MEMORY: u64 = 1 << 20;

/// Who writes stable names.
#[derive(Default, Serialize, Deserialize)]
struct Renewals {
    renewals: Vec<Renewal>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Renewal {
    /// Drawn at random.
    by: String,
    /// Versions of whose files some may be there because of it.
    versions: BTreeSet<String>,
    /// How many came to their end since.
    outlived: u32,
}

/// Makes `latest/` hold the files of the current version, and no others; `local` are those at hand, by their paths in the
/// store. Files of the version `gone` may be there, too. Where the pointer moves meanwhile, the work is done again for
/// where it went.
pub(super) fn renew(store: &dyn Store, local: &HashMap<&str, &Path>, gone: Option<&str>) -> Result<()> {
    let mut turn = Turn { store, by: store.token(), versions: gone.map(str::to_owned).into_iter().collect() };
    let mut pointer = current(store)?;
    if renewed(store, pointer.as_ref())? {
        return Ok(());
    }
    let mut overtaken = false;
    loop {
        let believed = turn.begin(pointer.as_ref())? && !overtaken;
        turn.write(pointer.as_ref(), believed, local)?;
        let now = current(store)?;
        if version_of(now.as_ref()) == version_of(pointer.as_ref()) {
            return turn.end();
        }
        (pointer, overtaken) = (now, true);
    }
}

/// Sees to it that the store's root leads to the pages of the current version; the same bytes for every store, written once.
pub(super) fn lead_in(store: &dyn Store) -> Result<()> {
    if store.size(&StorageKey::Forwarder.path())?.is_some() {
        return Ok(());
    }
    store.put(&StorageKey::Forwarder, FORWARDER.as_bytes())
}

/// Whether what is under `latest/` is the current version's, all of it. Where a publication was cut short, or is under way, files
/// of two versions may be there.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
pub fn stable_names_stand(store: &dyn Store) -> Result<bool> {
    renewed(store, current(store)?.as_ref())
}

fn current(store: &dyn Store) -> Result<Option<Pointer>> {
    Ok(current_pointer(store)?.map(|(_, pointer)| pointer))
}

fn version_of(pointer: Option<&Pointer>) -> Option<&str> {
    pointer.map(|pointer| &*pointer.version)
}

/// Whether all is done: the mark is the current version's, and nobody is at it.
fn renewed(store: &dyn Store, pointer: Option<&Pointer>) -> Result<bool> {
    let mark = mark(store)?;
    let right = mark.as_deref().map(sha256).as_ref() == pointer.map(|pointer| &pointer.manifest_sha256);
    Ok(right && renewals(store)?.1.renewals.is_empty() && pointer.is_some())
}

fn mark(store: &dyn Store) -> Result<Option<Vec<u8>>> {
    store.get(&StorageKey::Stable { name: MARK.to_owned() }.path())
}

fn renewals(store: &dyn Store) -> Result<(Option<Vec<u8>>, Renewals)> {
    let path = StorageKey::Renewals.path();
    let bytes = store.get(&path)?;
    let renewals = bytes.as_deref().map(|bytes| parsed(bytes, store, &path)).transpose()?;
    Ok((bytes, renewals.unwrap_or_default()))
}

/// What stands under a stable name.
#[derive(Debug, Clone)]
pub(super) struct StableFile {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// The file that it is a copy of; nothing where it comes out of the version's pack of pages.
    copy_of: Option<FileEntry>,
}

/// The files of a version that have a stable name, each by it; none of a version that is not there.
fn names_of(store: &dyn Store, version: &str) -> Result<BTreeMap<String, StableFile>> {
    let path = StorageKey::Manifest { version: version.to_owned() }.path();
    let bytes = store.get(&path)?;
    let manifest = bytes.map(|bytes| parsed_manifest(&bytes, store, &path)).transpose()?;
    manifest.as_ref().map(|manifest| names(store, manifest)).transpose().map(Option::unwrap_or_default)
}

/// The files of a version that have a stable name, each by it. Pages of its pack come before files of its own of the same
/// name: a version of which only the front page stands unpacked has one that leads into the pack.
pub(super) fn names(store: &dyn Store, manifest: &Manifest) -> Result<BTreeMap<String, StableFile>> {
    let copy = |file: &FileEntry| {
        let stable = StableFile { bytes: file.bytes, sha256: file.sha256.clone(), copy_of: Some(file.clone()) };
        Some((stable_name(&file.path, &manifest.version)?, stable))
    };
    let mut names: BTreeMap<String, StableFile> = manifest.files.iter().filter_map(copy).collect();
    if let Some((_, list)) = manifest.packed() {
        // Of a version whose bytes were removed nobody needs to know it.
        if let Some(text) = store.get(&list.path)?.filter(|text| sha256(text) == list.sha256) {
            names.extend(
                packed_files(&text)?
                    .into_iter()
                    .map(|page| (page.name, StableFile { bytes: page.bytes, sha256: page.sha256, copy_of: None })),
            );
        }
    }
    Ok(names)
}

/// The bytes of a small file.
fn fetch_small(store: &dyn Store, file: &FileEntry) -> Result<Vec<u8>> {
    let bytes = store.get(&file.path)?.filter(|bytes| sha256(bytes) == file.sha256);
    bytes.ok_or_else(|| {
        Error::unreachable("the file is not the one that the manifest vouches for").at(format!(
            "{}/{}",
            store.name(),
            file.path
        ))
    })
}

/// One renewal.
struct Turn<'a> {
    store: &'a dyn Store,
    by: String,
    /// Versions of whose files some may be there.
    versions: BTreeSet<String>,
}

impl Turn<'_> {
    /// Says that names of a version, or of none, are being written. Returns whether nobody else is at it.
    fn begin(&mut self, pointer: Option<&Pointer>) -> Result<bool> {
        self.versions.extend(pointer.map(|pointer| pointer.version.clone()));
        // Without the mark, which goes first, nobody else would know what is there.
        let marked = mark(self.store)?.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
        self.versions.extend(marked.map(|manifest| manifest.version));
        let others = self.amend(|turn, renewals| {
            renewals.retain(|renewal| renewal.by != turn.by);
            let others = renewals.clone();
            renewals.push(Renewal { by: turn.by.clone(), versions: turn.versions.clone(), outlived: 0 });
            others
        })?;
        self.versions.extend(others.iter().flat_map(|other| other.versions.iter().cloned()));
        Ok(others.is_empty())
    }

    /// Says that it came to its end.
    fn end(&self) -> Result<()> {
        self.amend(|turn, renewals| {
            renewals.retain(|renewal| renewal.by != turn.by && renewal.outlived < OUTLIVED);
            for other in renewals {
                other.outlived += 1;
            }
        })
    }

    fn amend<T>(&self, change: impl Fn(&Self, &mut Vec<Renewal>) -> T) -> Result<T> {
        until_ours(self.store, &StorageKey::Renewals, || {
            let (before, mut renewals) = renewals(self.store)?;
            let told = change(self, &mut renewals.renewals);
            Ok(self.store.swap(&StorageKey::Renewals, before.as_deref(), &json(&renewals))?.then_some(told))
        })
    }

    /// Writes and removes what differs, or everything where what is there is not believed; ends early where the pointer
    /// moves.
    fn write(&self, pointer: Option<&Pointer>, believed: bool, local: &HashMap<&str, &Path>) -> Result<()> {
        let store = self.store;
        let read = |pointer: &Pointer| manifest_of(store, &pointer.version);
        let target = pointer.map(read).transpose()?;
        let of = |manifest: &Manifest| names(store, manifest);
        let wanted = target.as_ref().map(|(_, manifest)| of(manifest)).transpose()?.unwrap_or_default();
        // The mark tells what is there: the files of the version whose renewal came to its end last.
        let before = mark(store)?.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
        let there = before.as_ref().filter(|_| believed).map(of).transpose()?.unwrap_or_default();
        let mut left_over: BTreeSet<String> = there.keys().cloned().collect();
        // A renewal that was cut short by a program that kept no list left no more than the files of the version before.
        let parent = target.as_ref().and_then(|(_, manifest)| manifest.parent.as_ref()).filter(|_| before.is_none());
        // Those of the two versions whose manifests are at hand are known, and what is wanted is not left over.
        let believed_there = before.as_ref().filter(|_| believed).map(|manifest| &manifest.version);
        let known = |version: &&String| version_of(pointer) == Some(version) || believed_there == Some(*version);
        let unknown = self.versions.iter().filter(|version| !known(version));
        for version in unknown.chain(parent.map(|parent| &parent.version)) {
            left_over.extend(names_of(store, version)?.into_keys());
        }
        let left_over: Vec<String> = left_over.into_iter().filter(|name| !wanted.contains_key(name)).collect();
        let differing: Vec<(&String, &StableFile)> =
            wanted.iter().filter(|(name, file)| there.get(*name).is_none_or(|is| is.sha256 != file.sha256)).collect();

        let mark_key = StorageKey::Stable { name: MARK.to_owned() };
        store.delete(&mark_key)?;
        let overtaken = Overtaken { store, version: version_of(pointer), seen: AtomicBool::new(false) };
        let copies = Copies::of(store, target.as_ref().map(|(_, manifest)| manifest), local, &differing)?;
        each(store, &differing, |(name, file)| if overtaken.look()? { Ok(()) } else { copies.put(name, file) })?;
        each(store, &left_over, |name| {
            if overtaken.look()? { Ok(()) } else { store.delete(&StorageKey::Stable { name: name.clone() }) }
        })?;
        match target {
            Some((text, _)) if !overtaken.look()? => store.put(&mark_key, &text),
            _ => Ok(()),
        }
    }
}

/// Where the bytes of stable names come from.
struct Copies<'a> {
    store: &'a dyn Store,
    /// Files at hand, by their paths in the store.
    local: &'a HashMap<&'a str, &'a Path>,
    /// For what is large, and for the pages of the pack, which are unpacked here; nothing where there is neither.
    folder: Option<TempDir>,
}

impl<'a> Copies<'a> {
    fn of(
        store: &'a dyn Store,
        manifest: Option<&Manifest>,
        local: &'a HashMap<&'a str, &'a Path>,
        files: &[(&String, &StableFile)],
    ) -> Result<Self> {
        let is_large = |file: &FileEntry| !local.contains_key(&*file.path) && file.bytes > IN_MEMORY;
        let on_disk = |(_, file): &(&String, &StableFile)| file.copy_of.as_ref().is_none_or(is_large);
        let folder = files.iter().any(on_disk).then(|| TempDir::with_prefix("guichets-")).transpose();
        let folder = folder.unreachable("cannot make a temporary folder")?;
        let packed =
            manifest.and_then(Manifest::packed).filter(|_| files.iter().any(|(_, file)| file.copy_of.is_none()));
        if let (Some((pack, list)), Some(folder)) = (packed, &folder) {
            unpack_into(store, (pack, list), local, folder.path(), &folder.path().join(PAGES))?;
        }
        Ok(Self { store, local, folder })
    }

    fn put(&self, name: &str, file: &StableFile) -> Result<()> {
        let key = StorageKey::Stable { name: name.to_owned() };
        let on_disk = self.folder.as_ref().map(TempDir::path);
        match (&file.copy_of, on_disk) {
            (None, Some(folder)) => self.store.put_file(&key, &folder.join(PAGES).join(name)),
            (None, None) => Err(Error::internal("a page without its pack").at(name)),
            (Some(file), on_disk) => match (self.local.get(&*file.path), on_disk) {
                (Some(path), _) => self.store.put_file(&key, path),
                (None, Some(folder)) if file.bytes > IN_MEMORY => {
                    self.store.put_file(&key, &fetch(self.store, file, folder)?)
                }
                (None, _) => self.store.put(&key, &fetch_small(self.store, file)?),
            },
        }
    }
}

/// Unpacks the pages of a version into a folder, each checked against its digest; gives back how many.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the version has none; [`Unreachable`](crate::error::Kind::Unreachable) when they
/// are not what the manifest vouches for, the store does not answer, or the disk is full.
pub fn unpack_pages(store: &dyn Store, manifest: &Manifest, folder: &Path) -> Result<usize> {
    let (pack, list) = manifest.packed().ok_or_else(|| {
        let path = StorageKey::Manifest { version: manifest.version.clone() }.path();
        Error::usage(format!("version {} has no pages: it was made before versions had any", manifest.version))
            .at(format!("{}/{path}", store.name()))
            .hint("its manifest lists the files that it has; name a younger version to see pages")
    })?;
    let aside = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    unpack_into(store, (pack, list), &HashMap::new(), aside.path(), folder)
}

/// Unpacks a pack into a folder, and gives back how many pages it holds. It is fetched where it is not at hand.
fn unpack_into(
    store: &dyn Store,
    (pack, list): (&FileEntry, &FileEntry),
    local: &HashMap<&str, &Path>,
    aside: &Path,
    folder: &Path,
) -> Result<usize> {
    let list = packed_files(&fetch_small(store, list)?)?;
    let pack = match local.get(&*pack.path) {
        Some(path) => path.to_path_buf(),
        None => fetch(store, pack, aside)?,
    };
    unpack(&pack, &list, folder)?;
    Ok(list.len())
}

/// Whether the pointer has moved: a slow publisher must not go on to write over what a faster one renews.
struct Overtaken<'a> {
    store: &'a dyn Store,
    version: Option<&'a str>,
    seen: AtomicBool,
}

impl Overtaken<'_> {
    fn look(&self) -> Result<bool> {
        if !self.seen.load(Ordering::Relaxed) && version_of(current(self.store)?.as_ref()) != self.version {
            self.seen.store(true, Ordering::Relaxed);
        }
        Ok(self.seen.load(Ordering::Relaxed))
    }
}

/// Whether the stable names say that they are those of a version, and nobody is at them.
pub(super) fn stands_for(store: &dyn Store, manifest_sha256: &str) -> Result<bool> {
    Ok(mark(store)?.is_some_and(|bytes| sha256(&bytes) == manifest_sha256) && renewals(store)?.1.renewals.is_empty())
}

/// The name of a file under `latest/`: its path within the version, or its bare name where versions share it. The list
/// of digests has none: it speaks of paths within the version.
#[must_use]
pub fn stable_name(path: &str, version: &str) -> Option<String> {
    let within = path.strip_prefix(&format!("versions/{version}/"));
    let name = within.or_else(|| path.rsplit('/').next())?;
    (name != DIGESTS).then(|| name.to_owned())
}

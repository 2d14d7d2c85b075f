//! Whether the folder of a probe is what its proofs say: the chain holds, each link is of the log as it is, each day that is
//! over is what its manifest says, by whom it should be signed.
//!
//! Nothing is asked of the plan or of the program that wrote it: anyone can check a copy of the folder. A log that was changed
//! together with the chain and every manifest after it is only found by a signature or by a date that a third party gave.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::folder::Folder;
use super::log::{SPOOL, file_of};
use super::proof::{CHAIN, DayManifest, Link, MANIFEST, parse};
use crate::digest::sha256;
use crate::error::{Context, Error, Result};
use crate::publish::{Fault, VerifyingKey};

/// What was found in a folder.
#[derive(Debug, Default, Serialize)]
pub struct VerifiedFolder {
    /// How many logs there are.
    pub logs: usize,
    /// How many lines they have.
    pub lines: usize,
    /// How many links the chain has.
    pub links: usize,
    /// How many days have a manifest.
    pub days: usize,
    /// Whether each of them is signed by the key; nothing where no key was given.
    pub signed: Option<bool>,
    /// What is no fault, and should be known.
    pub warnings: Vec<Fault>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// The chain, as far as it can be read.
type Chain = Vec<(String, Link)>;

/// Whether a folder is one of a probe.
#[must_use]
pub fn is_folder(root: &Path) -> bool {
    root.join("preuves").is_dir() && root.join("journaux").is_dir()
}

/// Checks a folder of a probe, by itself and, where a key is given, by the signatures of its days.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) where it is no such folder; [`Unreachable`](crate::error::Kind::Unreachable) when it
/// cannot be read. What is wrong with it is no error but a fault.
pub fn verify(root: &Path, key: Option<&VerifyingKey>) -> Result<VerifiedFolder> {
    if !is_folder(root) {
        return Err(Error::usage("no folder of a probe: it has no journaux/ and preuves/").at_path(root));
    }
    let folder = Folder::look_into(root);
    let mut found = VerifiedFolder::default();
    let chain = read_chain(&folder, &mut found)?;
    let manifests = read_manifests(&folder, key, &mut found)?;
    check_logs(&folder, chain.as_ref(), &manifests, &mut found)?;
    check_days(&manifests, chain.as_ref(), &mut found)?;
    Ok(found)
}

impl VerifiedFolder {
    fn fault(&mut self, path: &str, what: impl Into<String>) {
        self.faults.push(Fault { path: path.to_owned(), what: what.into() });
    }

    fn warn(&mut self, path: &str, what: impl Into<String>) {
        self.warnings.push(Fault { path: path.to_owned(), what: what.into() });
    }
}

/// The chain, each link compared with the one before it; nothing where there is no chain.
fn read_chain(folder: &Folder, found: &mut VerifiedFolder) -> Result<Option<Chain>> {
    let Some(bytes) = folder.read(CHAIN)? else {
        found.warn(CHAIN, "is not there: each day is checked by its own manifest");
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut chain = Chain::new();
    for (line, n) in text.lines().zip(1_u64..) {
        let Ok(link) = parse(line) else {
            found.fault(CHAIN, format!("line {n} is no link"));
            continue;
        };
        let before = chain.last().map_or_else(String::new, |(line, _)| sha256(line.as_bytes()));
        if link.n != n {
            found.fault(CHAIN, format!("line {n} is link {}", link.n));
        } else if link.prev != before {
            found.fault(CHAIN, format!("link {n} does not go on from the one before it"));
        }
        chain.push((line.to_owned(), link));
    }
    found.links = chain.len();
    Ok(Some(chain))
}

/// The manifests, by their days and vantages, each compared with its signature.
fn read_manifests(
    folder: &Folder,
    key: Option<&VerifyingKey>,
    found: &mut VerifiedFolder,
) -> Result<BTreeMap<String, DayManifest>> {
    let mut manifests = BTreeMap::new();
    found.signed = key.map(|_| true);
    for name in names(folder, "preuves")?.into_iter().filter(|name| name.ends_with(MANIFEST)) {
        let path = format!("preuves/{name}");
        let bytes = folder.read(&path)?.unwrap_or_default();
        if let Some(key) = key {
            let signature = folder.read(&format!("{path}.minisig"))?;
            let signature = signature.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            if signature.is_none_or(|signature| key.verify(&bytes, &signature).is_err()) {
                found.signed = Some(false);
                found.fault(&path, "is not signed by that key");
            }
        }
        match serde_json::from_slice::<DayManifest>(&bytes) {
            Ok(manifest) if name == format!("{}-{}{MANIFEST}", manifest.day, manifest.vantage) => {
                manifests.insert(path, manifest);
            }
            Ok(manifest) => found.fault(&path, format!("is of {} and {}", manifest.day, manifest.vantage)),
            Err(error) => found.fault(&path, format!("is no manifest: {error}")),
        }
    }
    found.days = manifests.len();
    Ok(manifests)
}

/// Each log against the links and the manifest that are of it.
fn check_logs(
    folder: &Folder,
    chain: Option<&Chain>,
    manifests: &BTreeMap<String, DayManifest>,
    found: &mut VerifiedFolder,
) -> Result<()> {
    let logs: Vec<String> = names(folder, "journaux")?.into_iter().map(|name| format!("journaux/{name}")).collect();
    for path in &logs {
        let log = folder.read(path)?.unwrap_or_default();
        found.logs += 1;
        found.lines += memchr::memchr_iter(b'\n', &log).count();
        let links = chain.into_iter().flatten().map(|(_, link)| link).filter(|link| link.file == *path);
        if let Some(covered) = check_links(path, &log, links, found)
            && covered < log.len() as u64
        {
            let delivering = folder.path(SPOOL).exists();
            let told = format!("{} bytes stand behind its last link", log.len() as u64 - covered);
            if delivering { found.warn(path, told) } else { found.fault(path, told) }
        } else if chain.is_some_and(|chain| chain.iter().all(|(_, link)| link.file != *path)) {
            found.fault(path, "no link is of it");
        }
        let closed = manifests.iter().find(|(_, manifest)| manifest.log.path == *path);
        match closed {
            Some((at, manifest)) => check_log(at, manifest, &log, found),
            None => found.warn(path, "has no manifest: its day is not over, or no cycle was made since"),
        }
    }
    let gone = |file: &String| !logs.contains(file);
    let of_links = chain.into_iter().flatten().map(|(_, link)| link.file.clone());
    let mut named: Vec<String> = of_links.chain(manifests.values().map(|manifest| manifest.log.path.clone())).collect();
    named.sort();
    named.dedup();
    for file in named.into_iter().filter(gone) {
        found.fault(&file, "is not there");
    }
    Ok(())
}

/// A log against its links, and how many of its bytes they cover; nothing where none is of it.
fn check_links<'l>(
    path: &str,
    log: &[u8],
    links: impl Iterator<Item = &'l Link>,
    found: &mut VerifiedFolder,
) -> Option<u64> {
    let mut covered = None;
    for link in links {
        let length = usize::try_from(link.length).unwrap_or(usize::MAX);
        if covered.is_some_and(|covered| covered > link.length) {
            found.fault(path, format!("is shorter at link {} than at the one before it", link.n));
        }
        match log.get(..length) {
            Some(part) if sha256(part) == link.sha256 => {}
            Some(_) => found.fault(path, format!("its first {length} bytes are not those of link {}", link.n)),
            None => found.fault(path, format!("is shorter than at link {}", link.n)),
        }
        covered = Some(covered.unwrap_or(0).max(link.length));
    }
    covered
}

/// A log against the manifest of its day.
fn check_log(at: &str, manifest: &DayManifest, log: &[u8], found: &mut VerifiedFolder) {
    let path = manifest.log.path.as_str();
    if path != file_of(&manifest.day, &manifest.vantage) {
        found.fault(at, format!("names {path}, which is not the log of its day"));
    }
    if (manifest.log.bytes, manifest.log.sha256.as_str()) != (log.len() as u64, sha256(log).as_str()) {
        found.fault(path, format!("is not what {at} says"));
    }
    if manifest.lines != memchr::memchr_iter(b'\n', log).count() {
        found.fault(path, format!("has not as many lines as {at} says"));
    }
    let whole = |link: &Link| (link.length, &link.sha256) == (manifest.log.bytes, &manifest.log.sha256);
    if !manifest.last_link.as_ref().is_some_and(whole) {
        found.fault(at, "its last link is not of the whole log");
    }
}

/// The links of the manifests against the chain, or, where that is not there, against those of the days before.
fn check_days(
    manifests: &BTreeMap<String, DayManifest>,
    chain: Option<&Chain>,
    found: &mut VerifiedFolder,
) -> Result<()> {
    for (at, manifest) in manifests {
        let Some(chain) = chain else { continue };
        let mut of_day = chain.iter().map(|(_, link)| link).filter(|link| link.file == manifest.log.path);
        let first = of_day.next();
        let ends = [
            (manifest.first_link.as_ref(), first, "first"),
            (manifest.last_link.as_ref(), of_day.next_back().or(first), "last"),
        ];
        for (said, there, which) in ends {
            if said != there {
                found.fault(at, format!("its {which} link is not that of the chain"));
            }
        }
    }
    let mut ends: Vec<(&String, &Link, &Link)> = manifests
        .iter()
        .filter_map(|(at, manifest)| Some((at, manifest.first_link.as_ref()?, manifest.last_link.as_ref()?)))
        .collect();
    ends.sort_by_key(|(_, first, _)| first.n);
    for pair in ends.windows(2) {
        let [(_, _, last), (at, first, _)] = pair else { continue };
        // Between two days that do not follow each other the chain alone can tell.
        if last.n + 1 == first.n && first.prev != sha256(serde_json::to_string(last).internal("a link")?.as_bytes()) {
            found.fault(at, "does not go on from the day before");
        } else if last.n + 1 < first.n && chain.is_none() {
            found.warn(at, format!("the links between {} and {} are in no manifest", last.n, first.n));
        } else if last.n >= first.n {
            found.fault(at, "its links are those of another day");
        }
    }
    Ok(())
}

/// The names of the files in a part of the folder, in their order.
fn names(folder: &Folder, part: &str) -> Result<Vec<String>> {
    let path = folder.path(part);
    let listed = fs::read_dir(&path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let listed = listed.unreachable("cannot list").map_err(|error| error.at_path(&path))?;
    let files = listed.iter().filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    Ok(names)
}

//! Files, folders and patterns of this machine.
//!
//! A folder is walked without following links first, so that a file has the name of the place where it really is; then
//! links are followed, each to what was not found already. Nothing but plain files is ever opened.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::names::{is_hidden, published, says_the_ending};
use super::{Chosen, Listing, Location, SourceFile};
use crate::error::{Context, Error, Result};
use crate::ingest::left_alone::{LeftAlone, WhyLeft};

/// What a path or a pattern names.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when it is neither a file nor a folder nor a pattern;
/// [`Unreachable`](crate::error::Kind::Unreachable) when a folder cannot be listed.
pub(super) fn find(source: &str) -> Result<Listing> {
    let path = Path::new(source);
    let mut listing = Listing::default();
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            let mut walk = Walk { root: path, seen: HashSet::new(), links: BTreeSet::new(), listing };
            walk.all()?;
            Ok(walk.listing)
        }
        Ok(found) if found.is_file() => {
            listing.files.push(file(path, path.parent().unwrap_or(Path::new("")), Chosen::ByName));
            Ok(listing)
        }
        Ok(_) => Err(Error::usage("neither a file nor a folder")
            .at(shown(path))
            .hint("a pipe or a device cannot be read twice: save what it gives to a file, and name that")),
        // To Windows a pattern is no name at all.
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                || error.kind() == ErrorKind::InvalidFilename && source.contains(WILD) =>
        {
            if path.is_symlink() {
                return Err(Error::usage("the link leads nowhere").at(shown(path)));
            }
            pattern(source)
        }
        Err(error) => Err(error).unreachable("cannot look").map_err(|error: Error| error.at(shown(path))),
    }
}

/// What makes a pattern of a path.
const WILD: [char; 3] = ['*', '?', '['];

fn pattern(source: &str) -> Result<Listing> {
    // The fixed part of a pattern is the root to which names are relative.
    let fixed = source.find(WILD).map_or(source, |at| &source[..at]);
    let root = if fixed.ends_with('/') { Path::new(fixed) } else { Path::new(fixed).parent().unwrap_or(Path::new("")) };
    let chosen = if says_the_ending(source) { Chosen::ByEnding } else { Chosen::Found };
    let place = |error: Error| error.at(published(source.as_bytes()));
    let mut listing = Listing::default();
    for entry in glob::glob(source).usage("not a pattern").map_err(place)? {
        let path = entry.unreachable("cannot list").map_err(place)?;
        match fs::metadata(&path) {
            Ok(found) if found.is_file() => listing.files.push(file(&path, root, chosen)),
            Ok(found) if found.is_dir() => {
                listing.left_alone.push(LeftAlone::one(folder_name(&path, root), WhyLeft::Folder));
            }
            Ok(_) => listing.left_alone.push(LeftAlone::one(name(&path, root), WhyLeft::NoFile)),
            Err(_) => listing.left_alone.push(LeftAlone::one(name(&path, root), WhyLeft::BrokenLink)),
        }
    }
    Ok(listing)
}

/// A folder on its way into a listing.
struct Walk<'a> {
    root: &'a Path,
    /// What was found, by the place where it really is.
    seen: HashSet<PathBuf>,
    /// Links that are still to be followed, in order: which of two is followed must not depend on the file system.
    links: BTreeSet<PathBuf>,
    listing: Listing,
}

impl Walk<'_> {
    fn all(&mut self) -> Result<()> {
        self.folder(self.root.to_owned())?;
        while let Some(link) = self.links.pop_first() {
            self.follow(link)?;
        }
        Ok(())
    }

    /// Takes all that is in a folder and below it, and notes the links.
    fn folder(&mut self, folder: PathBuf) -> Result<()> {
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            let unlisted = |error: Error| error.at(shown(&folder));
            let real = folder.canonicalize().unreachable("cannot list").map_err(unlisted)?;
            if !self.seen.insert(real.clone()) {
                self.leave(&folder, WhyLeft::Again);
                continue;
            }
            let entries = fs::read_dir(&folder).unreachable("cannot list").map_err(unlisted)?;
            for entry in entries {
                let entry = entry.unreachable("cannot list").map_err(unlisted)?;
                let path = entry.path();
                let kind = entry.file_type().unreachable("cannot look").map_err(|error| error.at(shown(&path)))?;
                if kind.is_symlink() {
                    self.links.insert(path);
                } else if kind.is_dir() {
                    if self.enters(&path, &entry.file_name()) {
                        folders.push(path);
                    }
                } else if kind.is_file() {
                    self.seen.insert(real.join(entry.file_name()));
                    self.listing.files.push(file(&path, self.root, Chosen::Found));
                } else {
                    self.leave(&path, WhyLeft::NoFile);
                }
            }
        }
        Ok(())
    }

    fn follow(&mut self, link: PathBuf) -> Result<()> {
        let looked = fs::metadata(&link).and_then(|found| Ok((found, link.canonicalize()?)));
        match looked {
            Ok((found, _)) if found.is_dir() => {
                if self.enters(&link, link.file_name().unwrap_or_default()) {
                    self.folder(link)?;
                }
            }
            Ok((found, real)) if found.is_file() => {
                if self.seen.insert(real) {
                    self.listing.files.push(file(&link, self.root, Chosen::Found));
                } else {
                    self.leave(&link, WhyLeft::Again);
                }
            }
            Ok(_) => self.leave(&link, WhyLeft::NoFile),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(error).unreachable("cannot look").map_err(|error: Error| error.at(shown(&link)));
            }
            // It leads to nothing, or round and round.
            Err(_) => self.leave(&link, WhyLeft::BrokenLink),
        }
        Ok(())
    }

    /// Whether a folder is looked into; one that is not is named once, for all that is in it.
    fn enters(&mut self, folder: &Path, name: &OsStr) -> bool {
        let hidden = is_hidden(&name.to_string_lossy());
        if hidden {
            self.listing.left_alone.push(LeftAlone::one(folder_name(folder, self.root), WhyLeft::Hidden));
        }
        !hidden
    }

    fn leave(&mut self, path: &Path, why: WhyLeft) {
        self.listing.left_alone.push(LeftAlone::one(name(path, self.root), why));
    }
}

fn file(path: &Path, root: &Path, chosen: Chosen) -> SourceFile {
    SourceFile::new(name(path, root), Location::Local { path: path.to_owned(), _folder: None }, chosen)
}

/// The published name of a path below a root.
fn name(path: &Path, root: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts = relative.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.as_encoded_bytes()),
        _ => None,
    });
    published(&parts.collect::<Vec<_>>().join(&b'/'))
}

fn folder_name(path: &Path, root: &Path) -> String {
    name(path, root) + "/"
}

/// A path as it may stand in a message.
fn shown(path: &Path) -> String {
    published(path.as_os_str().as_encoded_bytes())
}

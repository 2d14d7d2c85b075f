//! Where raw logs are: files, folders, globs, object stores and HTTP addresses, listed in one stable order.

mod archive;
mod keys;
mod local;
pub mod names;
mod remote;
mod tar;
mod zip;

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use tempfile::TempDir;
use tokio::runtime::Handle;
use url::Url;

use super::account::FileAccount;
use super::left_alone::LeftAlone;
use crate::digest::sha256_file;
use crate::error::{Context, Error, Result};
use crate::net::Provider;

pub use archive::unpack;

/// One delivered file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its path relative to the raw root, as published: see [`names`]. Of those that are read, no two have one.
    pub name: String,
    location: Location,
    chosen: Chosen,
    /// The position of the source that it was found in.
    source: usize,
}

#[derive(Debug, Clone)]
enum Location {
    /// On this machine; in a temporary folder that goes with it, where it is a member of an archive.
    Local {
        path: PathBuf,
        _folder: Option<Arc<TempDir>>,
    },
    Http(Url),
    Object {
        store: Arc<dyn ObjectStore>,
        provider: Provider,
        path: ObjectPath,
        size: Option<u64>,
        e_tag: Option<String>,
    },
}

/// How much whoever named the sources said of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// It was named itself.
    ByName,
    /// A pattern named its ending.
    ByEnding,
    /// It was found in a folder, a bucket or by a pattern that takes anything.
    Found,
}

/// What several sources hold.
#[derive(Debug, Default)]
pub struct Listing {
    /// The files, by source.
    pub files: Vec<SourceFile>,
    /// What was found and cannot be read, whatever the pipeline.
    pub left_alone: Vec<LeftAlone>,
    /// The sources, as they may stand in a message, in the order in which files count them.
    pub sources: Vec<String>,
}

impl Listing {
    fn of(file: SourceFile) -> Self {
        Self { files: vec![file], ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.left_alone.is_empty()
    }
}

/// Lists the files of several sources.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when a source names nothing; [`Unreachable`](crate::error::Kind::Unreachable)
/// when a store does not answer.
pub fn list(sources: &[String], runtime: &Handle) -> Result<Listing> {
    // The order in which sources are named must not show in what is published.
    let mut sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    sources.sort_unstable();
    let mut listing = Listing::default();
    for (index, source) in sources.into_iter().enumerate() {
        let mut found = if source.contains("://") { remote::find(source, runtime)? } else { local::find(source)? };
        let shown = remote::shown(source);
        if found.is_empty() {
            return Err(nothing_there(&shown, &[]));
        }
        found.files.iter_mut().for_each(|file| file.source = index);
        listing.files.append(&mut found.files);
        listing.left_alone.append(&mut found.left_alone);
        listing.sources.push(shown);
    }
    Ok(listing)
}

/// Gives files of one name names of their own, by the number of their source, in the order of the sources' names.
pub(super) fn tell_apart(files: &mut [SourceFile]) {
    let mut taken: HashSet<String> = HashSet::new();
    for of_one_source in files.chunk_by_mut(|a, b| a.source == b.source) {
        // Names that nobody else has come first: a file is not renamed because of one that had to be.
        of_one_source.sort_by_cached_key(|file| (taken.contains(&file.name), file.name.clone()));
        for file in of_one_source {
            while !taken.insert(file.name.clone()) {
                file.name = format!("source-{}/{}", file.source + 1, file.name);
            }
        }
    }
}

/// Some names, of which there may be very many: the first few, enough to see what kind of place it is, and how many more.
pub(super) fn first_few<'n>(mut names: impl Iterator<Item = &'n str>) -> String {
    const FEW: usize = 5;
    let first = names.by_ref().take(FEW).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// A source without a log; `left_alone` is what was found there instead.
pub(super) fn nothing_there(source: &str, left_alone: &[&LeftAlone]) -> Error {
    let found = match first_few(left_alone.iter().map(|file| file.file.as_str())) {
        none if none.is_empty() => none,
        found => format!("; found: {found}"),
    };
    Error::usage("no log there")
        .at(source)
        .hint(format!("name a file, or a folder or prefix that holds files ending in {}{found}", names::LOG_ENDINGS))
}

impl SourceFile {
    const fn new(name: String, location: Location, chosen: Chosen) -> Self {
        Self { name, location, chosen, source: 0 }
    }

    /// How much whoever named the sources said of it.
    #[must_use]
    pub const fn chosen(&self) -> Chosen {
        self.chosen
    }

    /// The position of the source that it was found in, in the listing's sources.
    #[must_use]
    pub const fn source(&self) -> usize {
        self.source
    }

    /// Its path, where it is on this machine.
    #[must_use]
    pub fn local_path(&self) -> Option<&Path> {
        match &self.location {
            Location::Local { path, .. } => Some(path),
            Location::Http(_) | Location::Object { .. } => None,
        }
    }

    /// Opens the file for reading on a thread that may block.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be opened.
    pub fn open(&self, runtime: &Handle) -> Result<Box<dyn Read + Send>> {
        let opened: Result<Box<dyn Read + Send>> = match &self.location {
            Location::Local { path, .. } => match std::fs::File::open(path) {
                Ok(file) => Ok(Box::new(file)),
                Err(error) => Err(error).unreachable("cannot open"),
            },
            Location::Http(url) => remote::fetch(url, runtime),
            Location::Object { store, provider, path, .. } => remote::fetch_object(&**store, *provider, path, runtime),
        };
        opened.map_err(|error| error.at(&self.name))
    }

    /// Bytes as delivered, where the place tells without reading.
    #[must_use]
    pub fn size_hint(&self) -> Option<u64> {
        match &self.location {
            Location::Local { path, .. } => path.metadata().ok().map(|metadata| metadata.len()),
            Location::Object { size, .. } => *size,
            Location::Http(_) => None,
        }
    }

    /// The mark by which an object store knows this state of it.
    #[must_use]
    pub fn e_tag(&self) -> Option<&str> {
        match &self.location {
            Location::Object { e_tag, .. } => e_tag.as_deref(),
            Location::Local { .. } | Location::Http(_) => None,
        }
    }

    /// Whether it surely is what an earlier run has read: by its digest where it is at hand, by size and entity tag in an
    /// object store. Where nothing tells, it is read again.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be read.
    pub fn is(&self, account: &FileAccount) -> Result<bool> {
        if self.size_hint() != Some(account.bytes) {
            return Ok(false);
        }
        match &self.location {
            Location::Local { path, .. } => {
                Ok(sha256_file(path).map_err(|error| error.at(&self.name))?.1 == account.sha256)
            }
            Location::Object { e_tag, .. } => Ok(e_tag.is_some() && *e_tag == account.e_tag),
            Location::Http(_) => Ok(false),
        }
    }
}

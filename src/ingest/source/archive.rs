//! Archives whose members are logs: tar, plain or compressed, and zip.
//!
//! A member that is wanted is written to a temporary folder under a number, so that no path of an archive is ever one of
//! this machine, and is from there on a file like any other. What of an archive cannot be unpacked stands in the account
//! under the archive's own name, with a row in quarantine; members that came out whole before that are read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::runtime::Handle;

use super::{Chosen, Location, SourceFile, names, tar, zip};
use crate::config::Limits;
use crate::digest::sha256_file;
use crate::error::{Context, Error, Result};
use crate::ingest::account::FileAccount;
use crate::ingest::left_alone::{LeftAlone, WhyLeft};
use crate::ingest::packing::{self, Compression};
use crate::ingest::reject::Quarantined;
use crate::ingest::stream::Bound;

const BUFFER: usize = 256 * 1024;

/// What came out of an archive.
#[derive(Debug)]
pub struct Unpacked {
    /// The members that are wanted.
    pub members: Vec<SourceFile>,
    /// The others, and the archive itself where none is wanted.
    pub left_alone: Vec<LeftAlone>,
    /// Where it could not be unpacked as a whole: its account and the row that says why.
    pub damage: Option<(FileAccount, Quarantined)>,
}

/// Unpacks an archive; `judge` says by its published name why a member is left alone, or nothing where it is wanted.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the archive cannot be fetched, or the disk is full.
pub fn unpack(
    archive: &SourceFile,
    limits: &Limits,
    runtime: &Handle,
    judge: &dyn Fn(&str) -> Option<WhyLeft>,
) -> Result<Unpacked> {
    let folder = Arc::new(TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?);
    let path = here(archive, &folder, runtime)?;
    let opened = || File::open(&path).unreachable("cannot open").map_err(|error| error.at(&archive.name));
    let (mut file, bytes) = (opened()?, archive_bytes(&path, archive)?);
    let mut members = Members {
        archive: &archive.name,
        folder: &folder,
        judge,
        found: BTreeMap::new(),
        written: 0,
        left_alone: Vec::new(),
        bound: Bound::new(limits.unpack_ratio),
        bytes,
        broken: None,
    };
    let mut magic = [0; 4];
    let is_zip = file.read(&mut magic).is_ok_and(|read| read == 4) && matches!(&magic, b"PK\x03\x04" | b"PK\x05\x06");
    file.seek(SeekFrom::Start(0)).unreachable("cannot read").map_err(|error| error.at(&archive.name))?;
    let compression = if is_zip {
        zip::unpack(file, &mut members).map(|()| Compression::None)?
    } else {
        tar::unpack(file, limits, &mut members)?
    };
    members.finish(&path, compression, archive)
}

fn archive_bytes(path: &Path, archive: &SourceFile) -> Result<u64> {
    Ok(path.metadata().unreachable("cannot look").map_err(|error| error.at(&archive.name))?.len())
}

/// The archive as a file of this machine: one that is elsewhere is fetched whole.
fn here(archive: &SourceFile, folder: &TempDir, runtime: &Handle) -> Result<PathBuf> {
    if let Some(path) = archive.local_path() {
        return Ok(path.to_owned());
    }
    let path = folder.path().join("archive");
    let mut raw = archive.open(runtime)?;
    let copied = File::create(&path).and_then(|mut file| std::io::copy(&mut raw, &mut file));
    copied.unreachable("cannot fetch the archive").map_err(|error| error.at(&archive.name))?;
    Ok(path)
}

/// Where an archive could not be unpacked further, as an offset in the unpacked archive, and why.
pub(super) type Broken = (u64, ErrorKind);

/// The members of an archive on their way out.
pub(super) struct Members<'a> {
    archive: &'a str,
    folder: &'a Arc<TempDir>,
    judge: &'a dyn Fn(&str) -> Option<WhyLeft>,
    /// By published name, each with its file.
    found: BTreeMap<String, PathBuf>,
    /// How many files were made.
    written: usize,
    left_alone: Vec<LeftAlone>,
    bound: Bound,
    bytes: u64,
    broken: Option<Broken>,
}

impl Members<'_> {
    /// Says that a member is left alone.
    pub(super) fn leave(&mut self, member: &[u8], why: WhyLeft) {
        self.left_alone.push(LeftAlone::one(names::within(self.archive, member), why));
    }

    /// Says that some members have the name of a later one.
    pub(super) fn replaces_some(&mut self) {
        self.left_alone.push(LeftAlone::one(self.archive.to_owned(), WhyLeft::Replaced));
    }

    /// Notes where the archive broke; what breaks first is what is told.
    pub(super) fn broke(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }

    /// The published name of a member that is wanted. One that is not is left alone.
    pub(super) fn wants(&mut self, member: &[u8]) -> Option<String> {
        let Some(path) = inside(member) else {
            self.leave(member, WhyLeft::StrayPath);
            return None;
        };
        let name = names::within(self.archive, &path);
        if let Some(why) = (self.judge)(&name) {
            self.left_alone.push(LeftAlone::one(name, why));
            return None;
        }
        Some(name)
    }

    /// Takes a member that is wanted, of as many bytes as its archive says. The inner error is that of the archive; the
    /// member is then left alone.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub(super) fn take(&mut self, name: String, size: u64, content: &mut dyn Read) -> Result<Result<(), IoError>> {
        let path = self.folder.path().join(self.written.to_string());
        self.written += 1;
        let full = |error: IoError| Error::unreachable("cannot unpack the archive").at(self.archive).because(error);
        let mut file = File::create(&path).map_err(full)?;
        let (mut buffer, mut taken) = (vec![0; BUFFER], 0);
        let outcome = loop {
            let read = match content.read(&mut buffer) {
                Ok(0) if taken < size => break Err(ErrorKind::UnexpectedEof.into()),
                Ok(0) => break Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => break Err(error),
            };
            taken += read as u64;
            if let Err(error) = self.bound.count(read as u64, self.bytes) {
                break Err(error);
            }
            file.write_all(&buffer[..read]).map_err(full)?;
        };
        if outcome.is_err() {
            std::fs::remove_file(&path).map_err(full)?;
            self.left_alone.push(LeftAlone::one(name, WhyLeft::Damaged));
        } else if let Some(earlier) = self.found.insert(name.clone(), path) {
            // Whoever unpacks the archive has the last of one name.
            std::fs::remove_file(earlier).map_err(full)?;
            self.left_alone.push(LeftAlone::one(name, WhyLeft::Replaced));
        }
        Ok(outcome)
    }

    fn finish(mut self, path: &Path, compression: Compression, archive: &SourceFile) -> Result<Unpacked> {
        let name: Arc<str> = Arc::from(self.archive);
        let damage = match self.broken {
            None => None,
            Some((offset, error)) => {
                let (bytes, sha256) = sha256_file(path).map_err(|error| error.at(self.archive))?;
                let account = FileAccount {
                    file: Arc::clone(&name),
                    bytes,
                    sha256,
                    compression,
                    lines: 1,
                    headers: 0,
                    records: 1,
                    attempts: 0,
                    duplicates: 0,
                    blank: 0,
                    without_data: 0,
                    quarantined: 1,
                    complete: false,
                    e_tag: archive.e_tag().map(str::to_owned),
                    months: Vec::new(),
                };
                let reason = packing::reason(error);
                Some((account, Quarantined { file: name, line: 1, rank: 1, offset, length: 0, reason, field: None }))
            }
        };
        if self.found.is_empty() && damage.is_none() {
            self.left_alone.push(LeftAlone::one(self.archive.to_owned(), WhyLeft::NoMember));
        }
        let member = |(name, path)| SourceFile {
            name,
            location: Location::Local { path, _folder: Some(Arc::clone(self.folder)) },
            chosen: Chosen::Found,
            source: archive.source,
        };
        Ok(Unpacked { members: self.found.into_iter().map(member).collect(), left_alone: self.left_alone, damage })
    }
}

/// A path of an archive without what says nothing in it; nothing where it leads out, or nowhere.
fn inside(path: &[u8]) -> Option<Vec<u8>> {
    if path.starts_with(b"/") {
        return None;
    }
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    (!parts.is_empty() && !parts.contains(&&b".."[..])).then(|| parts.join(&b'/'))
}

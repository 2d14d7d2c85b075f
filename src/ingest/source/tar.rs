//! The members of a tar.

use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read};

use tar::{Archive, Entry, EntryType};

use super::archive::Members;
use crate::config::Limits;
use crate::error::{Context, Result};
use crate::ingest::left_alone::WhyLeft;
use crate::ingest::packing::Compression;
use crate::ingest::stream::Stream;

const BLOCK: usize = 512;
/// What a pax header says of a file with holes; such a file's text begins with a table of them.
const HOLES: &[u8] = b"GNU.sparse.";

/// Takes the members of a tar, compressed or not; says how it was compressed.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the archive cannot be read, or the disk is full.
pub(super) fn unpack(file: File, limits: &Limits, members: &mut Members<'_>) -> Result<Compression> {
    let stream = Stream::unpacking(file, limits, 0).unreachable("cannot read the archive")?;
    let compression = stream.compression();
    let mut archive = Archive::new(Ending { stream, read: 0, last: [0; BLOCK], error: None });
    // One tar behind another in one file are one archive, as `cat` and `tar --concatenate` make it.
    archive.set_ignore_zeros(true);
    let outcome = entries(&mut archive, members)?;
    let ending = archive.into_inner();
    let at = ending.read;
    // What the disk does not give is not what the archive lacks.
    ending.stream.finish().unreachable("cannot read the archive to its end")?;
    if let Some(error) = ending.error.or_else(|| outcome.err().map(|error| error.kind())) {
        members.broke((at, error));
    } else if at == 0 || ending.last != [0; BLOCK] {
        // A tar ends in zeros; one that does not was cut where a member ends.
        members.broke((at, ErrorKind::UnexpectedEof));
    }
    Ok(compression)
}

fn entries(archive: &mut Archive<Ending>, members: &mut Members<'_>) -> Result<Result<(), IoError>> {
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return Ok(Err(error)),
    };
    for entry in entries {
        let taken = match entry {
            Ok(mut entry) => take(&mut entry, members)?,
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

fn take(entry: &mut Entry<'_, Ending>, members: &mut Members<'_>) -> Result<Result<(), IoError>> {
    let path = entry.path_bytes().into_owned();
    match entry.header().entry_type() {
        EntryType::XGlobalHeader => return Ok(Ok(())),
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse if !path.ends_with(b"/") => {}
        // Before there was a type for them, folders were files of such a name.
        EntryType::Directory | EntryType::Regular if entry.size() == 0 => return Ok(Ok(())),
        EntryType::Link | EntryType::Symlink => {
            members.leave(&path, WhyLeft::Link);
            return Ok(Ok(()));
        }
        _ => {
            members.leave(&path, WhyLeft::NoFile);
            return Ok(Ok(()));
        }
    }
    match has_holes(entry) {
        Ok(false) => {}
        Ok(true) => {
            members.leave(&path, WhyLeft::Packed);
            return Ok(Ok(()));
        }
        Err(error) => return Ok(Err(error)),
    }
    match members.wants(&path) {
        Some(name) => members.take(name, entry.size(), entry),
        None => Ok(Ok(())),
    }
}

fn has_holes(entry: &mut Entry<'_, Ending>) -> Result<bool, IoError> {
    let Some(extensions) = entry.pax_extensions()? else { return Ok(false) };
    for extension in extensions {
        if extension?.key_bytes().starts_with(HOLES) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The unpacked tar, with its last block and the kind of what broke it: the reader of tar has errors of its own for that.
struct Ending {
    stream: Stream,
    read: u64,
    last: [u8; BLOCK],
    error: Option<ErrorKind>,
}

impl Read for Ending {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, IoError> {
        let read = self.stream.read(buffer).inspect_err(|error| self.error = Some(error.kind()))?;
        self.read += read as u64;
        let tail = &buffer[read.saturating_sub(BLOCK)..read];
        self.last.copy_within(tail.len().., 0);
        self.last[BLOCK - tail.len()..].copy_from_slice(tail);
        Ok(read)
    }
}

//! The members of a tar.

use std::cell::Cell;
use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read};
use std::rc::Rc;

use tar::{Archive, Entry, EntryType};

use super::archive::Members;
use crate::config::Limits;
use crate::error::{Context, Result};
use crate::ingest::left_alone::WhyLeft;
use crate::ingest::packing::Compression;
use crate::ingest::stream::Stream;

const BLOCK: usize = 512;
/// More than what stands before any member: its name, that of what it leads to, and what else is said of it. The reader of tar
/// takes all of it into memory.
const LARGEST_HEADERS: u64 = 1 << 20;
/// What a pax header says of a file with holes; such a file's text begins with a table of them.
const HOLES: &[u8] = b"GNU.sparse.";

/// Takes the members of a tar, compressed or not; says how it was compressed.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the archive cannot be read, or the disk is full.
pub(super) fn unpack(file: File, limits: &Limits, members: &mut Members<'_>) -> Result<Compression> {
    let stream = Stream::unpacking(file, limits, 0).unreachable("cannot read the archive")?;
    let compression = stream.compression();
    let place = Rc::new(Place::default());
    let mut archive = Archive::new(Ending { stream, place: Rc::clone(&place), last: [0; BLOCK], error: None });
    // One tar behind another in one file are one archive, as `cat` and `tar --concatenate` make it.
    archive.set_ignore_zeros(true);
    let outcome = entries(&mut archive, &place, members)?;
    let ending = archive.into_inner();
    let at = place.read.get();
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

fn entries(archive: &mut Archive<Ending>, place: &Place, members: &mut Members<'_>) -> Result<Result<(), IoError>> {
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return Ok(Err(error)),
    };
    for entry in entries {
        let taken = match entry {
            Ok(mut entry) => match packed_size(&mut entry) {
                Ok(size) => {
                    place.begin(size);
                    take(&mut entry, members)?
                }
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// The bytes of a member in the archive. One with holes is larger than these, which its headers say.
fn packed_size(entry: &mut Entry<'_, Ending>) -> Result<u64, IoError> {
    if !entry.header().entry_type().is_gnu_sparse() {
        return Ok(entry.size());
    }
    let told = entry.pax_extensions()?.into_iter().flatten().filter_map(Result::ok);
    let told = told.filter(|said| said.key_bytes() == b"size").find_map(|said| said.value().ok()?.parse().ok());
    told.map_or_else(|| entry.header().entry_size(), Ok)
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

/// How far the tar was read.
#[derive(Default)]
struct Place {
    read: Cell<u64>,
    /// Where the member ends that was begun last; before it nothing is kept in memory.
    member_ends: Cell<u64>,
    /// Bytes of headers since then. Zeros before the first are none: they may end one archive before another.
    headers: Cell<u64>,
}

impl Place {
    /// The content of a member begins.
    fn begin(&self, size: u64) {
        let blocks = size.checked_next_multiple_of(BLOCK as u64);
        self.member_ends.set(self.read.get().saturating_add(blocks.unwrap_or(u64::MAX)));
        self.headers.set(0);
    }

    /// Notes what was read.
    ///
    /// # Errors
    /// `InvalidData` where the headers of one member are longer than they may be.
    fn pass(&self, bytes: &[u8]) -> Result<(), IoError> {
        let of_member = self.member_ends.get().saturating_sub(self.read.get());
        self.read.set(self.read.get() + bytes.len() as u64);
        let behind = usize::try_from(of_member).ok().and_then(|of_member| bytes.get(of_member..)).unwrap_or_default();
        if self.headers.get() > 0 || behind.iter().any(|byte| *byte != 0) {
            self.headers.set(self.headers.get() + behind.len() as u64);
        }
        if self.headers.get() > LARGEST_HEADERS {
            return Err(IoError::new(ErrorKind::InvalidData, "the headers of a member are longer than any name"));
        }
        Ok(())
    }
}

/// The unpacked tar, with its last block and the kind of what broke it: the reader of tar has errors of its own for that.
struct Ending {
    stream: Stream,
    place: Rc<Place>,
    last: [u8; BLOCK],
    error: Option<ErrorKind>,
}

impl Read for Ending {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, IoError> {
        let passed = self.stream.read(buffer).and_then(|read| self.place.pass(&buffer[..read]).map(|()| read));
        let read = passed.inspect_err(|error| self.error = Some(error.kind()))?;
        let tail = &buffer[read.saturating_sub(BLOCK)..read];
        self.last.copy_within(tail.len().., 0);
        self.last[BLOCK - tail.len()..].copy_from_slice(tail);
        Ok(read)
    }
}

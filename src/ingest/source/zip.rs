//! The members of a zip, in the order of its directory.

use std::fs::File;
use std::io::{Error as IoError, ErrorKind};

use zip::result::{ZipError, ZipResult};
use zip::{SUPPORTED_COMPRESSION_METHODS, ZipArchive};

use super::archive::Members;
use crate::error::Result;
use crate::ingest::left_alone::WhyLeft;

/// What the directory says of a member.
struct Entry {
    path: Vec<u8>,
    size: u64,
    /// Where it begins in the archive.
    at: u64,
    /// Why it is not read, if that is known already.
    why: Option<WhyLeft>,
    is_dir: bool,
}

/// Takes the members of a zip. What a zip holds is what its directory at the end says: of one that was cut nothing is
/// read, and one damaged member does not hinder the others.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
pub(super) fn unpack(file: File, members: &mut Members<'_>) -> Result<()> {
    let mut archive = match ZipArchive::new(file) {
        Ok(archive) => archive,
        Err(error) => {
            members.broke((0, kind(error)));
            return Ok(());
        }
    };
    if archive.has_duplicate_names() {
        // The library keeps the last of one name, as whoever unpacks the archive does, and does not say of which.
        members.replaces_some();
    }
    for index in 0..archive.len() {
        let error = match entry(&archive, index) {
            Ok(entry) => take(&mut archive, index, &entry, members)?,
            Err(error) => Some((0, kind(error))),
        };
        if let Some((at, error)) = error {
            members.broke((at, error));
            if error == ErrorKind::FileTooLarge {
                break;
            }
        }
    }
    Ok(())
}

fn entry(archive: &ZipArchive<File>, index: usize) -> ZipResult<Entry> {
    let entry = archive.by_index_data(index)?;
    let why = if entry.is_symlink() {
        Some(WhyLeft::Link)
    } else if entry.encrypted() {
        Some(WhyLeft::Encrypted)
    } else {
        (!SUPPORTED_COMPRESSION_METHODS.contains(&entry.compression())).then_some(WhyLeft::Packed)
    };
    Ok(Entry {
        path: entry.name().map_or_else(|_| entry.name_raw().to_vec(), |name| name.into_owned().into_bytes()),
        size: entry.size(),
        at: entry.header_start(),
        why,
        is_dir: entry.is_dir(),
    })
}

/// Takes one member; where it is damaged, says where and how.
fn take(
    archive: &mut ZipArchive<File>,
    index: usize,
    entry: &Entry,
    members: &mut Members<'_>,
) -> Result<Option<(u64, ErrorKind)>> {
    if entry.is_dir {
        if entry.size > 0 {
            members.leave(&entry.path, WhyLeft::NoFile);
        }
        return Ok(None);
    }
    let Some(name) = members.wants(&entry.path) else { return Ok(None) };
    if let Some(why) = entry.why {
        members.leave(&entry.path, why);
        return Ok(None);
    }
    let taken = match archive.by_index(index) {
        Ok(mut content) => members.take(name, entry.size, &mut content)?,
        Err(error) => {
            members.leave(&entry.path, WhyLeft::Damaged);
            Err(IoError::from(kind(error)))
        }
    };
    Ok(taken.err().map(|error| (entry.at, error.kind())))
}

fn kind(error: ZipError) -> ErrorKind {
    match error {
        ZipError::Io(error) => error.kind(),
        _ => ErrorKind::InvalidData,
    }
}

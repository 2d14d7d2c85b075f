//! A log that a rotation gave another name, while a new one began under its own.

use std::io::Read;

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::account::FileAccount;
use super::packing::Compression;
use super::source::SourceFile;
use super::source::names::stem;
use super::stream::Stream;
use crate::config::Limits;
use crate::digest::hex;
use crate::error::Result;

/// Whether all that an earlier run read of a file stands at the beginning of one of these, packed since or not. Nothing of
/// it is lost then: it is read under its new name, and what has its old one is another log.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when one of the files cannot be read.
pub(super) fn is_elsewhere(
    known: &FileAccount,
    files: &[SourceFile],
    limits: &Limits,
    runtime: &Handle,
) -> Result<bool> {
    let stem_of_known = stem(&known.file);
    for file in files.iter().filter(|file| *file.name != *known.file && stem(&file.name) == stem_of_known) {
        let raw = file.open(runtime)?;
        let begins_with_it = match known.compression {
            // A rotation packs what was not packed.
            Compression::None => match Stream::open(raw, limits, 0) {
                Ok(stream) => begins_with(stream, known),
                Err(error) => Err(error),
            },
            Compression::Gzip | Compression::Zstd => begins_with(raw, known),
        };
        // Damage is found, and said, when the file itself is read.
        if begins_with_it.unwrap_or(false) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn begins_with(stream: impl Read, known: &FileAccount) -> std::io::Result<bool> {
    let (mut first, mut hash, mut buffer) = (stream.take(known.bytes), Sha256::new(), vec![0; 1 << 16]);
    loop {
        match first.read(&mut buffer)? {
            0 => return Ok(first.limit() == 0 && hex(&hash.finalize()) == known.sha256),
            read => hash.update(&buffer[..read]),
        }
    }
}

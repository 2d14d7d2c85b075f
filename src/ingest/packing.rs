//! How files are packed: what first bytes say, what unpacks them, and what the errors on the way mean.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read};

use flate2::bufread::GzDecoder;

use super::reject::Reason;
use crate::attempt::wire_enum;
use crate::config::Limits;

/// How many of the first bytes tell what unpacks a file.
pub(super) const MAGIC: usize = 4;
/// How many of the first unpacked bytes tell whether it is still packed; a tar says so late.
pub(super) const LOOKED_AT: usize = 512;

/// The last bytes of the magic number of frames that zstd goes over: pzstd writes one at the front.
const SKIPPABLE: [u8; 3] = [0x2A, 0x4D, 0x18];
/// What the zstd library calls a frame that looks back further than it may.
const WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

/// The first bytes of what no log begins with: xz, zip (twice), 7z, lz4, lzip, compress, rar, Parquet.
const PACKED: &[&[u8]] = &[
    b"\xFD7zXZ\0",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"7z\xBC\xAF\x27\x1C",
    b"\x04\x22\x4D\x18",
    b"LZIP\x01",
    b"\x1F\x9D",
    b"Rar!\x1A\x07",
    b"PAR1\x15",
];
/// What stands further on, where the first bytes may be those of a text: bzip2, tar.
const PACKED_LATER: &[(usize, &[u8])] = &[(4, b"1AY&SY"), (257, b"ustar")];

wire_enum! {
    /// How a file was packed.
    Compression {
        /// Not at all.
        None = "aucune",
        /// gzip, one member or several.
        Gzip = "gzip",
        /// zstd, one frame or several.
        Zstd = "zstd",
    }
}

impl Compression {
    /// What first bytes say.
    #[must_use]
    pub fn of(first: &[u8]) -> Self {
        match first {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Zstd,
            [0x50..=0x5F, rest @ ..] if rest.starts_with(&SKIPPABLE) => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// Whether these are the first bytes of something that has to be unpacked.
pub(super) fn is_packed(first: &[u8]) -> bool {
    Compression::of(first) != Compression::None
        || PACKED.iter().any(|magic| first.starts_with(magic))
        || PACKED_LATER.iter().any(|(at, magic)| first.get(*at..*at + magic.len()) == Some(*magic))
}

/// The error in place of what is still packed.
pub(super) fn still_packed() -> Error {
    ErrorKind::Unsupported.into()
}

/// The error in place of what would be far more than a log.
pub(super) fn oversized() -> Error {
    ErrorKind::FileTooLarge.into()
}

/// Why the rest of a stream is set aside, from the kind of the error that stands in its place.
pub(super) const fn reason(error: ErrorKind) -> Reason {
    match error {
        ErrorKind::FileTooLarge => Reason::OversizedStream,
        ErrorKind::OutOfMemory => Reason::OversizedWindow,
        ErrorKind::Unsupported => Reason::StillPacked,
        _ => Reason::BrokenStream,
    }
}

/// What unpacks a stream.
///
/// # Errors
/// When the library cannot be set up.
pub(super) fn unpacker<R: Read + Send + 'static>(
    compression: Compression,
    raw: BufReader<R>,
    limits: &Limits,
) -> Result<Box<dyn Read + Send>, Error> {
    Ok(match compression {
        Compression::None => Box::new(raw),
        Compression::Gzip => Box::new(GzipMembers(Some(GzDecoder::new(raw)))),
        Compression::Zstd => {
            let mut frames = zstd::Decoder::with_buffer(raw)?;
            frames.window_log_max(limits.zstd_window_log())?;
            Box::new(ZstdFrames(frames))
        }
    })
}

/// gzip members one after the other, and the zeros behind the last with which tapes and devices fill their blocks.
struct GzipMembers<R: BufRead>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        while let Some(member) = &mut self.0 {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(mut rest) = self.0.take().map(GzDecoder::into_inner) else { break };
            match rest.fill_buf()?.first() {
                None => {}
                Some(0) => skip_zeros(&mut rest)?,
                Some(_) => self.0 = Some(GzDecoder::new(rest)),
            }
        }
        Ok(0)
    }
}

fn skip_zeros(rest: &mut impl BufRead) -> Result<(), Error> {
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        } else if bytes.iter().any(|byte| *byte != 0) {
            return Err(Error::new(ErrorKind::InvalidData, "something behind the zeros after the last member"));
        }
        let length = bytes.len();
        rest.consume(length);
    }
}

/// zstd frames one after the other.
struct ZstdFrames<R: BufRead>(zstd::Decoder<'static, R>);

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.0
            .read(buffer)
            .map_err(|error| if error.to_string() == WINDOW_TOO_LARGE { ErrorKind::OutOfMemory.into() } else { error })
    }
}

//! One delivered file as a stream of unpacked bytes: counted, hashed, unpacked by what it is and not by its name, and
//! stopped when it unpacks to more than a log would.

use std::io::{BufReader, Cursor, Error, ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::packing::{self, Compression};
use crate::config::Limits;
use crate::digest::hex;

/// Streams smaller than this are never suspected, in unpacked bytes.
const ALWAYS_ALLOWED: u64 = 64 << 20;
const BUFFER: usize = 256 * 1024;

/// What is known of a delivered file once it has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Bytes as delivered.
    pub bytes: u64,
    /// SHA-256 of the bytes as delivered, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of as many of the first bytes as were asked for; nothing where there are fewer.
    pub prefix_sha256: Option<String>,
}

/// A file being read.
pub struct Stream {
    delivery: Arc<Mutex<Delivery>>,
    compression: Compression,
    unpacked: Box<dyn Read + Send>,
}

/// The file itself, counted and hashed as it is read.
struct Delivery {
    raw: Box<dyn Read + Send>,
    bytes: u64,
    hash: Sha256,
    prefix: u64,
    prefix_sha256: Option<String>,
    failed: Option<Error>,
}

impl Stream {
    /// Looks at the first bytes and sets up what unpacks them; `prefix` is how many of the first bytes get a digest of
    /// their own. What is still packed once it is unpacked gives an error in place of its first byte, see
    /// [`packing::reason`].
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub fn open(raw: impl Read + Send + 'static, limits: &Limits, prefix: u64) -> Result<Self, Error> {
        let mut stream = Self::unpacking(raw, limits, prefix)?;
        let (first, error) = beginning(&mut stream.unpacked, packing::LOOKED_AT);
        stream.unpacked = match error {
            _ if packing::is_packed(&first) => Box::new(Failing(Some(packing::still_packed()))),
            Some(error) => Box::new(Cursor::new(first).chain(Failing(Some(error)))),
            None => Box::new(Cursor::new(first).chain(stream.unpacked)),
        };
        Ok(stream)
    }

    /// The same for a file that may hold anything once it is unpacked, as an archive does.
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub(super) fn unpacking(raw: impl Read + Send + 'static, limits: &Limits, prefix: u64) -> Result<Self, Error> {
        let delivery = Delivery {
            raw: Box::new(raw),
            bytes: 0,
            hash: Sha256::default(),
            prefix,
            prefix_sha256: None,
            failed: None,
        };
        let delivery = Arc::new(Mutex::new(delivery));
        let mut raw = Shared(Arc::clone(&delivery));
        // A network gives as few bytes at a time as it likes.
        let (first, error) = beginning(&mut raw, packing::MAGIC);
        if let Some(error) = error {
            return Err(error);
        }
        let compression = Compression::of(&first);
        let raw = BufReader::with_capacity(BUFFER, Cursor::new(first).chain(raw));
        let unpacked = packing::unpacker(compression, raw, limits)?;
        let unpacked: Box<dyn Read + Send> = if compression == Compression::None {
            unpacked
        } else {
            let bound = Bound::new(limits.unpack_ratio);
            Box::new(Guarded { unpacked, delivery: Arc::clone(&delivery), bound })
        };
        Ok(Self { delivery, compression, unpacked })
    }

    /// How the file was packed.
    #[must_use]
    pub const fn compression(&self) -> Compression {
        self.compression
    }

    /// Ends the reading: what was delivered. Where unpacking broke or was stopped, the rest of the file is read all the
    /// same: its size and digest are those of the whole.
    ///
    /// # Errors
    /// When the file itself could not be read to its end: what is missing is there, and nobody has seen it.
    pub fn finish(self) -> Result<Delivered, Error> {
        let mut delivery = lock(&self.delivery);
        if let Some(error) = delivery.failed.take() {
            return Err(error);
        }
        std::io::copy(&mut *delivery, &mut std::io::sink())?;
        let hash = std::mem::take(&mut delivery.hash);
        let prefix_sha256 = delivery.prefix_sha256.take();
        Ok(Delivered { bytes: delivery.bytes, sha256: hex(&hash.finalize()), prefix_sha256 })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.unpacked.read(buffer)
    }
}

/// The first bytes of a stream, `wanted` of them or as many as there are, and what kept it from giving more.
fn beginning(stream: &mut impl Read, wanted: usize) -> (Vec<u8>, Option<Error>) {
    let mut first = Vec::new();
    let error = stream.take(wanted as u64).read_to_end(&mut first).err();
    (first, error)
}

/// A thread that panicked leaves numbers and a file position that are still right.
fn lock(delivery: &Mutex<Delivery>) -> std::sync::MutexGuard<'_, Delivery> {
    delivery.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Read for Delivery {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let read = loop {
            match self.raw.read(buffer) {
                // Nobody above is to mistake an interruption for damage.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    // Kept for the end: whoever unpacks takes it for a damaged stream.
                    self.failed = Some(Error::new(error.kind(), error.to_string()));
                    return Err(error);
                }
                Ok(read) => break read,
            }
        };
        let (before, after) = (self.bytes, self.bytes + read as u64);
        self.bytes = after;
        if before < self.prefix && self.prefix <= after {
            let within = usize::try_from(self.prefix - before).unwrap_or(read);
            let (first, rest) = buffer[..read].split_at(within);
            self.hash.update(first);
            self.prefix_sha256 = Some(hex(&self.hash.clone().finalize()));
            self.hash.update(rest);
        } else {
            self.hash.update(&buffer[..read]);
        }
        Ok(read)
    }
}

/// The delivery, for what unpacks it.
struct Shared(Arc<Mutex<Delivery>>);

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        lock(&self.0).read(buffer)
    }
}

/// A stream that ends with an error.
struct Failing(Option<Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Error> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// How much may come out of what was delivered.
pub(super) struct Bound {
    given: u64,
    ratio: u64,
}

impl Bound {
    pub(super) const fn new(ratio: u64) -> Self {
        Self { given: 0, ratio }
    }

    /// Counts bytes that came out of as many as were delivered so far.
    ///
    /// # Errors
    /// When they are more than a log would be.
    pub(super) fn count(&mut self, given: u64, delivered: u64) -> Result<(), Error> {
        self.given += given;
        if self.given > ALWAYS_ALLOWED && self.given > delivered.saturating_mul(self.ratio) {
            return Err(packing::oversized());
        }
        Ok(())
    }
}

/// Stops a stream that unpacks to far more than it was delivered as.
struct Guarded {
    unpacked: Box<dyn Read + Send>,
    delivery: Arc<Mutex<Delivery>>,
    bound: Bound,
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.bound.count(0, lock(&self.delivery).bytes)?;
        let read = self.unpacked.read(buffer)?;
        self.bound.given += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Gives a byte at first and then a few at a time, and is interrupted before each.
    struct Dripping {
        bytes: Vec<u8>,
        given: usize,
        interrupted: bool,
    }

    impl Read for Dripping {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
            self.interrupted = !self.interrupted;
            if self.interrupted {
                return Err(ErrorKind::Interrupted.into());
            }
            let piece = if self.given < 5 { 1 } else { 7 };
            let rest = &self.bytes[self.given..];
            let take = piece.min(buffer.len()).min(rest.len());
            buffer[..take].copy_from_slice(&rest[..take]);
            self.given += take;
            Ok(take)
        }
    }

    #[test]
    fn a_stream_that_comes_in_drops_and_is_interrupted_is_what_it_is() {
        let text = "Aucun créneau disponible\n".repeat(100).into_bytes();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&text).unwrap();
        let packings = [
            (Compression::None, text.clone()),
            (Compression::Gzip, gzip.finish().unwrap()),
            (Compression::Zstd, zstd::encode_all(&text[..], 3).unwrap()),
            (Compression::None, Vec::new()),
        ];
        for (compression, bytes) in packings {
            let expected = if bytes.is_empty() { Vec::new() } else { text.clone() };
            let digest = crate::digest::sha256(&bytes);
            let dripping = Dripping { bytes: bytes.clone(), given: 0, interrupted: false };
            let mut stream = Stream::open(dripping, &Limits::default(), 3).unwrap();
            assert_eq!(stream.compression(), compression);
            let mut unpacked = Vec::new();
            stream.read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, expected);
            let delivered = stream.finish().unwrap();
            assert_eq!((delivered.bytes, delivered.sha256), (bytes.len() as u64, digest));
            assert_eq!(delivered.prefix_sha256, bytes.get(..3).map(crate::digest::sha256));
        }
    }

    #[test]
    fn a_file_whose_beginning_cannot_be_read_is_not_an_empty_one() {
        let broken = Failing(Some(Error::other("the network is gone")));
        assert!(Stream::open(broken, &Limits::default(), 0).is_err());
        let later = Cursor::new(b"line\n".to_vec()).chain(Failing(Some(Error::other("the network is gone"))));
        let mut stream = Stream::open(later, &Limits::default(), 0).unwrap();
        let mut text = Vec::new();
        assert!(stream.read_to_end(&mut text).is_err());
        assert_eq!(text, b"line\n");
        assert!(stream.finish().is_err(), "the run is told");
    }
}

//! One delivered file as a stream of unpacked bytes: counted, hashed, unpacked by what it is and not by its name, and
//! stopped when it unpacks to more than a log would.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::attempt::wire_enum;
use crate::digest::hex;

/// Streams smaller than this are never suspected, in unpacked bytes.
const ALWAYS_ALLOWED: u64 = 64 << 20;
const BUFFER: usize = 256 * 1024;

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
    /// their own.
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub fn open(raw: impl Read + Send + 'static, unpack_ratio: u64, prefix: u64) -> Result<Self, Error> {
        let delivery = Delivery {
            raw: Box::new(raw),
            bytes: 0,
            hash: Sha256::default(),
            prefix,
            prefix_sha256: None,
            failed: None,
        };
        let delivery = Arc::new(Mutex::new(delivery));
        let mut raw = BufReader::with_capacity(BUFFER, Shared(Arc::clone(&delivery)));
        let first = raw.fill_buf()?;
        let compression = match first {
            [0x1F, 0x8B, ..] => Compression::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Compression::Zstd,
            _ => Compression::None,
        };
        let unpacked: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(raw),
            Compression::Gzip => Box::new(MultiGzDecoder::new(raw)),
            Compression::Zstd => Box::new(zstd::Decoder::with_buffer(raw)?),
        };
        let unpacked: Box<dyn Read + Send> = if compression == Compression::None {
            unpacked
        } else {
            Box::new(Guarded { unpacked, delivery: Arc::clone(&delivery), given: 0, ratio: unpack_ratio })
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

/// A thread that panicked leaves numbers and a file position that are still right.
fn lock(delivery: &Mutex<Delivery>) -> std::sync::MutexGuard<'_, Delivery> {
    delivery.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Read for Delivery {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let read = match self.raw.read(buffer) {
            Err(error) if error.kind() != ErrorKind::Interrupted => {
                // Kept for the end: whoever unpacks takes it for a damaged stream.
                self.failed = Some(Error::new(error.kind(), error.to_string()));
                return Err(error);
            }
            read => read?,
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

/// Stops a stream that unpacks to far more than it was delivered as.
struct Guarded {
    unpacked: Box<dyn Read + Send>,
    delivery: Arc<Mutex<Delivery>>,
    given: u64,
    ratio: u64,
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if self.given > ALWAYS_ALLOWED && self.given > lock(&self.delivery).bytes.saturating_mul(self.ratio) {
            return Err(Error::from(ErrorKind::FileTooLarge));
        }
        let read = self.unpacked.read(buffer)?;
        self.given += read as u64;
        Ok(read)
    }
}

//! Digests in hexadecimal.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Context, Result};

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of bytes, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A value as canonical JSON (RFC 8785): the same value is the same text, whichever release of whatever library writes it.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when the value has no form in JSON.
pub fn canonical(value: &impl Serialize) -> Result<String> {
    serde_json_canonicalizer::to_string(value).internal("no canonical JSON")
}

/// What stands for a declared identity, whose text is published only where a pipeline lists it: the first 48 bits of its
/// SHA-256, in hexadecimal.
#[must_use]
pub fn signature_id(text: &str) -> String {
    let mut digest = sha256(text.as_bytes());
    digest.truncate(12);
    digest
}

/// Size in bytes and SHA-256 of a file.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be read.
pub fn sha256_file(path: &Path) -> Result<(u64, String)> {
    let unreadable = |error: crate::error::Error| error.at_path(path);
    let mut file = std::fs::File::open(path).unreachable("cannot open").map_err(unreadable)?;
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 18]);
    loop {
        let read = file.read(&mut buffer).unreachable("cannot read").map_err(unreadable)?;
        if read == 0 {
            return Ok((size, hex(&hash.finalize())));
        }
        size += read as u64;
        hash.update(&buffer[..read]);
    }
}

/// 122 random bits of the operating system, in hexadecimal: two publishers never draw the same.
#[must_use]
pub fn token() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_drawn_by_the_operating_system() {
        let drawn = uuid::Uuid::parse_str(&token()).unwrap();
        assert_eq!(drawn.get_version(), Some(uuid::Version::Random));
    }
}

//! What must look unique and yet come out the same every time: generators, ULIDs, hashes.

use chrono::{DateTime, Utc};
use rand::RngExt;
use rand_pcg::Pcg64;
use sha2::{Digest, Sha256};

/// The alphabet of ULIDs (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A generator of its own for each purpose, so that one more service in a scenario leaves the others as they were.
pub fn generator(seed: u64, purpose: &str) -> Pcg64 {
    Pcg64::new(u128::from(seed), number(purpose))
}

/// A large number that depends on nothing but the text.
pub fn number(text: &str) -> u128 {
    let digest = Sha256::digest(text);
    digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// A ULID: 48 bits of time in milliseconds, then 80 bits of chance.
pub fn ulid(at: DateTime<Utc>, rng: &mut Pcg64) -> String {
    let millis = u128::from(at.timestamp_millis().unsigned_abs());
    let chance = rng.random::<u128>() >> 48;
    let value = millis << 80 | chance;
    // 26 digits of 5 bits are 130 bits: the first digit only has the 3 upper bits of 128.
    (0..26).rev().map(|digit| char::from(ALPHABET[(value >> (5 * digit) & 31) as usize])).collect()
}

/// The SHA-256 of a text, in hexadecimal.
pub fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// What could be the SHA-256 of a picture that nobody took.
pub fn picture(rng: &mut Pcg64) -> String {
    hex(&rng.random::<[u8; 32]>())
}

/// So many bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

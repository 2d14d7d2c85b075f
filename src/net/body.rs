//! What is read whole has a bound: a server may send without end.

use reqwest::Response;

use crate::error::Error;

/// More than anything that is read whole has, in bytes.
pub const LARGEST: usize = 64 << 20;

/// The body of an answer, or nothing where it is longer than [`LARGEST`]: cut short, it could be taken for what it is not.
///
/// # Errors
/// Where it breaks off.
pub async fn body(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > LARGEST {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

/// What is told of an object of a store that is longer.
#[must_use]
pub fn too_large() -> Error {
    Error::unreachable(format!("longer than {} MiB, and so nothing that a publisher wrote", LARGEST >> 20))
}

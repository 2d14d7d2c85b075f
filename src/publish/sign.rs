//! Signatures in minisign's format: `minisign -Vm manifest.json -P KEY` verifies them without this program.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::{PublicKey, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};

use crate::error::{Context, Error, Result};

/// Who vouches for a version.
pub struct SigningKey(SecretKey);

impl SigningKey {
    /// Reads a secret key as `minisign -G` writes it, and opens it with its password; one without is made by `-W`.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when it is no key, or the password does not open it.
    pub fn read(text: &str, password: Option<&str>) -> Result<Self> {
        let hint = |error: Error| error.at("GUICHETS_SIGNING_KEY").hint("give the whole file that minisign -G wrote");
        let opened = if let Some(password) = password {
            let sealed = SecretKeyBox::from_string(text).usage("not a secret key of minisign").map_err(hint)?;
            sealed.into_secret_key(Some(password.to_owned())).usage("the password does not open the key")
        } else {
            // Not by the library's own way, which asks for a checksum that `minisign -G -W` leaves empty.
            let line = text.lines().nth(1).unwrap_or_default().trim();
            let bytes = STANDARD.decode(line).usage("not a secret key of minisign").map_err(hint)?;
            SecretKey::from_bytes(&bytes).usage("not a secret key of minisign")
        };
        let opened = opened.map_err(hint)?;
        if opened.is_encrypted() {
            return Err(hint(Error::usage("the key needs GUICHETS_SIGNING_PASSWORD")));
        }
        Ok(Self(opened))
    }

    /// The half that readers have.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the library refuses.
    pub fn public(&self) -> Result<VerifyingKey> {
        PublicKey::from_secret_key(&self.0).map(VerifyingKey).internal("no public key")
    }

    /// The signature file of some bytes; `trusted` is a comment that the signature covers.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the library refuses.
    pub fn sign(&self, bytes: &[u8], trusted: &str) -> Result<String> {
        let signed = minisign::sign(None, &self.0, Cursor::new(bytes), Some(trusted), Some("guichets-ouverts"));
        Ok(signed.internal("cannot sign")?.to_string())
    }
}

/// The other half of the key, which readers have.
pub struct VerifyingKey(PublicKey);

impl VerifyingKey {
    /// Reads a public key: the line of base64, or the file that `minisign -G` wrote.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when it is none.
    pub fn read(text: &str) -> Result<Self> {
        let key = if text.trim().lines().count() > 1 {
            PublicKeyBox::from_string(text).and_then(PublicKeyBox::into_public_key)
        } else {
            PublicKey::from_base64(text.trim())
        };
        key.map(Self).usage("not a public key of minisign")
    }

    /// Checks a signature file against the bytes that it is for.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it is not theirs, or not by this key.
    pub fn verify(&self, bytes: &[u8], signature: &str) -> Result<()> {
        let signature = SignatureBox::from_string(signature).unreachable("not a signature of minisign")?;
        minisign::verify(&self.0, &signature, Cursor::new(bytes), true, false, false)
            .unreachable("the signature does not vouch for the manifest")
    }
}

//! `guichets verify`: is everything that was published what it is said to be?

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use guichets_ouverts::error::{Context, Result};
use guichets_ouverts::publish::{self, Guard, VerifiedVersion, VerifyingKey, verify};

use super::{Common, display, print, watch};

/// Download a version and check it: chain, signature, and each file's size, digest, rows and content
///
/// Of the current version the copies under latest/ are checked, too. A retracted version in the chain is told, and is no
/// fault: the one that was made on top of it may have put right what was wrong, or carry it on.
#[derive(Debug, Args)]
pub struct Verify {
    /// The store: a folder, s3://, gs://, az://, or the http address where readers find it
    #[arg(value_name = "STORE")]
    store: String,
    /// The version [default: the current one]
    #[arg(long, value_name = "V")]
    version: Option<String>,
    /// The public key of the publisher, as minisign -G wrote it: the key itself, or a file. Get it from elsewhere than
    /// from the store
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
}

impl Verify {
    /// Verifies and tells.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let store = publish::open(&self.store, Guard::default())?;
        let key = self.public_key.as_deref().map(public_key).transpose()?;
        let progress = watch::progress(common.json);
        let found = verify(store.as_ref(), self.version.as_deref(), key.as_ref(), progress.as_ref())?;
        print(&if common.json {
            format!("{:#}", serde_json::to_value(&found).internal("what was verified")?)
        } else {
            told(&found).internal("what was verified")?
        });
        Ok(if found.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(4) })
    }
}

fn public_key(stated: &str) -> Result<VerifyingKey> {
    let text = std::fs::read_to_string(stated).unwrap_or_else(|_| stated.to_owned());
    VerifyingKey::read(&text).map_err(|error| error.at("--public-key"))
}

fn told(found: &VerifiedVersion) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "version {}", found.version)?;
    match &found.removed {
        Some(reason) => writeln!(text, "  its bytes were removed: {reason}")?,
        None => writeln!(
            text,
            "  {}, {} bytes, {} rows",
            display::plural(found.files as u64, "file"),
            display::grouped(found.bytes),
            display::grouped(found.rows)
        )?,
    }
    writeln!(text, "  chain: {}", found.chain.join(" ← "))?;
    writeln!(
        text,
        "  signature: {}",
        match found.signed {
            None => "not looked at (give --public-key)",
            Some(true) => "by that key",
            Some(false) => "NOT by that key",
        }
    )?;
    for warning in &found.warnings {
        writeln!(text, "  note {}: {}", warning.path, warning.what)?;
    }
    for fault in &found.faults {
        writeln!(text, "  WRONG {}: {}", fault.path, fault.what)?;
    }
    write!(
        text,
        "{}",
        if found.faults.is_empty() {
            "all is as its manifest says".to_owned()
        } else {
            display::plural(found.faults.len() as u64, "fault")
        }
    )?;
    Ok(text)
}

//! `guichets verify`: is everything that was published, or that a probe wrote, what it is said to be?

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::probe::{self, VerifiedFolder};
use guichets_ouverts::publish::{self, Fault, Guard, VerifiedVersion, VerifyingKey, verify};
use serde::Serialize;

use super::{Common, display, print_json, say, watch};

/// Download a version and check it: chain, signature, and each file's size, digest, rows and content
///
/// Of the current version the copies under latest/ are checked, too. A retracted version in the chain is told, and is no
/// fault: the one that was made on top of it may have put right what was wrong, or carry it on.
///
/// Of a folder that a probe wrote: its chain of cycles, each log against its links, and the manifest of each day that is over.
#[derive(Debug, Args)]
pub struct Verify {
    /// The store: a folder, s3://, gs://, az://, or the http address where readers find it; or the folder of a probe
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
        let key = self.public_key.as_deref().map(public_key).transpose()?;
        if probe::is_folder(Path::new(&self.store)) {
            return self.probe(key.as_ref(), common);
        }
        let store = publish::open(&self.store, Guard::default())?;
        let progress = watch::progress(common.json);
        let found = verify(store.as_ref(), self.version.as_deref(), key.as_ref(), progress.as_ref())?;
        answer(&found, told, &found.faults, common)
    }

    /// The same of a probe's folder.
    fn probe(&self, key: Option<&VerifyingKey>, common: &Common) -> Result<ExitCode> {
        if self.version.is_some() {
            return Err(Error::usage("the folder of a probe has no versions").at("--version"));
        }
        let found = probe::verify(Path::new(&self.store), key)?;
        answer(&found, told_of_probe, &found.faults, common)
    }
}

/// Says what was found, and by the exit code whether something is wrong.
fn answer<F: Serialize>(
    found: &F,
    told: fn(&F) -> Result<String, std::fmt::Error>,
    faults: &[Fault],
    common: &Common,
) -> Result<ExitCode> {
    const WHAT: &str = "what was verified";
    if common.json {
        print_json(found, WHAT)?;
    } else {
        say(&told(found).internal(WHAT)?);
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(4) })
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
    writeln!(text, "  signature: {}", signature(found.signed))?;
    judged(&mut text, &found.warnings, &found.faults)?;
    Ok(text)
}

fn told_of_probe(found: &VerifiedFolder) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let (logs, lines) = (display::plural(found.logs as u64, "log"), display::plural(found.lines as u64, "line"));
    writeln!(text, "a probe's folder: {logs}, {lines}")?;
    let (chain, closed) = (display::plural(found.links as u64, "link"), display::plural(found.days as u64, "manifest"));
    writeln!(text, "  chain: {chain}, {closed} of days that are over")?;
    writeln!(text, "  signatures: {}", signature(found.signed))?;
    judged(&mut text, &found.warnings, &found.faults)?;
    Ok(text)
}

const fn signature(signed: Option<bool>) -> &'static str {
    match signed {
        None => "not looked at (give --public-key)",
        Some(true) => "by that key",
        Some(false) => "NOT by that key",
    }
}

/// What should be known, what is wrong, and the sum of it.
fn judged(text: &mut String, warnings: &[Fault], faults: &[Fault]) -> std::fmt::Result {
    for warning in warnings {
        writeln!(text, "  note {}: {}", warning.path, warning.what)?;
    }
    for fault in faults {
        writeln!(text, "  WRONG {}: {}", fault.path, fault.what)?;
    }
    match faults.len() as u64 {
        0 => text.push_str("all is as its manifest says"),
        count => text.push_str(&display::plural(count, "fault")),
    }
    Ok(())
}

//! Nights that were refused, or retracted, since the current version: what they had read is not forgotten.

use std::collections::{HashMap, HashSet};

use crate::error::{Error, Result};
use crate::ingest::FileAccount;
use crate::publish::{self, Base, Store};
use crate::release::RawFile;

/// The nights that failed since, each with the raw files that it had read.
pub(super) struct FailedNights(Vec<(String, Vec<RawFile>)>);

impl FailedNights {
    /// Those of a store.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
    pub(super) fn of(store: &dyn Store, base: &Base) -> Result<Self> {
        let nights = base.failed_since();
        let read = nights.map(|record| Ok((record.version.clone(), publish::files_read(store, record)?)));
        read.collect::<Result<_>>().map(Self)
    }

    /// Raw files that they have read, or that the current version left alone.
    pub(super) fn files_not_published(&self, base: &Base) -> HashSet<String> {
        let read = self.0.iter().flat_map(|(_, files)| files).map(|raw| raw.file.clone());
        read.chain(base.files_left_alone()).collect()
    }

    /// No version has what they had read: a run that does not name it would publish its days as days on which nobody looked.
    /// What is left out by its name is no oversight. `named` are the files that are read.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage), naming the first file that is missing.
    pub(super) fn check(
        &self,
        accounts: &[FileAccount],
        named: &HashSet<&str>,
        leaves_out: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let there: HashMap<&str, &str> = accounts.iter().map(|account| (&*account.file, &*account.sha256)).collect();
        for (version, read) in &self.0 {
            // One that the version has in an earlier state is missing as well: what was added to it since was in that night.
            let has = |raw: &RawFile| {
                there.get(&*raw.file).is_some_and(|sha256| raw.sha256.as_ref().is_none_or(|read| read == sha256))
            };
            let missing =
                read.iter().filter(|raw| !named.contains(raw.file.as_str()) && !leaves_out(&raw.file) && !has(raw));
            let missing: Vec<&str> = missing.map(|raw| raw.file.as_str()).collect();
            if let Some(first) = missing.first() {
                return Err(Error::usage(format!(
                    "version {version} failed, and {} raw file{} that it had read {} not named, the first {first}",
                    missing.len(),
                    if missing.len() == 1 { "" } else { "s" },
                    if missing.len() == 1 { "is" } else { "are" },
                ))
                .at("--raw")
                .hint(
                    "name them as well as the new ones; or, to publish without them, add --without FILE for each, or \
                     --forget-failed",
                ));
            }
        }
        Ok(())
    }
}

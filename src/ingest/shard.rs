//! Reading in shards: of all the files that are found each shard reads some, wherever it runs, and what they have read comes
//! together as if one had read it all.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::UInt64Type;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account::FileAccount;
use super::columns::FILE;
use super::find::Found;
use super::left_alone::LeftAlone;
use super::reader::Reading;
use super::reject::Quarantined;
use crate::digest::{canonical, sha256};
use crate::error::{Context, Error, Result};

/// One of several parts of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// From 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

/// The most shards of which anything is known.
const MOST_SHARDS: u32 = 100_000;

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) && of <= MOST_SHARDS => Ok(Self { number, of }),
            _ => Err(format!(
                "not a shard; write it as in 3/8, of which there are 1/8 to 8/8 and {MOST_SHARDS} at the most"
            )),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Found {
    /// Keeps the files of one shard: each belongs to that in whose share of all bytes its middle lies. A file of which nobody knows
    /// the size counts as none, and so does what archives hold.
    pub fn keep(&mut self, shard: Shard) {
        // One more for each, so that files without a known size spread, too.
        let sizes: Vec<u128> =
            self.files.iter().map(|file| 1 + u128::from(file.size_hint().unwrap_or_default())).collect();
        let all: u128 = sizes.iter().sum();
        let mut before = 0;
        let mut sizes = sizes.into_iter();
        self.files.retain(|_| {
            let size = sizes.next().unwrap_or_default();
            let number = (2 * before + size) * u128::from(shard.of) / (2 * all);
            before += size;
            number + 1 == u128::from(shard.number)
        });
        if shard.number > 1 {
            self.damaged.clear();
        }
    }

    /// By which two shards know that they were shown the same files.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when a name has no JSON.
    pub fn digest(&self) -> Result<String> {
        let files: Vec<_> = self.files.iter().map(|file| json!([file.name, file.size_hint(), file.e_tag()])).collect();
        Ok(sha256(canonical(&json!([files, self.left_alone]))?.as_bytes()))
    }
}

/// What a shard found besides attempts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ShardReading {
    accounts: Vec<FileAccount>,
    quarantined: Vec<Quarantined>,
    left_alone: Vec<LeftAlone>,
    archives: Vec<String>,
    tried: Vec<(String, Option<String>)>,
}

impl From<Reading> for ShardReading {
    fn from(reading: Reading) -> Self {
        Self {
            accounts: reading.accounts,
            quarantined: reading.quarantined,
            left_alone: reading.left_alone,
            archives: reading.archives.into_iter().collect(),
            tried: reading.tried.into_iter().collect(),
        }
    }
}

impl ShardReading {
    /// What became of the lines of each of its files, before it is known which repeat another.
    #[must_use]
    pub fn accounts(&self) -> &[FileAccount] {
        &self.accounts
    }

    /// The archives that were unpacked.
    pub fn archives(&self) -> impl Iterator<Item = &str> {
        self.archives.iter().map(String::as_str)
    }
}

/// What all shards found together, as one run finds it.
#[must_use]
pub fn together(shards: Vec<ShardReading>) -> Reading {
    let mut all = Reading::default();
    for shard in shards {
        all.accounts.extend(shard.accounts);
        all.quarantined.extend(shard.quarantined);
        // Each was shown all that there is.
        (all.left_alone, all.archives) = (shard.left_alone, shard.archives.into_iter().collect());
        for (mapping, unread) in shard.tried {
            // One line that could be read tells of a mapping more than all that could not.
            let known = all.tried.entry(mapping).or_insert_with(|| unread.clone());
            if unread.is_none() {
                *known = None;
            }
        }
    }
    all.accounts.sort_by(|a, b| a.file.cmp(&b.file));
    all.read = all.accounts.iter().map(|account| Arc::clone(&account.file)).collect();
    all
}

/// Attempts of a shard with the `position` that each of its files has among those of all.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when they are not what a shard writes.
pub fn placed(
    attempts: &RecordBatch,
    of_shard: &[FileAccount],
    position: impl Fn(&str) -> Option<u64>,
) -> Result<RecordBatch> {
    let damaged = || Error::unreachable("the attempts are not what a shard writes");
    let (at, _) = attempts.schema_ref().column_with_name(FILE).ok_or_else(damaged)?;
    let place = |file: &u64| position(&of_shard.get(usize::try_from(*file).ok()?)?.file);
    let files = attempts.column(at).as_primitive_opt::<UInt64Type>().ok_or_else(damaged)?;
    let files: Option<Vec<u64>> = files.values().iter().map(place).collect();
    let mut columns: Vec<ArrayRef> = attempts.columns().to_vec();
    columns[at] = Arc::new(UInt64Array::from(files.ok_or_else(damaged)?));
    RecordBatch::try_new(attempts.schema(), columns).internal("the attempts of a shard")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_one_of_some() {
        assert_eq!("3/8".parse(), Ok(Shard { number: 3, of: 8 }));
        for wrong in ["", "3", "0/8", "9/8", "3/0", "-1/8", "3/8/2", "1/100001"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!(Shard { number: 3, of: 8 }.to_string(), "3/8");
    }

    #[test]
    fn a_mapping_that_read_something_anywhere_is_no_mapping_that_reads_nothing() {
        let shard = |unread: Option<&str>| ShardReading {
            tried: vec![("a".to_owned(), unread.map(str::to_owned))],
            ..ShardReading::default()
        };
        assert_eq!(together(vec![shard(Some("x")), shard(None), shard(Some("y"))]).unread().count(), 0);
        assert_eq!(together(vec![shard(Some("x")), shard(Some("y"))]).unread().collect::<Vec<_>>(), ["x"]);
    }
}

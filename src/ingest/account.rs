//! The account of each file.
//!
//! A line holds one record, unless the mapping makes several attempts of it. Each record is accounted for once: records =
//! attempts + duplicates + blank + without data + quarantined. A file whose lines hold one record each has as many lines
//! as records; lines that name the columns are counted apart.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use serde::{Deserialize, Serialize};

use super::packing::Compression;
use crate::error::{Context, Error, Result};

/// What became of the lines of one delivered file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAccount {
    /// Path relative to the raw root.
    pub file: Arc<str>,
    /// Bytes as delivered.
    pub bytes: u64,
    /// SHA-256 of the bytes as delivered.
    pub sha256: String,
    /// How it was packed.
    pub compression: Compression,
    /// Lines, without those that name the columns of a foreign log.
    pub lines: u64,
    /// Lines that name the columns of a foreign log.
    #[serde(default)]
    pub headers: u64,
    /// What the lines hold.
    #[serde(default)]
    pub records: u64,
    /// Records that became a row of `tentatives`.
    pub attempts: u64,
    /// Records that say what another had said, under the same id.
    pub duplicates: u64,
    /// Lines of white space.
    pub blank: u64,
    /// Records which say that nobody looked.
    #[serde(default)]
    pub without_data: u64,
    /// Records set aside.
    pub quarantined: u64,
    /// False where the stream was cut, damaged or stopped.
    pub complete: bool,
    /// The mark by which an object store knew it, where it came from one; in no table.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub e_tag: Option<String>,
    /// The local months of its attempts, kept or not; of the table, the last alone.
    #[serde(rename = "mois")]
    pub months: Vec<String>,
}

impl FileAccount {
    /// The last month of which it has an attempt, kept or not; nothing where it has none.
    #[must_use]
    pub fn last_month(&self) -> Option<&str> {
        self.months.iter().max().map(String::as_str)
    }

    /// Records that are accounted for.
    #[must_use]
    pub const fn accounted(&self) -> u64 {
        self.attempts + self.duplicates + self.blank + self.without_data + self.quarantined
    }

    /// Whether every record is accounted for, and every line holds one at least.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.accounted() == self.records && self.lines <= self.records
    }

    /// Takes a line back that an earlier run had dropped: it is judged again.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the file had no such line.
    pub fn restore(&mut self, duplicate: bool) -> Result<()> {
        let count = if duplicate { &mut self.duplicates } else { &mut self.quarantined };
        *count = count.checked_sub(1).ok_or_else(|| Error::internal("a dropped line too many").at(&self.file))?;
        self.attempts += 1;
        Ok(())
    }

    /// Moves a line from the attempts to the duplicates, or to those set aside, once the whole month is known.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the file had no attempt left.
    pub fn withdraw(&mut self, duplicate: bool) -> Result<()> {
        self.attempts = self
            .attempts
            .checked_sub(1)
            .ok_or_else(|| Error::internal("more duplicates than attempts").at(&self.file))?;
        if duplicate {
            self.duplicates += 1;
        } else {
            self.quarantined += 1;
        }
        Ok(())
    }
}

/// The table `fichiers`.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn accounts_table(accounts: &[FileAccount]) -> Result<RecordBatch> {
    let text =
        |of: fn(&FileAccount) -> &str| Arc::new(StringArray::from_iter_values(accounts.iter().map(of))) as ArrayRef;
    let count = |of: fn(&FileAccount) -> u64| {
        Arc::new(Int64Array::from_iter_values(accounts.iter().map(|account| of(account).cast_signed()))) as ArrayRef
    };
    let complete: BooleanArray = accounts.iter().map(|account| Some(account.complete)).collect();
    RecordBatch::try_from_iter([
        ("fichier", text(|account| &account.file)),
        ("octets", count(|account| account.bytes)),
        ("sha256", text(|account| &account.sha256)),
        ("compression", text(|account| account.compression.code())),
        ("lignes", count(|account| account.lines)),
        ("entetes", count(|account| account.headers)),
        ("enregistrements", count(|account| account.records)),
        ("tentatives", count(|account| account.attempts)),
        ("doublons", count(|account| account.duplicates)),
        ("vides", count(|account| account.blank)),
        ("sans_donnee", count(|account| account.without_data)),
        ("quarantaine", count(|account| account.quarantined)),
        ("complet", Arc::new(complete)),
        ("dernier_mois", Arc::new(accounts.iter().map(FileAccount::last_month).collect::<StringArray>())),
    ])
    .internal("the table fichiers")
}

//! The folder of a probe: its log, what it remembers, its proofs. One probe at a time holds it.
//!
//! `journaux/` holds the log and nothing else, so that a pipeline can be pointed at it; `etat/` is what the probe needs to go
//! on; `preuves/` is what others need to check.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::account::CycleAccount;
use super::bounds::DISK_FREE_MIN;
use super::desk::halt_file;
use super::restraint::Memory;
use crate::error::{Context, Error, Result};
use crate::publish::{ASIDE, place};

/// The folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// The lock goes with the handle, also when the process is killed.
    _lock: Option<File>,
}

/// What is written of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its path within the folder.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

impl Folder {
    /// Takes the folder for this process, and makes it where there is none.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when another probe holds it, or it cannot be written.
    pub fn hold(root: &Path) -> Result<Self> {
        let path = root.join("etat/verrou");
        let here = |error: Error| error.at_path(&path);
        for part in ["journaux", "etat/arret", "preuves"] {
            fs::create_dir_all(root.join(part)).unreachable("cannot make the folder").map_err(here)?;
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.unreachable("cannot lock the folder").map_err(here)?;
        match lock.try_lock() {
            Ok(()) => {
                let folder = Self { root: root.to_owned(), _lock: Some(lock) };
                folder.tidy().unreachable("cannot tidy the folder").map_err(here)?;
                Ok(folder)
            }
            Err(TryLockError::WouldBlock) => Err(here(
                Error::unreachable("another probe works in this folder").hint("stop it, or give another --out"),
            )),
            Err(TryLockError::Error(error)) => Err(here(Error::unreachable("cannot lock the folder").because(error))),
        }
    }

    /// Removes what a probe that was killed had begun to write aside.
    fn tidy(&self) -> std::io::Result<()> {
        for part in ["journaux", "etat", "preuves"] {
            for entry in fs::read_dir(self.path(part))? {
                let entry = entry?;
                if entry.file_name().to_str().is_some_and(|name| name.starts_with(ASIDE)) {
                    fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    }

    /// Looks into the folder without taking it.
    #[must_use]
    pub fn look_into(root: &Path) -> Self {
        Self { root: root.to_owned(), _lock: None }
    }

    /// A path within it.
    #[must_use]
    pub fn path(&self, within: &str) -> PathBuf {
        self.root.join(within)
    }

    /// Whether a person has put a host out of use.
    #[must_use]
    pub fn is_halted(&self, host: &str) -> bool {
        halt_file(&self.path("etat"), host).exists()
    }

    /// What is remembered of the hosts.
    ///
    /// # Errors
    /// When it is there and cannot be read: a probe that has forgotten what it asked could ask too much.
    pub fn memory(&self) -> Result<Memory> {
        self.read_json("etat/memoire.json")
    }

    /// Remembers it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, memory: &Memory) -> Result<()> {
        self.write_json("etat/memoire.json", memory)
    }

    /// How the last cycle went, or goes.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn account(&self) -> Result<Option<CycleAccount>> {
        self.read_json("etat/cycle.json")
    }

    /// Writes it down.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_account(&self, account: &CycleAccount) -> Result<()> {
        self.write_json("etat/cycle.json", account)
    }

    /// Whether there is room for the lines of a cycle.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) where there is not, and when nobody can tell.
    pub fn check_room(&self) -> Result<()> {
        let free = fs4::available_space(&self.root).unreachable("cannot tell how much is free");
        let free = free.map_err(|error| error.at_path(&self.root))?;
        if free < DISK_FREE_MIN {
            let told = format!("{} MiB are free, and the probe wants {}", free >> 20, DISK_FREE_MIN >> 20);
            return Err(Error::unreachable(told)
                .at_path(&self.root)
                .hint("nobody is asked for lines that cannot be kept; make room"));
        }
        Ok(())
    }

    /// The bytes of a file within it, if it is there.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(&self, within: &str) -> Result<Option<Vec<u8>>> {
        match fs::read(self.path(within)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::unreachable("cannot read").at_path(&self.path(within)).because(error)),
        }
    }

    /// Puts a complete file in the place of one.
    ///
    /// # Errors
    /// When it cannot be written; what was there stays.
    pub fn write(&self, within: &str, bytes: &[u8]) -> Result<()> {
        place(&self.path(within), |file| file.write_all(bytes))
    }

    fn read_json<T: DeserializeOwned + Default>(&self, within: &str) -> Result<T> {
        let Some(bytes) = self.read(within)? else { return Ok(T::default()) };
        serde_json::from_slice(&bytes).unreachable("what the probe remembers cannot be read").map_err(|error| {
            error.at_path(&self.path(within)).hint("it is written whole or not at all: who changed it?")
        })
    }

    fn write_json(&self, within: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_vec_pretty(value).internal("the probe's memory")?;
        self.write(within, &text)
    }
}

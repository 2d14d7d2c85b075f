//! The version on top of which a run works, as far as the run can stand on it: what it read need not be read again, and
//! what it made of months that nothing touches need not be made again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Int64Type};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use crate::error::{Context, Error, Result};
use crate::ingest::{FileAccount, History, LeftAlone};
use crate::publish::{Store, fetch, fetch_all};
use crate::release::{FileEntry, Manifest, Origins, ParquetRows, Rows as _, read_parquet};
use crate::schema::{Catalog, Format, TableSchema, column, conform};

/// The version on top of which a run works.
pub(super) struct Ground<'a> {
    store: &'a dyn Store,
    pub(super) manifest: &'a Manifest,
    /// The account of each file that it has read.
    accounts: Vec<FileAccount>,
    catalog: &'a Catalog,
    folder: TempDir,
    /// Whether nothing of it counts.
    rebuilds: bool,
    /// Whether the raw logs that it has read need not be read again.
    pub(super) resumes: bool,
    /// Whether the tables that it derived from untouched months stand.
    pub(super) derives: bool,
}

impl<'a> Ground<'a> {
    /// Looks whether a run of these origins can stand on a version.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when every raw log has to be read again, and not all of them are named.
    pub(super) fn of(
        (store, manifest): (&'a dyn Store, &'a Manifest),
        accounts: Vec<FileAccount>,
        catalog: &'a Catalog,
        origins: &Origins,
        named: &HashSet<&str>,
        rebuild: bool,
    ) -> Result<Self> {
        let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
        let made_with = &manifest.made_with;
        let resumes = !rebuild && made_with.ingest_sha256 == origins.ingest_sha256;
        let ground = Self {
            store,
            manifest,
            accounts,
            catalog,
            folder,
            rebuilds: rebuild,
            resumes,
            derives: resumes && made_with.derive_sha256 == origins.derive_sha256,
        };
        if !resumes && !rebuild {
            ground.check_all_named(named)?;
        }
        Ok(ground)
    }

    fn check_all_named(&self, listed: &HashSet<&str>) -> Result<()> {
        let missing: Vec<&FileAccount> =
            self.accounts.iter().filter(|account| !listed.contains(&*account.file)).collect();
        let Some(first) = missing.first() else { return Ok(()) };
        Err(Error::usage(format!(
            "rules, mapping or registry are not those of version {}: every raw log has to be read again, and {} of them \
             {} not named, the first {}",
            self.manifest.version,
            missing.len(),
            if missing.len() == 1 { "is" } else { "are" },
            first.file
        ))
        .at("--raw")
        .hint("name all raw logs; or, to publish without those, add --rebuild"))
    }

    /// What its runs found and did not read.
    fn left_alone(&self) -> Result<Vec<LeftAlone>> {
        // A version of before there was such a list has none.
        if self.manifest.left_alone.is_null() {
            return Ok(Vec::new());
        }
        self.said(&self.manifest.left_alone, "the list of files left alone")
    }

    fn said<T: DeserializeOwned>(&self, value: &Value, what: &str) -> Result<T> {
        serde_json::from_value(value.clone())
            .unreachable(format!("{what} is not what a publisher writes"))
            .map_err(|error| error.at(format!("{}, manifest of {}", self.store.name(), self.manifest.version)))
    }

    /// What it found in the raw logs.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer.
    pub(super) fn history(&self) -> Result<History> {
        if !self.resumes {
            return Ok(if self.rebuilds {
                History::default()
            } else {
                History::to_compare(self.accounts.clone(), self.left_alone()?)
            });
        }
        History::of(self.accounts.clone(), self.left_alone()?, &self.table("quarantaine")?, &self.table("repetitions")?)
    }

    /// The Parquet files of a table, by month; the empty text for one that is not split.
    pub(super) fn parts(&self, table: &str) -> BTreeMap<&str, &FileEntry> {
        self.entries(table)
            .filter(|file| file.format == Some(Format::Parquet))
            .map(|file| (file.partition.as_deref().unwrap_or_default(), file))
            .collect()
    }

    /// All files of a table, in every format.
    pub(super) fn entries(&self, table: &str) -> impl Iterator<Item = &FileEntry> {
        self.manifest.files.iter().filter(move |file| file.table.as_deref() == Some(table))
    }

    /// Brings a file here, once.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it is not there, or not what the manifest says.
    pub(super) fn fetch(&self, file: &FileEntry) -> Result<PathBuf> {
        let local = self.folder.path().join(&file.path);
        if local.is_file() { Ok(local) } else { fetch(self.store, file, self.folder.path()) }
    }

    /// Brings files here, several at once.
    ///
    /// # Errors
    /// As for [`Ground::fetch`].
    pub(super) fn fetch_all(&self, files: &[&FileEntry]) -> Result<()> {
        let missing: Vec<&FileEntry> =
            files.iter().filter(|file| !self.folder.path().join(&file.path).is_file()).copied().collect();
        fetch_all(self.store, &missing, self.folder.path())
    }

    /// The rows of a table, all parts of it.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it is not there, or not what the manifest says.
    pub(super) fn table(&self, name: &str) -> Result<RecordBatch> {
        if self.parts(name).is_empty() {
            return Err(Error::unreachable(format!("the version {} has no table {name}", self.manifest.version))
                .at(self.store.name()));
        }
        self.table_but(name, &BTreeSet::new())
    }

    /// The rows of a table in all parts but some.
    ///
    /// # Errors
    /// As for [`Ground::table`].
    pub(super) fn table_but(&self, name: &str, but: &BTreeSet<&str>) -> Result<RecordBatch> {
        let parts = self.parts(name);
        let files: Vec<&FileEntry> =
            parts.iter().filter(|(part, _)| !but.contains(*part)).map(|(_, file)| *file).collect();
        self.fetch_all(&files)?;
        let rows = files.into_iter().map(|file| self.rows(name, file)).collect::<Result<Vec<_>>>()?;
        concat_batches(&self.schema(name)?.arrow_schema(), &rows).internal(name)
    }

    /// The files, in every format, of the part of a table that says what a new file of it says; none where it says something
    /// else.
    pub(super) fn standing(&self, table: &str, new: &FileEntry) -> Vec<FileEntry> {
        let same = |file: &&FileEntry| file.partition == new.partition && file.content_digest == new.content_digest;
        self.entries(table).filter(same).cloned().collect()
    }

    /// The rows of a file.
    ///
    /// # Errors
    /// As for [`Ground::table`].
    pub(super) fn rows(&self, table: &str, file: &FileEntry) -> Result<RecordBatch> {
        conform(&self.schema(table)?, &read_parquet(&self.fetch(file)?)?)
    }

    /// Shows the rows of a file, some at a time.
    ///
    /// # Errors
    /// As for [`Ground::table`], and those of `see`.
    pub(super) fn each_batch(
        &self,
        table: &str,
        file: &FileEntry,
        mut see: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let schema = self.schema(table)?;
        ParquetRows::open(&self.fetch(file)?)?.each(&mut |batch| see(&conform(&schema, batch)?))
    }

    /// The schema that it has for a table; fetched only where it is not ours.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it is not there.
    pub(super) fn schema(&self, table: &str) -> Result<TableSchema> {
        let entry = self.manifest.schemas().remove(table).ok_or_else(|| {
            Error::unreachable(format!("the version {} has no schema of {table}", self.manifest.version))
                .at(self.store.name())
        })?;
        match self.catalog.table(table) {
            Ok(ours) if crate::digest::sha256(ours.text.as_bytes()) == entry.sha256 => Ok(ours.clone()),
            _ => TableSchema::load(&self.fetch(entry)?),
        }
    }

    /// The months in which files had lines.
    pub(super) fn months_of(&self, files: &HashSet<Arc<str>>) -> Vec<String> {
        let accounts = self.accounts.iter().filter(|account| files.contains(&account.file));
        accounts.flat_map(|account| account.months.iter().cloned()).collect()
    }

    /// The months of which a part of `identifiants` holds one of these fingerprints.
    ///
    /// # Errors
    /// As for [`Ground::table`].
    pub(super) fn months_with(&self, file: &FileEntry, prints: &HashSet<i64>) -> Result<BTreeSet<String>> {
        let mut months = BTreeSet::new();
        self.each_batch("identifiants", file, |rows| {
            let found = column(rows, "empreinte_id", &DataType::Int64)?;
            let of = column(rows, "mois", &DataType::Utf8)?;
            let rows = found.as_primitive::<Int64Type>().values().iter().zip(of.as_string::<i32>());
            let held = rows.filter(|(print, _)| prints.contains(print)).filter_map(|(_, month)| month);
            held.for_each(|month| {
                months.insert(month.to_owned());
            });
            Ok(())
        })?;
        Ok(months)
    }
}

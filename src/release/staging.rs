//! Files of a version before anyone can see them, in a folder of their own.

use std::path::PathBuf;

use arrow::array::RecordBatch;
use rayon::prelude::*;
use tempfile::TempDir;

use super::exporter::{About, Export, exporter};
use super::manifest::FileEntry;
use super::part_writer::PartWriter;
use super::parts::PartsWriter;
use super::rows::Rows;
use crate::digest::{sha256, sha256_file};
use crate::error::{Context, Error, Result};
use crate::schema::{Format, TableSchema};

/// The folder in which a version is put together; it goes when this is dropped.
pub struct Staging {
    folder: TempDir,
    about: About,
}

impl About {
    /// A title that cannot be taken for that of real data where the data are not real.
    #[must_use]
    pub fn marked(&self, title: &str) -> String {
        if self.simulated { format!("[DONNÉES SIMULÉES] {title}") } else { title.to_owned() }
    }
}

/// A file of the version to be.
#[derive(Debug, Clone)]
pub struct StagedFile {
    /// Where it is now.
    pub local: PathBuf,
    /// What the manifest will say of it.
    pub entry: FileEntry,
}

/// A table, or a part of one, on its way out.
#[derive(Debug)]
pub struct Staged {
    /// The Parquet file, which the models read.
    pub parquet: StagedFile,
    /// What is out of order in it.
    pub violations: Vec<String>,
}

impl Staging {
    /// A new, empty folder.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be made.
    pub fn new(about: About) -> Result<Self> {
        Ok(Self { folder: TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?, about })
    }

    /// What every file says of itself.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// Begins to write a table, or a part of one, as Parquet, in batches that come in the table's order.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the file cannot be made.
    pub fn begin<'a>(&'a self, table: &'a TableSchema, partition: Option<&str>) -> Result<PartWriter<'a>> {
        PartWriter::begin(self, table, partition)
    }

    /// The same with a table of which each row belongs to a part that its date decides.
    #[must_use]
    pub const fn begin_parts<'a>(&'a self, table: &'a TableSchema) -> PartsWriter<'a> {
        PartsWriter::begin(self, table)
    }

    /// Conforms a table to its schema, orders its rows, and writes it as Parquet; with its rows as they are published.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the table is not as declared;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn stage(
        &self,
        table: &TableSchema,
        partition: Option<&str>,
        columns: &RecordBatch,
    ) -> Result<(Staged, RecordBatch)> {
        let mut writer = self.begin(table, partition)?;
        let batch = writer.push(columns)?;
        Ok((writer.finish()?, batch))
    }

    /// Writes a staged table in the other formats that its schema asks for, and that hold so many rows: a table too long for a
    /// workbook must not end a night.
    ///
    /// # Errors
    /// As for [`Staging::stage`].
    pub fn export(&self, table: &TableSchema, staged: &Staged, rows: &dyn Rows) -> Result<Vec<StagedFile>> {
        let entry = &staged.parquet.entry;
        let partition = entry.partition.as_deref();
        let others = table.guichets.formats.iter();
        let others = others.filter(|format| **format != Format::Parquet && exporter(**format).holds(rows.count()));
        let others: Vec<Format> = others.copied().collect();
        let write = |format| {
            let local = self.local(table, partition, format);
            exporter(format).export(&Export { table, rows, about: &self.about }, &local)?;
            let digest = entry.content_digest.clone().unwrap_or_default();
            self.entry(table, partition, format, local, (rows.count() as u64, digest))
        };
        others.into_par_iter().map(write).collect()
    }

    /// Adds a text that is not a table.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn text(&self, path: &str, content: &str) -> Result<StagedFile> {
        self.bytes(path, content.as_bytes())
    }

    /// Adds a file that is neither a table nor a text.
    ///
    /// # Errors
    /// As for [`Staging::text`].
    pub fn bytes(&self, path: &str, content: &[u8]) -> Result<StagedFile> {
        let local = self.folder.path().join(path);
        let place = |error: Error| error.at(path);
        if let Some(parent) = local.parent() {
            std::fs::create_dir_all(parent).unreachable("cannot write").map_err(place)?;
        }
        std::fs::write(&local, content).unreachable("cannot write").map_err(place)?;
        let path = format!("versions/{}/{path}", self.about.version);
        let entry = FileEntry::plain(path, content.len() as u64, sha256(content));
        Ok(StagedFile { local, entry })
    }

    /// Adds a text that is not a table and that versions share: its path names its bytes.
    ///
    /// # Errors
    /// As for [`Staging::text`].
    pub fn shared_text(&self, name: &str, part: &str, extension: &str, content: &str) -> Result<StagedFile> {
        let file = format!("{name}-{part}.{extension}");
        let mut staged = self.text(&file, content)?;
        staged.entry.path = shared_path(name, part, &staged.entry.sha256, &file);
        staged.entry.partition = Some(part.to_owned());
        Ok(staged)
    }

    /// Where a table, or a part of one, is written.
    pub(super) fn local(&self, table: &TableSchema, partition: Option<&str>, format: Format) -> PathBuf {
        self.folder.path().join(file_name(table, partition, format))
    }

    /// What the manifest will say of a file that is written, with so many rows and their digest.
    pub(super) fn entry(
        &self,
        table: &TableSchema,
        partition: Option<&str>,
        format: Format,
        local: PathBuf,
        (rows, content_digest): (u64, String),
    ) -> Result<StagedFile> {
        let (bytes, sha256) = sha256_file(&local)?;
        let name = file_name(table, partition, format);
        let path = match partition {
            None => format!("versions/{}/{name}", self.about.version),
            Some(part) => shared_path(&table.name, part, &sha256, &name),
        };
        let entry = FileEntry {
            path,
            table: Some(table.name.clone()),
            partition: partition.map(str::to_owned),
            format: Some(format),
            bytes,
            sha256,
            rows: Some(rows),
            content_digest: Some(content_digest),
            schema_version: Some(table.version.clone()),
        };
        Ok(StagedFile { local, entry })
    }
}

fn file_name(table: &TableSchema, partition: Option<&str>, format: Format) -> String {
    let stem = partition.map_or_else(|| table.name.clone(), |part| format!("{}-{part}", table.name));
    format!("{stem}.{}", exporter(format).extension())
}

/// Where what every version shares that contains it stands: the path names its bytes.
fn shared_path(name: &str, part: &str, sha256: &str, file: &str) -> String {
    format!("data/{name}/{part}/{}/{file}", &sha256[..16])
}

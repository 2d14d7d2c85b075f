//! Files of a version before anyone can see them, in a folder of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use rayon::prelude::*;
use tempfile::TempDir;

use super::content::content_digest;
use super::exporter::{About, Export, exporter};
use super::manifest::FileEntry;
use super::parts::parts;
use crate::digest::{sha256, sha256_file};
use crate::error::{Context, Error, Result};
use crate::schema::{Format, TableSchema, conform, sorted, violations};

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
    /// Its rows, declared and in order.
    pub batch: RecordBatch,
    /// The Parquet file, which the models read.
    pub parquet: StagedFile,
    /// What is out of order in it.
    pub violations: Vec<String>,
}

/// A table that leaves in parts, on its way out.
#[derive(Debug)]
pub struct Parts {
    /// Its parts by their names.
    pub parts: BTreeMap<String, Staged>,
    /// The rows of all of them, declared and in order.
    pub batch: RecordBatch,
    /// What is out of order in them.
    pub violations: Vec<String>,
}

/// Rows as they are declared, in their order, and what is out of order in them.
struct Rows {
    batch: RecordBatch,
    violations: Vec<String>,
}

impl Rows {
    fn of(table: &TableSchema, columns: &RecordBatch) -> Result<Self> {
        let batch = sorted(table, &conform(table, columns)?)?;
        let violations = violations(table, &batch)?;
        Ok(Self { batch, violations })
    }
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

    /// Conforms a table to its schema, orders its rows, and writes it as Parquet.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the table is not as declared;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when the disk is full.
    pub fn stage(&self, table: &TableSchema, partition: Option<&str>, columns: &RecordBatch) -> Result<Staged> {
        self.write_rows(table, partition, Rows::of(table, columns)?)
    }

    /// Conforms a table to its schema, orders its rows, and writes each part of it as Parquet, by the part's name.
    ///
    /// # Errors
    /// As for [`Staging::stage`].
    pub fn stage_parts(&self, table: &TableSchema, columns: &RecordBatch) -> Result<Parts> {
        let Rows { batch, violations } = Rows::of(table, columns)?;
        let parts = parts(table, &batch, self.about.as_of)?.into_iter().map(|(part, batch)| {
            let staged = self.write_rows(table, Some(&part), Rows { batch, violations: Vec::new() })?;
            Ok((part, staged))
        });
        Ok(Parts { parts: parts.collect::<Result<_>>()?, batch, violations })
    }

    fn write_rows(&self, table: &TableSchema, partition: Option<&str>, rows: Rows) -> Result<Staged> {
        let Rows { batch, violations } = rows;
        let digest = content_digest(table, std::slice::from_ref(&batch))?;
        let parquet = self.write(table, partition, &batch, Format::Parquet, digest)?;
        Ok(Staged { batch, parquet, violations })
    }

    /// Writes a staged table in the other formats that its schema asks for, and that hold so many rows: a table too long for a
    /// workbook must not end a night.
    ///
    /// # Errors
    /// As for [`Staging::stage`].
    pub fn export(&self, table: &TableSchema, staged: &Staged) -> Result<Vec<StagedFile>> {
        let digest = staged.parquet.entry.content_digest.clone().unwrap_or_default();
        let partition = staged.parquet.entry.partition.as_deref();
        let rows = staged.batch.num_rows();
        let others = table.guichets.formats.iter();
        let others = others.filter(|format| **format != Format::Parquet && exporter(**format).holds(rows));
        let others: Vec<Format> = others.copied().collect();
        others
            .into_par_iter()
            .map(|format| self.write(table, partition, &staged.batch, format, digest.clone()))
            .collect()
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
        let entry = FileEntry {
            path: format!("versions/{}/{path}", self.about.version),
            table: None,
            partition: None,
            format: None,
            bytes: content.len() as u64,
            sha256: sha256(content),
            rows: None,
            content_digest: None,
            schema_version: None,
        };
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

    fn write(
        &self,
        table: &TableSchema,
        partition: Option<&str>,
        batch: &RecordBatch,
        format: Format,
        content_digest: String,
    ) -> Result<StagedFile> {
        let exporter = exporter(format);
        let stem = partition.map_or_else(|| table.name.clone(), |part| format!("{}-{part}", table.name));
        let name = format!("{stem}.{}", exporter.extension());
        let local = self.folder.path().join(&name);
        let export = Export { table, batches: std::slice::from_ref(batch), about: &self.about };
        exporter.export(&export, &local)?;
        let (bytes, sha256) = sha256_file(&local)?;
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
            rows: Some(batch.num_rows() as u64),
            content_digest: Some(content_digest),
            schema_version: Some(table.version.clone()),
        };
        Ok(StagedFile { local, entry })
    }
}

/// Where what every version shares that contains it stands: the path names its bytes.
fn shared_path(name: &str, part: &str, sha256: &str, file: &str) -> String {
    format!("data/{name}/{part}/{}/{file}", &sha256[..16])
}

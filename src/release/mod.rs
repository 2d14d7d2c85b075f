//! Release: tables become files, each with its digests; the files become a manifest.

mod content;
mod csv;
mod exporter;
mod manifest;
mod pack;
mod parquet;
mod part_writer;
mod parts;
mod recompute;
mod rows;
mod staging;
mod xlsx;

pub use content::{ContentDigest, content_digest};
pub use exporter::{About, Export, Exporter, exporter};
pub use manifest::{ACCOUNTS, Accounting, FileEntry, Manifest, Origins, Parent, RawFile, RulesEntry};
pub use pack::{PACK, PACK_LIST, PackedFile, Packer, check_pack, packed_files, unpack};
pub use part_writer::PartWriter;
pub use parts::{Parts, PartsWriter, is_over, part_of_month};
pub use recompute::{OF_A_WINDOW, recompute_sql, window_sql};
pub use rows::{ParquetRows, Rows, read_parquet};
pub use staging::{Staged, StagedFile, Staging};

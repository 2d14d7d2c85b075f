//! Table Schemas: the only place where a published column is declared.
//!
//! `schemas/tables/<table>.json` says which columns a table has, in which order, of which type, what they mean in French
//! and in English, and how the table is published. The Arrow schema, the CSV header, the dictionary and the gate's
//! checks derive from it: a column that is not declared cannot leave, one that is declared and missing stops the run.

mod cell;
mod compatibility;
mod conform;
mod constraints;
mod dictionary;
mod order;
mod registry_csv;
mod table;

pub use cell::unpublishable;
pub use compatibility::{SchemaChange, incompatibility, schema_changes};
pub use conform::{column, conform, instants};
pub use constraints::{total, violations};
pub use dictionary::{dictionary_html, dictionary_markdown};
pub use order::ordered;

pub use registry_csv::read_registry_table;
pub use table::{Constraints, Field, FieldType, Format, Language, Origin, Publication, Reach, TableSchema};

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Context, Error, Result};

/// All declared tables, by name.
#[derive(Debug, Clone)]
pub struct Catalog {
    tables: BTreeMap<String, TableSchema>,
}

impl Catalog {
    /// Reads every `*.json` of a folder.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the folder or a schema cannot be read, or a schema contradicts itself.
    pub fn load(dir: &Path) -> Result<Self> {
        let entries = std::fs::read_dir(dir)
            .usage("cannot list the table schemas")
            .map_err(|error| error.at_path(dir).hint("run from a clone of the project, or name it with --project"))?;
        let mut tables = BTreeMap::new();
        for entry in entries {
            let path = entry.usage("cannot list the table schemas")?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let table = TableSchema::load(&path)?;
                tables.insert(table.name.clone(), table);
            }
        }
        Ok(Self { tables })
    }

    /// The schema of a table.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when no schema declares it.
    pub fn table(&self, name: &str) -> Result<&TableSchema> {
        self.tables.get(name).ok_or_else(|| {
            Error::usage(format!("no schema declares the table {name}"))
                .at(format!("schemas/tables/{name}.json"))
                .hint("add the schema, or remove what produces the table")
        })
    }

    /// Every table, those to be read before the intermediate ones; each kind in the order of names.
    #[must_use]
    pub fn for_readers(&self) -> Vec<&TableSchema> {
        let (mut tables, intermediate): (Vec<_>, Vec<_>) = self.iter().partition(|table| !table.guichets.intermediate);
        tables.extend(intermediate);
        tables
    }

    /// Every table, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = &TableSchema> {
        self.tables.values()
    }
}

//! What a change of schema means for those who read the table: nothing, more columns, or a program that breaks.

use std::fmt;

use serde::Serialize;

use super::TableSchema;
use crate::error::{Error, Result};

/// One change from the published schema of a table to the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change", content = "column")]
pub enum SchemaChange {
    /// A column that readers know is gone.
    Removed(String),
    /// A column is new.
    Added(String),
    /// A column has another type.
    Retyped(String),
    /// A column that was never empty may be.
    Optional(String),
    /// The rows are told apart by other columns.
    Key,
    /// The table is split into files otherwise, or no longer comes in a format.
    Files,
}

impl SchemaChange {
    /// Whether a program that reads the published table could break.
    #[must_use]
    pub const fn breaks(&self) -> bool {
        !matches!(self, Self::Added(_))
    }
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed(column) => write!(f, "the column {column} is gone"),
            Self::Added(column) => write!(f, "the column {column} is new"),
            Self::Retyped(column) => write!(f, "the column {column} has another type"),
            Self::Optional(column) => write!(f, "the column {column} may be empty"),
            Self::Key => f.write_str("the key is another"),
            Self::Files => f.write_str("it comes in other files or formats"),
        }
    }
}

/// What changed from a published schema to a new one, in the order of its columns.
#[must_use]
pub fn schema_changes(published: &TableSchema, new: &TableSchema) -> Vec<SchemaChange> {
    let mut changes = Vec::new();
    for old in &published.fields {
        match new.field(&old.name) {
            None => changes.push(SchemaChange::Removed(old.name.clone())),
            Some(field) if field.data_type() != old.data_type() => {
                changes.push(SchemaChange::Retyped(old.name.clone()));
            }
            Some(field) if old.constraints.required && !field.constraints.required => {
                changes.push(SchemaChange::Optional(old.name.clone()));
            }
            Some(_) => {}
        }
    }
    let added = new.fields.iter().filter(|field| published.field(&field.name).is_none());
    changes.extend(added.map(|field| SchemaChange::Added(field.name.clone())));
    if published.primary_key != new.primary_key {
        changes.push(SchemaChange::Key);
    }
    let formats_gone = published.guichets.formats.iter().any(|format| !new.guichets.formats.contains(format));
    let parts = |table: &TableSchema| {
        (table.guichets.partition.clone(), table.guichets.split.clone(), table.guichets.joins_years)
    };
    if parts(published) != parts(new) || formats_gone {
        changes.push(SchemaChange::Files);
    }
    changes
}

/// Why the new schema may not replace the published one under its version number, if it may not: what breaks readers
/// asks for a new first number, what adds for a new second one at least.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when a version is not three numbers.
pub fn incompatibility(published: &TableSchema, new: &TableSchema) -> Result<Option<String>> {
    let changes = schema_changes(published, new);
    let (was, is) = (numbers(published)?, numbers(new)?);
    let breaking: Vec<String> = changes.iter().filter(|change| change.breaks()).map(ToString::to_string).collect();
    let name = &new.name;
    Ok(if is < was {
        Some(format!("{name}: the version went back from {} to {}", published.version, new.version))
    } else if !breaking.is_empty() && is[0] == was[0] {
        Some(format!(
            "{name}: {}, which breaks readers of version {}; the next version is {}.0.0",
            breaking.join(", "),
            published.version,
            was[0] + 1
        ))
    } else if !changes.is_empty() && is[..2] == was[..2] {
        let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
        Some(format!("{name}: {}; the next version is {}.{}.0", told.join(", "), was[0], was[1] + 1))
    } else {
        None
    })
}

fn numbers(table: &TableSchema) -> Result<[u32; 3]> {
    let parsed: Vec<u32> = table.version.split('.').filter_map(|number| number.parse().ok()).collect();
    parsed.try_into().map_err(|_| {
        Error::usage(format!("the version « {} » is not of the form 1.2.3", table.version))
            .at(format!("schemas/tables/{}.json", table.name))
    })
}

//! `recompute.sql`: the derived tables once more, by another engine, from what is published and nothing else.

use std::fmt::Write as _;

use arrow::datatypes::DataType;

use super::manifest::FileEntry;
use crate::error::Result;
use crate::model::Model;
use crate::schema::{Catalog, Field, FieldType, Format, TableSchema};

/// Reals may differ by this much, relative to the larger: engines add in different orders.
const TOLERANCE: &str = "1e-12";

const HEADER: &str = "\
-- Refait toutes les tables dérivées de cette version à partir des seuls fichiers Parquet et modèles SQL publiés, et les
-- compare aux tables publiées. Depuis le dossier de la version, avec DuckDB en ligne de commande :
--
--     duckdb < recompute.sql
--
-- Recomputes every derived table of this version from the published Parquet and SQL alone, and compares. A line per
-- table: rows published, rows that only one side has, rows that differ. The last two columns must be 0.

SET TimeZone = 'UTC';
";

/// The script for a version; paths are relative to the version's folder.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when a model makes a table that no schema declares.
pub fn recompute_sql(version: &str, files: &[&FileEntry], models: &[Model], catalog: &Catalog) -> Result<String> {
    let mut script = HEADER.to_owned();
    for table in catalog.iter() {
        if models.iter().any(|model| model.table == table.name) {
            continue;
        }
        let rows = published(table, &parquet_paths(version, files, &table.name));
        // Writing to a String cannot fail, here and below.
        let _ = write!(script, "\nCREATE VIEW {} AS {rows};\n", table.name);
    }
    for model in models {
        let _ = write!(script, "\nCREATE TABLE {} AS\n{};\n", model.table, model.sql.trim_end());
    }
    let comparisons = models
        .iter()
        .map(|model| Ok(comparison(catalog.table(&model.table)?, &parquet_paths(version, files, &model.table))))
        .collect::<Result<Vec<String>>>()?;
    let _ = write!(script, "\n{}\nORDER BY 1;\n", comparisons.join("\nUNION ALL\n"));
    Ok(script)
}

fn parquet_paths(version: &str, files: &[&FileEntry], table: &str) -> Vec<String> {
    let own = format!("versions/{version}/");
    files
        .iter()
        .filter(|file| file.table.as_deref() == Some(table) && file.format == Some(Format::Parquet))
        .map(|file| {
            let here = file.path.strip_prefix(&own).map_or_else(|| format!("../../{}", file.path), str::to_owned);
            format!("'{here}'")
        })
        .collect()
}

/// The published rows of a table. One that is split and holds nothing has no file, and no engine reads none: it has no rows
/// of the declared types then.
fn published(table: &TableSchema, paths: &[String]) -> String {
    if !paths.is_empty() {
        return format!("SELECT * FROM read_parquet([{}])", paths.join(", "));
    }
    let columns: Vec<String> =
        table.fields.iter().map(|field| format!("CAST(NULL AS {}) AS {}", sql_type(field), field.name)).collect();
    format!("SELECT {} WHERE FALSE", columns.join(", "))
}

/// The type that a reader of Parquet gives a column.
fn sql_type(field: &Field) -> &'static str {
    match field.data_type() {
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::Float64 => "DOUBLE",
        DataType::Boolean => "BOOLEAN",
        DataType::Date32 => "DATE",
        DataType::Timestamp(..) => "TIMESTAMP WITH TIME ZONE",
        _ => "VARCHAR",
    }
}

fn comparison(table: &TableSchema, paths: &[String]) -> String {
    let key: Vec<String> = table.primary_key.iter().map(|name| format!("p.{name} = r.{name}")).collect();
    let first = &table.primary_key[0];
    let differs: Vec<String> = table
        .fields
        .iter()
        .filter(|field| !table.primary_key.contains(&field.name))
        .map(|field| {
            let name = &field.name;
            match field.kind {
                FieldType::Number => format!(
                    "(p.{name} IS NULL) <> (r.{name} IS NULL) OR ABS(p.{name} - r.{name}) > {TOLERANCE} * GREATEST(ABS(p.{name}), ABS(r.{name}))"
                ),
                _ => format!("p.{name} IS DISTINCT FROM r.{name}"),
            }
        })
        .collect();
    format!(
        "SELECT '{}' AS nom,\n    COUNT(p.{first}) AS publiees,\n    COUNT(*) FILTER (WHERE p.{first} IS NULL OR r.{first} IS NULL) AS d_un_seul_cote,\n    \
         COUNT(*) FILTER (WHERE p.{first} IS NOT NULL AND r.{first} IS NOT NULL AND (\n        {}\n    )) AS differentes\n\
         FROM ({}) AS p\nFULL JOIN {} AS r ON {}",
        table.name,
        differs.join("\n        OR "),
        published(table, paths),
        table.name,
        key.join(" AND "),
    )
}

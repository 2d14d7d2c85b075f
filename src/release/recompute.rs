//! `recompute.sql`: the derived tables once more, by another engine, from what is published and nothing else; and
//! `fenetre.sql`: the figures of any window, by the same models.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use arrow::datatypes::DataType;

use super::manifest::FileEntry;
use crate::error::{Error, Result};
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
    let tables = models.iter().map(|model| catalog.table(&model.table)).collect::<Result<Vec<_>>>()?;
    // A table that leaves in no format is made again on the way, and there is nothing to compare it with.
    let published = tables.into_iter().filter(|table| table.guichets.formats.contains(&Format::Parquet));
    let comparisons: Vec<String> =
        published.map(|table| comparison(table, &parquet_paths(version, files, &table.name))).collect();
    let _ = write!(script, "\n{}\nORDER BY 1;\n", comparisons.join("\nUNION ALL\n"));
    Ok(script)
}

/// The models that make the figures of a period from its days. Run on the days of any window, all of them are one period.
pub const OF_A_WINDOW: [&str; 5] =
    ["heures_regardees", "mesures_jours", "sommes_semaines", "sommes_periodes", "periodes"];

/// The tables that they read of which the service and the days asked for are taken, with the column of the day. A cycle
/// belongs to its own day, whenever it was looked at: the calendar says which days count, and no sum of a day is cut.
const OF_THE_DAYS: [&str; 2] = ["calendrier", "consultations"];

const WINDOW_HEADER: &str = "\
-- Une fenêtre quelconque : les figures d'un service du premier au dernier jour donnés, par les modèles SQL mêmes de cette
-- version, avec les colonnes de la table disponibilite_ensemble. Depuis le dossier de la version, avec DuckDB :
--
--     duckdb -init fenetre.sql -c \"SELECT * FROM fenetre('guichet', 'demarche', DATE '2019-02-15', DATE '2019-05-14')\"
--
-- Any window: the figures of a service from a first day to a last, by the very SQL models of this version, with the columns
-- of the table disponibilite_ensemble. A window is graded as a month is, by the thresholds of months.

SET TimeZone = 'UTC';
";

/// `fenetre.sql`: the figures of any window, as a table macro of DuckDB; paths are relative to the version's folder.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the project lacks a model or a schema that it needs.
pub fn window_sql(version: &str, files: &[&FileEntry], models: &[Model], catalog: &Catalog) -> Result<String> {
    let chain = OF_A_WINDOW.map(|name| {
        models.iter().find(|model| model.table == name).ok_or_else(|| {
            Error::usage(format!("there is no model {name}")).hint("the figures of any window are made by it")
        })
    });
    let chain = chain.into_iter().collect::<Result<Vec<&Model>>>()?;
    let read: BTreeSet<&str> = chain.iter().flat_map(|model| &model.reads).map(String::as_str).collect();
    let sources = catalog.iter().filter(|table| !OF_A_WINDOW.contains(&table.name.as_str()));
    let mut steps = Vec::new();
    // What a model names and no schema declares is a step of its own.
    for table in sources.filter(|table| read.contains(table.name.as_str())) {
        let name = table.name.as_str();
        let rows = published(table, &parquet_paths(version, files, name));
        let days = "guichet_id = guichet AND demarche_id = demarche AND jour BETWEEN du AND au";
        steps.push(if OF_THE_DAYS.contains(&name) {
            format!("{name} AS (SELECT * FROM ({rows}) WHERE {days})")
        } else {
            format!("{name} AS ({rows})")
        });
    }
    steps.extend(chain.iter().map(|model| format!("{} AS (\n{}\n)", model.table, model.sql.trim_end())));
    let columns: Vec<String> =
        catalog.table("disponibilite_ensemble")?.fields.iter().map(|field| format!("    {}", field.name)).collect();
    Ok(format!(
        "{WINDOW_HEADER}\nCREATE OR REPLACE MACRO fenetre(guichet, demarche, du, au) AS TABLE\nWITH {}\n\nSELECT\n{}\nFROM periodes\n\
         WHERE type = 'ensemble';\n",
        steps.join(",\n\n"),
        columns.join(",\n")
    ))
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

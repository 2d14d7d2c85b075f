//! A file for court: what one service answered between two days, attempt by attempt, from a published version.

mod html;

pub use html::to_html;

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::NaiveDate;
use tempfile::TempDir;

use crate::calendar::month;
use crate::error::{Context, Error, Result};
use crate::model::{Engine, Model};
use crate::publish::{Pointer, Store, current_manifest, fetch};
use crate::release::{FileEntry, Manifest};
use crate::schema::Format;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The counter.
    pub counter: String,
    /// The procedure.
    pub procedure: String,
    /// First local day.
    pub from: NaiveDate,
    /// Last local day.
    pub to: NaiveDate,
}

/// Rows of text under the names of their columns.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// The columns.
    pub columns: Vec<String>,
    /// The rows; an empty text where there is no value.
    pub rows: Vec<Vec<String>>,
}

/// All that the file says.
#[derive(Debug)]
pub struct Dossier {
    /// What was asked for.
    pub request: Request,
    /// The name of the counter in the registry.
    pub counter_name: String,
    /// The label of the procedure in the registry.
    pub procedure_name: String,
    /// The version from which all figures come.
    pub pointer: Pointer,
    /// Its manifest.
    pub manifest: Manifest,
    /// One row: the figures of the whole period.
    pub totals: Grid,
    /// One row per ISO week.
    pub weeks: Grid,
    /// One row per attempt.
    pub attempts: Grid,
    /// The rules that gave an outcome in the period.
    pub rules: Grid,
    /// Stretches in which nobody looked.
    pub gaps: Grid,
}

/// The unit of the published tables: a « no » is one of every planning that was expected, and a line is none.
const TOTALS: &str = "
SELECT COUNT(*) AS consultations,
       SUM(CAST(lignes AS BIGINT)) AS tentatives,
       COUNT(*) FILTER (WHERE reponse = 'oui') AS oui,
       COUNT(*) FILTER (WHERE reponse = 'non') AS non,
       COUNT(*) FILTER (WHERE reponse = 'inconnue') AS inconnues,
       COUNT(*) FILTER (WHERE reponse = 'hors_champ') AS hors_champ,
       COUNT(DISTINCT CASE WHEN reponse = 'non' THEN jour END) AS jours_avec_non,
       COUNT(DISTINCT CASE WHEN reponse = 'non' THEN semaine_iso END) AS semaines_avec_non
FROM consultations WHERE {of_days}";

const WEEKS: &str = "
SELECT semaine_iso, COUNT(*) AS consultations,
       COUNT(*) FILTER (WHERE reponse = 'oui') AS oui,
       COUNT(*) FILTER (WHERE reponse = 'non') AS non,
       COUNT(*) FILTER (WHERE reponse = 'inconnue') AS inconnues,
       COUNT(DISTINCT CASE WHEN reponse = 'non' THEN jour END) AS jours_avec_non
FROM consultations WHERE {of_days}
GROUP BY semaine_iso ORDER BY semaine_iso";

const ATTEMPTS: &str = "
SELECT date_locale, heure_locale, decalage_utc_min, instant_utc, planning_id, reponse, issue, regle_id, premiere_date,
       code_http, echec, point_de_mesure, preuve_sha256, capture_sha256, fichier_source, ligne_source, tentative_id
FROM tentatives WHERE {filter}
ORDER BY instant_utc, tentative_id";

const RULES: &str = "
SELECT r.regle_id, r.regles_version, r.issue, r.reponse, r.description
FROM regles AS r
WHERE r.regle_id IN (SELECT regle_id FROM tentatives WHERE {filter})
ORDER BY r.ordre";

const GAPS: &str = "
SELECT debut_utc, fin_utc, duree_s, cycles_manquants
FROM lacunes
WHERE guichet_id = '{counter}' AND demarche_id = '{procedure}'
  AND EXTRACT(EPOCH FROM debut_utc) < {after_s} AND EXTRACT(EPOCH FROM fin_utc) > {from_s}
ORDER BY debut_utc";

/// Collects a dossier from the current version of a store.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the store is empty, or has no attempt on that service in those days;
/// [`Unreachable`](crate::error::Kind::Unreachable) when a file is not what the manifest says.
pub fn collect(store: &dyn Store, request: Request) -> Result<Dossier> {
    let (pointer, manifest) = current_manifest(store)?.ok_or_else(|| {
        Error::usage("the store has no version yet").at(store.name()).hint("publish one with guichets run")
    })?;
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    let mut engine = Engine::default();
    for table in ["tentatives", "consultations", "regles", "lacunes", "guichets", "demarches"] {
        let files = files_of(store, &manifest, table, &request, folder.path())?;
        if files.is_empty() {
            return Err(none(&request, &manifest));
        }
        engine.register(table, &files)?;
    }
    let mut ask = |sql: &str| query(&mut engine, &filled(sql, &request));
    let attempts = ask(ATTEMPTS)?;
    if attempts.rows.is_empty() {
        return Err(none(&request, &manifest));
    }
    let name = |grid: Grid| grid.rows.into_iter().flatten().next();
    Ok(Dossier {
        counter_name: name(ask("SELECT nom FROM guichets WHERE guichet_id = '{counter}'")?)
            .unwrap_or_else(|| request.counter.clone()),
        procedure_name: name(ask("SELECT libelle FROM demarches WHERE demarche_id = '{procedure}'")?)
            .unwrap_or_else(|| request.procedure.clone()),
        totals: ask(TOTALS)?,
        weeks: ask(WEEKS)?,
        rules: ask(RULES)?,
        gaps: ask(GAPS)?,
        attempts,
        request,
        pointer,
        manifest,
    })
}

fn none(request: &Request, manifest: &Manifest) -> Error {
    Error::usage(format!(
        "version {} has no attempt on {} / {} from {} to {}",
        manifest.version, request.counter, request.procedure, request.from, request.to
    ))
    .hint("the ids are those of the tables guichets and demarches; the days are local days")
}

/// Brings the Parquet files of a table, of the months asked for where it is split.
fn files_of(
    store: &dyn Store,
    manifest: &Manifest,
    table: &str,
    request: &Request,
    folder: &Path,
) -> Result<Vec<PathBuf>> {
    let months = month(request.from)..=month(request.to);
    let wanted = |file: &&FileEntry| {
        file.table.as_deref() == Some(table)
            && file.format == Some(Format::Parquet)
            && file.partition.as_ref().is_none_or(|month| months.contains(month))
    };
    manifest.files.iter().filter(wanted).map(|file| fetch(store, file, folder)).collect()
}

fn filled(sql: &str, request: &Request) -> String {
    let quoted = |text: &str| text.replace('\'', "''");
    let after = request.to.succ_opt().unwrap_or(request.to);
    // Midnight in UTC: a gap that touches the period by hours is shown as well.
    let seconds = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
    // Dates in ISO 8601 stand in the order of their texts.
    let within = |day: &str| {
        format!(
            "guichet_id = '{{counter}}' AND demarche_id = '{{procedure}}' \
             AND CAST({day} AS STRING) >= '{{from}}' AND CAST({day} AS STRING) < '{{after}}'"
        )
    };
    sql.replace("{filter}", &within("date_locale"))
        .replace("{of_days}", &within("jour"))
        .replace("{from_s}", &seconds(request.from).to_string())
        .replace("{after_s}", &seconds(after).to_string())
        .replace("{from}", &request.from.to_string())
        .replace("{after}", &after.to_string())
        .replace("{counter}", &quoted(&request.counter))
        .replace("{procedure}", &quoted(&request.procedure))
}

fn query(engine: &mut Engine, sql: &str) -> Result<Grid> {
    let model = Model::query("dossier", sql);
    grid(&engine.run(&model)?)
}

fn grid(batch: &RecordBatch) -> Result<Grid> {
    let options = FormatOptions::new().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%SZ"));
    let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    for column in batch.columns() {
        if let Some(instants) = column.as_primitive_opt::<arrow::datatypes::TimestampMicrosecondType>() {
            for (row, cells) in rows.iter_mut().enumerate() {
                let instant = instants.is_valid(row).then(|| instants.value(row));
                let instant = instant.and_then(chrono::DateTime::from_timestamp_micros);
                cells
                    .push(instant.map_or_else(String::new, |instant| instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()));
            }
            continue;
        }
        let formatter = ArrayFormatter::try_new(column.as_ref(), &options).internal("cannot show a column")?;
        for (row, cells) in rows.iter_mut().enumerate() {
            cells.push(formatter.value(row).to_string());
        }
    }
    let columns = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    Ok(Grid { columns, rows })
}

impl Grid {
    /// The text of a cell of the first row.
    #[must_use]
    pub fn first(&self, column: &str) -> &str {
        let position = self.columns.iter().position(|name| name == column);
        position.and_then(|at| self.rows.first().and_then(|row| row.get(at))).map_or("", String::as_str)
    }
}

/// The attempts as a CSV of the same dialect as the published ones.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be written.
pub fn write_csv(dossier: &Dossier, path: &Path) -> Result<()> {
    let place = |error: Error| error.at_path(path);
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_path(path)
        .unreachable("cannot write")
        .map_err(place)?;
    let rows = std::iter::once(&dossier.attempts.columns).chain(&dossier.attempts.rows);
    for row in rows {
        writer.write_record(row).unreachable("cannot write").map_err(place)?;
    }
    writer.flush().unreachable("cannot write").map_err(place)
}

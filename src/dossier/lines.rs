//! Each line of the period, after the consultation that it belongs to.

use std::path::Path;

use super::Dossier;
use crate::calendar::parse_rfc3339;
use crate::config::Pipeline;
use crate::error::{Error, Result};
use crate::release::{About, Export, exporter};
use crate::schema::{Field, Format, TableSchema};
use crate::tables::{LICENCE, LICENCE_URL};

/// The columns: of which table, which, and under what name.
const COLUMNS: [(&str, &str, &str); 34] = [
    ("consultations", "consultation_id", "consultation_id"),
    ("consultations", "debut_utc", "consultation_debut_utc"),
    ("consultations", "instant_utc", "consultation_instant_utc"),
    ("consultations", "reponse", "consultation_reponse"),
    ("consultations", "issue", "consultation_issue"),
    ("consultations", "complete", "consultation_complete"),
    ("tentatives", "date_locale", "date_locale"),
    ("tentatives", "heure_locale", "heure_locale"),
    ("tentatives", "decalage_utc_min", "decalage_utc_min"),
    ("tentatives", "instant_utc", "instant_utc"),
    ("tentatives", "cycle_id", "cycle_id"),
    ("tentatives", "planning_id", "planning_id"),
    ("tentatives", "essai", "essai"),
    ("tentatives", "reponse", "reponse"),
    ("tentatives", "issue", "issue"),
    ("tentatives", "regle_id", "regle_id"),
    ("tentatives", "regles_version", "regles_version"),
    ("tentatives", "code_http", "code_http"),
    ("tentatives", "echec", "echec"),
    ("tentatives", "creneaux", "creneaux"),
    ("tentatives", "premiere_date", "premiere_date"),
    ("tentatives", "horizon_jours", "horizon_jours"),
    ("tentatives", "horloge_age_s", "horloge_age_s"),
    ("tentatives", "sonde", "sonde"),
    ("tentatives", "sonde_version", "sonde_version"),
    ("tentatives", "point_de_mesure", "point_de_mesure"),
    ("tentatives", "signature_id", "signature_id"),
    ("tentatives", "page_demandee", "page_demandee"),
    ("tentatives", "preuve_sha256", "preuve_sha256"),
    ("tentatives", "capture_sha256", "capture_sha256"),
    ("tentatives", "fichier_source", "fichier_source"),
    ("tentatives", "ligne_source", "ligne_source"),
    ("tentatives", "rang_source", "rang_source"),
    ("tentatives", "tentative_id", "tentative_id"),
];

/// In the order in which the robot looked.
pub(super) const ORDERED: &str = "
SELECT * FROM lignes ORDER BY consultation_instant_utc, consultation_id, consultation_debut_utc, instant_utc, tentative_id";

/// The lines of the consultations that are counted, wherever a consultation that went on over midnight ends.
pub(super) fn query() -> String {
    let columns = COLUMNS.map(|(table, column, name)| {
        let from = if table == "consultations" { "c" } else { "t" };
        format!("{from}.{column} AS {name}")
    });
    format!(
        "SELECT {}
        FROM tentatives AS t
        LEFT JOIN rattachements AS a ON t.mois = a.mois AND t.tentative_id = a.tentative_id
        INNER JOIN consultations AS c
            ON t.mois = c.mois AND COALESCE(a.consultation_id, t.cycle_id) = c.consultation_id
                AND COALESCE(a.debut_utc, t.cycle_debut_utc) = c.debut_utc",
        columns.join(", ")
    )
}

/// The declaration of the lines, each column as its own table declares it.
pub(super) fn schema(published: impl Fn(&str) -> Result<TableSchema>) -> Result<TableSchema> {
    let (consultations, mut attempts) = (published("consultations")?, published("tentatives")?);
    let field = |(table, column, name): (&str, &str, &str)| {
        let of = if table == "consultations" { &consultations } else { &attempts };
        let field = of.field(column).cloned();
        let field = field.ok_or_else(|| Error::internal(format!("{table} has no column {column}")))?;
        Ok(Field { name: name.to_owned(), ..field })
    };
    let fields = COLUMNS.into_iter().map(field).collect::<Result<Vec<Field>>>()?;
    attempts.fields = fields;
    "dossier".clone_into(&mut attempts.name);
    Ok(attempts)
}

/// The lines as CSV, in the dialect and with the guards of the published ones.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be written.
pub fn write_csv(dossier: &Dossier, pipeline: &Pipeline, path: &Path) -> Result<()> {
    let manifest = &dossier.manifest;
    let about = About {
        title: manifest.title.clone(),
        title_en: pipeline.title_en.clone(),
        version: manifest.version.clone(),
        as_of: parse_rfc3339(&manifest.as_of).ok_or_else(|| Error::internal("the manifest has no as_of"))?,
        simulated: manifest.simulated,
        licence: LICENCE,
        licence_url: LICENCE_URL,
    };
    exporter(Format::Csv).export(&Export { table: &dossier.lines_schema, rows: &dossier.lines, about: &about }, path)
}

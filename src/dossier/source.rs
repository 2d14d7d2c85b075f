//! What the file asks of the version: its tables, its models, and a few queries.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use chrono::NaiveDate;
use chrono_tz::Tz;
use tempfile::TempDir;

use super::{Request, lines};
use crate::calendar::{month, start_of_day};
use crate::error::{Context, Error, Result};
use crate::grid::Grid;
use crate::model::{Engine as _, InProcess, Model};
use crate::publish::{Store, fetch, fetch_all, published_schema};
use crate::release::{FileEntry, Manifest, OF_A_WINDOW};
use crate::schema::{Format, TableSchema};

/// The tables that are read whole.
const WHOLE: [&str; 12] = [
    "adresses",
    "chronologie",
    "demarches",
    "guichets",
    "lacunes",
    "parametres",
    "periodes_civiles",
    "perimetre",
    "quantiles_poisson",
    "quantiles_student",
    "regles",
    "signatures",
];

/// Those of which the parts are read that hold the days asked for.
const BY_DAY: [&str; 2] = ["calendrier", "temps_jours"];

/// Those of which the months asked for are read.
const MONTHLY: [&str; 4] = ["consultations", "issues_jour", "tentatives", "rattachements"];

pub(super) const COUNTER: &str = "SELECT nom FROM guichets WHERE guichet_id = '{counter}'";

/// The counter's own clock.
const ZONE: &str = "SELECT MIN(fuseau) AS fuseau FROM perimetre WHERE guichet_id = '{counter}'";

pub(super) const PROCEDURE: &str = "SELECT libelle, libelle_en FROM demarches WHERE demarche_id = '{procedure}'";

/// What the consultations span, and what their lines show of the robot and of the evidence.
pub(super) const SEEN: &str = "
WITH refus AS (
    SELECT
        MIN(CASE WHEN reponse = 'non' THEN instant_utc END) AS premier_non_utc,
        MAX(CASE WHEN reponse = 'non' THEN dernier_utc END) AS dernier_non_utc
    FROM consultations
),
vues AS (
    SELECT
        COUNT(*) AS lignes,
        COUNT(cycle_id) AS avec_cycle,
        COUNT(horizon_jours) AS avec_horizon,
        COUNT(*) FILTER (WHERE reponse = 'non') AS lignes_non,
        COUNT(CASE WHEN reponse = 'non' THEN horizon_jours END) AS non_avec_horizon,
        MIN(horizon_jours) AS horizon_min,
        MAX(horizon_jours) AS horizon_max,
        COUNT(preuve_sha256) AS avec_preuve,
        COUNT(capture_sha256) AS avec_capture,
        COUNT(page_demandee) AS avec_page,
        COUNT(horloge_age_s) AS avec_horloge,
        MAX(horloge_age_s) AS horloge_age_max_s,
        COUNT(DISTINCT point_de_mesure) AS points_de_mesure
    FROM lignes
)
SELECT
    r.*, v.*,
    CAST(FLOOR(EXTRACT(EPOCH FROM r.dernier_non_utc) - EXTRACT(EPOCH FROM r.premier_non_utc) + 0.5) AS BIGINT) AS etendue_s
FROM refus AS r CROSS JOIN vues AS v";

pub(super) const RULES: &str = "
SELECT regle_id, issue, reponse, description FROM regles
WHERE regle_id IN (SELECT regle_id FROM lignes) ORDER BY ordre";

pub(super) const GAPS: &str = "
SELECT debut_utc, fin_utc, duree_s, cycles_manquants FROM lacunes
WHERE guichet_id = '{counter}' AND demarche_id = '{procedure}'
  AND EXTRACT(EPOCH FROM debut_utc) < {after_s} AND EXTRACT(EPOCH FROM fin_utc) > {from_s}
ORDER BY debut_utc";

/// Pages that the log says were asked, and addresses that the registry gives the service or its counter in those days: of
/// these the log may say nothing.
pub(super) const PAGES: &str = "
SELECT page_demandee AS adresse, 'journal' AS origine, COUNT(*) AS lignes, '' AS libelle, '' AS precision
FROM lignes WHERE page_demandee IS NOT NULL GROUP BY page_demandee
UNION ALL
SELECT
    hote || COALESCE(', ' || identifiant, '') AS adresse, 'registre' AS origine, CAST(NULL AS BIGINT) AS lignes,
    COALESCE(libelle_constate, '') AS libelle, \"precision\"
FROM adresses
WHERE guichet_id = '{counter}' AND (demarche_id = '{procedure}' OR demarche_id IS NULL)
  AND (valide_du IS NULL OR CAST(valide_du AS STRING) < '{after}')
  AND (valide_au IS NULL OR CAST(valide_au AS STRING) >= '{from}')
ORDER BY origine, adresse";

pub(super) const SIGNATURES: &str = "
SELECT l.signature_id, MIN(s.signature) AS signature
FROM lignes AS l LEFT JOIN signatures AS s ON l.signature_id = s.signature_id
WHERE l.signature_id IS NOT NULL GROUP BY l.signature_id ORDER BY l.signature_id";

pub(super) const DECISIONS: &str = "
SELECT titre, description, source, source_url FROM chronologie
WHERE type = 'decision' AND (perimetre = 'national' OR perimetre = '{counter}'
  OR perimetre IN (SELECT 'departement:' || departement FROM guichets WHERE guichet_id = '{counter}'))
ORDER BY debut, evenement_id";

/// The files of a table in one format; of one that is split by its days, those that hold days asked for.
pub(super) fn files_of<'a>(
    manifest: &'a Manifest,
    request: &Request,
    table: &'a str,
    format: Format,
) -> impl Iterator<Item = &'a FileEntry> + use<'a> {
    let months = month(request.from)..=month(request.to);
    let of_the_days = MONTHLY.contains(&table) || BY_DAY.contains(&table);
    // Of a year, a part has the year's name, and its months begin with it.
    let holds = move |part: &String| {
        let first = months.start().get(..part.len()).unwrap_or_default();
        let last = months.end().get(..part.len()).unwrap_or_default();
        (first..=last).contains(&part.as_str())
    };
    manifest.files.iter().filter(move |file| {
        file.table.as_deref() == Some(table)
            && file.format == Some(format)
            && (!of_the_days || file.partition.as_ref().is_none_or(&holds))
    })
}

/// A version's tables, narrowed to one service between two days.
pub(super) struct Source<'a> {
    store: &'a dyn Store,
    manifest: &'a Manifest,
    request: &'a Request,
    folder: TempDir,
    engine: InProcess,
    zone: Tz,
}

impl<'a> Source<'a> {
    /// Brings the tables.
    pub(super) fn open(store: &'a dyn Store, manifest: &'a Manifest, request: &'a Request) -> Result<Self> {
        let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
        let mut source = Self { store, manifest, request, folder, engine: InProcess::default(), zone: Tz::UTC };
        let wanted: Vec<&FileEntry> =
            WHOLE.iter().chain(&BY_DAY).chain(&MONTHLY).flat_map(|table| source.files(table)).collect();
        fetch_all(store, &wanted, source.folder.path())?;
        for table in WHOLE.iter().chain(&BY_DAY).chain(&MONTHLY) {
            source.register(table)?;
        }
        source.zone = source.ask(ZONE)?.first().and_then(|line| line.text("fuseau").parse().ok()).unwrap_or(Tz::UTC);
        source.narrow()?;
        Ok(source)
    }

    /// The Parquet files of a table. Where nothing of it is of the days asked for, as of seconds of the schedule on days that
    /// no schedule covers, any part of it says what its columns are; what is of other days joins with nothing.
    fn files(&self, table: &'a str) -> Vec<&'a FileEntry> {
        let of_the_days: Vec<&FileEntry> = files_of(self.manifest, self.request, table, Format::Parquet).collect();
        if !of_the_days.is_empty() || !BY_DAY.contains(&table) {
            return of_the_days;
        }
        let any = |file: &&FileEntry| file.table.as_deref() == Some(table) && file.format == Some(Format::Parquet);
        self.manifest.files.iter().find(any).into_iter().collect()
    }

    fn register(&mut self, table: &'static str) -> Result<()> {
        let files: Vec<PathBuf> =
            self.files(table).into_iter().map(|file| self.folder.path().join(&file.path)).collect();
        match table {
            _ if !files.is_empty() => self.engine.register(table, &files, &[]),
            // A log that names its cycles whole leaves nothing to attach, and so no file.
            "rattachements" => self.engine.define(
                table,
                "SELECT tentative_id, cycle_id AS consultation_id, cycle_debut_utc AS debut_utc, mois FROM tentatives \
                 WHERE mois = ''",
            ),
            _ if MONTHLY.contains(&table) => Err(super::none(self.request, self.manifest)),
            _ => Err(Error::usage(format!("version {} has no table {table}", self.manifest.version))
                .at(self.store.name())
                .hint("it was made by another release of the program: publish a version with this one")),
        }
    }

    /// Leaves of each table the service, and of those by the day the days asked for. A cycle belongs to its own day, whenever
    /// it was looked at: so the calendar says which days count, and sums of days are not cut.
    fn narrow(&mut self) -> Result<()> {
        let service = "guichet_id = '{counter}' AND demarche_id = '{procedure}'";
        let days = "CAST(jour AS STRING) >= '{from}' AND CAST(jour AS STRING) < '{after}'";
        for table in ["calendrier", "consultations", "issues_jour"] {
            self.define(table, &format!("SELECT * FROM {table} WHERE {service} AND {days}"))?;
        }
        self.define("temps_jours", &format!("SELECT * FROM temps_jours WHERE {service}"))?;
        self.define("tentatives", &format!("SELECT * FROM tentatives WHERE {service}"))?;
        self.define("lignes", &lines::query())
    }

    fn define(&mut self, table: &str, sql: &str) -> Result<()> {
        let sql = filled(sql, self.request, self.zone);
        self.engine.define(table, &sql)
    }

    /// The rows of `periodes` for the period asked for, and for its days, weeks, months and longer parts.
    pub(super) fn periods(&mut self) -> Result<Grid> {
        // A version says itself by which of them it was made.
        for table in OF_A_WINDOW {
            let model = format!("models/{table}.sql");
            if self.entry(&model).is_some() {
                let sql = self.text(&model)?;
                self.engine.define(table, &sql)?;
            }
        }
        self.ask("SELECT * FROM periodes ORDER BY type, premier_jour")
    }

    /// Where files of the version are brought.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Each line of the consultations asked for.
    pub(super) fn lines(&mut self) -> Result<RecordBatch> {
        self.engine.run(&Model::query("dossier", lines::ORDERED))
    }

    /// Their declaration, made of those of the version's tables.
    pub(super) fn lines_schema(&self) -> Result<TableSchema> {
        lines::schema(|table| published_schema(self.store, self.manifest, table, self.folder.path()))
    }

    /// The rows of a query.
    pub(super) fn ask(&mut self, sql: &str) -> Result<Grid> {
        Grid::of(&self.engine.run(&Model::query("dossier", &filled(sql, self.request, self.zone)))?)
    }

    /// A file that the version carries, by its path in the version's folder.
    fn entry(&self, path: &str) -> Option<&'a FileEntry> {
        let path = format!("versions/{}/{path}", self.manifest.version);
        self.manifest.files.iter().find(|file| file.path == path)
    }

    /// The text of one.
    pub(super) fn text(&self, path: &str) -> Result<String> {
        let entry = self.entry(path).ok_or_else(|| {
            Error::usage(format!("version {} has no {path}", self.manifest.version)).at(self.store.name())
        })?;
        let file = fetch(self.store, entry, self.folder.path())?;
        std::fs::read_to_string(&file).unreachable("cannot read").map_err(|error| error.at_path(&file))
    }
}

fn filled(sql: &str, request: &Request, zone: Tz) -> String {
    let quoted = |text: &str| text.replace('\'', "''");
    let after = request.to.succ_opt().unwrap_or(request.to);
    let seconds = |day: NaiveDate| start_of_day(day, zone).timestamp();
    sql.replace("{from_s}", &seconds(request.from).to_string())
        .replace("{after_s}", &seconds(after).to_string())
        // Dates in ISO 8601 stand in the order of their texts.
        .replace("{from}", &request.from.to_string())
        .replace("{after}", &after.to_string())
        .replace("{counter}", &quoted(&request.counter))
        .replace("{procedure}", &quoted(&request.procedure))
}

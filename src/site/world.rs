//! What the site reads of a version: columns of its tables, by service.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array as _, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Int64Type};

use crate::error::{Context, Error, Result};
use crate::grid::{Grid, Line};
use crate::schema::column;

/// So many months are shown one by one; of older ones the years.
pub(super) const MONTHS: usize = 60;

/// So many droughts of a service are shown, the longest.
const DROUGHTS: usize = 10;

/// A table that the site reads, and the columns that it reads of it, in groups; all of them where none is named.
struct Read {
    table: &'static str,
    columns: &'static [&'static [&'static str]],
}

/// Which services each incident touched, and from when to when.
const TOUCHED: &str = "incidents_services";

/// What makes a row one of a service.
const SERVICE: [&str; 2] = ["guichet_id", "demarche_id"];

/// How often appointments could be had, of a month, a year and a département alike.
const AVAILABILITY: [&str; 16] = [
    "departement",
    "consultations",
    "reponses",
    "oui",
    "non",
    "inconnues",
    "hors_champ",
    "couverture",
    "secondes_inconnues",
    "secondes_oui_incomplets",
    "secondes_repondues",
    "secondes_non",
    "taux_sans_rdv",
    "borne_basse",
    "borne_haute",
    "qualite",
];

/// The classes of delay, as shares of the time answered.
pub(super) const DELAYS: [&str; 6] = [
    "part_deux_dates_sous_30_jours",
    "part_une_date_sous_30_jours",
    "part_entre_30_et_60_jours",
    "part_au_dela_de_60_jours",
    "part_aucune_date",
    "part_date_non_lue",
];

/// Every table that the site reads.
const READS: [Read; 14] = [
    Read { table: "guichets", columns: &[&["guichet_id", "nom", "departement", "departement_nom", "commune_nom"]] },
    Read { table: "demarches", columns: &[&["demarche_id", "libelle", "libelle_en"]] },
    Read {
        table: "disponibilite_mois",
        columns: &[&SERVICE, &AVAILABILITY, &["motif", "mois", "ic95_bas", "ic95_haut", "jours_regardes"]],
    },
    Read {
        table: "disponibilite_annee",
        columns: &[&SERVICE, &AVAILABILITY, &["motif", "annee", "ic95_bas", "ic95_haut"]],
    },
    Read {
        table: "synthese_departements",
        columns: &[&AVAILABILITY, &["motif", "demarche_id", "mois", "departement_nom", "services"]],
    },
    Read {
        table: "delais",
        columns: &[&SERVICE, &DELAYS, &["mois", "consultations", "reponses", "oui", "motif_classes", "motif"]],
    },
    Read {
        table: "rythme_ouvertures",
        columns: &[&SERVICE, &["jour_semaine", "heure", "occasions", "ouvertures", "part_ouvertures"]],
    },
    Read {
        table: "penuries",
        columns: &[
            &SERVICE,
            &["debut_utc", "fin_utc", "etendue_s", "duree_constatee_s", "non", "inconnues"],
            &["commence_avant", "finit_apres", "en_cours"],
        ],
    },
    Read {
        table: "incidents",
        columns: &[
            &["incident_id", "origine", "type", "point_de_mesure", "systeme", "guichet_id", "departement"],
            &["debut_utc", "fin_utc", "possible_fin_utc", "en_cours", "duree_s", "tentatives", "services", "cible"],
        ],
    },
    Read { table: TOUCHED, columns: &[&["incident_id"], &SERVICE, &["debut_utc", "fin_utc"]] },
    Read {
        table: "chronologie",
        columns: &[&["debut", "fin", "precision", "perimetre", "titre", "description", "source", "source_url"]],
    },
    Read {
        table: "perimetre",
        columns: &[&SERVICE, &["fuseau", "debut_utc", "fin_utc", "ouverte", "motif_fin", "suite"]],
    },
    // Whichever bound a reason names.
    Read { table: "parametres", columns: &[] },
    Read { table: "signaux", columns: &[&SERVICE, &["type", "debut", "fin", "ce_qui_trancherait"]] },
];

/// The tables of a version, as far as the site reads them.
#[derive(Debug, Default)]
pub struct World {
    tables: BTreeMap<&'static str, Grid>,
    /// The months shown, the oldest first: every page asks for them.
    months: Vec<String>,
    /// The rows of each table that are of a service, by counter and procedure.
    services: BTreeMap<(String, String), BTreeMap<&'static str, Vec<usize>>>,
    /// The rows that say which incidents touched a service, by counter and procedure.
    touched: BTreeMap<(String, String), Vec<usize>>,
}

/// A counter in scope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counter<'a> {
    pub id: &'a str,
    /// Its row of the registry, where it has one.
    pub told: Option<Line<'a>>,
}

/// A service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service<'a> {
    pub counter: &'a str,
    pub procedure: &'a str,
    world: &'a World,
    rows: &'a BTreeMap<&'static str, Vec<usize>>,
}

impl World {
    /// What the site needs of them; `rows` gives a table's.
    ///
    /// # Errors
    /// Those of `rows`; [`Internal`](crate::error::Kind::Internal) when a table has no such column.
    pub fn of(rows: impl Fn(&str) -> Result<RecordBatch>) -> Result<Self> {
        let mut world = Self::default();
        for read in &READS {
            let batch = rows(read.table)?;
            let batch = match read.table {
                "disponibilite_mois" | "synthese_departements" | "delais" => newest_months(&batch)?,
                "penuries" => longest(&batch)?,
                _ => batch,
            };
            world.tables.insert(read.table, Grid::of(&projected(&batch, read)?)?);
        }
        let mut services: BTreeMap<(String, String), BTreeMap<&'static str, Vec<usize>>> = BTreeMap::new();
        // What touched a service does not make it one that is shown.
        for (table, grid) in world.tables.iter().filter(|(table, _)| **table != TOUCHED) {
            let of_a_service =
                |line: &Line<'_>| !line.text("guichet_id").is_empty() && !line.text("demarche_id").is_empty();
            for (row, line) in grid.lines().enumerate().filter(|(_, line)| of_a_service(line)) {
                let service = (line.text("guichet_id").to_owned(), line.text("demarche_id").to_owned());
                services.entry(service).or_default().entry(table).or_default().push(row);
            }
        }
        world.services = services;
        let mut touched: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (row, line) in world.lines(TOUCHED).enumerate() {
            let service = (line.text("guichet_id").to_owned(), line.text("demarche_id").to_owned());
            touched.entry(service).or_default().push(row);
        }
        world.touched = touched;
        let months: BTreeSet<&str> = world.lines("disponibilite_mois").map(|line| line.text("mois")).collect();
        world.months = months.into_iter().map(str::to_owned).collect();
        Ok(world)
    }

    /// The rows of a table.
    pub(super) fn lines(&self, table: &str) -> impl Iterator<Item = Line<'_>> {
        self.tables.get(table).into_iter().flat_map(Grid::lines)
    }

    /// The counters of which there are services, by id.
    pub(super) fn counters(&self) -> Vec<Counter<'_>> {
        let told: BTreeMap<&str, Line<'_>> =
            self.lines("guichets").map(|line| (line.text("guichet_id"), line)).collect();
        let ids: BTreeSet<&str> = self.services.keys().map(|(counter, _)| counter.as_str()).collect();
        ids.into_iter().map(|id| Counter { id, told: told.get(id).copied() }).collect()
    }

    /// The services, by counter and procedure.
    pub(super) fn services(&self) -> impl Iterator<Item = Service<'_>> {
        self.services.iter().map(|((counter, procedure), rows)| Service { counter, procedure, world: self, rows })
    }

    /// The services of a counter, by procedure.
    pub(super) fn services_of(&self, counter: &Counter<'_>) -> Vec<Service<'_>> {
        self.services().filter(|service| service.counter == counter.id).collect()
    }

    /// The incidents that the data show, the oldest first; those of the registry are told as events.
    pub(super) fn incidents(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines("incidents").filter(|line| line.text("origine") == "detecte")
    }

    /// A bound of the method, as its table has it.
    pub(super) fn bound(&self, name: &str) -> Option<&str> {
        self.lines("parametres").next().map(|line| line.text(name)).filter(|bound| !bound.is_empty())
    }

    /// A procedure's row of the registry.
    pub(super) fn procedure(&self, id: &str) -> Option<Line<'_>> {
        self.lines("demarches").find(|line| line.text("demarche_id") == id)
    }

    /// The months shown, the oldest first.
    pub(super) fn months(&self) -> Vec<&str> {
        self.months.iter().map(String::as_str).collect()
    }

    /// The newest month that was over at a month, or the newest where none was; nothing where nothing is in scope.
    pub(super) fn closed_month(&self, at: &str) -> Option<&str> {
        self.months.iter().rev().find(|month| month.as_str() < at).or(self.months.last()).map(String::as_str)
    }
}

impl<'a> Counter<'a> {
    /// Its name, or its id.
    pub(super) fn name(&self) -> &'a str {
        self.told.map(|told| told.text("nom")).filter(|name| !name.is_empty()).unwrap_or(self.id)
    }

    /// What its pages are called: its id, in letters that every file system and every address takes as they are, and tells
    /// apart. Two ids never have one name.
    pub(super) fn file(&self) -> String {
        let letter = |byte: u8| match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            other => format!("~{other:02x}"),
        };
        self.id.bytes().map(letter).collect::<String>() + ".html"
    }

    /// The code of its département; empty where nothing says it.
    pub(super) fn department(&self) -> &'a str {
        self.told.map_or("", |told| told.text("departement"))
    }
}

impl<'a> Service<'a> {
    /// Its rows of a table, in the order of the table.
    pub(super) fn lines(&self, table: &str) -> Vec<Line<'a>> {
        let grid = self.world.tables.get(table);
        let rows = self.rows.get(table).into_iter().flatten();
        rows.filter_map(|row| grid?.line(*row)).collect()
    }

    /// What a row of it has in common with its others, of the key of a table.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.counter, self.procedure)
    }

    /// Whether an incident touched it, and not only others at its counter or of its system.
    pub(super) fn was_touched(&self, incident: Line<'_>) -> bool {
        self.interruptions().iter().any(|line| line.text("incident_id") == incident.text("incident_id"))
    }

    /// Of each incident that touched it, from when to when it did.
    pub(super) fn interruptions(&self) -> Vec<Line<'a>> {
        let grid = self.world.tables.get(TOUCHED);
        let service = (self.counter.to_owned(), self.procedure.to_owned());
        let rows = self.world.touched.get(&service).into_iter().flatten();
        rows.filter_map(|row| grid?.line(*row)).collect()
    }

    /// Its row of a month.
    pub(super) fn month(&self, month: &str) -> Option<Line<'a>> {
        self.lines("disponibilite_mois").into_iter().find(|line| line.text("mois") == month)
    }
}

/// The columns that are read; one that is not there is an error, and no empty cell.
fn projected(batch: &RecordBatch, read: &Read) -> Result<RecordBatch> {
    if read.columns.is_empty() {
        return Ok(batch.clone());
    }
    let place = |name: &str| Error::internal(format!("the site reads « {name} », which is no column")).at(read.table);
    let columns =
        read.columns.iter().copied().flatten().map(|name| batch.schema().index_of(name).map_err(|_| place(name)));
    batch.project(&columns.collect::<Result<Vec<usize>>>()?).internal(read.table)
}

/// The rows of the newest months.
fn newest_months(batch: &RecordBatch) -> Result<RecordBatch> {
    let months = column(batch, "mois", &DataType::Utf8)?;
    let months = months.as_string::<i32>();
    let all: BTreeSet<&str> = months.iter().flatten().collect();
    let Some(first) = all.iter().rev().take(MONTHS).next_back() else { return Ok(batch.clone()) };
    let chosen: BooleanArray = months.iter().map(|month| month.map(|month| month >= *first)).collect();
    filter_record_batch(batch, &chosen).internal("mois")
}

/// The longest droughts of each service.
fn longest(batch: &RecordBatch) -> Result<RecordBatch> {
    let text = |name: &str| column(batch, name, &DataType::Utf8);
    let (counters, procedures): (ArrayRef, ArrayRef) = (text("guichet_id")?, text("demarche_id")?);
    let (counters, procedures) = (counters.as_string::<i32>(), procedures.as_string::<i32>());
    let lengths = column(batch, "etendue_s", &DataType::Int64)?;
    let lengths = lengths.as_primitive::<Int64Type>();
    let mut services: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        services.entry((counters.value(row), procedures.value(row))).or_default().push(row);
    }
    let length = |row: &usize| if lengths.is_null(*row) { i64::MIN } else { lengths.value(*row) };
    let mut chosen = Vec::new();
    for rows in services.values_mut() {
        rows.sort_by_key(|row| (std::cmp::Reverse(length(row)), *row));
        rows.truncate(DROUGHTS);
        chosen.extend(rows.iter().filter_map(|row| u32::try_from(*row).ok()));
    }
    take_record_batch(batch, &UInt32Array::from(chosen)).internal("penuries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_a_file_of_its_own_that_leads_nowhere_else() {
        let ids = [
            "rouen-prefecture",
            "Con",
            "con",
            "x:y",
            "x/./y",
            "x//y",
            "a/../../evil",
            "..",
            "é",
            "~",
            "~3a",
            ":",
            "a b",
        ];
        let files: BTreeSet<String> = ids.iter().map(|id| Counter { id, told: None }.file()).collect();
        assert_eq!(files.len(), ids.len());
        assert!(
            files.iter().all(|file| file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte)))
        );
        assert!(files.iter().all(|file| file.matches('.').count() == 1 && !file.starts_with('.')));
        assert!(files.contains("rouen-prefecture.html"));
    }
}

//! What the run knows of counters and procedures.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use chrono_tz::Tz;

use crate::error::{Error, Result};
use crate::schema::{Catalog, Origin, read_registry_table};

/// A counter, as far as the measurement is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Its own zone.
    pub zone: Tz,
    /// INSEE code of the department.
    pub department: Option<String>,
    /// ISO 3166-2 code of the department.
    pub department_iso: Option<String>,
    /// Whether it exists in a scenario only.
    pub fictional: bool,
}

/// The registry: its tables as published, and the counters and procedures by their ids.
#[derive(Debug)]
pub struct Registry {
    tables: Vec<(String, RecordBatch)>,
    counters: HashMap<String, Counter>,
    procedures: HashSet<String>,
}

impl Registry {
    /// Reads every table whose schema says that it is kept by hand.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) with file and line.
    pub fn load(catalog: &Catalog, folders: &[PathBuf]) -> Result<Self> {
        let mut tables = Vec::new();
        for table in catalog.iter().filter(|table| table.guichets.origin == Origin::Registry) {
            tables.push((table.name.clone(), read_registry_table(table, folders)?));
        }
        let mut registry = Self { tables, counters: HashMap::new(), procedures: HashSet::new() };
        registry.index()?;
        Ok(registry)
    }

    /// The registry's tables, by name.
    #[must_use]
    pub fn tables(&self) -> &[(String, RecordBatch)] {
        &self.tables
    }

    /// A counter by its id.
    #[must_use]
    pub fn counter(&self, id: &str) -> Option<&Counter> {
        self.counters.get(id)
    }

    /// Whether a procedure is known.
    #[must_use]
    pub fn has_procedure(&self, id: &str) -> bool {
        self.procedures.contains(id)
    }

    fn index(&mut self) -> Result<()> {
        let counters = self.named("guichets")?;
        let column = |name: &str| text_column(counters, "guichets", name);
        let (id, zone, fictional) =
            (column("guichet_id")?, column("fuseau_horaire")?, counters.column_by_name("fictif"));
        let (department, iso) = (column("departement")?, column("departement_iso")?);
        let text = |array: &arrow::array::StringArray, row| array.is_valid(row).then(|| array.value(row).to_owned());
        let mut by_id = HashMap::new();
        for row in 0..counters.num_rows() {
            let zone: Tz = zone.value(row).parse().map_err(|_| {
                Error::usage(format!("« {} » is not a time zone", zone.value(row)))
                    .at(format!("guichets.csv, {}", id.value(row)))
                    .hint("use a name of the IANA database, such as Europe/Paris")
            })?;
            let counter = Counter {
                zone,
                department: text(department, row),
                department_iso: text(iso, row),
                fictional: fictional.and_then(|array| array.as_boolean_opt()).is_some_and(|array| array.value(row)),
            };
            if by_id.insert(id.value(row).to_owned(), counter).is_some() {
                return Err(Error::usage(format!("the counter {} is there twice", id.value(row))).at("guichets.csv"));
            }
        }
        let procedures = text_column(self.named("demarches")?, "demarches", "demarche_id")?;
        self.procedures = procedures.iter().flatten().map(str::to_owned).collect();
        self.counters = by_id;
        Ok(())
    }

    fn named(&self, name: &str) -> Result<&RecordBatch> {
        self.tables.iter().find(|(table, _)| table == name).map(|(_, batch)| batch).ok_or_else(|| {
            Error::usage(format!("the registry has no table {name}")).hint("its schema must have the origin registry")
        })
    }
}

fn text_column<'a>(batch: &'a RecordBatch, table: &str, name: &str) -> Result<&'a arrow::array::StringArray> {
    batch.column_by_name(name).and_then(|array| array.as_string_opt::<i32>()).ok_or_else(|| {
        Error::usage(format!("the run needs the text column {name}")).at(format!("schemas/tables/{table}.json"))
    })
}

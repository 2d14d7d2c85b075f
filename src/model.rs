//! Models: `pipelines/models/**/<table>.sql`, run over the Parquet files that are published, by Polars in this process or by another
//! [`Engine`].
//!
//! A model reads tables by their names, declared or derived, and nothing else. The SQL stays in a dialect that DuckDB,
//! DataFusion and Sail also run, to the same bits, so that anyone can recompute a derived table from the others.

mod contain;
mod in_process;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use chrono::NaiveDate;

pub use self::in_process::{Here, InProcess, side_by_side};
use crate::error::{Context, Error, Result};

/// One model: the table it makes and how.
#[derive(Debug, Clone)]
pub struct Model {
    /// The table that it makes.
    pub table: String,
    /// The query.
    pub sql: String,
    /// The tables that it reads.
    pub reads: Vec<String>,
    /// Whether it stands in the folder of intermediate tables.
    pub intermediate: bool,
}

/// Where the models of intermediate tables stand, below the others.
const INTERMEDIATE: &str = "intermediaires";

impl Model {
    /// Reads every model of a folder and of those below it, each after those whose tables it reads.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when a model cannot be read or parsed, or two need each other.
    pub fn load_all(folder: &Path) -> Result<Vec<Self>> {
        let mut models: BTreeMap<String, Self> = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let place = |error: Error| error.at_path(&folder);
            for entry in std::fs::read_dir(&folder).usage("cannot list the models").map_err(place)? {
                let path = entry.usage("cannot list the models").map_err(place)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "sql") {
                    let model = Self::load(&path)?;
                    if let Some(other) = models.insert(model.table.clone(), model) {
                        return Err(Error::usage(format!("two models make the table {}", other.table)).at_path(&path));
                    }
                }
            }
        }
        in_order(models)
    }

    /// A query of the program's own, whose result has a name only for messages.
    #[must_use]
    pub fn query(name: &str, sql: &str) -> Self {
        Self { table: name.to_owned(), sql: sql.to_owned(), reads: Vec::new(), intermediate: true }
    }

    fn load(path: &Path) -> Result<Self> {
        let place = |error: Error| error.at_path(path);
        let sql = std::fs::read_to_string(path).usage("cannot read the model").map_err(place)?;
        let table = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let reads = in_process::tables_read(&sql).usage("the model is no query").map_err(place)?;
        let intermediate = path.parent().is_some_and(|folder| folder.ends_with(INTERMEDIATE));
        Ok(Self { table, sql, reads, intermediate })
    }
}

/// Puts the models in an order in which each finds what it reads.
fn in_order(mut waiting: BTreeMap<String, Model>) -> Result<Vec<Model>> {
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = waiting
            .values()
            .find(|model| !model.reads.iter().any(|table| waiting.contains_key(table) && *table != model.table))
            .map(|model| model.table.clone());
        let Some(model) = ready.and_then(|table| waiting.remove(&table)) else {
            let names: Vec<String> = waiting.into_keys().collect();
            return Err(Error::usage(format!("the models {} read each other", names.join(", ")))
                .hint("let one of them read what it needs from the tables that come before"));
        };
        ordered.push(model);
    }
    Ok(ordered)
}

/// Which rows of a table are meant, by a column of texts or of dates.
#[derive(Debug, Clone, Copy)]
pub enum Only<'a> {
    /// Those in which a column has a value.
    Of(&'a str, &'a str),
    /// Those in which it has a value or one that comes after it.
    From(&'a str, &'a str),
    /// Those in which it has one that comes before a value.
    Below(&'a str, &'a str),
    /// Those in which a column of dates has a day or a later one.
    FromDay(&'a str, NaiveDate),
}

/// What runs models over Parquet files. Whichever it is, a model gives the same rows, to the last bit.
pub trait Engine: Send {
    /// Makes some rows of a table known, by the Parquet files that hold it.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the files cannot be scanned, [`Unreachable`](crate::error::Kind::Unreachable)
    /// when they cannot be brought to where the engine is.
    fn register(&mut self, table: &str, files: &[PathBuf], some: &[Only<'_>]) -> Result<()>;

    /// Runs a model, and gives all of its rows, in no particular order.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the query is wrong, [`Unreachable`](crate::error::Kind::Unreachable) when an engine
    /// elsewhere does not answer, [`Internal`](crate::error::Kind::Internal) when the one in this process panics; each names the
    /// model's file.
    fn run(&mut self, model: &Model) -> Result<RecordBatch>;
}

/// Where engines come from.
pub trait Engines: Sync {
    /// An engine that knows no table.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it does not answer.
    fn begin(&self) -> Result<Box<dyn Engine + '_>>;

    /// What it is, where it is somebody else's program: its answers are compared with ours where little is read.
    fn elsewhere(&self) -> Option<&'static str>;
}

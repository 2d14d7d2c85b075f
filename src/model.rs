//! Models: `pipelines/models/**/<table>.sql`, run by Polars over the Parquet files that are published.
//!
//! A model reads tables by their names, declared or derived, and nothing else. The SQL stays in a dialect that DuckDB,
//! DataFusion and Sail also run, to the same bits, so that anyone can recompute a derived table from the others.

mod contain;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::ipc::reader::FileReader;
use polars::prelude::{
    CompatLevel, DataFrame, Expr, IpcWriter, LazyFrame, PlRefPath, ScanArgsParquet, SerWriter, col, lit,
};
use polars::sql::{SQLContext, extract_table_identifiers};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

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
        let reads = extract_table_identifiers(&sql, false, true).usage("the model is no query").map_err(place)?;
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

/// Which rows of a table are meant, by a text column.
#[derive(Debug, Clone, Copy)]
pub enum Only<'a> {
    /// Those in which a column has a value.
    Of(&'a str, &'a str),
    /// Those in which it has a value or one that comes after it.
    From(&'a str, &'a str),
    /// Those in which it has one that comes before a value.
    Below(&'a str, &'a str),
}

impl Only<'_> {
    fn predicate(self) -> Expr {
        match self {
            Self::Of(column, value) => col(column).eq(lit(value)),
            Self::From(column, value) => col(column).gt_eq(lit(value)),
            Self::Below(column, value) => col(column).lt(lit(value)),
        }
    }
}

/// Runs models over Parquet files.
pub struct Engine {
    context: SQLContext,
}

impl Default for Engine {
    fn default() -> Self {
        Self { context: SQLContext::new() }
    }
}

impl Engine {
    /// Makes a table known by the Parquet files that hold it.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when they cannot be scanned.
    pub fn register(&self, table: &str, files: &[PathBuf]) -> Result<()> {
        self.context.register(table, scan(table, files)?);
        Ok(())
    }

    /// Makes some rows of a table known.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when the files cannot be scanned.
    pub fn register_some(&self, table: &str, files: &[PathBuf], some: &[Only<'_>]) -> Result<()> {
        let rows = some.iter().fold(scan(table, files)?, |rows, only: &Only<'_>| rows.filter(only.predicate()));
        self.context.register(table, rows);
        Ok(())
    }

    /// Makes the result of a query known as a table, from then on, also under the name of one that it reads.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub fn define(&mut self, table: &str, sql: &str) -> Result<()> {
        let plan = contained(table, || self.context.execute(sql).usage("the query fails"))?;
        self.context.register(table, plan);
        Ok(())
    }

    /// Runs a model.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the query is wrong, [`Internal`](crate::error::Kind::Internal) when the
    /// engine panics; either names the model's file.
    pub fn run(&mut self, model: &Model) -> Result<RecordBatch> {
        contained(&model.table, || {
            self.context.execute(&model.sql).and_then(LazyFrame::collect).usage("the model fails").and_then(to_arrow)
        })
    }
}

/// What a thread needs that plans a query: a plan nests deeply, and two megabytes, the usual, are not enough.
const STACK: usize = 16 << 20;

/// Lets several models, or one on several months, run at the same time, on threads that have room for their plans.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when no threads can be had.
pub fn side_by_side<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    static THREADS: LazyLock<std::result::Result<ThreadPool, ThreadPoolBuildError>> =
        LazyLock::new(|| ThreadPoolBuilder::new().stack_size(STACK).build());
    match &*THREADS {
        Ok(threads) => Ok(threads.install(work)),
        Err(error) => Err(Error::internal(format!("no threads for the models: {error}"))),
    }
}

/// Lets the engine work on a table, and makes an error of a panic; both name the model's file.
fn contained<T>(table: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    contain::panics(work)
        .unwrap_or_else(|what| {
            Err(Error::internal(format!("the engine panicked: {what}"))
                .hint("nothing was published; report it with the model and, if you can, the lines that do it"))
        })
        .map_err(|error| error.at(format!("models/{table}.sql")))
}

fn scan(table: &str, files: &[PathBuf]) -> Result<LazyFrame> {
    let paths = files.iter().map(|file| PlRefPath::new(file.to_string_lossy())).collect();
    LazyFrame::scan_parquet_files(paths, ScanArgsParquet::default()).internal(format!("cannot scan the table {table}"))
}

/// From Polars to Arrow through an IPC file in memory: two implementations of one standard, and no pointer passed between them.
fn to_arrow(mut frame: DataFrame) -> Result<RecordBatch> {
    let mut file = Vec::new();
    IpcWriter::new(&mut file)
        .with_compat_level(CompatLevel::oldest())
        .finish(&mut frame)
        .internal("cannot hand over the result")?;
    let reader = FileReader::try_new(Cursor::new(file), None).internal("cannot read the result")?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>().internal("cannot read the result")?;
    concat_batches(&schema, &batches).internal("cannot put the result together")
}

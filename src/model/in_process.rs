//! Polars: the engine in this process. No other file names it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::ipc::reader::FileReader;
use polars::prelude::{
    CompatLevel, DataFrame, DataType, Expr, IntoLazy, IpcWriter, LazyFrame, PlRefPath, PolarsResult, ScanArgsParquet,
    SerWriter, col, lit,
};
use polars::sql::{SQLContext, extract_table_identifiers};
use polars_plan::dsl::ScanSources;
use polars_plan::plans::{ArenaLpIter as _, IR};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use super::{Engine, Engines, Model, Only};
use crate::calendar::days_since_epoch;
use crate::error::{Context, Error, Result};

/// Polars, in this process.
pub struct InProcess {
    context: SQLContext,
    /// The first file of each table, by which a plan names it.
    tables: BTreeMap<PathBuf, String>,
}

impl Default for InProcess {
    fn default() -> Self {
        Self { context: SQLContext::new(), tables: BTreeMap::new() }
    }
}

impl InProcess {
    /// Makes the result of a query known as a table, from then on, also under the name of one that it reads. It is worked out at
    /// once: of a plan Polars puts a copy wherever it is read, and plans each copy anew.
    ///
    /// # Errors
    /// As for [`Engine::run`].
    pub fn define(&mut self, table: &str, sql: &str) -> Result<()> {
        let rows =
            contained(table, || self.context.execute(sql).and_then(LazyFrame::collect).usage("the query fails"))?;
        self.context.register(table, rows.lazy());
        Ok(())
    }

    /// The columns that a model reads of each table that is registered.
    ///
    /// # Errors
    /// As for [`Engine::run`].
    pub fn columns_read(&mut self, model: &Model) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let plan = contained(&model.table, || {
            self.context.execute(&model.sql).and_then(LazyFrame::to_alp_optimized).usage("the model fails")
        })?;
        let mut columns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (_, node) in plan.lp_arena.iter(plan.lp_top) {
            let IR::Scan { sources: ScanSources::Paths(paths), file_info, output_schema, .. } = node else { continue };
            let first = paths.first().map(|path| Path::new(path.as_str()));
            let Some(table) = first.and_then(|path| self.tables.get(path)) else { continue };
            let names = output_schema.as_ref().unwrap_or(&file_info.schema).iter_names();
            columns.entry(table.clone()).or_default().extend(names.map(ToString::to_string));
        }
        Ok(columns)
    }
}

impl Engine for InProcess {
    fn register(&mut self, table: &str, files: &[PathBuf], some: &[Only<'_>]) -> Result<()> {
        let rows = some.iter().fold(scan(table, files)?, |rows, only| rows.filter(predicate(*only)));
        self.context.register(table, rows);
        self.tables.extend(files.first().map(|first| (first.clone(), table.to_owned())));
        Ok(())
    }

    fn run(&mut self, model: &Model) -> Result<RecordBatch> {
        contained(&model.table, || {
            self.context.execute(&model.sql).and_then(LazyFrame::collect).usage("the model fails").and_then(to_arrow)
        })
    }
}

/// Polars, for each query anew.
#[derive(Debug, Clone, Copy, Default)]
pub struct Here;

impl Engines for Here {
    fn begin(&self) -> Result<Box<dyn Engine + '_>> {
        Ok(Box::new(InProcess::default()))
    }

    fn elsewhere(&self) -> Option<&'static str> {
        None
    }
}

/// The tables that a query reads, but for those that it defines.
pub(super) fn tables_read(sql: &str) -> PolarsResult<Vec<String>> {
    extract_table_identifiers(sql, false, true)
}

fn predicate(only: Only<'_>) -> Expr {
    match only {
        Only::Of(column, value) => col(column).eq(lit(value)),
        Only::From(column, value) => col(column).gt_eq(lit(value)),
        Only::Below(column, value) => col(column).lt(lit(value)),
        Only::FromDay(column, day) => col(column).gt_eq(lit(days_since_epoch(day)).cast(DataType::Date)),
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
    super::contain::panics(work)
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

//! A version being built: its tables, its files, what is found out about it on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Int64Type};
use chrono::Utc;
use rayon::prelude::*;

use super::ground::Ground;
use super::{Built, Order, RunDigest};
use crate::diff::{self, Changes, Side};
use crate::error::{Context, Error, Result};
use crate::gate::{self, GateReport};
use crate::ingest::{FileAccount, Months, Reading, identifiers_table};
use crate::metadata::{self, Check, Coverage, Description};
use crate::model::{Engine, Model};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::publish;
use crate::registry::Registry;
use crate::release::{
    About, Accounting, FileEntry, Manifest, Origins, Staged, StagedFile, Staging, read_parquet, recompute_sql,
};
use crate::schema::{Catalog, Language, Origin, TableSchema, conform, dictionary_html, dictionary_markdown};
use crate::schema::{incompatibility, schema_changes};
use crate::tables;

/// The column by which tables are split.
const MONTH: &str = "mois";

/// A version being built.
pub(super) struct Version<'a> {
    order: &'a Order<'a>,
    catalog: &'a Catalog,
    ground: Option<&'a Ground<'a>>,
    staging: Staging,
    files: Vec<StagedFile>,
    /// Files that stay as the version before has them.
    carried: Vec<FileEntry>,
    /// Where each table is, by its parts; one without a name where it is not split.
    tables: BTreeMap<String, BTreeMap<String, Part>>,
    /// Months of which a line or a day of the calendar is new.
    touched: BTreeSet<String>,
    violations: Vec<String>,
    fictional_attempts: u64,
    digest: RunDigest,
    coverage: Coverage,
}

/// Where a part of a table is.
enum Part {
    /// Made by this run.
    Here(PathBuf),
    /// In the store, as the version before has it.
    There(FileEntry),
}

impl<'a> Version<'a> {
    pub(super) fn new(order: &'a Order<'a>, catalog: &'a Catalog, ground: Option<&'a Ground<'a>>) -> Result<Self> {
        let about = About {
            title: order.pipeline.title.clone(),
            title_en: order.pipeline.title_en.clone(),
            version: order.version.clone(),
            as_of: order.as_of.with_timezone(&Utc),
            simulated: order.pipeline.simulated,
            licence: tables::LICENCE,
            licence_url: tables::LICENCE_URL,
        };
        Ok(Self {
            order,
            catalog,
            ground,
            staging: Staging::new(about)?,
            files: Vec::new(),
            carried: Vec::new(),
            tables: BTreeMap::new(),
            touched: BTreeSet::new(),
            violations: Vec::new(),
            fictional_attempts: 0,
            digest: RunDigest::default(),
            coverage: Coverage::default(),
        })
    }

    /// Settles every month that is touched and writes it, keeping none in memory; the others stay as they are. The
    /// account of repeated lines is closed here.
    pub(super) fn attempts(&mut self, months: &Months, reading: &mut Reading, progress: &dyn Progress) -> Result<()> {
        let repeats = months.repeats()?;
        reading.withdraw(&repeats)?;
        let names = months.names();
        progress.begin("mois", names.len() as u64);
        let (staging, catalog) = (&self.staging, self.catalog);
        let (attempts, identifiers) = (catalog.table("tentatives")?, catalog.table("identifiants")?);
        let settled: Vec<Vec<(&TableSchema, Staged)>> = names
            .par_iter()
            .map(|month| {
                progress.proceed()?;
                let rows = months.settle(month, &repeats)?;
                progress.advance(1);
                if rows.num_rows() == 0 {
                    // Every line of it repeats or contradicts one of another month.
                    return Ok(Vec::new());
                }
                let ids = identifiers_table(month, &rows)?;
                let staged = [(attempts, rows), (identifiers, ids)].map(|(table, rows)| {
                    let Staged { parquet, violations, batch } = staging.stage(table, Some(month), &rows)?;
                    // A month is not kept in memory once it is written.
                    Ok((table, Staged { batch: batch.slice(0, 0), parquet, violations }))
                });
                staged.into_iter().collect()
            })
            .collect::<Result<_>>()?;
        progress.end();
        self.touched.extend(names);
        for name in ["tentatives", "identifiants"] {
            self.tables.entry(name.to_owned()).or_default();
            self.carry_untouched(name);
        }
        for (table, staged) in settled.into_iter().flatten() {
            self.keep(table, staged)?;
        }
        Ok(())
    }

    /// Takes over the parts of a table that nothing touches.
    fn carry_untouched(&mut self, name: &str) {
        let Some(ground) = self.ground.filter(|ground| ground.resumes) else { return };
        let touched = &self.touched;
        let untouched =
            ground.entries(name).filter(|file| file.partition.as_ref().is_some_and(|month| !touched.contains(month)));
        self.carried.extend(untouched.cloned());
        let parts = self.tables.entry(name.to_owned()).or_default();
        for (month, file) in ground.parts(name) {
            if !touched.contains(month) {
                parts.insert(month.to_owned(), Part::There(file.clone()));
            }
        }
    }

    /// How many services are in scope.
    pub(super) fn services(&mut self, count: usize) {
        self.digest.services = count;
    }

    /// Counts the attempts on counters that the registry calls fictional.
    pub(super) fn count_fictional(&mut self, measured: &RecordBatch, registry: &Registry) -> Result<()> {
        let column = |name: &str, kind: &DataType| {
            let column = measured.column_by_name(name).ok_or_else(|| Error::internal(format!("no column {name}")))?;
            cast(column, kind).internal(name)
        };
        let (counters, attempts) = (column("guichet_id", &DataType::Utf8)?, column("tentatives", &DataType::Int64)?);
        let attempts = attempts.as_primitive::<Int64Type>();
        let counters = counters.as_string::<i32>().iter().zip(attempts.iter());
        self.fictional_attempts = counters
            .filter(|(id, _)| id.and_then(|id| registry.counter(id)).is_some_and(|counter| counter.fictional))
            .map(|(_, attempts)| attempts.unwrap_or_default().cast_unsigned())
            .sum();
        Ok(())
    }

    /// Months whose calendar is no longer what it was count as touched from here on.
    pub(super) fn touch(&mut self, months: BTreeSet<String>) {
        self.touched.extend(months);
    }

    /// Stages a table in every format that its schema asks for, and makes it known to the models.
    pub(super) fn table(&mut self, name: &str, columns: &RecordBatch) -> Result<()> {
        self.part(name, None, columns)
    }

    fn part(&mut self, name: &str, month: Option<&str>, columns: &RecordBatch) -> Result<()> {
        let table = self.catalog.table(name)?;
        let staged = self.staging.stage(table, month, columns)?;
        self.note(name, &staged.batch);
        self.keep(table, staged)
    }

    fn keep(&mut self, table: &TableSchema, staged: Staged) -> Result<()> {
        self.files.extend(self.staging.export(table, &staged)?);
        let month = staged.parquet.entry.partition.clone().unwrap_or_default();
        let parts = self.tables.entry(table.name.clone()).or_default();
        parts.insert(month, Part::Here(staged.parquet.local.clone()));
        self.violations.extend(staged.violations);
        self.files.push(staged.parquet);
        Ok(())
    }

    /// Runs each model of which everything that it reads is there and that has not run yet.
    pub(super) fn derive(&mut self, models: &[Model], progress: &dyn Progress) -> Result<()> {
        let declared = |name: &String| self.catalog.table(name).is_ok();
        let reads: Vec<Vec<&String>> =
            models.iter().map(|model| model.reads.iter().filter(|name| declared(name)).collect()).collect();
        progress.begin("modèles", models.len() as u64);
        for (model, reads) in models.iter().zip(reads) {
            let ready = reads.iter().all(|name| self.tables.contains_key(*name) || **name == model.table);
            if self.tables.contains_key(&model.table) || !ready {
                continue;
            }
            progress.proceed()?;
            let started = std::time::Instant::now();
            let publication = &self.catalog.table(&model.table)?.guichets;
            match (&publication.partition, &publication.increment) {
                (Some(_), _) => self.derive_monthly(model)?,
                (None, Some(_)) => self.derive_by_increments(model)?,
                (None, None) => {
                    let rows = self.engine(&model.reads, None)?.run(model)?;
                    self.table(&model.table, &rows)?;
                }
            }
            tracing::info!(table = model.table, took = ?started.elapsed(), "derived");
            progress.advance(1);
        }
        progress.end();
        Ok(())
    }

    /// A table that is split: the parts of untouched months stay as they are.
    fn derive_monthly(&mut self, model: &Model) -> Result<()> {
        let stands = self.ground.is_some_and(|ground| ground.derives);
        self.tables.entry(model.table.clone()).or_default();
        if stands {
            self.carry_untouched(&model.table);
        }
        for month in self.months_of(model)? {
            if stands && !self.touched.contains(&month) {
                continue;
            }
            let rows = self.engine(&model.reads, Some(&month))?.run(model)?;
            if rows.num_rows() > 0 {
                self.part(&model.table, Some(&month), &rows)?;
            }
        }
        Ok(())
    }

    /// A table that is computed month by month and published whole: the rows of untouched months are those of the version
    /// before.
    fn derive_by_increments(&mut self, model: &Model) -> Result<()> {
        let table = self.catalog.table(&model.table)?;
        let mut pieces = Vec::new();
        let stands = self.ground.filter(|ground| ground.derives);
        if let Some(ground) = stands {
            pieces.push(without_months(&ground.table(&model.table)?, &self.touched)?);
        }
        for month in self.months_of(model)? {
            if stands.is_none() || self.touched.contains(&month) {
                pieces.push(conform(table, &self.engine(&model.reads, Some(&month))?.run(model)?)?);
            }
        }
        let schema = table.arrow_schema();
        let plain = |batch: RecordBatch| -> Result<RecordBatch> {
            let columns = batch.columns().iter().zip(schema.fields());
            let columns = columns.map(|(column, field)| cast(column, field.data_type()).internal(field.name()));
            RecordBatch::try_new(schema.clone(), columns.collect::<Result<_>>()?).internal(&table.name)
        };
        let pieces: Vec<RecordBatch> = pieces.into_iter().map(plain).collect::<Result<_>>()?;
        let whole = concat_batches(&schema, &pieces).internal(&table.name)?;
        self.table(&model.table, &whole)
    }

    /// The months of what a model reads.
    fn months_of(&self, model: &Model) -> Result<BTreeSet<String>> {
        let mut months = BTreeSet::new();
        for name in &model.reads {
            let Ok(table) = self.catalog.table(name) else { continue };
            if table.guichets.partition.is_some() {
                months.extend(self.tables.get(name).into_iter().flat_map(BTreeMap::keys).cloned());
            } else if table.field(MONTH).is_some() {
                for path in self.local(name)? {
                    months.extend(distinct_months(&read_parquet(&path)?)?);
                }
            }
        }
        Ok(months)
    }

    /// The rows of a table, all parts of it.
    pub(super) fn rows(&self, name: &str) -> Result<RecordBatch> {
        let batches: Vec<RecordBatch> =
            self.local(name)?.iter().map(|path| read_parquet(path)).collect::<Result<_>>()?;
        let schema = batches
            .first()
            .map_or_else(|| self.catalog.table(name).map(TableSchema::arrow_schema), |first| Ok(first.schema()))?;
        concat_batches(&schema, &batches).internal(name)
    }

    /// The Parquet files of a table; those that are only in the store are brought here.
    fn local(&self, name: &str) -> Result<Vec<PathBuf>> {
        let parts = self.tables.get(name).into_iter().flat_map(BTreeMap::values);
        let files: Vec<PathBuf> = parts.map(|part| self.bring(part)).collect::<Result<_>>()?;
        if files.is_empty() { Ok(vec![self.empty(name)?]) } else { Ok(files) }
    }

    fn bring(&self, part: &Part) -> Result<PathBuf> {
        match (part, self.ground) {
            (Part::Here(path), _) => Ok(path.clone()),
            (Part::There(file), Some(ground)) => ground.fetch(file),
            (Part::There(file), None) => Err(Error::internal("a part without its version").at(&file.path)),
        }
    }

    /// A table without rows is a table all the same; nobody publishes this file.
    fn empty(&self, name: &str) -> Result<PathBuf> {
        let table = self.catalog.table(name)?;
        Ok(self.staging.stage(table, None, &RecordBatch::new_empty(table.arrow_schema()))?.parquet.local)
    }

    /// An engine that knows some tables; of one month alone, where one is named.
    fn engine(&self, reads: &[String], month: Option<&str>) -> Result<Engine> {
        let engine = Engine::default();
        for name in reads.iter().filter(|name| self.tables.contains_key(*name)) {
            let table = self.catalog.table(name)?;
            match month {
                Some(month) if table.guichets.partition.is_some() => {
                    let part = self.tables.get(name).and_then(|parts| parts.get(month));
                    let file = part.map_or_else(|| self.empty(name), |part| self.bring(part))?;
                    engine.register(name, &[file])?;
                }
                Some(month) if table.field(MONTH).is_some() => {
                    engine.register_where(name, &self.local(name)?, MONTH, month)?;
                }
                _ => engine.register(name, &self.local(name)?)?,
            }
        }
        Ok(engine)
    }

    /// A declared table that nothing makes stops the run, as a declared column does; a model that reads what nobody makes
    /// does too.
    pub(super) fn check_complete(&self) -> Result<()> {
        match self.catalog.iter().find(|table| !self.tables.contains_key(&table.name)) {
            None => Ok(()),
            Some(missing) => Err(Error::usage(format!("the table {} is declared, and nothing makes it", missing.name))
                .at(format!("schemas/tables/{}.json", missing.name))
                .hint(match missing.guichets.origin {
                    Origin::Model => {
                        format!("add pipelines/models/{}.sql, or look whether what it reads exists", missing.name)
                    }
                    _ => "remove the schema, or correct its origin".to_owned(),
                })),
        }
    }

    /// What changed since the version before, where there is one.
    pub(super) fn changes(&self, ground: Option<&Ground<'_>>, origins: &Origins) -> Result<Option<Changes>> {
        let Some(ground) = ground else { return Ok(None) };
        let files: Vec<FileEntry> = self.entries().cloned().collect();
        let here: BTreeMap<&str, &PathBuf> =
            self.files.iter().map(|file| (file.entry.path.as_str(), &file.local)).collect();
        let open_old = |file: &FileEntry| ground.fetch(file);
        let open_new = |file: &FileEntry| match here.get(file.path.as_str()) {
            Some(path) => Ok((*path).clone()),
            None => ground.fetch(file),
        };
        let (old_schema, new_schema) =
            (|table: &str| ground.schema(table), |table: &str| self.catalog.table(table).cloned());
        let old = Side {
            version: &ground.manifest.version,
            made_with: &ground.manifest.made_with,
            files: &ground.manifest.files,
            open: &open_old,
            schema: &old_schema,
        };
        let new = Side {
            version: &self.order.version,
            made_with: origins,
            files: &files,
            open: &open_new,
            schema: &new_schema,
        };
        diff::compare(&old, &new, &mut |_, _| Ok(())).map(Some)
    }

    /// Why programs that read the version before could break on this one.
    fn incompatibilities(&self, ground: Option<&Ground<'_>>) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for (name, _) in ground.map(Ground::schemas).into_iter().flatten() {
            match (self.catalog.table(name), ground) {
                (Ok(ours), Some(ground)) => {
                    let published = ground.schema(name)?;
                    if !schema_changes(&published, ours).is_empty() || published.version != ours.version {
                        found.extend(incompatibility(&published, ours)?);
                    }
                }
                _ => found.push(format!("{name}: the table is gone")),
            }
        }
        Ok(found)
    }

    pub(super) fn judge(
        &mut self,
        accounts: &[FileAccount],
        ground: Option<&Ground<'_>>,
        changes: Option<&Changes>,
    ) -> Result<Vec<GateReport>> {
        let incompatible = self.incompatibilities(ground)?;
        let subject = gate::Subject {
            violations: &self.violations,
            accounts,
            thresholds: &self.order.pipeline.gates,
            as_of: self.order.as_of.with_timezone(&Utc),
            fictional_attempts: self.fictional_attempts,
            simulated: self.order.pipeline.simulated,
            changes,
            incompatible: &incompatible,
        };
        let mut engine = self.engine(&gate::READS.map(str::to_owned), None)?;
        gate::try_all(&subject, &mut engine, self.order.overrules)
    }

    /// Every file of the version, made by this run or not.
    fn entries(&self) -> impl Iterator<Item = &FileEntry> {
        self.files.iter().map(|file| &file.entry).chain(&self.carried)
    }

    /// Dictionary, schemas, models, changes, metadata: what a reader needs beside the tables.
    pub(super) fn document(
        &mut self,
        models: &[Model],
        reading: &Reading,
        gates: &[GateReport],
        changes: Option<&Changes>,
    ) -> Result<()> {
        let tables: Vec<&TableSchema> = self.catalog.iter().collect();
        let mut texts: Vec<(String, String)> = Vec::new();
        for (language, code) in [(Language::French, "fr"), (Language::English, "en")] {
            texts.push((format!("dictionnaire.{code}.md"), dictionary_markdown(&tables, language)));
            texts.push((format!("dictionnaire.{code}.html"), dictionary_html(&tables, language)));
        }
        texts.extend(tables.iter().map(|table| (format!("schemas/{}.json", table.name), table.text.clone())));
        texts.extend(models.iter().map(|model| (format!("models/{}.sql", model.table), model.sql.clone())));
        if let Some(changes) = changes {
            texts.push((
                "changes.json".to_owned(),
                format!("{:#}\n", serde_json::to_value(changes).internal("changes")?),
            ));
            texts.push(("CHANGES.md".to_owned(), diff::to_markdown(changes)));
        }
        let entries: Vec<&FileEntry> = self.entries().collect();
        texts.push(("recompute.sql".to_owned(), recompute_sql(&self.order.version, &entries, models, self.catalog)?));
        for (path, content) in texts {
            self.files.push(self.staging.text(&path, &content)?);
        }
        for (path, content) in self.metadata(&tables, reading, gates) {
            self.files.push(self.staging.text(&path, &content)?);
        }
        Ok(())
    }

    fn metadata(&self, tables: &[&TableSchema], reading: &Reading, gates: &[GateReport]) -> Vec<(String, String)> {
        let files: Vec<&FileEntry> = self.entries().collect();
        metadata::texts(&Description {
            about: self.staging.about(),
            pipeline: self.order.pipeline,
            as_of: self.order.as_of,
            tables,
            files: &files,
            coverage: &self.coverage,
            accounting: accounting(&reading.accounts),
            checks: &gates.iter().map(check).collect::<Vec<_>>(),
        })
    }

    /// What the closing summary needs of a table.
    fn note(&mut self, table: &str, batch: &RecordBatch) {
        let sum = |column: &str| crate::schema::total(batch, column);
        if table == "disponibilite_jour" {
            self.coverage = Coverage::of(batch);
            self.digest.expected = sum("tentatives_prevues");
            self.digest.measured = sum("cycles_mesures");
            self.digest.outcomes =
                Outcome::ALL.iter().map(|outcome| (outcome.code().to_owned(), sum(outcome.code()))).collect();
        }
    }

    /// `sha256sum -c SHA256SUMS`, in the version's own folder, checks every file that the version names.
    pub(super) fn sums(&mut self) -> Result<()> {
        let own = format!("versions/{}/", self.order.version);
        let line = |entry: &FileEntry| {
            let path = &entry.path;
            let from_here = path.strip_prefix(&own).map_or_else(|| format!("../../{path}"), str::to_owned);
            format!("{}  {from_here}\n", entry.sha256)
        };
        let mut entries: Vec<&FileEntry> = self.entries().collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let sums: String = entries.into_iter().map(line).collect();
        self.files.push(self.staging.text(publish::DIGESTS, &sums)?);
        Ok(())
    }

    pub(super) fn finish(mut self, reading: Reading, gates: Vec<GateReport>, origins: Origins) -> Built {
        for row in &reading.quarantined {
            *self.digest.quarantined_by_reason.entry(row.reason.code()).or_default() += 1;
        }
        self.digest.accounting = accounting(&reading.accounts);
        self.digest.ignored = reading.ignored;
        // Names and numbers always serialise.
        let value = |serialised: Result<serde_json::Value, serde_json::Error>| serialised.unwrap_or_default();
        let mut files: Vec<FileEntry> = self.entries().cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let manifest = Manifest {
            version: self.order.version.clone(),
            pipeline: self.order.pipeline.name.clone(),
            title: self.staging.about().marked(&self.order.pipeline.title),
            simulated: self.order.pipeline.simulated,
            as_of: self.order.as_of.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            licence: tables::LICENCE_URL.to_owned(),
            files,
            accounting: self.digest.accounting,
            inputs: value(serde_json::to_value(&reading.accounts)),
            made_with: origins,
            gates: value(serde_json::to_value(&gates)),
            parent: None,
        };
        Built { staging: self.staging, files: self.files, manifest, gates, digest: self.digest }
    }
}

fn check(gate: &GateReport) -> Check<'_> {
    Check {
        code: gate.gate.code(),
        passed: gate.passed,
        figure: &gate.figure,
        threshold: &gate.threshold,
        overruled: gate.overruled.as_deref(),
    }
}

fn accounting(accounts: &[FileAccount]) -> Accounting {
    let sum = |of: fn(&FileAccount) -> u64| accounts.iter().map(of).sum();
    Accounting {
        files: accounts.len() as u64,
        lines: sum(|account| account.lines),
        attempts: sum(|account| account.attempts),
        duplicates: sum(|account| account.duplicates),
        blank: sum(|account| account.blank),
        quarantined: sum(|account| account.quarantined),
    }
}

/// The months that a table speaks of.
fn distinct_months(batch: &RecordBatch) -> Result<BTreeSet<String>> {
    let column = batch.column_by_name(MONTH).ok_or_else(|| Error::internal("no column mois"))?;
    let months = cast(column, &DataType::Utf8).internal(MONTH)?;
    Ok(months.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
}

/// The rows of other months than these.
fn without_months(batch: &RecordBatch, months: &BTreeSet<String>) -> Result<RecordBatch> {
    let column = batch.column_by_name(MONTH).ok_or_else(|| Error::internal("no column mois"))?;
    let of = cast(column, &DataType::Utf8).internal(MONTH)?;
    let kept: BooleanArray =
        of.as_string::<i32>().iter().map(|month| Some(month.is_none_or(|month| !months.contains(month)))).collect();
    filter_record_batch(batch, &kept).internal("the months that stay")
}

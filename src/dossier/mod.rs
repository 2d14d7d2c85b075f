//! A file for court: what one service answered between two days, from a published version; and one page of it, for a meeting.
//!
//! Figures are those of the tables: consultations, and shares of scheduled time by the very models that the version
//! carries, run on the days asked for. Of the robot and of what it kept, only what the pipeline states is said.

mod lines;
mod page;
mod source;
mod windows;

pub use lines::write_csv;
pub use page::{sheet, to_html};
pub use windows::Window;

use arrow::array::RecordBatch;
use chrono::NaiveDate;

use crate::config::Pipeline;
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::metadata::METHOD_FILES;
use crate::publish::{Store, check_pipeline, citable, published_schema};
use crate::release::{FileEntry, Manifest};
use crate::schema::{Format, TableSchema, conform};

use self::source::Source;

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
    /// The version; the current one where nothing is said.
    pub version: Option<String>,
}

/// All that the file says.
#[derive(Debug)]
pub struct Dossier {
    /// What was asked for.
    pub request: Request,
    /// The counter as the registry has it: `nom`.
    pub counter: Grid,
    /// The procedure as the registry has it: `libelle`, `libelle_en`.
    pub procedure: Grid,
    /// The manifest of the version from which all comes.
    pub manifest: Manifest,
    /// Its digest.
    pub manifest_sha256: String,
    /// The address of the store's root, without a slash at its end, where it has one that anyone can read.
    pub base: Option<String>,
    /// Whether the version is signed.
    pub signed: bool,
    /// One row of the columns of `periodes`: the period asked for.
    pub figures: Grid,
    /// What its columns mean: the declaration of `disponibilite_ensemble`.
    pub figures_schema: TableSchema,
    /// The same per ISO week, month and day, as far as they lie in the period.
    pub weeks: Grid,
    /// See `weeks`.
    pub months: Grid,
    /// See `weeks`.
    pub days: Grid,
    /// One row: what the lines themselves show, such as how far the robot looked and what evidence there is.
    pub seen: Grid,
    /// Disjoint windows of seven days from the first « no » on.
    pub windows: Vec<Window>,
    /// How many disjoint windows of seven days have a failure that users may have met too.
    pub windows_with_failures: usize,
    /// Stretches in which nobody looked.
    pub gaps: Grid,
    /// The rules that gave an outcome in the period.
    pub rules: Grid,
    /// The pages that were asked, and the addresses of the service in the registry at that time.
    pub pages: Grid,
    /// The identities that the robot declared.
    pub signatures: Grid,
    /// The decisions that the registry cites for the counter.
    pub decisions: Grid,
    /// Each line, after its consultation; the columns are those of `lines_schema`.
    pub lines: RecordBatch,
    /// The same as texts.
    pub shown: Grid,
    /// Their declaration.
    pub lines_schema: TableSchema,
    /// The method of the version, in French and in English, as Markdown.
    pub method: [String; 2],
}

/// Collects a dossier from a version of a store.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the store is empty or another pipeline's, the version was retracted, or it has
/// no consultation of that service in those days; [`Unreachable`](crate::error::Kind::Unreachable) when a file is not what
/// the manifest says.
pub fn collect(store: &dyn Store, pipeline: &Pipeline, request: Request) -> Result<Dossier> {
    let (manifest_sha256, manifest) = citable(store, request.version.as_deref())?;
    check_pipeline(store, &manifest, &pipeline.name)?;
    let mut source = Source::open(store, &manifest, &request)?;
    let batch = source.lines()?;
    if batch.num_rows() == 0 {
        return Err(none(&request, &manifest));
    }
    let lines_schema = source.lines_schema()?;
    let periods = source.periods()?;
    let (days, figures) = (periods.only("type", "jour"), periods.only("type", "ensemble"));
    let [french, english] = METHOD_FILES;
    let signature = format!("versions/{}/manifest.json.minisig", manifest.version);
    Ok(Dossier {
        counter: source.ask(source::COUNTER)?,
        procedure: source.ask(source::PROCEDURE)?,
        base: pipeline
            .publication
            .base_url
            .clone()
            .or_else(|| store.public_url(""))
            .map(|base| base.trim_end_matches('/').to_owned()),
        signed: store.size(&signature)?.is_some(),
        figures,
        figures_schema: published_schema(store, &manifest, "disponibilite_ensemble", source.folder())?,
        weeks: periods.only("type", "semaine"),
        months: periods.only("type", "mois"),
        windows: windows::of(&days),
        windows_with_failures: windows::with_failures(&days),
        days,
        seen: source.ask(source::SEEN)?,
        gaps: source.ask(source::GAPS)?,
        rules: source.ask(source::RULES)?,
        pages: source.ask(source::PAGES)?,
        signatures: source.ask(source::SIGNATURES)?,
        decisions: source.ask(source::DECISIONS)?,
        lines: conform(&lines_schema, &batch)?,
        shown: Grid::of(&batch)?,
        lines_schema,
        method: [source.text(french)?, source.text(english)?],
        request,
        manifest,
        manifest_sha256,
    })
}

fn none(request: &Request, manifest: &Manifest) -> Error {
    Error::usage(format!(
        "version {} has no attempt on {} / {} from {} to {}",
        manifest.version, request.counter, request.procedure, request.from, request.to
    ))
    .hint("the ids are those of the tables guichets and demarches; the days are local days")
}

impl Dossier {
    /// The monthly CSV files that hold the lines.
    pub fn lines_files(&self) -> impl Iterator<Item = &FileEntry> {
        source::files_of(&self.manifest, &self.request, "tentatives", Format::Csv)
    }

    /// The last window with a « no », where the end of the period leaves it less than seven days.
    #[must_use]
    pub fn cut_window(&self) -> Option<&Window> {
        self.windows.iter().rfind(|window| window.no > 0).filter(|window| !window.is_whole())
    }

    /// How many windows of seven days have a « no ».
    #[must_use]
    pub fn windows_with_no(&self) -> usize {
        self.windows.iter().filter(|window| window.no > 0).count()
    }
}

//! `guichets dossier`: one service between two days, for court; and on one page, for a meeting.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Args;
use guichets_ouverts::dossier::{Request, collect, sheet, to_html, write_csv};
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::publish::{self, Guard};
use guichets_ouverts::schema::Language;

use super::{Common, print};

/// Write what one service answered between two days: a file for court with each line, as HTML to print and as CSV, and a
/// fact sheet of one page
#[derive(Debug, Args)]
pub struct Dossier {
    /// The pipeline whose publication is read: its name under pipelines/, or a path to its folder
    #[arg(value_name = "PIPELINE")]
    pipeline: String,
    /// The counter, by its id
    #[arg(long, value_name = "ID")]
    guichet: String,
    /// The procedure, by its id
    #[arg(long, value_name = "ID")]
    demarche: String,
    /// First local day, YYYY-MM-DD
    #[arg(long, value_name = "DAY", value_parser = day)]
    du: NaiveDate,
    /// Last local day, YYYY-MM-DD
    #[arg(long, value_name = "DAY", value_parser = day)]
    au: NaiveDate,
    /// The store that holds the published version: a folder, s3://, gs://, az://, or the http address where readers find it
    #[arg(long, value_name = "URL", default_value = "public")]
    store: String,
    /// The version [default: the current one]
    #[arg(long, value_name = "V")]
    version: Option<String>,
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

/// A day as it is asked for, or why it is none.
fn day(text: &str) -> std::result::Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| "no day of the calendar; write it as in 2019-02-28".to_owned())
}

impl Dossier {
    /// Collects and writes the three files.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let (_, pipeline) = common.pipeline(&self.pipeline)?;
        if self.au < self.du {
            return Err(Error::usage(format!("--au {} is before --du {}", self.au, self.du)));
        }
        let language = common.language_of_documents();
        let store = publish::open(&self.store, Guard::default())?;
        let request = Request {
            counter: self.guichet,
            procedure: self.demarche,
            from: self.du,
            to: self.au,
            version: self.version,
        };
        let dossier = collect(store.as_ref(), &pipeline, request)?;
        let Request { counter, procedure, from, to, .. } = &dossier.request;
        let stem = format!("{counter}-{procedure}-{from}-{to}").replace(['/', ':'], "-");
        std::fs::create_dir_all(&self.out)
            .unreachable("cannot make the folder")
            .map_err(|error| error.at_path(&self.out))?;
        let page = match language {
            Language::French => "html",
            Language::English => "en.html",
        };
        let [html, csv, fact_sheet] = [("dossier", page), ("dossier", "csv"), ("fiche", page)]
            .map(|(name, ending)| self.out.join(format!("{name}-{stem}.{ending}")));
        // First what may be refused.
        write_csv(&dossier, &pipeline, &csv)?;
        for (path, text) in
            [(&html, to_html(&dossier, &pipeline, language)), (&fact_sheet, sheet(&dossier, &pipeline, language))]
        {
            std::fs::write(path, text).unreachable("cannot write").map_err(|error| error.at_path(path))?;
        }
        let figures = dossier.figures.first();
        let count = |column: &str| figures.map_or(0, |figures| figures.count(column));
        print(&if common.json {
            let told = serde_json::json!({
                "html": html, "csv": csv, "sheet": fact_sheet, "version": dossier.manifest.version,
                "consultations": count("consultations"), "attempts": dossier.lines.num_rows(),
            });
            format!("{told:#}")
        } else {
            format!(
                "{} consultations ({} attempts), {} « non »; days with one: {}; windows of seven days: {} (version {})\n  {}\n  {}\n  {}",
                count("consultations"),
                dossier.lines.num_rows(),
                count("non"),
                count("jours_avec_non"),
                dossier.windows_with_no(),
                dossier.manifest.version,
                html.display(),
                csv.display(),
                fact_sheet.display()
            )
        });
        Ok(ExitCode::SUCCESS)
    }
}

//! `guichets dossier`: one service between two days, for court.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Args;
use guichets_ouverts::dossier::{Request, collect, to_html, write_csv};
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::publish::{self, Guard};

use super::{Common, print};

/// Write what one service answered between two days, attempt by attempt, as HTML to print and as CSV
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
    #[arg(long, value_name = "DAY")]
    du: NaiveDate,
    /// Last local day, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    au: NaiveDate,
    /// The store that holds the published version
    #[arg(long, value_name = "URL", default_value = "public")]
    store: String,
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

impl Dossier {
    /// Collects and writes the two files.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let (_, pipeline) = common.pipeline(&self.pipeline)?;
        if self.au < self.du {
            return Err(Error::usage(format!("--au {} is before --du {}", self.au, self.du)));
        }
        let store = publish::open(&self.store, Guard::default())?;
        let request = Request { counter: self.guichet, procedure: self.demarche, from: self.du, to: self.au };
        let dossier = collect(store.as_ref(), request)?;
        if dossier.manifest.pipeline != pipeline.name {
            return Err(Error::usage(format!(
                "the store holds the publication of {}, not of {}",
                dossier.manifest.pipeline, pipeline.name
            ))
            .at(&self.store));
        }
        let Request { counter, procedure, from, to } = &dossier.request;
        let stem = format!("dossier-{counter}-{procedure}-{from}-{to}").replace(['/', ':'], "-");
        std::fs::create_dir_all(&self.out)
            .unreachable("cannot make the folder")
            .map_err(|error| error.at_path(&self.out))?;
        let (html, csv) = (self.out.join(format!("{stem}.html")), self.out.join(format!("{stem}.csv")));
        std::fs::write(&html, to_html(&dossier)).unreachable("cannot write").map_err(|error| error.at_path(&html))?;
        write_csv(&dossier, &csv)?;
        let count = |column: &str| dossier.totals.first(column).to_owned();
        print(&if common.json {
            let told = serde_json::json!({
                "html": html, "csv": csv, "version": dossier.manifest.version,
                "attempts": dossier.attempts.rows.len(),
            });
            format!("{told:#}")
        } else {
            format!(
                "{} consultations ({} attempts), {} « non » on {} days in {} ISO weeks (version {})\n  {}\n  {}",
                count("consultations"),
                count("tentatives"),
                count("non"),
                count("jours_avec_non"),
                count("semaines_avec_non"),
                dossier.manifest.version,
                html.display(),
                csv.display()
            )
        });
        Ok(ExitCode::SUCCESS)
    }
}

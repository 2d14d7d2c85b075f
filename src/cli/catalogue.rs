//! `guichets catalogue`: what a catalogue says of a publication.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use guichets_ouverts::catalogue::{Client, KEY_VARIABLE, Report, Wish, push};
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::publish::{self, Guard};
use tokio::runtime::Runtime;

use super::{Common, print, print_json, watch};

/// Tell a catalogue what is published
#[derive(Debug, Args)]
pub struct Catalogue {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Push(Push),
}

/// Make data.gouv.fr say what the current version of a store is; the key is read from `DATAGOUV_API_KEY`
#[derive(Debug, Args)]
struct Push {
    /// The pipeline whose publication it is: its name under pipelines/, or a path to its folder
    #[arg(value_name = "PIPELINE")]
    pipeline: String,
    /// The store that holds the published version
    #[arg(long, value_name = "URL", default_value = "public")]
    store: String,
    /// Print the requests that would write, and send none of them
    #[arg(long)]
    dry_run: bool,
    /// Create the dataset, once, and print its id
    #[arg(long)]
    create: bool,
}

impl Catalogue {
    /// Does what the subcommand says.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        match self.action {
            Action::Push(command) => command.run(common),
        }
    }
}

impl Push {
    fn run(self, common: &Common) -> Result<ExitCode> {
        let (_, pipeline) = common.pipeline(&self.pipeline)?;
        let settings = pipeline.datagouv.as_ref().ok_or_else(|| {
            Error::usage("the pipeline has no section [datagouv]")
                .at_path(&pipeline.folder.join("pipeline.toml"))
                .hint("add it; README.md says what stands in it")
        })?;
        let key = std::env::var(KEY_VARIABLE).map_err(|_| {
            Error::usage(format!("the environment variable {KEY_VARIABLE} holds no key"))
                .hint("make a key in your profile on the platform; it is taken from nowhere else")
        })?;
        let store = publish::open(&self.store, Guard::default())?;
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        let client = Client::new(settings, &pipeline.publication.root()?, &key, runtime.handle().clone())?;
        let wish = Wish { create: self.create, dry_run: self.dry_run };
        let progress = watch::progress(common.json);
        let report = push(&pipeline, settings, store.as_ref(), &client, wish, progress.as_ref())?;
        if common.json {
            print_json(&report, "the report")?;
        } else {
            print(&told(&report, &client).internal("the report")?);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn told(report: &Report, client: &Client) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    if report.dry_run {
        for step in &report.steps {
            let request = &step.request;
            writeln!(text, "{} {}\n{:#}\n", request.method, client.address(&request.path), request.body)?;
        }
    } else {
        for step in &report.steps {
            let about = step.file.as_deref().unwrap_or("the dataset");
            match step.kind {
                "create" => writeln!(text, "  created {about}")?,
                "add" => writeln!(text, "  added {about}")?,
                "order" => writeln!(text, "  put the resources into their order")?,
                _ => writeln!(text, "  changed {} of {about}", step.fields.join(", "))?,
            }
        }
    }
    for resource in &report.left_alone {
        writeln!(text, "  left alone {} ({}): {}", resource.title, resource.id, resource.why)?;
    }
    let requests = match (report.dry_run, report.steps.len()) {
        (_, 0) => "nothing to change".to_owned(),
        (true, count) => format!("{count} requests would be sent, none was"),
        (false, count) => format!("{count} requests"),
    };
    writeln!(text, "version {}: {requests}, {} resources as they were", report.version, report.unchanged)?;
    if let Some(quality) = report.quality {
        writeln!(text, "quality {:.0} of 9", quality * 9.0)?;
    }
    if let Some(page) = &report.page {
        writeln!(text, "{page}")?;
    }
    if let (true, Some(id)) = (report.created, &report.dataset) {
        writeln!(text, "put this line into [datagouv] of pipeline.toml:\ndataset = \"{id}\"")?;
    }
    text.pop();
    Ok(text)
}

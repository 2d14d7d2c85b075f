//! `guichets run`: the main job.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, FixedOffset, Utc};
use clap::Args;
use guichets_ouverts::calendar::parse_rfc3339;
use guichets_ouverts::cluster::Cluster;
use guichets_ouverts::config::{EngineSettings, Pipeline, Project};
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::gate::{self, Gate, Overrule};
use guichets_ouverts::job::{Built, Destination, Order, build, release};
use guichets_ouverts::model::{Engines, Here};
use guichets_ouverts::net;
use guichets_ouverts::publish::{self, Base, Guard, Outcome, SigningKey};
use tokio::runtime::Runtime;

use super::summary::{self, Night};
use super::{Common, display, print, say, watch};

/// Build a version from raw logs and publish it
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Run {
    /// A pipeline: its name under pipelines/, or a path to its folder
    #[arg(value_name = "PIPELINE", default_value = "rendez-vous")]
    pipeline: String,
    /// Where the raw logs are: a file, a folder, a glob, or a URL (s3, gs, az, http, https) [default: those that the
    /// pipeline names]
    #[arg(long, value_name = "PATH_OR_URL", num_args = 1..)]
    raw: Vec<String>,
    /// A raw file to leave out, by its path below what --raw names; the manifest says so. What a version has of it stays
    #[arg(long, value_name = "FILE")]
    without: Vec<String>,
    /// Take what all shards of the raw logs have read (guichets ingest), from where they left it
    #[arg(long, value_name = "URL", conflicts_with_all = ["raw", "without"])]
    ingested: Option<String>,
    /// Where versions are kept
    #[arg(long, value_name = "URL", default_value = "public")]
    store: String,
    /// Publish to a store that cannot write conditionally: there is never a second publisher
    #[arg(long)]
    sole_publisher: bool,
    /// The moment of which the version speaks, RFC 3339 with an offset [default: what the pipeline says, or now]
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    as_of: Option<DateTime<FixedOffset>>,
    /// The name of the version [default: the day of --as-of, and .2, .3 … after it]
    #[arg(long, value_name = "V")]
    version: Option<String>,
    /// Read every raw log again and derive every table anew, instead of standing on the version before
    #[arg(long)]
    rebuild: bool,
    /// Publish without the raw files that refused or retracted versions had read
    #[arg(long)]
    forget_failed: bool,
    /// Build and judge the version, and publish nothing
    #[arg(long = "dry-run")]
    only_judge: bool,
    /// Work out derived tables on another engine, by Spark Connect: Sail or Apache Spark [default: what the pipeline says, or
    /// the engine in this program]
    #[arg(long, value_name = "sc://HOST:PORT")]
    engine: Option<String>,
    /// Where files are put that the engine is to read: a folder or a URL (s3, gs, az) that it reaches by the same name [default:
    /// they stay where they are, on this machine]
    #[arg(long, value_name = "URL", requires = "engine")]
    work: Option<String>,
    /// Overrule a gate on purpose; --because says why, and the manifest keeps it
    #[arg(long, value_name = "GATE", requires = "because", value_parser = gate_of_code)]
    accept: Vec<Gate>,
    /// Why the gates named by --accept are overruled
    #[arg(long, value_name = "TEXT", requires = "accept")]
    because: Option<String>,
    /// Append a summary in Markdown to a file: verdict, counts, gates, what changed
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
}

/// An RFC 3339 instant of the command line, in the years of which attempts are believed.
pub fn instant(text: &str) -> Result<DateTime<FixedOffset>, String> {
    let instant = DateTime::parse_from_rfc3339(text)
        .map_err(|_| "not an RFC 3339 instant; write it with its offset, as in 2022-06-12T00:00:00+02:00".to_owned())?;
    if parse_rfc3339(text).is_none() {
        return Err("not an instant between 2000 and 2099, written as in 2022-06-12T00:00:00+02:00".to_owned());
    }
    Ok(instant)
}

fn gate_of_code(code: &str) -> Result<Gate, String> {
    let gates = || Gate::ALL.iter().filter(|gate| gate.can_be_overruled()).map(|gate| gate.code());
    match Gate::from_code(code) {
        Some(gate) if gate.can_be_overruled() => Ok(gate),
        Some(_) => Err("this gate says that the version does not hold together, and cannot be overruled".to_owned()),
        None => Err(format!("the gates that can be overruled are {}", gates().collect::<Vec<_>>().join(", "))),
    }
}

impl Run {
    /// What `guichets` does without a command.
    pub fn sample() -> Self {
        Self {
            pipeline: "exemple".to_owned(),
            raw: Vec::new(),
            without: Vec::new(),
            ingested: None,
            store: "public".to_owned(),
            sole_publisher: false,
            as_of: None,
            version: None,
            rebuild: false,
            forget_failed: false,
            only_judge: false,
            engine: None,
            work: None,
            accept: Vec::new(),
            because: None,
            summary: None,
        }
    }

    /// The same run that publishes nothing.
    pub fn check(pipeline: String, raw: Vec<String>, as_of: Option<DateTime<FixedOffset>>) -> Self {
        // Compared with nothing: an empty store in memory.
        Self { pipeline, raw, as_of, store: "memory:///".to_owned(), only_judge: true, ..Self::sample() }
    }

    /// Builds, judges, publishes, and tells.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        let (project, pipeline) = common.pipeline(&self.pipeline)?;
        let raw = match &self.ingested {
            Some(_) => Vec::new(),
            None => raw_logs(self.raw, &project, &pipeline)?,
        };
        let as_of = match (self.as_of, &pipeline.as_of) {
            (Some(as_of), _) => as_of,
            (None, Some(text)) => instant(text).map_err(Error::usage)?,
            (None, None) => Utc::now().fixed_offset(),
        };
        let summary = self.summary.as_deref().map(summary::open).transpose()?;
        let guard = match (self.only_judge, self.sole_publisher) {
            (true, _) => Guard::Reader,
            (false, true) => Guard::Waived,
            (false, false) => Guard::Required,
        };
        let store = publish::open(&self.store, guard)?;
        let base = Base::read(store.as_ref())?;
        base.check_pipeline(store.as_ref(), &pipeline.name)?;
        let version = match &self.version {
            Some(version) => publish::chosen_version(store.as_ref(), version)?,
            None => publish::free_version(store.as_ref(), &as_of.format("%Y-%m-%d").to_string())?,
        };
        let signing = signing_key()?;
        let reason = self.because.unwrap_or_default();
        let overrules: Vec<Overrule> =
            self.accept.into_iter().map(|gate| Overrule { gate, reason: reason.clone() }).collect();
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        let engine = match self.engine {
            Some(address) => Some(EngineSettings::at(address, self.work)),
            None => pipeline.engine.clone(),
        };
        let progress = watch::progress(common.json);
        let cluster = engine.map(|engine| Cluster::open(&engine, runtime.handle(), progress.as_ref())).transpose()?;
        let engines: &dyn Engines = cluster.as_ref().map_or(&Here, |cluster| cluster);
        let order = Order {
            project: &project,
            pipeline: &pipeline,
            raw: &raw,
            without: &self.without,
            ingested: self.ingested.as_deref(),
            as_of,
            version,
            overrules: &overrules,
            rebuild: self.rebuild,
            forget_failed: self.forget_failed,
            engines,
        };

        let started = std::time::Instant::now();
        let built = build(&order, (store.as_ref(), &base), runtime.handle(), progress.as_ref())?;
        let released = if self.only_judge {
            gate::refusal(&built.gates).map_or(Ok(None), Err)
        } else {
            let to = Destination { store: store.as_ref(), base: &base, signing: signing.as_ref() };
            release(&order, &built, &to, progress.as_ref()).map(Some)
        };
        let outcome = released.as_ref().ok().and_then(Option::as_ref);
        tell(common, &net::shown(&self.store), &built, outcome, started.elapsed());
        if let Some(file) = &summary {
            Night { pipeline: &pipeline, base: &base, built: &built, released: &released }.append_to(file);
        }
        Ok(match released? {
            Some(Outcome::NothingNew { .. }) => ExitCode::from(1),
            Some(Outcome::Published(_)) | None => ExitCode::SUCCESS,
        })
    }
}

/// The raw logs that are named, or else those of the pipeline.
pub fn raw_logs(named: Vec<String>, project: &Project, pipeline: &Pipeline) -> Result<Vec<String>> {
    let own = |raw: &String| {
        if raw.contains("://") { raw.clone() } else { project.path(raw).to_string_lossy().into_owned() }
    };
    let raw = if named.is_empty() { pipeline.raw.iter().map(own).collect() } else { named };
    if raw.is_empty() {
        return Err(Error::usage(format!("the pipeline {} names no raw logs", pipeline.name))
            .at(pipeline.folder.join("pipeline.toml").display())
            .hint("name them with --raw PATH_OR_URL"));
    }
    Ok(raw)
}

/// The key that vouches for versions, where the environment holds one: the text that `minisign -G` wrote, or its path.
pub fn signing_key() -> Result<Option<SigningKey>> {
    let Ok(stated) = std::env::var("GUICHETS_SIGNING_KEY") else { return Ok(None) };
    let text = if stated.contains('\n') {
        stated
    } else {
        std::fs::read_to_string(&stated)
            .usage("cannot read the signing key")
            .map_err(|error| error.at("GUICHETS_SIGNING_KEY"))?
    };
    SigningKey::read(&text, std::env::var("GUICHETS_SIGNING_PASSWORD").ok().as_deref()).map(Some)
}

fn tell(common: &Common, store: &str, built: &Built, outcome: Option<&Outcome>, took: std::time::Duration) {
    if common.json {
        print(&display::as_json(built, outcome));
    } else {
        say(&display::as_text(store, built, outcome, took));
    }
}

//! Lines per second from packed logs to columns by month: unpack, split, decode, check, look up the rule, gather.
//!
//! `cargo bench --bench ingest` measures the optimised build; `cargo bench --profile dev --bench ingest` the build that
//! the tests use. `ATTEMPTS` sets the size. Each figure is the best of five runs over the same simulated logs.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono_tz::Tz;
use guichets_ouverts::config::{Pipeline, Project, UnknownIds};
use guichets_ouverts::error::Result;
use guichets_ouverts::ingest::{History, Ingest, Months, find};
use guichets_ouverts::outcome::RuleSet;
use guichets_ouverts::progress::Silent;
use guichets_ouverts::registry::Registry;
use guichets_ouverts::schema::Catalog;
use guichets_ouverts::simulate::{Compression, Options, simulate};
use tokio::runtime::Runtime;

const RUNS: usize = 5;

fn main() -> Result<()> {
    let attempts = std::env::var("ATTEMPTS").ok().and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::holding(root)?;
    let catalog = Catalog::load(&project.tables())?;
    let mut pipeline = Pipeline::load(&project.pipeline_folder("exemple")?)?;
    // The scenario repeats its counters under new names to reach the size; no registry has those.
    pipeline.registry.unknown = UnknownIds::Accept;
    pipeline.registry.zone = Some(Tz::Europe__Paris);
    let registry = Registry::load(&catalog, &pipeline.registry_folders(&project))?;
    let rules = RuleSet::load(&pipeline.rules_path(&project))?;
    let runtime = Runtime::new().expect("a runtime");
    let ingest =
        Ingest { pipeline: &pipeline, registry: &registry, rules: &rules, earliest: None, runtime: runtime.handle() };

    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { seed: None, attempts: Some(attempts), compression };
        let written = simulate(&project.path("data/sample/scenario.toml"), folder.path(), &options)?;
        let raw = [folder.path().to_string_lossy().into_owned()];
        let (mut best, mut lines) = (Duration::MAX, 0);
        for _ in 0..RUNS {
            let months = Months::new(1 << 30)?;
            let started = Instant::now();
            let reading =
                ingest.read(find(&raw, &pipeline, runtime.handle())?, History::default(), &months, &Silent)?;
            best = best.min(started.elapsed());
            lines = reading.accounts.iter().map(|account| account.lines).sum();
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = lines as f64 / best.as_secs_f64();
        println!("{compression:?}: {lines} lines, {} bytes, {best:.2?}, {rate:.0} lines per second", written.bytes);
    }
    Ok(())
}

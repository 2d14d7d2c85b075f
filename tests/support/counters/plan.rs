//! Plans for the server, and what a probe needs besides: a schedule, a registry, a clock that a test moves.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use guichets_ouverts::attempt::RawAttempt;
use guichets_ouverts::config::Schedule;
use guichets_ouverts::error::{Error, Kind, Result};
use guichets_ouverts::probe::wire::Wire;
use guichets_ouverts::probe::{Agenda, Clock, Folder, Plan, Probe};
use guichets_ouverts::progress::Progress;
use guichets_ouverts::publish::SigningKey;
use guichets_ouverts::registry::Registry;
use guichets_ouverts::schema::Catalog;

use super::{Counters, Direct};
use crate::support::{plain_pipeline, root, tree};

/// The host of the declared page.
pub const HOME: &str = "sonde.example.org";

/// A service of a plan.
#[derive(Debug, Clone)]
pub struct Service {
    pub counter: String,
    pub procedure: String,
    pub system: &'static str,
    pub address: String,
    pub label: Option<&'static str>,
    pub plannings: Vec<&'static str>,
}

impl Service {
    /// One of the planning module, the `n`th of the registry.
    pub fn ez(n: usize, host: &str) -> Self {
        let (counter, procedure) = nth(n);
        let address = format!("https://{host}/booking/create/{}", 100 + n);
        Self { counter, procedure, system: "ez_planning", address, label: None, plannings: Vec::new() }
    }

    pub fn of(mut self, system: &'static str, address: String) -> Self {
        (self.system, self.address) = (system, address);
        self
    }

    fn host(&self) -> &str {
        self.address.split('/').nth(2).unwrap()
    }
}

/// The `n`th service of the registry.
fn nth(n: usize) -> (String, String) {
    let ids = |file: &str| -> Vec<String> {
        let text = std::fs::read_to_string(root().join("data/registry").join(file)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    let counters: Vec<String> = ids("guichets.csv").into_iter().filter(|id| id.ends_with("-prefecture")).collect();
    (counters[n % 60].clone(), ids("demarches.csv")[n / 60].clone())
}

/// A folder with a plan, a pipeline whose schedule has a row for each service, and room for what a probe writes.
pub struct Rehearsal {
    folder: tempfile::TempDir,
    pub services: Vec<Service>,
}

impl Rehearsal {
    pub fn new(services: Vec<Service>, cadence_min: u32, requests_per_day: u32, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows: Vec<String> = services
            .iter()
            .map(|service| {
                format!("{},{},2026-12-01T00:00:00Z,,{cadence_min},true,essai", service.counter, service.procedure)
            })
            .collect();
        plain_pipeline(
            &folder.path().join("pipeline"),
            "registry.folders = [\"data/registry\"]\n[gates]\nunrecognized_max = 1.0",
            &rows.join("\n"),
        );
        std::fs::write(folder.path().join("plan.toml"), plan_of(&services, requests_per_day, more)).unwrap();
        Self { folder, services }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub fn pipeline(&self) -> PathBuf {
        self.folder.path().join("pipeline")
    }

    pub fn plan(&self) -> Plan {
        Plan::load(&self.folder.path().join("plan.toml")).unwrap()
    }

    /// Makes the cycle that is due, without a network.
    pub fn once(
        &self,
        clock: &Moved,
        counters: &Counters,
        progress: &dyn Progress,
        key: Option<&SigningKey>,
    ) -> Result<()> {
        let plan = self.plan();
        let agenda = agenda(&plan, &self.pipeline(), clock.shows()).unwrap();
        let folder = Folder::hold(&self.out()).unwrap();
        let probe = Probe { plan: &plan, agenda: &agenda, folder: &folder, clock, progress, key };
        let passes = |time| clock.passes(time);
        let wires = || Ok(Box::new(Direct { counters: counters.clone(), passes: &passes }) as Box<dyn Wire + '_>);
        probe.once(&wires).map(|_| ())
    }
}

/// Every line of every log, and that all of them are whole.
pub fn lines(out: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, bytes) in tree(&out.join("journaux")).into_iter().filter(|(path, _)| path.ends_with(".ndjson")) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with('\n'), "{path} is torn");
        lines.extend(text.lines().map(str::to_owned));
    }
    for line in &lines {
        serde_json::from_str::<RawAttempt<'_>>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    lines
}

/// The text of a plan.
pub fn plan_of(services: &[Service], requests_per_day: u32, more: &str) -> String {
    let mut text = format!(
        "[sonde]\noperateur = \"Une association\"\npage = \"https://{HOME}/sonde\"\ncontact = \"sonde@example.org\"\n\
         point_de_mesure = \"essai-1\"\nconsentement = \"2026-11-30, la personne qui prête la machine\"\npipeline = \"pipeline\"\n{more}\n"
    );
    let mut hosts: Vec<&str> = services.iter().map(Service::host).collect();
    hosts.sort_unstable();
    hosts.dedup();
    for host in hosts {
        let conditions = "conditions = { acceptees_par = \"la présidente\", le = \"2026-11-30\" }";
        let _ = writeln!(
            text,
            "[[hote]]\nnom = \"{host}\"\nrequetes_par_jour = {requests_per_day}\npause_s = 5\n{conditions}"
        );
    }
    for service in services {
        let Service { counter, procedure, system, address, label, plannings } = service;
        let _ = writeln!(
            text,
            "[[point]]\nguichet = \"{counter}\"\ndemarche = \"{procedure}\"\nsysteme = \"{system}\"\nadresse = \"{address}\"\nplannings = {plannings:?}"
        );
        if let Some(label) = label {
            let _ = writeln!(text, "libelle = \"{label}\"");
        }
    }
    text
}

/// The agenda of a plan.
pub fn agenda<'p>(plan: &'p Plan, pipeline: &Path, now: DateTime<Utc>) -> Result<Agenda<'p>> {
    let schedule = Schedule::load(&pipeline.join("schedule.csv")).unwrap();
    let catalog = Catalog::load(&root().join("schemas/tables")).unwrap();
    let registry = Registry::load(&catalog, &[root().join("data/registry")]).unwrap();
    Agenda::new(plan, &schedule, &registry, now)
}

/// A clock that moves when somebody waits for it, or when a test says so.
#[derive(Clone)]
pub struct Moved(Arc<Mutex<(DateTime<Utc>, Duration)>>);

impl Moved {
    pub fn at(instant: &str) -> Self {
        Self(Arc::new(Mutex::new((instant.parse().unwrap(), Duration::ZERO))))
    }

    pub fn shows(&self) -> DateTime<Utc> {
        self.0.lock().unwrap().0
    }

    pub fn passes(&self, time: Duration) {
        let mut clock = self.0.lock().unwrap();
        clock.0 += TimeDelta::from_std(time).unwrap();
        clock.1 += time;
    }
}

impl Clock for Moved {
    fn now(&self) -> DateTime<Utc> {
        self.shows()
    }

    fn running(&self) -> Duration {
        self.0.lock().unwrap().1
    }

    fn sleep_until(&self, instant: DateTime<Utc>, progress: &dyn Progress) -> Result<()> {
        progress.proceed()?;
        if let Ok(left) = (instant - self.shows()).to_std() {
            self.passes(left);
        }
        Ok(())
    }
}

/// Stops a probe once its clock shows an instant.
pub struct StopsAt(pub Moved, pub DateTime<Utc>);

impl Progress for StopsAt {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn proceed(&self) -> Result<()> {
        if self.0.shows() >= self.1 { Err(Error::new(Kind::Interrupted, "stopped")) } else { Ok(()) }
    }
}

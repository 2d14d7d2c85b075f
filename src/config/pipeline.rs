//! `pipeline.toml`: what a publication is made of.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::statement::{EvidenceSettings, ProbeSettings, half_said};
use super::{Datagouv, EngineSettings, Method, Project, PublicationSettings, SourceMapping, reference};
use crate::calendar::parse_rfc3339;
use crate::error::{Context, Error, Result};

/// One publication: its sources, its rules, its schedule, its thresholds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// A slug.
    pub name: String,
    /// One line, in French.
    pub title: String,
    /// One line, in English.
    pub title_en: String,
    /// What is published, in French.
    pub description: String,
    /// True where the logs come from the simulator: the version then says so everywhere.
    #[serde(default)]
    pub simulated: bool,
    /// Where the raw logs are, unless the command line says otherwise; relative to the project's root.
    #[serde(default)]
    pub raw: Vec<String>,
    /// The moment as of which the version speaks, unless the command line says otherwise; RFC 3339.
    #[serde(default)]
    pub as_of: Option<String>,
    /// How many hours a version stays fresh, from an hour to ten years: after that, the next one is late.
    #[serde(default = "default_fresh_hours")]
    #[schemars(range(min = 1, max = 87_600))]
    pub fresh_hours: i64,
    /// The outcome rules: a path relative to the pipeline's folder, or the name of a pipeline whose rules they are.
    #[serde(default = "default_rules")]
    pub outcome_rules: PathBuf,
    /// The dated schedule, relative to the pipeline's folder.
    #[serde(default = "default_schedule")]
    pub schedule: PathBuf,
    /// Where counters and procedures are known from.
    pub registry: RegistrySettings,
    /// Mappings of foreign logs; none for logs of the contract `attempt/1`.
    #[serde(default, rename = "source")]
    pub sources: Vec<SourceMapping>,
    /// What is told of the robots themselves.
    #[serde(default)]
    pub probe: ProbeSettings,
    /// What is told of the evidence of each attempt.
    #[serde(default)]
    pub evidence: EvidenceSettings,
    /// Bounds on what is read.
    #[serde(default)]
    pub limits: Limits,
    /// Thresholds of the method.
    #[serde(default)]
    pub method: Method,
    /// Thresholds of the gates.
    #[serde(default)]
    pub gates: Gates,
    /// What the metadata of a version say beside what the data tell.
    #[serde(default)]
    pub publication: PublicationSettings,
    /// What the publication is on data.gouv.fr, if it is there.
    #[serde(default)]
    pub datagouv: Option<Datagouv>,
    /// The engine that works out derived tables, where it is not the one in this process. It changes nothing that is published.
    #[serde(default)]
    pub engine: Option<EngineSettings>,
    /// The mappings once more, as the person wrote them: what a run did is compared by that.
    #[serde(skip)]
    pub sources_as_written: Vec<toml::Value>,
    /// The folder that the pipeline was read from.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn default_rules() -> PathBuf {
    "outcome-rules.toml".into()
}

/// A day and a half: one missed night does not ring a bell before the morning after.
const fn default_fresh_hours() -> i64 {
    36
}

fn default_schedule() -> PathBuf {
    "schedule.csv".into()
}

/// Where counters and procedures are known from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrySettings {
    /// Folders of registry tables, relative to the project's root; a row of a later one stands beside those before it.
    pub folders: Vec<String>,
    /// What becomes of a line whose counter or procedure is not in the registry.
    #[serde(default)]
    pub unknown: UnknownIds,
    /// The zone of a counter that is not in the registry, where such lines are accepted.
    #[serde(default)]
    #[schemars(with = "Option<String>", example = "Europe/Paris")]
    pub zone: Option<Tz>,
}

/// What becomes of a line whose counter or procedure is not in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownIds {
    /// It is set aside, with the reason.
    #[default]
    Quarantine,
    /// It is taken as it is, in the stated zone.
    Accept,
}

/// Bounds on what is read, so that no file can exhaust the machine.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Longest line that is kept, in bytes.
    #[schemars(range(min = 1))]
    pub line_bytes: usize,
    /// How many times larger than its file a stream may unpack, beyond the first 64 MiB.
    pub unpack_ratio: u64,
    /// How far a zstd stream may look back, in MiB, of which the largest power of two counts: this much memory is taken
    /// for each file that is being read. By default as much as the zstd tool takes; from 1 to 2048.
    #[schemars(range(min = *ZSTD_WINDOW_MIB.start(), max = *ZSTD_WINDOW_MIB.end()))]
    pub zstd_window_mib: u64,
    /// How much memory a run may take, in MiB: a quarter of it is for decoded attempts that wait, and beyond it go to disk;
    /// half of it for what models work on at once. A run that is given less takes longer, and says the same.
    pub memory_mib: usize,
}

/// What the zstd library can be told.
const ZSTD_WINDOW_MIB: RangeInclusive<u64> = 1..=2048;

impl Default for Limits {
    fn default() -> Self {
        Self { line_bytes: 1 << 20, unpack_ratio: 300, zstd_window_mib: 128, memory_mib: 512 }
    }
}

impl Limits {
    /// How many bytes of decoded attempts may wait in memory.
    #[must_use]
    pub const fn gathered_bytes(&self) -> usize {
        self.memory_mib.saturating_mul(1 << 20) / 4
    }

    /// How many bytes models may work on at once.
    #[must_use]
    pub const fn model_bytes(&self) -> usize {
        self.memory_mib.saturating_mul(1 << 20) / 2
    }

    /// What `zstd_window_mib` is for the library: a power of two of bytes.
    #[must_use]
    pub fn zstd_window_log(&self) -> u32 {
        (self.zstd_window_mib.clamp(*ZSTD_WINDOW_MIB.start(), *ZSTD_WINDOW_MIB.end()) << 20).ilog2()
    }
}

/// Thresholds of the gates: what a version must satisfy before anyone can see it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gates {
    /// Fewest attempts.
    pub attempts_min: u64,
    /// Fewest attempts that answered yes or no.
    pub answers_min: u64,
    /// Largest share of lines set aside.
    #[schemars(range(min = 0, max = 1))]
    pub quarantine_max: f64,
    /// Largest share of attempts whose page was not recognised.
    #[schemars(range(min = 0, max = 1))]
    pub unrecognized_max: f64,
    /// Largest share of cycles that cannot be what they say: a name used again, a cycle that lasts too long, a planning
    /// asked twice in one try.
    #[schemars(range(min = 0, max = 1))]
    pub cycles_max: f64,
    /// Largest share of consultations of which a planning that was expected was not asked.
    #[schemars(range(min = 0, max = 1))]
    pub incomplete_max: f64,
    /// From how many answers on a day of one probe with « yes » alone is taken for a log that cannot say « no ».
    pub only_yes_min: u64,
    /// Largest share of the attempts of the version before that may be gone.
    #[schemars(range(min = 0, max = 1))]
    pub removed_max: f64,
    /// Largest share of the attempts of the version before whose outcome may be another.
    #[schemars(range(min = 0, max = 1))]
    pub moved_max: f64,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            attempts_min: 1,
            answers_min: 1,
            quarantine_max: 0.01,
            unrecognized_max: 0.05,
            cycles_max: 0.05,
            incomplete_max: 0.05,
            only_yes_min: 50,
            removed_max: 0.001,
            moved_max: 0.01,
        }
    }
}

impl Pipeline {
    /// Reads `pipeline.toml` of a folder.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) with the file and the line.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join("pipeline.toml");
        let place = |error: Error| error.at_path(&path);
        let text = std::fs::read_to_string(&path).usage("cannot read the pipeline").map_err(place)?;
        let mut pipeline: Self = reference::read(&text, "pipeline", Some(&path))?;
        folder.clone_into(&mut pipeline.folder);
        let written: toml::Table = toml::from_str(&text).usage("not a pipeline").map_err(place)?;
        pipeline.sources_as_written =
            written.get("source").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        if let Some(as_of) = &pipeline.as_of
            && parse_rfc3339(as_of).is_none()
        {
            return Err(place(
                Error::usage(format!("as_of « {as_of} » is not an RFC 3339 instant"))
                    .hint("write it with its offset, as in 2022-06-12T00:00:00+02:00"),
            ));
        }
        if pipeline.registry.unknown == UnknownIds::Accept && pipeline.registry.zone.is_none() {
            return Err(place(
                Error::usage("registry.unknown = \"accept\" needs registry.zone")
                    .hint("name the time zone of the counters, as in zone = \"Europe/Berlin\""),
            ));
        }
        if let Some(key) = half_said(&pipeline.probe, &pipeline.evidence) {
            return Err(place(
                Error::usage(format!("{key} says nothing in one of its languages"))
                    .hint("write both fr and en, or leave the key out: it is then said to be not stated"),
            ));
        }
        pipeline.publication.check().map_err(place)?;
        if pipeline.datagouv.is_some() {
            pipeline.publication.root().map_err(place)?;
        }
        for source in &pipeline.sources {
            source.check().map_err(place)?;
        }
        Ok(pipeline)
    }

    /// The file of outcome rules: one of its own, or that of a pipeline of the project that it names.
    #[must_use]
    pub fn rules_path(&self, project: &Project) -> PathBuf {
        let own = self.folder.join(&self.outcome_rules);
        if own.is_file() {
            return own;
        }
        let named = project.path("pipelines").join(&self.outcome_rules).join(default_rules());
        if named.is_file() { named } else { own }
    }

    /// The file of the schedule.
    #[must_use]
    pub fn schedule_path(&self) -> PathBuf {
        self.folder.join(&self.schedule)
    }

    /// The registry's folders.
    #[must_use]
    pub fn registry_folders(&self, project: &Project) -> Vec<PathBuf> {
        self.registry.folders.iter().map(|folder| project.path(folder)).collect()
    }
}

//! The vocabulary of a scenario: what a TOML file may say.
//!
//! A date is written as TOML writes it, without quotes: `2019-02-01`, `2019-04-21T15:45:00` (both in the scenario's
//! zone) or `2019-04-21T15:45:00+02:00`. Every interval includes its beginning and excludes its end. A key that is not
//! of the vocabulary is an error, so a misspelt rate cannot be ignored.

use std::path::Path;

use chrono::Weekday;
use chrono_tz::Tz;
use serde::Deserialize;
use toml::value::Datetime;

use crate::attempt::System;
use crate::error::{Context, Result};

/// A whole scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The seed used when the caller gives none.
    pub seed: u64,
    /// The beginning of the campaign.
    pub from: Datetime,
    /// Its end.
    pub to: Datetime,
    /// The robot's own zone: it gives dates without an offset their meaning, and cuts the log into files.
    pub zone: Zone,
    /// How the log is cut into files.
    #[serde(default)]
    pub files: Cut,
    /// How many days ahead the robot looks.
    #[serde(default = "default_horizon")]
    pub horizon_days: u32,
    /// Who the robot says it is.
    #[serde(default)]
    pub robot: Robot,
    /// What goes wrong by itself, unless a service says otherwise.
    #[serde(default)]
    pub noise: Noise,
    /// What goes wrong between the robot and the reader of its files.
    #[serde(default)]
    pub delivery: Delivery,
    /// The services that are watched; one service may stand several times, with dates that do not overlap.
    #[serde(rename = "service")]
    pub services: Vec<Service>,
    /// Times when the robot wrote no line at all.
    #[serde(default, rename = "outage")]
    pub outages: Vec<Event>,
    /// Times when pages were refused to the robot.
    #[serde(default, rename = "block")]
    pub blocks: Vec<Event>,
    /// Times when a captcha stood before the answer.
    #[serde(default, rename = "captcha")]
    pub captchas: Vec<Event>,
}

/// A zone of the IANA database, such as `Europe/Paris`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone(pub Tz);

impl TryFrom<String> for Zone {
    type Error = chrono_tz::ParseError;

    fn try_from(name: String) -> std::result::Result<Self, Self::Error> {
        name.parse().map(Self)
    }
}

/// How the log is cut into files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// `attempts-2019-04.ndjson`
    #[default]
    Month,
    /// `attempts-2019-04-21.ndjson`
    Day,
}

/// Who the robot says it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Robot {
    /// Its name.
    pub probe: String,
    /// Its version.
    pub version: String,
    /// The identity that it declares to those it visits.
    pub signature: String,
    /// The share of pages of which it keeps a picture; of each page it keeps the body.
    pub pictures: f64,
}

impl Default for Robot {
    fn default() -> Self {
        Self {
            probe: "simulateur".into(),
            version: "1.0.0".into(),
            signature: "simulateur (https://www.exemple.invalid/robot)".into(),
            pictures: 1.0,
        }
    }
}

/// A service (a counter and a procedure), over a stretch of time with one cadence and one behaviour.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The counter, by its id in the registry.
    pub counter: String,
    /// The procedure, by its id in the registry.
    pub procedure: String,
    /// The sub-units of the service, each asked once in every cycle; none means that the service has no sub-unit.
    #[serde(default)]
    pub plannings: Vec<String>,
    /// The booking system that answers.
    pub system: System,
    /// The counter's zone; the scenario's if absent.
    pub zone: Option<Zone>,
    /// The beginning of the stretch; the campaign's if absent.
    pub from: Option<Datetime>,
    /// Its end; the campaign's if absent.
    pub to: Option<Datetime>,
    /// Minutes from one cycle to the next, counted in elapsed time: a day of 23 hours has 23 hourly cycles.
    pub cadence_minutes: u32,
    /// Minutes from the beginning of the stretch to the first cycle.
    #[serde(default)]
    pub offset_minutes: u32,
    /// How late an attempt may begin, drawn evenly.
    #[serde(default = "default_jitter")]
    pub jitter_seconds: u32,
    /// From where the robot looks; several take turns, one cycle each.
    pub vantages: Vec<String>,
    /// Whether there are appointments.
    pub availability: Availability,
    /// Days between the attempt and the first date offered: at least, at most.
    #[serde(default = "default_lead")]
    pub lead_days: [u32; 2],
    /// What goes wrong by itself; replaces the scenario's whole table.
    pub noise: Option<Noise>,
}

/// Whether there are appointments, at each look that gets an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Availability {
    /// Never.
    Never,
    /// By chance, this often.
    Probability(f64),
    /// Exactly `yes` proposals in every `of` answers, at places drawn by chance.
    Exact {
        /// How many answers are proposals.
        yes: u32,
        /// How many answers are counted.
        of: u32,
    },
    /// At one hour of one day of the week, local time, for some hours.
    WeeklyRelease {
        /// The day.
        weekday: Weekday,
        /// The hour.
        hour: u32,
        /// How many hours pass until all is gone.
        lasts_hours: u32,
    },
}

/// How often things go wrong: each a share of the looks, from 0 to 1, together at most 1.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Noise {
    /// The robot skips the service in this cycle: no line.
    pub missed_cycle: f64,
    /// No answer in time.
    pub timeout: f64,
    /// The connection is cut.
    pub connection_reset: f64,
    /// A connection, and nothing on it.
    pub empty_response: f64,
    /// The name does not resolve.
    pub dns_error: f64,
    /// 502 Bad Gateway.
    pub bad_gateway: f64,
    /// 503, overloaded.
    pub overloaded: f64,
    /// 429.
    pub rate_limited: f64,
    /// The site says that it is in maintenance.
    pub maintenance: f64,
    /// A captcha before the answer.
    pub captcha: f64,
    /// The robot is thrown back to the first page.
    pub session_lost: f64,
    /// A page of which nothing is recognised.
    pub unrecognized: f64,
    /// Of the looks that got no answer, the share that the robot's own verdict calls an answer, as real robots do.
    pub wrong_verdict: f64,
}

/// What goes wrong between the robot and the reader of its files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// The share of lines that the next file delivers a second time.
    pub duplicates: f64,
    /// Lines written badly once, just before they are written well: they cost no attempt.
    pub spoiled_lines: Vec<SpoiledLine>,
}

/// A line written badly once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoiledLine {
    /// The first attempt that begins then or later is the one.
    pub at: Datetime,
    /// What is wrong with it.
    pub damage: Damage,
}

/// What is wrong with a spoiled line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// The second half is missing.
    CutInHalf,
    /// A field of which the contract knows nothing.
    UnknownField,
    /// It begins on 30 February.
    ImpossibleDate,
    /// A byte that is not UTF-8.
    InvalidUtf8,
}

/// Something that lasts, for some or for all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The beginning.
    pub from: Datetime,
    /// The end; the campaign's if absent.
    pub to: Option<Datetime>,
    /// Only the looks from there; from anywhere if absent.
    pub vantage: Option<String>,
    /// Only these booking systems; all if empty.
    #[serde(default)]
    pub systems: Vec<System>,
    /// Only these counters; all if empty.
    #[serde(default)]
    pub counters: Vec<String>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// The file cannot be read, or says something that is not of the vocabulary.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).usage("the scenario cannot be read").map_err(|error| {
            error.at_path(path).hint("give the path of a scenario such as data/sample/scenario.toml")
        })?;
        toml::from_str(&text).usage("the scenario is not understood").map_err(|error| error.at_path(path))
    }
}

const fn default_horizon() -> u32 {
    90
}

const fn default_jitter() -> u32 {
    300
}

const fn default_lead() -> [u32; 2] {
    [2, 80]
}

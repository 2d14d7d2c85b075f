//! The plan as it stands in the file.

use std::net::SocketAddr;

use chrono::{DateTime, NaiveDate, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::form::form_of;
use crate::attempt::System;
use crate::probe::bounds::{PAUSE_MAX_S, PAUSE_MIN_S, REQUESTS_PER_HOST_DAY};

/// What a probe looks at, and who answers for it. It may be stricter than the program, never more lenient.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Plan")]
pub struct Written {
    /// Who looks.
    pub sonde: WrittenProbe,
    /// Each host that may be asked.
    #[serde(default)]
    pub hote: Vec<WrittenHost>,
    /// Each service that is looked at, at least one.
    #[serde(default)]
    pub point: Vec<WrittenPoint>,
    /// A rehearsal: another server is asked in the place of every host.
    pub essai: Option<WrittenRehearsal>,
}

/// Who looks. A probe that does not say who it is does not start.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Probe")]
pub struct WrittenProbe {
    /// Who answers for the probe.
    pub operateur: String,
    /// The `https://` page that declares it: named in every request, and asked for before each cycle.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String", example = "https://example.org/sonde")]
    pub page: Url,
    /// An address of electronic mail to write to: the `From` of every request.
    #[schemars(example = "sonde@example.org")]
    pub contact: String,
    /// From where it looks: an alias of lower-case letters, digits, `-` and `_`, never an address.
    #[schemars(example = "paris-1")]
    pub point_de_mesure: String,
    /// Who lends the machine, and since when they know what for.
    pub consentement: String,
    /// Whether the page of each line is kept, as WARC, in a folder of the machine that nobody else reads.
    #[serde(default)]
    pub garder_pages: bool,
    /// The pipeline whose `schedule.csv` says when to look: a name, or a path beside the plan.
    #[schemars(example = "rendez-vous")]
    pub pipeline: String,
}

/// A host that may be asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Host")]
pub struct WrittenHost {
    /// Its name.
    #[schemars(example = "www.example.gouv.fr")]
    pub nom: String,
    /// Most requests in one day of UTC. A plan may be stricter than the program, never more lenient.
    #[schemars(range(min = 1, max = REQUESTS_PER_HOST_DAY))]
    pub requetes_par_jour: u32,
    /// The shortest pause between two requests, in seconds. A plan may be stricter than the program, never more lenient.
    #[schemars(range(min = PAUSE_MIN_S, max = PAUSE_MAX_S))]
    pub pause_s: u32,
    /// Who read and accepted the conditions of use of its sites; `ez_planning` is not asked without.
    pub conditions: Option<Conditions>,
}

/// That the conditions of use were read and accepted by a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// By whom.
    #[serde(rename = "acceptees_par")]
    pub by: String,
    /// When.
    #[serde(rename = "le")]
    #[schemars(with = "String", extend("format" = "date"))]
    pub on: NaiveDate,
}

/// A service, and where it is looked at.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Point")]
pub struct WrittenPoint {
    /// The counter, by its id in the registry.
    #[schemars(example = "rouen-prefecture")]
    pub guichet: String,
    /// The procedure, by its id in the registry.
    #[schemars(example = "premier-titre")]
    pub demarche: String,
    /// The booking system.
    #[schemars(schema_with = "systems")]
    pub systeme: System,
    /// Where it begins, without the number of a step.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String", example = "https://www.example.gouv.fr/booking/create/123")]
    pub adresse: Url,
    /// What the page calls the service; `rdv_service_public` says nothing without.
    pub libelle: Option<String>,
    /// `ez_planning`: the plannings, each of which is asked; left out where there is no choice.
    #[serde(default)]
    pub plannings: Vec<String>,
}

/// A rehearsal.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rehearsal")]
pub struct WrittenRehearsal {
    /// A server on this machine, asked in clear.
    #[schemars(with = "String", example = "127.0.0.1:8080")]
    pub serveur: SocketAddr,
    /// From when the rehearsal takes place, by a clock of its own that leaps over every wait; with `au`, or not at all.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub du: Option<DateTime<Utc>>,
    /// To when.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub au: Option<DateTime<Utc>>,
}

/// Those that this version asks.
fn systems(_: &mut SchemaGenerator) -> Schema {
    let asked = System::ALL.iter().filter(|system| form_of(**system).is_some());
    json_schema!({ "type": "string", "enum": asked.map(|system| system.code()).collect::<Vec<_>>() })
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(|error| D::Error::custom(format!("« {text} » is no address: {error}")))
}

//! `[datagouv]` of `pipeline.toml`: what a publication is on data.gouv.fr, or on another instance of udata.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::{Host, Url};

/// What an id of the platform looks like.
const OBJECT_ID: &str = "^[0-9a-f]{24}$";

/// What a publication is on data.gouv.fr.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Datagouv {
    /// The first API of the instance; its address ends in `/api/1/`.
    #[serde(default = "default_api", deserialize_with = "api_address")]
    #[schemars(with = "String", extend("default" = API))]
    pub api: Url,
    /// The dataset, by its id; none until it was created.
    #[serde(default, deserialize_with = "object_id")]
    #[schemars(regex(pattern = OBJECT_ID))]
    pub dataset: Option<String>,
    /// The organisation in whose name the dataset is created, by its id; none for the owner of the key.
    #[serde(default, deserialize_with = "object_id")]
    #[schemars(regex(pattern = OBJECT_ID))]
    pub organization: Option<String>,
    /// The title, unless it is the pipeline's.
    #[serde(default)]
    pub title: Option<String>,
    /// The first paragraphs of the description, unless they are the pipeline's.
    #[serde(default)]
    pub description: Option<String>,
    /// Keywords, as the platform writes them. Those that a person adds or removes there stay so.
    #[serde(default, deserialize_with = "keywords")]
    pub tags: Vec<String>,
    /// How often something new is published, in the platform's vocabulary.
    #[serde(default = "default_frequency")]
    pub frequency: String,
    /// Of which territory the data speak.
    #[serde(default)]
    pub spatial: Spatial,
    /// The licence by the platform's id, unless it follows from the version's.
    #[serde(default)]
    pub licence: Option<String>,
    /// How long one request may take, in seconds.
    #[serde(default = "default_timeout")]
    #[schemars(range(min = 1))]
    pub timeout_s: u64,
}

/// Of which territory the data speak, in the platform's vocabulary.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Spatial {
    /// Ids of zones.
    pub zones: Vec<String>,
    /// The finest unit that the data tell apart.
    pub granularity: String,
}

impl Default for Spatial {
    fn default() -> Self {
        Self { zones: vec!["country:fr".to_owned()], granularity: "fr:departement".to_owned() }
    }
}

/// The first API of data.gouv.fr.
const API: &str = "https://www.data.gouv.fr/api/1/";

fn default_api() -> Url {
    // It parses, as the tests show.
    Url::parse(API).unwrap_or_else(|_| unreachable!())
}

fn default_frequency() -> String {
    "daily".to_owned()
}

const fn default_timeout() -> u64 {
    60
}

/// Whether an address leads to this very machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// An address of a folder on the web; `https`, except on this very machine.
fn folder_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    let url = Url::parse(&text).map_err(|error| D::Error::custom(format!("« {text} » is no address: {error}")))?;
    let refused = |why: &str| Err(D::Error::custom(format!("« {text} » {why}")));
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if !secure {
        return refused("does not begin with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("holds a name or a password; credentials have no place in a configuration");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.path().ends_with('/') {
        return refused("is no address of a folder: it must end in a slash");
    }
    Ok(url)
}

fn api_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let url = folder_address(deserializer)?;
    if url.path().ends_with("/api/1/") {
        Ok(url)
    } else {
        Err(D::Error::custom(format!("« {url} » does not end in /api/1/, as in https://demo.data.gouv.fr/api/1/")))
    }
}

/// An id of 24 hexadecimal digits: a slug changes with the title.
fn object_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
        Ok(Some(text))
    } else {
        Err(D::Error::custom(format!(
            "« {text} » is no id of the platform: 24 hexadecimal digits, not the page's name"
        )))
    }
}

/// The platform rewrites a keyword to lower-case ASCII words with hyphens between them: one that is written otherwise
/// would never be found again.
fn keywords<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let tags = Vec::<String>::deserialize(deserializer)?;
    for tag in &tags {
        let plain = tag.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        if !plain || !(3..=96).contains(&tag.len()) {
            return Err(D::Error::custom(format!(
                "« {tag} » is no keyword: 3 to 96 lower-case letters without accents or digits, with hyphens between words"
            )));
        }
    }
    Ok(tags)
}

//! `[probe]` and `[evidence]` of `pipeline.toml`: what a reader must know of the robot and of what it kept, and that no log says.
//!
//! All of it may be left out. What is not stated is said to be not stated: nothing is assumed of a robot that others run.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::Language;

/// A statement in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// In French.
    fr: String,
    /// In English.
    en: String,
}

impl Statement {
    /// The statement in one language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::French => self.fr.trim(),
            Language::English => self.en.trim(),
        }
    }

    fn is_whole(&self) -> bool {
        !self.fr.trim().is_empty() && !self.en.trim().is_empty()
    }
}

/// What is told of the robots themselves.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeSettings {
    /// The declared identities whose text is published; of others the table `signatures` has a digest alone.
    pub signatures: Vec<String>,
    /// Who runs the robot.
    pub operator: Option<Statement>,
    /// What it does on a site, and what it does not.
    pub behaviour: Option<Statement>,
    /// What one of its « no » means: what the site said or showed.
    pub no_means: Option<Statement>,
}

/// What is told of the evidence of each attempt: pages, screenshots, raw logs. None of it is published.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceSettings {
    /// What is kept.
    pub kept: Option<Statement>,
    /// By whom, and whom to ask for it.
    pub keeper: Option<Statement>,
    /// For how long.
    pub retention: Option<Statement>,
}

/// The first statement that says nothing in one of the languages, by its key.
pub(super) fn half_said(probe: &ProbeSettings, evidence: &EvidenceSettings) -> Option<&'static str> {
    let stated = [
        ("probe.operator", &probe.operator),
        ("probe.behaviour", &probe.behaviour),
        ("probe.no_means", &probe.no_means),
        ("evidence.kept", &evidence.kept),
        ("evidence.keeper", &evidence.keeper),
        ("evidence.retention", &evidence.retention),
    ];
    let half = |(_, said): &(&str, &Option<Statement>)| said.as_ref().is_some_and(|said| !said.is_whole());
    stated.into_iter().find(half).map(|(key, _)| key)
}

//! The plan of a probe: who answers for it, which hosts it may ask, and what it looks at. It may be stricter than
//! [`bounds`](super::bounds), never more lenient, and does not start without a name, a page and an address to write to.

mod form;
mod rehearsal;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use chrono::TimeDelta;
use regex::Regex;
use url::Url;

pub use rehearsal::Rehearsal;

use self::rehearsal::VANTAGE;
use super::bounds::NEVER_HOSTS;
use crate::attempt::System;
use crate::attempt::bounds::{is_alias, is_identifier};
use crate::config::reference;
use crate::error::{Context, Error, Result};
use form::form_of;
pub use written::Conditions;
use written::{Written, WrittenHost, WrittenPoint, WrittenRehearsal};

/// A plan that was checked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Who answers for the probe.
    pub operator: String,
    /// The page that declares it, named in every request, and asked for before each cycle.
    pub page: Url,
    /// Whom to write to.
    pub contact: String,
    /// From where it looks: an alias, as in the lines.
    pub vantage: String,
    /// Who lends the machine, and since when they know what for.
    pub consent: String,
    /// Whether the page on which each line stands is kept, for the operator alone.
    pub keeps_pages: bool,
    /// The pipeline whose schedule says when to look: a name, or a path beside the plan.
    pub pipeline: String,
    /// The hosts that may be asked, by name.
    pub hosts: BTreeMap<String, Host>,
    /// What is looked at, in the order of the plan.
    pub points: Vec<Point>,
    /// Where a rehearsal takes place, where this is one.
    pub rehearsal: Option<Rehearsal>,
}

/// A host that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Most requests in one day of UTC.
    pub requests_per_day: u32,
    /// The shortest pause between two.
    pub pause: TimeDelta,
    /// Who accepted the conditions of its sites, where somebody did.
    pub conditions: Option<Conditions>,
}

/// A service, and where it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The counter, by its id in the registry.
    pub counter: String,
    /// The procedure, by its id in the registry.
    pub procedure: String,
    /// The booking system.
    pub system: System,
    /// Where it begins, without the number of a step.
    pub address: Url,
    /// What the page calls it.
    pub label: Option<String>,
    /// The plannings that are asked one by one; none where the service is asked as a whole.
    pub plannings: Vec<String>,
}

impl Point {
    /// The host that is asked.
    #[must_use]
    pub fn host(&self) -> &str {
        self.address.host_str().unwrap_or_default()
    }

    /// The address at which a look begins.
    #[must_use]
    pub fn entry(&self) -> Url {
        let mut url = self.address.clone();
        if self.system == System::EzPlanning {
            url.set_path(&format!("{}/0", self.address.path()));
        }
        url
    }

    /// What is asked one by one: each planning, or the service as a whole.
    pub fn looks(&self) -> impl Iterator<Item = Option<&str>> {
        let whole = self.plannings.is_empty().then_some(None);
        self.plannings.iter().map(|planning| Some(planning.as_str())).chain(whole)
    }

    /// Most requests that one look at it takes.
    #[must_use]
    pub const fn requests(&self) -> u32 {
        match self.system {
            // Four pages, each of which may be a form and a redirection to its answer.
            System::EzPlanning => 8,
            System::Rdvpref => 4,
            _ => 2,
        }
    }
}

/// An address to write to.
static MAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$").ok());

/// The JSON Schema of a plan.
#[must_use]
pub fn plan_schema() -> serde_json::Value {
    reference::json_schema::<Written>()
}

impl Plan {
    /// Reads and checks a plan.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage): it lacks who answers for it, asks more than the bounds allow, or names what the
    /// probe does not visit.
    pub fn load(path: &Path) -> Result<Self> {
        let here = |error: Error| error.at_path(path);
        let text = std::fs::read_to_string(path).usage("cannot read the plan").map_err(here)?;
        Self::of(&text, Some(path))
    }

    /// The same of a text.
    ///
    /// # Errors
    /// As [`load`](Self::load), without the place.
    pub fn parse(text: &str) -> Result<Self> {
        Self::of(text, None)
    }

    fn of(text: &str, path: Option<&Path>) -> Result<Self> {
        let written = reference::read(text, "plan", path)?;
        Self::checked(written).map_err(|error| match path {
            Some(path) => error.at_path(path),
            None => error,
        })
    }

    fn checked(written: Written) -> Result<Self> {
        let mut hosts = BTreeMap::new();
        for host in written.hote {
            let name = host.nom.clone();
            if hosts.insert(name.clone(), host.checked()?).is_some() {
                return Err(Error::usage(format!("the host {name} is there twice")));
            }
        }
        let points = written.point.into_iter().map(|point| point.checked(&hosts)).collect::<Result<Vec<Point>>>()?;
        let probe = written.sonde;
        let rehearsal = written.essai.map(WrittenRehearsal::checked).transpose()?;
        let plan = Self {
            operator: probe.operateur.trim().to_owned(),
            page: probe.page,
            contact: probe.contact.trim().to_owned(),
            vantage: probe.point_de_mesure,
            consent: probe.consentement.trim().to_owned(),
            keeps_pages: probe.garder_pages,
            pipeline: probe.pipeline,
            hosts,
            points,
            rehearsal,
        };
        plan.check()?;
        Ok(plan)
    }

    fn check(&self) -> Result<()> {
        let said = |text: &str, key: &str| match text.chars().filter(|letter| letter.is_alphanumeric()).count() {
            0..3 => Err(Error::usage(format!("[sonde] {key} says nothing"))
                .hint("a probe that does not say who it is does not start")),
            _ => Ok(()),
        };
        said(&self.operator, "operateur")?;
        said(&self.consent, "consentement")?;
        if self.page.scheme() != "https" || self.page.host_str().is_none() || !self.page.as_str().is_ascii() {
            return Err(Error::usage(format!("[sonde] page « {} » is no https:// address", self.page)));
        }
        // It is asked for without the gate, as one's own.
        let home = self.page.host_str().unwrap_or_default();
        if self.hosts.contains_key(home) || is_never_asked(home) {
            return Err(Error::usage(format!("[sonde] page is on {home}, which is not the operator's")));
        }
        if !MAIL.as_ref().is_some_and(|mail| mail.is_match(&self.contact)) {
            return Err(Error::usage(format!("[sonde] contact « {} » is no address to write to", self.contact)));
        }
        if !is_alias(&self.vantage) {
            return Err(Error::usage(format!("[sonde] point_de_mesure « {} » is no alias", self.vantage))
                .hint("lower-case letters, digits, - and _; never an address"));
        }
        if self.rehearsal.is_some() && !self.vantage.starts_with(VANTAGE) {
            return Err(Error::usage(format!("[essai] with the point_de_mesure « {} »", self.vantage))
                .hint(format!("that of a rehearsal begins with {VANTAGE}, so that nobody takes its lines for seen")));
        }
        if self.points.is_empty() {
            return Err(Error::usage("the plan has no [[point]]"));
        }
        let services: BTreeSet<_> = self.points.iter().map(|point| (&point.counter, &point.procedure)).collect();
        if services.len() < self.points.len() {
            return Err(Error::usage("a service is there twice").hint("name its plannings in one [[point]]"));
        }
        Ok(())
    }
}

/// Whether a host is one that no plan may name, or lies below one.
fn is_never_asked(name: &str) -> bool {
    NEVER_HOSTS.iter().any(|never| name == *never || name.ends_with(&format!(".{never}")))
}

impl WrittenHost {
    fn checked(self) -> Result<Host> {
        let name = &self.nom;
        if is_never_asked(name) {
            return Err(Error::usage(format!("{name} is a host that the probe never asks"))
                .hint("a redirection to it is noted, and not followed"));
        }
        if self.conditions.as_ref().is_some_and(|conditions| conditions.by.trim().is_empty()) {
            return Err(Error::usage(format!("{name}: conditions.acceptees_par names nobody")));
        }
        let pause = TimeDelta::seconds(self.pause_s.into());
        Ok(Host { requests_per_day: self.requetes_par_jour, pause, conditions: self.conditions })
    }
}

impl WrittenPoint {
    fn checked(self, hosts: &BTreeMap<String, Host>) -> Result<Point> {
        let service = format!("{} / {}", self.guichet, self.demarche);
        let refused = |why: String| Err(Error::usage(format!("{service}: {why}")));
        if let Some(strange) =
            [&self.guichet, &self.demarche].into_iter().chain(&self.plannings).find(|text| !is_identifier(text))
        {
            return refused(format!("« {strange} » is no id"));
        }
        let host = self.adresse.host_str().and_then(|name| hosts.get(name));
        let Some(host) = host else { return refused(format!("the host of {} has no [[hote]]", self.adresse)) };
        let Some(form) = form_of(self.systeme) else {
            return refused(format!("{} is not asked by this version", self.systeme.code()));
        };
        let bare =
            self.adresse.scheme() == "https" && self.adresse.username().is_empty() && self.adresse.password().is_none();
        let fits = Regex::new(form.path).is_ok_and(|path| path.is_match(self.adresse.path()));
        if !bare || !fits || self.adresse.query().is_some() != form.query || self.adresse.fragment().is_some() {
            return refused(format!(
                "{} is no address of {}, such as {}",
                self.adresse,
                self.systeme.code(),
                form.example
            ));
        }
        if self.systeme == System::EzPlanning && host.conditions.is_none() {
            let told =
                format!("{service}: nobody accepted the conditions of {}", self.adresse.host_str().unwrap_or_default());
            return Err(Error::usage(told).hint(
                "conditions = { acceptees_par = \"…\", le = 2026-12-01 } in its [[hote]], once a person has read them",
            ));
        }
        if self.systeme == System::RdvServicePublic
            && self.libelle.as_deref().is_none_or(|label| label.trim().is_empty())
        {
            return refused("libelle is missing: a page that does not name the motif says nothing of it".to_owned());
        }
        if self.systeme != System::EzPlanning && !self.plannings.is_empty() {
            return refused(format!("{} has no plannings", self.systeme.code()));
        }
        Ok(Point {
            counter: self.guichet,
            procedure: self.demarche,
            system: self.systeme,
            address: self.adresse,
            label: self.libelle.map(|label| label.trim().to_owned()),
            plannings: self.plannings,
        })
    }
}

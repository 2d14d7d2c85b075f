//! The only requests that can be made of each booking system: a list of what is done, not of what is forbidden. What a page
//! offers besides, a form to a confirming step or a link to an identity, has no shape here and does not leave.

use url::Url;

use super::plan::Point;
use crate::attempt::System;

/// How something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// A page is read.
    Get,
    /// A form is sent, with [`FIELDS`](super::bounds::FIELDS) alone.
    Post,
}

impl Method {
    /// Its name in HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// One request that may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Of which system.
    pub system: System,
    /// How it is asked.
    pub method: Method,
    /// What follows the address of the point.
    pub suffix: &'static str,
    /// What it is for, as the declared page says it.
    pub purpose: &'static str,
}

const fn shape(system: System, method: Method, suffix: &'static str, purpose: &'static str) -> Shape {
    Shape { system, method, suffix, purpose }
}

/// All of them.
pub const SHAPES: &[Shape] = &[
    shape(System::EzPlanning, Method::Get, "/0", "lire les conditions d'utilisation"),
    shape(System::EzPlanning, Method::Post, "/0", "les accepter, là où l'opérateur l'a décidé"),
    shape(System::EzPlanning, Method::Get, "/1", "lire la liste des guichets"),
    shape(System::EzPlanning, Method::Post, "/1", "en choisir un"),
    shape(System::EzPlanning, Method::Get, "/2", "lire la réponse « plus de plage horaire »"),
    shape(System::EzPlanning, Method::Get, "/3", "lire la nature du rendez-vous"),
    shape(System::EzPlanning, Method::Post, "/3", "demander l'emploi du temps"),
    shape(System::EzPlanning, Method::Get, "/4", "lire l'emploi du temps"),
    shape(System::Rdvpref, Method::Get, "", "lire la page d'accueil de la démarche"),
    shape(System::Rdvpref, Method::Get, "cgu/", "constater le captcha, sans y répondre"),
    shape(System::RdvServicePublic, Method::Get, "", "lire la page publique du motif"),
    shape(System::Anef, Method::Get, "", "constater le renvoi vers un autre site, sans le suivre"),
    shape(System::DemarchesSimplifiees, Method::Get, "", "constater le renvoi vers un autre site, sans le suivre"),
];

/// The one parameter that a site may add to an address: its reason for sending the visitor back.
pub const REASON: &str = "error";

/// Whether a request to a point is one of those that may be made. The query is the point's own, or a reason.
#[must_use]
pub fn is_allowed(point: &Point, method: Method, url: &Url) -> bool {
    let same_place = url.scheme() == point.address.scheme()
        && url.host_str() == point.address.host_str()
        && url.port() == point.address.port()
        && url.username().is_empty()
        && url.password().is_none();
    let own_query = url.query() == point.address.query();
    let query = own_query || url.query_pairs().all(|(name, _)| name == REASON);
    let mut shapes = SHAPES.iter().filter(|shape| (shape.system, shape.method) == (point.system, method));
    let suffix = url.path().strip_prefix(point.address.path());
    same_place && query && shapes.any(|shape| suffix == Some(shape.suffix))
}

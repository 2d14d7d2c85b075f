//! The form of the addresses at which a look begins.

use crate::attempt::System;

/// How the addresses of a system look.
pub struct AddressForm {
    /// A regular expression of its path.
    pub path: &'static str,
    /// Whether it has a query.
    pub query: bool,
    /// One of them.
    pub example: &'static str,
}

/// How they look; nothing of a system that is not asked.
pub const fn form_of(system: System) -> Option<AddressForm> {
    let (path, query, example) = match system {
        System::EzPlanning => {
            (r"^(/index\.php)?/booking/create/[0-9]+$", false, "https://www.example.gouv.fr/booking/create/123")
        }
        System::Rdvpref => (
            r"^/rdvpref/reservation/demarche/[0-9]+/$",
            false,
            "https://www.rdv-prefecture.interieur.gouv.fr/rdvpref/reservation/demarche/123/",
        ),
        System::RdvServicePublic => (
            r"^/prendre_rdv$",
            true,
            "https://rdv.anct.gouv.fr/prendre_rdv?motif_name_with_location_type=…&public_link_organisation_id=…",
        ),
        System::Anef | System::DemarchesSimplifiees => {
            (r"^/[A-Za-z0-9/_.-]*$", false, "https://www.example.gouv.fr/demarche")
        }
        System::Esirius | System::Other => return None,
    };
    Some(AddressForm { path, query, example })
}

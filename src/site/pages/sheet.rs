//! The fact sheet of a counter: one page of A4, for a meeting.

use maud::{Markup, html};

use super::page_of;
use super::service::{Around, quote};
use crate::metadata;
use crate::site::frame::{Frame, Own};
use crate::site::world::Counter;

/// So many procedures have room on the page.
const MOST: usize = 10;

/// The page.
pub(super) fn sheet(frame: &Frame<'_>, counter: &Counter<'_>) -> String {
    let world = frame.site.world;
    let services = world.services_of(counter);
    let around =
        Around { counter, months: world.months(), closed: frame.site.closed_month().unwrap_or_default(), events: &[] };
    let title = format!("{}, {}", counter.name(), frame.month(around.closed));
    let left_out = services.len().saturating_sub(MOST);
    let body = html! {
        article.fiche {
            h1 translate="no" { (counter.name()) }
            p { (frame.say("Rendez-vous en ligne,", "Appointments online,")) " " (frame.month(around.closed)) }
            @if frame.site.description.about.simulated { p.notice { strong { (metadata::warning(frame.words.0)) } } }
            @for service in services.iter().take(MOST) {
                h2 { (frame.procedure(service.procedure)) }
                (quote(frame, &around, service))
            }
            @if left_out > 0 {
                p { (left_out) " " (frame.say("autres démarches sont sur la page du guichet.", "more procedures are on the counter's page.")) }
            }
            (proof(frame, counter))
        }
    };
    frame.page(&Own { title: &title, about: &title, scripts: &[], body })
}

/// Where it comes from, and how to check it.
fn proof(frame: &Frame<'_>, counter: &Counter<'_>) -> Markup {
    let description = frame.site.description;
    let csv = description.files.iter().find(|file| file.path.ends_with("/disponibilite_mois.csv"));
    html! {
        footer.source {
            p { (description.citation(frame.words.0)) " " (description.cited_address()) }
            @if let Some(csv) = csv { p { "disponibilite_mois.csv, SHA-256 " code { (csv.sha256) } } }
            p.ecran { a href=(frame.to(&page_of(counter))) { (frame.say("La page du guichet, avec toute son histoire", "The counter's page, with its whole history")) } }
        }
    }
}

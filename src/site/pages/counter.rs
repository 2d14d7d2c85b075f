//! A counter: each procedure's history, and what happened to the measurement meanwhile.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::FICHES;
use super::incidents::{self, event};
use super::service::{Around, service};
use crate::grid::Line;
use crate::site::cell::Show;
use crate::site::codes::called;
use crate::site::figures::legend;
use crate::site::frame::{Frame, Own};
use crate::site::world::{Counter, Service};

/// So many incidents are shown, the newest.
const INCIDENTS: usize = 30;

/// The page.
pub(super) fn counter(frame: &Frame<'_>, counter: &Counter<'_>) -> String {
    let world = frame.site.world;
    let services = world.services_of(counter);
    let events = events(frame, counter);
    let interrupted = incidents_of(frame, &services);
    let around = Around {
        counter,
        months: world.months(),
        closed: frame.site.closed_month().unwrap_or_default(),
        events: &events,
    };
    let about = match frame.words.tag() {
        "fr" => format!(
            "{} : pouvait-on obtenir un rendez-vous, mois par mois, et qu'en sait-on vraiment ?",
            counter.name()
        ),
        _ => format!("{}: could an appointment be had, month by month, and how well is it known?", counter.name()),
    };
    let body = html! {
        h1 translate="no" { (counter.name()) }
        p.quiet {
            @if let Some(told) = counter.told { (told.text("departement_nom")) " (" (counter.department()) ")" @if !told.text("commune_nom").is_empty() { ", " (told.text("commune_nom")) } ". " }
            a href=(frame.to(&format!("{FICHES}/{}", counter.file()))) { (frame.say("Fiche d'une page, à imprimer", "Fact sheet of one page, to print")) }
        }
        @if services.len() > 1 {
            nav aria-label=(frame.say("Démarches de ce guichet", "Procedures of this counter")) { ul.demarches {
                @for service in &services { li { a href=(format!("#{}", service.procedure)) { (frame.procedure(service.procedure)) } } }
            } }
        }
        details.aide {
            summary { (frame.say("Légende", "Legend")) }
            (legend(frame.words, None))
            p { (frame.say(
                "Un taux sous réserve est dessiné comme les autres ; le tableau de la figure dit lequel, et pourquoi.",
                "A rate under a reserve is drawn as others are; the table of the figure says which, and why.",
            )) }
            p { (frame.say(
                "Un point : la part du temps sans rendez-vous ; creux, le mois n'est pas fini. Barre large : intervalle à 95 %. Trait fin : ce que serait la part si tout ce qu'on ignore avait été « oui », ou « non ». Un triangle numéroté : un événement, dans la liste en bas de la page.",
                "A dot: the share of time without appointments; hollow, the month is not over. Wide bar: 95% interval. Thin line: what the share would be if all that is unknown had been \"yes\", or \"no\". A triangle with a number: an event, in the list at the end of the page.",
            )) }
        }
        @for one in &services { (service(frame, &around, one)) }
        (reasons(frame, &services))
        (incidents(frame, &services, &interrupted))
        @if !events.is_empty() {
            section #evenements {
                h2 { (frame.say("Événements", "Events")) }
                ol { @for line in &events { li { (event(frame, *line)) } } }
            }
        }
        p { (frame.link("incidents.html#evenements", frame.say("Événements qui concernent tout le pays", "Events that concern the whole country"))) }
    };
    frame.page(&Own { title: counter.name(), about: &about, scripts: &[], body })
}

/// The reasons that the tables of the page give, each with its sentence.
fn reasons(frame: &Frame<'_>, services: &[Service<'_>]) -> Markup {
    let given: BTreeSet<&str> = services
        .iter()
        .flat_map(|service| service.lines("disponibilite_mois"))
        .map(|row| row.text("motif"))
        .filter(|motif| !motif.is_empty())
        .collect();
    html! {
        @if !given.is_empty() {
            details #motifs {
                summary { (frame.say("Les motifs des tableaux", "The reasons in the tables")) }
                dl { @for motif in given { dt { (called(frame.words, motif)) " " code.quiet { (motif) } } dd { (frame.reason("disponibilite_mois", "motif", motif)) } } }
            }
        }
    }
}

/// What happened here or in the département, as far as the months shown reach; what happened to everyone is on the page of
/// incidents.
fn events<'a>(frame: &Frame<'a>, counter: &Counter<'_>) -> Vec<Line<'a>> {
    let first = frame.site.world.months().first().map(|month| (*month).to_owned()).unwrap_or_default();
    let here = [counter.id.to_owned(), format!("departement:{}", counter.department())];
    let concerns = |line: &Line<'_>| here.iter().any(|here| line.text("perimetre") == here);
    // One whose end is not known may go on.
    let shown = |line: &Line<'_>| line.text("fin").is_empty() || line.text("fin") >= first.as_str();
    frame.site.world.lines("chronologie").filter(|line| concerns(line) && shown(line)).collect()
}

/// The incidents that touched a service of the counter, the oldest first.
fn incidents_of<'a>(frame: &Frame<'a>, services: &[Service<'_>]) -> Vec<Line<'a>> {
    let touched: BTreeSet<&str> =
        services.iter().flat_map(Service::interruptions).map(|line| line.text("incident_id")).collect();
    frame.site.world.incidents().filter(|incident| touched.contains(incident.text("incident_id"))).collect()
}

fn incidents(frame: &Frame<'_>, services: &[Service<'_>], all: &[Line<'_>]) -> Markup {
    let rows = all.get(all.len().saturating_sub(INCIDENTS)..).unwrap_or(all);
    let columns = [
        ("debut_utc", Show::Instant),
        ("fin_utc", Show::Instant),
        ("duree_s", Show::Length),
        ("point_de_mesure", Show::Text),
        ("systeme", Show::Text),
        ("tentatives", Show::Count),
    ];
    let title = frame.say("Incidents de mesure", "Incidents of the measurement");
    let touched = |incident: Line<'_>| {
        let here = services.iter().filter(|service| service.was_touched(incident));
        let named: Vec<String> = here.map(|service| frame.procedure(service.procedure)).collect();
        html! { (named.join(", ")) }
    };
    html! {
        @if !rows.is_empty() { section #incidents {
            h2 { (title) }
            p { (frame.say(
                "Ce qui a empêché un point de mesure de regarder, ou tous ensemble, et les démarches d'ici que cela touche. Un refus ne compte jamais comme « non ». Ce que d'autres points de mesure ont vu pendant ce temps compte comme d'habitude.",
                "What kept a vantage, or all of them, from looking, and the procedures that it touched here. A refusal never counts as \"no\". What other vantages saw meanwhile counts as usual.",
            )) }
            (incidents::table(frame, title, title, &columns, rows, Some((frame.say("Démarches touchées ici", "Procedures touched here"), &touched))))
            @if all.len() > INCIDENTS { p { (frame.say("Les plus anciens sont dans", "Older ones are in")) " " a href=(frame.at_root("incidents.csv")) { "incidents.csv" } "." } }
        } }
    }
}

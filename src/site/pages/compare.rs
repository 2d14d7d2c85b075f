//! Every service beside the others, in the newest month that is whole: intervals with it, and no order that the figures do
//! not bear.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::page_of;
use crate::grid::Line;
use crate::site::cell::{Show, cell, scroll};
use crate::site::frame::{Frame, Own};
use crate::site::state::{ALL, State};
use crate::site::world::{Counter, Service};

/// The columns after the names, and how they are shown.
const COLUMNS: [(&str, Show); 7] = [
    ("taux_sans_rdv", Show::Share),
    ("ic95_bas", Show::Share),
    ("ic95_haut", Show::Share),
    ("borne_basse", Show::Share),
    ("borne_haute", Show::Share),
    ("reponses", Show::Count),
    ("couverture", Show::Share),
];

/// The page.
pub(super) fn compare(frame: &Frame<'_>) -> String {
    let month = frame.site.closed_month().unwrap_or_default();
    let title = frame.say("Comparer les services", "Compare services");
    let told = if month.is_empty() { String::new() } else { format!(", {}", frame.month(month)) };
    let body = html! {
        h1 { (title) (told) }
        p {
            (frame.say(
                "Deux services dont les intervalles se recoupent ne peuvent pas être classés : l'écart peut être dû au hasard. Un service sans taux n'est ni bon ni mauvais : on ne sait pas.",
                "Two services whose intervals overlap cannot be ranked: the difference may be due to chance. A service without a rate is neither good nor bad: it is not known.",
            ))
        }
        (filters(frame))
        p role="status" data-for="comparer" {}
        p data-overlap="comparer" role="status" hidden {}
        (table(frame, month))
    };
    frame.page(&Own { title, about: &format!("{title}{told}"), scripts: &[], body })
}

fn filters(frame: &Frame<'_>) -> Markup {
    let world = frame.site.world;
    let mut departments: BTreeMap<&str, &str> = BTreeMap::new();
    for counter in world.counters() {
        departments.insert(counter.department(), counter.told.map_or("", |told| told.text("departement_nom")));
    }
    departments.remove("");
    let procedures: BTreeMap<&str, String> =
        world.services().map(|service| (service.procedure, frame.procedure(service.procedure))).collect();
    let all = frame.say("tous", "all");
    html! {
        form.filters data-for="comparer" role="search" hidden {
            label { (frame.say("Chercher", "Search")) input type="search" name="q"; }
            label { (frame.say("Démarche", "Procedure")) select name="demarche" {
                option value="" { (frame.say("toutes", "all")) }
                @for (id, title) in procedures { option value=(id) { (title) } }
            } }
            label { "Département" select name="departement" {
                option value="" { (all) }
                @for (code, name) in departments { option value=(code) { (code) " " (name) } }
            } }
            label { (frame.say("Ce qu'on en sait", "What is known")) select name="etat" {
                option value="" { (frame.say("tout", "all")) }
                @for state in ALL { option value=(state.class()) { (state.label(frame.words)) } }
            } }
        }
    }
}

/// A heading that leaves room for its column.
fn short(frame: &Frame<'_>, column: &str) -> String {
    match column {
        "taux_sans_rdv" => frame.say("Taux", "Rate").to_owned(),
        "ic95_bas" => frame.say("IC 95 %, de", "95% CI, from").to_owned(),
        "borne_basse" => frame.say("Bornes, de", "Bounds, from").to_owned(),
        "ic95_haut" | "borne_haute" => frame.say("à", "to").to_owned(),
        _ => frame.title("disponibilite_mois", column),
    }
}

fn table(frame: &Frame<'_>, month: &str) -> Markup {
    let world = frame.site.world;
    let text = |title: &str| html! { th.t scope="col" data-type="text" { (title) } };
    let row = |counter: &Counter<'_>, service: &Service<'_>, row: Line<'_>| {
        let (state, name) = (State::of(row), counter.name());
        let procedure = frame.procedure(service.procedure);
        let label = format!("{name}, {procedure}");
        // What people look for and the row does not show.
        let told = |column: &str| counter.told.map_or("", |told| told.text(column));
        let place = [told("commune_nom"), told("departement_nom"), counter.department()].join(" ");
        html! {
            tr data-key=(format!("{}/{month}", service.key()))
                data-demarche=(service.procedure) data-departement=(row.text("departement")) data-etat=(state.class())
                data-bas=(row.text("ic95_bas")) data-haut=(row.text("ic95_haut"))
                data-borne-basse=(row.text("borne_basse")) data-borne-haute=(row.text("borne_haute")) data-taux=[state.has_rate().then_some("")]
                data-label=(label) data-cherche=(place) {
                th scope="row" {
                    label.enhanced hidden { input type="checkbox" name="compare"; span.hidden { (frame.say("comparer", "compare")) " " (label) } } " "
                    a href=(frame.to(&format!("{}#{}", page_of(counter), service.procedure))) translate="no" { (name) }
                }
                td.t { (procedure) }
                td.t data-v=(state.rank()) { (state.label(frame.words)) @if row.text("qualite") == "partielle" { ", " (frame.say("sous réserve :", "under reserve:")) " " (frame.reason("disponibilite_mois", "motif", row.text("motif"))) } }
                @for (column, show) in COLUMNS { (cell(frame.words, row, column, show)) }
            }
        }
    };
    let title = frame.say("Tous les services", "All services");
    // As the front page lists them: by département, and there by what people read.
    let mut counters = world.counters();
    counters.sort_by_key(|counter| (counter.department(), counter.name()));
    let table = html! {
            table.sortable.figures #comparer data-table="disponibilite_mois" {
                caption { (title) ", " (frame.month(month)) }
                thead { tr {
                    (text(frame.say("Guichet", "Counter")))
                    (text(frame.say("Démarche", "Procedure")))
                    th.t scope="col" data-type="text" { (frame.say("Ce qu'on en sait", "What is known")) }
                    @for (column, _) in COLUMNS {
                        th scope="col" data-type="number" data-column=(column) title=(frame.title("disponibilite_mois", column)) { (short(frame, column)) }
                    }
                } }
                tbody { @for counter in counters { @for service in world.services_of(&counter) {
                    @if let Some(line) = service.month(month) { (row(&counter, &service, line)) }
                } } }
            }
    };
    scroll(title, &table)
}

//! The front page: what is known, of how much, and where to go on.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::map::map;
use super::{incidents, page_of};
use crate::grid::Line;
use crate::metadata::FILES_PAGE;
use crate::release::PACK;
use crate::site::Reach;
use crate::site::cell::{Show, figure};
use crate::site::frame::{Frame, Own};
use crate::site::state::BREAKS;
use crate::site::world::Counter;

/// The page.
pub(in crate::site) fn front(frame: &Frame<'_>) -> String {
    let month = frame.site.closed_month().unwrap_or_default();
    let body = html! {
        h1 { (frame.say("Peut-on obtenir un rendez-vous ?", "Can an appointment be had?")) }
        (lead(frame, month))
        @if frame.reach == Reach::Alone { (alone(frame)) } @else {
            (map(frame, month))
            (counters(frame))
        }
        div.columns {
            (last_incident(frame))
            (news(frame))
        }
        (downloads(frame))
        (cite(frame))
    };
    frame.page(&Own { title: "", about: &frame.site.description.summary(frame.words.0), scripts: &["carte.js"], body })
}

/// What is known, of how much: completeness comes before content.
fn lead(frame: &Frame<'_>, month: &str) -> Markup {
    let departments = &frame.site.departments;
    let total = departments.codes.len();
    let Some(procedure) = departments.procedures.first() else {
        // Counters that no registry knows are in no département.
        let services = frame.site.world.services().count();
        return html! { p.lead {
            @if services == 0 { (frame.say("Rien n'a encore été mesuré.", "Nothing has been measured yet.")) }
            @else { (frame.say("Services mesurés :", "Services that are measured:")) " " (services) "." }
        } };
    };
    let known = departments.known(procedure, month);
    let rare = departments.of_month(procedure, month);
    let rare = rare.iter().filter_map(|row| row.number("taux_sans_rdv")).filter(|rate| *rate >= BREAKS[1]).count();
    let (month, procedure) = (frame.month(month), frame.procedure(procedure));
    html! {
        p.lead {
            @if frame.words.tag() == "fr" {
                "En " (month) ", " strong { (known) " département" @if known > 1 { "s" } " sur " (total) }
                @if known > 1 { " ont" } @else { " a" } " assez de réponses pour un taux, pour la démarche « " (procedure) " »."
                @if rare > 0 && known == 1 { " Il n'y avait aucun rendez-vous pendant 90 % du temps ou davantage." }
                @else if rare > 0 { " Dans " (rare) " d'entre eux, il n'y avait aucun rendez-vous pendant 90 % du temps ou davantage." }
                @else if known > 1 { " Dans aucun d'entre eux les rendez-vous ne manquaient pendant 90 % du temps ou davantage." }
            } @else {
                "In " (month) ", " strong { (known) " of " (total) " départements" } " had enough answers for a rate, for the procedure “" (procedure) "”."
                @if rare > 0 && known == 1 { " There was no appointment for 90% of the time or more." }
                @else if rare > 0 { " In " (rare) " of them there was no appointment for 90% of the time or more." }
                @else if known > 1 { " In none of them were appointments missing for 90% of the time or more." }
            }
        }
        p.quiet {
            (frame.say(
                "Un robot regarde, comme un usager, si un rendez-vous est proposé. Quand il n'a pas pu regarder, cela ne veut pas dire qu'il n'y en avait pas.",
                "A robot looks, as a user would, whether an appointment is offered. Where it could not look, that does not mean that there was none.",
            ))
            " " (frame.link("lire.html", frame.say("Comment lire ces chiffres", "How to read these figures")))
        }
    }
}

/// What stands there where the pages are in the pack.
fn alone(frame: &Frame<'_>) -> Markup {
    html! {
        p.notice {
            (frame.say(
                "Les pages de cette version, avec ses cartes et ses guichets, sont dans une archive à ouvrir chez soi :",
                "The pages of this version, with its maps and counters, are in an archive to open at home:",
            ))
            " " a href=(frame.at_root(PACK)) { (PACK) } "."
        }
    }
}

/// The counters by département, each with its page.
fn counters(frame: &Frame<'_>) -> Markup {
    let all = frame.site.world.counters();
    let departments: BTreeSet<&str> = all.iter().map(Counter::department).collect();
    html! {
        section {
            h2 { (frame.say("Les guichets mesurés", "The counters that are measured")) }
            ul.guichets { @for department in departments {
                li {
                    @if !department.is_empty() { span.code { (department) } " " }
                    @for (at, counter) in all.iter().filter(|counter| counter.department() == department).enumerate() {
                        @if at > 0 { ", " }
                        a href=(frame.to(&page_of(counter))) translate="no" { (counter.name()) }
                    }
                }
            } }
        }
    }
}

fn last_incident(frame: &Frame<'_>) -> Markup {
    let is_ongoing = |line: &Line<'_>| incidents::is_ongoing(*line);
    let ongoing = frame.site.world.incidents().filter(is_ongoing).count();
    // What still goes on matters more than what began later and is over.
    let shown = frame
        .site
        .world
        .incidents()
        .max_by_key(|line| (is_ongoing(line), line.instant("debut_utc"), line.text("incident_id")));
    let title = match ongoing {
        0 => frame.say("Dernier incident de mesure", "Last incident of the measurement"),
        1 => frame.say("Incident de mesure en cours", "Incident of the measurement, still going on"),
        _ => frame.say("Incidents de mesure en cours", "Incidents of the measurement, still going on"),
    };
    html! {
        section {
            h2 { (title) }
            @if let Some(incident) = shown {
                p {
                    (incidents::kind(frame, incident.text("type"))) @if let Some(since) = incidents::since(frame, incident) { ", " (since) }
                    (frame.say(", début le ", ", begun on "))
                    (figure(frame.words, incident, &format!("incidents/{}", incident.text("incident_id")), "debut_utc", Show::Instant)) ". "
                    @if ongoing > 1 {
                        (frame.words.counted(i64::try_from(ongoing - 1).unwrap_or(i64::MAX), ["autre est en cours", "autres sont en cours"], ["other still goes on", "others still go on"])) ". "
                    }
                    (frame.link("incidents.html", frame.say("Tous les incidents", "All incidents")))
                }
            } @else { p { (frame.say("Aucun incident décelé.", "No incident was found.")) } }
        }
    }
}

fn news(frame: &Frame<'_>) -> Markup {
    let day = frame.words.day(frame.site.description.day());
    html! {
        section {
            h2 { (frame.say("Ce qui est nouveau", "What is new")) }
            p {
                (frame.say("Chiffres arrêtés au", "Figures as of")) " " (day) ". "
                @if frame.site.changes.is_some() {
                    (frame.link("changements.html", frame.say("Ce qui a changé depuis la version d'avant", "What changed since the version before")))
                } @else { (frame.say("Première version publiée.", "First published version.")) }
            }
        }
    }
}

fn downloads(frame: &Frame<'_>) -> Markup {
    let files = [
        ("disponibilite_mois", frame.say("Chaque service, mois par mois", "Every service, month by month")),
        ("synthese_departements", frame.say("Par département", "By département")),
        ("delais", frame.say("Délais des rendez-vous proposés", "Delays of the appointments offered")),
    ];
    let simulated = frame.site.description.about.simulated;
    let simulated = if simulated { frame.say(" (données simulées)", " (simulated data)") } else { "" };
    html! {
        section {
            h2 { (frame.say("Télécharger", "Download")) }
            ul { @for (table, told) in files {
                li { (told) (simulated) (frame.say(" : ", ": "))
                    @for (at, ending) in ["csv", "xlsx", "parquet"].into_iter().enumerate() {
                        @if at > 0 { ", " }
                        a href=(frame.at_root(&format!("{table}.{ending}"))) { (ending.to_uppercase()) }
                    }
                }
            } }
            p { a href=(frame.at_root(FILES_PAGE)) { (frame.say("Toutes les tables, avec leurs empreintes", "All tables, with their digests")) } }
        }
    }
}

fn cite(frame: &Frame<'_>) -> Markup {
    let description = frame.site.description;
    let address = description.cited_address();
    html! {
        section {
            h2 { (frame.say("Citer", "How to cite")) }
            p.cite #citation { (description.citation(frame.words.0)) " " a href=(address) { (address) } }
            p { button.copier type="button" data-copy="#citation" hidden { (frame.say("Copier", "Copy")) } }
        }
    }
}

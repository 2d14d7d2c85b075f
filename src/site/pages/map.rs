//! The map of the front page, what its script reads, and the picture of it that stands for a page where one is shared.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::grid::Line;
use crate::site::cell::{Show, figure, scroll};
use crate::site::figures::{Card, legend};
use crate::site::frame::{Frame, data_block};
use crate::site::picture;
use crate::site::state::{ALL, State};
use crate::site::world::Counter;
use crate::words::{NEARLY_ALL, NEARLY_NOTHING};

/// The picture that stands for the pages where somebody shares one, as PNG; nothing where no département was measured, or where a
/// name has a letter that the font has not.
pub(in crate::site) fn card(frame: &Frame<'_>) -> Option<Vec<u8>> {
    let departments = &frame.site.departments;
    let (month, procedure) = (frame.site.closed_month()?, *departments.procedures.first()?);
    let description = frame.site.description;
    let host = description.base().and_then(|base| base.split("://").nth(1)).unwrap_or_default();
    let simulated = frame.simulated().map(|simulated| format!(" · {simulated}")).unwrap_or_default();
    let card = Card {
        site: frame.say(&description.about.title, &description.about.title_en),
        title: [frame.say("Peut-on obtenir", "Can an appointment"), frame.say("un rendez-vous ?", "be had?")],
        figure: format!("{} / {}", departments.known(procedure, month), departments.codes.len()),
        caption: [
            frame.say("départements ont un taux,", "départements have a rate,").to_owned()
                + " "
                + &frame.words.month(month),
            frame.procedure(procedure),
        ],
        classes: ["< 50 %", "< 90 %", "< 97 %", "≥ 97 %", frame.say("toujours", "always")],
        source: format!("Version {}, {host}{simulated}", description.about.version),
        states: departments.states(procedure, month),
    };
    picture::png(&card.draw(&frame.site.map).into_string()).ok()
}

/// The map, with its controls and its table.
pub(super) fn map(frame: &Frame<'_>, month: &str) -> Markup {
    let departments = &frame.site.departments;
    let Some(procedure) = departments.procedures.first() else { return html! {} };
    let states = departments.states(procedure, month);
    let last = departments.months.len().saturating_sub(1);
    let at = departments.months.iter().position(|other| *other == month).unwrap_or(last);
    let title = format!("{}, {}", frame.procedure(procedure), frame.month(month));
    let what = frame
        .say("Part du temps sans rendez-vous, par département", "Share of time without appointments, by département");
    html! {
        section aria-labelledby="carte-titre" {
            h2 #carte-titre { (what) }
            figure.carte #carte data-name="carte" data-title=(what) data-source=(frame.source()) data-simulated=[frame.simulated()] {
                div.controls hidden {
                    label { (frame.say("Démarche", "Procedure")) " "
                        select data-map="demarche" { @for id in &departments.procedures { option value=(id) { (frame.procedure(id)) } } }
                    }
                    div.slider {
                        button type="button" data-map="precedent" { "← " (frame.say("mois précédent", "previous month")) }
                        label { span.hidden { (frame.say("Mois", "Month")) } input type="range" data-map="mois" min="0" max=(last) value=(at) step="1"; }
                        button type="button" data-map="suivant" { (frame.say("mois suivant", "next month")) " →" }
                    }
                }
                p.titre { output data-map="titre" { (title) } }
                div.dessin {
                    (frame.site.map.draw(("carte-dessin", &title), &states))
                    (legend(frame.words, Some("carte-dessin")))
                }
                details open {
                    summary { (frame.say("Les mêmes chiffres en tableau", "The same figures as a table")) }
                    (table(frame, procedure, month))
                    (others(frame))
                }
                p.tools hidden {}
                p.quiet { (frame.say("Contours :", "Outlines:")) " " span lang="fr" { (frame.site.map.source) } "." }
            }
            (data_block("carte-donnees", &data(frame)))
        }
    }
}

fn table(frame: &Frame<'_>, procedure: &str, month: &str) -> Markup {
    let departments = &frame.site.departments;
    let of = |code: &str| format!("synthese_departements/{code}/{procedure}/{month}");
    let table = html! {
            table.departements {
                caption { "Départements" }
                thead { tr {
                    th scope="col" { "Département" }
                    th scope="col" { (frame.say("Ce qu'on en sait", "What is known")) }
                    th.n scope="col" { (frame.say("Sans rendez-vous", "Without appointments")) }
                } }
                tbody { @for code in departments.measured() {
                    @let row = departments.row(procedure, month, code);
                    @let state = row.map_or(State::NotMeasured, State::of);
                    tr data-code=(code) {
                        th scope="row" { (code) " " span translate="no" { (departments.names.get(code).copied().unwrap_or_default()) } }
                        td data-map="etat" { (state.label(frame.words)) @if let Some(row) = row.filter(|row| State::is_reserved(*row)) { (reserve(frame, row.text("motif"))) } }
                        td.n data-map="taux" { @if let Some(row) = row.filter(|_| state.has_rate()) { (figure(frame.words, row, &of(code), "taux_sans_rdv", Show::Share)) } }
                    }
                } }
            }
    };
    scroll("Départements", &table)
}

/// What a rate is not to be cited without.
fn reserve(frame: &Frame<'_>, motif: &str) -> String {
    format!(
        ", {} {}",
        frame.say("sous réserve :", "under reserve:"),
        frame.reason("synthese_departements", "motif", motif)
    )
}

/// Those of which the table has no row.
fn others(frame: &Frame<'_>) -> Markup {
    let departments = &frame.site.departments;
    let measured: BTreeSet<&str> = departments.measured().collect();
    let all = frame.site.world.counters();
    let once: BTreeSet<&str> = all.iter().map(Counter::department).filter(|code| !code.is_empty()).collect();
    let before = once.difference(&measured).count();
    let others = departments.codes.iter().filter(|code| !measured.contains(*code) && !once.contains(*code)).count();
    html! {
        @if before > 0 { p { (before) " " (frame.say("autres départements ne le sont plus ou pas encore, en ces mois ; leurs guichets ont leur page ci-dessous.", "other départements are so no longer or not yet in these months; their counters have pages below.")) } }
        @if others > 0 { p { (others) " " (frame.say("autres départements ne sont mesurés pour aucune démarche.", "other départements are measured for no procedure.")) } }
    }
}

/// What the script needs beside the values, which stand in a file of their own for both languages.
fn data(frame: &Frame<'_>) -> Value {
    let departments = &frame.site.departments;
    let open = departments.months.last().filter(|last| ***last >= *frame.site.open_month());
    let procedures: Vec<Value> =
        departments.procedures.iter().map(|id| json!({ "id": id, "titre": frame.procedure(id) })).collect();
    json!({
        "mois": departments.months,
        "mois_ouvert": open,
        "demarches": procedures,
        "classes": ALL.map(State::class),
        "etats": ALL.map(|state| state.label(frame.words)),
        "reserves": departments.reserves().into_iter().map(|motif| reserve(frame, motif)).collect::<Vec<_>>(),
        "codes": departments.codes,
    })
}

/// The values of the map, as a script: a page that was opened from a folder may read nothing else.
pub(super) fn values(frame: &Frame<'_>) -> String {
    let departments = &frame.site.departments;
    // A position in a list of the page, as one letter.
    let digit = |at: Option<usize>| at.and_then(|at| char::from_digit(u32::try_from(at).ok()?, 36)).unwrap_or('.');
    let state = |row: Option<Line<'_>>| digit(row.map(|row| State::of(row).rank()));
    let reserves = departments.reserves();
    let reserve = |row: Option<Line<'_>>| {
        let motif = row.filter(|row| State::is_reserved(*row)).map(|row| row.text("motif"));
        digit(motif.and_then(|motif| reserves.binary_search(&motif).ok()))
    };
    let permille = |row: Option<Line<'_>>| row.and_then(|row| row.number("taux_sans_rdv")).map(shown_permille);
    let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut under: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut rates: BTreeMap<&str, Vec<Vec<Option<f64>>>> = BTreeMap::new();
    for procedure in &departments.procedures {
        for month in &departments.months {
            let rows = || departments.codes.iter().map(|code| departments.row(procedure, month, code));
            values.entry(procedure).or_default().push(rows().map(state).collect());
            under.entry(procedure).or_default().push(rows().map(reserve).collect());
            rates.entry(procedure).or_default().push(rows().map(permille).collect());
        }
    }
    format!("window.guichetsCarte = {};\n", json!({ "valeurs": values, "reserves_de": under, "taux": rates }))
}

/// A share in thousandths as [`Words::share`](crate::words::Words::share) shows it, rounded once and for all; near nothing and near
/// everything so that the script can tell.
fn shown_permille(share: f64) -> f64 {
    match share {
        share if share > 0.0 && share < NEARLY_NOTHING => 0.4,
        share if (NEARLY_ALL..1.0).contains(&share) => 999.6,
        share => format!("{:.1}", 100.0 * share).parse::<f64>().map_or(0.0, |percent| (percent * 10.0).round()),
    }
}

//! The front page: what is known, of how much, and where to go on.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde_json::{Value, json};

use super::page_of;
use crate::grid::Line;
use crate::metadata::FILES_PAGE;
use crate::release::PACK;
use crate::site::Reach;
use crate::site::cell::{Show, figure, scroll};
use crate::site::figures::{Card, legend};
use crate::site::frame::{Frame, Own, data_block};
use crate::site::picture;
use crate::site::state::{ALL, BREAKS, State};
use crate::site::world::Counter;
use crate::words::{NEARLY_ALL, NEARLY_NOTHING};

/// Of the map's months and procedures, by département.
pub(super) struct Departments<'a> {
    /// The procedures, that of most services first.
    pub procedures: Vec<&'a str>,
    pub months: Vec<&'a str>,
    /// Every code of the registry, or with a row.
    pub codes: Vec<&'a str>,
    names: BTreeMap<&'a str, &'a str>,
    rows: BTreeMap<(&'a str, &'a str, &'a str), Line<'a>>,
}

impl<'a> Departments<'a> {
    pub fn of(frame: &Frame<'a>) -> Self {
        let world = frame.site.world;
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for line in world.lines("guichets").chain(world.lines("synthese_departements")) {
            names.insert(line.text("departement"), line.text("departement_nom"));
        }
        names.remove("");
        let mut rows = BTreeMap::new();
        let mut services: BTreeMap<&str, i64> = BTreeMap::new();
        for line in world.lines("synthese_departements") {
            let procedure = line.text("demarche_id");
            *services.entry(procedure).or_default() += line.count("services");
            rows.insert((procedure, line.text("mois"), line.text("departement")), line);
        }
        let mut procedures: Vec<&str> = services.keys().copied().collect();
        procedures.sort_by_key(|procedure| (std::cmp::Reverse(services[procedure]), *procedure));
        Self { procedures, months: world.months(), codes: names.keys().copied().collect(), names, rows }
    }

    /// Those with a row of any procedure and month.
    fn measured(&self) -> impl Iterator<Item = &'a str> {
        let measured: BTreeSet<&str> = self.rows.keys().map(|(_, _, code)| *code).collect();
        self.codes.iter().copied().filter(move |code| measured.contains(code))
    }

    pub fn row(&self, procedure: &str, month: &str, code: &str) -> Option<Line<'a>> {
        self.rows.get(&(procedure, month, code)).copied()
    }

    /// The rows of a month.
    fn of_month(&self, procedure: &str, month: &str) -> Vec<Line<'a>> {
        self.codes.iter().filter_map(|code| self.row(procedure, month, code)).collect()
    }

    /// The reasons for reserves, in the order of their codes.
    fn reserves(&self) -> Vec<&'a str> {
        let reserved = self.rows.values().filter(|row| State::is_reserved(**row)).map(|row| row.text("motif"));
        reserved.collect::<BTreeSet<&str>>().into_iter().collect()
    }

    /// The state of each département in a month, and whether it is under reserve.
    pub fn states(&self, procedure: &str, month: &str) -> BTreeMap<&'a str, (State, bool)> {
        let told = |row| (State::of(row), State::is_reserved(row));
        let state = |code: &'a str| self.row(procedure, month, code).map(|row| (code, told(row)));
        self.codes.iter().filter_map(|code| state(code)).collect()
    }
}

/// The picture that stands for the pages where somebody shares one, as PNG; nothing where no département was measured, or where a
/// name has a letter that the font has not.
pub(in crate::site) fn card(frame: &Frame<'_>) -> Option<Vec<u8>> {
    let departments = Departments::of(frame);
    let (month, procedure) = (frame.site.closed_month()?, *departments.procedures.first()?);
    let rows = departments.of_month(procedure, month);
    let known = rows.iter().filter(|row| State::of(**row).has_rate()).count();
    let description = frame.site.description;
    let host = description.base().and_then(|base| base.split("://").nth(1)).unwrap_or_default();
    let simulated = frame.simulated().map(|simulated| format!(" · {simulated}")).unwrap_or_default();
    let card = Card {
        site: frame.say(&description.about.title, &description.about.title_en),
        title: [frame.say("Peut-on obtenir", "Can an appointment"), frame.say("un rendez-vous ?", "be had?")],
        figure: format!("{known} / {}", departments.codes.len()),
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

/// The page.
pub(in crate::site) fn front(frame: &Frame<'_>) -> String {
    let departments = Departments::of(frame);
    let month = frame.site.closed_month().unwrap_or_default();
    let body = html! {
        h1 { (frame.say("Peut-on obtenir un rendez-vous ?", "Can an appointment be had?")) }
        (lead(frame, &departments, month))
        @if frame.reach == Reach::Alone { (alone(frame)) } @else {
            (map(frame, &departments, month))
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
fn lead(frame: &Frame<'_>, departments: &Departments<'_>, month: &str) -> Markup {
    let total = departments.codes.len();
    let Some(procedure) = departments.procedures.first() else {
        // Counters that no registry knows are in no département.
        let services = frame.site.world.services().count();
        return html! { p.lead {
            @if services == 0 { (frame.say("Rien n'a encore été mesuré.", "Nothing has been measured yet.")) }
            @else { (frame.say("Services mesurés :", "Services that are measured:")) " " (services) "." }
        } };
    };
    let rows = departments.of_month(procedure, month);
    let known = rows.iter().filter(|row| State::of(**row).has_rate()).count();
    let rare = rows.iter().filter_map(|row| row.number("taux_sans_rdv")).filter(|rate| *rate >= BREAKS[1]).count();
    let (month, procedure) = (frame.month(month), frame.procedure(procedure));
    html! {
        p.lead {
            @if frame.words.tag() == "fr" {
                "En " (month) ", " strong { (known) " département" @if known > 1 { "s" } " sur " (total) }
                @if known > 1 { " ont" } @else { " a" } " assez de réponses pour un taux, pour la démarche « " (procedure) " »."
                @if rare > 0 && known == 1 { " Il n'y en avait aucun 90 % du temps ou davantage." }
                @else if known > 1 { " Dans " (rare) " d'entre eux, il n'y en avait aucun 90 % du temps ou davantage." }
            } @else {
                "In " (month) ", " strong { (known) " of " (total) " départements" } " had enough answers for a rate, for the procedure “" (procedure) "”."
                @if rare > 0 && known == 1 { " There was none 90% of the time or more." }
                @else if known > 1 { " In " (rare) " of them there was none 90% of the time or more." }
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

fn map(frame: &Frame<'_>, departments: &Departments<'_>, month: &str) -> Markup {
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
                    (table(frame, departments, procedure, month))
                    (others(frame, departments))
                }
                p.tools hidden {}
                p.quiet { (frame.say("Contours :", "Outlines:")) " " (frame.site.map.source) "." }
            }
            (data_block("carte-donnees", &data(frame, departments)))
        }
    }
}

fn table(frame: &Frame<'_>, departments: &Departments<'_>, procedure: &str, month: &str) -> Markup {
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
fn others(frame: &Frame<'_>, departments: &Departments<'_>) -> Markup {
    let measured: BTreeSet<&str> = departments.measured().collect();
    let all = frame.site.world.counters();
    let once: BTreeSet<&str> = all.iter().map(Counter::department).filter(|code| !code.is_empty()).collect();
    let before = once.difference(&measured).count();
    let others = departments.codes.iter().filter(|code| !measured.contains(*code) && !once.contains(*code)).count();
    html! {
        @if before > 0 { p { (before) " " (frame.say("autres départements ne le sont plus ou pas encore, en ces mois ; leurs guichets ont leur page ci-dessous.", "other départements are so no longer or not yet in these months; their counters have pages below.")) } }
        @if others > 0 { p { (others) " " (frame.say("autres départements ne sont pas mesurés, pour aucune démarche.", "other départements are not measured, for no procedure.")) } }
    }
}

/// What the script needs beside the values, which stand in a file of their own for both languages.
fn data(frame: &Frame<'_>, departments: &Departments<'_>) -> Value {
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
    let departments = Departments::of(frame);
    let digit = |row: Option<Line<'_>>| {
        let at = row.and_then(|row| u32::try_from(State::of(row).rank()).ok());
        at.and_then(|at| char::from_digit(at, 36)).unwrap_or('.')
    };
    let reserves = departments.reserves();
    let reserve = |row: Option<Line<'_>>| {
        let motif = row.filter(|row| State::is_reserved(*row)).map(|row| row.text("motif"));
        let at = motif.and_then(|motif| u32::try_from(reserves.binary_search(&motif).ok()?).ok());
        at.and_then(|at| char::from_digit(at, 36)).unwrap_or('.')
    };
    let permille = |row: Option<Line<'_>>| row.and_then(|row| row.number("taux_sans_rdv")).map(shown_permille);
    let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut under: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut rates: BTreeMap<&str, Vec<Vec<Option<f64>>>> = BTreeMap::new();
    for procedure in &departments.procedures {
        for month in &departments.months {
            let rows = || departments.codes.iter().map(|code| departments.row(procedure, month, code));
            values.entry(procedure).or_default().push(rows().map(digit).collect());
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
    let newest = frame.site.world.incidents().max_by_key(|line| (line.instant("debut_utc"), line.text("incident_id")));
    html! {
        section {
            h2 { (frame.say("Dernier incident de mesure", "Last incident of the measurement")) }
            @if let Some(incident) = newest {
                p {
                    (super::incidents::kind(frame, incident.text("type"))) ", "
                    (figure(frame.words, incident, &format!("incidents/{}", incident.text("incident_id")), "debut_utc", Show::Instant)) ". "
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

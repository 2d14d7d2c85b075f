//! Incidents of the measurement, and the events that the registry knows.

use chrono::{Datelike, NaiveDate, TimeDelta};
use chrono_tz::Europe::Paris;
use maud::{Markup, html};

use crate::grid::Line;
use crate::site::cell::{Show, cell, scroll};
use crate::site::figures::Span;
use crate::site::frame::{Frame, Own};

const COLUMNS: [(&str, Show); 9] = [
    ("debut_utc", Show::Instant),
    ("fin_utc", Show::Instant),
    ("duree_s", Show::Length),
    ("point_de_mesure", Show::Text),
    ("systeme", Show::Text),
    ("guichet_id", Show::Text),
    ("tentatives", Show::Count),
    ("services", Show::Count),
    ("cible", Show::Text),
];

/// The newest so many are shown; the table has them all.
const MOST: usize = 200;

/// The page.
pub(super) fn incidents(frame: &Frame<'_>) -> String {
    let title = frame.say("Incidents de mesure", "Incidents of the measurement");
    let mut found: Vec<Line<'_>> = frame.site.world.incidents().collect();
    found.reverse();
    let mut events: Vec<Line<'_>> = frame.site.world.lines("chronologie").collect();
    events.reverse();
    let newest = if found.len() > MOST { format!(" ({MOST})") } else { String::new() };
    let caption = format!(
        "{}{newest}",
        frame.say("Incidents décelés, le plus récent d'abord", "Incidents found, the newest first")
    );
    let body = html! {
        h1 { (title) }
        p { (frame.say(
            "Ce qui a empêché le robot de regarder : un blocage, un captcha, un arrêt. Pendant un incident on ne sait pas s'il y avait des rendez-vous ; rien n'en est compté comme « non ».",
            "What kept the robot from looking: a block, a captcha, a stop. During an incident nobody knows whether there were appointments; nothing of it counts as \"no\".",
        )) }
        (table(frame, title, &caption, &COLUMNS, found.get(..MOST).unwrap_or(&found)))
        p { a href=(frame.at_root("incidents.csv")) { "incidents.csv" } }
        h2 #evenements { (frame.say("Événements connus", "Known events")) }
        ul { @for line in events { li { (event(frame, line)) } } }
    };
    frame.page(&Own { title, about: title, scripts: &[], body })
}

/// Incidents with some of their columns, each under its id.
pub(super) fn table(
    frame: &Frame<'_>,
    label: &str,
    caption: &str,
    columns: &[(&str, Show)],
    lines: &[Line<'_>],
) -> Markup {
    let table = html! {
        table.figures data-table="incidents" data-key="" {
            caption { (caption) }
            thead { tr {
                th scope="col" { (frame.say("Quoi", "What")) }
                @for (column, show) in columns { th class=[(!show.is_number()).then_some("t")] scope="col" data-column=(column) { (frame.title("incidents", column)) } }
            } }
            tbody { @for line in lines { tr #(line.text("incident_id")) data-key=(line.text("incident_id")) {
                th scope="row" { (kind(frame, line.text("type"))) }
                @for (column, show) in columns { (cell(frame.words, *line, column, *show)) }
            } } }
        }
    };
    scroll(label, &table)
}

/// From when to when each lasted; nothing of one that has no beginning.
pub(super) fn spans(lines: &[Line<'_>]) -> Vec<Span> {
    let span = |line: &Line<'_>| {
        let from = line.instant("debut_utc")?;
        Some((from, line.instant("fin_utc").unwrap_or(from)))
    };
    lines.iter().filter_map(span).collect()
}

/// What kind of incident it is.
pub(super) fn kind<'t>(frame: &'t Frame<'_>, kind: &'t str) -> &'t str {
    match kind {
        "blocage" => frame.say("Blocage du robot", "The robot was blocked"),
        "captcha" => frame.say("Captcha avant la réponse", "A captcha before the answer"),
        "arret" => frame.say("Le robot ne tournait pas", "The robot did not run"),
        other => other,
    }
}

/// The first day of an event, on the clock of Paris, by which the registry dates.
pub(super) fn first_day(line: Line<'_>) -> Option<NaiveDate> {
    Some(line.instant("debut")?.with_timezone(&Paris).date_naive())
}

/// When an event was, as exactly as the registry knows.
fn when(frame: &Frame<'_>, line: Line<'_>) -> Option<String> {
    let first = first_day(line)?;
    let (in_, month) = (frame.say("en", "in"), |day: NaiveDate| frame.words.month(&day.format("%Y-%m").to_string()));
    // The end is the first instant that is no more of it.
    let last = line.instant("fin").map(|end| (end - TimeDelta::microseconds(1)).with_timezone(&Paris).date_naive());
    Some(match (line.text("precision"), last) {
        ("annee", None) => format!("{in_} {}", first.year()),
        ("mois", None) => format!("{in_} {}", month(first)),
        (_, None) => format!("{} {}", frame.say("le", "on"), frame.words.day(first)),
        ("annee", Some(last)) => {
            format!("{} {} {} {}", frame.say("de", "from"), first.year(), frame.say("à", "to"), last.year())
        }
        ("mois", Some(last)) => {
            format!("{} {} {} {}", frame.say("de", "from"), month(first), frame.say("à", "to"), month(last))
        }
        (_, Some(last)) => format!(
            "{} {} {} {}",
            frame.say("du", "from"),
            frame.words.day(first),
            frame.say("au", "to"),
            frame.words.day(last)
        ),
    })
}

/// An event, with its source. The registry tells it in French.
pub(super) fn event(frame: &Frame<'_>, line: Line<'_>) -> Markup {
    html! {
        span lang="fr" { strong { (line.text("titre")) } }
        @if let Some(when) = when(frame, line) { ", " (when) }
        ". " span lang="fr" { (line.text("description")) } " "
        @if line.text("source_url").is_empty() { span.quiet lang="fr" { (line.text("source")) } }
        @else { a.quiet lang="fr" href=(line.text("source_url")) { (line.text("source")) } }
    }
}

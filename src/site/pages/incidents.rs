//! Incidents of the measurement, and the events that the registry knows.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike};
use chrono_tz::Europe::Paris;
use chrono_tz::Tz;
use maud::{Markup, html};

use crate::grid::Line;
use crate::schema::Language;
use crate::site::cell::{Note, Show, cell, scroll};
use crate::site::figures::Span;
use crate::site::frame::{Frame, Own};
use crate::words::Words;

const COLUMNS: [(&str, Show); 9] = [
    ("debut_utc", Show::Instant),
    ("fin_utc", Show::Instant),
    ("duree_s", Show::Length),
    ("point_de_mesure", Show::Text),
    ("systeme", Show::Text),
    ("guichet_id", Show::Text),
    ("tentatives", Show::Count),
    ("services", Show::Count),
    ("cible", Show::Code),
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
            "Ce qui a empêché un point de mesure de regarder par un système : un blocage, un captcha ; ou tous : un arrêt. Un regard refusé ne dit rien des rendez-vous, et n'est jamais compté comme « non ». Ce que d'autres points de mesure ont vu pendant ce temps compte comme d'habitude.",
            "What kept a vantage from looking by a system: a block, a captcha; or all of them: a stop. A look that was refused says nothing of appointments, and never counts as \"no\". What other vantages saw meanwhile counts as usual.",
        )) }
        (table(frame, title, &caption, &COLUMNS, found.get(..MOST).unwrap_or(&found), None))
        p { a href=(frame.at_root("incidents.csv")) { "incidents.csv" } }
        h2 #evenements { (frame.say("Événements connus", "Known events")) }
        @if frame.words.tag() == "en" { p.quiet { "The registry tells them in French." } }
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
    note: Option<Note<'_>>,
) -> Markup {
    // Of a refusal nobody knows the end: the table has the last one that was met.
    let heading = |column: &str| match column {
        "fin_utc" => frame.say("Dernier refus, ou reprise (UTC)", "Last refusal, or resumption (UTC)").to_owned(),
        _ => frame.title("incidents", column),
    };
    let table = html! {
        table.figures data-table="incidents" data-key="" {
            caption { (caption) }
            thead { tr {
                th scope="col" { (frame.say("Quoi", "What")) }
                @for (column, show) in columns { th class=[(!show.is_number()).then_some("t")] scope="col" data-column=(column) { (heading(column)) } }
                @if let Some((noted, _)) = note { th.t scope="col" { (noted) } }
            } }
            tbody { @for line in lines { tr #(line.text("incident_id")) data-key=(line.text("incident_id")) {
                th scope="row" { (kind(frame, line.text("type"))) @if let Some(since) = since(frame, *line) { ", " (since) } }
                @for (column, show) in columns { (cell(frame.words, *line, column, *show)) }
                @if let Some((_, note)) = note { td.t { (note(*line)) } }
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

/// Whether it may still last at the moment of which the version speaks.
pub(super) fn is_ongoing(line: Line<'_>) -> bool {
    line.text("en_cours") == "true"
}

/// Whether nobody saw it end.
fn is_unended(line: Line<'_>) -> bool {
    is_ongoing(line) || line.text("type") != "arret" && line.text("possible_fin_utc").is_empty()
}

/// What became of an incident of which no end was seen; nothing of others.
pub(super) fn since<'t>(frame: &'t Frame<'_>, line: Line<'_>) -> Option<&'t str> {
    is_unended(line).then(|| {
        if is_ongoing(line) {
            frame.say("en cours", "still going on")
        } else {
            frame.say("fin non constatée", "end not seen")
        }
    })
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

/// When an event was, as exactly as the registry knows; nothing where its title says so already.
fn when(frame: &Frame<'_>, line: Line<'_>) -> Option<String> {
    let first = first_day(line)?;
    let (french, english) = (Words(Language::French), frame.words.tag() == "en");
    if line.text("fin").is_empty() && line.text("titre").contains(&french.day(first)) {
        return None;
    }
    let end = line.instant("fin").map(|end| end.with_timezone(&Paris));
    // The end is the first instant that is no more of it.
    let last = end.map(|end| (end - TimeDelta::microseconds(1)).date_naive());
    let span = |name: &dyn Fn(NaiveDate) -> String, lead: [&str; 2], from: [&str; 2], to: [&str; 2]| {
        let (begun, ended) = (name(first), last.map(name));
        let [lead, from, to] = [lead, from, to].map(|[french, english]| frame.say(french, english).to_owned());
        match ended.filter(|ended| *ended != begun) {
            None => format!("{lead} {begun}"),
            Some(ended) => format!("{from} {begun} {to} {ended}"),
        }
    };
    let month = |day: NaiveDate| frame.words.month(&day.format("%Y-%m").to_string());
    let year = |day: NaiveDate| day.year().to_string();
    Some(match line.text("precision") {
        "annee" => span(&year, ["en", "in"], ["de", "from"], ["à", "to"]),
        "mois" => span(&month, ["en", "in"], ["de", "from"], ["à", "to"]),
        // No source names the day: neither does this.
        "inferee" if first.ordinal() == 1 => {
            span(&year, ["vers", "around"], ["vers", "around"], ["et jusqu'en", "and until"])
        }
        "inferee" => span(&month, ["vers", "around"], ["vers", "around"], ["et jusqu'en", "and until"]),
        precision => {
            let clock = |instant: DateTime<Tz>| match (precision, english) {
                ("minute", false) => instant.format(" à %-H h %M").to_string(),
                ("minute", true) => instant.format(" at %H:%M").to_string(),
                _ => String::new(),
            };
            let begun = frame.words.day(first)
                + &line.instant("debut").map_or_else(String::new, |debut| clock(debut.with_timezone(&Paris)));
            match end.zip(last) {
                Some((end, last)) if last != first || precision == "minute" => {
                    // What ends as a day begins is told so: a last day would be one that the registry may not mean.
                    let midnight = if end.num_seconds_from_midnight() == 0 && precision != "minute" {
                        frame.say(" à 0 h", " at 0:00")
                    } else {
                        ""
                    };
                    let ended = format!("{}{}{midnight}", frame.words.day(end.date_naive()), clock(end));
                    format!("{} {begun} {} {ended}", frame.say("du", "from"), frame.say("au", "to"))
                }
                _ => format!("{} {begun}", frame.say("le", "on")),
            }
        }
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

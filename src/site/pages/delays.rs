//! How far ahead appointments were offered, where any was.

use maud::{Markup, html};

use super::scope;
use super::service::Around;
use crate::grid::Line;
use crate::site::cell::{Published, Show, figure};
use crate::site::frame::Frame;
use crate::site::state::State;
use crate::site::world::{DELAYS, Service};

/// The newest whole month, and the others behind it.
pub(super) fn delays(frame: &Frame<'_>, around: &Around<'_>, service: &Service<'_>, title: &str) -> Markup {
    let rows = service.lines("delais");
    if rows.iter().all(|row| row.count("oui") == 0) {
        return html! {};
    }
    let (newest, others): (Vec<Line<'_>>, Vec<Line<'_>>) =
        rows.into_iter().partition(|row| row.text("mois") == around.closed);
    let known = |row: Line<'_>| {
        if row.count("oui") > 0 {
            unpublished(frame, row)
        } else {
            nothing_offered(frame, service, row.text("mois"), Some(row))
        }
    };
    let table = |rows: &[Line<'_>], caption: &str| {
        let columns: Vec<_> = DELAYS.map(|column| (column, frame.title("delais", column), Show::Share)).into();
        let caption =
            format!("{title}, {caption}, {}", frame.say("en part du temps répondu", "as a share of the time answered"));
        let say = |month: &str| frame.words.month(month);
        let published = Published {
            words: frame.words,
            table: "delais",
            key: service.key(),
            head: ("mois", None, &say),
            columns: &columns,
            caption,
        };
        published.table(rows, (frame.say("Ce qu'on en sait", "What is known"), &known))
    };
    html! {
        h3 { (frame.say("Quand un rendez-vous était proposé : dans quel délai ?", "Where an appointment was offered: how far ahead?")) }
        @if newest.iter().any(|row| row.count("oui") > 0) { (table(&newest, &frame.words.month(around.closed))) }
        @else { p {
            (frame.say("En", "In")) " " (frame.words.month(around.closed)) (frame.say(", ", ": "))
            (nothing_offered(frame, service, around.closed, newest.first().copied())) "."
        } }
        @if !others.is_empty() {
            details {
                summary { (frame.say("Les délais des autres mois", "The delays of the other months")) }
                (table(&others, frame.say("les autres mois", "the other months")))
            }
        }
    }
}

/// What is known of a month in which no appointment was seen: that there was none to be seen only where there was an answer.
fn nothing_offered(frame: &Frame<'_>, service: &Service<'_>, month: &str, row: Option<Line<'_>>) -> Markup {
    let Some(row) = row else { return html! { (scope::clause(frame, service, month)) } };
    let of = format!("delais/{}/{month}", service.key());
    let shown = |column: &str| figure(frame.words, row, &of, column, Show::Count);
    let (looks, answers) = (row.count("consultations"), row.count("reponses"));
    let looked_at = || {
        let answer = frame.words.plural(answers, ["réponse", "réponses"], ["answer", "answers"]);
        let look = frame.words.plural(looks, ["consultation", "consultations"], ["consultation", "consultations"]);
        html! { (shown("reponses")) " " (answer) " " (frame.say("sur", "of")) " " (shown("consultations")) " " (look) }
    };
    match service.month(month).map(State::of) {
        _ if answers > 0 => html! {
            (frame.say("aucun rendez-vous n'a été vu : ", "no appointment was seen: ")) (looked_at())
        },
        None | Some(State::NotMeasured) => html! { (scope::clause(frame, service, month)) },
        Some(State::OutOfScope) => html! { (State::OutOfScope.label(frame.words)) },
        Some(_) => html! { (frame.say("on ne sait pas : ", "not known: ")) (looked_at()) },
    }
}

/// Why shares are missing, where some are.
fn unpublished(frame: &Frame<'_>, row: Line<'_>) -> Markup {
    let reason = ["motif_classes", "motif"].into_iter().find(|column| !row.text(column).is_empty());
    let missing = DELAYS.iter().any(|column| row.number(column).is_none());
    html! { @if let Some(column) = reason.filter(|_| missing) {
        (frame.say("parts non publiées : ", "shares not published: ")) (frame.reason("delais", column, row.text(column)))
    } }
}

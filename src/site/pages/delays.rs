//! How far ahead appointments were offered, where any was.

use maud::{Markup, html};

use super::service::Around;
use crate::grid::Line;
use crate::site::cell::{Published, Show};
use crate::site::frame::Frame;
use crate::site::world::{DELAYS, Service};

/// The newest whole month, and the others behind it.
pub(super) fn delays(frame: &Frame<'_>, around: &Around<'_>, service: &Service<'_>, title: &str) -> Markup {
    let offered: Vec<Line<'_>> = service.lines("delais").into_iter().filter(|row| row.count("oui") > 0).collect();
    if offered.is_empty() {
        return html! {};
    }
    let (newest, others): (Vec<Line<'_>>, Vec<Line<'_>>) =
        offered.into_iter().partition(|row| row.text("mois") == around.closed);
    let table = |rows: &[Line<'_>], caption: &str| {
        let columns: Vec<_> = DELAYS.map(|column| (column, frame.title("delais", column), Show::Share)).into();
        let caption =
            format!("{title}, {caption}, {}", frame.say("en part du temps répondu", "as a share of the time answered"));
        let say = |month: &str| frame.month(month);
        let published = Published {
            words: frame.words,
            table: "delais",
            key: service.key(),
            head: ("mois", &say),
            columns: &columns,
            caption,
        };
        published.table(rows, (frame.say("Parts non publiées", "Shares not published"), &|row| unpublished(frame, row)))
    };
    html! {
        h3 { (frame.say("Quand un rendez-vous était proposé : dans quel délai ?", "Where an appointment was offered: how far ahead?")) }
        @if newest.is_empty() { p { (frame.words.month(around.closed)) (frame.say(" : aucun n'a été vu.", ": none was seen.")) } }
        @else { (table(&newest, &frame.words.month(around.closed))) }
        @if !others.is_empty() {
            details {
                summary { (frame.say("Les délais des autres mois", "The delays of the other months")) }
                (table(&others, frame.say("les autres mois", "the other months")))
            }
        }
    }
}

/// Why shares are missing, where some are.
fn unpublished(frame: &Frame<'_>, row: Line<'_>) -> Markup {
    let reason = ["motif_classes", "motif"].into_iter().find(|column| !row.text(column).is_empty());
    let missing = DELAYS.iter().any(|column| row.number(column).is_none());
    html! { @if let Some(column) = reason.filter(|_| missing) { (frame.reason("delais", column, row.text(column))) } }
}

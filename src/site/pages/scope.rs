//! From when to when a service was to be looked at, by the schedule: a month that is not in scope is not one in which nobody
//! looked.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};

use crate::grid::Line;
use crate::site::frame::Frame;
use crate::site::state::State;
use crate::site::world::Service;

/// Why there is no row of a month, as a part of a sentence.
pub(super) fn clause<'t>(frame: &'t Frame<'_>, service: &Service<'_>, month: &str) -> &'t str {
    let periods = service.lines("perimetre");
    let in_month = |day: Option<NaiveDate>| day.map(|day| day.format("%Y-%m").to_string());
    let is_over = |line: &Line<'_>| in_month(last_day(*line)).is_some_and(|last| *last < *month);
    let is_to_come = |line: &Line<'_>| in_month(first_day(*line)).is_some_and(|first| *first > *month);
    match periods.as_slice() {
        [] => State::NotMeasured.clause(frame.words),
        all if all.iter().all(is_over) => {
            frame.say("ce service n'était plus à mesurer", "this service was no longer to be measured")
        }
        all if all.iter().all(is_to_come) => {
            frame.say("ce service n'était pas encore à mesurer", "this service was not to be measured yet")
        }
        all if all.iter().all(|line| is_over(line) || is_to_come(line)) => {
            frame.say("ce service n'était pas à mesurer", "this service was not to be measured")
        }
        _ => State::NotMeasured.clause(frame.words),
    }
}

/// That a service left, when, why, and where one goes instead; nothing where it is still in scope.
pub(super) fn left(frame: &Frame<'_>, service: &Service<'_>) -> Markup {
    let newest = service.lines("perimetre").into_iter().max_by_key(|line| line.instant("fin_utc"));
    let Some(last) = newest.filter(|line| line.text("ouverte") == "false") else { return html! {} };
    let Some(end) = on_clock(last, last.instant("fin_utc")) else { return html! {} };
    let (why, instead) = (last.text("motif_fin"), last.text("suite"));
    html! {
        " " (frame.say("Ce service est sorti de la mesure le", "This service left the measurement on")) " " (frame.words.day(end))
        @if why.is_empty() { (frame.say(", pour une raison qui n'est pas notée", ", for a reason that was not noted")) }
        @else { (frame.say(" : ", ": ")) (frame.reason("perimetre", "motif_fin", why)) }
        @if !instead.is_empty() { " (" span translate="no" { (instead) } ")" }
        "."
    }
}

fn first_day(period: Line<'_>) -> Option<NaiveDate> {
    on_clock(period, period.instant("debut_utc"))
}

/// The end is the first instant that is no more of the period.
fn last_day(period: Line<'_>) -> Option<NaiveDate> {
    on_clock(period, period.instant("fin_utc").map(|end| end - TimeDelta::microseconds(1)))
}

/// The day of an instant on the counter's own clock.
fn on_clock(period: Line<'_>, instant: Option<DateTime<Utc>>) -> Option<NaiveDate> {
    let zone: Tz = period.text("fuseau").parse().ok()?;
    Some(instant?.with_timezone(&zone).date_naive())
}

//! When a service was seen to open: weekdays by hours, on the counter's own clock.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use maud::{Markup, html};

use super::{INK, QUIET, RULE, patterns, tenths};
use crate::grid::Line;
use crate::site::state::State;
use crate::words::Words;

/// Light to dark, also in grey. These are not the colours of rates: dark is when appointments appear.
const FREQUENCY: [&str; 4] = ["#d5e6f2", "#8fbcdb", "#3f7fb0", "#173f63"];

const LEFT: f64 = 40.0;
const SIDE: f64 = 15.5;
const TOP: f64 = 16.0;

/// The days of the week, Monday first.
pub(in crate::site) fn weekdays(words: Words) -> [&'static str; 7] {
    [
        words.say("lundi", "Monday"),
        words.say("mardi", "Tuesday"),
        words.say("mercredi", "Wednesday"),
        words.say("jeudi", "Thursday"),
        words.say("vendredi", "Friday"),
        words.say("samedi", "Saturday"),
        words.say("dimanche", "Sunday"),
    ]
}

/// What was seen of an hour of a weekday, by the two.
pub(in crate::site) fn by_hour<'a>(rows: &[Line<'a>]) -> BTreeMap<(i64, i64), Line<'a>> {
    rows.iter().map(|row| ((row.count("jour_semaine"), row.count("heure")), *row)).collect()
}

/// The figure: the darker, the larger the share of occasions on which the service opened; a ring where it never did though
/// somebody looked, hatched where nobody did.
pub(in crate::site) fn rhythm(words: Words, (id, name): (&str, &str), rows: &[Line<'_>]) -> Markup {
    let hours = by_hour(rows);
    let shares = hours.values().filter_map(|row| row.number("part_ouvertures"));
    let most = shares.fold(0.0, f64::max);
    // Cells that look alike are one path: a page has thousands of them.
    let (mut cells, mut rings): (BTreeMap<String, String>, String) = (BTreeMap::new(), String::new());
    for (day, down) in (1..=7).zip(0_u8..) {
        for (hour, across) in (0..24).zip(0_u8..) {
            let (x, y) = (LEFT + f64::from(across) * SIDE, TOP + f64::from(down) * SIDE);
            let row = hours.get(&(day, hour));
            let share = row.and_then(|row| row.number("part_ouvertures"));
            // Looked at, with an appointment there already or no look before: no occasion to see an opening.
            let fill = if row.is_some() && share.is_none() { "#ffffff".to_owned() } else { colour(share, most, id) };
            let _ = write!(cells.entry(fill).or_default(), "M{} {}h14v14h-14z", tenths(x), tenths(y));
            if share == Some(0.0) {
                let _ = write!(rings, "M{} {}h0", tenths(x + 7.0), tenths(y + 7.0));
            }
        }
    }
    html! {
        svg viewBox="0 0 420 140" role="img" aria-labelledby=(format!("{id}-nom")) font-family="system-ui, sans-serif" font-size="12" fill=(INK) {
            title id=(format!("{id}-nom")) { (name) }
            (patterns(id, 1))
            @for hour in [0.0, 6.0, 12.0, 18.0_f64] {
                text x=(tenths(LEFT + hour * SIDE)) y="11" fill=(QUIET) { (format!("{hour:.0}{}", words.say("\u{a0}h", ":00"))) }
            }
            @for (title, at) in weekdays(words).iter().zip(0_u8..) {
                text x=(tenths(LEFT - 4.0)) y=(tenths(TOP + f64::from(at) * SIDE + 11.0)) text-anchor="end" fill=(QUIET) { (title.chars().take(3).collect::<String>()) "." }
            }
            g stroke=(RULE) { @for (fill, path) in &cells { path fill=(fill) d=(path) {} } }
            @for (wide, stroke) in [("4", QUIET), ("2.4", "#ffffff")] {
                path d=(rings) stroke=(stroke) stroke-width=(wide) stroke-linecap="round" fill="none" {}
            }
        }
    }
}

fn colour(share: Option<f64>, most: f64, id: &str) -> String {
    match share {
        None => super::fill(State::NotMeasured, id),
        Some(share) if share <= 0.0 || most <= 0.0 => "#ffffff".to_owned(),
        Some(share) => {
            let steps = [0.25, 0.5, 0.75];
            FREQUENCY[steps.iter().filter(|step| share / most > **step).count()].to_owned()
        }
    }
}

//! When a service was seen to open: weekdays by hours, on the counter's own clock.

use maud::{Markup, html};

use super::{INK, QUIET, RULE, patterns, tenths};
use crate::grid::Line;
use crate::site::state::{RAMP, State};
use crate::words::Words;

const LEFT: f64 = 36.0;
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

/// The figure: the darker, the larger the share of occasions on which the service opened; a ring where it never did though
/// somebody looked, hatched where nobody did.
pub(in crate::site) fn rhythm(words: Words, (id, name): (&str, &str), rows: &[Line<'_>]) -> Markup {
    let most = rows.iter().filter_map(|row| row.number("part_ouvertures")).fold(0.0, f64::max);
    let cell =
        |day: i64, hour: i64| rows.iter().find(|row| row.count("jour_semaine") == day && row.count("heure") == hour);
    html! {
        svg viewBox="0 0 420 140" role="img" aria-labelledby=(format!("{id}-nom")) font-family="system-ui, sans-serif" font-size="9.5" fill=(INK) {
            title id=(format!("{id}-nom")) { (name) }
            (patterns(id, 1))
            @for hour in [0.0, 6.0, 12.0, 18.0_f64] {
                text x=(tenths(LEFT + hour * SIDE)) y="11" fill=(QUIET) { (format!("{hour:.0}{}", words.say("\u{a0}h", ":00"))) }
            }
            @for (day, (title, at)) in (1_i64..).zip(weekdays(words).iter().zip(0_u8..)) {
                text x=(tenths(LEFT - 4.0)) y=(tenths(TOP + f64::from(at) * SIDE + 11.0)) text-anchor="end" fill=(QUIET) { (title.chars().take(3).collect::<String>()) "." }
                @for (hour, across) in (0_i64..24).zip(0_u8..) {
                    @let (x, y) = (LEFT + f64::from(across) * SIDE, TOP + f64::from(at) * SIDE);
                    @let row = cell(day, hour);
                    @let share = row.and_then(|row| row.number("part_ouvertures"));
                    rect x=(tenths(x)) y=(tenths(y)) width="14.5" height="14.5" stroke=(RULE) fill=(colour(share, most, id)) {}
                    @if share == Some(0.0) { circle cx=(tenths(x + 7.2)) cy=(tenths(y + 7.2)) r="1.6" fill="none" stroke=(QUIET) {} }
                }
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
            RAMP[steps.iter().filter(|step| share / most > **step).count()].to_owned()
        }
    }
}

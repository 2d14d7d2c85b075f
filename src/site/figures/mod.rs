//! Figures, as SVG that stands alone: every style is an attribute, so that a figure that was taken out of its page looks the
//! same. Patterns tell states apart where colour does not.

mod card;
mod legend;
mod map;
mod months;
mod rhythm;

pub(super) use card::Card;
pub(super) use legend::legend;
pub(super) use map::Map;
pub(super) use months::{Event, Span, months};
pub(super) use rhythm::{by_hour, rhythm, weekdays};

use maud::{Markup, html};

use super::state::{ALL, State};

/// What is drawn and written.
pub(super) const INK: &str = "#2b2118";
/// What is beside the point.
const QUIET: &str = "#5b5348";
/// Lines that help the eye.
const RULE: &str = "#d8d2c7";

/// How a state is filled in a figure; `of` names the figure, whose patterns are its own.
pub(super) fn fill(state: State, of: &str) -> String {
    let fill = state.fill();
    fill.strip_suffix(')').map_or_else(|| fill.to_owned(), |pattern| format!("{pattern}-{of})"))
}

/// How a rate under reserve is filled.
pub(super) fn reserved_fill(state: State, of: &str) -> String {
    format!("url(#reserve-{}-{of})", state.class())
}

/// The patterns of rates under reserve: their colour, with thin lines across.
pub(super) fn reserved_patterns(of: &str, scale: u8) -> Markup {
    html! {
        defs { @for state in ALL.into_iter().filter(|state| state.has_rate()) {
            pattern id=(format!("reserve-{}-{of}", state.class())) width="7" height="7" patternUnits="userSpaceOnUse" patternTransform=(format!("scale({scale}) rotate(-45)")) {
                rect width="7" height="7" fill=(state.fill()) {}
                path d="M0 0V7" stroke=(if state.rank() > 1 { "#ffffff" } else { QUIET }) stroke-width="1.6" {}
            }
        } }
    }
}

/// The patterns of a figure, of so many of its units: hatched where nobody looked, striped where no answer was had, dotted where
/// there were too few.
pub(super) fn patterns(of: &str, scale: u8) -> Markup {
    html! {
        defs {
            pattern id=(format!("hachures-{of}")) width="5" height="5" patternUnits="userSpaceOnUse" patternTransform=(format!("scale({scale}) rotate(45)")) {
                rect width="5" height="5" fill="#ffffff" {}
                path d="M0 0V5" stroke=(QUIET) stroke-width="2" {}
            }
            pattern id=(format!("rayures-{of}")) width="5" height="4" patternUnits="userSpaceOnUse" patternTransform=(format!("scale({scale})")) {
                rect width="5" height="4" fill="#ffffff" {}
                path d="M0 1H5" stroke=(QUIET) stroke-width="1.6" {}
            }
            pattern id=(format!("points-{of}")) width="5" height="5" patternUnits="userSpaceOnUse" patternTransform=(format!("scale({scale})")) {
                rect width="5" height="5" fill="#ffffff" {}
                circle cx="2.5" cy="2.5" r="1.1" fill=(QUIET) {}
            }
        }
    }
}

/// A length on paper, to a tenth.
fn tenths(length: f64) -> String {
    let text = format!("{length:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

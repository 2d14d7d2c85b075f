//! The legend: every state with its swatch and its words.

use maud::{Markup, html};

use super::{INK, fill, patterns, reserved_fill, reserved_patterns};
use crate::site::state::{ALL, State};
use crate::words::Words;

/// The states. Where it is the legend `of` a figure whose fills a script changes, each swatch names the figure's fill, too.
pub(in crate::site) fn legend(words: Words, of: Option<&str>) -> Markup {
    const OWN: &str = "legende";
    html! {
        ul.legende {
            @for (at, state) in ALL.iter().enumerate() {
                li {
                    svg width="26" height="16" viewBox="0 0 26 16" aria-hidden="true" {
                        @if at == 0 { (patterns(OWN, 1)) }
                        rect x="1" y="1" width="24" height="14" fill=(fill(*state, OWN)) stroke=(INK) data-class=(state.class()) data-fill=[of.map(|of| fill(*state, of))] data-reserve=[of.filter(|_| state.has_rate()).map(|of| reserved_fill(*state, of))] {}
                    }
                    " " (state.label(words))
                }
            }
            @if of.is_some() {
                li {
                    svg width="26" height="16" viewBox="0 0 26 16" aria-hidden="true" {
                        (reserved_patterns(OWN, 1))
                        rect x="1" y="1" width="24" height="14" fill=(reserved_fill(State::Rate(2), OWN)) stroke=(INK) {}
                    }
                    " " (words.say("traits clairs en travers : un taux sous réserve, que le tableau dit", "thin lines across: a rate under a reserve, which the table tells"))
                }
            }
        }
    }
}

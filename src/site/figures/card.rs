//! The picture that stands for the site where somebody shares a page of it: as large as such pictures are, and its words as large as
//! they must be to be read at half that size.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{INK, Map, QUIET, RULE, patterns, reserved_patterns};
use crate::site::state::{RAMP, State};

/// What tells the patterns of this figure from those of others.
const OWN: &str = "partage";

/// So many letters have room in a line of the caption, and in that of the source.
const CAPTION: usize = 36;
const SOURCE: usize = 74;

/// What stands on it.
pub(in crate::site) struct Card<'a> {
    pub site: &'a str,
    /// Two lines of at most 22 letters.
    pub title: [&'a str; 2],
    /// How much is known.
    pub figure: String,
    /// Of what, and when.
    pub caption: [String; 2],
    /// What each colour of the ramp is.
    pub classes: [&'a str; 5],
    pub source: String,
    pub states: BTreeMap<&'a str, (State, bool)>,
}

impl Card<'_> {
    /// The picture, as SVG of 1200 by 630.
    pub(in crate::site) fn draw(&self, map: &Map) -> Markup {
        let line = |x: &str, y: &str, size: &str, text: &str| html! { text x=(x) y=(y) font-size=(size) { (text) } };
        html! {
            svg xmlns="http://www.w3.org/2000/svg" width="1200" height="630" viewBox="0 0 1200 630" font-family="sans-serif" fill=(INK) {
                // Tiles show their seams unless one is a whole number of dots: at half of the map's scale these are.
                (patterns(OWN, 4)) (reserved_patterns(OWN, 4))
                rect width="1200" height="630" fill="#ffffff" {}
                rect width="1200" height="14" fill="#8a3d0b" {}
                g transform="translate(660 40) scale(.5)" stroke=(INK) stroke-width="1.6" stroke-linejoin="round" { (map.outlines(OWN, &self.states)) }
                g font-weight="700" {
                    g fill="#8a3d0b" { (line("46", "76", "30", &cut(self.site, CAPTION))) }
                    g letter-spacing="-1" {
                        (line("45", "150", "56", self.title[0])) (line("45", "214", "56", self.title[1]))
                        (line("44", "326", "92", &self.figure))
                    }
                }
                (line("48", "376", "30", &cut(&self.caption[0], CAPTION))) (line("48", "414", "30", &cut(&self.caption[1], CAPTION)))
                @for ((fill, words), left) in RAMP.iter().zip(self.classes).zip([48, 160, 272, 384, 496]) {
                    rect x=(left) y="446" width="104" height="26" fill=(fill) stroke=(INK) stroke-width="1.5" {}
                    text x=(left + 52) y="504" font-size="25" text-anchor="middle" fill=(QUIET) { (words) }
                }
                path d="M48 560H1152" stroke=(RULE) stroke-width="2" {}
                g fill=(QUIET) { (line("46", "602", "26", &cut(&self.source, SOURCE))) }
            }
        }
    }
}

/// As much of a text as has room.
fn cut(text: &str, most: usize) -> String {
    let text = text.replace('\'', "’");
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

//! The map of the départements: outlines out of the project's data, filled with states.

use std::collections::BTreeMap;
use std::path::Path;

use maud::{Markup, html};
use serde::Deserialize;

use super::{INK, fill, patterns, reserved_fill, reserved_patterns};
use crate::error::{Context, Result};
use crate::site::state::State;

/// Outlines of the départements, as paths of SVG.
#[derive(Debug, Deserialize)]
pub(in crate::site) struct Map {
    /// Where they come from.
    pub source: String,
    view: [f64; 4],
    areas: BTreeMap<String, String>,
    /// Those around Paris, drawn a second time and larger.
    enlarged: BTreeMap<String, String>,
    boxes: Vec<Frame>,
    others: Squares,
}

/// A frame around what does not stand where it is.
#[derive(Debug, Deserialize)]
struct Frame {
    /// The code of the département within, or `enlarged`.
    of: String,
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

/// Where codes without an outline stand: in a row.
#[derive(Debug, Deserialize)]
struct Squares {
    x: f64,
    y: f64,
    side: f64,
    step: f64,
}

/// What fills a département in the figure that is named so.
fn filled(states: &BTreeMap<&str, (State, bool)>, code: &str, id: &str) -> String {
    match states.get(code) {
        Some((state, true)) if state.has_rate() => reserved_fill(*state, id),
        Some((state, _)) => fill(*state, id),
        None => fill(State::NotMeasured, id),
    }
}

impl Map {
    pub(in crate::site) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).usage("cannot read the map").map_err(|error| error.at_path(path))?;
        serde_json::from_str(&text).usage("not a map of outlines").map_err(|error| error.at_path(path))
    }

    /// The outlines alone, without a word, for a picture in which nobody could read one.
    pub(super) fn outlines(&self, id: &str, states: &BTreeMap<&str, (State, bool)>) -> Markup {
        html! {
            @for frame in &self.boxes { rect x=(frame.x) y=(frame.y) width=(frame.w) height=(frame.h) fill="none" stroke="#b3a894" {} }
            @for (code, path) in self.areas.iter().chain(&self.enlarged) { path fill=(filled(states, code, id)) d=(path) {} }
        }
    }

    /// The figure: `states` by the départements' codes, and whether they are under reserve. One without a state was not
    /// measured.
    pub(in crate::site) fn draw(&self, (id, name): (&str, &str), states: &BTreeMap<&str, (State, bool)>) -> Markup {
        let state = |code: &str| states.get(code).map_or(State::NotMeasured, |(state, _)| *state);
        let filled = |code: &str| filled(states, code, id);
        let [x, y, width, height] = self.view;
        let others = states.keys().filter(|code| !self.areas.contains_key(**code));
        html! {
            svg viewBox=(format!("{x} {y} {width} {height}")) role="img" aria-labelledby=(format!("{id}-nom")) font-family="system-ui, sans-serif" {
                title id=(format!("{id}-nom")) { (name) }
                (patterns(id, 3))
                (reserved_patterns(id, 2))
                g stroke=(INK) stroke-width="1" vector-effect="non-scaling-stroke" stroke-linejoin="round" {
                    @for frame in &self.boxes {
                        rect x=(frame.x) y=(frame.y) width=(frame.w) height=(frame.h) fill="none" stroke="#b3a894" {}
                        text x=(frame.x + 6.0) y=(frame.y + 30.0) font-size="32" stroke="none" fill=(INK) { @if frame.of == "enlarged" { "Paris" } @else { (frame.of) } }
                    }
                    @for (code, path) in self.areas.iter().chain(&self.enlarged) {
                        path data-code=(code) class=(format!("zone {}", state(code).class())) fill=(filled(code)) d=(path) {}
                    }
                    @for (at, code) in (0_u8..).zip(others) {
                        @let left = self.others.x + f64::from(at) * self.others.step;
                        rect data-code=(code) class=(format!("zone {}", state(code).class())) fill=(filled(code)) x=(left) y=(self.others.y) width=(self.others.side) height=(self.others.side) {}
                        text x=(left + self.others.side / 2.0) y=(self.others.y - self.others.side * 0.15) text-anchor="middle" font-size=(self.others.side * 0.75) stroke="none" fill=(INK) { (code) }
                    }
                }
            }
        }
    }
}

//! A service's months in lanes under one time axis: what was answered, what could not be answered, when nobody looked, and what
//! kept the robot from looking.
//! Where a thing stands carries its meaning; colour only repeats the class. No line is drawn across a gap.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Utc};
use maud::{Markup, PreEscaped, html};

use super::{INK, QUIET, RULE, fill, patterns, tenths};
use crate::grid::Line;
use crate::schema::Language;
use crate::site::state::State;
use crate::words::Words;

const WIDTH: f64 = 420.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 8.0;
/// Top and bottom of each lane.
const ANSWERED: (f64, f64) = (20.0, 130.0);
const UNANSWERED: (f64, f64) = (154.0, 178.0);
const UNSEEN: (f64, f64) = (202.0, 220.0);
const INTERRUPTED: (f64, f64) = (244.0, 251.0);
const HEIGHT: f64 = 285.0;

/// From when to when something lasted.
pub(in crate::site) type Span = (DateTime<Utc>, DateTime<Utc>);

/// What happened in a month, to be marked there.
pub(in crate::site) struct Event<'a> {
    /// Its numbers in the list below the figure.
    pub numbers: String,
    pub month: &'a str,
}

/// The figure; `open` is the first month that is not over, whose mark is hollow.
pub(in crate::site) fn months(
    words: Words,
    (id, name): (&str, &str),
    (months, open): (&[&str], &str),
    rows: &[Line<'_>],
    (events, interruptions): (&[Event<'_>], &[Span]),
) -> Markup {
    #[expect(clippy::cast_precision_loss, reason = "a few dozen months")]
    let (count, at) =
        (months.len().max(1) as f64, |month: &str| months.iter().position(|other| *other == month).map(|at| at as f64));
    let step = (WIDTH - LEFT - RIGHT) / count;
    let middle = |month: &str| at(month).map(|at| LEFT + (at + 0.5) * step);
    let mut drawing = Drawing { id, open, step: step.min(30.0), ..Drawing::default() };
    for row in rows {
        if let Some(x) = middle(row.text("mois")) {
            drawing.month(x, *row);
        }
    }
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby=(format!("{id}-nom")) font-family="system-ui, sans-serif" font-size="12" fill=(INK) {
            title id=(format!("{id}-nom")) { (name) }
            (patterns(id, 1))
            (lanes(words))
            path d=(drawing.bounds) stroke=(QUIET) stroke-width="1.6" fill="none" {}
            path d=(drawing.intervals) stroke="#b3a894" stroke-width=(tenths((drawing.step * 0.4).clamp(2.5, 9.0))) fill="none" {}
            path d=(drawing.gone) stroke=(RULE) stroke-dasharray="2 2" fill="none" {}
            g stroke=(QUIET) stroke-width="0.8" { @for (fill, path) in &drawing.areas { path fill=(fill) d=(path) {} } }
            g stroke-linecap="round" fill="none" {
                @for (fill, path) in &drawing.dots {
                    // What is not over is hollow, in a quieter ring: its rate may change.
                    path d=(path) stroke-width="8" stroke=(if fill == HOLLOW { QUIET } else { INK }) {}
                    path d=(path) stroke-width="6" stroke=(fill) {}
                }
            }
            path class="interruptions" d=(interrupted(months, step, interruptions)) fill=(INK) {}
            (axis(words, months, step))
            @for event in events { @if let Some(x) = middle(event.month) {
                path d=(format!("M{} 12l-4 -7h8z", tenths(x))) fill=(INK) {}
                text x=(tenths(x + 5.0)) y="12" font-size="12" { (event.numbers) }
            } }
        }
    }
}

/// Names of the lanes, the scale of the first.
fn lanes(words: Words) -> Markup {
    let title = |lane: (f64, f64), text: &str| html! { text x=(LEFT) y=(tenths(lane.0 - 5.0)) font-size="12" fill=(QUIET) { (text) } };
    let percent = words.say("\u{a0}%", "%");
    html! {
        g stroke=(RULE) stroke-width="1" {
            @for share in [0.0, 0.5, 1.0] { path d=(format!("M{LEFT} {}H{}", tenths(height(share)), WIDTH - RIGHT)) {} }
            @for lane in [UNANSWERED, UNSEEN, INTERRUPTED] { path d=(format!("M{LEFT} {}H{}", tenths(lane.1), WIDTH - RIGHT)) {} }
        }
        @for (share, text) in [(0.0, "0"), (0.5, "50"), (1.0, "100")] {
            text x=(tenths(LEFT - 4.0)) y=(tenths(height(share) + 4.0)) text-anchor="end" font-size="12" fill=(QUIET) { (text) (percent) }
        }
        (title(UNANSWERED, words.say("regardé sans réponse (captcha, blocage, panne)", "looked at without an answer (captcha, block, failure)")))
        (title(UNSEEN, words.say("personne n'a regardé", "nobody looked")))
        (title(INTERRUPTED, words.say("incidents de la mesure (blocage, captcha, arrêt)", "incidents of the measurement (block, captcha, stop)")))
    }
}

/// From when to when the measurement was interrupted, to the day; what lies outside the months shown is not drawn.
fn interrupted(months: &[&str], step: f64, spans: &[Span]) -> String {
    let place = |instant: &DateTime<Utc>| {
        let month = instant.format("%Y-%m").to_string();
        // Months that are not shown lie before the first or after the last; none is missing between two.
        let whole = months.partition_point(|other| **other < *month);
        let inside = months.get(whole).is_some_and(|other| *other == month);
        let part = if inside { f64::from(instant.day0()) / f64::from(instant.num_days_in_month()) } else { 0.0 };
        #[expect(clippy::cast_precision_loss, reason = "a few dozen months")]
        let whole = whole as f64;
        LEFT + (whole + part) * step
    };
    let mut path = String::new();
    for (from, to) in spans {
        let (left, right) = (place(from), place(to));
        let shown = months.first().zip(months.last()).is_some_and(|(first, last)| {
            *to.format("%Y-%m").to_string() >= **first && *from.format("%Y-%m").to_string() <= **last
        });
        if shown {
            let (top, bottom) = INTERRUPTED;
            outline(&mut path, (left, top), (right - left).max(1.5), bottom - top);
        }
    }
    path
}

/// Where a share stands in the first lane.
fn height(share: f64) -> f64 {
    ANSWERED.1 - share.clamp(0.0, 1.0) * (ANSWERED.1 - ANSWERED.0)
}

/// The months' initials where there is room for them, and the years.
fn axis(words: Words, months: &[&str], step: f64) -> Markup {
    let initials = match words.0 {
        Language::French => ["j", "f", "m", "a", "m", "j", "j", "a", "s", "o", "n", "d"],
        Language::English => ["J", "F", "M", "A", "M", "J", "J", "A", "S", "O", "N", "D"],
    };
    let mut text = String::new();
    let mut left = LEFT;
    for (at, month) in months.iter().enumerate() {
        let initial = month
            .get(5..7)
            .and_then(|month| month.parse::<usize>().ok())
            .and_then(|month| initials.get(month.checked_sub(1)?));
        if step > 12.0 {
            let x = tenths(left + step / 2.0);
            let _ = write!(
                text,
                "<text x=\"{x}\" y=\"264\" text-anchor=\"middle\" font-size=\"12\">{}</text>",
                initial.unwrap_or(&"")
            );
        }
        if at == 0 || month.ends_with("-01") {
            let (x, year) = (tenths(left), month.get(..4).unwrap_or_default());
            // The first year has no room where the second begins at once.
            let crowded = at == 0 && step < 12.0 && months.iter().skip(1).take(3).any(|month| month.ends_with("-01"));
            if !crowded {
                // Where the last year has just begun, its label ends at the edge.
                let (from, anchor) = if left + 28.0 > WIDTH { (tenths(WIDTH), "end") } else { (x.clone(), "start") };
                let _ = write!(
                    text,
                    "<path d=\"M{x} 253v4\" stroke=\"{QUIET}\"/><text x=\"{from}\" y=\"279\" text-anchor=\"{anchor}\" font-size=\"12\">{year}</text>"
                );
            }
        }
        left += step;
    }
    PreEscaped(text)
}

/// Marks that look alike are one path: a page has thousands of them.
#[derive(Default)]
struct Drawing<'a> {
    id: &'a str,
    open: &'a str,
    step: f64,
    bounds: String,
    intervals: String,
    /// Outlines of months that are out of scope.
    gone: String,
    /// By what fills them.
    areas: BTreeMap<String, String>,
    dots: BTreeMap<String, String>,
}

/// The fill of a dot whose month is not over.
const HOLLOW: &str = "#ffffff";

impl Drawing<'_> {
    fn month(&mut self, x: f64, row: Line<'_>) {
        let state = State::of(row);
        let wide = (self.step * 0.6).clamp(3.0, 16.0);
        let (left, x) = (x - wide / 2.0, tenths(x));
        if state == State::OutOfScope {
            outline(&mut self.gone, (left, ANSWERED.0), wide, ANSWERED.1 - ANSWERED.0);
            return;
        }
        let between = |low: &str, high: &str| Some((height(row.number(low)?), height(row.number(high)?)));
        let bounds = between("borne_basse", "borne_haute");
        match (row.number("taux_sans_rdv"), bounds) {
            (Some(rate), _) => {
                line(&mut self.bounds, &x, bounds);
                line(&mut self.intervals, &x, between("ic95_bas", "ic95_haut"));
                let over = row.text("mois") < self.open;
                let fill = if over { fill(state, self.id) } else { HOLLOW.to_owned() };
                let _ = write!(self.dots.entry(fill).or_default(), "M{x} {}h0", tenths(height(rate)));
            }
            (None, bounds) if state != State::NotMeasured => {
                // No rate: what is known is only that it lies somewhere in there; without bounds, anywhere.
                let (low, high) = bounds.unwrap_or((ANSWERED.1, ANSWERED.0));
                let tall = (low - high).max(4.0);
                let top = (high.midpoint(low) - tall / 2.0).min(ANSWERED.1 - tall);
                outline(self.areas.entry(fill(state, self.id)).or_default(), (left, top), wide, tall);
            }
            _ => {}
        }
        self.share(UNANSWERED, (left, wide), unanswered(row), State::NoAnswer);
        self.share(UNSEEN, (left, wide), unseen(row), State::NotMeasured);
    }

    /// A column of a lane, as high as a share.
    fn share(&mut self, lane: (f64, f64), (left, wide): (f64, f64), share: Option<f64>, state: State) {
        let Some(share) = share.filter(|share| *share > 0.0) else { return };
        let tall = (share.min(1.0) * (lane.1 - lane.0)).max(1.0);
        outline(self.areas.entry(fill(state, self.id)).or_default(), (left, lane.1 - tall), wide, tall);
    }
}

/// A line from low to high, where there is one.
fn line(path: &mut String, x: &str, ends: Option<(f64, f64)>) {
    if let Some((low, high)) = ends {
        let _ = write!(path, "M{x} {}V{}", tenths(low), tenths(high));
    }
}

/// A rectangle by its corner, its width and its height.
fn outline(path: &mut String, (left, top): (f64, f64), wide: f64, tall: f64) {
    let (wide, tall) = (tenths(wide), tenths(tall));
    let _ = write!(path, "M{} {}h{wide}v{tall}h-{wide}z", tenths(left), tenths(top));
}

/// The share of the time looked at of which nobody can tell.
fn unanswered(row: Line<'_>) -> Option<f64> {
    let [unknown, partly, answered] =
        ["secondes_inconnues", "secondes_oui_incomplets", "secondes_repondues"].map(|column| row.number(column));
    let unknown = unknown? + partly?;
    let looked = unknown + answered?;
    if looked > 0.0 { Some(unknown / looked) } else { (row.count("inconnues") > 0).then_some(1.0) }
}

/// The share of the scheduled time in which nobody looked.
fn unseen(row: Line<'_>) -> Option<f64> {
    match row.number("couverture") {
        Some(coverage) => Some(1.0 - coverage),
        None => (row.count("consultations") == 0).then_some(1.0),
    }
}

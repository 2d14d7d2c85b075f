//! The fact sheet: one service and one period on one page, for a meeting.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::Page;
use crate::config::Pipeline;
use crate::dossier::Dossier;
use crate::grid::{Grid, Line};
use crate::schema::Language;
use crate::tables::LICENCE;
use crate::words::Words;

/// Most weeks, or else months, of its table: more would not fit the page.
const MOST_ROWS: usize = 6;
/// Most days that the strip shows one by one; of a longer period it shows weeks.
const MOST_DAYS: usize = 200;

/// One page in one language.
#[must_use]
pub fn sheet(dossier: &Dossier, pipeline: &Pipeline, language: Language) -> String {
    let page = Page { dossier, pipeline, words: Words(language) };
    let say = |french, english| page.words.say(french, english);
    let body = html! {
        div.sheet {
            header { (page.heading(say("Obtenir un rendez-vous : ce qui a été mesuré", "Getting an appointment: what was measured"))) }
            main { @if let Some(figures) = dossier.figures.first() {
                (page.rate(figures))
                (page.sentences(figures))
                (page.strip())
                (page.table())
                (page.how())
            } }
            footer.foot { (page.source()) }
        }
    };
    page.whole("A4", &body)
}

impl Page<'_> {
    /// What the counts say, in three sentences.
    fn sentences(&self, figures: Line<'_>) -> Markup {
        let count = |column: &str| self.words.count(figures.count(column));
        let share =
            |column: &str| figures.number(column).map_or_else(|| "–".to_owned(), |share| self.words.share(share));
        let windows = self.dossier.windows_with_no();
        let (looks, yes, no, unknown) = (count("consultations"), count("oui"), count("non"), count("inconnues"));
        let (days, coverage) = (count("jours_avec_non"), share("couverture"));
        match self.words.0 {
            Language::French => html! {
                p {
                    "Le robot a consulté le service " (looks) " fois : " (no) " « non », " (yes) " « oui », " (unknown)
                    " sans réponse connue. Jours distincts avec un « non » : " (days) " ; fenêtres disjointes de sept jours avec un « non » : "
                    (windows) (self.cut_window()) ". Part du temps prévu qui a été regardée : " (coverage) "."
                }
                @if let (Some(low), Some(high)) = (figures.number("borne_basse"), figures.number("borne_haute")) {
                    p { "Si tout ce qui est resté inconnu avait été « oui », ou « non », le taux serait " (self.words.between(low, high)) "." }
                }
            },
            Language::English => html! {
                p {
                    "The robot asked the service " (looks) " times: " (no) " \"no\", " (yes) " \"yes\", " (unknown)
                    " without a known answer. Days with a \"no\": " (days) "; disjoint windows of seven days with one: " (windows) (self.cut_window())
                    ". Share of the scheduled time that was looked at: " (coverage) "."
                }
                @if let (Some(low), Some(high)) = (figures.number("borne_basse"), figures.number("borne_haute")) {
                    p { "Had all that stayed unknown been yes, or no, the rate would be " (self.words.between(low, high)) "." }
                }
            },
        }
    }

    /// The days, or the weeks, side by side, each as high as the share of its scheduled time that was looked at: what was
    /// answered « no » below, what stayed unknown above it, and what offered an appointment on top.
    fn strip(&self) -> Markup {
        let by_day = self.dossier.days.lines().count() <= MOST_DAYS;
        let rows = if by_day { &self.dossier.days } else { &self.dossier.weeks };
        let mut bars = String::new();
        for (at, row) in rows.lines().enumerate() {
            bar(&mut bars, at, row);
        }
        let unit = if by_day {
            self.words.say("Un trait par jour.", "A bar a day.")
        } else {
            self.words.say("Un trait par semaine.", "A bar a week.")
        };
        html! {
            svg.strip viewBox={ "0 0 " (rows.lines().count().max(1)) " " (HEIGHT) } preserveAspectRatio="none" role="img"
                aria-label=(self.words.say("Part des réponses, dans l'ordre des jours", "Share of the answers, in the order of days")) { (PreEscaped(bars)) }
            p.legend {
                (unit) " "
                @for (_, colour, french, english) in PARTS { span { (swatch(colour)) (self.words.say(french, english)) } }
                span { (swatch(UNSEEN)) (self.words.say("personne n'a regardé", "nobody looked")) }
            }
        }
    }

    fn table(&self) -> Markup {
        let weeks = self.dossier.weeks.lines().count();
        let months = self.dossier.months.lines().count();
        let say = |french, english| self.words.say(french, english);
        if weeks <= MOST_ROWS {
            return self.periods(&self.dossier.weeks, say("semaine ISO", "ISO week"));
        }
        if months <= MOST_ROWS {
            return self.periods(&self.dossier.months, say("mois", "month"));
        }
        let newest: Grid = self.dossier.months.part(months - MOST_ROWS..months);
        html! {
            p { (say("Les six derniers mois :", "The last six months:")) }
            (self.periods(&newest, say("mois", "month")))
        }
    }

    fn how(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let probe = &self.pipeline.probe;
        html! {
            p { strong { (say("Qui a regardé : ", "Who looked: ")) } (self.stated(probe.operator.as_ref())) }
            p { strong { (say("Ce qu'un « non » veut dire : ", "What a \"no\" means: ")) } (self.stated(probe.no_means.as_ref())) }
            p { (say(
                "« Nous n'avons pas pu regarder » n'est jamais « il n'y en avait pas » : ce qui est resté inconnu n'est dans aucun taux.",
                "\"We could not look\" is never \"there was none\": what stayed unknown is in no rate.",
            )) }
        }
    }

    fn source(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let manifest = &self.dossier.manifest;
        html! {
            p {
                (say("Source : ", "Source: ")) (self.words.say(&manifest.title, &self.pipeline.title_en)) ", version " (manifest.version)
                @if let Some(base) = &self.dossier.base { ", " (base) "/versions/" (manifest.version) "/" }
                ". " (LICENCE) ". "
                (say("Manifeste SHA-256 ", "Manifest SHA-256 ")) code { (self.dossier.manifest_sha256) } ". "
                (say(
                    "Le dossier complet (guichets dossier) donne chaque ligne, la méthode et la façon de tout vérifier.",
                    "The whole file (guichets dossier) gives each line, the method and the way to verify everything.",
                ))
            }
        }
    }
}

/// How high a bar is, in units of its picture.
const HEIGHT: i64 = 100;
/// The colour of a bar of which there is nothing to tell.
const UNSEEN: &str = "#d9d9d9";
/// What a bar is made of, from the ground up: column, colour, and what it is.
const PARTS: [(&str, &str, &str, &str); 4] = [
    ("non", "#a8324a", "« non »", "\"no\""),
    ("inconnues", "#8c8c8c", "sans réponse connue", "no known answer"),
    ("hors_champ", "#4d4d4d", "hors champ", "out of scope"),
    ("oui", "#2aa198", "un rendez-vous était proposé", "an appointment was offered"),
];

/// What a colour of the bars looks like. Drawn, as the bars are: browsers leave backgrounds out of what they print.
fn swatch(colour: &str) -> Markup {
    html! { svg.swatch viewBox="0 0 10 10" aria-hidden="true" { rect width="10" height="10" fill=(colour) {} } }
}

/// The bar of a day or a week.
fn bar(bars: &mut String, at: usize, row: Line<'_>) {
    let all = row.count("consultations");
    let mut piece = |top: i64, height: i64, colour: &str| {
        // Writing to a String cannot fail.
        let _ = write!(bars, "<rect x=\"{at}\" y=\"{top}\" width=\"1\" height=\"{height}\" fill=\"{colour}\"/>");
    };
    if all == 0 {
        piece(HEIGHT - 4, 4, UNSEEN);
        return;
    }
    // A day without a schedule has no coverage, and is shown whole; a trace is left of the least.
    #[expect(clippy::cast_possible_truncation, reason = "a share of a hundred")]
    let height = row.number("couverture").map_or(HEIGHT, |share| (share * 100.0).round() as i64).clamp(8, HEIGHT);
    let mut below = 0;
    for (column, colour, ..) in PARTS {
        let here = below + row.count(column);
        // Edges are rounded, and not parts: those of one bar always add up to its height.
        let (bottom, top) = (HEIGHT - height * below / all, HEIGHT - height * here / all);
        if bottom > top {
            piece(top, bottom - top, colour);
        }
        below = here;
    }
}

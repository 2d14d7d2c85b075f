//! Booking systems, each a state machine over pages: the step is read from the page, never from its address alone. All they
//! have is a [`Session`]; what they cannot name is an unknown page, and stays one.

mod elsewhere;
mod ez;
mod rdv_service_public;
mod rdvpref;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::page::{Page, Sentence, Shown};
use super::plan::Point;
use super::session::{Session, Stop, WALL_ELEMENTS};
use crate::attempt::System;
use crate::calendar::FRENCH_MONTHS;

/// What a look came to, in the eyes of the probe. The rules judge by the line, not by this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The page says that there is none: it cannot be said without the sentence.
    None(Sentence),
    /// The page shows one: it cannot be said without the element.
    Some(Shown, Slots),
    /// Anything else.
    Unknown,
}

/// What was offered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slots {
    /// How many were seen.
    pub count: Option<usize>,
    /// The dates offered, in order, each once.
    pub dates: Vec<NaiveDate>,
    /// The last day that was looked at.
    pub horizon: Option<NaiveDate>,
}

impl Finding {
    /// The opinion that goes into a line.
    #[must_use]
    pub const fn verdict(&self) -> &'static str {
        match self {
            Self::None(_) => "non",
            Self::Some(..) => "oui",
            Self::Unknown => "inconnu",
        }
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The service.
    pub point: &'a Point,
    /// The planning of it, where it has several.
    pub planning: Option<&'a str>,
    /// The counter's own zone.
    pub zone: Tz,
}

/// A booking system.
pub trait Look: Sync {
    /// Looks once whether a service offers an appointment.
    ///
    /// # Errors
    /// [`Stop`], with what was seen last in the session.
    fn look(&self, target: Target<'_>, session: &mut Session<'_, '_>) -> Result<Finding, Stop>;

    /// The elements that are a trace of something, where the page has them.
    fn markers(&self) -> &'static [&'static str];
}

/// What looks at a system. A plan names none without.
#[must_use]
pub fn of(system: System) -> &'static dyn Look {
    match system {
        System::EzPlanning => &ez::EzPlanning,
        System::Rdvpref => &rdvpref::Rdvpref,
        System::RdvServicePublic => &rdv_service_public::RdvServicePublic,
        System::Anef | System::DemarchesSimplifiees | System::Esirius | System::Other => &elsewhere::Elsewhere,
    }
}

/// The captchas that any page may have.
const CAPTCHAS: &[&str] = &[".g-recaptcha", "iframe[src*=recaptcha]"];

/// The traces of a page that go into a line.
#[must_use]
pub fn markers_of(look: &dyn Look, page: &Page) -> Vec<String> {
    let elements = CAPTCHAS.iter().chain(WALL_ELEMENTS).chain(look.markers()).filter(|selector| page.has(selector));
    let skeleton = format!("gabarit={}", page.skeleton());
    elements.map(|selector| (*selector).to_owned()).chain([skeleton]).collect()
}

/// The dates of a text, such as « lundi 13 décembre 2021 ».
fn dates_in(text: &str) -> Vec<NaiveDate> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let date = |window: &[String]| {
        let [day, month, year] = window else { return None };
        let month = FRENCH_MONTHS.iter().position(|name| *name == month)?;
        let day = day.trim_end_matches("er").parse().ok()?;
        let year = year.trim_end_matches(|letter: char| !letter.is_ascii_digit()).parse().ok()?;
        NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()? + 1, day)
    };
    words.windows(3).filter_map(date).collect()
}

/// Dates in order, each once.
fn distinct(mut dates: Vec<NaiveDate>) -> Vec<NaiveDate> {
    dates.sort_unstable();
    dates.dedup();
    dates
}

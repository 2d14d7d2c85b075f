//! The planning module of the prefectures' sites: conditions, the choice of a planning, then « none » or a timetable.

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

use super::{Finding, Look, Slots, Target, dates_in, distinct};
use crate::probe::page::{Element, Page};
use crate::probe::session::{Session, Stop};

/// The planning module.
pub struct EzPlanning;

/// What says that there is none.
const NONE: &[&str] = &[
    "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous",
    "Il n'y a pas calendrier disponible pour effectuer une demande de rendez-vous",
    "Il n'y a pas de calendrier disponible pour effectuer une demande de rendez-vous",
];
/// A free cell of the timetable, and the form around it.
const FREE: &str = "td.status-1.free";
const TIMETABLE: &str = "form#FormBookingCreate[action$=\"/4\"]";
/// What stands between a visitor and the answer.
const CAPTCHA: &[&str] = &[".g-recaptcha", "iframe[src*=recaptcha]"];

/// The headings of steps, for pages whose form does not tell.
const HEADINGS: &[(&str, u8)] = &[
    ("Choix de la nature du rendez-vous", 1),
    ("Vérification de disponibilité", 2),
    ("Description de la nature du rendez-vous", 3),
    ("Choix d'une plage horaire", 4),
];

impl Look for EzPlanning {
    fn look(&self, target: Target<'_>, session: &mut Session<'_, '_>) -> Result<Finding, Stop> {
        session.step("/0");
        let conditions = session.get(&target.point.entry())?;
        let conditions = known(session, conditions)?;
        label(target, &conditions, session);
        let (Some(0), Some(form)) = (step_of(&conditions), form_of(&conditions)) else { return Ok(Finding::Unknown) };
        if !conditions.within(form, "input[name=condition][type=checkbox]").any(|_| true) {
            return Ok(Finding::Unknown);
        }
        session.conditions(conditions.seen())?;
        let mut page = forward(session, &conditions, form, &[("condition", "on")])?;
        // Each step is taken once; a page that leads back leads nowhere.
        if step_of(&page) == Some(1) {
            let Some(planning) = target.planning else {
                session.mark("planning-non-declare");
                return Ok(Finding::Unknown);
            };
            let Some(form) = form_of(&page) else { return Ok(Finding::Unknown) };
            let there = page.within(form, "input[name=planning]").any(|radio| radio.attribute("value") == planning);
            if !there {
                session.mark("planning-non-retrouve");
                return Ok(Finding::Unknown);
            }
            page = forward(session, &page, form, &[("planning", planning)])?;
        }
        if step_of(&page) == Some(3)
            && let Some(form) = form_of(&page)
        {
            page = forward(session, &page, form, &[])?;
        }
        Ok(match step_of(&page) {
            Some(4) => timetable(&page, target.zone),
            Some(0 | 1 | 3) => Finding::Unknown,
            _ => page.says(NONE).map_or(Finding::Unknown, Finding::None),
        })
    }

    fn markers(&self) -> &'static [&'static str] {
        &[FREE, TIMETABLE, "img[src*=etape_3r]", "img[src*=etape_4r]", "input[name=finishButton]"]
    }
}

/// Presses the button of a form.
fn forward(session: &mut Session<'_, '_>, page: &Page, form: &Element, more: &[(&str, &str)]) -> Result<Page, Stop> {
    let fields = page.fields(form);
    let button = fields.iter().find(|field| field.name == "nextButton").map_or("", |field| field.value);
    let wanted = [more, &[("nextButton", button)]].concat();
    // Where the answer does not come, the line says what was asked for, and that is beyond the first step.
    session.step(format!("/{}", (step_of(page).unwrap_or(0) + 1).min(4)));
    let page = session.submit(page, form, &wanted)?;
    known(session, page)
}

/// Says which step a page is; a captcha before the answer ends the look.
fn known(session: &mut Session<'_, '_>, page: Page) -> Result<Page, Stop> {
    let step = step_of(&page);
    if let Some(step) = step {
        session.step(format!("/{step}"));
    }
    if matches!(step, None | Some(0 | 1)) && page.says(NONE).is_none() && page.shows(CAPTCHA).is_some() {
        session.refused()?;
        return Err(Stop::Ended);
    }
    Ok(page)
}

/// The form of a step.
fn form_of(page: &Page) -> Option<&Element> {
    page.all("form").find(|form| form.is("#FormBookingCreate") || form.is("[name=create]"))
}

/// Which step a page is, by the form that it has or by its heading.
fn step_of(page: &Page) -> Option<u8> {
    let of_form = form_of(page).and_then(|form| {
        let action = form.attribute("action").split(['?', '#']).next().unwrap_or_default();
        action.rsplit('/').next()?.parse().ok().filter(|step| *step <= 9)
    });
    let of_heading = || {
        let said = |heading: &str| page.all("h2").any(|h2| page.text_of(h2).contains(heading));
        HEADINGS.iter().find(|(heading, _)| said(heading)).map(|(_, step)| *step)
    };
    of_form.or_else(of_heading)
}

/// What a timetable offers: free cells that lead to an instant.
fn timetable(page: &Page, zone: Tz) -> Finding {
    let date_of = |cell: &Element| -> Option<NaiveDate> {
        let link = page.within(cell, "a[href*=/5/]").next()?;
        let instant = link.attribute("href").split("/5/").nth(1)?;
        let digits: String = instant.chars().take_while(char::is_ascii_digit).collect();
        Some(DateTime::from_timestamp(digits.parse().ok()?, 0)?.with_timezone(&zone).date_naive())
    };
    let free: Vec<NaiveDate> = page.all(FREE).filter_map(date_of).collect();
    let horizon = page.all("th").flat_map(|header| dates_in(page.text_of(header))).max();
    let count = free.len();
    if let Some(shown) = page.shows(&[FREE]).filter(|_| count > 0) {
        return Finding::Some(shown, Slots { count: Some(count), dates: distinct(free), horizon });
    }
    // The site comes here only where there is one, in a week that it does not show first.
    page.shows(&[TIMETABLE]).map_or(Finding::Unknown, |shown| Finding::Some(shown, Slots::default()))
}

/// Says whether the page is of the service that the plan means.
fn label(target: Target<'_>, page: &Page, session: &mut Session<'_, '_>) {
    if target.point.label.as_deref().is_some_and(|label| !page.mentions(label)) {
        session.mark("libelle-absent");
    }
}

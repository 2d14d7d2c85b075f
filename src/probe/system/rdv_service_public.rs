//! RDV Service Public: one public page, of a motif at an organisation.

use chrono::{DateTime, NaiveDate};

use super::{Finding, Look, Slots, Target, dates_in, distinct};
use crate::probe::page::Page;
use crate::probe::session::{Session, Stop};

/// RDV Service Public.
pub struct RdvServicePublic;

const NONE: &[&str] = &["aucun créneau correspondant à votre recherche n'a été trouvé"];
/// A link to a slot. It is never followed.
const SLOT: &str = "a[href*=rdv_wizard_step]";
/// Where it stands before the date of the first slot of a place.
const ANNOUNCED: &str = "Prochaine disponibilité le";

impl Look for RdvServicePublic {
    fn look(&self, target: Target<'_>, session: &mut Session<'_, '_>) -> Result<Finding, Stop> {
        session.step("creneaux");
        let page = session.get(&target.point.entry())?;
        // The site answers « none » of a motif that it no longer knows: without its name the page says nothing of it.
        let named = target.point.label.as_deref().is_some_and(|label| page.mentions(label));
        session.mark(if named { "motif-retrouve" } else { "motif-non-retrouve" });
        if !named {
            return Ok(Finding::Unknown);
        }
        if let Some(shown) = page.shows(&[SLOT]) {
            let dates: Vec<NaiveDate> = page.all(SLOT).filter_map(|link| date_of(link.attribute("href"))).collect();
            let count = Some(page.all(SLOT).count());
            return Ok(Finding::Some(shown, Slots { count, dates: distinct(dates), horizon: None }));
        }
        let announced = announced(&page);
        if !announced.is_empty() {
            session.step("lieux");
            // The date stands in an element of its own.
            let shown = page.shows(&["strong", ".card", "main"]);
            let slots = Slots { dates: announced, ..Slots::default() };
            return Ok(shown.map_or(Finding::Unknown, |shown| Finding::Some(shown, slots)));
        }
        Ok(page.says(NONE).map_or(Finding::Unknown, Finding::None))
    }

    fn markers(&self) -> &'static [&'static str] {
        &[SLOT]
    }
}

/// The date of a link to a slot: its `starts_at`, which has its own offset.
fn date_of(href: &str) -> Option<NaiveDate> {
    let (_, query) = href.split_once('?')?;
    let (_, value) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "starts_at")?;
    // A plus that was not encoded was read as a space.
    let text = value.replace(' ', "+");
    DateTime::parse_from_rfc3339(&text).ok().map(|instant| instant.date_naive())
}

/// The dates that the page announces, one for each place.
fn announced(page: &Page) -> Vec<NaiveDate> {
    let parts = page.seen().split(ANNOUNCED).skip(1);
    distinct(parts.filter_map(|after| dates_in(after).first().copied()).collect())
}

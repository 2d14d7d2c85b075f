//! The page that a look ends on, with its sentences written the many ways in which real pages write them.

use chrono::NaiveTime;
use rand::RngExt;
use rand_pcg::Pcg64;

use crate::attempt::Failure;

use super::evidence::hex;
use super::facade::{Facade, Stop};
use super::look::{Look, Mishap, Offer};

/// What is left of a page once it has been looked at; all empty when nothing came.
#[derive(Debug, Default)]
pub struct Page {
    /// The step of the flow, if the page is one.
    pub step: Option<&'static str>,
    /// The address within the site, if it is not the one that was asked.
    pub path: Option<String>,
    /// The status, if there was an answer.
    pub http_status: Option<i32>,
    /// What failed below HTTP.
    pub failure: Option<Failure>,
    /// The title.
    pub title: Option<&'static str>,
    /// What it says.
    pub text: Option<String>,
    /// The traces that the robot sees in it.
    pub markers: Vec<String>,
}

/// The page by which a booking system says this.
pub fn show(look: &Look, facade: &Facade, id: &str, rng: &mut Pcg64) -> Page {
    match look {
        Look::Offered(offer) => timetable(&facade.offered, id, *offer),
        Look::NoSlot => stop(&facade.none, id, &vary(facade.phrase, rng)),
        Look::Mishap(Mishap::Captcha) => stop(&facade.captcha, id, ""),
        Look::Mishap(Mishap::SessionLost) => stop(&facade.thrown_back, id, ""),
        Look::Mishap(Mishap::Network(failure)) => Page { failure: Some(*failure), ..Page::default() },
        Look::Mishap(Mishap::Blocked) => refusal(rng),
        Look::Mishap(mishap) => notice(*mishap),
    }
}

fn stop(stop: &Stop, id: &str, phrase: &str) -> Page {
    Page {
        step: Some(stop.step),
        path: Some(stop.path.replace("{id}", id)),
        http_status: Some(200),
        title: Some(stop.title),
        text: Some(stop.text.replace("{phrase}", phrase)),
        markers: stop.markers.iter().map(|marker| marker.replace("{id}", id)).collect(),
        ..Page::default()
    }
}

fn timetable(offered: &Stop, id: &str, offer: Offer) -> Page {
    let date = offer.first.to_string();
    let stamp = offer.first.and_time(NaiveTime::MIN).and_utc().timestamp().to_string();
    let fill = |text: String| text.replace("{date}", &date).replace("{stamp}", &stamp);
    let mut page = stop(offered, id, "");
    page.path = page.path.map(fill);
    page.text = page.text.map(fill);
    page.markers = page.markers.into_iter().map(fill).collect();
    page
}

/// A refusal: most often the page of a firewall, with the number of the incident, sometimes a bare 403.
fn refusal(rng: &mut Pcg64) -> Page {
    let bare = rng.random_ratio(1, 10);
    let ray = hex(&rng.random::<[u8; 8]>());
    let (title, text, markers) = if bare {
        ("403 Forbidden", "403 Forbidden".to_owned(), Vec::new())
    } else {
        let text = format!("Sorry, you have been blocked\nYou are unable to access this site\nRay ID: {ray}");
        ("Attention Required!", text, vec!["#cf-wrapper".to_owned()])
    };
    Page { http_status: Some(403), title: Some(title), text: Some(text), markers, ..Page::default() }
}

/// A page that belongs to no step of the flow.
fn notice(mishap: Mishap) -> Page {
    let (status, title, text) = match mishap {
        Mishap::ServerError(502) => (502, "502 Bad Gateway", "502 Bad Gateway"),
        Mishap::ServerError(status) => (status, "Service surchargé", "Service surchargé, merci de patienter"),
        Mishap::RateLimited => (429, "Too Many Requests", "429 Too Many Requests"),
        Mishap::Maintenance => {
            (200, "Site en maintenance", "Site en maintenance\nCe service est temporairement indisponible.")
        }
        // Not recognised, and a trap: a robot that looks for « disponible » or « rendez-vous » calls this a proposal.
        _ => (
            200,
            "Accueil - Les services de l'État",
            "Actualités\nLa plaquette sur la prise de rendez-vous est disponible à l'accueil.",
        ),
    };
    Page { http_status: Some(status), title: Some(title), text: Some(text.to_owned()), ..Page::default() }
}

/// A sentence as pages really write it: another apostrophe, no-break or doubled spaces, another case, accents apart.
fn vary(sentence: &str, rng: &mut Pcg64) -> String {
    match rng.random_range(0..10_u32) {
        0..=3 => sentence.to_owned(),
        4 | 5 => sentence.replace('\'', "’"),
        6 => sentence.replace(' ', "\u{a0}"),
        7 => sentence.replace(' ', "  ").replace(".  ", ".\n"),
        8 => sentence.to_uppercase(),
        _ => sentence.replace('é', "e\u{301}"),
    }
}

//! Feeds of the versions and of the incidents, for those who do not come back by themselves. They name addresses, so there are
//! none where the store has no public one.

use maud::{PreEscaped, html};

use super::map;
use crate::schema::Language;
use crate::site::frame::{ASSETS, Frame};
use crate::site::{Reach, Site};
use crate::words::Words;

/// The newest so many.
const ENTRIES: usize = 50;

struct Entry {
    id: String,
    title: String,
    link: String,
    updated: String,
    /// HTML.
    text: String,
}

/// What stands beside the pages, once for both languages: feeds, and the values of the map.
pub(in crate::site) fn feeds(site: &Site<'_>) -> Vec<(String, Vec<u8>)> {
    let frame = Frame { site, words: Words(Language::French), path: "index.html".to_owned(), reach: Reach::Whole };
    let mut files = vec![(format!("{ASSETS}/carte.js"), map::values(&frame).into_bytes())];
    if let Some(base) = site.description.base() {
        files.push((
            "versions.atom".to_owned(),
            feed(&frame, base, "versions", "Versions", &versions(&frame, base)).into_bytes(),
        ));
        files.push((
            "incidents.atom".to_owned(),
            feed(&frame, base, "incidents", "Incidents de mesure", &incidents(&frame, base)).into_bytes(),
        ));
    }
    files
}

fn versions(frame: &Frame<'_>, base: &str) -> Vec<Entry> {
    let site = frame.site;
    let (about, title) = (site.description.about, site.description.title(Language::French));
    let entry = |version: &str, as_of: &str, text: String| Entry {
        id: site.description.identifier(&format!("/versions/{version}")),
        title: format!("{title}, version {version}"),
        link: format!("{base}/versions/{version}/index.html"),
        updated: as_of.to_owned(),
        text,
    };
    let this = entry(
        &about.version,
        &site.description.as_of.to_rfc3339(),
        frame.markdown(site.changes.unwrap_or("Première version.")).into_string(),
    );
    let before = site.versions.iter().rev().filter(|record| record.manifest_sha256.is_some());
    let before = before.map(|record| {
        let retracted =
            record.reason.as_ref().map(|reason| html! { p { "Version retirée : " (reason) } }.into_string());
        entry(&record.version, &record.as_of, retracted.unwrap_or_default())
    });
    std::iter::once(this).chain(before).take(ENTRIES).collect()
}

fn incidents(frame: &Frame<'_>, base: &str) -> Vec<Entry> {
    let mut lines: Vec<_> = frame.site.world.incidents().collect();
    lines.reverse();
    let entry = |line: crate::grid::Line<'_>| {
        let id = line.text("incident_id");
        let from = line.instant("debut_utc").map(|instant| frame.words.instant(instant)).unwrap_or_default();
        Entry {
            id: frame.site.description.identifier(&format!("/incidents/{id}")),
            title: format!("{}, {from}", super::incidents::kind(frame, line.text("type"))),
            link: format!("{base}/latest/incidents.html#{id}"),
            updated: if line.text("fin_utc").is_empty() { line.text("debut_utc") } else { line.text("fin_utc") }
                .to_owned(),
            text: format!(
                "<p>{}, {}.</p>",
                frame.words.counted(
                    line.count("tentatives"),
                    ["tentative refusée", "tentatives refusées"],
                    ["attempt refused", "attempts refused"]
                ),
                frame.words.counted(
                    line.count("services"),
                    ["service touché", "services touchés"],
                    ["service concerned", "services concerned"]
                ),
            ),
        }
    };
    lines.into_iter().take(ENTRIES).map(entry).collect()
}

fn feed(frame: &Frame<'_>, base: &str, name: &str, title: &str, entries: &[Entry]) -> String {
    let description = frame.site.description;
    let publisher = &description.pipeline.publication.publisher;
    let updated =
        entries.iter().map(|entry| entry.updated.clone()).max().unwrap_or_else(|| description.as_of.to_rfc3339());
    let link = |rel: &str, href: &str| {
        PreEscaped(format!("<link rel=\"{rel}\" href=\"{}\"/>", html! { (href) }.into_string()))
    };
    let feed = html! {
        feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr" {
            id { (description.identifier(&format!("/{name}.atom"))) }
            title { (description.title(Language::French)) " – " (title) }
            updated { (updated) }
            author { name { (publisher.name) } uri { (publisher.url) } }
            (link("self", &format!("{base}/latest/{name}.atom")))
            (link("alternate", &format!("{base}/latest/{name}.html")))
            @for entry in entries {
                entry {
                    id { (entry.id) }
                    title { (entry.title) }
                    (link("alternate", &entry.link))
                    updated { (entry.updated) }
                    summary type="html" { (entry.text) }
                }
            }
        }
    };
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{}\n", feed.into_string())
}

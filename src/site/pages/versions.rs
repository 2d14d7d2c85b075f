//! The versions before, with what became of each: those that were retracted are the errata.

use maud::html;

use crate::publish::{Status, VersionRecord};
use crate::site::cell::scroll;
use crate::site::frame::{Frame, Own};

/// The newest so many are shown; `versions.json` has them all.
const MOST: usize = 100;

/// The page.
pub(super) fn versions(frame: &Frame<'_>) -> String {
    let title = frame.say("Versions et errata", "Versions and errata");
    let about = frame.site.description.about;
    let shown: Vec<&VersionRecord> = frame.site.versions.iter().rev().take(MOST).collect();
    let state = |record: &VersionRecord| match record.status {
        Status::Published => frame.say("publiée", "published"),
        Status::Refused => frame.say("refusée avant publication", "refused before publication"),
        Status::Retracted => frame.say("retirée", "retracted"),
    };
    let body = html! {
        h1 { (title) }
        p { (frame.say(
            "Une version publiée ne change plus. Une erreur se corrige par une version nouvelle, et celle qui la portait est retirée, avec la raison. Pour citer un chiffre, nommez sa version.",
            "A published version does not change any more. An error is corrected by a new version, and the one that had it is retracted, with the reason. To cite a figure, name its version.",
        )) }
        p { (frame.say(
            "Cette liste est celle du jour où la version a été faite ; versions.json, à la racine du dépôt, est à jour.",
            "This list is of the day on which the version was made; versions.json, at the store's root, is up to date.",
        )) }
        (scroll(title, &html! {
            table {
                caption { (title) }
                thead { tr {
                    th scope="col" { "Version" }
                    th scope="col" { (frame.say("Arrêtée au", "As of")) }
                    th scope="col" { (frame.say("État", "State")) }
                    th scope="col" { (frame.say("Motif", "Reason")) }
                } }
                tbody {
                    tr { th scope="row" { (about.version) } td { (frame.words.day(frame.site.description.day())) } td { strong { (frame.say("celle-ci", "this one")) } } td {} }
                    @for record in shown { tr {
                        th scope="row" { (record.version) }
                        td { (record.as_of.get(..10).and_then(|day| day.parse().ok()).map(|day| frame.words.day(day)).unwrap_or_default()) }
                        td { (state(record)) }
                        td { (record.reason.as_deref().unwrap_or_default()) }
                    } }
                }
            }
        }))
    };
    frame.page(&Own { title, about: title, scripts: &[], body })
}

//! The versions before, with what became of each: those that were retracted are the errata. What became of them after the page
//! was made, its script reads from `versions.json`.

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
    let state = |status: Status| match status {
        Status::Published => frame.say("publiée", "published"),
        Status::Refused => frame.say("refusée avant publication", "refused before publication"),
        Status::Retracted => frame.say("retirée", "retracted"),
    };
    let this = frame.say("celle-ci", "this one");
    let body = html! {
        h1 { (title) }
        p { (frame.say(
            "Une version publiée ne change plus. Une erreur se corrige par une version nouvelle, et celle qui la portait est retirée, avec la raison. Pour citer un chiffre, nommez sa version.",
            "A published version does not change any more. An error is corrected by a new version, and the one that had it is retracted, with the reason. To cite a figure, name its version.",
        )) }
        p { (frame.say(
            "Ce tableau a été écrit avec la version. Ce qui est venu ensuite, comme un retrait et sa raison, est dans le fichier qui est à jour :",
            "This table was written with the version. What came after, such as a retraction and its reason, is in the file that is up to date:",
        )) " " (frame.in_the_store("versions.json")) "." }
        p.notice data-completed="versions" role="status" hidden { (frame.say("Tableau complété à l'instant d'après versions.json.", "Table completed just now by versions.json.")) }
        (scroll(title, &html! {
            table #versions data-published=(state(Status::Published)) data-refused=(state(Status::Refused)) data-retracted=(state(Status::Retracted))
                data-this=(this) data-most=(MOST) {
                caption { (title) }
                thead { tr {
                    th scope="col" { "Version" }
                    th scope="col" { (frame.say("Arrêtée au", "As of")) }
                    th scope="col" { (frame.say("État", "State")) }
                    th scope="col" { (frame.say("Motif", "Reason")) }
                } }
                tbody {
                    tr { th scope="row" { (about.version) } td { (frame.words.day(frame.site.description.day())) } td { strong { (this) } } td {} }
                    @for record in shown { tr {
                        th scope="row" { (record.version) }
                        td { (record.as_of.get(..10).and_then(|day| day.parse().ok()).map(|day| frame.words.day(day)).unwrap_or_default()) }
                        td { (state(record.status)) }
                        td { (record.reason.as_deref().unwrap_or_default()) }
                    } }
                }
            }
        }))
    };
    frame.page(&Own { title, about: title, scripts: &[], body })
}

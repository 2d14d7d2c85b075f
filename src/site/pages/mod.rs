//! The pages, each a function of its frame.

mod ask;
mod compare;
mod counter;
mod delays;
mod feed;
mod front;
mod incidents;
mod map;
mod read;
mod scope;
mod service;
mod sheet;
mod texts;
mod versions;

pub(super) use feed::feeds;
pub(super) use front::front;
pub(super) use map::card;

use super::frame::Frame;
use super::world::Counter;

/// Makes a page.
type Page = fn(&Frame<'_>) -> String;

/// Makes a page of a counter.
type CounterPage = fn(&Frame<'_>, &Counter<'_>) -> String;

/// The pages that stand once in each language.
pub(super) const ONCE: [(&str, Page); 9] = [
    ("index.html", front),
    ("comparer.html", compare::compare),
    ("interroger.html", ask::ask),
    ("lire.html", read::read),
    ("methode.html", texts::method),
    ("changements.html", texts::changes),
    ("incidents.html", incidents::incidents),
    ("versions.html", versions::versions),
    ("accessibilite.html", texts::accessibility),
];

/// The pages that each counter has, by their folders.
pub(super) const OF_A_COUNTER: [(&str, CounterPage); 2] = [(GUICHETS, counter::counter), (FICHES, sheet::sheet)];

/// The folder of the counters' pages.
const GUICHETS: &str = "guichets";
/// The folder of their fact sheets.
const FICHES: &str = "fiches";

/// A counter's page.
fn page_of(counter: &Counter<'_>) -> String {
    format!("{GUICHETS}/{}", counter.file())
}

impl Frame<'_> {
    /// A procedure's name, or its id.
    fn procedure(&self, id: &str) -> String {
        let label = self.say("libelle", "libelle_en");
        let told = self.site.world.procedure(id).map(|line| line.text(label)).filter(|label| !label.is_empty());
        told.unwrap_or(id).to_owned()
    }
}

//! The pages of a version on which people look at its figures: static, in French and under `en/` in English, of nothing but
//! the version's own tables and words.
//!
//! Each page stands in the pack of the version and, unpacked, under `latest/`; links are relative, so that they lead to the
//! same version from wherever it was unpacked. Every figure shown names the table, the row and the column that it is of.

mod assets;
mod cell;
mod departments;
mod figures;
mod frame;
mod pages;
mod picture;
mod state;
mod world;

use std::path::Path;

use rayon::prelude::*;

pub use world::World;

use self::departments::Departments;
use self::figures::Map;
use self::frame::{CARD, Frame, in_language, in_no_language};
use crate::error::Result;
use crate::metadata::Description;
use crate::publish::VersionRecord;
use crate::schema::{Language, TableSchema};
use crate::words::Words;

/// Whether the other pages stand beside the front page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// They do.
    Whole,
    /// Only the files of the version do; the pages are in its pack.
    Alone,
}

/// What pages are made of.
pub struct Site<'a> {
    /// What the version says of itself.
    pub description: &'a Description<'a>,
    /// Its tables.
    pub world: &'a World,
    /// The method, in Markdown: in French, and in English.
    pub method: [&'a str; 2],
    /// What changed since the version before, in Markdown, where there is one.
    pub changes: Option<&'a str>,
    /// The versions before, the oldest first.
    pub versions: &'a [VersionRecord],
    map: Map,
    departments: Departments<'a>,
    /// What stands for the pages where one is shared, by language; none where the store has no public address.
    cards: [Option<Vec<u8>>; 2],
}

impl<'a> Site<'a> {
    /// A site of all that; `map` is the file of the project that holds the outlines of the départements.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the outlines cannot be read.
    pub fn new(
        description: &'a Description<'a>,
        world: &'a World,
        method: [&'a str; 2],
        changes: Option<&'a str>,
        versions: &'a [VersionRecord],
        map: &Path,
    ) -> Result<Self> {
        let map = Map::load(map)?;
        let departments = Departments::of(world);
        let mut site = Self { description, world, method, changes, versions, map, departments, cards: [None, None] };
        if description.base().is_some() {
            site.cards =
                [Language::French, Language::English].map(|language| pages::card(&site.front(language, Reach::Whole)));
        }
        Ok(site)
    }

    /// The front page in a language, not yet written.
    fn front(&self, language: Language, reach: Reach) -> Frame<'_> {
        Frame { site: self, words: Words(language), path: "index.html".to_owned(), reach }
    }

    /// The picture that stands for the pages in a language.
    fn card(&self, language: Language) -> Option<&[u8]> {
        let [french, english] = &self.cards;
        match language {
            Language::French => french.as_deref(),
            Language::English => english.as_deref(),
        }
    }

    /// Every page and what they need, by their paths; a page stands beside that in the other language, with which it shares its
    /// figures.
    #[must_use]
    pub fn pages(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<(String, Vec<u8>)> = assets::files().collect();
        for language in [Language::French, Language::English] {
            let words = Words(language);
            let card = self.card(language).map(|card| (in_language(CARD, language), card.to_vec()));
            files.extend(card);
            let page = |path: &str| Frame { site: self, words, path: path.to_owned(), reach: Reach::Whole };
            files.extend(pages::ONCE.iter().map(|(path, make)| {
                let frame = page(path);
                (frame.file(), make(&frame).into_bytes())
            }));
            // There are hundreds of these, and none needs another.
            let counters = self.world.counters();
            let of_counters = counters.par_iter().flat_map_iter(|counter| {
                pages::OF_A_COUNTER.iter().map(|(folder, make)| {
                    let frame = page(&format!("{folder}/{}", counter.file()));
                    (frame.file(), make(&frame, counter).into_bytes())
                })
            });
            files.par_extend(of_counters);
        }
        files.extend(pages::feeds(self));
        files.sort_by(|(a, _), (b, _)| (in_no_language(a), a).cmp(&(in_no_language(b), b)));
        files
    }

    /// The front page in both languages as it stands without the others beside it, and what it needs.
    #[must_use]
    pub fn front_alone(&self) -> Vec<(String, Vec<u8>)> {
        let fronts = [Language::French, Language::English].map(|language| {
            let frame = self.front(language, Reach::Alone);
            (frame.file(), pages::front(&frame).into_bytes())
        });
        fronts.into_iter().chain(assets::of_every_page()).collect()
    }

    /// The month in which the version was made: it, and what comes after, is not over.
    fn open_month(&self) -> String {
        self.description.as_of.format("%Y-%m").to_string()
    }

    /// The month of which the pages speak first: the newest that is over.
    fn closed_month(&self) -> Option<&str> {
        self.world.closed_month(&self.open_month())
    }

    fn schema(&self, table: &str) -> Option<&TableSchema> {
        self.description.tables.iter().copied().find(|schema| schema.name == table)
    }
}

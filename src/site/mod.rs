//! The pages of a version on which people look at its figures: static, in French and under `en/` in English, of nothing but
//! the version's own tables and words.
//!
//! Each page stands in the pack of the version and, unpacked, under `latest/`; links are relative, so that they lead to the
//! same version from wherever it was unpacked. Every figure shown names the table, the row and the column that it is of.

mod assets;
mod cell;
mod codes;
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

/// What makes a page.
type Making<'s> = Box<dyn FnOnce() -> Vec<u8> + Send + 's>;

/// So many pages are made side by side, and wait until they are shown.
const PAGES_AT_ONCE: usize = 64;

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

    /// Shows every page and what they need, by their paths, as they are made: a page comes beside that in the other language, with
    /// which it shares its figures. Of a thousand services all of them are a hundred megabytes.
    ///
    /// # Errors
    /// Those of `see`.
    pub fn each_page(&self, mut see: impl FnMut(String, Vec<u8>) -> Result<()>) -> Result<()> {
        let mut files = self.files();
        files.sort_by(|(a, _), (b, _)| (in_no_language(a), a).cmp(&(in_no_language(b), b)));
        let mut files = files.into_iter();
        loop {
            let some: Vec<(String, Making<'_>)> = files.by_ref().take(PAGES_AT_ONCE).collect();
            if some.is_empty() {
                return Ok(());
            }
            // None needs another.
            let made: Vec<(String, Vec<u8>)> = some.into_par_iter().map(|(path, make)| (path, make())).collect();
            made.into_iter().try_for_each(|(path, page)| see(path, page))?;
        }
    }

    /// Every file by its path, not yet made.
    fn files(&self) -> Vec<(String, Making<'_>)> {
        let mut files: Vec<(String, Making<'_>)> = Vec::new();
        for language in [Language::French, Language::English] {
            let words = Words(language);
            let page = |path: &str| Frame { site: self, words, path: path.to_owned(), reach: Reach::Whole };
            for (path, make) in pages::ONCE {
                let frame = page(path);
                files.push((frame.file(), Box::new(move || make(&frame).into_bytes())));
            }
            for counter in self.world.counters() {
                for (folder, make) in pages::OF_A_COUNTER {
                    let frame = page(&format!("{folder}/{}", counter.file()));
                    files.push((frame.file(), Box::new(move || make(&frame, &counter).into_bytes())));
                }
            }
        }
        let cards = [Language::French, Language::English]
            .into_iter()
            .filter_map(|language| Some((in_language(CARD, language), self.card(language)?.to_vec())));
        let small = assets::files().chain(cards).chain(pages::feeds(self));
        files.extend(small.map(|(path, content)| (path, Box::new(move || content) as Making<'_>)));
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

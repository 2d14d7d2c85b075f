//! A page as it was answered: its text as a person would see it, its links and forms, and the elements by which a system is
//! told. Whatever it holds, reading it asks nobody for anything.

mod decode;
mod element;
mod redact;
mod tree;

pub use element::{Element, Field};
pub use redact::{redact_address, redact_text};

use encoding_rs::Encoding;
use url::Url;

use crate::attempt::bounds::PAGE_TEXT_CHARS;
use crate::digest::sha256;

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it is.
    pub url: Url,
    /// Its encoding, in which its forms are answered.
    pub encoding: &'static Encoding,
    /// Its title.
    pub title: String,
    text: String,
    elements: Vec<Element>,
}

/// A sentence of a page that says « none ». Nothing else makes one than [`Page::says`], which found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence(&'static str);

/// An element of a page that shows an appointment. Nothing else makes one than [`Page::shows`], which found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(&'static str);

impl Sentence {
    /// The sentence.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.0
    }
}

impl Shown {
    /// The trace of it that goes into a line.
    #[must_use]
    pub const fn marker(&self) -> &'static str {
        self.0
    }
}

/// Where the answer of a page stands, by what identifies the element; the first that is there and not empty.
const CONTAINERS: &[&str] = &["#inner_Booking", "#FormBookingCreate", "main", "[role=main]"];

impl Page {
    /// Reads the bytes of a page.
    #[must_use]
    pub fn read(url: Url, content_type: Option<&str>, bytes: &[u8]) -> Self {
        let (html, encoding) = decode::decode(content_type, bytes);
        let (title, text, elements) = tree::build(&html);
        Self { url, encoding, title, text, elements }
    }

    /// Its elements, in the order of the page.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.iter()
    }

    /// Those of a selector: `tag`, `.class`, `#id`, `[name=value]`, `[name*=part]`, `[name$=end]`, and these in a row.
    pub fn all<'a>(&'a self, selector: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.is(selector))
    }

    /// Whether there is one.
    #[must_use]
    pub fn has(&self, selector: &str) -> bool {
        self.all(selector).next().is_some()
    }

    /// Those of a selector within an element.
    pub fn within<'a>(&'a self, outer: &Element, selector: &'a str) -> impl Iterator<Item = &'a Element> {
        let (first, last) = (outer.index + 1, outer.last);
        let inner = self.elements.get(first..last.min(self.elements.len()).max(first)).unwrap_or_default();
        inner.iter().filter(move |element| element.is(selector))
    }

    /// The text within an element.
    #[must_use]
    pub fn text_of(&self, element: &Element) -> &str {
        self.text.get(element.text.clone()).unwrap_or_default().trim()
    }

    /// The container of the answer, where the page has one.
    fn container(&self) -> Option<&Element> {
        CONTAINERS.iter().find_map(|selector| self.all(selector).find(|element| !self.text_of(element).is_empty()))
    }

    /// What a person sees of the answer.
    #[must_use]
    pub fn seen(&self) -> &str {
        self.container().map_or(self.text.trim(), |outer| self.text_of(outer))
    }

    /// The first of some sentences that it says, whatever the case, the apostrophe and the spaces.
    #[must_use]
    pub fn says(&self, sentences: &[&'static str]) -> Option<Sentence> {
        let text = folded(self.seen());
        sentences.iter().find(|sentence| text.contains(&folded(sentence))).map(|sentence| Sentence(sentence))
    }

    /// The first of some elements that it shows.
    #[must_use]
    pub fn shows(&self, selectors: &[&'static str]) -> Option<Shown> {
        selectors.iter().find(|selector| self.has(selector)).map(|selector| Shown(selector))
    }

    /// Whether a text stands anywhere on it.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        folded(&self.text).contains(&folded(text)) || folded(&self.title).contains(&folded(text))
    }

    /// What goes into a line: as long as the contract lets it be, from the beginning of the answer or, where that is longer,
    /// from shortly before a sentence, without what is nobody's business.
    #[must_use]
    pub fn excerpt(&self, sentence: Option<&Sentence>) -> String {
        let seen = redact_text(self.seen());
        let at = sentence.and_then(|sentence| seen.find(sentence.text()));
        let start = at.filter(|at| seen[..*at].chars().count() > PAGE_TEXT_CHARS / 2).map_or(0, |at| {
            // The paragraph before it begins there.
            seen[..at].trim_end().rfind("\n\n").map_or(at, |end| end + 2)
        });
        seen[start..].chars().take(PAGE_TEXT_CHARS).collect()
    }

    /// The first eight digits of the digest of how the container is built: pages made by another template differ in it.
    #[must_use]
    pub fn skeleton(&self) -> String {
        let range = self.container().map_or(0..self.elements.len(), |outer| outer.index..outer.last);
        let names: Vec<&str> = self.elements[range].iter().map(|element| element.name.as_str()).collect();
        let mut digest = sha256(names.join(">").as_bytes());
        digest.truncate(8);
        digest
    }

    /// The fields of a form that are the page's, in their order.
    #[must_use]
    pub fn fields(&self, form: &Element) -> Vec<Field<'_>> {
        self.within(form, "").filter_map(Element::field).collect()
    }

    /// Whether it asks who somebody is, where the answer stands or, on a page that has no such place, in a form of the flow. The
    /// letter to which a page's foot lets one subscribe is neither.
    #[must_use]
    pub fn asks_identity(&self, flow: &str) -> bool {
        const PERSONAL: &[&str] = &[
            "input[type=email]",
            "input[type=tel]",
            "input[name*=nom]",
            "input[name*=mail]",
            "input[name*=telephone]",
            "input[name*=naissance]",
        ];
        let asks = |outer: &Element| PERSONAL.iter().any(|selector| self.within(outer, selector).next().is_some());
        if let Some(container) = self.container() {
            return asks(container);
        }
        let leads_on = |form: &&Element| {
            self.url.join(form.attribute("action")).is_ok_and(|target| target.path().starts_with(flow))
        };
        self.all("form").filter(leads_on).any(asks)
    }
}

/// A text for comparing: one apostrophe, one space, no capitals.
fn folded(text: &str) -> String {
    let text: String = icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned();
    let text = text.replace('\u{2019}', "'").to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! An element of a page, and by what it is found.

use std::collections::BTreeMap;
use std::ops::Range;

/// An element.
#[derive(Debug, Clone, Default)]
pub struct Element {
    /// The name of its tag.
    pub name: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Its place among the elements of the page.
    pub(super) index: usize,
    /// The first element after it that is not within it.
    pub(super) last: usize,
    /// What of the page's text it holds.
    pub(super) text: Range<usize>,
}

/// A field of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the page would send.
    pub value: &'a str,
}

impl Element {
    /// An attribute, or nothing in its place.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Whether a selector of [`Page::all`](super::Page::all) is of it; one that cannot be read is of none.
    #[must_use]
    pub fn is(&self, selector: &str) -> bool {
        let end = selector.find(['.', '#', '[']).unwrap_or(selector.len());
        let (tag, mut rest) = selector.split_at(end);
        if !tag.is_empty() && tag != self.name {
            return false;
        }
        while !rest.is_empty() {
            let Some((one, after)) = first_condition(rest) else { return false };
            if !self.fulfils(one) {
                return false;
            }
            rest = after;
        }
        true
    }

    fn fulfils(&self, condition: &str) -> bool {
        if let Some(class) = condition.strip_prefix('.') {
            return self.attribute("class").split_ascii_whitespace().any(|one| one == class);
        }
        if let Some(id) = condition.strip_prefix('#') {
            return self.attribute("id") == id;
        }
        let inner = condition.trim_start_matches('[').trim_end_matches(']');
        let Some((name, value)) = inner.split_once('=') else { return self.attributes.contains_key(inner) };
        let value = value.trim_matches('"');
        let (name, compare): (&str, fn(&str, &str) -> bool) = match name.as_bytes().last() {
            Some(b'*') => (&name[..name.len() - 1], |have, want| have.contains(want)),
            Some(b'$') => (&name[..name.len() - 1], |have, want| have.ends_with(want)),
            Some(b'^') => (&name[..name.len() - 1], |have, want| have.starts_with(want)),
            _ => (name, |have, want| have == want),
        };
        compare(self.attribute(name), value)
    }

    /// The field that it is, if it is one.
    #[must_use]
    pub fn field(&self) -> Option<Field<'_>> {
        let is_field = ["input", "button", "select", "textarea"].contains(&self.name.as_str());
        let name = self.attributes.get("name").filter(|_| is_field)?;
        Some(Field { name, value: self.attribute("value") })
    }
}

/// The first condition of a selector, and what follows it.
fn first_condition(rest: &str) -> Option<(&str, &str)> {
    let end = if rest.starts_with('[') {
        rest.find(']')? + 1
    } else {
        rest[1..].find(['.', '#', '[']).map_or(rest.len(), |at| at + 1)
    };
    Some(rest.split_at(end))
}

//! What a record says beside the others of its line, once for all of them: a line may hold as many records as it says words
//! beside them, and to write or digest these words for each would take the square of its length.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;

use super::value::NameBased;
use crate::attempt::RawAttempt;

/// What all records of a line begin with.
pub(super) struct Begun<'a> {
    source: &'a str,
    said: String,
    /// As digested, by the service: it stands before what is said.
    digests: RefCell<HashMap<String, NameBased>>,
}

impl<'a> Begun<'a> {
    /// Of a source, what is said of its file and of the line.
    pub(super) fn new(source: &'a str, said: String) -> Self {
        Self { source, said, digests: RefCell::default() }
    }

    /// The id of a record that ends so: the same as [`derived_id`] of the whole.
    pub(super) fn id(&self, raw: &RawAttempt<'_>, end: &str) -> String {
        let [counter, procedure, planning] = service(raw);
        let mut digests = self.digests.borrow_mut();
        let digest = digests
            .entry([counter, procedure, planning].join("\u{1f}"))
            .or_insert_with(|| NameBased::of(&[self.source, counter, procedure, planning, &self.said]));
        digest.uuid(end)
    }
}

/// A name-based UUID of what the line says and of which service: a line delivered twice, even under another file name
/// (of which templates take the same) or with its values written in another way, has one id, and two lines that say
/// different things have two.
pub(super) fn derived_id(source: &str, raw: &RawAttempt<'_>, said: &str) -> String {
    let [counter, procedure, planning] = service(raw);
    NameBased::of(&[source, counter, procedure, planning, said]).uuid("")
}

fn service<'r>(raw: &'r RawAttempt<'_>) -> [&'r str; 3] {
    [&raw.counter, &raw.procedure, raw.planning.as_deref().unwrap_or("")]
}

/// The values of the columns that stay, in the order of names, in three pieces: what an unpivoted column says, which is a
/// name and a value, stands between them.
pub(super) struct Stays([String; 3]);

impl Stays {
    /// Writes pairs in their order; `made` are the names, in their order, under which an unpivoted column is written.
    pub(super) fn of<'v>(pairs: impl Iterator<Item = (&'v str, &'v str)>, made: [&str; 2]) -> Self {
        let mut pieces: [String; 3] = Default::default();
        for (name, value) in pairs {
            // No column is called as what is made.
            let at = made.iter().filter(|made| name > **made).count();
            write_pair((name, value), &mut pieces[at]);
        }
        Self(pieces)
    }

    /// The first piece, which is the same for each column.
    pub(super) fn begins(&self) -> &str {
        &self.0[0]
    }

    /// What stands behind it, with the two pairs that a column makes, in their order.
    pub(super) fn end(&self, made: [(&str, &str); 2]) -> String {
        let mut end = String::new();
        for (pair, piece) in made.into_iter().zip(&self.0[1..]) {
            write_pair(pair, &mut end);
            end.push_str(piece);
        }
        end
    }
}

/// Writes a value by the name of its column; of an empty one nothing.
pub(super) fn write_pair((name, value): (&str, &str), out: &mut String) {
    if !value.is_empty() {
        // Lengths keep a value from posing as two. Writing to a String cannot fail.
        let _ = write!(out, "{}:{name}{}:{value}", name.len(), value.len());
    }
}

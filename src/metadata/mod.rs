//! Metadata: what a version says of itself to those who have not opened it yet.
//!
//! From one [`Description`] come the files that catalogues, notebooks, search engines, libraries and people each begin
//! with. All are pure functions of it: the same description gives the same bytes, and no clock is read.
//!
//! Each file stands in the version's own folder and, byte for byte the same, under `latest/`. So without a public address
//! of the store it names other files by what they are called in both folders, and never by a path that climbs.

mod citation;
mod coverage;
mod croissant;
mod datapackage;
mod dcat;
mod describe;
mod links;
mod method;
mod page;

pub use coverage::Coverage;
pub use describe::warning;
pub use method::{METHOD, METHOD_FILES, method_texts};

use chrono::{DateTime, FixedOffset};

use crate::config::Pipeline;
use crate::release::{About, Accounting, FileEntry};
use crate::schema::TableSchema;

/// The page of a version.
const PAGE: &str = "index.html";
/// The page of its files, with what is covered, the gates and the account of lines.
pub const FILES_PAGE: &str = "fichiers.html";
/// The SPDX identifier of the licence of the data.
const LICENCE_ID: &str = "etalab-2.0";

/// What there is to say of a version.
#[derive(Debug, Clone, Copy)]
pub struct Description<'a> {
    /// What each of its files says of itself.
    pub about: &'a About,
    /// The pipeline that made it, for its names and for `[publication]`.
    pub pipeline: &'a Pipeline,
    /// The moment of which it speaks; its date is the date of the version.
    pub as_of: DateTime<FixedOffset>,
    /// Its tables.
    pub tables: &'a [&'a TableSchema],
    /// Its files, those described here not among them.
    pub files: &'a [&'a FileEntry],
    /// What it covers.
    pub coverage: &'a Coverage,
    /// What became of the raw lines.
    pub accounting: Accounting,
    /// What its gates found.
    pub checks: &'a [Check<'a>],
}

/// What one gate found.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// The gate's code.
    pub code: &'a str,
    /// Whether it let the version pass.
    pub passed: bool,
    /// What was found.
    pub figure: &'a str,
    /// What was asked.
    pub threshold: &'a str,
    /// Why it was overruled, where it was.
    pub overruled: Option<&'a str>,
}

/// The metadata files of a version, by their names in its folder.
#[must_use]
pub fn texts(description: &Description<'_>) -> Vec<(String, String)> {
    let croissant = croissant::croissant(description);
    [
        (FILES_PAGE, page::page(description, &croissant)),
        ("croissant.jsonld", pretty(&croissant)),
        ("datapackage.json", pretty(&datapackage::datapackage(description))),
        ("catalog.jsonld", pretty(&dcat::catalog(description))),
        ("CITATION.cff", citation::cff(description)),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}

/// JSON that may stand in an element of HTML: « </script> » in a text would end the element, and JSON can write the sign
/// otherwise.
pub(crate) fn json_in_html(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

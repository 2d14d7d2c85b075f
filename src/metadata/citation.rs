//! `CITATION.cff`: how to cite the version, for reference managers.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Description, LICENCE_ID};
use crate::schema::Language;

/// The Citation File Format, 1.2.0.
pub(super) fn cff(description: &Description<'_>) -> String {
    let settings = &description.pipeline.publication;
    let mut text = String::from("cff-version: 1.2.0\ntype: dataset\n");
    let mut line = |key: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{key}: {}", quoted(value));
    };
    line("message", MESSAGE);
    line("title", &description.title(Language::French));
    line("abstract", &description.summaries());
    line("version", &description.about.version);
    line("date-released", &description.day().to_string());
    line("license", LICENCE_ID);
    line("license-url", description.about.licence_url);
    line("url", &description.home());
    if let Some(doi) = &settings.doi {
        line("doi", doi);
    }
    text.push_str("authors:\n");
    for creator in settings.cited() {
        let _ = writeln!(text, "  - name: {}\n    website: {}", quoted(&creator.name), quoted(&creator.url));
    }
    if let Some(contact) = &settings.contact {
        let _ = writeln!(text, "contact:\n  - name: {}", quoted(&contact.name));
        for (key, value) in [("email", &contact.email), ("website", &contact.url)] {
            if let Some(value) = value {
                let _ = writeln!(text, "    {key}: {}", quoted(value));
            }
        }
    }
    text.push_str("keywords:\n");
    for keyword in description.keywords() {
        let _ = writeln!(text, "  - {}", quoted(keyword));
    }
    text
}

const MESSAGE: &str = "Pour citer un chiffre, nommez la version, qui est une date, et l'empreinte SHA-256 de son fichier \
                       manifest.json. To cite a figure, name the version, which is a date, and the sha256 of its \
                       manifest.json.";

/// A text of JSON is one of YAML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

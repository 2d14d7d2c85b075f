//! Sentences that several of the metadata files say.

use chrono::NaiveDate;
use uuid::Uuid;

use super::Description;
use crate::schema::{Language, TableSchema};
use crate::words::Words;

impl Description<'_> {
    /// The title, which says where the data are made up.
    pub(crate) fn title(&self, language: Language) -> String {
        let title = match language {
            Language::French => &self.about.title,
            Language::English => &self.about.title_en,
        };
        self.marked(title, language)
    }

    /// A title, which says where the data are made up.
    pub(super) fn marked(&self, title: &str, language: Language) -> String {
        match (language, self.about.simulated) {
            (Language::French, _) => self.about.marked(title),
            (Language::English, true) => format!("[SIMULATED DATA] {title}"),
            (Language::English, false) => title.to_owned(),
        }
    }

    /// A description, after the warning where the data are made up.
    pub(super) fn warned(&self, text: &str, language: Language) -> String {
        if self.about.simulated { format!("{} {text}", warning(language)) } else { text.to_owned() }
    }

    /// What is published, of which moment, and by what rule; the warning first where the data are made up.
    pub(crate) fn summary(&self, language: Language) -> String {
        self.warned(&self.told(language), language)
    }

    /// The summary without the warning.
    pub(super) fn told(&self, language: Language) -> String {
        match language {
            Language::French => format!("{} {RULE_FR}", sentence(&self.pipeline.description)),
            Language::English => {
                let stated = self.pipeline.publication.description_en.as_deref();
                format!("{} {RULE_EN}", sentence(stated.unwrap_or(&self.about.title_en)))
            }
        }
    }

    /// The summary in both languages, for files that have one description.
    pub(super) fn summaries(&self) -> String {
        let left_out = self.left_out().map(|note| format!("\n\n{note}")).unwrap_or_default();
        format!("{}\n\n{}{left_out}", self.summary(Language::French), self.summary(Language::English))
    }

    /// Says which files a file of metadata leaves out, where it does.
    fn left_out(&self) -> Option<String> {
        let unnamed = |table: &&&TableSchema| self.files_of(table).any(|file| self.address(file).is_none());
        let tables: Vec<&str> = self.tables.iter().filter(unnamed).map(|table| table.name.as_str()).collect();
        if tables.is_empty() {
            return None;
        }
        let names = tables.join(", ");
        Some(format!(
            "Ne sont pas nommés ici, parce que plusieurs versions les partagent et que le dépôt n'a pas d'adresse publique : \
             les fichiers mensuels ({names}) ; leurs chemins et empreintes sont dans manifest.json. \
             Not named here, because versions share them and the store has no public address: the monthly files \
             ({names}); manifest.json has their paths and digests."
        ))
    }

    /// How to cite the version, without the address.
    pub(crate) fn citation(&self, language: Language) -> String {
        let names: Vec<&str> = self.pipeline.publication.cited().iter().map(|creator| creator.name.as_str()).collect();
        let (names, title, version) = (names.join(", "), self.title(language), &self.about.version);
        let (day, licence) = (Words(language).day(self.day()), self.about.licence);
        match language {
            Language::French => format!("{names}, « {title} », version {version}, arrêtée au {day}. {licence}."),
            Language::English => format!("{names}, \"{title}\", version {version}, as of {day}. {licence}."),
        }
    }

    /// Where the citation leads: to the DOI, to the version's page, to the publication's or the publisher's.
    pub(crate) fn cited_address(&self) -> String {
        let doi = self.pipeline.publication.doi.as_ref();
        doi.map_or_else(|| self.home(), |doi| format!("https://doi.org/{doi}"))
    }

    /// The date of the version, where its publisher is.
    pub(crate) fn day(&self) -> NaiveDate {
        self.as_of.date_naive()
    }

    /// What identifies the publication, its versions together, wherever it moves: derived from the publisher's page and
    /// the pipeline's name.
    pub(crate) fn identifier(&self, part: &str) -> String {
        let (publisher, pipeline) = (&self.pipeline.publication.publisher.url, &self.pipeline.name);
        let uuid = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{publisher}#{pipeline}{part}").as_bytes());
        format!("urn:uuid:{uuid}")
    }

    /// First and last day of the data, ISO 8601.
    pub(super) fn period(&self) -> Option<(String, String)> {
        self.coverage.days.map(|(first, last)| (first.to_string(), last.to_string()))
    }

    /// The words to find it by, the French ones first; a word of both languages once.
    pub(super) fn keywords(&self) -> Vec<&str> {
        let settings = &self.pipeline.publication;
        let mut words: Vec<&str> = Vec::new();
        for word in settings.keywords.iter().chain(&settings.keywords_en) {
            if !words.contains(&word.as_str()) {
                words.push(word);
            }
        }
        words
    }
}

const RULE_FR: &str = "Chaque taux est publié avec son numérateur, son dénominateur et son incertitude, ou laissé vide avec \
                       la raison ; « nous n'avons pas pu regarder » n'y est jamais « il n'y en avait pas ».";
const RULE_EN: &str = "Each rate is published with its numerator, its denominator and its uncertainty, or left empty with \
                       the reason; \"we could not look\" is never \"there was none\".";

/// What is said first of data that were made up.
#[must_use]
pub fn warning(language: Language) -> &'static str {
    match language {
        Language::French => {
            "Données simulées, guichets fictifs : rien n'a été observé, et aucun chiffre ne dit quoi que ce soit d'un service."
        }
        Language::English => {
            "Simulated data, fictional counters: nothing was observed, and no figure says anything of any service."
        }
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_once() {
        assert_eq!(sentence("Ce qu'un robot a vu. "), "Ce qu'un robot a vu.");
        assert_eq!(sentence("Appointments"), "Appointments.");
    }
}

//! The file as HTML that needs nothing else, and prints on A4.

mod figures;
mod proof;
mod sheet;
mod statements;

pub use sheet::sheet;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Dossier;
use crate::config::Pipeline;
use crate::metadata;
use crate::schema::Language;
use crate::words::Words;

const STYLE: &str = include_str!("style.css");

/// What the pages say beside the figures.
#[derive(Clone, Copy)]
struct Page<'a> {
    dossier: &'a Dossier,
    pipeline: &'a Pipeline,
    words: Words,
}

/// The whole file, in one language.
#[must_use]
pub fn to_html(dossier: &Dossier, pipeline: &Pipeline, language: Language) -> String {
    let page = Page { dossier, pipeline, words: Words(language) };
    let say = |french, english| page.words.say(french, english);
    let body = html! {
        header { (page.heading(say("Ce qu'un robot a vu en cherchant un rendez-vous", "What a robot saw when it looked for an appointment"))) }
        main {
            (page.summary())
            (page.meaning())
            (page.missing())
            (page.by_period())
            (page.gaps())
            (page.law())
            (page.rules())
            (page.verification())
            (page.lines())
            (page.method())
        }
    };
    page.whole("A4", &body)
}

impl Page<'_> {
    /// The service, as a title says it.
    fn service(&self) -> (String, String) {
        let of = |name: Option<&str>, id: &str| name.filter(|name| !name.is_empty()).unwrap_or(id).to_owned();
        let (counter, procedure) = (self.dossier.counter.first(), self.dossier.procedure.first());
        let label = self.words.say("libelle", "libelle_en");
        (
            of(counter.map(|line| line.text("nom")), &self.dossier.request.counter),
            of(procedure.map(|line| line.text(label)), &self.dossier.request.procedure),
        )
    }

    /// The period, as a title says it.
    fn period(&self) -> String {
        let (from, to) = (self.words.day(self.dossier.request.from), self.words.day(self.dossier.request.to));
        match self.words.0 {
            Language::French => format!("du {from} au {to} inclus"),
            Language::English => format!("{from} to {to}, both included"),
        }
    }

    fn heading(&self, title: &str) -> Markup {
        let (counter, procedure) = self.service();
        let say = |french, english| self.words.say(french, english);
        let manifest = &self.dossier.manifest;
        let day = manifest.as_of.get(..10).and_then(|day| day.parse().ok()).map(|day| self.words.day(day));
        html! {
            h1 { (title) }
            p { strong { (counter) } br; (procedure) br; (self.period()) ", " (say("jours locaux du guichet", "local days of the counter")) }
            @if let Some(outside) = self.outside() { p.warning { (outside) } }
            @if manifest.simulated { p.warning { (metadata::warning(self.words.0)) } }
            p {
                (self.words.say(&manifest.title, &self.pipeline.title_en)) ", version " strong { (manifest.version) } ", "
                (say("arrêtée au", "as of")) " " (day.unwrap_or_default()) ". "
                (say("Éditeur :", "Published by")) " " (self.pipeline.publication.publisher.name) "."
            }
        }
    }

    /// A page with its style, its title, and on paper its heading and its numbers.
    fn whole(&self, paper: &str, body: &Markup) -> String {
        let (counter, procedure) = self.service();
        let title = format!("{counter} : {procedure}, {}", self.period());
        let (numbered, of) = (self.words.say("page", "page"), self.words.say("sur", "of"));
        let version = format!("{}, version {}", self.dossier.manifest.pipeline, self.dossier.manifest.version);
        let on_paper = format!(
            "@page {{ size: {paper}; margin: 18mm 14mm 16mm; @top-left {{ content: {}; font: 8pt Arial; width: 100% }} \
             @bottom-left {{ content: {}; font: 8pt Arial }} @bottom-right {{ content: \"{numbered} \" counter(page) \" {of} \" counter(pages); \
             font: 8pt Arial }} }}\n@page wide {{ size: A4 landscape; margin: 16mm 10mm 14mm }}\n",
            css_text(&self.words.typeset(title.clone())),
            css_text(&version)
        );
        let page = html! {
            (DOCTYPE)
            html lang=(self.words.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) }
                    style { (PreEscaped(on_paper)) (PreEscaped(STYLE)) }
                }
                body { (body) }
            }
        }
        .into_string();
        self.words.typeset(page)
    }
}

/// A text as CSS has it: whatever is not a plain letter, digit or space is written by its number, so that nothing ends the
/// text, or the element that holds the style.
fn css_text(text: &str) -> String {
    let written = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => letter.to_string(),
        // The space ends the number, and is no part of the text.
        other => format!("\\{:x} ", u32::from(other)),
    };
    format!("\"{}\"", text.chars().map(written).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::css_text;

    #[test]
    fn no_name_leaves_its_text_in_the_style() {
        assert_eq!(css_text("Évry : 7"), "\"\\c9 vry \\3a  7\"");
        assert_eq!(css_text("\"</style>\n"), "\"\\22 \\3c \\2f style\\3e \\a \"");
    }
}

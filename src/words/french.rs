//! What the program says in English, in French.
//!
//! A sentence is written once, in English, where it arises, as the template of a `format!`; its French stands in
//! `french.toml`, by the module that says it. What was said is matched with the templates again: so no error carries its
//! translation about, and a version's gates, which its manifest tells in English, can be shown in French years later. What
//! has no French stays as it is.

use std::cmp::Reverse;
use std::sync::LazyLock;

use crate::schema::Language;
use crate::words::Words;

/// Every template: those that begin with words of their own first, which fit less, and of these the ones with most.
static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let mut all = parse(include_str!("french.toml"));
    let begins_with_a_blank = |template: &Template| matches!(template.english.first(), Some(Piece::Blank(_)));
    all.sort_by_key(|template| (begins_with_a_blank(template), Reverse(template.weight())));
    all
});

/// The name of a place that holds what a person wrote.
const REASON: &str = "reason";
/// What stands there where nobody wrote anything.
const NO_REASON: &str = "no reason was given";

/// What a template is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// A text that is always the same.
    Text(String),
    /// A place where something is filled in, by what stands between its braces.
    Blank(String),
}

/// A sentence in both languages.
#[derive(Debug)]
struct Template {
    english: Vec<Piece>,
    french: Vec<Piece>,
}

impl Template {
    /// How many letters are its own: of two templates that fit, the one that says more is meant.
    fn weight(&self) -> usize {
        self.english.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 0 }).sum()
    }

    /// What stands in the blanks of a sentence, if it is one of this template.
    fn filled<'a>(&self, sentence: &'a str) -> Option<Vec<&'a str>> {
        let mut values = Vec::new();
        let mut rest = sentence;
        let mut pieces = self.english.iter().peekable();
        while let Some(piece) = pieces.next() {
            match (piece, pieces.peek()) {
                (Piece::Text(text), _) => rest = rest.strip_prefix(text.as_str())?,
                (Piece::Blank(_), None) => {
                    values.push(rest);
                    rest = "";
                }
                (Piece::Blank(_), Some(next)) => {
                    let Piece::Text(text) = next else { return None };
                    // The last text ends the sentence; any other is looked for from here on.
                    let is_last = self.english.last() == Some(next);
                    let at =
                        if is_last { rest.ends_with(text).then(|| rest.len() - text.len()) } else { rest.find(text) };
                    let (value, after) = rest.split_at(at?);
                    values.push(value);
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(values)
    }

    /// The French sentence, with what stood in the blanks of the English one.
    fn fill(&self, values: &[&str]) -> String {
        let blank = |piece: &&Piece| matches!(piece, Piece::Blank(_));
        let mut left: Vec<(&Piece, &str)> = self.english.iter().filter(blank).zip(values.iter().copied()).collect();
        let mut told = String::new();
        let mut pieces = self.french.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => told.push_str(text),
                // Those without a name are filled in one after the other.
                Piece::Blank(_) => {
                    let is_share = matches!(pieces.peek(), Some(Piece::Text(text)) if text.starts_with("\u{a0}%"));
                    let Some(at) = left.iter().position(|(english, _)| *english == piece) else { continue };
                    let value = left.remove(at).1;
                    // What is quoted, or was given as a reason, is somebody's own text, whatever it looks like.
                    let is_quoted = ["«\u{a0}", "« "].iter().any(|quote| told.ends_with(quote));
                    let is_own = is_quoted || (*piece == Piece::Blank(REASON.to_owned()) && value != NO_REASON);
                    let said = if is_own { None } else { french(value) };
                    let said = said.unwrap_or_else(|| value.to_owned());
                    told.push_str(&if is_share { said.replace('.', ",") } else { said });
                }
            }
        }
        told
    }
}

/// The French of a sentence that the program says in English, where there is one.
#[must_use]
pub fn french(english: &str) -> Option<String> {
    TEMPLATES.iter().find_map(|template| Some(template.fill(&template.filled(english)?)))
}

impl Words {
    /// A sentence that the program says in English, in the language of the reader as far as it can be.
    #[must_use]
    pub fn translated(self, english: &str) -> String {
        let french = matches!(self.0, Language::French).then(|| french(english)).flatten();
        french.unwrap_or_else(|| english.to_owned())
    }
}

/// The templates of a file of tables, each of English keys and French values. What is not in that form is left out: a test
/// reads the file more strictly.
fn parse(text: &str) -> Vec<Template> {
    let modules: toml::Table = text.parse().unwrap_or_default();
    let sentences = modules.values().filter_map(toml::Value::as_table).flatten();
    let template = |(english, french): (&String, &toml::Value)| {
        Some(Template { english: pieces(english), french: pieces(french.as_str()?) })
    };
    sentences.filter_map(template).collect()
}

/// The pieces of a template in the form of `format!`: braces that are meant stand twice.
fn pieces(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            text.push_str(&rest[..1]);
            rest = &rest[2..];
        } else if let Some((blank, after)) = rest.split_once('}').filter(|_| rest.starts_with('{')) {
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Blank(blank[1..].to_owned()));
            rest = after;
        } else {
            text.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    text.push_str(rest);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn told(english: &str, french: &str, sentence: &str) -> Option<String> {
        let template = Template { english: pieces(english), french: pieces(french) };
        Some(template.fill(&template.filled(sentence)?))
    }

    #[test]
    fn what_stands_in_the_blanks_is_carried_over() {
        let told = |sentence| told("no {what} « {name} » in {}", "dans {}, pas de {what} « {name} »", sentence);
        assert_eq!(told("no pipeline « a » in /tmp"), Some("dans /tmp, pas de pipeline « a »".to_owned()));
        assert_eq!(told("a pipeline « a » in b"), None);
    }

    /// Texts that look like sentences of ours and are not: what somebody wrote, or what another program says.
    #[test]
    fn what_others_say_stays_as_they_say_it() {
        let reason = "le guichet de Rouen : compté deux fois, and 3 more";
        let told = french(&format!("version 2026-11-21 was retracted: {reason}")).unwrap();
        assert!(told.ends_with(reason), "{told}");
        for theirs in [
            "invalid peer certificate: certificate is not valid for name x",
            "the column x is missing",
            "line 3, column 2",
            "not a valid zip archive",
            "panne du robot : règle ajoutée",
        ] {
            assert!(french(theirs).is_none_or(|told| told == theirs), "{theirs} became {:?}", french(theirs));
        }
    }

    #[test]
    fn what_is_quoted_is_not_translated() {
        let french = french("no pipeline « not a pipeline »").unwrap();
        assert!(french.contains("« not a pipeline »") || french.contains("«\u{a0}not a pipeline\u{a0}»"), "{french}");
    }

    #[test]
    fn braces_that_stand_twice_are_meant() {
        assert_eq!(told("write {{{x}}}", "écrivez {{{x}}}", "write {a}"), Some("écrivez {a}".to_owned()));
    }

    #[test]
    fn the_last_text_ends_the_sentence() {
        assert_eq!(told("{a} is gone is gone", "{a} a disparu", "x is gone is gone"), Some("x a disparu".to_owned()));
        assert_eq!(told("{a} is gone", "{a} a disparu", "x is gone is gone"), Some("x is gone a disparu".to_owned()));
    }

    /// A blank is neither lost nor invented, blanks never touch, and every sentence of the file is found by itself.
    #[test]
    fn the_file_is_in_order() {
        let modules: toml::Table = include_str!("french.toml").parse().expect("french.toml is TOML");
        for (module, sentences) in &modules {
            for (english, french) in sentences.as_table().expect("tables of sentences") {
                let french = french.as_str().expect("a sentence");
                let (english_pieces, french_pieces) = (pieces(english), pieces(french));
                let blanks = |pieces: &[Piece]| {
                    let mut blanks: Vec<String> = pieces
                        .iter()
                        .filter_map(|piece| if let Piece::Blank(name) = piece { Some(name.clone()) } else { None })
                        .collect();
                    blanks.sort();
                    blanks
                };
                assert_eq!(blanks(&english_pieces), blanks(&french_pieces), "{module}: {english}");
                let touching = |pair: &[Piece]| matches!(pair, [Piece::Blank(_), Piece::Blank(_)]);
                assert!(!english_pieces.windows(2).any(touching), "{module}: blanks of {english} touch");
                let own: BTreeSet<char> = english.chars().filter(|letter| letter.is_alphabetic()).collect();
                assert!(own.len() > 1, "{module}: {english} fits everything");
            }
        }
    }
}

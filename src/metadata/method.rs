//! `methode.fr.md` and `methode.en.md`: the method by which the figures of a version were made, in the version itself.

use crate::error::{Error, Result};

/// The file of the project that holds the method, in French and then in English.
pub const METHOD: &str = "METHOD.md";

/// What each language's half is called in a version.
pub const METHOD_FILES: [&str; 2] = ["methode.fr.md", "methode.en.md"];

/// The line between the two halves, as it stands among its blank lines; neither half has such a line of its own.
const RULE: &str = "\n\n---\n\n";

/// The first link of each half, which leads to the other.
const TO_THE_OTHER: [&str; 2] = ["](#method)", "](#méthode)"];

/// The two halves of the method, by their names in a version; each leads to the other as a file.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when the text is not two halves that lead to each other.
pub fn method_texts(text: &str) -> Result<[(&'static str, String); 2]> {
    let wrong = |what: &str| {
        Error::usage(format!("{METHOD} {what}"))
            .hint("it is the method in French, a line « --- » between blank lines, and the method in English")
    };
    let text = text.replace("\r\n", "\n");
    let (french, english) = text.split_once(RULE).ok_or_else(|| wrong("has no line between its languages"))?;
    if english.contains(RULE) {
        return Err(wrong("has more than one line between its languages"));
    }
    let [to_english, to_french] = TO_THE_OTHER;
    if !french.contains(to_english) || !english.contains(to_french) {
        return Err(wrong("has a half that does not lead to the other"));
    }
    let [own_french, own_english] = METHOD_FILES;
    let leads = |half: &str, link: &str, file: &str| format!("{}\n", half.trim().replace(link, &format!("]({file})")));
    Ok([(own_french, leads(french, to_english, own_english)), (own_english, leads(english, to_french, own_french))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_half_leads_to_the_other() {
        let text = "# Méthode\n\n[In English](#method). Oui.\n\n---\n\n# Method\n\n[En français](#méthode). Yes.\n";
        let [(french, oui), (english, yes)] = method_texts(text).unwrap();
        assert_eq!((french, oui.as_str()), ("methode.fr.md", "# Méthode\n\n[In English](methode.en.md). Oui.\n"));
        assert_eq!((english, yes.as_str()), ("methode.en.md", "# Method\n\n[En français](methode.fr.md). Yes.\n"));
        assert_eq!(method_texts(&text.replace('\n', "\r\n")).unwrap()[1].1, yes);
    }

    #[test]
    fn what_is_not_two_halves_is_refused() {
        for text in ["# Méthode", "[a](#method)\n\n---\n\nb", "[a](#method)\n\n---\n\n[b](#méthode)\n\n---\n\nc"] {
            assert!(method_texts(text).is_err(), "{text}");
        }
    }
}

//! Words of a list, looked for as words: « si » is not in « possible ».

use aho_corasick::AhoCorasick;

use super::text::normalise;

/// A list of normalised words and groups of words.
#[derive(Debug)]
pub(super) struct Words {
    words: Vec<String>,
    automaton: AhoCorasick,
}

impl Words {
    /// The list, or what is wrong with it; `key` names it.
    pub(super) fn new(key: &str, words: &[String]) -> Result<Self, String> {
        let words: Vec<_> = words.iter().map(|word| normalise(word)).collect();
        if words.iter().any(String::is_empty) {
            return Err(format!("`{key}` lists an empty word"));
        }
        let automaton = AhoCorasick::new(&words).map_err(|error| format!("`{key}` is too long: {error}"))?;
        Ok(Self { words, automaton })
    }

    /// The first word of the list in a normalised text that begins before the byte `before`.
    pub(super) fn first_in(&self, text: &str, before: usize) -> Option<&str> {
        let found = self.automaton.find_overlapping_iter(text);
        let found = found.filter(|found| found.start() < before && is_word(text, found.start(), found.end()));
        found.min_by_key(aho_corasick::Match::start).map(|found| self.words[found.pattern().as_usize()].as_str())
    }

    /// The longest word of the list with which a normalised text begins.
    pub(super) fn beginning<'t>(&self, text: &'t str) -> Option<&'t str> {
        let begins = |word: &&String| text.starts_with(&***word) && is_word(text, 0, word.len());
        self.words.iter().filter(begins).map(String::len).max().map(|length| &text[..length])
    }

    /// Whether a normalised text ends with a word of the list.
    pub(super) fn ends(&self, text: &str) -> bool {
        self.ending(text).is_some()
    }

    /// The word of the list with which a normalised text ends.
    pub(super) fn ending<'t>(&self, text: &'t str) -> Option<&'t str> {
        let start = |word: &&String| text.ends_with(&***word).then(|| text.len() - word.len());
        let mut starts = self.words.iter().filter_map(|word| start(&word));
        starts.find(|start| is_word(text, *start, text.len())).map(|start| &text[start..])
    }
}

/// Whether a part of a text is not a part of a longer word.
pub(super) fn is_word(text: &str, start: usize, end: usize) -> bool {
    let glued = |inside: Option<char>, outside: Option<char>| {
        inside.is_some_and(char::is_alphanumeric) && outside.is_some_and(char::is_alphanumeric)
    };
    let part = &text[start..end];
    !glued(part.chars().next(), text[..start].chars().next_back())
        && !glued(part.chars().next_back(), text[end..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_word_is_not_the_word() {
        let words = Words::new("before", &["si", "s'", "Lorsqu'", "au cas où"].map(str::to_owned)).unwrap();
        for text in ["si possible", "ou s'il", "lorsqu'il", "au cas où il", "(si)"] {
            assert!(words.first_in(text, text.len()).is_some(), "{text}");
        }
        for text in ["possible", "ainsi", "cas où", "sil", "le repos'"] {
            assert_eq!(words.first_in(text, text.len()), None, "{text}");
        }
        assert_eq!(words.first_in("et si", 3), None);
        assert_eq!((words.beginning("si on"), words.beginning("sinon")), (Some("si"), None));
        assert_eq!((words.ending("et si"), words.ending("ainsi")), (Some("si"), None));
    }
}

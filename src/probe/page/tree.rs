//! From a page's source to its elements and to the text that is shown of it.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};

use super::element::Element;

/// Elements that hold nothing.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
/// Elements of which nothing is shown.
const UNSEEN: &[&str] = &["script", "style", "template", "head", "title", "select", "textarea", "svg"];
/// Elements within a line; any other begins and ends a paragraph.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "big", "cite", "code", "em", "font", "i", "img", "input", "label", "mark", "small", "span",
    "strong", "sub", "sup", "time", "u", "wbr", "acronym", "nobr", "q", "s", "tt",
];
/// Elements that end where the next of the same begins.
const CLOSED_BY_THE_NEXT: &[&str] = &["li", "p", "td", "th", "tr", "option", "dt", "dd"];
/// Deeper, and longer, is no page of a counter.
const DEPTH_MAX: usize = 512;
const ELEMENTS_MAX: usize = 50_000;

struct Builder {
    elements: Vec<Element>,
    open: Vec<usize>,
    text: String,
    title: String,
    /// How many open elements show nothing.
    unseen: usize,
    in_title: bool,
}

/// The title, the text that is shown, and the elements.
pub(super) fn build(html: &str) -> (String, String, Vec<Element>) {
    let mut emitter = DefaultEmitter::<()>::default();
    // A script or a style is text until it ends, and no tags.
    emitter.naively_switch_states(true);
    let mut builder = Builder {
        elements: Vec::new(),
        open: Vec::new(),
        text: String::new(),
        title: String::new(),
        unseen: 0,
        in_title: false,
    };
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => builder.start(&tag),
            Token::EndTag(tag) => builder.end(&String::from_utf8_lossy(&tag.name)),
            Token::String(text) => builder.say(&String::from_utf8_lossy(&text.value)),
            _ => {}
        }
    }
    while builder.pop() {}
    (collapsed(&builder.title), builder.text, builder.elements)
}

impl Builder {
    fn start(&mut self, tag: &StartTag<()>) {
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let sibling = CLOSED_BY_THE_NEXT.contains(&name.as_str());
        if sibling && self.open.last().is_some_and(|open| self.elements[*open].name == name) {
            self.pop();
        }
        if self.open.len() >= DEPTH_MAX || self.elements.len() >= ELEMENTS_MAX {
            return;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let attributes = tag.attributes.iter().map(|(name, value)| (text(name), text(&value.value))).collect();
        let index = self.elements.len();
        let mut element = Element { name, attributes, index, last: index + 1, ..Element::default() };
        self.paragraph(&element.name);
        element.text = self.text.len()..self.text.len();
        let said = shown_value(&element).map(str::to_owned);
        let holds_nothing = VOID.contains(&element.name.as_str());
        self.elements.push(element);
        self.open.push(index);
        self.unseen += usize::from(self.is_unseen(index));
        self.in_title |= self.elements[index].name == "title";
        if let Some(said) = said {
            self.say(&format!(" {said} "));
        }
        if holds_nothing {
            self.pop();
        }
    }

    fn is_unseen(&self, index: usize) -> bool {
        let element = &self.elements[index];
        let style: String = element.attribute("style").split_whitespace().collect();
        UNSEEN.contains(&element.name.as_str())
            || element.attributes.contains_key("hidden")
            || style.to_ascii_lowercase().contains("display:none")
    }

    fn end(&mut self, name: &str) {
        // An end without a beginning ends nothing.
        if self.open.iter().any(|open| self.elements[*open].name == name) {
            while let Some(open) = self.open.last().copied() {
                let found = self.elements[open].name == name;
                self.pop();
                if found {
                    return;
                }
            }
        }
    }

    fn pop(&mut self) -> bool {
        let Some(index) = self.open.pop() else { return false };
        self.unseen -= usize::from(self.is_unseen(index));
        let (elements, length) = (self.elements.len(), self.text.len());
        let element = &mut self.elements[index];
        element.last = elements;
        element.text.end = length;
        self.in_title &= element.name != "title";
        let name = element.name.clone();
        self.paragraph(&name);
        true
    }

    /// A paragraph begins, or ends, with any element that stands on lines of its own.
    fn paragraph(&mut self, name: &str) {
        if name == "br" {
            self.text.push('\n');
        } else if !INLINE.contains(&name) && !self.text.is_empty() && !self.text.ends_with("\n\n") {
            let kept = self.text.trim_end_matches(' ').len();
            self.text.truncate(kept.max(self.held()));
            self.text.push_str("\n\n");
        }
    }

    /// What open elements hold already cannot be taken back.
    fn held(&self) -> usize {
        self.open.last().map_or(0, |open| self.elements[*open].text.start)
    }

    fn say(&mut self, text: &str) {
        if self.in_title {
            self.title.push_str(text);
        }
        if self.unseen > 0 {
            return;
        }
        let spaced = text.starts_with(char::is_whitespace);
        if spaced && !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
        let words = collapsed(text);
        self.text.push_str(&words);
        if !words.is_empty() && text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
    }
}

/// What is shown of an element that holds no text: the label of a button, what stands for a picture.
fn shown_value(element: &Element) -> Option<&str> {
    let value = match element.name.as_str() {
        "input" if ["submit", "button"].contains(&element.attribute("type")) => element.attribute("value"),
        "input" if element.attribute("type") == "checkbox" => element.attribute("title"),
        "img" => element.attribute("alt"),
        _ => "",
    };
    (!value.is_empty()).then_some(value)
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! French typography, laid over a finished page: what is written with plain spaces and apostrophes gets those that French
//! print has. Only what people read is touched: no tag, no code, no script.
//!
//! Of the rules in use, those of the Lexique of the Imprimerie nationale: a thin space before ; ! and ?, a plain one that does
//! not break before : and inside « ».

/// What stands between these is left as it is.
const VERBATIM: [&str; 5] = ["code", "pre", "script", "style", "textarea"];

/// The rules: what is written, and what is printed.
const RULES: [(&str, &str); 12] = [
    ("« ", "«\u{a0}"),
    (" »", "\u{a0}»"),
    (" : ", "\u{a0}: "),
    (" :\n", "\u{a0}:\n"),
    (" ; ", "\u{202f}; "),
    (" ;\n", "\u{202f};\n"),
    (" !", "\u{202f}!"),
    (" ?", "\u{202f}?"),
    (" %", "\u{a0}%"),
    (" h ", "\u{a0}h "),
    ("n° ", "n°\u{a0}"),
    ("'", "’"),
];

/// What a text must hold for a rule to apply.
const MARKS: [char; 10] = ['«', '»', ':', ';', '!', '?', '%', 'h', '°', '\''];

/// A page in French as it is printed.
#[must_use]
pub fn typeset(html: &str) -> String {
    let mut set = String::with_capacity(html.len() + html.len() / 50);
    let mut verbatim: Option<&str> = None;
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let (text, from) = rest.split_at(open);
        push(&mut set, text, verbatim.is_some());
        let end = from.find('>').map_or(from.len(), |end| end + 1);
        let (tag, after) = from.split_at(end);
        set.push_str(tag);
        let name = tag.trim_start_matches(['<', '/']).split(|sign: char| !sign.is_ascii_alphanumeric()).next();
        let name = VERBATIM.into_iter().find(|verbatim| name == Some(*verbatim));
        if tag.starts_with("</") {
            verbatim = verbatim.filter(|open| name != Some(*open));
        } else {
            verbatim = verbatim.or(name);
        }
        rest = after;
    }
    push(&mut set, rest, verbatim.is_some());
    set
}

fn push(set: &mut String, text: &str, verbatim: bool) {
    if verbatim || !text.contains(MARKS) {
        set.push_str(text);
    } else {
        let mut printed = RULES.iter().fold(text.to_owned(), |text, (written, printed)| text.replace(written, printed));
        // A sign may be the last before a tag.
        for (written, space) in [(" :", '\u{a0}'), (" ;", '\u{202f}')] {
            if printed.ends_with(written) {
                printed.replace_range(printed.len() - 2..printed.len() - 1, space.encode_utf8(&mut [0; 4]));
            }
        }
        set.push_str(&printed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_of_french_print() {
        for (written, printed) in [
            ("« oui »", "«\u{a0}oui\u{a0}»"),
            ("Source : nous", "Source\u{a0}: nous"),
            ("non ; oui", "non\u{202f}; oui"),
            ("Vraiment ?", "Vraiment\u{202f}?"),
            ("Non !", "Non\u{202f}!"),
            ("87,7 %", "87,7\u{a0}%"),
            ("15 h 45", "15\u{a0}h 45"),
            ("n° 435594", "n°\u{a0}435594"),
            ("l'île", "l’île"),
            ("ceci :", "ceci\u{a0}:"),
            ("cela ;\nou", "cela\u{202f};\nou"),
        ] {
            assert_eq!(typeset(&format!("<p>{written}</p>")), format!("<p>{printed}</p>"));
        }
    }

    #[test]
    fn what_nobody_reads_as_prose_stays() {
        for same in [
            "<a href=\"x ? y\" title='l'>x</a>",
            "<code>a : b</code>",
            "<pre>d'a <b>l'e</b> ?</pre>",
            "<script type=\"application/json\">{\"a\" : \"l'e ?\"}</script>",
        ] {
            assert_eq!(typeset(same), same);
        }
        assert_eq!(typeset("<code>l'</code>l'"), "<code>l'</code>l’");
        assert_eq!(typeset("sans fin <"), "sans fin <");
    }
}

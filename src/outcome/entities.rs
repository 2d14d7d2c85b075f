//! Entities of HTML, in the excerpts of robots that keep them: `cr&eacute;neau`, `n&#39;existe`.

use std::borrow::Cow;

/// The longest name between `&` and `;` that is looked up.
const LONGEST: usize = 8;

/// What French pages use. A name that is not here stays as it is written: such a page is not recognised, never misread.
const NAMED: &[(&str, char)] = &[
    ("nbsp", '\u{a0}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("laquo", '«'),
    ("raquo", '»'),
    ("lsaquo", '‹'),
    ("rsaquo", '›'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("hellip", '…'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("bull", '•'),
    ("middot", '·'),
    ("deg", '°'),
    ("agrave", 'à'),
    ("acirc", 'â'),
    ("auml", 'ä'),
    ("ccedil", 'ç'),
    ("egrave", 'è'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("euml", 'ë'),
    ("icirc", 'î'),
    ("iuml", 'ï'),
    ("ocirc", 'ô'),
    ("ouml", 'ö'),
    ("ugrave", 'ù'),
    ("ucirc", 'û'),
    ("uuml", 'ü'),
    ("oelig", 'œ'),
    ("Agrave", 'À'),
    ("Acirc", 'Â'),
    ("Ccedil", 'Ç'),
    ("Egrave", 'È'),
    ("Eacute", 'É'),
    ("Ecirc", 'Ê'),
    ("Icirc", 'Î'),
    ("Ocirc", 'Ô'),
    ("Ugrave", 'Ù'),
    ("OElig", 'Œ'),
];

/// The text with its entities replaced, once: what was escaped twice stays escaped once, as in a browser.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        // Not farther: a page of ampersands would be read again for each of them.
        let end = rest.bytes().take(LONGEST + 1).position(|byte| byte == b';');
        match end.and_then(|end| Some((character(&rest[..end])?, &rest[end + 1..]))) {
            Some((c, after)) => {
                plain.push(c);
                rest = after;
            }
            None => plain.push('&'),
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn character(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        let known = |name: &str| NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
        // In capitals where a robot capitalised the page.
        return known(name).or_else(|| known(&name.to_ascii_lowercase()));
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    match code.ok()? {
        // Browsers read these as Windows does.
        145 | 146 => Some('’'),
        147 => Some('“'),
        148 => Some('”'),
        code => char::from_u32(code),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_way_to_write_a_character_is_read() {
        for (written, read) in [
            ("cr&eacute;neau", "créneau"),
            ("CR&EACUTE;NEAU", "CRéNEAU"),
            ("n&#39;existe n&#x2019;existe n&#146;existe", "n'existe n’existe n’existe"),
            ("&laquo;&nbsp;non&nbsp;&raquo;", "«\u{a0}non\u{a0}»"),
            ("cr&amp;eacute;neau", "cr&eacute;neau"),
            ("?a=1&b=2;c &inconnu; &#xfffffff; &; A & B", "?a=1&b=2;c &inconnu; &#xfffffff; &; A & B"),
        ] {
            assert_eq!(unescape(written), read);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>()) {
            prop_assert!(text.contains('&') || unescape(&text) == text);
        }
    }
}

//! From bytes to text: by the charset of the answer, a mark, what the page says of itself, or what its bytes can be.

use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use regex::bytes::Regex;

/// How far into a page its own statement is looked for, as browsers do.
const STATED_WITHIN: usize = 1024;

/// The text of a page, and its encoding. Bytes that cannot be read become U+FFFD: a page is never refused for them.
pub(super) fn decode(content_type: Option<&str>, bytes: &[u8]) -> (String, &'static Encoding) {
    let declared = content_type.and_then(charset_of).or_else(|| stated(bytes));
    let likely = || if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 };
    // UTF-8 that is none was declared by a server that says so of all its pages.
    let declared = declared.filter(|encoding| *encoding != UTF_8 || std::str::from_utf8(bytes).is_ok());
    let (text, encoding, _) = declared.unwrap_or_else(likely).decode(bytes);
    (text.into_owned(), encoding)
}

/// The charset of a `Content-Type`.
fn charset_of(content_type: &str) -> Option<&'static Encoding> {
    let stated = content_type.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })?;
    Encoding::for_label(stated.as_bytes())
}

/// What a page says of itself, in a `meta`.
fn stated(bytes: &[u8]) -> Option<&'static Encoding> {
    static CHARSET: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?i)<meta[^>]*charset\s*=\s*["']?([a-z0-9_:.-]+)"#).ok());
    let head = &bytes[..bytes.len().min(STATED_WITHIN)];
    Encoding::for_label(CHARSET.as_ref()?.captures(head)?.get(1)?.as_bytes())
}

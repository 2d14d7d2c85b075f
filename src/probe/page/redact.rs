//! What never goes into a line: addresses of machines, tokens, addresses and telephone numbers of people.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

use crate::probe::shape::REASON;

/// What is taken out, and what stands in its place.
const REDACTED: &[(&str, &str)] = &[
    (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", "[courriel]"),
    (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "[adresse]"),
    (
        r"(?i)\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b|\b(?:[0-9a-f]{1,4}:){1,7}:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?",
        "[adresse]",
    ),
    (r"(?i);jsessionid=[^\s/?#;&]*", ""),
    (r"(?:\+33 ?|\b0)[1-9](?:[ .-]?\d\d){4}\b", "[telephone]"),
    (r"[A-Za-z0-9_+=-]{40,}", "[jeton]"),
];

/// A text of a page without them.
#[must_use]
pub fn redact_text(text: &str) -> String {
    static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let compiled = REDACTED.iter().map(|(pattern, instead)| Regex::new(pattern).map(|pattern| (pattern, *instead)));
        // They are constants, and a test compiles each.
        compiled.filter_map(Result::ok).collect()
    });
    PATTERNS.iter().fold(text.to_owned(), |text, (pattern, instead)| pattern.replace_all(&text, *instead).into_owned())
}

/// An address as it may stand in a line: with the parameters of the address that the plan names, and a reason, and no others.
#[must_use]
pub fn redact_address(url: &Url, planned: &Url) -> String {
    if url == planned {
        return url.to_string();
    }
    let mut shown = url.clone();
    // Both can be taken from an address that has a host, and one without has none.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    if url.query() != planned.query() || url.host_str() != planned.host_str() {
        let reasons: Vec<_> = url.query_pairs().filter(|(name, _)| name == REASON).map(|(_, value)| value).collect();
        shown.set_query(None);
        let plain = |value: &str| value.len() <= 40 && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if let Some(reason) = reasons.first().filter(|reason| plain(reason)) {
            shown.set_query(Some(&format!("{REASON}={reason}")));
        }
    }
    redact_text(shown.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nobodys_business_is_taken_out() {
        for (text, expected) in [
            ("Your IP: 203.0.113.7.", "Your IP: [adresse]."),
            ("Your IP: 2001:db8::1 •", "Your IP: [adresse] •"),
            ("écrivez à pref-etrangers@essonne.gouv.fr.", "écrivez à [courriel]."),
            ("au 01 23 45 67 89", "au [telephone]"),
            ("le 05/06/2026 à 10:30:00", "le 05/06/2026 à 10:30:00"),
            ("aucune plage", "aucune plage"),
        ] {
            assert_eq!(redact_text(text), expected);
        }
        assert!(REDACTED.iter().all(|(pattern, _)| Regex::new(pattern).is_ok()));
    }

    #[test]
    fn an_address_keeps_what_the_plan_wrote_and_a_reason() {
        let url = |text: &str| Url::parse(text).unwrap();
        let planned = url("https://a.fr/x?motif=un-motif");
        for (seen, expected) in [
            ("https://a.fr/x?motif=un-motif", "https://a.fr/x?motif=un-motif"),
            ("https://a.fr/x;jsessionid=ABC?token=secret#part", "https://a.fr/x"),
            ("https://a.fr/cgu/?error=invalidCaptcha&u=1", "https://a.fr/cgu/?error=invalidCaptcha"),
            ("https://b.fr/login?motif=un-motif", "https://b.fr/login"),
        ] {
            assert_eq!(redact_address(&url(seen), &planned), expected);
        }
    }
}

//! The page that an attempt asked, as it is published: where it stands, without what a probe or a site put into it for the
//! one visit.

use url::Url;

use super::names::published_text;

/// Longest number that is an id and not a token.
const ID_DIGITS: usize = 12;

/// Host and path of the page's address, and of its query the ids alone: `www.rdv.example.invalid/booking/create/1266/1`,
/// `rdv.example.invalid/prendre_rdv?motif_id=7197`. Names, passwords, fragments and what a site appends to a path to know
/// its visitor (`;jsessionid=…`) stay out, as does every other key of the query: a token is nobody's to publish. Nothing
/// where the text is no address of the web.
pub(super) fn asked_page(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let segments = url.path_segments()?.map(|segment| segment.split_once(';').map_or(segment, |(name, _)| name));
    let path: Vec<&str> = segments.collect();
    let is_id = |key: &str, value: &str| {
        key.ends_with("_id")
            && (1..=ID_DIGITS).contains(&value.len())
            && value.bytes().all(|byte| byte.is_ascii_digit())
    };
    let ids = url.query_pairs().filter(|(key, value)| is_id(key, value));
    let ids: Vec<String> = ids.map(|(key, value)| format!("{key}={value}")).collect();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = if ids.is_empty() { String::new() } else { format!("?{}", ids.join("&")) };
    let page = format!("{}{port}/{}{query}", url.host_str()?, path.join("/"));
    Some(published_text(&page).into_owned())
}

#[cfg(test)]
mod tests {
    use super::asked_page;

    #[test]
    fn a_page_is_where_it_stands_and_nothing_of_the_visit() {
        for (address, page) in [
            ("https://www.rdv.ain.gouv.fr/booking/create/804/1", "www.rdv.ain.gouv.fr/booking/create/804/1"),
            ("http://site.invalid", "site.invalid/"),
            (" https://site.invalid:8443/a#b ", "site.invalid:8443/a"),
            ("https://moi:secret@site.invalid/a;jsessionid=8F1/b?token=x&error=1", "site.invalid/a/b"),
            ("https://site.invalid/prendre_rdv?motif_id=7197&t=9", "site.invalid/prendre_rdv?motif_id=7197"),
            ("https://site.invalid/?session_id=1234567890123&user_id=x7", "site.invalid/"),
        ] {
            assert_eq!(asked_page(address).as_deref(), Some(page), "{address}");
        }
    }

    #[test]
    fn what_is_no_address_of_the_web_is_no_page() {
        for text in ["", "site.invalid/a", "ftp://site.invalid/a", "mailto:a@b.invalid", "data:text/html,x", "https://"]
        {
            assert_eq!(asked_page(text), None, "{text}");
        }
    }
}

//! The cookies of one look: they go back to the host that set them, and none survives the look.

use url::Url;

/// The cookies.
#[derive(Debug, Clone, Default)]
pub struct Jar(Vec<Cookie>);

#[derive(Debug, Clone)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
}

/// What measures audiences begins with one of these; a session works without.
const NOT_KEPT: &[&str] = &["xt", "at", "_ga", "_pk", "tarteaucitron"];
/// More are kept by no site that was seen.
const COOKIES_MAX: usize = 50;

impl Jar {
    /// Keeps what an answer sets, for its host alone: a wider domain is not granted.
    pub fn keep(&mut self, url: &Url, set_cookie: &str) {
        let mut parts = set_cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|first| first.split_once('=')) else { return };
        let host = url.host_str().unwrap_or_default().to_owned();
        let (mut path, mut gone) = ("/".to_owned(), value.is_empty());
        for part in parts {
            let (key, setting) = part.split_once('=').unwrap_or((part, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "path" if setting.starts_with('/') => setting.clone_into(&mut path),
                "max-age" => gone |= setting.trim().starts_with(['0', '-']),
                _ => {}
            }
        }
        self.0.retain(|cookie| (&cookie.host, &cookie.path, cookie.name.as_str()) != (&host, &path, name));
        let measures = NOT_KEPT.iter().any(|prefix| name.starts_with(prefix));
        if !gone && !measures && self.0.len() < COOKIES_MAX {
            self.0.push(Cookie { host, path, name: name.to_owned(), value: value.to_owned() });
        }
    }

    /// The header of a request, where there is something to send.
    #[must_use]
    pub fn header(&self, url: &Url) -> Option<String> {
        let below = |path: &str| {
            let rest = url.path().strip_prefix(path.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ';']))
        };
        let fits = |cookie: &&Cookie| Some(cookie.host.as_str()) == url.host_str() && below(&cookie.path);
        let pairs: Vec<String> =
            self.0.iter().filter(fits).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_back_to_its_host_and_path_alone() {
        let url = |text: &str| Url::parse(text).unwrap();
        let mut jar = Jar::default();
        let there = url("https://a.fr/booking/create/1/0");
        jar.keep(&there, "eZSESSID=abc; path=/; HttpOnly; Domain=.gouv.fr");
        jar.keep(&there, "JSESSIONID=x; Path=/rdvpref");
        jar.keep(&there, "xtvrn=1; path=/");
        assert_eq!(jar.header(&there).as_deref(), Some("eZSESSID=abc"));
        assert_eq!(jar.header(&url("https://a.fr/rdvpref/x")).as_deref(), Some("eZSESSID=abc; JSESSIONID=x"));
        assert_eq!(jar.header(&url("https://a.fr/rdvprefer")).as_deref(), Some("eZSESSID=abc"));
        assert_eq!(jar.header(&url("https://b.fr/")), None);
        jar.keep(&there, "eZSESSID=; Max-Age=0; path=/");
        assert_eq!(jar.header(&there), None);
    }
}

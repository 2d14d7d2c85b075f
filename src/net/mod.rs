//! Servers: how they are reached, by which name a person is told of them, and what it means when they refuse.

mod answer;
mod body;
mod environment;
mod fault;
mod provider;
mod refusal;
mod s3;

pub use answer::Answer;
pub use body::{LARGEST, body, too_large};
pub use environment::{azure_from_environment, google_from_environment};
pub use fault::{lost, refused};
pub use provider::Provider;
pub use s3::{check as check_s3, from_environment as s3_from_environment};

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use url::Url;

/// What a server is told of who asks.
const AGENT: &str = concat!("guichets-ouverts/", env!("CARGO_PKG_VERSION"));
/// As many redirections as browsers follow, at the least.
const REDIRECTIONS: usize = 10;

/// A client of servers anywhere. It follows redirections, but not from an encrypted way to one that anybody on it can read
/// and change.
pub fn client() -> ClientBuilder {
    let policy = Policy::custom(|attempt| {
        if attempt.previous().len() > REDIRECTIONS {
            attempt.error("too many redirections")
        } else if attempt.previous().last().is_some_and(|from| unprotects(from, attempt.url())) {
            attempt.error("redirected from https:// to an address that is not encrypted, where nothing is asked")
        } else {
            attempt.follow()
        }
    });
    Client::builder().user_agent(AGENT).redirect(policy)
}

/// Whether a redirection leaves the encrypted way.
fn unprotects(from: &Url, to: &Url) -> bool {
    from.scheme() == "https" && to.scheme() != "https"
}

/// An address as it may be written anywhere: without a user's name and password, and without the query, which may hold a
/// signature. Of a folder's path nothing is taken away.
#[must_use]
pub fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // A password with a slash in it makes the address no URL; whatever stands before the last @ is then not shown.
    let (hidden, path) = match (Url::parse(address), path.rsplit_once('@')) {
        (Err(_), Some((_, after))) => (after, ""),
        _ => (authority.rsplit_once('@').map_or(authority, |(_, host)| host), path),
    };
    format!("{scheme}://{hidden}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_an_address_are_not_shown() {
        for (address, expected) in [
            ("http://user:secret@host:80/a/b?sig=secret", "http://host:80/a/b"),
            ("s3://user:secret@bucket/a@b", "s3://bucket/a@b"),
            ("ftp://us:se/cret@host/a", "ftp://host/a"),
            ("http://user:se@cret@host", "http://host"),
            ("https://host/@me#part", "https://host/@me"),
            ("public", "public"),
            ("/a@b/c?d", "/a@b/c?d"),
        ] {
            assert_eq!(shown(address), expected);
        }
    }

    #[test]
    fn a_redirection_from_https_to_http_is_not_followed() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(unprotects(&url("https://a/x"), &url("http://a/x")));
        assert!(!unprotects(&url("https://a/x"), &url("https://b/x")));
        assert!(!unprotects(&url("http://a/x"), &url("http://b/x")));
        assert!(!unprotects(&url("http://a/x"), &url("https://b/x")));
    }
}

//! The HTTP client: one key, one instance, few and patient retries.
//!
//! `GET` and `PUT` are asked again a few times where the failure may pass. A `POST` is sent once, whatever happens: the
//! platform accepts duplicates, so who sent it looks whether it was done.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::runtime::Handle;
use url::Url;

use super::reconcile::Request;
use super::refusal::Refusal;
use crate::config::{Datagouv, is_loopback};
use crate::error::{Context, Error, Result};
use crate::net::{self, LARGEST, too_large};

/// The environment variable that holds the key, and the only place from which it is taken.
pub const KEY_VARIABLE: &str = "DATAGOUV_API_KEY";

/// How long to wait before each further try, unless the platform says how long.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(8)];
/// Longer than this nobody waits: the next night does.
const PATIENCE: Duration = Duration::from_mins(2);

/// A client of one instance.
pub struct Client {
    http: reqwest::Client,
    public: reqwest::Client,
    /// The address under which the APIs are, by their numbers.
    root: Url,
    key: HeaderValue,
    runtime: Handle,
}

/// What a request came to, where it did not come to an answer.
#[derive(Debug)]
pub struct Failure {
    /// The error for a person.
    pub error: Error,
    /// Whether it may pass; of a `POST` nobody then knows whether it was done.
    pub unclear: bool,
    /// When the platform wants to be asked again.
    retry_after: Option<Duration>,
}

impl Client {
    /// A client with a key, for a publication that readers find under an address.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the key cannot be one; [`Internal`](crate::error::Kind::Internal) when
    /// the library cannot start.
    pub fn new(settings: &Datagouv, publication: &Url, key: &str, runtime: Handle) -> Result<Self> {
        // What the error of the library says of the value is not repeated.
        let mut header =
            HeaderValue::from_str(key.trim()).ok().filter(|header| !header.is_empty()).ok_or_else(|| {
                Error::usage(format!("{KEY_VARIABLE} does not hold a key"))
                    .hint("a key is one word of visible letters, which the platform shows once, in your profile")
            })?;
        header.set_sensitive(true);
        let root = settings.api.join("..").internal("an address")?;
        // The platform's operators can tell whose robot it is.
        let agent = format!("guichets-ouverts/{} (+{})", env!("CARGO_PKG_VERSION"), publication);
        let timeout = Duration::from_secs(settings.timeout_s.max(1));
        let builder = || {
            let builder = net::client().user_agent(&agent).timeout(timeout);
            // What is meant for this machine leaves by no proxy.
            if is_loopback(&settings.api) { builder.no_proxy() } else { builder }
        };
        // A redirection could carry the key to another host.
        let http = builder().redirect(Policy::none()).build().internal("the HTTP client")?;
        let public = builder().build().internal("the HTTP client")?;
        Ok(Self { http, public, root, key: header, runtime })
    }

    /// The platform, by its host.
    pub fn platform(&self) -> &str {
        self.root.host_str().unwrap_or_default()
    }

    /// The address of a path from the root of the APIs.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// Reads.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable), as a sentence.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.persist(&Method::GET, path, None).map_err(|failure| failure.error)
    }

    /// Writes; a `POST` once, a `PUT` until it is done or the patience ends.
    ///
    /// # Errors
    /// What it came to.
    pub fn send(&self, request: &Request) -> Result<Value, Failure> {
        if request.method == "PUT" {
            self.persist(&Method::PUT, &request.path, Some(&request.body))
        } else {
            self.attempt(&Method::POST, &request.path, Some(&request.body))
        }
    }

    /// What anyone gets from an address, without the key.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it does not answer, or not with success.
    pub fn public(&self, url: &Url) -> Result<Vec<u8>> {
        let answered = self.runtime.block_on(async {
            let response = self.public.get(url.clone()).send().await?.error_for_status()?;
            net::body(response).await
        });
        answered
            .map_err(|error| net::lost(error, "readers do not get it"))
            .and_then(|body| body.ok_or_else(too_large))
            .map_err(|error| error.at(net::shown(url.as_str())))
    }

    fn persist(&self, method: &Method, path: &str, said: Option<&Value>) -> Result<Value, Failure> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let failure = match self.attempt(method, path, said) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let Some(pause) = pauses.next().filter(|_| failure.unclear) else { return Err(failure) };
            let pause = failure.retry_after.unwrap_or(pause);
            if pause > PATIENCE {
                return Err(failure);
            }
            tracing::warn!(error = %failure.error, ?pause, "asking again");
            std::thread::sleep(pause);
        }
    }

    fn attempt(&self, method: &Method, path: &str, said: Option<&Value>) -> Result<Value, Failure> {
        let url = self.address(path);
        let place = format!("{method} {url}");
        let mut request = self.http.request(method.clone(), &url).header("X-API-KEY", self.key.clone());
        if let Some(said) = said {
            request = request.header(CONTENT_TYPE, "application/json").body(said.to_string());
        }
        tracing::debug!(place, "asked");
        let answered = self.runtime.block_on(async {
            let response = request.send().await?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok((status, headers, net::body(response).await?))
        });
        let no_api = |error: Error| {
            let hint = "is datagouv.api the address of an API, and is nothing standing before it?";
            self.failed(error.at(&place).hint(hint), true, None)
        };
        match answered {
            Err(error) => Err(self.failed(lost(error, self.platform()).at(place), true, None)),
            Ok((status, _, None)) if status.is_success() => {
                let size = LARGEST >> 20;
                Err(no_api(Error::unreachable(format!("the answer of {} is longer than {size} MiB", self.platform()))))
            }
            Ok((status, _, Some(body))) if status.is_success() => serde_json::from_slice(&body).map_err(|error| {
                no_api(Error::unreachable(format!("the answer of {} is not JSON", self.platform())).because(error))
            }),
            Ok((status, headers, body)) => {
                // What is said at such length is no reason that a person reads.
                let body = body.unwrap_or_default();
                let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
                let refusal = Refusal {
                    place: &place,
                    platform: self.platform(),
                    status,
                    body: &body,
                    location: header(LOCATION.as_str()),
                    sentry: header("x-sentry-id"),
                };
                Err(self.failed(refusal.told(), passes(status), retry_after(&headers)))
            }
        }
    }

    /// The key is shown to nobody, even if the platform says it.
    fn failed(&self, error: Error, unclear: bool, retry_after: Option<Duration>) -> Failure {
        let (key, told) = (String::from_utf8_lossy(self.key.as_bytes()), error.to_string());
        if !told.contains(key.as_ref()) {
            return Failure { error, unclear, retry_after };
        }
        let hint = error.advice().unwrap_or_default().to_owned();
        let error = Error::new(error.kind(), told.replace(key.as_ref(), "[key]")).hint(hint);
        Failure { error, unclear, retry_after }
    }
}

fn passes(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500..=599)
}

/// Seconds; a date is not what udata or its front say.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Why no answer came, or none that is whole.
fn lost(error: reqwest::Error, platform: &str) -> Error {
    let (attempted, hint) = if error.is_timeout() {
        (format!("{platform} did not answer in time"), "push again later; datagouv.timeout_s says how long is waited")
    } else if error.is_connect() {
        (format!("{platform} cannot be reached"), "is the network there, and datagouv.api right?")
    } else {
        (format!("the answer of {platform} broke off"), "push again later")
    };
    net::lost(error, &attempted).hint(hint)
}

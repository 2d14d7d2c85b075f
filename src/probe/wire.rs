//! The one place where a request leaves the machine, and the only file of the probe that names reqwest. It decides nothing.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use super::bounds::{ANSWER_TIMEOUT, CONNECT_TIMEOUT, PAGE_BYTES};
use super::shape::Method;
use crate::attempt::Failure;
use crate::error::{Context, Result};
use crate::progress::Progress;

/// What is sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// The fields of a form, encoded.
    pub body: Option<String>,
}

/// What came back, as far as it came.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status, where there was one.
    pub status: Option<u16>,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without its transfer coding.
    pub body: Vec<u8>,
    /// What failed below HTTP.
    pub failure: Option<Failure>,
    /// How long it took.
    pub took: Duration,
}

impl Reply {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The values of a header that may stand there more than once.
    pub fn headers_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// What carries requests.
pub trait Wire {
    /// Sends one request, once, and waits for what comes back. Redirections are an answer like any other.
    ///
    /// # Errors
    /// [`Interrupted`](crate::error::Kind::Interrupted) when somebody wants the probe to stop: the request is given up.
    fn exchange(&mut self, request: &Request, progress: &dyn Progress) -> Result<Reply>;
}

/// HTTP over the network.
pub struct Network {
    runtime: Runtime,
    client: Client,
    rehearsal: Option<SocketAddr>,
    timeout: Duration,
}

/// How often a request looks whether it is to be given up.
const GLANCE: Duration = Duration::from_millis(200);
/// How long an answer of a rehearsal may take.
const REHEARSAL_TIMEOUT: Duration = Duration::from_secs(1);

impl Network {
    /// A client for one cycle: names are resolved anew for each. It asks through no proxy, whatever the environment says, as
    /// that would be another place to look from; it repeats nothing by itself, as that would be a request that nobody counted.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when it cannot be made.
    pub fn new(rehearsal: Option<SocketAddr>) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().internal("no runtime")?;
        let timeout = if rehearsal.is_some() { REHEARSAL_TIMEOUT } else { ANSWER_TIMEOUT };
        let client = Client::builder()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .dns_resolver(Arc::new(Resolver { rehearsal }))
            .build()
            .internal("no client")?;
        Ok(Self { runtime, client, rehearsal, timeout })
    }

    /// In a rehearsal every host is this machine, in clear. A name under `.invalid` leads nowhere there either.
    fn address(&self, url: &Url) -> Url {
        let mut address = url.clone();
        if let Some(server) = self.rehearsal {
            // Both can be set on an address that has a host.
            let _ = address.set_scheme("http");
            let _ = address.set_port(Some(server.port()));
        }
        address
    }

    fn builder(&self, request: &Request) -> RequestBuilder {
        let url = self.address(&request.url);
        let builder = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
        };
        let builder = request.headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
        match &request.body {
            Some(body) => builder.body(body.clone()),
            None => builder,
        }
    }
}

impl Wire for Network {
    fn exchange(&mut self, request: &Request, progress: &dyn Progress) -> Result<Reply> {
        let begun = Instant::now();
        let mut reply = Reply::default();
        let builder = self.builder(request);
        let deadline = begun + self.timeout + GLANCE;
        let told = self.runtime.block_on(async {
            let mut exchange = Box::pin(exchange(builder, &mut reply));
            loop {
                progress.proceed()?;
                match tokio::time::timeout(GLANCE, &mut exchange).await {
                    Ok(done) => return Ok(done),
                    Err(_) if Instant::now() > deadline => return Ok(Err(Failure::Timeout)),
                    Err(_) => {}
                }
            }
        });
        reply.failure = told?.err();
        reply.took = begun.elapsed();
        Ok(reply)
    }
}

/// One exchange; what came before something failed stays in the reply.
async fn exchange(builder: RequestBuilder, reply: &mut Reply) -> Result<(), Failure> {
    let mut response: Response = builder.send().await.map_err(|error| failure_of(&error))?;
    reply.status = Some(response.status().as_u16());
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    reply.headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(()),
            Ok(Some(piece)) if reply.body.len() + piece.len() > PAGE_BYTES => return Err(Failure::TruncatedBody),
            Ok(Some(piece)) => reply.body.extend_from_slice(&piece),
            Err(error) if error.is_timeout() => return Err(Failure::Timeout),
            Err(_) => return Err(Failure::TruncatedBody),
        }
    }
}

/// What failed before there was an answer.
fn failure_of(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::Timeout;
    }
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        next = cause.source();
        if cause.is::<NoSuchName>() {
            return Failure::DnsError;
        }
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return Failure::EmptyResponse;
        }
        let failure = cause.downcast_ref().and_then(|io| of_io(io, error.is_connect()));
        if let Some(failure) = failure {
            return failure;
        }
    }
    Failure::Other
}

/// What an error of the system or of TLS means; TLS wraps its own into others.
fn of_io(io: &std::io::Error, connecting: bool) -> Option<Failure> {
    match io.kind() {
        ErrorKind::ConnectionRefused => Some(Failure::ConnectionRefused),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Some(Failure::ConnectionReset)
        }
        ErrorKind::TimedOut => Some(Failure::Timeout),
        // A certificate that does not fit, or no TLS at all: rustls says so by these two.
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof if connecting => Some(Failure::TlsError),
        _ => of_io(io.get_ref()?.downcast_ref()?, connecting),
    }
}

/// Resolves names by the system, and tells a name that leads nowhere from all else that can fail.
struct Resolver {
    rehearsal: Option<SocketAddr>,
}

/// The name leads nowhere.
#[derive(Debug)]
struct NoSuchName;

impl std::fmt::Display for NoSuchName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name leads nowhere")
    }
}

impl StdError for NoSuchName {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rehearsal = self.rehearsal;
        Box::pin(async move {
            let nowhere = |_: std::io::Error| Box::<dyn StdError + Send + Sync>::from(NoSuchName);
            let found: Vec<SocketAddr> = match rehearsal {
                Some(_) if name.as_str().ends_with(".invalid") => Vec::new(),
                Some(server) => vec![server],
                None => tokio::net::lookup_host((name.as_str(), 0)).await.map_err(nowhere)?.collect(),
            };
            if found.is_empty() {
                return Err(Box::from(NoSuchName));
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

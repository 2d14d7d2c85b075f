//! A store as its readers see it: over HTTP, and to read alone.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode, header};
use tokio::runtime::Runtime;
use url::Url;

use super::{Object, Store};
use crate::error::{Context, Error, Result};
use crate::net::{self, lost, too_large};
use crate::publish::StorageKey;

/// A store behind an HTTP address.
pub struct HttpStore {
    /// With the name and password that the address may hold; shown to nobody.
    root: String,
    /// Without them, as any reader has it.
    shown: String,
    client: Client,
    /// Whether something was read.
    has_read: AtomicBool,
    runtime: Runtime,
}

impl HttpStore {
    /// Opens an address.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when it is no address of a store, or no client can be made for it.
    pub fn new(root: &str) -> Result<Self> {
        let shown = net::shown(root).trim_end_matches('/').to_owned();
        let url = Url::parse(root).usage("not an address").map_err(|error| error.at(&shown))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::usage("the address of a store ends with its path")
                .at(&shown)
                .hint("leave out what begins with ? or #: names of files are added to the address"));
        }
        let client = net::client()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(30))
            .build()
            .usage("no HTTP client")?;
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        let root = root.trim_end_matches('/').to_owned();
        Ok(Self { root, shown, client, has_read: AtomicBool::new(false), runtime })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    fn at(&self, path: &str) -> impl Fn(Error) -> Error {
        let place = format!("{}/{path}", self.shown);
        move |error| error.at(&place)
    }

    /// The answer to a request, or nothing for an object that is not there.
    fn answer(&self, request: RequestBuilder, path: &str) -> Result<Option<Response>> {
        let failed = |error| self.at(path)(lost(error, "cannot fetch"));
        // Made within the runtime: it sets clocks that are the runtime's.
        let response = self.runtime.block_on(async { request.send().await }).map_err(failed)?;
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            // Buckets that may not be listed answer 403 for what is not there; one that may not be read at all answers so
            // for everything, and then nobody knows what is there.
            StatusCode::FORBIDDEN if self.has_read.load(Ordering::Relaxed) => Ok(None),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let refused = response.error_for_status().map(|_| None).map_err(failed);
                refused.map_err(|error| {
                    error.hint(
                        "is it public, and the address right? An object store is also read by s3://, gs:// or az://",
                    )
                })
            }
            // There is no first byte of an empty object.
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(Some(response)),
            _ => {
                let response = response.error_for_status().map_err(failed)?;
                self.has_read.store(true, Ordering::Relaxed);
                Ok(Some(response))
            }
        }
    }

    /// The next bytes of an answer.
    fn chunk(&self, response: &mut Response, path: &str) -> Result<Option<Vec<u8>>> {
        let chunk =
            self.runtime.block_on(response.chunk()).map_err(|error| self.at(path)(lost(error, "cannot fetch")))?;
        Ok(chunk.map(Vec::from))
    }

    fn read_only<T>(&self) -> Result<T> {
        Err(Error::usage("a store can be read over HTTP, and not written")
            .at(&self.shown)
            .hint("name it by its folder, or by s3://, gs:// or az://"))
    }
}

/// The size of the whole object, whether the server gave one byte of it or all.
fn total_size(response: &Response) -> Option<u64> {
    let text = |name: header::HeaderName| response.headers().get(name)?.to_str().ok();
    match response.status() {
        StatusCode::RANGE_NOT_SATISFIABLE => Some(0),
        StatusCode::PARTIAL_CONTENT => text(header::CONTENT_RANGE)?.rsplit('/').next()?.parse().ok(),
        _ => text(header::CONTENT_LENGTH)?.parse().ok(),
    }
}

impl Store for HttpStore {
    fn name(&self) -> String {
        self.shown.clone()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(response) = self.answer(self.client.get(self.url(path)), path)? else { return Ok(None) };
        match self.runtime.block_on(net::body(response)) {
            Ok(Some(bytes)) => Ok(Some(bytes)),
            Ok(None) => Err(self.at(path)(too_large())),
            Err(error) => Err(self.at(path)(lost(error, "cannot fetch"))),
        }
    }

    fn get_file(&self, path: &str, file: &Path, at_most: u64) -> Result<bool> {
        let failed = |error: Error| error.at_path(file);
        let mut target = File::create(file).unreachable("cannot write").map_err(failed)?;
        let Some(mut response) = self.answer(self.client.get(self.url(path)), path)? else { return Ok(false) };
        let mut written = 0;
        while written <= at_most
            && let Some(chunk) = self.chunk(&mut response, path)?
        {
            target.write_all(&chunk).unreachable("cannot write").map_err(failed)?;
            written += chunk.len() as u64;
        }
        Ok(true)
    }

    fn size(&self, path: &str) -> Result<Option<u64>> {
        // Not every server that answers GET answers HEAD.
        let request = self.client.get(self.url(path)).header(header::RANGE, "bytes=0-0");
        Ok(self.answer(request, path)?.and_then(|response| total_size(&response)))
    }

    fn put_file(&self, _: &StorageKey, _: &Path) -> Result<()> {
        self.read_only()
    }

    fn put(&self, _: &StorageKey, _: &[u8]) -> Result<()> {
        self.read_only()
    }

    fn delete(&self, _: &StorageKey) -> Result<()> {
        self.read_only()
    }

    fn swap(&self, _: &StorageKey, _: Option<&[u8]>, _: &[u8]) -> Result<bool> {
        self.read_only()
    }

    fn check_swap(&self) -> Result<()> {
        self.read_only()
    }

    fn objects(&self) -> Result<Vec<Object>> {
        Err(Error::usage("a store cannot be listed over HTTP")
            .at(&self.shown)
            .hint("name it by its folder, or by s3://, gs:// or az://"))
    }

    /// What readers have: no name and no password.
    fn public_url(&self, path: &str) -> Option<String> {
        Some(format!("{}/{path}", self.shown))
    }
}

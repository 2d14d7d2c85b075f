//! A store as its readers see it: over HTTP, and to read alone.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode, header};
use tokio::runtime::Runtime;

use super::Store;
use crate::error::{Context, Error, Result};
use crate::publish::StorageKey;

/// A store behind an HTTP address.
pub struct HttpStore {
    root: String,
    client: Client,
    runtime: Runtime,
}

impl HttpStore {
    /// Opens an address.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when no client can be made for it.
    pub fn new(root: &str) -> Result<Self> {
        let client = Client::builder()
            .user_agent(concat!("guichets-ouverts/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(30))
            .build()
            .usage("no HTTP client")?;
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        Ok(Self { root: root.trim_end_matches('/').to_owned(), client, runtime })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// The answer to a request, or nothing for an object that is not there.
    async fn answer(&self, request: RequestBuilder) -> reqwest::Result<Option<Response>> {
        let response = request.send().await?;
        match response.status() {
            // Buckets that may not be listed answer 403 for what is not there.
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::GONE => Ok(None),
            // There is no first byte of an empty object.
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(Some(response)),
            _ => response.error_for_status().map(Some),
        }
    }

    fn read_only<T>(&self) -> Result<T> {
        Err(Error::usage("a store can be read over HTTP, and not written")
            .at(&self.root)
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
        self.root.clone()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let url = self.url(path);
        let bytes = self.runtime.block_on(async {
            match self.answer(self.client.get(&url)).await? {
                None => Ok::<_, reqwest::Error>(None),
                Some(response) => Ok(Some(response.bytes().await?.to_vec())),
            }
        });
        bytes.unreachable("cannot fetch").map_err(|error| error.at(&url))
    }

    fn get_file(&self, path: &str, file: &Path) -> Result<bool> {
        let url = self.url(path);
        let mut target = File::create(file).unreachable("cannot write").map_err(|error| error.at_path(file))?;
        let answer = self.runtime.block_on(self.answer(self.client.get(&url)));
        let Some(mut response) = answer.unreachable("cannot fetch").map_err(|error| error.at(&url))? else {
            return Ok(false);
        };
        while let Some(chunk) =
            self.runtime.block_on(response.chunk()).unreachable("cannot fetch").map_err(|error| error.at(&url))?
        {
            target.write_all(&chunk).unreachable("cannot write").map_err(|error| error.at_path(file))?;
        }
        Ok(true)
    }

    fn size(&self, path: &str) -> Result<Option<u64>> {
        let url = self.url(path);
        // Not every server that answers GET answers HEAD.
        let request = self.client.get(&url).header(header::RANGE, "bytes=0-0");
        let answer = self.runtime.block_on(self.answer(request));
        let response = answer.unreachable("cannot fetch").map_err(|error| error.at(&url))?;
        Ok(response.and_then(|response| total_size(&response)))
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

    fn public_url(&self, path: &str) -> Option<String> {
        Some(self.url(path))
    }
}

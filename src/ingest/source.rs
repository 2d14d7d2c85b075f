//! Where raw logs are: files, folders, globs, object stores and HTTP addresses, listed in one stable order.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::runtime::Handle;
use tokio_util::io::{StreamReader, SyncIoBridge};
use url::Url;

use super::account::FileAccount;
use crate::digest::sha256_file;
use crate::error::{Context, Error, Result};
use crate::net;

/// What a folder is searched for.
const LOG_ENDINGS: &[&str] = &[".ndjson", ".ndjson.gz", ".ndjson.zst", ".csv", ".csv.gz", ".csv.zst"];

/// One delivered file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its path relative to the raw root, as published; unique within a run.
    pub name: String,
    location: Location,
}

#[derive(Debug, Clone)]
enum Location {
    Local(PathBuf),
    Http(Url),
    Object { store: Arc<dyn ObjectStore>, path: ObjectPath, size: Option<u64>, e_tag: Option<String> },
}

/// How long a server may be silent before it is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// Lists the files of several sources. Two files of one name are told apart by the number of their source, in the order
/// of the sources' names.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when a source names nothing; [`Unreachable`](crate::error::Kind::Unreachable)
/// when a store does not answer.
pub fn list(sources: &[String], runtime: &Handle) -> Result<Vec<SourceFile>> {
    let mut files: Vec<SourceFile> = Vec::new();
    // The order in which sources are named must not show in what is published.
    let mut sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    sources.sort_unstable();
    for (index, source) in sources.into_iter().enumerate() {
        let mut found = if source.contains("://") { remote(source, runtime)? } else { local(source)? };
        if found.is_empty() {
            return Err(Error::usage("no log there").at(source).hint(format!(
                "name a file, or a folder or prefix that holds files ending in {}",
                LOG_ENDINGS.join(", ")
            )));
        }
        for file in &mut found {
            if files.iter().any(|other| other.name == file.name) {
                file.name = format!("source-{}/{}", index + 1, file.name);
            }
        }
        files.append(&mut found);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

impl SourceFile {
    /// Opens the file for reading on a thread that may block.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be opened.
    pub fn open(&self, runtime: &Handle) -> Result<Box<dyn Read + Send>> {
        let failed = |error: Error| error.at(&self.name);
        Ok(match &self.location {
            Location::Local(path) => Box::new(std::fs::File::open(path).unreachable("cannot open").map_err(failed)?),
            Location::Http(url) => {
                let client = net::client().connect_timeout(PATIENCE).read_timeout(PATIENCE).build();
                let client = client.internal("no HTTP client")?;
                // An address may carry a signature in its query, which nobody should read in a log.
                let response = runtime
                    .block_on(async { client.get(url.clone()).send().await?.error_for_status() })
                    .map_err(|error| failed(net::lost(error, "cannot fetch")))?;
                let bytes = response.bytes_stream().map_err(|error| std::io::Error::other(error.without_url()));
                Box::new(runtime.block_on(async { SyncIoBridge::new(StreamReader::new(Box::pin(bytes))) }))
            }
            Location::Object { store, path, .. } => {
                let answer = runtime.block_on(store.get(path));
                let answer = answer.map_err(|error| failed(net::refused(error, "cannot fetch")))?;
                let bytes = answer.into_stream().map_err(std::io::Error::other);
                Box::new(runtime.block_on(async { SyncIoBridge::new(StreamReader::new(bytes)) }))
            }
        })
    }

    /// Bytes as delivered, where the place tells without reading.
    #[must_use]
    pub fn size_hint(&self) -> Option<u64> {
        match &self.location {
            Location::Local(path) => path.metadata().ok().map(|metadata| metadata.len()),
            Location::Object { size, .. } => *size,
            Location::Http(_) => None,
        }
    }

    /// The mark by which an object store knows this state of it.
    #[must_use]
    pub fn e_tag(&self) -> Option<&str> {
        match &self.location {
            Location::Object { e_tag, .. } => e_tag.as_deref(),
            Location::Local(_) | Location::Http(_) => None,
        }
    }

    /// Whether it surely is what an earlier run has read: by its digest where it is at hand, by size and entity tag in an
    /// object store. Where nothing tells, it is read again.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be read.
    pub fn is(&self, account: &FileAccount) -> Result<bool> {
        if self.size_hint() != Some(account.bytes) {
            return Ok(false);
        }
        match &self.location {
            Location::Local(path) => Ok(sha256_file(path)?.1 == account.sha256),
            Location::Object { e_tag, .. } => Ok(e_tag.is_some() && *e_tag == account.e_tag),
            Location::Http(_) => Ok(false),
        }
    }
}

fn is_log(name: &str) -> bool {
    LOG_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn local(source: &str) -> Result<Vec<SourceFile>> {
    let path = Path::new(source);
    if path.is_file() {
        return Ok(vec![local_file(path, path.parent().unwrap_or(Path::new("")))]);
    }
    if path.is_dir() {
        let mut files = Vec::new();
        walk(path, path, &mut files)?;
        return Ok(files);
    }
    // The fixed part of a pattern is the root to which names are relative.
    let fixed = source.find(['*', '?', '[']).map_or(source, |at| &source[..at]);
    let root = if fixed.ends_with('/') { Path::new(fixed) } else { Path::new(fixed).parent().unwrap_or(Path::new("")) };
    let matches = glob::glob(source).usage("not a pattern").map_err(|error| error.at(source))?;
    let mut files = Vec::new();
    for entry in matches {
        let path = entry.unreachable("cannot list").map_err(|error| error.at(source))?;
        if path.is_file() {
            files.push(local_file(&path, root));
        }
    }
    Ok(files)
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> Result<()> {
    let entries = std::fs::read_dir(folder).unreachable("cannot list").map_err(|error| error.at_path(folder))?;
    for entry in entries {
        let path = entry.unreachable("cannot list").map_err(|error| error.at_path(folder))?.path();
        if path.is_dir() {
            walk(root, &path, files)?;
        } else if path.file_name().is_some_and(|name| is_log(&name.to_string_lossy())) {
            files.push(local_file(&path, root));
        } else {
            tracing::info!(file = %path.display(), "not a log: left alone");
        }
    }
    Ok(())
}

fn local_file(path: &Path, root: &Path) -> SourceFile {
    let relative = path.strip_prefix(root).unwrap_or(path);
    SourceFile { name: relative.to_string_lossy().replace('\\', "/"), location: Location::Local(path.to_owned()) }
}

fn remote(source: &str, runtime: &Handle) -> Result<Vec<SourceFile>> {
    let url = Url::parse(source).usage("not a URL").map_err(|error| error.at(source))?;
    if matches!(url.scheme(), "http" | "https") {
        let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
        let name = if last.is_empty() { url.host_str().unwrap_or("source").to_owned() } else { last.to_owned() };
        return Ok(vec![SourceFile { name, location: Location::Http(url) }]);
    }
    // Credentials and endpoints come from the environment variables that object_store documents, and from nowhere else.
    if matches!(url.scheme(), "s3" | "s3a") {
        net::s3_from_environment(source)?;
    }
    let environment = std::env::vars().map(|(key, value)| (key.to_ascii_lowercase(), value));
    let (store, prefix) = object_store::parse_url_opts(&url, environment)
        .usage("no object store is reached by such a URL")
        .map_err(|error| error.at(source).hint("use s3://, gs://, az://, file://, http:// or https://"))?;
    let store: Arc<dyn ObjectStore> = Arc::from(store);
    let listed: Vec<_> = runtime
        .block_on(store.list(Some(&prefix)).try_collect())
        .map_err(|error| net::refused(error, "cannot list").at(source))?;
    let mut files: Vec<SourceFile> = listed
        .into_iter()
        .filter(|object| is_log(object.location.as_ref()))
        .map(|object| SourceFile {
            name: relative_name(&object.location, &prefix),
            location: Location::Object {
                store: Arc::clone(&store),
                path: object.location,
                size: Some(object.size),
                e_tag: object.e_tag,
            },
        })
        .collect();
    // A prefix that is one object lists nothing below itself.
    if files.is_empty() && is_log(prefix.as_ref()) {
        let name = prefix.filename().unwrap_or_default().to_owned();
        files.push(SourceFile { name, location: Location::Object { store, path: prefix, size: None, e_tag: None } });
    }
    Ok(files)
}

fn relative_name(object: &ObjectPath, prefix: &ObjectPath) -> String {
    let parts: Vec<_> = object
        .prefix_match(prefix)
        .map(|parts| parts.map(|part| part.as_ref().to_owned()).collect())
        .unwrap_or_default();
    if parts.is_empty() { object.filename().unwrap_or_default().to_owned() } else { parts.join("/") }
}

//! HTTP addresses and object stores.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::list::PaginatedListStore;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, ObjectStoreScheme};
use percent_encoding::percent_decode_str;
use tokio::runtime::Handle;
use tokio_util::io::{StreamReader, SyncIoBridge};
use url::Url;

use super::keys::{Keys, list};
use super::names::published;
use super::{Chosen, Listing, Location, SourceFile, local};
use crate::error::{Context, Error, Result};
use crate::ingest::left_alone::{LeftAlone, WhyLeft};
use crate::net::{self, Provider};

/// How long a server may be silent before it is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// What an address names.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when it is of no kind that can be read;
/// [`Unreachable`](crate::error::Kind::Unreachable) when a store does not answer.
pub(super) fn find(source: &str, runtime: &Handle) -> Result<Listing> {
    let place = |error: Error| error.at(shown(source));
    let url = Url::parse(source).usage("not a URL").map_err(place)?;
    match url.scheme() {
        "http" | "https" => Ok(Listing::of(web(url))),
        "file" => {
            let path = url.to_file_path().ok().and_then(|path| path.to_str().map(str::to_owned));
            local::find(&path.ok_or_else(|| place(Error::usage("not the URL of a path")))?)
        }
        _ if url.password().is_some() => Err(place(
            Error::usage("an object store's URL holds no secret").hint("credentials come from the environment"),
        )),
        _ => bucket(&url, runtime).map_err(place),
    }
}

fn web(url: Url) -> SourceFile {
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let name = if last.is_empty() { url.host_str().unwrap_or("source") } else { last };
    // What an address encodes is not encoded twice.
    let name = published(&percent_decode_str(name).collect::<Vec<u8>>());
    SourceFile::new(name, Location::Http(url), Chosen::ByName)
}

/// Starts to fetch a file over HTTP.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it is not there.
pub(super) fn fetch(url: &Url, runtime: &Handle) -> Result<Box<dyn Read + Send>> {
    let client = net::client().connect_timeout(PATIENCE).read_timeout(PATIENCE);
    let client = client.build().internal("no HTTP client")?;
    let answer = runtime.block_on(async { client.get(url.clone()).send().await?.error_for_status() });
    // An address may carry a signature in its query, which nobody should read in a log.
    let answer = answer.map_err(|error| net::lost(error, "cannot fetch"))?;
    let bytes = answer.bytes_stream().map_err(|error| std::io::Error::other(error.without_url()));
    Ok(Box::new(runtime.block_on(async { SyncIoBridge::new(StreamReader::new(Box::pin(bytes))) })))
}

/// Starts to fetch an object.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it is not there.
pub(super) fn fetch_object(
    store: &dyn ObjectStore,
    provider: Provider,
    path: &ObjectPath,
    runtime: &Handle,
) -> Result<Box<dyn Read + Send>> {
    let answer = runtime.block_on(store.get(path)).map_err(|error| net::refused(error, "cannot fetch", provider))?;
    let bytes = answer.into_stream().map_err(std::io::Error::other);
    Ok(Box::new(runtime.block_on(async { SyncIoBridge::new(StreamReader::new(bytes)) })))
}

/// A store and, where it lists in pages, the same once more.
type Store = (Arc<dyn ObjectStore>, Option<Arc<dyn PaginatedListStore>>);

/// A store that lists in pages, or what keeps it from being one.
fn paged<S: ObjectStore + PaginatedListStore>(store: Result<S, object_store::Error>) -> Result<Store> {
    let store = Arc::new(store.usage("cannot reach the store")?);
    Ok((Arc::clone(&store) as _, Some(store)))
}

fn open(url: &Url) -> Result<(Store, ObjectPath)> {
    // The library's own error repeats the URL.
    let (scheme, prefix) = ObjectStoreScheme::parse(url).map_err(|_| unknown())?;
    let store: Store = match scheme {
        ObjectStoreScheme::AmazonS3 => paged(net::s3_from_environment(url.as_str())?.build())?,
        ObjectStoreScheme::GoogleCloudStorage => paged(net::google_from_environment(url.as_str()).build())?,
        ObjectStoreScheme::MicrosoftAzure => paged(net::azure_from_environment(url.as_str()).build())?,
        ObjectStoreScheme::Memory => (Arc::new(object_store::memory::InMemory::new()), None),
        _ => return Err(unknown()),
    };
    Ok((store, prefix))
}

fn unknown() -> Error {
    Error::usage("no object store is reached by such a URL")
        .hint("use s3://, gs://, az://, file://, http:// or https://")
}

fn bucket(url: &Url, runtime: &Handle) -> Result<Listing> {
    let ((store, pages), prefix) = open(url)?;
    let provider = Provider::of(url.as_str());
    let below = if prefix.as_ref().is_empty() { String::new() } else { format!("{prefix}/") };
    let keys = match pages {
        Some(pages) => runtime.block_on(list(&*pages, &below)),
        None => {
            runtime.block_on(store.list(Some(&prefix)).try_collect()).map(|objects| Keys { objects, ..Keys::default() })
        }
    };
    let keys = keys.map_err(|error| net::refused(error, "cannot list", provider))?;
    let mut listing = Listing::default();
    listing.left_alone.extend(keys.unnamed.iter().map(|key| {
        let relative = key.strip_prefix(&below).unwrap_or(key);
        LeftAlone::one(published(relative.as_bytes()), WhyLeft::UnnamedKey)
    }));
    for object in keys.objects {
        if object.size > 0 || object_at(&*store, provider, &object.location, runtime)?.is_some() {
            let relative = object.location.as_ref().strip_prefix(&below).unwrap_or(object.location.as_ref());
            let name = published(relative.as_bytes());
            let (size, e_tag, path) = (Some(object.size), object.e_tag, object.location);
            let location = Location::Object { store: Arc::clone(&store), provider, path, size, e_tag };
            listing.files.push(SourceFile::new(name, location, Chosen::Found));
        }
    }
    // A prefix that is one object lists nothing below itself.
    if listing.is_empty()
        && !below.is_empty()
        && let Some(object) = object_at(&*store, provider, &prefix, runtime)?
    {
        let name = published(prefix.filename().unwrap_or_default().as_bytes());
        let location = Location::Object { store, provider, path: prefix, size: Some(object.size), e_tag: object.e_tag };
        listing.files.push(SourceFile::new(name, location, Chosen::ByName));
    }
    Ok(listing)
}

/// What the store says of an object, if there is one. An empty one that was listed need not be there: consoles keep a key
/// `a/` for a folder, and the library takes the slash off.
fn object_at(
    store: &dyn ObjectStore,
    provider: Provider,
    path: &ObjectPath,
    runtime: &Handle,
) -> Result<Option<ObjectMeta>> {
    match runtime.block_on(store.head(path)) {
        Ok(object) => Ok(Some(object)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(net::refused(error, "cannot look", provider)),
    }
}

/// An address without what may be secret in it: a user, a password, a query.
pub(super) fn shown(source: &str) -> String {
    published(net::shown(source).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (source, expected) in [
            ("https://u:p@h.example/a/b.ndjson?sig=s#f", "https://h.example/a/b.ndjson"),
            ("https://jeton@h.example/a", "https://h.example/a"),
            ("http://h.example:9000/a", "http://h.example:9000/a"),
            ("s3://seau/@robot/08:00/x@y", "s3://seau/@robot/08:00/x@y"),
            ("s3://k:a/b@seau/x", "s3://seau/x"),
            ("abfss://conteneur@compte.example/x", "abfss://compte.example/x"),
        ] {
            assert_eq!(shown(source), expected);
        }
    }

    #[test]
    fn an_address_names_its_file_without_its_own_escapes() {
        let name = |text: &str| web(Url::parse(text).unwrap()).name;
        assert_eq!(name("https://h.example/a/b%20c+d.ndjson?x=1"), "b c+d.ndjson");
        assert_eq!(name("https://h.example/%3Da.ndjson"), "%3Da.ndjson");
        assert_eq!(name("https://h.example/"), "h.example");
    }
}

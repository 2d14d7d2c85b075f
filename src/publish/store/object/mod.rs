//! A store in an object store: S3 and what is compatible with it, Google, Azure, or memory.

mod swap;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::signer::Signer;
use object_store::{
    Attribute, Attributes, BackoffConfig, Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, RetryConfig, UpdateVersion, WriteMultipart,
};
use tokio::runtime::Runtime;
use url::Url;

use super::{Guard, Object, Store};
use crate::digest::token;
use crate::error::{Context, Error, Result};
use crate::net::{self, Answer, LARGEST, Provider, refused, too_large};
use crate::publish::StorageKey;

/// Files beyond this go up in parts of this size, so that a lost connection costs one part.
const PART: usize = 8 << 20;
/// Parts under way at once.
const PARTS_AT_ONCE: usize = 4;

/// How often an answer is asked for anew of which only the head came whole; the library does it for the head.
const BODY_TRIES: u32 = 4;
/// An error that comes sooner than this is one that the library has not asked again after.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How long to wait before asking again.
const BODY_WAIT: Duration = Duration::from_millis(300);

/// A bucket, or a prefix of one.
pub struct ObjectBackend {
    name: String,
    store: Arc<dyn ObjectStore>,
    /// The same, which asks once: what a trial is answered is decided here, and not by asking again.
    once: Arc<dyn ObjectStore>,
    signer: Option<Arc<dyn Signer>>,
    prefix: ObjectPath,
    guard: Guard,
    /// Whether something was read.
    has_read: AtomicBool,
    /// Whether what was written to be read could be read.
    reads_its_own: OnceLock<bool>,
    runtime: Runtime,
}

/// Reads and whole writes are tried again by `object_store` on 5xx, 429 and lost connections, these many times.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(10),
            base: 2.0,
        },
        max_retries: 6,
        retry_timeout: Duration::from_mins(2),
    }
}

impl ObjectBackend {
    /// Opens a URL.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the configuration cannot be.
    pub fn open(name: &str, guard: Guard) -> Result<Self> {
        let place = |error: Error| {
            error
                .at(net::shown(name))
                .hint("endpoint, region and credentials come from AWS_…, GOOGLE_… or AZURE_… in the environment")
        };
        let url = Url::parse(name).usage("not a URL").map_err(place)?;
        let never = RetryConfig { max_retries: 0, ..retries() };
        let (store, once, signer) = match url.scheme() {
            "memory" => {
                let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
                (Arc::clone(&store), store, None)
            }
            "gs" => {
                let builder = || net::google_from_environment(name);
                pair(builder().with_retry(retries()).build(), builder().with_retry(never).build()).map_err(place)?
            }
            "s3" | "s3a" => {
                let builder = net::s3_from_environment(name)?;
                pair(builder.clone().with_retry(retries()).build(), builder.with_retry(never).build()).map_err(place)?
            }
            _ => {
                let builder = || net::azure_from_environment(name);
                pair(builder().with_retry(retries()).build(), builder().with_retry(never).build()).map_err(place)?
            }
        };
        Ok(Self { once, signer, guard, ..Self::over(name, store)? })
    }

    /// A store that the caller has set up; the path of the URL `name` is the prefix.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the name is no URL.
    pub fn over(name: &str, store: Arc<dyn ObjectStore>) -> Result<Self> {
        let shown = net::shown(name);
        let place = |error: Error| error.at(&shown);
        let url = Url::parse(name).usage("not a URL").map_err(place)?;
        let prefix = ObjectPath::from_url_path(url.path()).usage("not a prefix").map_err(place)?;
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        Ok(Self {
            name: shown,
            once: Arc::clone(&store),
            store,
            signer: None,
            prefix,
            guard: Guard::Required,
            has_read: AtomicBool::new(false),
            reads_its_own: OnceLock::new(),
            runtime,
        })
    }

    fn location(&self, path: &str) -> ObjectPath {
        path.split('/').fold(self.prefix.clone(), ObjectPath::join)
    }

    /// What the store refused, after what was attempted.
    fn refused(&self, path: &str, error: StoreError, attempted: &str) -> Error {
        self.at(path)(refused(error, attempted, Provider::of(&self.name)))
    }

    fn at(&self, path: &str) -> impl Fn(Error) -> Error {
        let place = format!("{}/{path}", self.name.trim_end_matches('/'));
        move |error| error.at(&place)
    }

    /// Bytes and the mark by which the store knows this state of the object.
    fn current(&self, path: &str) -> Result<Option<(Vec<u8>, UpdateVersion)>> {
        let location = self.location(path);
        let answer = self.runtime.block_on(self.patiently(async || {
            let found = self.store.get(&location).await?;
            if found.meta.size > LARGEST as u64 {
                return Ok(None);
            }
            let mark = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            Ok(Some((found.bytes().await.map_err(Fetch::Body)?.to_vec(), mark)))
        }));
        match self.found(answer, "cannot read", path)? {
            None => Ok(None),
            Some(None) => Err(self.at(path)(too_large())),
            Some(small) => Ok(small),
        }
    }

    /// An object that is not there is an answer, and so is a denial where it can mean nothing else: to a key that may not
    /// list, a store does not say that something is not there.
    fn found<T>(&self, answer: Result<T, StoreError>, attempted: &str, path: &str) -> Result<Option<T>> {
        let error = match answer {
            Ok(value) => {
                self.has_read.store(true, Ordering::Relaxed);
                return Ok(Some(value));
            }
            Err(error) => error,
        };
        let answer = Answer::of(&error);
        let denied = answer.denies() && Provider::of(&self.name).denies_what_is_not_there();
        let absent = match error {
            StoreError::NotFound { .. } => !answer.misses_bucket(),
            _ => denied && self.reads_what_is_there(),
        };
        if absent { Ok(None) } else { Err(self.refused(path, error, attempted)) }
    }

    /// Whether the credentials read what is there, so that what they do not read is not there. Something else was read, or
    /// a publisher writes something and reads it. Where a write replaces whatever is there, this is not enough to go by.
    fn reads_what_is_there(&self) -> bool {
        match self.guard {
            Guard::Waived => false,
            Guard::Reader => self.has_read.load(Ordering::Relaxed),
            Guard::Required => {
                self.has_read.load(Ordering::Relaxed) || *self.reads_its_own.get_or_init(|| self.reads_a_probe())
            }
        }
    }

    fn reads_a_probe(&self) -> bool {
        let key = StorageKey::Probe { token: token() };
        if self.put(&key, b"probe\n").is_err() {
            return false;
        }
        let read = self.runtime.block_on(async { self.store.get(&self.location(&key.path())).await?.bytes().await });
        // One that stays is empty of meaning, and whoever may not remove it is told so by the next trial.
        let _ = self.delete(&key);
        read.is_ok_and(|bytes| bytes.as_ref() == b"probe\n")
    }

    /// Asks again where the body of an answer breaks off, be it that of an error. Where the head does, the library has
    /// asked again already, which takes its time.
    async fn patiently<T>(&self, ask: impl AsyncFn() -> Result<T, Fetch>) -> Result<T, StoreError> {
        for _ in 1..BODY_TRIES {
            let begun = Instant::now();
            match ask().await {
                Ok(value) => return Ok(value),
                Err(Fetch::Head(StoreError::Generic { .. })) if begun.elapsed() < AT_ONCE => {}
                Err(Fetch::Head(error)) => return Err(error),
                Err(Fetch::Body(_)) => {}
            }
            tokio::time::sleep(BODY_WAIT).await;
        }
        ask().await.map_err(|(Fetch::Head(error) | Fetch::Body(error))| error)
    }

    fn put_opts(
        &self,
        store: &dyn ObjectStore,
        path: &str,
        bytes: &[u8],
        options: PutOptions,
    ) -> Result<(), StoreError> {
        let (location, payload) = (self.location(path), PutPayload::from(bytes.to_vec()));
        self.runtime.block_on(store.put_opts(&location, payload, options)).map(|_| ())
    }

    async fn upload(&self, key: &StorageKey, mut file: File) -> Result<(), StoreError> {
        let options = PutMultipartOptions { attributes: attributes(key), ..PutMultipartOptions::default() };
        let upload = self.store.put_multipart_opts(&self.location(&key.path()), options).await?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut part = vec![0; PART];
        let failed = |error: std::io::Error| StoreError::Generic { store: "file", source: Box::new(error) };
        loop {
            let step = async {
                writer.wait_for_capacity(PARTS_AT_ONCE).await?;
                let read = file.read(&mut part).map_err(failed)?;
                writer.write(&part[..read]);
                Ok(read)
            };
            match step.await {
                Ok(0) => return writer.finish().await.map(|_| ()),
                Ok(_) => {}
                Err(error) => {
                    // The parts that went up would be paid for without being seen; the error that led here says more
                    // than one of the clearing up.
                    let _ = writer.abort().await;
                    return Err(error);
                }
            }
        }
    }
}

/// Where fetching an object broke.
enum Fetch {
    Head(StoreError),
    Body(StoreError),
}

impl From<StoreError> for Fetch {
    fn from(error: StoreError) -> Self {
        Self::Head(error)
    }
}

/// One that asks again and one that asks once, and who signs for them.
type Pair = (Arc<dyn ObjectStore>, Arc<dyn ObjectStore>, Option<Arc<dyn Signer>>);

fn pair<S: ObjectStore + Signer>(store: Result<S, StoreError>, once: Result<S, StoreError>) -> Result<Pair> {
    let wrong = "the object store is not configured";
    let (store, once) = (Arc::new(store.usage(wrong)?), Arc::new(once.usage(wrong)?));
    Ok((Arc::clone(&store) as _, once, Some(store)))
}

/// What is sent with each write: a store forgets the attributes of what it overwrites.
fn attributes(key: &StorageKey) -> Attributes {
    Attributes::from_iter([
        (Attribute::ContentType, key.content_type()),
        (Attribute::CacheControl, key.cache_policy().header()),
    ])
}

fn put_options(key: &StorageKey) -> PutOptions {
    PutOptions { attributes: attributes(key), ..PutOptions::default() }
}

impl Store for ObjectBackend {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.current(path)?.map(|(bytes, _)| bytes))
    }

    fn get_file(&self, path: &str, file: &Path, at_most: u64) -> Result<bool> {
        let failed = |error: std::io::Error| StoreError::Generic { store: "file", source: Box::new(error) };
        let location = self.location(path);
        let once = async || {
            let mut target = File::create(file).map_err(failed)?;
            let mut chunks = self.store.get(&location).await?.into_stream();
            let mut written = 0;
            while written <= at_most
                && let Some(chunk) = chunks.next().await
            {
                // The head came: what breaks here breaks in the body.
                let chunk = chunk.map_err(Fetch::Body)?;
                target.write_all(&chunk).map_err(failed)?;
                written += chunk.len() as u64;
            }
            Ok(())
        };
        let answer = self.runtime.block_on(self.patiently(once));
        Ok(self.found(answer, "cannot fetch", path)?.is_some())
    }

    fn size(&self, path: &str) -> Result<Option<u64>> {
        let answer = self.runtime.block_on(self.store.head(&self.location(path)));
        Ok(self.found(answer, "cannot read", path)?.map(|meta| meta.size))
    }

    fn put_file(&self, key: &StorageKey, file: &Path) -> Result<()> {
        let cannot_read = |error: Error| error.at_path(file);
        let source = File::open(file).unreachable("cannot read").map_err(cannot_read)?;
        let bytes = source.metadata().unreachable("cannot read").map_err(cannot_read)?.len();
        if bytes <= PART as u64 {
            return self.put(key, &std::fs::read(file).unreachable("cannot read").map_err(cannot_read)?);
        }
        let written = self.runtime.block_on(self.upload(key, source));
        written.map_err(|error| self.refused(&key.path(), error, "cannot write"))
    }

    fn put(&self, key: &StorageKey, bytes: &[u8]) -> Result<()> {
        let written = self.put_opts(self.store.as_ref(), &key.path(), bytes, put_options(key));
        written.map_err(|error| self.refused(&key.path(), error, "cannot write"))
    }

    fn delete(&self, key: &StorageKey) -> Result<()> {
        let delete = || self.runtime.block_on(self.store.delete(&self.location(&key.path())));
        // The library asks again by itself, but not where an answer breaks off in its middle; what is removed twice is
        // removed.
        match delete().or_else(|error| if matches!(error, StoreError::NotFound { .. }) { Ok(()) } else { delete() }) {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.refused(&key.path(), error, "cannot remove")),
        }
    }

    fn swap(&self, key: &StorageKey, expected: Option<&[u8]>, bytes: &[u8]) -> Result<bool> {
        swap::swap(self, key, expected, bytes)
    }

    fn check_swap(&self) -> Result<()> {
        swap::check(self)
    }

    fn objects(&self) -> Result<Vec<Object>> {
        let listing = self.store.list(Some(&self.prefix)).try_collect::<Vec<_>>();
        let found = self.runtime.block_on(listing);
        let found = found.map_err(|error| self.refused("", error, "cannot list"))?;
        let object = |meta: ObjectMeta| {
            let within: Vec<String> =
                meta.location.prefix_match(&self.prefix)?.map(|part| part.as_ref().to_owned()).collect();
            Some(Object { path: within.join("/"), bytes: meta.size, modified: meta.last_modified })
        };
        Ok(found.into_iter().filter_map(object).collect())
    }

    /// The signed URL without its signature is the plain one.
    fn public_url(&self, path: &str) -> Option<String> {
        let location = self.location(path);
        let signed = self.signer.as_ref()?.signed_url(reqwest::Method::GET, &location, Duration::from_mins(1));
        let mut url = self.runtime.block_on(signed).ok()?;
        url.set_query(None);
        Some(url.into())
    }
}

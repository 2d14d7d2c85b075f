//! A store in an object store: S3 and what is compatible with it, Google, Azure, or memory.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::signer::Signer;
use object_store::{
    Attribute, Attributes, BackoffConfig, Error as StoreError, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, RetryConfig, UpdateVersion, WriteMultipart,
};
use tokio::runtime::Runtime;
use url::Url;

use super::{Guard, Store};
use crate::digest::token;
use crate::error::{Context, Error, Result};
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
    signer: Option<Arc<dyn Signer>>,
    prefix: ObjectPath,
    guard: Guard,
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
                .at(name)
                .hint("endpoint, region and credentials come from AWS_…, GOOGLE_… or AZURE_… in the environment")
        };
        let url = Url::parse(name).usage("not a URL").map_err(|error| error.at(name))?;
        let wrong = "the object store is not configured";
        let (store, signer): (Arc<dyn ObjectStore>, Option<Arc<dyn Signer>>) = match url.scheme() {
            "memory" => (Arc::new(InMemory::new()), None),
            "gs" => {
                let builder = GoogleCloudStorageBuilder::from_env().with_url(name).with_retry(retries());
                let store = Arc::new(builder.build().usage(wrong).map_err(place)?);
                (Arc::clone(&store) as Arc<dyn ObjectStore>, Some(store))
            }
            "s3" | "s3a" => {
                let builder = AmazonS3Builder::from_env().with_url(name).with_retry(retries());
                let store = Arc::new(builder.build().usage(wrong).map_err(place)?);
                (Arc::clone(&store) as Arc<dyn ObjectStore>, Some(store))
            }
            _ => {
                let builder = MicrosoftAzureBuilder::from_env().with_url(name).with_retry(retries());
                let store = Arc::new(builder.build().usage(wrong).map_err(place)?);
                (Arc::clone(&store) as Arc<dyn ObjectStore>, Some(store))
            }
        };
        Ok(Self { signer, guard, ..Self::over(name, store)? })
    }

    /// A store that the caller has set up; the path of the URL `name` is the prefix.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the name is no URL.
    pub fn over(name: &str, store: Arc<dyn ObjectStore>) -> Result<Self> {
        let place = |error: Error| error.at(name);
        let url = Url::parse(name).usage("not a URL").map_err(place)?;
        let prefix = ObjectPath::from_url_path(url.path()).usage("not a prefix").map_err(place)?;
        let runtime = Runtime::new().internal("cannot start the runtime")?;
        Ok(Self { name: name.to_owned(), store, signer: None, prefix, guard: Guard::Required, runtime })
    }

    fn location(&self, path: &str) -> ObjectPath {
        path.split('/').fold(self.prefix.clone(), ObjectPath::join)
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
            let mark = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            Ok((found.bytes().await.map_err(Fetch::Body)?.to_vec(), mark))
        }));
        found(answer).unreachable("cannot read").map_err(self.at(path))
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

    fn put_opts(&self, path: &str, bytes: &[u8], options: PutOptions) -> Result<(), StoreError> {
        let (location, payload) = (self.location(path), PutPayload::from(bytes.to_vec()));
        self.runtime.block_on(self.store.put_opts(&location, payload, options)).map(|_| ())
    }

    fn mode(&self, mode: PutMode) -> PutMode {
        if self.guard == Guard::Waived { PutMode::Overwrite } else { mode }
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

    /// Whether a conditional write that must fail does.
    fn refuses(&self, key: &StorageKey, mode: PutMode) -> Result<bool> {
        match self.put_opts(&key.path(), b"probe\n", PutOptions { mode, ..put_options(key) }) {
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(true),
            Ok(()) | Err(StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }) => Ok(false),
            Err(error) => Err(error).unreachable("cannot write").map_err(self.at(&key.path())),
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

/// An object that is not there is an answer.
fn found<T>(answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
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

    fn get_file(&self, path: &str, file: &Path) -> Result<bool> {
        let failed = |error: std::io::Error| StoreError::Generic { store: "file", source: Box::new(error) };
        let location = self.location(path);
        let once = async || {
            let mut target = File::create(file).map_err(failed)?;
            let mut chunks = self.store.get(&location).await?.into_stream();
            while let Some(chunk) = chunks.next().await {
                // The head came: what breaks here breaks in the body.
                target.write_all(&chunk.map_err(Fetch::Body)?).map_err(failed)?;
            }
            Ok(())
        };
        let answer = self.runtime.block_on(self.patiently(once));
        Ok(found(answer).unreachable("cannot fetch").map_err(self.at(path))?.is_some())
    }

    fn size(&self, path: &str) -> Result<Option<u64>> {
        let answer = self.runtime.block_on(self.store.head(&self.location(path)));
        Ok(found(answer).unreachable("cannot read").map_err(self.at(path))?.map(|meta| meta.size))
    }

    fn put_file(&self, key: &StorageKey, file: &Path) -> Result<()> {
        let cannot_read = |error: Error| error.at_path(file);
        let source = File::open(file).unreachable("cannot read").map_err(cannot_read)?;
        let bytes = source.metadata().unreachable("cannot read").map_err(cannot_read)?.len();
        if bytes <= PART as u64 {
            return self.put(key, &std::fs::read(file).unreachable("cannot read").map_err(cannot_read)?);
        }
        self.runtime.block_on(self.upload(key, source)).unreachable("cannot write").map_err(self.at(&key.path()))
    }

    fn put(&self, key: &StorageKey, bytes: &[u8]) -> Result<()> {
        self.put_opts(&key.path(), bytes, put_options(key)).unreachable("cannot write").map_err(self.at(&key.path()))
    }

    fn delete(&self, key: &StorageKey) -> Result<()> {
        let answer = self.runtime.block_on(self.store.delete(&self.location(&key.path())));
        found(answer).unreachable("cannot remove").map_err(self.at(&key.path())).map(|_| ())
    }

    fn swap(&self, key: &StorageKey, expected: Option<&[u8]>, bytes: &[u8]) -> Result<bool> {
        let path = key.path();
        let mode = match (expected, self.current(&path)?) {
            (None, None) => PutMode::Create,
            (Some(expected), Some((current, mark))) if current == expected => PutMode::Update(mark),
            _ => return Ok(false),
        };
        match self.put_opts(&path, bytes, PutOptions { mode: self.mode(mode), ..put_options(key) }) {
            Ok(()) => Ok(true),
            // Ours may be what is there: a first try whose answer was lost.
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                Ok(self.get(&path)?.as_deref() == Some(bytes))
            }
            Err(error) => match self.get(&path) {
                Ok(Some(current)) if current == bytes => Ok(true),
                _ => Err(error).unreachable("cannot write conditionally").map_err(self.at(&path)),
            },
        }
    }

    fn check_swap(&self) -> Result<()> {
        if self.guard == Guard::Waived {
            return Ok(());
        }
        let key = StorageKey::Probe { token: token() };
        let stale = UpdateVersion { e_tag: Some("\"0\"".to_owned()), version: Some("0".to_owned()) };
        self.put(&key, b"probe\n")?;
        let refuses = self.refuses(&key, PutMode::Create).and_then(|creates| {
            // One that refuses to create needs to refuse to replace, too.
            Ok(creates && (self.name.starts_with("gs://") || self.refuses(&key, PutMode::Update(stale))?))
        });
        self.delete(&key)?;
        if refuses? {
            return Ok(());
        }
        Err(Error::usage("the store does not write conditionally: two publishers at once could overwrite each other")
            .at(&self.name)
            .hint("use a store that honours If-Match and If-None-Match, or say --sole-publisher if there is never a second one"))
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

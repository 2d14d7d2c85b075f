//! A web server for the pages of a store: for whoever looks at them on this machine, and for nobody else.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::progress::Progress;
use guichets_ouverts::publish::{StorageKey, Store, fetch};
use guichets_ouverts::release::{FileEntry, Manifest};
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tower_http::services::ServeDir;
use tower_http::services::fs::ServeFileSystemResponseBody;

use super::show;

/// How long a signal may wait to be heeded.
const LOOK: Duration = Duration::from_millis(50);

/// How long requests under way may take to end once it was.
const GRACE: Duration = Duration::from_secs(1);

/// What is served: folders, each laid over the one after it, and where further files come from.
pub struct Served {
    /// The first in which a file is gives it.
    pub folders: Vec<PathBuf>,
    /// For a store that is no folder.
    pub remote: Option<Remote>,
}

/// Files of a version, fetched when somebody asks for them. Sent to the store instead, a browser would refuse what a page asks
/// of another host than its own, and nobody would check the bytes.
pub struct Remote {
    store: Arc<dyn Store>,
    files: HashMap<String, FileEntry>,
    /// What no list of files names: where the version stands, and its manifest.
    around: [String; 4],
    /// Where they go, as they are in the store.
    folder: PathBuf,
    /// Where its readers find the stable names, which are of another version: nothing where it has no public address.
    latest: Option<String>,
    /// One file at a time: several requests may be for the same.
    turn: Mutex<()>,
}

impl Remote {
    /// The files of a version, fetched into a folder.
    pub fn new(store: Arc<dyn Store>, manifest: &Manifest, folder: &Path) -> Self {
        let files = manifest.files.iter().map(|file| (file.path.clone(), file.clone())).collect();
        let version = || manifest.version.clone();
        let around = [
            StorageKey::Latest,
            StorageKey::Versions,
            StorageKey::Manifest { version: version() },
            StorageKey::Signature { version: version() },
        ];
        let around = around.map(|key| key.path());
        let latest = store.public_url(&latest());
        Self { store, files, around, folder: folder.to_owned(), latest, turn: Mutex::default() }
    }

    /// Whether links to the current version lead somewhere.
    pub fn leads_on(&self) -> bool {
        self.latest.is_some()
    }

    /// Sees to it that a file is there, if it is the version's; where the version stands is asked again each time.
    fn bring(&self, path: &str) -> Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let local = self.folder.join(path);
        if self.around.iter().any(|around| around == path) {
            let Some(bytes) = self.store.get(path)? else { return Ok(()) };
            // Whoever asks meanwhile gets what was there before.
            let aside = self.folder.join(format!("{path}.part"));
            let written = fs::write(&aside, bytes).and_then(|()| fs::rename(&aside, &local));
            return written.unreachable("cannot write").map_err(|error| error.at_path(&local));
        }
        match self.files.get(path) {
            Some(file) if !local.exists() => fetch(self.store.as_ref(), file, &self.folder).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Where the readers of the store find a path of the current version.
    fn elsewhere(&self, path: &str) -> Option<HeaderValue> {
        let within = path.strip_prefix(&latest()).filter(|within| !within.split('/').any(|part| part == ".."))?;
        HeaderValue::from_str(&format!("{}/{within}", self.latest.as_ref()?.trim_end_matches('/'))).ok()
    }
}

/// What stable names begin with.
fn latest() -> String {
    StorageKey::Stable { name: String::new() }.path()
}

/// Serves on the loopback interface until somebody stops it, in ranges where they are asked for; `ready` is told the address.
///
/// # Errors
/// [`Unreachable`](guichets_ouverts::error::Kind::Unreachable) when the port is taken;
/// [`Interrupted`](guichets_ouverts::error::Kind::Interrupted) when somebody stopped it, which is how it ends.
pub fn serve(served: Served, port: u16, progress: &dyn Progress, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.internal("cannot start")?;
    let listener =
        runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port))).map_err(|error| deaf(port, error))?;
    ready(listener.local_addr().unreachable("cannot listen")?);
    runtime.spawn(accept(listener, Arc::new(served)));
    let stopped = loop {
        if let Err(stopped) = progress.proceed() {
            break stopped;
        }
        std::thread::sleep(LOOK);
    };
    // The caller removes the folders: nobody may be writing there.
    runtime.shutdown_timeout(GRACE);
    Err(stopped)
}

/// Why nobody can be heard on a port.
fn deaf(port: u16, error: std::io::Error) -> Error {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program has the port: name another with --port, or leave --port out for one that is free"
        }
        _ => "name another with --port, or leave --port out for one that is free",
    };
    Error::unreachable("cannot listen").because(error).at(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).hint(hint)
}

async fn accept(listener: TcpListener, served: Arc<Served>) {
    loop {
        // One that gives up before it is served is no reason to stop.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let served = Arc::clone(&served);
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                answer(Arc::clone(&served), request.into_parts().0)
            });
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// The file, with the type that a store would give it.
async fn answer(served: Arc<Served>, asked: Parts) -> std::io::Result<Response<ServeFileSystemResponseBody>> {
    let path = asked.uri.path().trim_start_matches('/').to_owned();
    if served.remote.is_some() {
        let (served, path) = (Arc::clone(&served), path.clone());
        // A store waits for what it asked, and so nobody else may.
        let _ = tokio::task::spawn_blocking(move || {
            let brought = served.remote.as_ref().map_or(Ok(()), |remote| remote.bring(&path));
            // The browser says « not found »; why is for whoever started the server.
            brought.unwrap_or_else(|error| show(&error, false));
        })
        .await;
    }
    let mut response = found(&served.folders, &asked).await?;
    if response.status() == StatusCode::NOT_FOUND
        && let Some(elsewhere) = served.remote.as_ref().and_then(|remote| remote.elsewhere(&path))
    {
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        response.headers_mut().insert(LOCATION, elsewhere);
    }
    let known = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if known && response.status().is_success() {
        let kind = HeaderValue::from_static(StorageKey::File { path }.content_type());
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    Ok(response)
}

/// What the first folder answers that has the file; otherwise the last.
async fn found(folders: &[PathBuf], asked: &Parts) -> std::io::Result<Response<ServeFileSystemResponseBody>> {
    let mut folders = folders.iter().map(ServeDir::new);
    let mut last = folders.next().ok_or(ErrorKind::NotFound)?;
    for next in folders {
        let response = last.try_call(Request::from_parts(asked.clone(), ())).await?;
        if response.status() != StatusCode::NOT_FOUND {
            return Ok(response);
        }
        last = next;
    }
    last.try_call(Request::from_parts(asked.clone(), ())).await
}

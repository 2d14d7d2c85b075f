//! A web server for a folder: for whoever looks at pages on this machine, and for nobody else.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use guichets_ouverts::error::{Context, Result};
use guichets_ouverts::publish::StorageKey;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tower_http::services::ServeDir;

/// Serves a folder on the loopback interface until somebody stops it, in ranges where they are asked for; `ready` is told the
/// address.
///
/// # Errors
/// [`Unreachable`](guichets_ouverts::error::Kind::Unreachable) when the port is taken.
pub fn serve(folder: &Path, port: u16, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().internal("cannot start")?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unreachable("cannot listen")?;
        ready(listener.local_addr().unreachable("cannot listen")?);
        let files = ServeDir::new(folder);
        loop {
            // One that gives up before it is served is no reason to stop.
            let Ok((stream, _)) = listener.accept().await else { continue };
            let files = files.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |request| answer(files.clone(), request));
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    })
}

/// The file, with the type that a store would give it.
async fn answer(
    mut files: ServeDir,
    request: hyper::Request<hyper::body::Incoming>,
) -> std::result::Result<
    hyper::Response<impl hyper::body::Body<Data = hyper::body::Bytes, Error = std::io::Error>>,
    std::io::Error,
> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let mut response = files.try_call(request).await?;
    let known = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if known && response.status().is_success() {
        let kind = HeaderValue::from_static(StorageKey::File { path }.content_type());
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    Ok(response)
}

//! What a monitor asks of a store: is the current version there, whole, young enough, and can readers fetch it?

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{self, HeaderMap, HeaderValue};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::read::{Base, list};
use super::records::{Pointer, Status, VersionRecord};
use super::{Store, gather};
use crate::error::{Context, Error, Result};
use crate::net;
use crate::release::{FileEntry, Manifest};
use crate::schema::Format;

/// What a monitor wants to know first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// All is well.
    Fresh,
    /// The next version is late.
    Stale,
    /// Something that was published cannot be had.
    Broken,
}

/// What a monitor wants to know next.
#[derive(Debug, Serialize)]
pub struct StatusReport {
    /// First.
    pub health: Health,
    /// The pointer, where there is one; of data that are finished without a time after which it is late.
    pub current: Option<Pointer>,
    /// Nights that failed since the current version, the oldest first.
    pub failures: Vec<VersionRecord>,
    /// Versions that are no longer vouched for.
    pub retracted: Vec<VersionRecord>,
    /// What is not as it should be, each with what to do.
    pub problems: Vec<String>,
}

/// Looks at a store without downloading tables. `public` is the address under which readers find the store, where it is
/// not the one that the store itself knows. Of a publication that is known to be `finished` no version is late, and neither
/// is one whose pointer says nothing of a next.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the store does not answer at all; whatever else is wrong is
/// reported.
pub fn status(store: &dyn Store, public: Option<&str>, finished: bool, now: DateTime<Utc>) -> Result<StatusReport> {
    let mut problems = Vec::new();
    let versions = match list(store) {
        Ok((_, versions)) => versions,
        Err(error) => {
            problems.push(told(&error));
            super::Versions::default()
        }
    };
    let base = match Base::read(store) {
        Ok(base) => base,
        Err(error) => {
            // What keeps the list from being read keeps the rest from it, too, and is said once.
            if !problems.contains(&told(&error)) {
                problems.push(told(&error));
            }
            Base::default()
        }
    };
    if let Some((pointer, manifest)) = &base.current {
        problems.extend(missing(store, manifest)?);
        problems.extend(not_public(store, public, manifest)?);
        if versions.published(&pointer.version).is_none() {
            problems.push(format!("versions.json does not list {}; the next run adds it", pointer.version));
        }
    } else if problems.is_empty() {
        problems.push("there is no current version; publish one with guichets run".to_owned());
    }
    let mut current = base.current.map(|(pointer, _)| pointer);
    if let Some(pointer) = current.as_mut().filter(|_| finished) {
        pointer.fresh_until = None;
    }
    let until = current.as_ref().and_then(|pointer| pointer.fresh_until.as_deref());
    let late = until.is_some_and(|until| DateTime::parse_from_rfc3339(until).map_or(true, |until| now > until));
    let since = versions.since(current.as_ref().map(|pointer| pointer.version.as_str()));
    Ok(StatusReport {
        health: match (problems.is_empty(), late) {
            (false, _) => Health::Broken,
            (true, true) => Health::Stale,
            (true, false) => Health::Fresh,
        },
        failures: since.filter(|record| record.status == Status::Refused).cloned().collect(),
        retracted: versions.versions.iter().filter(|record| record.status == Status::Retracted).cloned().collect(),
        current,
        problems,
    })
}

/// An error, and what to do about it.
fn told(error: &Error) -> String {
    error.advice().map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}"))
}

/// Files of a version that are not there, or not of their size.
fn missing(store: &dyn Store, manifest: &Manifest) -> Result<Vec<String>> {
    let mut problems = gather(store, &manifest.files, |file| {
        let problem = match store.size(&file.path)? {
            Some(size) if size == file.bytes => return Ok(None),
            Some(size) => format!("{} has {size} bytes, the manifest says {}", file.path, file.bytes),
            None => format!("{} is not there", file.path),
        };
        Ok(Some(format!("{problem}; guichets verify says more, guichets retract moves the pointer back")))
    })?;
    problems.sort();
    Ok(problems)
}

/// Why a reader without credentials, in a browser or with a range-reading library, could not read what is published.
fn not_public(store: &dyn Store, public: Option<&str>, manifest: &Manifest) -> Result<Vec<String>> {
    let url = |path: &str| match public {
        // Readers have neither name nor password.
        Some(root) => Some(format!("{}/{path}", net::shown(root).trim_end_matches('/'))),
        None => store.public_url(path),
    };
    let table = manifest.files.iter().find(|file| file.format == Some(Format::Parquet) && file.bytes > 4);
    let (Some(pointer), Some(table)) = (url("latest.json"), table) else { return Ok(Vec::new()) };
    let Some(address) = url(&table.path) else { return Ok(Vec::new()) };
    let runtime = Runtime::new().internal("cannot start the runtime")?;
    let client = net::client().timeout(Duration::from_secs(30)).build().internal("no HTTP client")?;
    let ask = |address: &str, range: bool| {
        let mut request = client.get(address).header(header::ORIGIN, "https://lecteur.example");
        if range {
            request = request.header(header::RANGE, "bytes=0-3");
        }
        runtime.block_on(async { request.send().await }).map_err(|error| net::lost(error, "cannot fetch").at(address))
    };
    let answers = ask(&pointer, false).and_then(|pointer| Ok((pointer, ask(&address, true)?)));
    Ok(match answers {
        Err(error) => vec![unfetched(&error)],
        Ok((pointer, ranged)) => {
            let mut problems = of_pointer(pointer.url().as_str(), pointer.status().as_u16(), pointer.headers());
            problems.extend(of_range(table, &address, ranged.status().as_u16(), ranged.headers()));
            problems
        }
    })
}

fn unfetched(error: &Error) -> String {
    format!("a reader cannot fetch what is published: {}", told(error))
}

fn of_pointer(url: &str, status: u16, headers: &HeaderMap) -> Vec<String> {
    if status != 200 {
        return vec![format!(
            "a reader without credentials gets {status} for {url}; allow anonymous reads (s3:GetObject for *)"
        )];
    }
    let mut problems = Vec::new();
    if !headers.get(header::CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"no-cache")) {
        problems
            .push(format!("{url} may be cached; readers then see an old version. Publish again, or mend the proxy"));
    }
    problems
}

fn of_range(table: &FileEntry, url: &str, status: u16, headers: &HeaderMap) -> Vec<String> {
    let mut problems = Vec::new();
    let text = |name: header::HeaderName| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if status != 206 || text(header::CONTENT_RANGE).is_none_or(|range| !range.ends_with(&format!("/{}", table.bytes))) {
        problems.push(format!(
            "a range of {url} is answered with {status} and not with 206 and its Content-Range: Parquet cannot be read over HTTP"
        ));
    }
    if text(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none() {
        problems.push(format!(
            "{url} comes without Access-Control-Allow-Origin: pages of other sites cannot read it. Allow GET and HEAD from any \
             origin with the header Range, and expose Content-Range, Content-Length, ETag and Accept-Ranges"
        ));
    } else if text(header::ACCESS_CONTROL_EXPOSE_HEADERS)
        .is_none_or(|exposed| exposed != "*" && !exposed.to_ascii_lowercase().contains("content-range"))
    {
        problems.push(format!("{url} does not expose Content-Range to pages of other sites; add it to ExposeHeaders"));
    }
    problems
}

//! The page on which a line stands, kept as WARC 1.1 (ISO 28500:2017) where the plan asks for it: one file a line, so that one
//! can be handed out without the others. Nobody but the probe's own user may read them, and no log or version holds them.
//!
//! The body is what was sent, to the byte: its digest is the `body_sha256` of the line, which the chain binds. Cookies, which
//! would tell one visitor from another, are taken out of the headers.

use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::io::Write as _;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use data_encoding::BASE32;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use url::Position;
use uuid::Uuid;

use super::bounds::PAGE_BYTES;
use super::folder::Folder;
use super::identity::Identity;
use super::plan::Plan;
use super::wire::{Reply, Request};
use crate::attempt::Failure;
use crate::error::{Context, Result};

/// A request and what came back.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// When the answer was there.
    pub at: DateTime<Utc>,
    /// The request.
    pub request: Request,
    /// The answer.
    pub reply: Reply,
}

/// Of which line a page is the evidence.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    /// The attempt.
    pub attempt_id: &'a str,
    /// Its cycle.
    pub run_id: &'a str,
    /// The day of its log.
    pub day: NaiveDate,
}

/// Where pages are kept, within the folder.
const PAGES: &str = "pages";
/// Records are named by their attempt and by what they are.
const NAMESPACE: Uuid = Uuid::from_bytes(*b"guichets-preuve1");
/// What stands in the place of a cookie.
const TAKEN_OUT: &str = "[retire]";
/// What a reader should know of the records.
const DESCRIPTION: &str = "The last answer of one look. Bodies are as they were sent; status line and headers are put together \
    again from what was parsed, with names in lower case, and without the values of cookies.";

/// Keeps the last exchange of a look.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be written.
pub(super) fn keep(folder: &Folder, plan: &Plan, identity: &Identity, of: Of<'_>, exchange: &Exchange) -> Result<()> {
    let day = format!("{PAGES}/{}", of.day);
    make_private(folder, &day)?;
    let name = format!("{}.warc.gz", of.attempt_id);
    let mut file = record(&warcinfo(plan, identity, of, exchange, &name))?;
    file.extend(record(&request(of, exchange))?);
    if exchange.reply.status.is_some() {
        file.extend(record(&response(of, exchange))?);
    }
    folder.write(&format!("{day}/{name}"), &file)
}

/// Makes the folder of a day, and the one above it, which is closed to all others.
fn make_private(folder: &Folder, day: &str) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let path = folder.path(day);
    builder.create(&path).unreachable("cannot make the folder of pages").map_err(|error| error.at_path(&path))
}

/// A record: its headers, without those that follow from the block, and the block.
struct Record {
    headers: Vec<(&'static str, String)>,
    block: Vec<u8>,
}

/// A record as a member of gzip, which ends with it.
fn record(record: &Record) -> Result<Vec<u8>> {
    let mut head = "WARC/1.1\r\n".to_owned();
    let length = record.block.len().to_string();
    let of_block = [("WARC-Block-Digest", digest(&record.block)), ("Content-Length", length)];
    for (name, value) in record.headers.iter().chain(&of_block) {
        // Writing to a String cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let parts = [head.as_bytes(), b"\r\n", &record.block, b"\r\n\r\n"];
    let written = parts.into_iter().try_for_each(|part| packed.write_all(part)).and_then(|()| packed.finish());
    written.internal("a page cannot be packed")
}

fn id(of: Of<'_>, what: &str) -> String {
    format!("<urn:uuid:{}>", Uuid::new_v5(&NAMESPACE, format!("{}\n{what}", of.attempt_id).as_bytes()))
}

fn headers(of: Of<'_>, exchange: &Exchange, what: &'static str, content: &str) -> Vec<(&'static str, String)> {
    vec![
        ("WARC-Type", what.to_owned()),
        ("WARC-Record-ID", id(of, what)),
        ("WARC-Date", exchange.at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        ("Content-Type", content.to_owned()),
    ]
}

fn warcinfo(plan: &Plan, identity: &Identity, of: Of<'_>, exchange: &Exchange, name: &str) -> Record {
    let mut headers = headers(of, exchange, "warcinfo", "application/warc-fields");
    headers.push(("WARC-Filename", name.to_owned()));
    let fields = [
        ("software", concat!("guichets-ouverts/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("format", "WARC File Format 1.1".to_owned()),
        ("conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/".to_owned()),
        ("operator", format!("{}, {}", plan.operator, plan.contact)),
        ("http-header-user-agent", identity.agent.clone()),
        ("http-header-from", identity.contact.clone()),
        ("robots", "obey".to_owned()),
        ("description", DESCRIPTION.to_owned()),
        ("isPartOf", of.run_id.to_owned()),
        ("attempt", of.attempt_id.to_owned()),
        ("vantage", plan.vantage.clone()),
        ("platform", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
    ];
    let line = |(name, value): &(&str, String)| format!("{name}: {}\r\n", value.replace(['\r', '\n'], " "));
    Record { headers, block: fields.iter().map(line).collect::<String>().into_bytes() }
}

fn request(of: Of<'_>, exchange: &Exchange) -> Record {
    let request = &exchange.request;
    let mut headers = headers(of, exchange, "request", "application/http; msgtype=request");
    headers.extend(common(of, exchange));
    let path = &request.url[Position::BeforePath..Position::AfterQuery];
    let mut text = format!("{} {path} HTTP/1.1\r\n", request.method.name());
    let host = request.url.host_str().unwrap_or_default();
    let all =
        std::iter::once(("host", host)).chain(request.headers.iter().map(|(name, value)| (*name, value.as_str())));
    let body = request.body.as_deref().unwrap_or_default();
    text.push_str(&http_headers(all));
    Record { headers, block: [text.as_bytes(), b"\r\n", body.as_bytes()].concat() }
}

fn response(of: Of<'_>, exchange: &Exchange) -> Record {
    let reply = &exchange.reply;
    let mut headers = headers(of, exchange, "response", "application/http; msgtype=response");
    headers.extend(common(of, exchange));
    headers.push(("WARC-Concurrent-To", id(of, "request")));
    headers.push(("WARC-Payload-Digest", digest(&reply.body)));
    headers.extend(truncated(reply).map(|why| ("WARC-Truncated", why.to_owned())));
    let all = reply.headers.iter().map(|(name, value)| match name.as_str() {
        // The body is without its transfer coding.
        "transfer-encoding" => ("x-archive-orig-transfer-encoding", value.as_str()),
        name => (name, value.as_str()),
    });
    let text = format!("HTTP/1.1 {}\r\n{}\r\n", reply.status.unwrap_or_default(), http_headers(all));
    Record { headers, block: [text.as_bytes(), &reply.body].concat() }
}

fn common(of: Of<'_>, exchange: &Exchange) -> [(&'static str, String); 2] {
    [("WARC-Target-URI", exchange.request.url.to_string()), ("WARC-Warcinfo-ID", id(of, "warcinfo"))]
}

/// Headers of HTTP, each on its line, without the values of cookies.
fn http_headers<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let line = |(name, value): (&str, &str)| match name {
        "cookie" | "set-cookie" => format!("{name}: {TAKEN_OUT}\r\n"),
        _ => format!("{name}: {value}\r\n"),
    };
    headers.map(line).collect()
}

/// Why a body is not whole, in the words of WARC.
fn truncated(reply: &Reply) -> Option<&'static str> {
    match reply.failure? {
        Failure::Timeout => Some("time"),
        _ if reply.body.len() >= PAGE_BYTES => Some("length"),
        Failure::TruncatedBody | Failure::ConnectionReset => Some("disconnect"),
        _ => Some("unspecified"),
    }
}

/// A digest as WARC writes it: SHA-256 in base 32.
fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", BASE32.encode(&Sha256::digest(bytes)))
}

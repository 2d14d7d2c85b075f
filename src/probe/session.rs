//! One look: the only way in which a system's code can ask for anything. It reads pages, and sends forms that a page had, to
//! where the gate lets it; it follows redirections within the host and notes all others. Everything ends with it.

use std::io::Read as _;

use encoding_rs::Encoding;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::bounds::{PAGE_BYTES, REDIRECTIONS};
use super::desk::{Desk, NotSent};
use super::jar::Jar;
use super::page::{Element, Page};
use super::plan::Point;
use super::restraint::{Ask, Heard, Why};
use super::shape::{Method, is_allowed};
use super::warc::Exchange;
use super::wire::{Reply, Request};
use crate::attempt::Failure;
use crate::digest::sha256;
use crate::error::Error;

/// What the last answer was: what a line says of a look.
#[derive(Debug, Clone, Default)]
pub struct Last {
    /// Where it ended.
    pub url: Option<Url>,
    /// The status.
    pub status: Option<u16>,
    /// What failed below HTTP.
    pub failure: Option<Failure>,
    /// The page.
    pub page: Option<Page>,
    /// The digest of the page's bytes, as they were sent.
    pub body_sha256: Option<String>,
    /// The step of the flow.
    pub step: Option<String>,
    /// Traces that are no element of the page.
    pub notes: Vec<String>,
    /// The request and the answer, where the plan has pages kept.
    pub exchange: Option<Box<Exchange>>,
}

/// Why a look ends before its system is done with it.
#[derive(Debug)]
pub enum Stop {
    /// What there was to see has been seen: [`Session::last`] holds it.
    Ended,
    /// The gate let nothing more leave.
    Never(Why),
    /// The probe cannot go on.
    Failed(Error),
}

impl From<NotSent> for Stop {
    fn from(not_sent: NotSent) -> Self {
        match not_sent {
            NotSent::Never(why) => Self::Never(why),
            NotSent::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A look.
pub struct Session<'s, 'a> {
    desk: &'s mut Desk<'a>,
    point: &'s Point,
    jar: Jar,
    made: u32,
    last: Last,
}

/// What of a page says that the visitor is not wanted.
const WALLS: &[&str] = &["incapsula incident", "sorry, you have been blocked", "attention required! | cloudflare"];
/// The elements of such a page.
pub(super) const WALL_ELEMENTS: &[&str] = &["#cf-wrapper", "#challenge-form"];

impl<'s, 'a> Session<'s, 'a> {
    /// A look at a point, which has asked for nothing yet.
    #[must_use]
    pub fn new(desk: &'s mut Desk<'a>, point: &'s Point) -> Self {
        Self { desk, point, jar: Jar::default(), made: 0, last: Last::default() }
    }

    /// What the last answer was.
    #[must_use]
    pub const fn last(&self) -> &Last {
        &self.last
    }

    /// Ends the look with what there is.
    #[must_use]
    pub fn end(self) -> Last {
        self.last
    }

    /// Names the step that is being taken: a line says it where the answer does not come.
    pub fn step(&mut self, step: impl Into<String>) {
        self.last.step = Some(step.into());
    }

    /// Adds a trace of the system's own.
    pub fn mark(&mut self, note: impl Into<String>) {
        self.last.notes.push(note.into());
    }

    /// Takes note that the site puts something between the visitor and the answer: the host is left alone for a time.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn refused(&mut self) -> Result<(), Stop> {
        let refused = Heard::Refused { took: std::time::Duration::ZERO };
        Ok(self.desk.note(self.point.host(), &refused, self.desk.clock.now())?)
    }

    /// Takes note of the conditions of use, and ends the look where they are others than before and speak of robots.
    ///
    /// # Errors
    /// [`Stop`]: then, or where it cannot be written down.
    pub fn conditions(&mut self, text: &str) -> Result<(), Stop> {
        let changed = self.desk.gate.conditions(self.point, text);
        self.desk.remember()?;
        if changed {
            self.mark("conditions-changees");
        }
        let off = self.desk.gate.memory().host(self.point.host()).is_some_and(|host| host.off.is_some());
        if off {
            // The page is no answer of the service: it is we who go no further.
            self.last.failure = Some(Failure::RobotError);
            return Err(Stop::Ended);
        }
        Ok(())
    }

    /// Reads a page.
    ///
    /// # Errors
    /// [`Stop`]: an answer that is no page to go on from, or nothing may leave.
    pub fn get(&mut self, url: &Url) -> Result<Page, Stop> {
        self.ask(Method::Get, url.clone(), &[], None)
    }

    /// Sends a form that a page has, with some of its fields. What is not a field of the form is not sent.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn submit(&mut self, page: &Page, form: &Element, wanted: &[(&str, &str)]) -> Result<Page, Stop> {
        let Ok(url) = page.url.join(form.attribute("action")) else { return Err(Stop::Never(Why::NoShape)) };
        let there = page.fields(form);
        let fields: Vec<(&str, &str)> =
            wanted.iter().filter(|(name, _)| there.iter().any(|field| field.name == *name)).copied().collect();
        let body = encoded(&fields, page.encoding);
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        self.ask(Method::Post, url, &names, Some(body))
    }

    fn ask(
        &mut self,
        mut method: Method,
        mut url: Url,
        fields: &[&str],
        mut body: Option<String>,
    ) -> Result<Page, Stop> {
        url.set_fragment(None);
        let mut fields = fields;
        for _ in 0..=REDIRECTIONS {
            let reply = self.send(method, &url, fields, body.take())?;
            let target = reply.header("location").filter(|_| matches!(reply.status, Some(301..=303 | 307 | 308)));
            let Some(target) = target else { return self.page(&url, &reply) };
            let Ok(target) = url.join(target) else { return Err(Stop::Ended) };
            self.last.url = Some(target.clone());
            self.last.page = None;
            // A form is sent to where the page said, and nowhere else.
            let again = matches!(reply.status, Some(307 | 308)) && method == Method::Post;
            if again || !is_allowed(self.point, Method::Get, &target) {
                return Err(Stop::Ended);
            }
            (method, url, fields) = (Method::Get, target, &[]);
        }
        Err(Stop::Ended)
    }

    fn send(&mut self, method: Method, url: &Url, fields: &[&str], body: Option<String>) -> Result<Reply, Stop> {
        let mut headers = self.desk.identity.headers();
        headers.extend(self.jar.header(url).map(|cookies| ("cookie", cookies)));
        if let Some(from) = self.last.page.as_ref() {
            headers.push(("referer", from.url.to_string()));
        }
        if body.is_some() {
            headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        }
        let request = Request { method, url: url.clone(), headers, body };
        let ask = Ask::Page { point: self.point, method, url, fields, made: self.made };
        let reply = self.desk.send(&ask, &request)?;
        self.made += 1;
        if self.desk.plan.keeps_pages {
            let (at, reply) = (self.desk.clock.now(), reply.clone());
            self.last.exchange = Some(Box::new(Exchange { at, request, reply }));
        }
        for cookie in reply.headers_of("set-cookie") {
            self.jar.keep(url, cookie);
        }
        self.last.status = reply.status;
        self.last.failure = reply.failure;
        self.last.url = Some(url.clone());
        self.last.page = None;
        self.last.body_sha256 = (!reply.body.is_empty()).then(|| sha256(&reply.body));
        Ok(reply)
    }

    /// The page of an answer, where it is one to go on from.
    fn page(&mut self, url: &Url, reply: &Reply) -> Result<Page, Stop> {
        let (body, whole) = unpacked(reply);
        if !whole && self.last.failure.is_none() {
            self.last.failure = Some(Failure::TruncatedBody);
        }
        let page = Page::read(url.clone(), reply.header("content-type"), &body);
        self.last.page = (reply.status.is_some()).then(|| page.clone());
        let walled = WALLS.iter().any(|wall| page.mentions(wall)) || WALL_ELEMENTS.iter().any(|wall| page.has(wall));
        if walled && reply.status != Some(403) {
            self.refused()?;
        }
        if walled || self.last.failure.is_some() || reply.status != Some(200) {
            return Err(Stop::Ended);
        }
        if page.asks_identity(self.point.address.path()) {
            // The page after the last that is ever asked for: we have gone too far, or the site has changed.
            self.last.failure = Some(Failure::RobotError);
            self.mark("identite-demandee");
            self.last.page = None;
            self.desk.gate.went_too_far(self.point.host(), self.desk.clock.now());
            self.desk.remember()?;
            return Err(Stop::Ended);
        }
        Ok(page)
    }
}

/// Fields as a browser would send them from a page of some encoding.
fn encoded(fields: &[(&str, &str)], encoding: &'static Encoding) -> String {
    let text = |text: &str| byte_serialize(&encoding.encode(text).0).collect::<String>();
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect();
    pairs.join("&")
}

/// A body without its packing, and whether it is whole. Nothing packed is asked for; some servers pack all the same.
fn unpacked(reply: &Reply) -> (Vec<u8>, bool) {
    if reply.header("content-encoding").is_none_or(|coding| !coding.eq_ignore_ascii_case("gzip")) {
        return (reply.body.clone(), true);
    }
    let mut body = Vec::new();
    let limit = u64::try_from(PAGE_BYTES).unwrap_or(u64::MAX);
    let whole = flate2::read::GzDecoder::new(reply.body.as_slice()).take(limit).read_to_end(&mut body);
    (body, whole.is_ok_and(|read| read < PAGE_BYTES))
}

//! A server that imitates booking sites, says what it is told to say of each service, and keeps its own account of who asked
//! what and when. It books nothing either, but it would notice who tries.

mod account;
mod ez;
mod pages;
mod plan;
mod rdv;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use guichets_ouverts::attempt::Failure;
use guichets_ouverts::error::Result;
use guichets_ouverts::probe::wire::{Reply, Request, Wire};
use guichets_ouverts::progress::Progress;

pub use account::{Seen, violations};
pub use plan::{HOME, Moved, Rehearsal, Service, StopsAt, agenda, lines, plan_of};

use super::web::{Answer, Asked};

/// What a service is told to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// « None », in these words and this charset.
    None(&'static str, Charset),
    /// « None », after a planning was chosen.
    NoneOf(&'static str),
    /// A timetable with these free instants.
    Slots(Vec<i64>),
    /// A timetable whose first week is full.
    FarAway,
    /// The same, by the picture of the older theme.
    Picture,
    /// A captcha in the place of the answer.
    Captcha,
    /// An answer, on a page that has a captcha too.
    CaptchaBeside,
    /// RDV-Préfecture's captcha, with its fields as a browser sees them.
    CaptchaFields,
    /// Back to the beginning after the conditions.
    Lost,
    /// A page of this text, with a status.
    Page(u16, &'static str),
    /// A status with nothing much, and a `Retry-After`.
    Later(u16, Option<&'static str>),
    /// The entry leads elsewhere.
    Leads(&'static str),
    /// A page that is gone in mid-flow.
    GoneOnTheWay,
    /// A page that asks who somebody is, in mid-flow.
    AsksIdentity,
    /// The page of the motif, with « none ».
    Motif(bool),
    /// Places with the date of the next appointment.
    Places,
    /// Half a page.
    Half,
    /// The end of the connection.
    Nothing,
    /// Longer than anyone waits.
    Silence,
    /// A page of this source, whatever is asked.
    Source(String),
    /// A form with traps in it: fields for identities, an action that books, tokens.
    Trap,
}

/// How a page is encoded and what the answer says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    Utf8,
    /// ISO 8859-1, said by the header.
    Latin1,
    /// ISO 8859-1, said by the page alone.
    Latin1InPage,
}

/// What is told of a service, by its place (host and path) and the instant.
pub type Telling = dyn Fn(&str, DateTime<Utc>) -> Told + Send + Sync;

/// The server.
#[derive(Clone)]
pub struct Counters {
    told: Arc<Telling>,
    now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    seen: Arc<Mutex<Vec<Seen>>>,
    robots: &'static str,
    dated: bool,
}

impl Counters {
    pub fn new(
        told: impl Fn(&str, DateTime<Utc>) -> Told + Send + Sync + 'static,
        now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
    ) -> Self {
        Self {
            told: Arc::new(told),
            now: Arc::new(now),
            seen: Arc::default(),
            robots: "User-agent: *\nDisallow: /admin\n",
            dated: true,
        }
    }

    /// The same, whose declared page does not say what time it is.
    pub fn without_date(mut self) -> Self {
        self.dated = false;
        self
    }

    /// The same, with another robots.txt.
    pub fn with_robots(mut self, robots: &'static str) -> Self {
        self.robots = robots;
        self
    }

    /// Everything that was asked.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn answer(&self, asked: &Asked) -> Answer {
        let now = (self.now)();
        let host = asked.header("host").unwrap_or_default().split(':').next().unwrap().to_owned();
        let path = asked.path.split('?').next().unwrap().to_owned();
        let answer = self.answered(asked, &host, &path, now);
        let (status, retry_after) = match &answer {
            Answer::Whole(status, headers, _) => {
                let after = headers.iter().find(|(name, _)| name == "Retry-After").map(|(_, value)| value.clone());
                (Some(*status), after)
            }
            _ => (None, None),
        };
        let seen = Seen::of(asked, now, host, status, retry_after);
        self.seen.lock().unwrap().push(seen);
        answer
    }

    fn answered(&self, asked: &Asked, host: &str, path: &str, now: DateTime<Utc>) -> Answer {
        if path == "/robots.txt" {
            return Answer::told(200, self.robots);
        }
        if host == HOME {
            let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let date = self.dated.then(|| ("Date".to_owned(), date)).into_iter().collect();
            return Answer::Whole(200, date, b"<h1>Le robot</h1>".to_vec());
        }
        let base = base_of(path);
        let told = (self.told)(&format!("{host}{base}"), now);
        if let Some(answer) = pages::anywhere(&told) {
            return answer;
        }
        match () {
            () if base.starts_with("/booking/create/") => ez::answer(&told, asked, &path[base.len()..]),
            () => rdv::answer(&told, host, &path[base.len().min(path.len())..]),
        }
    }
}

/// The part of a path that names a service.
fn base_of(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "booking", "create", id, ..] => format!("/booking/create/{id}"),
        ["", "rdvpref", "reservation", "demarche", id, ..] => format!("/rdvpref/reservation/demarche/{id}/"),
        _ => path.to_owned(),
    }
}

/// The server without a network between: a request is a call.
pub struct Direct<'c> {
    pub counters: Counters,
    /// Lets so much time pass.
    pub passes: &'c dyn Fn(Duration),
}

impl Wire for Direct<'_> {
    fn exchange(&mut self, request: &Request, progress: &dyn Progress) -> Result<Reply> {
        progress.proceed()?;
        let url = &request.url;
        let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let mut headers: Vec<(String, String)> =
            request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        headers.push(("host".to_owned(), url.host_str().unwrap().to_owned()));
        let body = request.body.clone().unwrap_or_default().into_bytes();
        let asked = Asked { method: request.method.name().to_owned(), path, headers, body };
        let answer = self.counters.answer(&asked);
        let took = Duration::from_millis(if matches!(answer, Answer::Silence(_)) { 30_000 } else { 200 });
        (self.passes)(took);
        let mut reply = Reply { took, ..Reply::default() };
        match answer {
            Answer::Whole(status, headers, body) => {
                reply.status = Some(status);
                reply.headers = headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
                reply.body = body;
            }
            Answer::Half(body) => {
                reply.status = Some(200);
                reply.body = body[..body.len() / 2].to_vec();
                reply.failure = Some(Failure::TruncatedBody);
            }
            Answer::Silence(_) => reply.failure = Some(Failure::Timeout),
            Answer::Nothing => reply.failure = Some(Failure::EmptyResponse),
        }
        Ok(reply)
    }
}

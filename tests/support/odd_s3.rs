//! A small S3 in memory that is right but for one peculiarity, each of which some server has.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use guichets_ouverts::digest::sha256;
use guichets_ouverts::publish::ObjectBackend;
use object_store::aws::AmazonS3Builder;

use super::s3::Bucket;
use super::web::{Answer, Asked, Web};

/// What is peculiar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    Nothing,
    /// A condition is answered with this status and error.
    NoConditions(u16, &'static str),
    /// A condition is not looked at.
    IgnoresConditions,
    /// The first time that something is to be created, another write is said to be under way.
    ConflictsFirst,
    /// Each time.
    ConflictsAlways,
    /// Its tags are weak, as those of a proxy that compresses; a condition on one never holds.
    WeakTags,
    NoTags,
    /// What is not there is denied, and so it is to a key that may not list.
    DeniesWhatIsNot,
    /// The key may write, and read nothing.
    DeniesReading,
    /// Every request is answered with this status and error.
    Always(u16, &'static str),
    /// The answer of a bucket in another region.
    Elsewhere,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    conflicts: HashSet<(String, Vec<u8>)>,
}

pub struct OddS3 {
    web: Web,
    state: Arc<Mutex<State>>,
    oddity: Arc<Mutex<Oddity>>,
}

const PREFIX: &str = "/bucket/donnees/";

impl OddS3 {
    pub fn with(oddity: Oddity) -> Self {
        let (state, oddity) = (Arc::new(Mutex::new(State::default())), Arc::new(Mutex::new(oddity)));
        let (shared, now) = (Arc::clone(&state), Arc::clone(&oddity));
        let web = Web::serve(move |asked| {
            let oddity = *now.lock().unwrap();
            answer(oddity, &mut shared.lock().unwrap(), asked)
        });
        Self { web, state, oddity }
    }

    /// From now on it has another peculiarity.
    pub fn becomes(&self, oddity: Oddity) {
        *self.oddity.lock().unwrap() = oddity;
    }

    #[expect(clippy::unused_self, reason = "an address is asked of a server")]
    pub fn url(&self) -> String {
        "s3://bucket/donnees".to_owned()
    }

    /// The address at which it listens.
    pub fn endpoint(&self) -> &str {
        &self.web.url
    }

    /// What a publisher has in its environment.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        Bucket::environment_through(self.web.url.rsplit(':').next().unwrap().parse().unwrap())
    }

    /// The store, for this process.
    pub fn store(&self) -> ObjectBackend {
        let builder = self.environment().into_iter().fold(AmazonS3Builder::new(), |builder, (key, value)| {
            builder.with_config(key.to_ascii_lowercase().parse().unwrap(), value)
        });
        let store = builder.with_bucket_name("bucket").build().unwrap();
        ObjectBackend::over(&self.url(), Arc::new(store)).unwrap()
    }

    /// What it holds, by path.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.lock().unwrap().objects.clone()
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.web.asked()
    }
}

fn refusal(status: u16, code: &str) -> Answer {
    Answer::told(status, &format!("<Error><Code>{code}</Code><Message>the words for {code}</Message></Error>"))
}

fn tag(oddity: Oddity, bytes: &[u8]) -> String {
    let weak = if oddity == Oddity::WeakTags { "W/" } else { "" };
    format!("{weak}\"{}\"", &sha256(bytes)[..32])
}

fn answer(oddity: Oddity, state: &mut State, asked: &Asked) -> Answer {
    match oddity {
        Oddity::Always(status, code) => return refusal(status, code),
        Oddity::Elsewhere => return refusal(301, "PermanentRedirect"),
        _ => {}
    }
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    match asked.method.as_str() {
        "PUT" => put(oddity, state, path.strip_prefix(PREFIX).unwrap(), asked),
        "POST" if query.starts_with("delete") => delete(state, &String::from_utf8_lossy(&asked.body)),
        _ => get(oddity, state, path.strip_prefix(PREFIX).unwrap(), asked),
    }
}

fn put(oddity: Oddity, state: &mut State, path: &str, asked: &Asked) -> Answer {
    let (mut none_match, mut matching) = (asked.header("if-none-match").is_some(), asked.header("if-match"));
    if none_match || matching.is_some() {
        match oddity {
            Oddity::NoConditions(status, code) => return refusal(status, code),
            Oddity::IgnoresConditions => (none_match, matching) = (false, None),
            Oddity::ConflictsAlways => return refusal(409, "ConditionalRequestConflict"),
            Oddity::ConflictsFirst if none_match && state.conflicts.insert((path.to_owned(), asked.body.clone())) => {
                return refusal(409, "ConditionalRequestConflict");
            }
            _ => {}
        }
    }
    let there = state.objects.get(path);
    let holds = match (there, matching) {
        (Some(_), _) if none_match => false,
        // A comparison of weak tags never holds.
        (Some(bytes), Some(wanted)) => !wanted.starts_with("W/") && wanted == tag(oddity, bytes),
        (None, Some(_)) => false,
        (_, None) => true,
    };
    if !holds {
        return refusal(412, "PreconditionFailed");
    }
    let headers = vec![("ETag".to_owned(), tag(oddity, &asked.body))];
    state.objects.insert(path.to_owned(), asked.body.clone());
    Answer::Whole(200, headers, Vec::new())
}

fn get(oddity: Oddity, state: &State, path: &str, asked: &Asked) -> Answer {
    let bytes = match (oddity, state.objects.get(path)) {
        (Oddity::DeniesReading, _) | (Oddity::DeniesWhatIsNot, None) => return refusal(403, "AccessDenied"),
        (_, None) => return refusal(404, "NoSuchKey"),
        (_, Some(bytes)) => bytes,
    };
    let mut headers = vec![("Last-Modified".to_owned(), "Wed, 01 May 2019 00:00:00 GMT".to_owned())];
    if oddity != Oddity::NoTags {
        headers.push(("ETag".to_owned(), tag(oddity, bytes)));
    }
    assert!(asked.header("range").is_none(), "a publisher reads whole objects");
    Answer::Whole(200, headers, bytes.clone())
}

/// Several at once, as the library asks.
fn delete(state: &mut State, body: &str) -> Answer {
    let mut told = "<DeleteResult>".to_owned();
    for key in body.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>")).map(|(key, _)| key) {
        state.objects.remove(key.strip_prefix("donnees/").unwrap());
        write!(told, "<Deleted><Key>{key}</Key></Deleted>").unwrap();
    }
    Answer::told(200, &(told + "</DeleteResult>"))
}

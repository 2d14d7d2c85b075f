//! A small server in memory that answers as Google's XML API is documented to, as far as versions are kept there. It is no
//! emulator of anybody's: none was found that answers `HEAD`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use chrono::Utc;
use guichets_ouverts::digest::sha256;
use guichets_ouverts::publish::ObjectBackend;
use object_store::gcp::GoogleCloudStorageBuilder;
use percent_encoding::percent_decode_str;

use super::web::{Answer, Asked, Web};

const BUCKET: &str = "seau";

#[derive(Default)]
struct State {
    /// By name: what it holds, and its generation.
    objects: BTreeMap<String, (Vec<u8>, u64)>,
    /// Parts of what is being uploaded.
    uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    writes: u64,
}

pub struct Gcs {
    web: Web,
}

impl Gcs {
    pub fn new() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        Self { web: Web::serve(move |asked| answer(&mut state.lock().unwrap(), asked)) }
    }

    /// Its URL, with a prefix.
    #[expect(clippy::unused_self, reason = "an address is asked of a server")]
    pub fn url(&self) -> String {
        format!("gs://{BUCKET}/donnees/ouvertes")
    }

    /// What a publisher has in its environment.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        Self::environment_at(&self.web.url)
    }

    /// The same, for what answers at another address. Nobody gives out tokens here.
    pub fn environment_at(url: &str) -> Vec<(&'static str, String)> {
        let key = format!(
            r#"{{"gcs_base_url":"{url}","disable_oauth":true,"client_email":"","private_key":"","private_key_id":""}}"#
        );
        vec![("GOOGLE_SERVICE_ACCOUNT_KEY", key)]
    }

    /// The store under the prefix, for this process.
    pub fn store(&self) -> ObjectBackend {
        let key = self.environment().remove(0).1;
        let store = GoogleCloudStorageBuilder::new().with_service_account_key(key).with_bucket_name(BUCKET).build();
        ObjectBackend::over(&self.url(), Arc::new(store.unwrap())).unwrap()
    }
}

fn refusal(status: u16, code: &str) -> Answer {
    Answer::told(status, &format!("<Error><Code>{code}</Code><Message>the words for {code}</Message></Error>"))
}

fn of(bytes: &[u8], generation: u64) -> Vec<(String, String)> {
    vec![
        ("Last-Modified".to_owned(), "Wed, 01 May 2019 00:00:00 GMT".to_owned()),
        ("ETag".to_owned(), format!("\"{}\"", &sha256(bytes)[..32])),
        ("x-goog-generation".to_owned(), generation.to_string()),
    ]
}

fn answer(state: &mut State, asked: &Asked) -> Answer {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let plain = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let asks: BTreeMap<&str, &str> = query.split('&').map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
    if asks.contains_key("list-type") {
        return listed(state, &plain(asks.get("prefix").unwrap_or(&"")));
    }
    let name = plain(path.strip_prefix(&format!("/{BUCKET}/")).unwrap());
    let upload = asks.get("uploadId").map(|id| (*id).to_owned());
    match (asked.method.as_str(), upload) {
        ("PUT", Some(upload)) => {
            let part = asks["partNumber"].parse().unwrap();
            state.uploads.get_mut(&upload).unwrap().insert(part, asked.body.clone());
            Answer::Whole(200, of(&asked.body, 0), Vec::new())
        }
        ("PUT", None) => put(state, name, asked.header("x-goog-if-generation-match"), asked.body.clone()),
        ("POST", None) => {
            state.writes += 1;
            let id = state.writes.to_string();
            state.uploads.insert(id.clone(), BTreeMap::new());
            Answer::told(
                200,
                &format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"),
            )
        }
        ("POST", Some(upload)) => {
            let whole = state.uploads.remove(&upload).unwrap().into_values().flatten().collect();
            match put(state, name, None, whole) {
                Answer::Whole(status, headers, _) => {
                    let told = "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>";
                    Answer::Whole(status, headers, told.into())
                }
                other => other,
            }
        }
        ("DELETE", _) => match state.objects.remove(&name) {
            Some(_) => Answer::told(204, ""),
            None => refusal(404, "NoSuchKey"),
        },
        _ => match state.objects.get(&name) {
            Some((bytes, generation)) => Answer::Whole(200, of(bytes, *generation), bytes.clone()),
            None => refusal(404, "NoSuchKey"),
        },
    }
}

/// Every object under a prefix, in one answer, as if each had been written just now.
fn listed(state: &State, prefix: &str) -> Answer {
    let now = Utc::now().to_rfc3339();
    let mut told = String::from("<ListBucketResult>");
    for (name, (bytes, _)) in state.objects.iter().filter(|(name, _)| name.starts_with(prefix)) {
        let size = bytes.len();
        write!(told, "<Contents><Key>{name}</Key><LastModified>{now}</LastModified><Size>{size}</Size></Contents>")
            .unwrap();
    }
    Answer::told(200, &(told + "</ListBucketResult>"))
}

/// Written only over the generation that is expected; 0 stands for nothing.
fn put(state: &mut State, name: String, expected: Option<&str>, bytes: Vec<u8>) -> Answer {
    let there = state.objects.get(&name).map_or(0, |(_, generation)| *generation);
    if expected.is_some_and(|expected| expected != there.to_string()) {
        return refusal(412, "PreconditionFailed");
    }
    state.writes += 1;
    let headers = of(&bytes, state.writes);
    state.objects.insert(name, (bytes, state.writes));
    Answer::Whole(200, headers, Vec::new())
}

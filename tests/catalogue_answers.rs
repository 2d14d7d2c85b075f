//! Whatever a platform answers, the catalogue sends nothing twice, says what came, and shows the key to nobody.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Scene;
use crate::support::web::{Answer, Asked, Web};

/// A platform that answers `GET` and `POST` of the API as a test wants.
struct Platform {
    scene: Scene,
    web: Web,
}

const DATASET: &str = "0123456789abcdef01234567";

impl Platform {
    fn new(answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let count = AtomicUsize::new(0);
        let web = Web::serve(move |asked| answer(asked, count.fetch_add(1, Ordering::SeqCst)));
        let scene = Scene::new();
        scene.set(&format!("api = \"{}/api/1/\"\ndataset = \"{DATASET}\"\ntimeout_s = 1", web.url));
        Self { scene, web }
    }

    fn refused(&self) -> String {
        self.scene.refused(Some("clef-tenue-secrete"), &[], 4)
    }

    /// Methods and paths that were asked for.
    fn asked(&self) -> Vec<String> {
        self.web.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }

    fn count(&self, method: &str) -> usize {
        self.web.asked().iter().filter(|asked| asked.method == method).count()
    }
}

/// A dataset without any resource.
fn empty_dataset() -> Answer {
    Answer::told(200, &json!({"id": DATASET, "resources": [], "tags": [], "extras": {}}).to_string())
}

fn refusal(status: u16, headers: &[(&str, &str)]) -> Answer {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Answer::Whole(status, headers, b"<html>Bad luck</html>".to_vec())
}

#[test]
fn a_failure_that_passes_is_asked_again() {
    let platform = Platform::new(|_, count| match count {
        0 => refusal(500, &[]),
        1 => Answer::told(200, "{}"),
        2 => refusal(503, &[("Retry-After", "3")]),
        _ => Answer::told(410, "{\"message\": \"Dataset has been deleted\"}"),
    });
    let started = Instant::now();
    let told = platform.refused();
    assert!(told.contains("the dataset was deleted"), "{told}");
    assert!(started.elapsed() >= Duration::from_secs(3), "Retry-After was not waited for");
    let dataset = format!("GET /api/1/datasets/{DATASET}/");
    assert_eq!(platform.asked(), ["GET /api/1/me/", "GET /api/1/me/", &dataset, &dataset]);
}

#[test]
fn patience_has_an_end() {
    let platform = Platform::new(|_, _| refusal(503, &[("Retry-After", "86400"), ("X-Sentry-ID", "c0ffee")]));
    let told = platform.refused();
    assert!(told.contains("127.0.0.1 failed on its side (503, Sentry id c0ffee)"), "{told}");
    assert!(told.contains("its support finds the failure under the Sentry id"), "{told}");
    assert_eq!(platform.count("GET"), 1);
}

#[test]
fn each_refusal_is_a_sentence_with_what_to_do() {
    for (status, body, wanted, hint) in [
        (
            400,
            "{\"errors\": {\"frequency\": [\"Not a valid choice\"]}}",
            "does not accept what was sent: frequency: Not a",
            "--dry-run",
        ),
        (401, "{\"message\": \"Expired API token\"}", "the key has expired", "make a key in your profile"),
        (403, "{}", "does not let the owner of the key change this dataset", "use the key of a member"),
        (423, "{}", "has closed the creation of new content for now", "push again when it is open"),
        (429, "{}", "asks to send fewer requests", "push again later"),
        (502, "<html>", "failed on its side (502)", "push again later"),
        (418, "{}", "answered 418", "is datagouv.api an instance of udata?"),
    ] {
        let platform = Platform::new(move |_, _| {
            Answer::Whole(status, vec![("Retry-After".to_owned(), "0".to_owned())], body.as_bytes().to_vec())
        });
        let told = platform.refused();
        assert!(told.contains(wanted) && told.contains(hint), "{status}: {told}");
        assert!(told.contains("error: GET http://127.0.0.1:"), "{status} does not say where: {told}");
        assert_eq!(platform.count("GET"), if [429, 502].contains(&status) { 4 } else { 1 }, "{status}");
    }
}

#[test]
fn a_post_is_never_sent_twice() {
    for (status, wanted, looks) in
        [(500, "failed on its side (500)", 3), (423, "closed the creation of new content", 1)]
    {
        let puts = AtomicUsize::new(0);
        let platform = Platform::new(move |asked, _| match asked.method.as_str() {
            "POST" => refusal(status, &[]),
            "PUT" if puts.fetch_add(1, Ordering::SeqCst) == 0 => refusal(503, &[("Retry-After", "0")]),
            _ if asked.path.ends_with("/me/") => Answer::told(200, "{}"),
            _ => empty_dataset(),
        });
        let told = platform.refused();
        assert!(told.contains(wanted), "{told}");
        assert_eq!((platform.count("PUT"), platform.count("POST")), (2, 1), "{:?}", platform.asked());
        // The dataset was looked at before, and after an unclear answer to see whether the resource is there.
        let dataset = format!("GET /api/1/datasets/{DATASET}/");
        assert_eq!(platform.asked().iter().filter(|asked| **asked == dataset).count(), looks, "{:?}", platform.asked());
    }
}

/// The platform does what is asked, but the answers to some requests are lost on the way.
#[test]
fn an_answer_that_is_lost_makes_no_duplicate() {
    let scene = Scene::new();
    let (udata, key) = (scene.udata.clone(), scene.known("key").to_owned());
    let posts = AtomicUsize::new(0);
    let between = Web::serve(move |asked| {
        let (status, body) = udata.ask(&asked.method, &asked.path, &key, asked.body.clone());
        if asked.method == "POST" && posts.fetch_add(1, Ordering::SeqCst).is_multiple_of(5) {
            return refusal(502, &[]);
        }
        Answer::Whole(status, Vec::new(), body)
    });
    // The first answer that is lost is that of the dataset's creation.
    scene.set(&format!("api = \"{}/api/1/\"", between.url));
    let run = scene.push(&["--create", "--json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let datasets = scene.datasets();
    assert_eq!(datasets.len(), 1);
    let resources = datasets[0]["resources"].as_array().unwrap();
    let mut files: Vec<&str> =
        resources.iter().map(|resource| resource["extras"]["guichets:fichier"].as_str().unwrap()).collect();
    files.sort_unstable();
    let all = files.len();
    files.dedup();
    assert_eq!((files.len(), all > 8), (all, true), "{files:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["quality"], 1.0);
}

#[test]
fn an_answer_that_is_none_is_told() {
    let broken = Platform::new(|_, _| Answer::Half(b"{\"id\": \"0123456789\"}".to_vec()));
    let told = broken.refused();
    assert!(told.contains("the answer of 127.0.0.1 broke off"), "{told}");

    let page = Platform::new(|_, _| Answer::told(200, "<html>Maintenance</html>"));
    let told = page.refused();
    assert!(
        told.contains("the answer of 127.0.0.1 is not JSON") && told.contains("is datagouv.api the address"),
        "{told}"
    );

    let endless = Platform::new(|_, _| Answer::Whole(200, Vec::new(), vec![b' '; 65 << 20]));
    let told = endless.refused();
    assert!(told.contains("the answer of 127.0.0.1 is longer than 64 MiB"), "{told}");

    let other = Platform::new(|_, _| Answer::told(200, "[1, 2]"));
    let told = other.refused();
    assert!(told.contains("the platform's answer is no dataset"), "{told}");

    let silent = Platform::new(|_, _| Answer::Silence(Duration::from_secs(5)));
    let told = silent.refused();
    assert!(told.contains("127.0.0.1 did not answer in time") && told.contains("datagouv.timeout_s"), "{told}");
    assert_eq!(silent.count("GET"), 4);

    let scene = Scene::new();
    scene.set(&format!("api = \"http://127.0.0.1:1/api/1/\"\ndataset = \"{DATASET}\""));
    let told = scene.refused(Some("clef"), &[], 4);
    assert!(told.contains("127.0.0.1 cannot be reached"), "{told}");
}

#[test]
fn the_key_goes_to_the_platform_alone_and_is_told_to_nobody() {
    let elsewhere = std::sync::Arc::new(Web::serve(|_| Answer::told(200, "{}")));
    let address = elsewhere.url.clone();
    let platform = Platform::new(move |_, _| refusal(301, &[("Location", &format!("{address}/api/1/me/"))]));
    let told = platform.refused();
    assert!(told.contains("127.0.0.1 has moved this address to") && told.contains("correct datagouv.api"), "{told}");
    assert_eq!(elsewhere.asked().len(), 0);
    let keys: Vec<Option<String>> =
        platform.web.asked().iter().map(|asked| asked.header("x-api-key").map(str::to_owned)).collect();
    assert_eq!(keys, [Some("clef-tenue-secrete".to_owned())]);
    assert!(platform.scene.web.asked().iter().all(|asked| asked.header("x-api-key").is_none()));

    // Not even where the platform says it aloud, or everything is logged.
    let platform = Platform::new(|asked, _| {
        let key = asked.header("x-api-key").unwrap();
        Answer::told(400, &json!({"message": format!("what is {key}?")}).to_string())
    });
    let run = platform.scene.push_with(Some("clef-tenue-secrete"), &["--json"]);
    assert_eq!(run.code, Some(4));
    assert!(run.stderr.contains("what is [key]?"), "{}", run.stderr);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("clef-tenue-secrete"), "{}", run.stderr);
}

//! A push that cannot be done says why and what to do, sends nothing twice, and shows the key to nobody.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::web::{Answer, Asked, Web};
use crate::support::{Scene, sample};

#[test]
fn a_deleted_dataset_stays_deleted() {
    let (scene, id) = Scene::in_the_catalogue();
    assert_eq!(scene.ask("DELETE", &format!("/api/1/datasets/{id}/"), &Value::Null).0, 204);
    scene.second_night();
    let before = scene.udata.writes(&id).len();
    // Who may edit it is told of the deletion with status 200, who may not with 410.
    for key in ["key", "foreign_key"] {
        let told = scene.refused(Some(scene.known(key)), &[], 4);
        assert!(told.contains("the dataset was deleted on 127.0.0.1, and nothing was sent"), "{told}");
        assert!(told.contains("nothing is created again by itself") && told.contains("--create"), "{told}");
    }
    assert_eq!(scene.udata.writes(&id).len(), before);
    assert_eq!(scene.datasets().len(), 1);
}

#[test]
fn a_key_that_does_not_open_says_why() {
    let (scene, id) = Scene::in_the_catalogue();
    scene.second_night();
    let before = scene.udata.writes(&id).len();
    for (key, code, wanted) in [
        (Some("udata_clef-inventee"), 4, "the key is not known to 127.0.0.1: Invalid API token"),
        (Some(scene.known("revoked_key")), 4, "the key was revoked to 127.0.0.1: Revoked API token"),
        (Some(scene.known("foreign_key")), 4, "127.0.0.1 does not let the owner of the key change this dataset"),
        (Some(""), 2, "DATAGOUV_API_KEY does not hold a key"),
        (Some("deux\nlignes"), 2, "DATAGOUV_API_KEY does not hold a key"),
        (None, 2, "the environment variable DATAGOUV_API_KEY holds no key"),
    ] {
        let told = scene.refused(key, &[], code);
        assert!(told.contains(wanted), "{key:?}: {told}");
        assert!(told.contains("hint: "), "{key:?}: {told}");
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            assert!(!told.contains(key), "{told}");
        }
    }
    assert_eq!(scene.udata.writes(&id).len(), before);
}

#[test]
fn nobody_publishes_in_the_name_of_others() {
    let scene = Scene::new();
    scene.set(&format!("organization = \"{}\"", scene.known("foreign_organization")));
    let told = scene.refused(Some(scene.known("key")), &["--create"], 4);
    assert!(told.contains("does not let the owner of the key publish in the name of this organisation"), "{told}");
    assert!(
        told.contains("Permission denied for this organization") && told.contains("datagouv.organization"),
        "{told}"
    );
    assert_eq!(scene.datasets(), [Value::Null; 0]);
}

#[test]
fn what_is_wrong_on_the_platform_is_not_overwritten() {
    let (scene, id) = Scene::in_the_catalogue();
    let told = |wanted: &str| {
        let told = scene.refused(Some(scene.known("key")), &[], 2);
        assert!(told.contains(wanted), "{told}");
    };
    scene.set(&format!("dataset = \"{id}\"\norganization = \"{}\"", scene.known("organization")));
    told("the dataset does not belong to the organisation");
    scene.set(&format!("dataset = \"{id}\""));
    let extras = format!("/api/2/datasets/{id}/extras/");
    assert_eq!(scene.ask("PUT", &extras, &json!({"guichets:pipeline": "autre"})).0, 200);
    told("the dataset is that of the pipeline autre, not of essai");
}

#[test]
fn a_dataset_that_is_not_there_is_told() {
    let scene = Scene::new();
    scene.set("dataset = \"0123456789abcdef01234567\"");
    let told = scene.refused(Some(scene.known("key")), &[], 4);
    assert!(told.contains("127.0.0.1 knows no such dataset or resource"), "{told}");
    assert!(told.contains("is the instance on which it was created"), "{told}");
}

#[test]
fn the_catalogue_speaks_of_nothing_that_readers_do_not_get() {
    let scene = Scene::new();
    let writes = || scene.udata.writes(&scene.web.url).len();
    let told = |code: i32, wanted: &str| {
        let told = scene.refused(Some(scene.known("key")), &["--create"], code);
        assert!(told.contains(wanted), "{told}");
        assert_eq!(scene.datasets(), [Value::Null; 0]);
        assert_eq!(writes(), 0);
    };
    // The public address is another store's, or nobody's.
    let elsewhere = Web::serve(|_| Answer::told(200, "{}"));
    scene.set_address(&format!("base_url = \"{}\"", elsewhere.url), "");
    told(4, "readers get another manifest of the version 2019-05-02");
    let nobody = Web::serve(|_| Answer::told(404, ""));
    scene.set_address(&format!("base_url = \"{}\"", nobody.url), "");
    told(4, "readers do not get it");
    scene.set("");

    let folder = scene.store.path();
    let file = folder.join("versions/2019-05-02/disponibilite_mois.csv");
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    told(4, "the file is not there as the manifest says");
    fs::write(&file, bytes).unwrap();

    let records = fs::read_to_string(folder.join("versions.json")).unwrap();
    fs::write(folder.join("versions.json"), records.replace("\"published\"", "\"retracted\"")).unwrap();
    told(4, "version 2019-05-02 was retracted, and is still current");
    let other = records.replace("\"manifest_sha256\":\"", "\"manifest_sha256\":\"0");
    assert_ne!(other, records);
    fs::write(folder.join("versions.json"), other).unwrap();
    told(4, "the list of versions does not vouch for version 2019-05-02");
    fs::write(folder.join("versions.json"), "{\"versions\": [], \"last_successful\": null}").unwrap();
    told(4, "version 2019-05-02 is not in the list of versions");
    fs::write(folder.join("versions.json"), records).unwrap();

    fs::remove_file(folder.join("latest.json")).unwrap();
    told(2, "nothing is published there yet");
}

/// Two runs chose one name: one published, and then a gate refused the other, which is noted down under the same name.
#[test]
fn a_refused_night_of_the_same_name_keeps_no_version_from_the_catalogue() {
    let scene = Scene::new();
    let file = scene.store.path().join("versions.json");
    let mut listed: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let mut refused = listed["versions"][0].clone();
    refused["status"] = "refused".into();
    listed["versions"].as_array_mut().unwrap().push(refused);
    fs::write(&file, listed.to_string()).unwrap();
    let run = scene.push(&["--create", "--dry-run"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

/// The sample, as it would be pushed to a platform, or to the one that is the default.
fn push_the_sample(api: &str) -> (i32, String) {
    let sample = sample();
    let folder = tempfile::tempdir().unwrap();
    let pipeline = fs::read_to_string(crate::support::root().join("pipelines/exemple/pipeline.toml")).unwrap();
    let store = sample.store().to_owned();
    let web = Web::serve(move |asked| crate::support::web::file_of(&store, &asked.path));
    let api = if api.is_empty() { String::new() } else { format!("api = \"{api}/api/1/\"") };
    let pipeline = pipeline.replace("[publication]", &format!("[publication]\nbase_url = \"{}\"", web.url));
    fs::write(folder.path().join("pipeline.toml"), format!("{pipeline}\n[datagouv]\n{api}\n")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_guichets"));
    command.arg("--project").arg(crate::support::root()).args(["catalogue", "push"]).arg(folder.path());
    command.args(["--create", "--store"]).arg(sample.store()).env("DATAGOUV_API_KEY", "clef");
    let run = crate::support::Run::of(&mut command);
    (run.code.unwrap(), run.stderr)
}

#[test]
fn simulated_data_enter_no_catalogue() {
    let (code, told) = push_the_sample("https://demo.data.gouv.fr");
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("the version 2019-06-01 is simulated"), "{told}");
    assert!(told.contains("simulated data enter no catalogue; nothing was sent"), "{told}");
    // A name that only looks like this machine's is none of its own; only this machine's gets past, as far as the key.
    for api in ["", "https://localhost.example.org", "https://127.0.0.1.example.org"] {
        assert_eq!(push_the_sample(api).0, 3, "{api}");
    }
    let platform = Web::serve(|_| Answer::told(401, "{\"message\": \"Invalid API token\"}"));
    let (code, told) = push_the_sample(&platform.url);
    assert!(code == 4 && told.contains("the key is not known"), "{told}");
}

#[test]
fn a_configuration_that_cannot_be_right_names_its_line() {
    let scene = Scene::new();
    for (more, wanted) in [
        ("api = \"http://www.data.gouv.fr/api/1/\"", "does not begin with https://"),
        ("api = \"https://www.data.gouv.fr/\"", "does not end in /api/1/"),
        ("api = \"https://moi:secret@www.data.gouv.fr/api/1/\"", "credentials have no place in a configuration"),
        ("api = \"https://www.data.gouv.fr/api/1\"", "it must end in a slash"),
        ("public_url = \"https://example.org/store/\"", "unknown key « datagouv.public_url »"),
        ("dataset = \"rendez-vous-en-prefecture\"", "is no id of the platform"),
        ("tags = [\"préfecture\"]", "is no keyword"),
        ("tags = [\"ab\"]", "is no keyword"),
        ("key = \"udata_secret\"", "unknown key « datagouv.key »"),
    ] {
        scene.set_all(more);
        let told = scene.refused(Some("clef"), &[], 2);
        assert!(told.contains(wanted) && told.contains("pipeline.toml"), "{more}: {told}");
    }
    for (address, wanted) in [
        ("", "publication.base_url is missing, and [datagouv] needs it"),
        ("base_url = \"http://example.org/store\"", "does not begin with https://"),
        ("base_url = \"https://moi:secret@example.org/store\"", "publication.base_url holds a name or a password"),
    ] {
        scene.set_address(address, "");
        let told = scene.refused(Some("clef"), &[], 2);
        assert!(
            told.contains(wanted) && told.contains("pipeline.toml") && told.contains("hint: "),
            "{address}: {told}"
        );
        assert!(!told.contains("secret"), "{told}");
    }
}

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

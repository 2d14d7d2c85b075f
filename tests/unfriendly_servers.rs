//! What a reader meets on servers that are away, deny, lie or never end; and what is told of it.

use std::fs;
use std::net::TcpListener;

use guichets_ouverts::publish::StorageKey;
use serde_json::{Value, json};

use crate::store_quirks::assert_told;
use crate::stores::ask;
use crate::support::Run;
use crate::support::odd_s3::{OddS3, Oddity};
use crate::support::place::Place;
use crate::support::releases::publish_next;
use crate::support::web::{Answer, Web};

/// A port on which nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn why_a_server_cannot_be_reached_is_told_to_the_root() {
    let plain = Web::serve(|_| Answer::told(404, ""));
    let cases = [
        (format!("http://127.0.0.1:{}", closed_port()), "Connection refused", "port"),
        ("http://serveur.invalid".to_owned(), "leads nowhere", "spelt"),
        (plain.url.replace("http://", "https://"), "no encrypted connection", "https"),
    ];
    for (address, cause, hint) in cases {
        let refused = ask(&[], &["verify", &address]);
        assert_told(&refused, 4, &["versions.json: cannot fetch", cause, hint]);
    }
    let mut environment = OddS3::with(Oddity::Nothing).environment();
    environment[0].1 = format!("http://127.0.0.1:{}", closed_port());
    environment.push(("AWS_REQUEST_TIMEOUT", "1s".to_owned()));
    let refused = ask(&environment, &["verify", "s3://bucket/donnees"]);
    assert_told(&refused, 4, &["nobody listens there", "Connection refused", "port"]);
    let twice = refused.stderr.matches("Connection refused").count();
    assert_eq!(twice, 1, "said again: {}", refused.stderr);
}

#[test]
fn a_password_in_an_address_is_never_written() {
    let web = Web::serve(|asked| match asked.header("authorization") {
        Some(_) => Answer::told(404, ""),
        None => Answer::told(401, ""),
    });
    let host = web.url.strip_prefix("http://").unwrap();
    let (open, closed) = (
        format!("http://agent:mot-de-passe@{host}/d"),
        format!("http://agent:mot-de-passe@127.0.0.1:{}", closed_port()),
    );
    let wrong = ["ftp://agent:mot-de-passe@host/d".to_owned(), format!("{open}?signature=mot-de-passe")];
    for store in [open, closed].iter().chain(&wrong) {
        for command in ["status", "verify"] {
            let run = guichets_ask(&[command, store]);
            assert_ne!(run.code, Some(0));
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(!told.is_empty() && !told.contains("mot-de-passe"), "{told}");
        }
    }
    assert!(web.asked().iter().all(|asked| asked.header("authorization").is_some()), "it is sent all the same");
}

fn guichets_ask(args: &[&str]) -> Run {
    ask(&[("GUICHETS_LOG", "trace".to_owned())], args)
}

/// A server over HTTP that denies everything may hold a publication; one that gives something, and denies the rest, says by
/// it that the rest is not there.
#[test]
fn an_http_store_that_denies_everything_is_not_an_empty_one() {
    let web = Web::serve(|_| Answer::told(403, ""));
    let refused = ask(&[], &["verify", &web.url]);
    assert_told(&refused, 4, &["client error (403", "is it public"]);
    let web = Web::serve(|asked| match asked.path.as_str() {
        "/versions.json" => Answer::told(200, r#"{"versions":[],"last_successful":null}"#),
        _ => Answer::told(403, ""),
    });
    let refused = ask(&[], &["verify", &web.url]);
    assert_told(&refused, 2, &["no current version"]);
}

#[test]
fn what_others_wrote_commands_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let pointer = "{\"version\":\"2019-05-01\\u001b]0;repris\\u0007\",\"manifest\":\"m\\u009b2J\",\"manifest_sha256\":\"\",\
        \"published_at\":\"\\u202e\\u001b[2J\",\"fresh_until\":\"\"}";
    fs::write(folder.path().join("latest.json"), pointer).unwrap();
    for args in [&["status"][..], &["verify"], &["--json", "status"]] {
        let args: Vec<&str> = args.iter().copied().chain([folder.path().to_str().unwrap()]).collect();
        let run = ask(&[], &args);
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(
            !told.contains(|letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}'),
            "{told:?}"
        );
    }
}

#[test]
fn an_endless_answer_is_cut() {
    let store = OddS3::with(Oddity::Nothing);
    publish_next(&store.store(), "un", 3).unwrap();
    let objects = store.objects();
    let longer =
        objects.keys().find(|path| path.starts_with("versions/") && path.ends_with("paroles.csv")).unwrap().clone();
    let web = Web::serve(move |asked| {
        let path = asked.path.trim_start_matches('/');
        let mut bytes = match objects.get(path) {
            Some(bytes) => bytes.clone(),
            None => return Answer::told(404, ""),
        };
        if path == longer {
            bytes.resize(32 << 20, b'\n');
        }
        Answer::Whole(200, Vec::new(), bytes)
    });
    let verified = ask(&[], &["verify", &web.url]);
    assert_eq!(verified.code, Some(4));
    assert!(verified.stdout.contains("has at least"), "{}", verified.stdout);
    let longest = Web::serve(|_| Answer::Whole(200, Vec::new(), vec![b' '; 65 << 20]));
    let refused = ask(&[], &["verify", &longest.url]);
    assert_told(&refused, 4, &["longer than 64 MiB"]);
}

/// What is read whole has one bound, wherever it is kept.
#[test]
fn no_store_gives_more_than_a_small_object_whole() {
    // A folder, memory and S3: the others are asked as these are.
    for place in Place::all().take(3) {
        let store = place.open();
        let key = StorageKey::File { path: "data/grand".to_owned() };
        store.put(&key, &vec![b' '; (64 << 20) + 1]).unwrap();
        let refused = store.get("data/grand").unwrap_err();
        assert!(refused.to_string().contains("longer than 64 MiB"), "{}: {refused}", store.name());
        store.put(&key, &vec![b' '; 64 << 20]).unwrap();
        assert_eq!(store.get("data/grand").unwrap().unwrap().len(), 64 << 20, "{}", store.name());
    }
}

/// A server that makes up a version before each version would never come to an end.
#[test]
fn a_chain_is_not_followed_through_a_wrong_link() {
    let s3 = OddS3::with(Oddity::Nothing);
    publish_next(&s3.store(), "un", 3).unwrap();
    let objects = s3.objects();
    let manifest: Value = serde_json::from_slice(&objects["versions/2019-06-01/manifest.json"]).unwrap();
    let parent = |number: u32| json!({ "version": format!("v{number}"), "manifest_sha256": "0".repeat(64) });
    let web = Web::serve(move |asked| {
        let path = asked.path.trim_start_matches('/');
        let made_up = path.strip_prefix("versions/v").and_then(|rest| rest.strip_suffix("/manifest.json"));
        let number = made_up.and_then(|number| number.parse::<u32>().ok());
        if number.is_none() && !path.ends_with("manifest.json") {
            return objects
                .get(path)
                .map_or_else(|| Answer::told(404, ""), |bytes| Answer::Whole(200, vec![], bytes.clone()));
        }
        let mut told = manifest.clone();
        told["parent"] = parent(number.map_or(1, |number| number + 1));
        // Far more than there is, and than can be added up.
        told["files"][0]["bytes"] = json!(u64::MAX);
        if number == Some(50) {
            told["parent"] = Value::Null;
        }
        Answer::told(200, &told.to_string())
    });
    let verified = ask(&[], &["verify", &web.url, "--version", "2019-06-01"]);
    assert_eq!(verified.code, Some(4), "{}\n{}", verified.stdout, verified.stderr);
    assert!(verified.stdout.contains("chain: 2019-06-01 ← v1\n"), "{}", verified.stdout);
}

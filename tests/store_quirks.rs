//! Stores that are peculiar: either a version is published as it should be, or the publisher is told what stands in the way.

use std::fs;
use std::process::Command;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use guichets_ouverts::progress::Silent;
use guichets_ouverts::publish::{StorageKey, Store, verify};

use crate::stores::{ask, publish, publish_as_of};
use crate::support::odd_s3::{OddS3, Oddity};
use crate::support::releases::publish_next;
use crate::support::web::{Answer, Web};
use crate::support::{Run, root};

const SECOND_NIGHT: &str = "2019-05-02T00:00:00+02:00";

/// Runs the binary with nothing in its environment that speaks of a store, but for what is given.
fn alone(environment: &[(&str, String)], args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.envs(environment.iter().map(|(key, value)| (*key, value.as_str())));
    Run::of(command.arg("--project").arg(root()).args(args))
}

/// That a run failed with a code, and said all of this.
pub fn assert_told(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, Some(code), "{}\n{}", run.stdout, run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "« {word} » is missing: {}", run.stderr);
    }
}

#[test]
fn a_store_that_refuses_the_condition_is_not_taken_for_a_broken_one() {
    for (status, code) in [(501, "NotImplemented"), (400, "InvalidArgument"), (405, "MethodNotAllowed")] {
        let s3 = OddS3::with(Oddity::NoConditions(status, code));
        let refused = publish(&s3.environment(), &s3.url(), &[]);
        assert_told(&refused, 2, &["does not write conditionally", "--sole-publisher", code]);
        let conditions = s3.asked().iter().filter(|asked| asked.header("if-none-match").is_some()).count();
        assert_eq!(conditions, 1, "it was asked again though it will never answer otherwise");
        assert!(s3.objects().is_empty(), "{:?}", s3.objects().keys());
    }
    let s3 = OddS3::with(Oddity::NoConditions(501, "NotImplemented"));
    let alone = publish(&s3.environment(), &s3.url(), &["--sole-publisher"]);
    assert_eq!(alone.code, Some(0), "{}", alone.stderr);
}

#[test]
fn a_store_that_ignores_the_condition_is_refused() {
    let s3 = OddS3::with(Oddity::IgnoresConditions);
    let refused = s3.store().check_swap().unwrap_err();
    assert!(refused.to_string().contains("does not write conditionally"), "{refused}");
    assert!(s3.objects().is_empty());
}

/// « Another write is under way » is no answer: where nothing of another's is there, the version is published.
#[test]
fn a_conflict_with_nobody_is_no_faster_publisher() {
    let s3 = OddS3::with(Oddity::ConflictsFirst);
    let first = publish(&s3.environment(), &s3.url(), &[]);
    assert_eq!(first.code, Some(0), "{}\n{}", first.stdout, first.stderr);
    let second = publish_as_of(SECOND_NIGHT, &s3.environment(), &s3.url(), &[]);
    assert_eq!(second.code, Some(0), "{}\n{}", second.stdout, second.stderr);
    assert_eq!(ask(&s3.environment(), &["verify", &s3.url()]).code, Some(0));
    assert!(!s3.objects().keys().any(|path| path.contains("probe") || path.contains("claim")));
}

#[test]
fn conflicts_without_end_are_told_and_prove_nothing() {
    let s3 = OddS3::with(Oddity::ConflictsAlways);
    let store = s3.store();
    let tried = store.check_swap().unwrap_err().to_string();
    assert!(tried.contains("409 ConditionalRequestConflict"), "{tried}");
    let swapped = store.swap(&StorageKey::Latest, None, b"un").unwrap_err().to_string();
    assert!(swapped.contains("nobody else wrote") && swapped.contains("409"), "{swapped}");
    assert!(s3.objects().is_empty());
}

#[test]
fn of_publishers_in_conflict_exactly_one_wins() {
    for _ in 0..5 {
        let s3 = OddS3::with(Oddity::ConflictsFirst);
        let together = Barrier::new(6);
        let won: Vec<usize> = std::thread::scope(|scope| {
            let publishers: Vec<_> = (0..6)
                .map(|number| {
                    let (s3, together) = (&s3, &together);
                    scope.spawn(move || {
                        let store = s3.store();
                        together.wait();
                        store.swap(&StorageKey::Latest, None, number.to_string().as_bytes()).unwrap().then_some(number)
                    })
                })
                .collect();
            publishers.into_iter().filter_map(|publisher| publisher.join().unwrap()).collect()
        });
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(s3.objects()["latest.json"], won[0].to_string().as_bytes());
    }
}

/// It must be found on the first night: the pointer could never move again.
#[test]
fn tags_that_cannot_be_used_are_found_before_the_first_version() {
    for (oddity, what) in [(Oddity::WeakTags, "weak entity tags (W/\""), (Oddity::NoTags, "no entity tags")] {
        let s3 = OddS3::with(oddity);
        let refused = publish(&s3.environment(), &s3.url(), &[]);
        assert_told(&refused, 2, &[what, "proxy", "--sole-publisher"]);
        assert!(s3.objects().is_empty(), "{:?}", s3.objects().keys());
    }
}

/// A proxy that compresses since yesterday: no other publisher is to blame.
#[test]
fn tags_that_become_weak_are_no_faster_publisher() {
    let s3 = OddS3::with(Oddity::Nothing);
    let store = s3.store();
    assert!(store.swap(&StorageKey::Latest, None, b"un").unwrap());
    s3.becomes(Oddity::WeakTags);
    let refused = store.swap(&StorageKey::Latest, Some(b"un"), b"deux").unwrap_err().to_string();
    assert!(refused.contains("nobody else wrote"), "{refused}");
    assert_eq!(s3.objects()["latest.json"], b"un");
}

#[test]
fn a_key_that_may_not_list_publishes_first_and_later_versions() {
    let s3 = OddS3::with(Oddity::DeniesWhatIsNot);
    let first = publish(&s3.environment(), &s3.url(), &[]);
    assert_eq!(first.code, Some(0), "{}\n{}", first.stdout, first.stderr);
    let second = publish_as_of(SECOND_NIGHT, &s3.environment(), &s3.url(), &[]);
    assert_eq!(second.code, Some(0), "{}\n{}", second.stdout, second.stderr);
    let verified = ask(&s3.environment(), &["verify", &s3.url()]);
    assert_eq!(verified.code, Some(0), "{}\n{}", verified.stdout, verified.stderr);
    assert!(!s3.objects().keys().any(|path| path.contains("probe")));
}

/// What could not be looked at is never « nothing there »: who only reads writes nothing to find out.
#[test]
fn a_reader_who_is_denied_everything_is_not_told_that_nothing_is_there() {
    let s3 = OddS3::with(Oddity::DeniesWhatIsNot);
    let status = ask(&s3.environment(), &["status", &s3.url()]);
    assert_eq!(status.code, Some(4), "{}", status.stdout);
    assert!(!status.stdout.contains("publish one"), "{}", status.stdout);
    assert!(status.stdout.contains("403 AccessDenied") && status.stdout.contains("s3:ListBucket"), "{}", status.stdout);
    assert_eq!(status.stdout.matches("problem:").count(), 1, "{}", status.stdout);
    let verified = ask(&s3.environment(), &["verify", &s3.url()]);
    assert_told(&verified, 4, &["403 AccessDenied", "s3:GetObject", "s3:ListBucket"]);
    assert!(s3.asked().iter().all(|asked| ["GET", "HEAD"].contains(&asked.method.as_str())));
}

/// With a second publisher, a condition on the write protects what was not seen; a sole one has no such net.
#[test]
fn a_sole_publisher_who_may_not_list_is_told_what_is_missing() {
    let s3 = OddS3::with(Oddity::DeniesWhatIsNot);
    let refused = publish(&s3.environment(), &s3.url(), &["--sole-publisher"]);
    assert_told(&refused, 4, &["403 AccessDenied", "s3:ListBucket"]);
    assert!(s3.objects().is_empty());
}

/// A key that lost the right to read must not begin a new history over the one that is there.
#[test]
fn a_key_that_may_not_read_publishes_nothing_over_what_is_there() {
    let s3 = OddS3::with(Oddity::Nothing);
    assert_eq!(publish(&s3.environment(), &s3.url(), &[]).code, Some(0));
    let before = s3.objects();
    s3.becomes(Oddity::DeniesReading);
    for more in [&[][..], &["--sole-publisher"]] {
        let refused = publish_as_of(SECOND_NIGHT, &s3.environment(), &s3.url(), more);
        assert_told(&refused, 4, &["s3:GetObject"]);
        assert!(s3.objects() == before, "something changed");
    }
}

#[test]
fn a_bucket_that_is_not_there_is_not_an_empty_one() {
    let s3 = OddS3::with(Oddity::Always(404, "NoSuchBucket"));
    let refused = ask(&s3.environment(), &["status", &s3.url()]);
    assert!(refused.stdout.contains("no such bucket"), "{}{}", refused.stdout, refused.stderr);
}

/// What a store answers to a wrong configuration, and what the publisher is told.
#[test]
fn each_known_refusal_has_its_sentence_and_what_to_do() {
    let cases = [
        (Oddity::Always(403, "RequestTimeTooSkewed"), "the clock of this machine", "NTP"),
        (Oddity::Elsewhere, "in another region", "AWS_REGION"),
        (Oddity::Always(400, "AuthorizationHeaderMalformed"), "in another region", "AWS_REGION"),
        (Oddity::Always(403, "InvalidAccessKeyId"), "does not know the key", "AWS_ACCESS_KEY_ID"),
        (Oddity::Always(403, "SignatureDoesNotMatch"), "does not accept the key's secret", "AWS_SECRET_ACCESS_KEY"),
        (Oddity::Always(400, "ExpiredToken"), "has ended", "AWS_SESSION_TOKEN"),
    ];
    for (oddity, sentence, hint) in cases {
        let s3 = OddS3::with(oddity);
        let refused = ask(&s3.environment(), &["verify", &s3.url()]);
        assert_told(&refused, 4, &["versions.json", sentence, hint]);
        assert!(!refused.stderr.contains('<'), "not in XML: {}", refused.stderr);
    }
}

#[test]
fn a_store_without_credentials_is_refused_at_once() {
    let begun = Instant::now();
    for environment in [vec![], vec![("AWS_PROFILE", "essai".to_owned())], vec![("AWS_ACCESS_KEY_ID", String::new())]] {
        let refused = alone(&environment, &["status", "s3://bucket/donnees"]);
        assert_told(&refused, 2, &["s3://bucket/donnees: there are no credentials", "AWS_ACCESS_KEY_ID", "profiles"]);
    }
    let raw = alone(&[], &["run", "rendez-vous", "--raw", "s3://logs/sonde", "--store", "memory:///"]);
    assert_told(&raw, 2, &["s3://logs/sonde: there are no credentials"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "somebody was waited for");
}

/// The ways in which machines in the cloud get their credentials.
#[test]
fn credentials_that_a_machine_is_given_are_used() {
    let s3 = OddS3::with(Oddity::Nothing);
    publish_next(&s3.store(), "un", 3).unwrap();
    let told = r#"{"AccessKeyId":"prete","SecretAccessKey":"secret","Token":"jeton","Expiration":"2999-01-01T00:00:00Z",
        "Code":"Success","LastUpdated":"2019-01-01T00:00:00Z","Type":"AWS-HMAC"}"#;
    let giver = Web::serve(move |asked| match asked.path.as_str() {
        "/latest/api/token" => Answer::told(200, "jeton"),
        "/latest/meta-data/iam/security-credentials/" => Answer::told(200, "role"),
        _ => Answer::told(200, told),
    });
    let token = tempfile::NamedTempFile::new().unwrap();
    fs::write(token.path(), "jeton").unwrap();
    let file = token.path().to_str().unwrap().to_owned();
    let ways = [
        vec![("AWS_METADATA_ENDPOINT", giver.url.clone())],
        vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/role", giver.url)),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file),
        ],
        vec![("AWS_SKIP_SIGNATURE", "true".to_owned())],
    ];
    for mut environment in ways {
        environment.extend([
            ("AWS_ENDPOINT_URL", s3.endpoint().to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]);
        let status = alone(&environment, &["verify", &s3.url(), "--version", "2019-06-01"]);
        assert_eq!(status.code, Some(0), "{environment:?}: {}\n{}", status.stdout, status.stderr);
        let signed = s3.asked().last().unwrap().header("authorization").is_some_and(|by| by.contains("prete"));
        assert_eq!(signed, environment[0].0 != "AWS_SKIP_SIGNATURE", "{environment:?}");
    }
}

#[test]
fn an_endpoint_that_is_not_encrypted_or_no_address_is_told_so() {
    let keys = [("AWS_ACCESS_KEY_ID", "essai".to_owned()), ("AWS_SECRET_ACCESS_KEY", "essai".to_owned())];
    for (name, endpoint, words) in [
        (
            "AWS_ENDPOINT_URL",
            "http://s3.example.org",
            ["http://s3.example.org is not encrypted", "AWS_ALLOW_HTTP=true"],
        ),
        ("AWS_ENDPOINT_URL_S3", "http://s3.example.org", ["is not encrypted", "AWS_ALLOW_HTTP=true"]),
        ("AWS_ENDPOINT_URL", "s3.example.org", ["« s3.example.org » is no address", "https://s3.example.org"]),
        ("AWS_ENDPOINT_URL", "s3.example.org:9000", ["is no address", "https://s3.example.org"]),
    ] {
        let environment: Vec<_> = keys.iter().cloned().chain([(name, endpoint.to_owned())]).collect();
        assert_told(&alone(&environment, &["status", "s3://bucket/donnees"]), 2, &words);
    }
}

/// The suite of a publication, on a store whose every creation is contested by nobody.
#[test]
fn versions_on_a_store_in_conflict_verify() {
    let s3 = OddS3::with(Oddity::ConflictsFirst);
    let store = s3.store();
    for said in ["un", "deux", "trois"] {
        publish_next(&store, said, 3).unwrap();
        assert!(verify(&store, None, None, &Silent).unwrap().faults.is_empty());
    }
}

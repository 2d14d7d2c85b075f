//! What object stores refuse: each provider has its own words, and each refusal is told with what it means and what to do.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::store_quirks::assert_told;
use crate::stores::{ask, publish};
use crate::support::azure::{ACCOUNT, Container};
use crate::support::gcs::Gcs;
use crate::support::proxy::{Fate, Proxy};
use crate::support::s3::{self, Bucket};
use crate::support::web::{Answer, Web};

type Variables = Vec<(&'static str, String)>;

/// A store, and what is set to ask the server at an address for it.
type Asking = (&'static str, fn(&str) -> Variables);

/// One of each provider.
const PROVIDERS: [Asking; 3] = [
    ("s3://seau/x", |url| Bucket::environment_through(url.rsplit(':').next().unwrap().parse().unwrap())),
    ("az://conteneur/x", |url| Container::environment_at(&format!("{url}/{ACCOUNT}"))),
    ("gs://seau/x", Gcs::environment_at),
];
const S3: usize = 0;
const AZURE: usize = 1;
const GOOGLE: usize = 2;

/// An error as all three write it; Azure's begins with a mark of its encoding.
fn refusal(code: &str, detail: &str) -> String {
    let detail = format!("<AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail>");
    format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>the words for {code}\n</Message>{detail}</Error>"
    )
}

/// What is answered to everything: by whom, with which status, code and detail; and what is told of it.
type Case = (usize, u16, &'static str, &'static str, [&'static str; 2]);

fn assert_meant((provider, status, code, detail, words): Case) {
    let (store, environment) = PROVIDERS[provider];
    let web = Web::serve(move |_| Answer::told(status, &refusal(code, detail)));
    let refused = ask(&environment(&web.url), &["verify", store]);
    assert_told(
        &refused,
        4,
        &["versions.json: cannot read: ", &format!("{status} {code}: the words for"), words[0], words[1]],
    );
    assert!(!refused.stderr.contains(['<', '\u{feff}']), "not in XML: {}", refused.stderr);
    assert!(!refused.stderr.contains("c2lnbmF0dXJl"), "no signature: {}", refused.stderr);
}

#[test]
fn each_provider_s_refusals_have_their_sentence_and_what_to_do() {
    let mac = "The MAC signature found in the HTTP request 'c2lnbmF0dXJl' is not the same as any computed signature.";
    let old = "Request date header too old: 'Wed, 01 May 2019 00:00:00 GMT'";
    let frame = "Signature not valid in the specified time frame: Start [a] - Expiry [b] - Current [c]";
    let lifetime = "Lifetime validation failed. The token is expired.";
    let cases: [Case; 20] = [
        (S3, 403, "RequestTimeTooSkewed", "", ["the clock of this machine", "NTP"]),
        (S3, 400, "ExpiredToken", "", ["has ended", "AWS_SESSION_TOKEN"]),
        (S3, 403, "AccessDenied", "", ["do not allow it", "s3:GetObject"]),
        (S3, 404, "NoSuchBucket", "", ["no such bucket", "make the bucket"]),
        (AZURE, 403, "AuthenticationFailed", mac, ["does not accept the key:", "AZURE_STORAGE_ACCOUNT_KEY"]),
        (AZURE, 403, "AuthenticationFailed", old, ["the clock of this machine", "NTP"]),
        (AZURE, 403, "AuthenticationFailed", frame, ["has ended", "AZURE_STORAGE_SAS_KEY"]),
        (AZURE, 401, "InvalidAuthenticationInfo", lifetime, ["has ended", "AZURE_STORAGE_TOKEN"]),
        (AZURE, 400, "InvalidAuthenticationInfo", "", ["does not accept the key:", "AZURE_STORAGE_ACCOUNT_KEY"]),
        (AZURE, 401, "NoAuthenticationInformation", "", ["no credentials", "AZURE_STORAGE_ACCOUNT_NAME"]),
        (AZURE, 403, "AuthorizationPermissionMismatch", "", ["do not allow it", "Storage Blob Data Contributor"]),
        (AZURE, 403, "AuthorizationFailure", "", ["do not allow it", "firewall"]),
        (AZURE, 404, "ContainerNotFound", "", ["no such container", "make the container"]),
        (AZURE, 409, "BlobImmutableDueToPolicy", "", ["retention policy", "latest.json"]),
        (GOOGLE, 403, "AccessDenied", "", ["do not allow it", "storage.objects.get"]),
        (GOOGLE, 401, "AuthenticationRequired", "", ["no credentials", "GOOGLE_SERVICE_ACCOUNT"]),
        (GOOGLE, 403, "RequestTimeTooSkewed", "", ["the clock of this machine", "NTP"]),
        (GOOGLE, 400, "ExpiredToken", "", ["has ended", "renew the credentials"]),
        (GOOGLE, 404, "NoSuchBucket", "", ["no such bucket", "make the bucket"]),
        (GOOGLE, 403, "RetentionPolicyNotMet", "", ["retention policy", "latest.json"]),
    ];
    cases.into_iter().for_each(assert_meant);
}

/// They are asked again for some seconds, each, and then given up.
#[test]
fn a_store_that_has_too_much_to_do_is_told_so() {
    let cases: [Case; 3] = [
        (S3, 503, "SlowDown", "", ["too much to do", "run again later"]),
        (AZURE, 503, "ServerBusy", "", ["too much to do", "run again later"]),
        (GOOGLE, 429, "SlowDown", "", ["too much to do", "run again later"]),
    ];
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || assert_meant(case));
        }
    });
}

/// Who gives out tokens answers in JSON.
#[test]
fn a_client_that_azure_does_not_know_is_told_so() {
    let web = Web::serve(|_| {
        Answer::told(401, r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret."}"#)
    });
    let mut environment = Container::environment_at(&web.url);
    environment.retain(|(name, _)| *name != "AZURE_STORAGE_ACCOUNT_KEY");
    environment.extend([
        ("AZURE_AUTHORITY_HOST", web.url.clone()),
        ("AZURE_STORAGE_CLIENT_ID", "client".to_owned()),
        ("AZURE_STORAGE_CLIENT_SECRET", "un-secret".to_owned()),
        ("AZURE_STORAGE_TENANT_ID", "locataire".to_owned()),
    ]);
    let refused = ask(&environment, &["verify", "az://conteneur/x"]);
    assert_told(&refused, 4, &["does not accept the key: the store answered 401 invalid_client: AADSTS7000215"]);
    assert_told(&refused, 4, &["AZURE_STORAGE_CLIENT_SECRET"]);
    assert!(!refused.stderr.contains("un-secret"), "{}", refused.stderr);
}

/// Azure says « not there » to whoever may read: a denial says nothing of what is there.
#[test]
fn what_azure_denies_is_not_taken_for_missing() {
    let Some(container) = Container::new() else { return };
    assert_eq!(publish(&container.environment(), &container.url(), &[]).code, Some(0));
    let proxy =
        Proxy::before(container.port, |asked, _| if asked.method == "HEAD" { Fate::Refused(403) } else { Fate::Pass });
    let environment = Container::environment_at(&format!("http://127.0.0.1:{}/{ACCOUNT}", proxy.port));
    let status = ask(&environment, &["status", &container.url()]);
    assert_told(&status, 4, &["do not allow it", "Storage Blob Data Contributor"]);
    assert!(!format!("{}{}", status.stdout, status.stderr).contains("is not there;"), "{}", status.stdout);
}

#[test]
fn a_container_that_is_not_there_is_not_an_empty_one() {
    let Some(container) = Container::new() else { return };
    let status = ask(&container.environment(), &["status", "az://nulle-part/x"]);
    assert_eq!(status.code, Some(4));
    assert!(status.stdout.contains("there is no such container"), "{}", status.stdout);
    let refused = publish(&container.environment(), "az://nulle-part/x", &[]);
    assert_told(&refused, 4, &["there is no such container", "make the container first"]);
}

#[test]
fn what_is_published_to_azure_is_verified_by_anyone_over_http() {
    let Some(container) = Container::new() else { return };
    let published = publish(&container.environment(), &container.url(), &[]);
    assert_eq!(published.code, Some(0), "{}\n{}", published.stdout, published.stderr);
    let again = publish(&container.environment(), &container.url(), &[]);
    assert_eq!(again.code, Some(1), "nothing new: {}", again.stdout);
    for (environment, store) in [(container.environment(), container.url()), (Vec::new(), container.public_url())] {
        let verified = ask(&environment, &["verify", &store]);
        assert_eq!(verified.code, Some(0), "{}\n{}", verified.stdout, verified.stderr);
        let status = ask(&environment, &["status", &store, "--at", "2019-05-01T12:00:00+02:00"]);
        assert_eq!(status.code, Some(0), "{}\n{}", status.stdout, status.stderr);
    }
}

#[test]
fn keys_that_azure_does_not_accept_are_told_and_never_written() {
    let Some(container) = Container::new() else { return };
    let sas = "sv=2021-08-06&ss=b&srt=o&sp=r&se=2020-01-01T00%3A00%3A00Z&sig=bW90LWRlLXBhc3Nl";
    for (name, value) in [("AZURE_STORAGE_ACCOUNT_KEY", "bW90LWRlLXBhc3Nl"), ("AZURE_STORAGE_SAS_KEY", sas)] {
        let mut environment = container.environment();
        environment.retain(|(name, _)| *name != "AZURE_STORAGE_ACCOUNT_KEY");
        environment.extend([(name, value.to_owned()), ("GUICHETS_LOG", "trace".to_owned())]);
        // Here, and not at Azure itself, a wrong key reads what anybody may read.
        let refused = publish(&environment, &container.url(), &[]);
        assert_told(&refused, 4, &["does not accept the key", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_KEY"]);
        assert!(!format!("{}{}", refused.stdout, refused.stderr).contains("bW90LWRlLXBhc3Nl"), "{}", refused.stderr);
    }
}

#[test]
fn an_endpoint_that_is_not_encrypted_is_told_for_azure_too() {
    let mut environment = Container::environment_at("http://127.0.0.1:9/compte");
    environment.retain(|(name, _)| *name != "AZURE_ALLOW_HTTP");
    let refused = ask(&environment, &["verify", "az://conteneur/x"]);
    assert_told(&refused, 4, &["the endpoint is not encrypted", "AZURE_ALLOW_HTTP=true"]);
}

/// A server that looks at signatures, and who has which keys there.
struct Signing {
    told: Value,
    _process: Child,
}

fn signing() -> &'static Value {
    static SERVER: OnceLock<Signing> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let mut command = Command::new(s3::ENVIRONMENT.interpreter());
        command.args(["-c", include_str!("support/s3_signing.py")]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Signing { told: serde_json::from_str(&line).unwrap(), _process: process }
    });
    &server.told
}

/// The environment of somebody with a pair of keys there, and a token, which may be an empty text.
fn with(id: &str, secret: &str, token: &str) -> Variables {
    let mut environment = Bucket::environment_through(signing()["port"].as_u64().unwrap().try_into().unwrap());
    environment.truncate(3);
    let credentials = [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_SESSION_TOKEN", token)];
    environment.extend(credentials.map(|(name, value)| (name, value.to_owned())));
    environment
}

#[test]
fn a_server_that_looks_at_signatures_lets_in_who_may() {
    let key = |name: &str, part: usize| signing()["keys"][name][part].as_str().unwrap();
    let store = format!("s3://{}/donnees", signing()["bucket"].as_str().unwrap());
    // A forge sets what nobody has given to an empty text.
    let environment = with(key("everything", 0), key("everything", 1), "");
    let published = publish(&environment, &store, &[]);
    assert_eq!(published.code, Some(0), "{}\n{}", published.stdout, published.stderr);
    let session = with(key("session", 0), key("session", 1), key("session", 2));
    assert_eq!(ask(&session, &["verify", &store]).code, Some(0));

    for (environment, words) in [
        (
            with(key("everything", 0), "un-secret", ""),
            ["SignatureDoesNotMatch", "key's secret", "AWS_SECRET_ACCESS_KEY"],
        ),
        (with("AKIAINCONNUE", "un-secret", ""), ["InvalidAccessKeyId", "does not know the key", "AWS_ACCESS_KEY_ID"]),
        (with(key("nothing", 0), key("nothing", 1), ""), ["AccessDenied", "do not allow it", "s3:GetObject"]),
        (with(key("session", 0), key("session", 1), "jeton"), ["InvalidToken", "has ended", "AWS_SESSION_TOKEN"]),
    ] {
        for refused in [ask(&environment, &["verify", &store]), publish(&environment, &store, &[])] {
            assert_told(&refused, 4, &words);
            assert!(!refused.stderr.contains("un-secret"), "{}", refused.stderr);
        }
    }
}

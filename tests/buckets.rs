//! Whatever the keys of a bucket, the logs in it are read, and every other key is named.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::raw::{AS_OF, left_alone, line, tolerant};
use crate::support::s3::Bucket;
use crate::support::web::{Answer, Asked, Web};
use crate::support::{Store, guichets_with, root};

/// Puts an object whose key is taken as it is.
fn put(bucket: &Bucket, key: &str, text: &str) {
    let encoded: String = key.bytes().fold(String::new(), |encoded, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        encoded + &if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    assert_eq!(bucket.request("PUT", &encoded, text).0, 200, "{key}");
}

/// What a run told of a bucket: what was read, and what was left alone.
fn of_bucket(environment: &[(&'static str, String)], url: &str) -> (Vec<String>, Vec<String>) {
    let store = Store::new();
    let (pipeline, path) = (tolerant(), store.path());
    let args = ["run", pipeline.to_str().unwrap(), "--raw", url, "--store", path.to_str().unwrap()];
    let run = guichets_with(environment, root(), args.into_iter().chain(["--as-of", AS_OF, "--json"]));
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let read = store.rows("fichiers").iter().map(|row| row["fichier"].clone()).collect();
    (read, left_alone(&told["summary"]["left_alone"]))
}

#[test]
fn a_bucket_with_keys_that_cannot_be_named_is_read_all_the_same() {
    let bucket = Bucket::new();
    let good = [
        "00.ndjson",
        "jour/attempts 02 été+nuit.ndjson",
        "jour/attempts%2003.ndjson",
        "jour/attempts#4?x=1.ndjson",
        "jour/attempts-06.NDJSON.1",
        "zz.ndjson",
    ];
    (0..).zip(good).for_each(|(number, key)| put(&bucket, &format!("donnees/brut/{key}"), &line(number)));
    // Several in a row, at the front, at the end.
    let odd = [
        "/0.ndjson",
        "jour//attempts-05.ndjson",
        "jour//attempts-06.ndjson",
        "jour//x/./y.ndjson",
        "jour/./p.ndjson",
        "zzz/../q.ndjson",
    ];
    for key in &odd {
        put(&bucket, &format!("donnees/brut/{key}"), &line(99));
    }
    put(&bucket, "donnees/brut/LISEZ-MOI.txt", "bonjour");
    put(&bucket, "donnees/brut/.cache/x.ndjson", &line(99));
    put(&bucket, "donnees/brut/jour/", "");
    put(&bucket, "donnees/brut/vide.ndjson", "");
    put(&bucket, "donnees/brut-2/ailleurs.ndjson", &line(99));
    let (read, left_alone) = of_bucket(&bucket.environment(), &format!("s3://{}/donnees/brut", bucket.name));
    assert_eq!(
        read,
        [
            "00.ndjson",
            "jour/attempts 02 été+nuit.ndjson",
            "jour/attempts#4?x=1.ndjson",
            "jour/attempts%252003.ndjson",
            "jour/attempts-06.NDJSON.1",
            "vide.ndjson",
            "zz.ndjson",
        ]
    );
    assert_eq!(
        left_alone,
        [
            ".cache/x.ndjson cache",
            "/0.ndjson cle_illisible",
            "LISEZ-MOI.txt autre_nom",
            "jour/./p.ndjson cle_illisible",
            "jour//attempts-05.ndjson cle_illisible",
            "jour//attempts-06.ndjson cle_illisible",
            "jour//x/./y.ndjson cle_illisible",
            "zzz/../q.ndjson cle_illisible",
        ]
    );
    let one = of_bucket(&bucket.environment(), &format!("s3://{}/donnees/brut/zz.ndjson", bucket.name));
    assert_eq!(one, (vec!["zz.ndjson".to_owned()], Vec::new()), "a prefix that is one object");
}

/// The answer of an S3 server that holds these keys, each with a log, to a request for a list or an object.
fn s3(objects: &BTreeMap<String, String>, asked: &Asked) -> Answer {
    let url = url::Url::parse(&format!("http://seau{}", asked.path)).unwrap();
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let given = |name: &str| query.get(name).map_or("", String::as_str);
    if !query.contains_key("list-type") {
        let key = percent_encoding::percent_decode_str(url.path()).decode_utf8().unwrap().into_owned();
        let object = objects.get(key.trim_start_matches("/seau/"));
        return object.map_or_else(|| Answer::told(404, ""), |text| Answer::told(200, text));
    }
    // The token is the last key of the page before.
    let after = given("continuation-token").max(given("start-after"));
    let most = given("max-keys").parse().unwrap_or(1000);
    let rest = objects.iter().filter(|(key, _)| key.starts_with(given("prefix")) && key.as_str() > after);
    let page: Vec<_> = rest.clone().take(most).collect();
    let escaped = |key: &str| key.replace('&', "&amp;").replace('\n', "&#xA;").replace('\u{7f}', "&#x7F;");
    let entry = |(key, text): &(&String, &String)| {
        let (key, size) = (escaped(key), text.len());
        format!(
            "<Contents><Key>{key}</Key><LastModified>2019-05-01T00:00:00.000Z</LastModified><Size>{size}</Size></Contents>"
        )
    };
    let token = match page.last() {
        Some((last, _)) if rest.count() > page.len() => {
            format!("<NextContinuationToken>{}</NextContinuationToken>", escaped(last))
        }
        _ => String::new(),
    };
    let entries: String = page.iter().map(entry).collect();
    Answer::told(200, &format!("<?xml version=\"1.0\"?><ListBucketResult>{entries}{token}</ListBucketResult>"))
}

#[test]
fn thousands_of_keys_are_listed_around_those_that_hold_control_characters() {
    let odd = [
        "jour/0050\n.ndjson",
        "jour/0999\u{7f}.ndjson",
        "jour/1000//.ndjson",
        "jour/1000//1.ndjson",
        "jour/2499.ndjson\n",
    ];
    // Three are logs; the others are there to be listed.
    let good =
        (0..2500).map(|number| format!("jour/{number:04}.{}", if number % 1000 == 7 { "ndjson" } else { "txt" }));
    let objects = good.chain(odd.map(str::to_owned)).zip(0..).map(|(key, number)| (key, line(number))).collect();
    let web = Web::serve(move |asked| s3(&objects, asked));
    let port = web.url.rsplit(':').next().unwrap().parse().unwrap();
    let (read, left_alone) = of_bucket(&Bucket::environment_through(port), "s3://seau/jour");
    assert_eq!(read, ["0007.ndjson", "1007.ndjson", "2007.ndjson"]);
    let unnamed: Vec<&str> = left_alone.iter().filter_map(|file| file.strip_suffix(" cle_illisible")).collect();
    assert_eq!(unnamed, ["0050%0A.ndjson", "0999%7F.ndjson", "1000//.ndjson", "1000//1.ndjson", "2499.ndjson%0A"]);
    assert!(left_alone.contains(&"./ (2497) autre_nom".to_owned()), "the others are counted: {left_alone:?}");
    let lists = web.asked().iter().filter(|asked| asked.path.contains("list-type")).count();
    assert!(lists < 100, "{lists} requests for a list");
}

#[test]
fn a_key_that_begins_with_a_slash_is_not_the_one_without() {
    let bucket = Bucket::new();
    put(&bucket, "a.ndjson", &line(1));
    put(&bucket, "/a.ndjson", &line(2));
    put(&bucket, "/b.ndjson", &line(3));
    let (read, left_alone) = of_bucket(&bucket.environment(), &format!("s3://{}", bucket.name));
    assert_eq!(read, ["a.ndjson"]);
    assert_eq!(left_alone, ["/a.ndjson cle_illisible", "/b.ndjson cle_illisible"]);
}

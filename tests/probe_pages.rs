//! Where the plan asks for it, the page on which each line stands is kept, as an archive that others' tools read, and nobody
//! but the operator sees it.

use std::collections::BTreeMap;
use std::process::Command;

use guichets_ouverts::progress::Silent;
use serde_json::Value;

use crate::support::counters::{Charset, Counters, Moved, Rehearsal, Service, Told, lines};
use crate::support::python::Environment;
use crate::support::{Run, tree};

const NONE: &str = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";

static WARCIO: Environment = Environment::new("tests/requirements-warc.txt");

/// Reads archives, each digest compared, and prints by file its records.
const READ: &str = r"
import base64, hashlib, json, sys
from warcio.archiveiterator import ArchiveIterator
found = {}
for path in sys.argv[1:]:
    with open(path, 'rb') as file:
        records = []
        for record in ArchiveIterator(file, check_digests='raise'):
            body = record.content_stream().read()
            http = record.http_headers
            records.append({
                'type': record.rec_type, 'headers': dict(record.rec_headers.headers), 'sha256': hashlib.sha256(body).hexdigest(),
                'first': http.statusline if http else None, 'http': http.headers if http else [],
                'text': body.decode('utf-8', 'replace') if record.rec_type == 'warcinfo' else '',
            })
        found[path.rsplit('/', 1)[1]] = records
print(json.dumps(found))
";

/// One cycle of services that are told so, by a plan with these words more.
fn cycle(told: Vec<Told>, more: &str) -> Rehearsal {
    let services = (0..told.len()).map(|n| Service::ez(n, &format!("www.h{n}.gouv.fr"))).collect();
    let rehearsal = Rehearsal::new(services, 288, 300, more);
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let answer = move |place: &str, _| told[place[5..6].parse::<usize>().unwrap()].clone();
    rehearsal.once(&clock, &Counters::new(answer, move || shown.shows()), &Silent, None).unwrap();
    rehearsal
}

fn told() -> Vec<Told> {
    vec![
        Told::None(NONE, Charset::Utf8),
        Told::None(NONE, Charset::Latin1),
        Told::Page(403, "Sorry, you have been blocked. Your IP: 203.0.113.7"),
        Told::Half,
        Told::Nothing,
        Told::Slots(vec![1_796_717_400]),
    ]
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

#[test]
fn the_page_of_each_line_is_an_archive_whose_digest_the_line_has() {
    let rehearsal = cycle(told(), "garder_pages = true");
    let lines: Vec<Value> = lines(&rehearsal.out()).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let folder = rehearsal.out().join("pages/2026-12-01");
    let files: Vec<_> = tree(&folder).into_keys().map(|name| folder.join(name)).collect();
    assert_eq!(files.len(), lines.len());
    let read = Run::of(Command::new(WARCIO.interpreter()).args(["-c", READ]).args(&files));
    assert_eq!(read.code, Some(0), "{}", read.stderr);
    let checked = Run::of(Command::new(WARCIO.interpreter()).args(["-m", "warcio.cli", "check"]).args(&files));
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    let archives: BTreeMap<String, Vec<Value>> = serde_json::from_str(&read.stdout).unwrap();
    let mut truncated = Vec::new();
    for line in &lines {
        let id = text(line, "attempt_id");
        let records = &archives[&format!("{id}.warc.gz")];
        let types: Vec<&str> = records.iter().map(|record| text(record, "type")).collect();
        if text(line, "failure") == "empty_response" {
            assert_eq!(types, ["warcinfo", "request"], "nothing came back");
            continue;
        }
        assert_eq!(types, ["warcinfo", "request", "response"]);
        let [info, request, response] = records.as_slice() else { unreachable!() };
        assert!(text(info, "text").contains(&format!("attempt: {id}")), "{info}");
        assert!(text(info, "text").contains("http-header-from: sonde@example.org"), "{info}");
        assert_eq!(text(response, "sha256"), text(line, "body_sha256"), "{line}");
        assert!(text(response, "first").contains(&line["http_status"].to_string()), "{response}");
        let uri = |record: &Value| text(&record["headers"], "WARC-Target-URI").to_owned();
        assert_eq!([uri(request), uri(response)], [text(line, "final_url"); 2]);
        assert_eq!(text(&response["headers"], "WARC-Concurrent-To"), text(&request["headers"], "WARC-Record-ID"));
        truncated.extend(response["headers"]["WARC-Truncated"].as_str().map(|why| (text(line, "failure"), why)));
    }
    // Both tries of the page of which half came.
    assert_eq!(truncated, [("truncated_body", "disconnect"); 2]);
}

#[test]
fn pages_are_kept_for_the_operator_alone_and_without_what_tells_visitors_apart() {
    let rehearsal = cycle(told(), "garder_pages = true");
    let folder = rehearsal.out().join("pages");
    let mut cookies = 0;
    for (name, bytes) in tree(&folder) {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(bytes.as_slice()), &mut text).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(!text.contains("seance") && !text.contains("xtvrn=1"), "{name}: {text}");
        cookies += text.matches("cookie: [retire]").count();
    }
    assert!(cookies > 4, "{cookies}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&folder).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
    for part in ["journaux", "preuves", "etat"] {
        assert!(tree(&rehearsal.out().join(part)).keys().all(|name| !name.contains("warc")), "{part}");
    }
    let page = guichets_ouverts::probe::declaration(&rehearsal.plan());
    assert!(page.contains("est conservée par l'opérateur"), "the declared page says so");
}

#[test]
fn a_plan_that_does_not_ask_for_pages_keeps_none() {
    let rehearsal = cycle(told(), "");
    assert!(!rehearsal.out().join("pages").exists());
    assert!(guichets_ouverts::probe::declaration(&rehearsal.plan()).contains("seule l'empreinte"));
    let with = cycle(told(), "garder_pages = true");
    let of = |rehearsal: &Rehearsal| -> Vec<String> {
        let lines = lines(&rehearsal.out()).into_iter();
        lines.map(|line| text(&serde_json::from_str(&line).unwrap(), "body_sha256").to_owned()).collect()
    };
    assert_eq!(of(&rehearsal), of(&with), "the lines are the same");
}

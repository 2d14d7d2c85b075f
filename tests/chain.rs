//! From one end to the other: the command itself looks at a server that imitates booking sites, its log becomes a version, and
//! the pages of the version say what the server answered. It leaves the pages where anyone can open them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use regex::Regex;
use serde_json::Value;

use crate::support::counters::{Charset, Counters, Told, violations};
use crate::support::version::csv_rows;
use crate::support::web::Web;
use crate::support::{Row, copy, guichets, json, root};

/// What a newcomer types; docs/PROBE.md and README.md say so.
const COMMAND: &str = "cargo test --test promises -- from_one_end_to_the_other";

const NONE: &str = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";
/// A morning after the rehearsal.
const FREE: i64 = 1_797_500_000;
/// The slots of ten days, five a day.
const CYCLES: usize = 50;
const AS_OF: &str = "2026-12-11T00:00:00Z";

/// What the server answers to the `n`th look at a host, from 1.
fn script(host: &str, n: usize) -> Told {
    match (host, n) {
        ("mont-mirage.example", n) if n % 12 == 5 => Told::Slots(vec![FREE]),
        ("port-songe.example", 15..=20) => Told::Page(403, "Request forbidden by administrative rules."),
        ("haute-chimere.example", 31..) => Told::Captcha,
        ("val-imaginaire.example", n) if n % 7 == 0 => Told::Page(502, "<h1>502 Bad Gateway</h1>"),
        ("val-imaginaire.example", n) if n % 5 == 1 => Told::Slots(vec![FREE]),
        _ => Told::None(NONE, Charset::Utf8),
    }
}

/// The column in which an answer is counted.
const fn counted_as(told: &Told) -> &'static str {
    match told {
        Told::None(..) => "non",
        Told::Slots(_) => "oui",
        _ => "inconnues",
    }
}

/// The server, and how often each host was looked at by its own account.
struct Imitation {
    counters: Counters,
    looks: Arc<Mutex<BTreeMap<String, usize>>>,
    address: String,
}

impl Imitation {
    fn serve() -> Self {
        let looks: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
        let (told, counted) = (Arc::clone(&looks), Arc::clone(&looks));
        let telling = move |place: &str, _| {
            let host = place.split('/').next().unwrap();
            script(host, told.lock().unwrap().get(host).copied().unwrap_or_default())
        };
        // The rehearsal leaps over its waits and the server does not: an answer without a date is compared with no clock.
        let counters = Counters::new(telling, chrono::Utc::now).without_date();
        let answers = counters.clone();
        let web = Web::serve(move |asked| {
            if asked.method == "GET" && asked.path.ends_with("/0") {
                let host = asked.header("host").unwrap().split(':').next().unwrap().to_owned();
                *counted.lock().unwrap().entry(host).or_default() += 1;
            }
            answers.answer(asked)
        });
        Self { counters, looks, address: web.url.trim_start_matches("http://").to_owned() }
    }

    /// By column, how many looks at a host were answered so.
    fn answered(&self, host: &str) -> BTreeMap<&'static str, usize> {
        let looks = self.looks.lock().unwrap()[host];
        let mut answered = BTreeMap::from([("oui", 0), ("non", 0), ("inconnues", 0)]);
        for n in 1..=looks {
            *answered.get_mut(counted_as(&script(host, n))).unwrap() += 1;
        }
        answered
    }
}

/// Where the rehearsal takes place: it stays there, to be looked at.
fn stage(address: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chaine");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    copy(&root().join("tests/fixtures/repetition"), &folder);
    let plan = folder.join("plan.toml");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text.replace("127.0.0.1:8080", address)).unwrap();
    folder
}

/// Says something where libtest does not swallow it.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Runs the command as it would be typed, and shows it.
fn typed(folder: &Path, line: &str) -> String {
    say(&format!("$ guichets {line}"));
    let run = guichets(folder, line.split(' '));
    assert_eq!(run.code, Some(0), "guichets {line}\n{}{}", run.stdout, run.stderr);
    run.stdout
}

fn rows(folder: &Path, table: &str) -> Vec<Row> {
    let pointer = json(&folder.join("public/latest.json"));
    let manifest = json(&folder.join("public").join(pointer["manifest"].as_str().unwrap()));
    let files = manifest["files"].as_array().unwrap().iter();
    let csv = files.filter(|file| file["table"] == table && file["format"] == "csv");
    csv.flat_map(|file: &Value| csv_rows(&folder.join("public").join(file["path"].as_str().unwrap()))).collect()
}

/// What a counter's page shows of December, by column.
fn on_the_page(folder: &Path, counter: &str) -> BTreeMap<String, String> {
    let page = fs::read_to_string(folder.join(format!("site/guichets/{counter}.html"))).unwrap();
    let table = page.split("data-table=\"disponibilite_mois\"").nth(1).expect("a table of months");
    let table = table.split("</table>").next().unwrap();
    let all = |pattern: &str, text: &str| -> Vec<String> {
        Regex::new(pattern).unwrap().captures_iter(text).map(|found| found[1].to_owned()).collect()
    };
    let columns = all("data-column=\"([^\"]+)\"", table);
    let row = table.split("data-key=\"2026-12\"").nth(1).expect("a row of December").split("</tr>").next().unwrap();
    columns.into_iter().skip(1).zip(all("<td[^>]*>([^<]*)</td>", row)).collect()
}

#[test]
fn from_one_end_to_the_other_what_the_server_answered_is_what_the_pages_say() {
    let server = Imitation::serve();
    let folder = stage(&server.address);
    typed(&folder, "probe plan.toml --out sonde --check");
    for cycle in 1..=5 {
        let told = typed(&folder, "probe plan.toml --out sonde --once");
        assert!(told.starts_with("cycle of 2026-12-01T") && told.contains("5 lines of 5 due"), "{cycle}: {told}");
    }
    let told = typed(&folder, "probe plan.toml --out sonde");
    assert_eq!(told.matches("cycle of 2026-12-").count(), CYCLES - 5, "{told}");
    assert_eq!(typed(&folder, "probe plan.toml --out sonde --once").trim(), "nothing is due");
    assert!(typed(&folder, "verify sonde").contains("50 links, 9 manifests"));
    typed(&folder, &format!("run . --raw sonde/journaux --store public --as-of {AS_OF}"));
    typed(&folder, "site public --out site");

    say(
        "\nservice                  asked  server: yes, no, could not tell   published: yes, no, could not tell, not looked at",
    );
    let (published, gaps) = (rows(&folder, "disponibilite_ensemble"), rows(&folder, "lacunes"));
    assert_eq!(published.len(), 5);
    let mut unlooked = 0;
    for row in &published {
        let counter = row["guichet_id"].as_str();
        let host = format!("{}.example", counter.trim_start_matches("exemple-"));
        let (answered, looks) = (server.answered(&host), server.looks.lock().unwrap()[&host]);
        let missing = gaps.iter().filter(|gap| gap["guichet_id"] == counter);
        let missing: usize = missing.map(|gap| gap["cycles_manquants"].parse::<usize>().unwrap()).sum();
        say(&format!(
            "{counter:<24} {looks:>5}  {:>11} {:>3} {:>15}   {:>14} {:>3} {:>15} {missing:>14}",
            answered["oui"], answered["non"], answered["inconnues"], row["oui"], row["non"], row["inconnues"],
        ));
        for (column, count) in &answered {
            assert_eq!(row[*column], count.to_string(), "{counter}: {column}");
        }
        let page = on_the_page(&folder, counter);
        let answers = answered["oui"] + answered["non"];
        assert_eq!(
            [&page["consultations"], &page["reponses"]],
            [&looks.to_string(), &answers.to_string()],
            "{counter}"
        );
        assert_eq!(missing, CYCLES - looks, "{counter}: a cycle in which nobody looked is a gap, and no « none »");
        unlooked += missing;
    }
    assert!(unlooked > 5, "hosts that refuse are left alone for a time");
    let strange: Vec<String> = violations(&server.counters.seen(), 60 * 10, "sonde@example.org")
        .into_iter()
        // By the server's clock, which does not leap.
        .filter(|one| !one.contains("within five seconds") && !one.contains(": asked at "))
        .collect();
    assert_eq!(strange, Vec::<String>::new());
    say(&format!("\nopen file://{}\n", folder.join("site/index.html").display()));
}

#[test]
fn the_documents_name_the_command_that_shows_the_whole_chain() {
    for document in ["README.md", "docs/PROBE.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        assert!(text.contains(COMMAND), "{document}: {COMMAND}");
    }
}

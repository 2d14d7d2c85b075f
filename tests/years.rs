//! A store for ten years: a year that is over is written once and never changes, a night costs what it brings whatever the
//! number of years before it, and one truth holds across the turn of the year.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::proxy::{Fate, Proxy, Request};
use crate::support::s3::Bucket;
use crate::support::{Store, guichets, guichets_with, plain_pipeline, root};

/// Services looked at some times a day, from the first day of 2019 on, in one file a month and one a night.
struct Years {
    folder: TempDir,
    counters: Vec<String>,
    looks: u64,
}

impl Years {
    fn new(counters: usize, looks: u64) -> Self {
        Self::scheduled(counters, looks, |_| "*,*,2019-01-01T00:00:00+01:00,,360,true,essai".to_owned())
    }

    fn scheduled(counters: usize, looks: u64, schedule: impl FnOnce(&[String]) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = csv::Reader::from_path(root().join("data/registry/guichets.csv")).unwrap();
        let ids = reader.deserialize::<BTreeMap<String, String>>().map(|row| row.unwrap()["guichet_id"].clone());
        let years = Self { counters: ids.take(counters).collect(), looks, folder };
        plain_pipeline(&years.pipeline(), "registry.folders = [\"data/registry\"]", &schedule(&years.counters));
        years
    }

    fn pipeline(&self) -> PathBuf {
        self.folder.path().join("essai")
    }

    /// The lines of a day.
    fn day(&self, day: NaiveDate) -> String {
        let mut text = String::new();
        for (place, counter) in self.counters.iter().enumerate() {
            for look in 0..self.looks {
                let number = u64::from(day.num_days_from_ce().cast_unsigned()) * 10_000 + place as u64 * 100 + look;
                // Now and then a slot, so that there are droughts and openings.
                let open = number % 7 == 3 && (day.ordinal() as usize + place).is_multiple_of(5);
                let at = format!("{day}T{:02}:{:02}:00Z", 4 + look * 6 % 20, place % 60);
                text += &line(counter, number, &at, open);
            }
        }
        text
    }

    /// Writes the logs of some days under a name, and says where.
    fn log(&self, name: &str, first: &str, last: &str) -> PathBuf {
        let (first, last) = (date(first), date(last));
        let text: String = first.iter_days().take_while(|day| *day <= last).map(|day| self.day(day)).collect();
        self.write(name, &text)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{name}.ndjson"));
        fs::write(&path, text).unwrap();
        path
    }
}

/// A line of a log: a free slot nine days later, or none.
fn line(counter: &str, number: u64, at: &str, open: bool) -> String {
    let page = if open {
        "Choisissez une plage horaire"
    } else {
        "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous."
    };
    let mut attempt = json!({
        "contract": "attempt/1", "attempt_id": format!("00000000-0000-4000-8000-{number:012}"), "started_at": at,
        "counter": counter, "procedure": "premier-titre", "system": "ez_planning", "probe": "essai",
        "http_status": 200, "step": if open { "/4" } else { "/2" }, "page_text": page,
    });
    if open {
        attempt["markers"] = json!(["td.status-1.free"]);
        attempt["slots"] = json!({ "count": 2, "first_date": (date(&at[..10]) + Days::new(9)).to_string() });
    }
    attempt.to_string() + "\n"
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// What the manifest says of each table, part and format: of CSV the very bytes, else the rows.
fn contents(store: &Store) -> BTreeMap<[String; 3], String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let manifest = store.manifest();
    let files = manifest["files"].as_array().unwrap().iter().filter(|file| file["table"].is_string());
    let hash = |file: &Value| text(&file[if file["format"] == "csv" { "sha256" } else { "content_digest" }]);
    files.map(|file| (["table", "partition", "format"].map(|key| text(&file[key])), hash(file))).collect()
}

/// What a store holds is what one run makes of all the logs; that is returned.
fn assert_made_at_once(
    nightly: &Store,
    pipeline: &Path,
    read: &[impl AsRef<Path>],
    as_of: &str,
) -> BTreeMap<[String; 3], String> {
    let at_once = Store::new();
    let read: Vec<&Path> = read.iter().map(AsRef::as_ref).collect();
    let whole = at_once.run(pipeline, &read, as_of, &[]);
    assert_eq!(whole.code, Some(0), "{as_of}: {}{}", whole.stdout, whole.stderr);
    let (is, wanted) = (contents(nightly), contents(&at_once));
    let differing: Vec<_> = is.keys().chain(wanted.keys()).filter(|key| is.get(*key) != wanted.get(*key)).collect();
    assert!(differing.is_empty(), "{as_of}: {differing:?}");
    is
}

/// The parts of a table, by their names.
fn parts(store: &Store, table: &str) -> BTreeSet<String> {
    contents(store).into_keys().filter(|[of, ..]| of == table).map(|[_, part, _]| part).collect()
}

/// Over the turn of the year night by night, then with a line of the year that is over, which comes late: each time the same
/// as all at once. The year is then one file of each table that counts days.
#[test]
fn a_year_that_is_over_is_one_part_and_says_what_one_run_says() {
    let years = Years::new(3, 2);
    let (nightly, pipeline) = (Store::new(), years.pipeline());
    let history = years.log("2019", "2019-10-20", "2019-12-29");
    let turn = years.log("2019-12-30", "2019-12-30", "2019-12-31");
    let begun = years.log("2020-01-01", "2020-01-01", "2020-01-02");
    // A file of its own, of a day on which nobody had looked.
    let late = years.log("tardif", "2019-10-05", "2019-10-05");
    let next = years.log("2020-01-03", "2020-01-03", "2020-01-03");
    let nights = [
        (&history, "2019-12-30T01:00:00Z", "2019-12"),
        // It is still 2019 in Polynesia.
        (&turn, "2020-01-01T06:00:00Z", "2019-12"),
        (&begun, "2020-01-03T01:00:00Z", "2019"),
        (&late, "2020-01-03T02:00:00Z", "2019"),
        (&next, "2020-01-04T01:00:00Z", "2019"),
    ];
    let mut read: Vec<&Path> = Vec::new();
    let mut before = BTreeMap::new();
    for (log, as_of, last_of_2019) in nights {
        let night = nightly.run(&pipeline, &[log], as_of, &[]);
        assert_eq!(night.code, Some(0), "{as_of}: {}{}", night.stdout, night.stderr);
        read.push(log);
        let is = assert_made_at_once(&nightly, &pipeline, &read, as_of);
        for table in ["disponibilite_jour", "issues_jour", "identifiants", "temps_jours"] {
            let of_2019 = parts(&nightly, table).into_iter().rfind(|part| part.starts_with("2019"));
            assert_eq!(of_2019.as_deref(), Some(last_of_2019), "{as_of}: {table}");
        }
        assert!(parts(&nightly, "tentatives").contains("2019-11"), "attempts stay by month");
        if as_of.starts_with("2020-01-04") {
            let closed = |contents: &BTreeMap<[String; 3], String>| -> BTreeMap<[String; 3], String> {
                contents
                    .iter()
                    .filter(|(key, _)| key[1].starts_with("2019"))
                    .map(|(key, hash)| (key.clone(), hash.clone()))
                    .collect()
            };
            // A drought that goes on ends in the year under way.
            assert_eq!(closed(&is), closed(&before), "a year that is over says what it said");
        }
        before = is;
    }
    // A run that speaks of a moment before the turn, with another late line: no month of the year is lost.
    let later = years.log("plus-tard", "2019-10-06", "2019-10-06");
    let back = nightly.run(
        &pipeline,
        &[&later],
        "2019-12-31T12:00:00Z",
        &["--accept", "lignes_disparues", "--accept", "date_arret", "--because", "essai"],
    );
    assert_eq!(back.code, Some(0), "{}{}", back.stdout, back.stderr);
    let rows = |table: &str| -> u64 {
        let manifest = nightly.manifest();
        let files = manifest["files"].as_array().unwrap().iter();
        let parquet = files.filter(|file| file["table"] == table && file["format"] == "parquet");
        parquet.map(|file| file["rows"].as_u64().unwrap()).sum()
    };
    assert_eq!(rows("identifiants"), rows("tentatives"), "each attempt has its fingerprint");
    let ask = |args: &[&str]| {
        let told = guichets(years.folder.path(), args);
        assert_eq!(told.code, Some(0), "{args:?}: {}{}", told.stdout, told.stderr);
        told.stdout
    };
    let store = nightly.path();
    let store = store.to_str().unwrap();
    ask(&["verify", store]);
    let changes: Value = serde_json::from_str(&ask(&["diff", store, "2020-01-01", "2020-01-03", "--json"])).unwrap();
    for table in ["disponibilite_jour", "issues_jour", "temps_jours"] {
        let gone = &changes["tables"][table]["removed"];
        assert_eq!(gone, 0, "rows that go into the file of the year are not gone from {table}: {changes}");
    }
}

/// Cycles of two weeks that go on over the turn of the year, a service of which each month was off the schedule before, and one that
/// never was on it: what nights make of them is what one run makes, also where a day comes late.
#[test]
fn what_stays_is_what_one_run_would_make() {
    let years = Years::scheduled(3, 2, |counters| {
        let line = |counter: &str, from: &str, minutes: u32| {
            format!("{counter},*,{from}T00:00:00+01:00,,{minutes},true,essai")
        };
        [line(&counters[0], "2019-01-02", 20_160), line(&counters[1], "2020-01-01", 360)].join("\n")
    });
    let (nightly, pipeline) = (Store::new(), years.pipeline());
    let nights = [
        (
            vec![years.log("a", "2019-11-10", "2019-12-19"), years.log("b", "2019-12-21", "2019-12-30")],
            "2019-12-31T01:00:00Z",
        ),
        (vec![years.log("c", "2019-12-31", "2020-01-02")], "2020-01-03T01:00:00Z"),
        // Looks of the new year at a cycle of the old one.
        (vec![years.log("d", "2020-01-03", "2020-01-09")], "2020-01-10T01:00:00Z"),
        (
            vec![years.log("e", "2019-12-20", "2019-12-20"), years.log("f", "2020-01-10", "2020-02-02")],
            "2020-02-03T01:00:00Z",
        ),
        // Of a version whose year under way begins with a month that nothing touches.
        (vec![years.log("g", "2020-02-03", "2020-02-03")], "2020-02-04T01:00:00Z"),
    ];
    let mut read: Vec<PathBuf> = Vec::new();
    for (logs, as_of) in nights {
        let logs_of_it: Vec<&Path> = logs.iter().map(PathBuf::as_path).collect();
        let night = nightly.run(&pipeline, &logs_of_it, as_of, &[]);
        assert_eq!(night.code, Some(0), "{as_of}: {}{}", night.stdout, night.stderr);
        read.extend(logs);
    }
    assert_made_at_once(&nightly, &pipeline, &read, "2020-02-04T01:00:00Z");
}

/// A schedule that ended before the turn of the year; and cycles of two days, of a quarter and of a third of a year, which are looked
/// at half a cycle early, begin months before or after the look, and are cut where a version ends.
#[test]
fn what_stays_where_a_schedule_has_ended_or_cycles_are_long() {
    type Night = (&'static [(&'static str, bool)], &'static str);
    let cases: [(&str, [Night; 2]); 4] = [
        (
            "2017-03-15T00:00:00+01:00,2017-11-10T00:00:00+01:00,1440",
            [
                (&[("2017-09-05T08:00:00Z", true), ("2017-11-08T08:00:00Z", false)], "2017-12-31T23:30:00Z"),
                (&[], "2018-01-03T23:30:00Z"),
            ],
        ),
        (
            "2018-01-01T00:00:00+01:00,,2880",
            [
                (&[("2018-01-02T22:00:00Z", false), ("2018-01-31T22:00:00Z", true)], "2018-02-03T02:00:00Z"),
                (&[("2018-02-03T09:00:00Z", false)], "2018-02-03T12:00:00Z"),
            ],
        ),
        (
            "2018-01-20T00:00:00+01:00,,129600",
            [
                (&[("2018-01-25T10:00:00Z", false), ("2018-02-10T10:00:00Z", true)], "2018-03-05T02:00:00Z"),
                (&[("2018-03-12T10:00:00Z", false)], "2018-03-20T02:00:00Z"),
            ],
        ),
        (
            "2018-01-01T00:00:00+01:00,,172800",
            [
                (&[("2018-02-15T10:00:00Z", false), ("2018-04-20T10:00:00Z", true)], "2018-10-20T02:00:00Z"),
                (&[("2018-10-24T10:00:00Z", false)], "2018-10-25T02:00:00Z"),
            ],
        ),
    ];
    for (schedule, nights) in cases {
        let years = Years::scheduled(1, 1, |_| format!("*,*,{schedule},true,essai"));
        let (nightly, pipeline) = (Store::new(), years.pipeline());
        let mut read: Vec<PathBuf> = Vec::new();
        let mut number = 0;
        for (looks, as_of) in nights {
            let lines = looks.iter().map(|(at, open)| {
                number += 1;
                line(&years.counters[0], number, at, *open)
            });
            let text: String = lines.collect();
            // Without a new line, what was read is named again.
            if !text.is_empty() {
                read.push(years.write(&format!("jusqu-au-{}", as_of.replace(':', "-")), &text));
            }
            let night = nightly.run(&pipeline, &[read.last().unwrap()], as_of, &[]);
            assert_eq!(night.code, Some(0), "{schedule}, {as_of}: {}{}", night.stdout, night.stderr);
        }
        assert_made_at_once(&nightly, &pipeline, &read, nights[1].1);
    }
}

/// What a night asked of the store.
#[derive(Debug, Clone, Copy)]
struct Cost {
    puts: usize,
    gets: usize,
    sent: usize,
    received: usize,
}

impl Cost {
    fn of(requests: &[Request]) -> Self {
        let count = |writes: bool| requests.iter().filter(|request| (request.method == "PUT") == writes).count();
        Self {
            puts: count(true),
            gets: count(false),
            sent: requests.iter().map(|request| request.sent).sum(),
            received: requests.iter().map(|request| request.received).sum(),
        }
    }
}

/// The same night of December in the first, the second and the fifth year.
#[test]
fn a_night_costs_the_same_in_every_year() {
    let years = Years::new(12, 1);
    let bucket = Bucket::new();
    let proxy = Proxy::before(bucket.port, |_, _| Fate::Pass);
    let environment = Bucket::environment_through(proxy.port);
    let run = |raw: &Path, as_of: &str| {
        let pipeline = years.pipeline();
        let args =
            ["run", pipeline.to_str().unwrap(), "--raw", raw.to_str().unwrap(), "--store", &bucket.url(), "--as-of"];
        let done = guichets_with(&environment, years.folder.path(), args.into_iter().chain([as_of]));
        assert_eq!(done.code, Some(0), "{}\n{}", done.stdout, done.stderr);
        proxy.take()
    };
    let mut costs = Vec::new();
    let mut from = date("2019-01-01");
    for year in [2019, 2020, 2023] {
        let eve = NaiveDate::from_ymd_opt(year, 12, 20).unwrap();
        run(
            &years.log(&format!("histoire-{year}"), &from.to_string(), &eve.to_string()),
            &format!("{year}-12-21T01:00:00Z"),
        );
        let day = eve + Days::new(1);
        let night = years.log(&format!("nuit-{year}"), &day.to_string(), &day.to_string());
        let requests = run(&night, &format!("{year}-12-22T01:00:00Z"));
        let over: Vec<&str> = requests
            .iter()
            .filter(|request| request.method == "PUT")
            .map(|request| request.path.as_str())
            .filter(|path| {
                (2019..year).any(|over| path.contains(&format!("-{over}")) || path.contains(&format!("/{over}")))
            })
            .collect();
        assert_eq!(over, [""; 0], "nothing of a year that is over is written in {year}");
        costs.push((year, Cost::of(&requests)));
        from = day + Days::new(1);
    }
    println!("{costs:#?}");
    let [(_, first), (_, second), (_, fifth)] = costs[..] else { unreachable!() };
    for (later, years_more) in [(second, 1), (fifth, 4)] {
        // As many objects go up, and of what was there no more is asked than one file a year of each table of which models
        // read the whole history.
        assert_eq!(later.puts, first.puts, "{costs:#?}");
        assert!(later.gets <= first.gets + 12 * years_more, "{costs:#?}");
        // Bytes: what tables by month have of a service and month, in each format and in two places, and what the
        // documents say of the files of a month; and, for sixty months, the month's rows on the pages of the site, in two
        // languages. Nothing else grows.
        let (months, services) = (12 * years_more, years.counters.len());
        assert!(later.sent < first.sent + months * (services * 6_000 + 15_000), "{costs:#?}");
        assert!(later.received < first.received + months * (services * 3_000 + 25_000), "{costs:#?}");
    }
}

//! An incident says that a refusal was aimed at one vantage only where another was answered, and that it was not only where
//! somebody else failed as users fail; between the two nobody can tell.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::referee::differing;
use crate::support::foreign::{Foreign, HEADED};
use crate::support::{Attempts, Kind, Row, Version, sample};

/// The block of 2019, by the clock of Paris: from 21 April, a quarter to four, to 9 May, nine in the morning.
const BLOCK: [&str; 2] = ["2019-04-21T13:45:00Z", "2019-05-09T07:00:00Z"];
const SCHEDULE: &str = "*,*,2019-04-20T00:00:00Z,2019-05-11T00:00:00Z,120,true,essai";
const AS_OF: &str = "2019-05-11T00:00:00Z";

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What a vantage declares, and what it meets during the block.
type Vantage = (Option<&'static str>, Kind);

const ROBOT: Option<&str> = Some("Robot d'une association");
const WITNESS: Option<&str> = Some("Mozilla/5.0");
const COUNTERS: [&str; 9] = [
    "evry-prefecture",
    "agen-prefecture",
    "ajaccio-prefecture",
    "albi-prefecture",
    "alencon-prefecture",
    "amiens-prefecture",
    "angers-prefecture",
    "angouleme-prefecture",
    "annecy-prefecture",
];

/// For each case two vantages of its own look at a counter of its own, every two hours and a quarter of an hour apart, and
/// are told « no » but during the block.
fn logs(cases: &[[Vantage; 2]]) -> Attempts {
    let mut logs = Attempts::on("");
    for (case, (vantages, counter)) in cases.iter().zip(COUNTERS).enumerate() {
        for (signature, met, name, late) in [(vantages[0], "refusee", 0), (vantages[1], "temoin", 15)]
            .map(|((signature, met), name, late)| (signature, met, format!("{name}-{case}"), late))
        {
            let mut at = instant("2019-04-20T00:00:00Z") + TimeDelta::minutes(late);
            while at < instant(AS_OF) {
                let refused = at >= instant(BLOCK[0]) && at < instant(BLOCK[1]);
                let who = json!({"counter": counter, "vantage": name, "signature": signature});
                logs = logs.look(if refused { met } else { Kind::No }, &at.to_rfc3339(), &who);
                at += TimeDelta::hours(2);
            }
        }
    }
    logs
}

fn published(logs: &Attempts, settings: &str) -> Version {
    let settings = format!("gates.unrecognized_max = 1.0\n{settings}");
    Version::of(&logs.pipeline(&settings, SCHEDULE), &[&logs.path()], AS_OF)
}

/// Of each case, whether what its first vantage met and what its second one met is said to be targeted.
fn told(cases: &[[Vantage; 2]]) -> Vec<[String; 2]> {
    let rows = published(&logs(cases), "").rows("incidents");
    let of = |name: String| {
        let found = rows.iter().find(|row| row["origine"] == "detecte" && row["point_de_mesure"] == name);
        found.map_or_else(String::new, |row| row["cible"].clone())
    };
    (0..cases.len()).map(|case| ["refusee", "temoin"].map(|name| of(format!("{name}-{case}")))).collect()
}

#[test]
fn whether_a_refusal_is_targeted_follows_from_what_others_meet() {
    use Kind::{Blocked, No, ServerError, Timeout, Unrecognized};
    let cases = [
        // All are refused, under one identity or under two: nobody can tell.
        ([(ROBOT, Blocked), (ROBOT, Blocked)], ["indetermine", "indetermine"]),
        ([(ROBOT, Blocked), (WITNESS, Blocked)], ["indetermine", "indetermine"]),
        // Another is answered, whatever it declares.
        ([(ROBOT, Blocked), (ROBOT, No)], ["oui", ""]),
        ([(ROBOT, Blocked), (None, No)], ["oui", ""]),
        // Another fails as users fail: it has to be somebody else, and not to be refused in its own way.
        ([(ROBOT, Blocked), (WITNESS, ServerError)], ["non", ""]),
        ([(ROBOT, Blocked), (WITNESS, Timeout)], ["non", ""]),
        ([(ROBOT, Blocked), (WITNESS, Unrecognized)], ["indetermine", ""]),
        ([(ROBOT, Blocked), (ROBOT, ServerError)], ["indetermine", ""]),
        ([(None, Blocked), (WITNESS, ServerError)], ["indetermine", ""]),
    ];
    let found = told(&cases.map(|(vantages, _)| vantages));
    for ((vantages, expected), found) in cases.iter().zip(found) {
        assert_eq!(found, *expected, "{vantages:?}");
    }
}

/// What stands beside the verdict, counted by hand, over the end of a month; and another engine counts the same.
#[test]
fn an_incident_says_what_was_seen_and_when() {
    let version = published(&logs(&[[(ROBOT, Kind::Blocked), (WITNESS, Kind::ServerError)]]), "");
    let rows = version.rows("incidents");
    let row: &Row = rows.iter().find(|row| row["origine"] == "detecte").unwrap();
    // Every two hours from 14:00 on 21 April to 06:00 on 9 May.
    let expected = [
        ("incident_id", "blocage-2019-04-21-140000Z-refusee-0-ez_planning"),
        ("debut_utc", "2019-04-21T14:00:00Z"),
        ("fin_utc", "2019-05-09T06:00:00Z"),
        ("possible_debut_utc", "2019-04-21T12:00:00Z"),
        ("possible_fin_utc", "2019-05-09T08:00:00Z"),
        ("duree_s", "1526400"),
        ("tentatives", "213"),
        ("services", "1"),
        // Between two refusals there is one look of the other; the one at the end of April is between two months.
        ("autres_tentatives", "211"),
        ("autres_reponses", "0"),
        ("autres_pannes", "211"),
        ("autre_point_repond", "false"),
    ];
    for (column, value) in expected {
        assert_eq!(row[column], value, "{column}");
    }
    assert_eq!(differing(&version), Vec::<Value>::new());
}

/// A look of the whole robot that nobody made is its own silence, and aimed at nobody.
#[test]
fn a_silence_of_the_robot_is_not_asked_whether_it_is_targeted() {
    let version = sample();
    let rows = version.rows("incidents");
    let [silence, registered] = ["detecte", "registre"]
        .map(|origin| rows.iter().find(|row| row["type"] == "arret" && row["origine"] == origin).unwrap());
    assert_eq!([&silence["cible"], &registered["cible"]], ["", ""]);
    assert_eq!([&silence["debut_utc"][..13], &silence["fin_utc"][..13]], ["2019-03-04T22", "2019-03-08T23"]);
}

/// The text of a declared identity leaves only where the pipeline lists it; its digest always does.
#[test]
fn the_text_of_an_identity_is_published_on_purpose_alone() {
    let logs = logs(&[[(ROBOT, Kind::No), (WITNESS, Kind::No)]]);
    let digests = ["650e8b60aaf5", "1066b48224bb"];
    let told = |settings: &str| -> Vec<[String; 3]> {
        let version = published(&logs, settings);
        let ids: std::collections::BTreeSet<String> =
            version.rows("tentatives").iter().map(|row| row["signature_id"].clone()).collect();
        assert_eq!(ids.len(), 2);
        let rows = version.rows("signatures");
        assert!(rows.iter().all(|row| ids.contains(&row["signature_id"])));
        rows.iter().map(|row| ["signature_id", "signature", "tentatives"].map(|column| row[column].clone())).collect()
    };
    let row = |id: &str, text: &str| [id.to_owned(), text.to_owned(), "252".to_owned()];
    assert_eq!(told(""), digests.map(|id| row(id, "")));
    let listed = told("[probe]\nsignatures = [\"Robot d'une association\", \"jamais vue\"]");
    assert_eq!(listed, [row(digests[0], "Robot d'une association"), row(digests[1], "")]);
}

/// Another robot's log may say it too, and an empty text says nothing.
#[test]
fn a_foreign_log_declares_its_identity_by_its_mapping() {
    let source = HEADED.replace("fields = {", "fields = { signature = { value = \"{qui}\", no_data = [\"\"] },");
    let raw = "quand,guichet,libres,qui\n2019-04-16T08:00:00Z,evry-prefecture,0,Mozilla/5.0\n\
               2019-04-16T09:00:00Z,evry-prefecture,0,\n";
    let rows = Foreign::new(&source).file("a.csv", raw).version().rows("tentatives");
    let mut ids: Vec<&str> = rows.iter().map(|row| row["signature_id"].as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["", "1066b48224bb"]);
}

//! Other robots' logs become the same tables by configuration alone: none of these pipelines has a line of Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Row, Version, real_logs, root, skipped};

const AS_OF: &str = "2019-12-01T00:00:00+01:00";

fn pipeline(name: &str) -> PathBuf {
    root().join("tests/fixtures/pipelines").join(name)
}

/// Log files in a folder of their own.
fn logs(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Some values of a row, with spaces between.
fn of(row: &Row, columns: &[&str]) -> String {
    columns.iter().map(|column| row[*column].as_str()).collect::<Vec<_>>().join(" ")
}

/// Some values of each row, in the order of files and lines.
fn attempts(version: &Version, columns: &[&str]) -> Vec<String> {
    let mut rows = version.rows("tentatives");
    rows.sort_by_key(|row| (row["fichier_source"].clone(), row["ligne_source"].parse::<u64>().unwrap()));
    rows.iter().map(|row| of(row, columns)).collect()
}

/// File, line, reason and field of each line set aside.
fn set_aside(version: &Version) -> Vec<String> {
    version.rows("quarantaine").iter().map(|row| of(row, &["fichier", "ligne", "motif", "champ"])).collect()
}

#[test]
fn a_nested_json_log_is_read_through_dotted_paths_maps_and_captures() {
    let raw = logs(&[(
        "paris-1/2019-04-16.ndjson",
        r#"{"meta":{"at":"2019-04-16T08:00:00+02:00","site":"EVRY","desk":{"number":14167}},"what":"premier-titre","page":{"status":200,"step":4},"free":{"count":3,"first":"02/05/2019"},"opinion":"yes","ignored":[1,2]}
{"meta":{"at":"2019-04-16T09:00:00Z","site":"BOBIGNY"},"what":"naturalisation","page":{"status":200,"step":"2"},"free":{"count":0,"first":null},"opinion":"no"}
{"meta":{"at":"2019-04-16T10:00:00+02:00","site":"EVRY"},"what":"premier-titre","page":{"status":502},"opinion":"no"}
{"meta":{"at":"2019-04-16T10:00:00+02:00","site":"NICE"},"what":"premier-titre"}
{"meta":{"at":"2019-04-16T10:00:00+02:00"},"what":"premier-titre"}
{"meta":{"at":"2019-04-16T10:00:00+02:00","site":"EVRY"},"what":"premier-titre","free":{"count":"trois"}}
{"meta":{"at":"2019-04-16T10:00:00","site":"EVRY"},"what":"premier-titre"}
{"meta":{"at":"2019-04-16T10:00:00+02:00","site":"EVRY"},"what":"premier-titre","free":{"first":"2019-05-02"}}
{"meta":{"at":"2019-04-16T10:00:00+02:00","site":"EVRY"},"what":"tapis-volant"}
{"meta":{"at":"2019-04-16T10:00:00+02:00","site":"EVRY"},"what":
"#,
    )]);
    let version = Version::of(&pipeline("ndjson-imbrique"), &[raw.path()], AS_OF);
    let columns = [
        "ligne_source",
        "instant_utc",
        "guichet_id",
        "demarche_id",
        "planning_id",
        "etape",
        "code_http",
        "point_de_mesure",
        "creneaux",
        "premiere_date",
        "verdict_sonde",
        "issue",
    ];
    assert_eq!(
        attempts(&version, &columns),
        [
            "1 2019-04-16T06:00:00Z evry-prefecture premier-titre 14167 /4/200 200 paris-1 3 2019-05-02 yes rdv_propose",
            "2 2019-04-16T09:00:00Z bobigny-prefecture naturalisation  /2/200 200 paris-1 0  no aucun_rdv",
            "3 2019-04-16T08:00:00Z evry-prefecture premier-titre  //502 502 paris-1   no page_non_reconnue",
        ]
    );
    assert_eq!(
        set_aside(&version),
        [
            "paris-1/2019-04-16.ndjson 4 valeur_invalide counter",
            "paris-1/2019-04-16.ndjson 5 champ_manquant counter",
            "paris-1/2019-04-16.ndjson 6 type_invalide slots.count",
            "paris-1/2019-04-16.ndjson 7 date_invalide started_at",
            "paris-1/2019-04-16.ndjson 8 date_invalide slots.first_date",
            "paris-1/2019-04-16.ndjson 9 demarche_inconnue procedure",
            "paris-1/2019-04-16.ndjson 10 json_invalide ",
        ]
    );
}

#[test]
fn columns_are_found_by_their_name_and_a_file_that_lacks_one_is_set_aside_whole() {
    let raw = logs(&[
        (
            "a-as-expected.csv",
            "jour;heure;guichet;libres;etape\n2019-04-16;08:00;evry-prefecture;3;/4\n2019-04-16;09:00;evry-prefecture;;/4\n",
        ),
        (
            "b-reordered.csv",
            "etape;libres;autre;heure;guichet;jour\r\n\"/2; suite\";0;x;08:00;evry-prefecture;2019-04-17\r\n",
        ),
        (
            "c-without-a-column.csv",
            "jour;heure;guichet;etape\n2019-04-18;08:00;evry-prefecture;/4\n2019-04-18;09:00;evry-prefecture;/4\n",
        ),
        (
            "d-value-too-many.csv",
            "jour;heure;guichet;libres;etape\n2019-04-19;08:00;evry-prefecture;1;/4;2\n2019-04-19;09:00;evry-prefecture;1;/4\n",
        ),
        ("e-only-a-header.csv", "jour;heure;guichet;libres;etape\n"),
        ("f-delivered-again.csv", "jour;heure;guichet;libres;etape\n2019-04-16;08:00;evry-prefecture;3;/4\n"),
    ]);
    let version = Version::of(&pipeline("csv-a-entete"), &[raw.path()], AS_OF);
    assert_eq!(
        attempts(&version, &["fichier_source", "ligne_source", "instant_utc", "creneaux", "etape", "reponse"]),
        [
            "a-as-expected.csv 2 2019-04-16T06:00:00Z 3 /4 oui",
            "a-as-expected.csv 3 2019-04-16T07:00:00Z  /4 inconnue",
            "b-reordered.csv 2 2019-04-17T06:00:00Z 0 /2%3B suite non",
            "d-value-too-many.csv 3 2019-04-19T07:00:00Z 1 /4 oui",
        ]
    );
    assert_eq!(
        set_aside(&version),
        [
            "c-without-a-column.csv 1 colonnes_inattendues ",
            "c-without-a-column.csv 2 colonnes_inattendues ",
            "c-without-a-column.csv 3 colonnes_inattendues ",
            "d-value-too-many.csv 2 colonnes_inattendues ",
        ]
    );
    let accounts: Vec<String> = version
        .rows("fichiers")
        .iter()
        .map(|row| of(row, &["fichier", "entetes", "lignes", "tentatives", "doublons", "vides", "quarantaine"]))
        .collect();
    assert_eq!(
        accounts,
        [
            "a-as-expected.csv 1 2 2 0 0 0",
            "b-reordered.csv 1 1 1 0 0 0",
            "c-without-a-column.csv 0 3 0 0 0 3",
            "d-value-too-many.csv 1 2 1 0 0 1",
            "e-only-a-header.csv 1 0 0 0 0 0",
            "f-delivered-again.csv 1 1 0 1 0 0",
        ]
    );
}

/// A pipeline that says what is done with local hours that happened twice, or never.
fn pipeline_with_rule(folder: &Path, rule: &str) -> PathBuf {
    let shared = pipeline("tolerant");
    let text = format!(
        r#"
name = "heures"
title = "Heures locales"
title_en = "Local hours"
description = "Essai."
outcome_rules = "{rules}"
schedule = "{schedule}"
registry.folders = ["data/registry"]
gates = {{ attempts_min = 0, answers_min = 0, quarantine_max = 1.0 }}

[[source]]
name = "heures"
files = "*.csv"
format = "csv"
columns = ["heure"]
time = {{ value = "{{heure}}", format = "%Y-%m-%d %H:%M", zone = "Europe/Paris"{rule} }}
fields = {{ counter = "evry-prefecture", procedure = "premier-titre", "slots.count" = "0" }}
"#,
        rules = pipeline("on-the-count.toml").display(),
        schedule = shared.join("schedule.csv").display(),
    );
    fs::write(folder.join("pipeline.toml"), text).unwrap();
    folder.to_owned()
}

#[test]
fn a_local_hour_that_happened_twice_or_never_follows_the_stated_rule_or_is_set_aside() {
    let raw = logs(&[(
        "heures.csv",
        "2019-03-31 01:59\n2019-03-31 02:30\n2019-03-31 03:00\n2019-10-27 01:59\n2019-10-27 02:30\n2019-10-27 03:00\n",
    )]);
    // By line: the instant, or why there is none. What no change of clock touches is the same under every rule.
    let cases = [
        ("", "heure_inexistante", "heure_ambigue"),
        (r#", ambiguous = "earlier""#, "heure_inexistante", "2019-10-27T00:30:00Z 120"),
        (r#", ambiguous = "later", missing = "offset_before""#, "2019-03-31T01:30:00Z 120", "2019-10-27T01:30:00Z 60"),
        (r#", ambiguous = "quarantine", missing = "offset_before""#, "2019-03-31T01:30:00Z 120", "heure_ambigue"),
    ];
    for (rule, missing, ambiguous) in cases {
        let folder = tempfile::tempdir().unwrap();
        let version = Version::of(&pipeline_with_rule(folder.path(), rule), &[raw.path()], AS_OF);
        let mut fates: BTreeMap<String, String> = BTreeMap::new();
        for row in version.rows("tentatives") {
            fates.insert(row["ligne_source"].clone(), of(&row, &["instant_utc", "decalage_utc_min"]));
        }
        for row in version.rows("quarantaine") {
            fates.insert(row["ligne"].clone(), row["motif"].clone());
        }
        let fates: Vec<&str> = fates.values().map(String::as_str).collect();
        let expected = [
            "2019-03-31T00:59:00Z 60",
            missing,
            "2019-03-31T01:00:00Z 120",
            "2019-10-26T23:59:00Z 120",
            ambiguous,
            "2019-10-27T02:00:00Z 60",
        ];
        assert_eq!(fates, expected, "rule: {rule}");
    }
}

/// What is known of one procedure of a log.
struct Known {
    procedure: &'static str,
    yes: u64,
    answers: u64,
    /// Since when, how many minutes, how many cycles.
    holes: &'static [Hole],
}

type Hole = (&'static str, u64, u64);

const MONDAY_NIGHT: Hole = ("2022-06-06T00:00:00Z", 540, 17);
const TUESDAY: Hole = ("2022-06-07T12:30:00Z", 60, 1);
const THURSDAY: Hole = ("2022-06-09T16:30:00Z", 60, 1);
const FRIDAY: Hole = ("2022-06-10T08:00:00Z", 30, 1);

#[rustfmt::skip]
const SEINE_MARITIME: &[Known] = &[
    Known { procedure: "documents-voyage", yes: 2, answers: 270, holes: &[MONDAY_NIGHT, TUESDAY, THURSDAY] },
    Known { procedure: "premier-titre", yes: 102, answers: 271, holes: &[MONDAY_NIGHT, THURSDAY] },
    Known { procedure: "regularisation", yes: 7, answers: 269, holes: &[MONDAY_NIGHT, TUESDAY, THURSDAY, FRIDAY] },
    Known { procedure: "renouvellement-titre", yes: 28, answers: 271, holes: &[MONDAY_NIGHT, THURSDAY] },
    Known { procedure: "retrait-recepisse", yes: 5, answers: 271, holes: &[MONDAY_NIGHT, THURSDAY] },
    Known { procedure: "retrait-titre", yes: 73, answers: 271, holes: &[MONDAY_NIGHT, THURSDAY] },
];

fn whole(row: &Row, column: &str) -> u64 {
    let text = row[column].trim_end_matches(".0");
    text.parse().unwrap_or_else(|_| panic!("{column} is « {} » in {row:?}", row[column]))
}

#[test]
fn the_log_of_seine_maritime_gives_its_known_figures_and_its_holes_are_not_refusals() {
    let Some(real) = real_logs() else { return skipped("the real log of Seine-Maritime is not here") };
    let folder = root().join("pipelines/seine-maritime-2022");
    let version = Version::of(&folder, &[&real.join("seine_maritime_2022")], "2022-06-12T00:00:00+02:00");
    assert_eq!(version.rows("quarantaine"), Vec::<Row>::new());
    let (attempts, gaps) = (version.rows("tentatives"), version.rows("lacunes"));
    let (days, months) = (version.rows("disponibilite_jour"), version.rows("disponibilite_mois"));
    assert_eq!(attempts.len(), 1_623);
    let where_and_how = |row| of(row, &["guichet_id", "systeme", "horizon_jours"]);
    assert!(attempts.iter().all(|row| where_and_how(row) == "rouen-prefecture ez_planning 7"));
    assert_eq!(gaps.len(), SEINE_MARITIME.iter().map(|known| known.holes.len()).sum::<usize>());
    for Known { procedure, yes, answers, holes } in SEINE_MARITIME {
        let ours = |row: &&Row| row["demarche_id"] == *procedure;
        let answered = |answer: &str| {
            let all = attempts.iter().filter(ours).filter(|row| row["reponse"] == answer);
            all.count() as u64
        };
        assert_eq!((answered("oui"), answered("non")), (*yes, answers - yes), "{procedure}");

        let hole = |row| (whole(row, "duree_s") / 60, whole(row, "cycles_manquants"));
        let found: Vec<_> = gaps.iter().filter(ours).map(|row| (row["debut_utc"].as_str(), hole(row))).collect();
        let known: Vec<_> = holes.iter().map(|(since, minutes, missing)| (*since, (*minutes, *missing))).collect();
        assert_eq!(found, known, "{procedure}");

        // 222 cycles of 30 minutes, then 67 of 15. Those that left no line were expected, and are counted nowhere else.
        let sum = |column: &str| days.iter().filter(ours).map(|row| whole(row, column)).sum::<u64>();
        let missing: u64 = holes.iter().map(|(.., missing)| missing).sum();
        assert_eq!((sum("cycles_prevus"), sum("consultations")), (289, 289 - missing), "{procedure}");
        assert_eq!((sum("oui"), sum("non"), sum("inconnues")), (*yes, answers - yes, 0), "{procedure}");
        let month = months.iter().find(ours).unwrap();
        assert_eq!((whole(month, "non"), whole(month, "reponses")), (answers - yes, *answers), "{procedure}");
        let holed = days.iter().filter(ours).find(|row| row["jour"] == "2022-06-06").unwrap();
        assert_eq!((whole(holed, "cycles_prevus"), whole(holed, "consultations")), (48, 31), "{procedure}");
        assert_eq!(holed["qualite"], "partielle", "{procedure}: a third of that day was not seen");
    }
}

#[test]
fn no_line_of_the_german_log_is_lost() {
    let Some(real) = real_logs() else { return skipped("the real log of German offices is not here") };
    let version =
        Version::of(&pipeline("bureaux-allemands"), &[&real.join("german_offices_2026")], "2026-02-09T00:00:00+01:00");
    let attempts = version.rows("tentatives");
    assert_eq!(attempts.len(), 271_590);
    assert_eq!(version.rows("quarantaine"), Vec::<Row>::new());
    // Known from the file itself: 4,849 lines count no free slot, and those alone name no first one.
    let none: Vec<&Row> = attempts.iter().filter(|row| row["reponse"] == "non").collect();
    assert_eq!(none.len(), 4_849);
    assert!(attempts.iter().all(|row| (row["reponse"] == "oui") != row["premiere_date"].is_empty()));
    let first = attempts.iter().find(|row| row["ligne_source"] == "2").unwrap();
    let columns = ["instant_utc", "guichet_id", "demarche_id", "creneaux", "premiere_date", "horizon_jours"];
    assert_eq!(of(first, &columns), "2026-01-25T23:03:16Z beckum 278/3294 1701 2026-01-27 ");
    let services: BTreeSet<_> = attempts.iter().map(|row| (&row["guichet_id"], &row["demarche_id"])).collect();
    assert_eq!(services.len(), 215);
}

//! Every figure that a page shows is of a row and a column of a published table, and no state of a figure can be taken for
//! another.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::support::site::{Site, texts};
use crate::support::{Row, Version};

/// The columns of the key of each table that pages show, in the order in which they write it.
const KEYS: [(&str, &[&str]); 6] = [
    ("disponibilite_mois", &["guichet_id", "demarche_id", "mois"]),
    ("synthese_departements", &["departement", "demarche_id", "mois"]),
    ("delais", &["guichet_id", "demarche_id", "mois"]),
    ("rythme_ouvertures", &["guichet_id", "demarche_id", "jour_semaine", "heure"]),
    ("penuries", &["guichet_id", "demarche_id", "debut_utc"]),
    ("incidents", &["incident_id"]),
];

/// The months in French and in English.
const MONTHS: [&str; 2] = [
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "January February March April May June July August September October November December",
];

fn month(day: NaiveDate, french: bool) -> &'static str {
    MONTHS[usize::from(!french)].split(' ').nth(day.month0() as usize).unwrap()
}

/// How a column's values are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Count,
    Share,
    Length,
    Instant,
    Month,
    Text,
    Code,
}

fn kind(column: &str) -> Kind {
    let share = ["taux_", "ic95_", "borne_", "part_", "couverture"];
    match column {
        "mois" => Kind::Month,
        "cible" => Kind::Code,
        "point_de_mesure" | "systeme" | "guichet_id" => Kind::Text,
        _ if column.ends_with("_utc") => Kind::Instant,
        _ if column.ends_with("_s") => Kind::Length,
        _ if share.iter().any(|start| column.starts_with(start)) => Kind::Share,
        _ => Kind::Count,
    }
}

/// An instant of a table to the second, which is as exact as a page has it.
fn second(text: &str) -> DateTime<Utc> {
    let instant: DateTime<Utc> = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    DateTime::from_timestamp(instant.timestamp(), 0).unwrap()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Whether a page holds a value of a table: shares to the fourth digit at least, all else as it is.
fn is_held(kind: Kind, page: &str, table: &str) -> bool {
    match kind {
        _ if page.is_empty() || table.is_empty() => page == table,
        Kind::Share => (number(page) - number(table)).abs() <= 0.000_050_000_1,
        Kind::Instant => second(page) == second(table),
        Kind::Text => page.replace('’', "'") == table,
        Kind::Count | Kind::Length | Kind::Month | Kind::Code => page == table,
    }
}

/// A whole number in groups of three.
fn grouped(digits: &str, mark: &str) -> String {
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.into_iter().rev().collect::<Vec<_>>().join(mark)
}

fn day(day: NaiveDate, french: bool) -> String {
    let first = if french && day.day() == 1 { "er" } else { "" };
    format!("{}{first} {} {}", day.day(), month(day, french), day.year())
}

/// A share in per cent; neither 0 nor 100 where it is not quite.
pub fn percent(share: f64, french: bool) -> String {
    let (less, more, sign) = if french { ("moins de", "plus de", "\u{a0}%") } else { ("less than", "more than", "%") };
    let told = match share {
        share if share > 0.0 && share < 0.0005 => format!("{less} 0.1{sign}"),
        share if (0.9995..1.0).contains(&share) => format!("{more} 99.9{sign}"),
        share => format!("{:.1}{sign}", 100.0 * share),
    };
    if french { told.replace('.', ",") } else { told }
}

/// What a page must show of a value of a table.
fn shown(kind: Kind, table: &str, french: bool) -> String {
    if table.is_empty() {
        return String::new();
    }
    let tenths = |number: f64| format!("{number:.1}").replace('.', if french { "," } else { "." });
    match kind {
        Kind::Count => grouped(table, if french { "\u{202f}" } else { "," }),
        Kind::Share => percent(number(table), french),
        Kind::Length => {
            let hours = number(table) / 3600.0;
            let days = format!("{} {}", tenths(hours / 24.0), if french { "jours" } else { "days" });
            if hours < 48.0 { format!("{}\u{a0}h", tenths(hours)) } else { days }
        }
        Kind::Instant => {
            let instant = second(table);
            let clock = instant.format(if french { "%-H\u{a0}h %M" } else { "%H:%M" });
            format!("{}, {clock} UTC", day(instant.date_naive(), french))
        }
        Kind::Month => {
            let first: NaiveDate = format!("{table}-01").parse().unwrap();
            format!("{} {}", month(first, french), first.year())
        }
        Kind::Text => table.to_owned(),
        Kind::Code => match (table, french) {
            ("indetermine", true) => "on ne sait pas",
            ("indetermine", false) => "not known",
            ("oui", false) => "yes",
            ("non", false) => "no",
            (same, _) => same,
        }
        .to_owned(),
    }
}

/// The rows of the tables that pages show, by table and key.
fn published(version: &Version) -> BTreeMap<(&'static str, String), Row> {
    let mut rows = BTreeMap::new();
    for (table, columns) in KEYS {
        for row in version.rows(table) {
            let told = |column: &&str| match kind(column) {
                Kind::Instant => second(&row[*column]).to_rfc3339_opts(SecondsFormat::Secs, true),
                _ => row[*column].clone(),
            };
            let key = columns.iter().map(told).collect::<Vec<_>>().join("/");
            assert!(rows.insert((table, key.clone()), row).is_none(), "two rows of {table} are {key}");
        }
    }
    rows
}

#[test]
fn every_figure_shown_is_that_of_the_published_table() {
    let Some(site) = Site::of_the_sample() else { return };
    let rows = published(&site.version);
    let found = site.look("figures", &site.http(), &json!({ "pages": site.pages() }));
    let mut compared: BTreeMap<&str, usize> = BTreeMap::new();
    let mut months: BTreeSet<(bool, String)> = BTreeSet::new();
    let mut wrong = Vec::new();
    for figure in found.as_array().unwrap() {
        let (page, told, column) =
            (figure[0].as_str().unwrap(), figure[1].as_str().unwrap(), figure[3].as_str().unwrap());
        let (table, columns) = *KEYS.iter().find(|(table, _)| *table == told).unwrap_or_else(|| panic!("{figure}"));
        let key = texts(&figure[2]);
        assert_eq!(key.len(), columns.len(), "{figure}");
        let (french, key) = (!page.starts_with("en/"), key.join("/"));
        let row = rows.get(&(table, key.clone()));
        // Of an hour in which nobody looked the table has no row, and the page a hyphen.
        let value = match row {
            Some(row) => row[column].as_str(),
            None if table == "rythme_ouvertures" => "",
            None => panic!("{table} has no row {key}, which {page} shows"),
        };
        let kind = kind(column);
        let (raw, text) = (figure[4].as_str().unwrap(), figure[5].as_str().unwrap());
        if !is_held(kind, raw, value) || text.replace('’', "'") != shown(kind, value, french).replace('’', "'") {
            wrong.push(format!("{page}, {table}/{key}/{column}: « {text} » of {raw}, where the table has {value}"));
        }
        *compared.entry(table).or_default() += 1;
        if table == "disponibilite_mois" {
            months.insert((french, key));
        }
    }
    assert!(wrong.is_empty(), "{} figures:\n{}", wrong.len(), wrong.join("\n"));
    for (table, _) in KEYS {
        assert!(compared.contains_key(table), "no page shows a figure of {table}: {compared:?}");
    }
    assert!(compared.values().sum::<usize>() > 6_000, "{compared:?}");
    // The other way round: every service and month is on a page, in both languages.
    for (table, key) in rows.keys().filter(|(table, _)| *table == "disponibilite_mois") {
        assert!([true, false].iter().all(|french| months.contains(&(*french, key.clone()))), "{table}/{key}");
    }
}

/// What a row of availability says, told apart without the code that draws it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Rate,
    Always,
    TooFew,
    NoAnswer,
    NotMeasured,
}

impl State {
    fn of(row: &Row) -> Self {
        let count = |column: &str| row[column].parse::<i64>().unwrap();
        match row["taux_sans_rdv"].as_str() {
            "" if count("reponses") > 0 => Self::TooFew,
            "" if count("inconnues") > 0 => Self::NoAnswer,
            "" => Self::NotMeasured,
            _ if count("oui") == 0 && row["secondes_non"] == row["secondes_repondues"] => Self::Always,
            _ => Self::Rate,
        }
    }

    /// Its words in French, its class where it has one, and what fills it.
    const fn told(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Rate => ("", "", ""),
            Self::Always => ("toujours\u{a0}: chaque réponse fut «\u{a0}non\u{a0}»", "c4", "#3d1408"),
            Self::TooFew => ("des réponses, mais pas de quoi donner un taux", "trop_peu", "url(#points-"),
            Self::NoAnswer => ("regardé, sans réponse\u{a0}: on ne sait pas", "aucune_reponse", "url(#rayures-"),
            Self::NotMeasured => ("pas mesuré\u{a0}: personne n’a regardé", "pas_mesure", "url(#hachures-"),
        }
    }
}

impl State {
    /// Why there is no rate, as the sentence about a month says it.
    const fn clause(self) -> &'static str {
        match self {
            Self::Rate | Self::Always => "du temps, à ne pas citer sans cette réserve",
            Self::TooFew => "les réponses ne permettent pas d’en donner un",
            Self::NoAnswer => "le robot a regardé, et n’a pas eu de réponse",
            Self::NotMeasured => "personne n’a regardé",
        }
    }
}

/// The newest month that is whole for somebody: the one of which pages speak first.
pub fn closed_month(rows: &[Row]) -> String {
    rows.iter().filter(|row| row["periode_complete"] == "true").map(|row| row["mois"].clone()).max().unwrap()
}

#[test]
fn the_states_of_a_figure_have_each_their_words_their_class_and_their_pattern() {
    let Some(site) = Site::of_the_sample() else { return };
    let counters: Vec<String> = site.pages_in("guichets").into_iter().filter(|page| !page.starts_with("en/")).collect();
    let options = json!({ "counters": counters, "compare": "comparer.html", "front": "index.html" });
    let seen = site.look("states", &site.http(), &options);
    let rows = site.version.rows("disponibilite_mois");
    let closed = closed_month(&rows);
    let sentences = site.version.rows("fiche_mois");
    let mut met = BTreeSet::new();
    for row in &rows {
        let (service, month) = (format!("{}/{}", row["guichet_id"], row["demarche_id"]), row["mois"].as_str());
        let (state, told) = (State::of(row), &seen["services"][&service]);
        assert!(told.is_object(), "{service} has no section");
        let (words, class, fill) = state.told();
        let at = format!("{service}, {month}, {state:?}: {told}");
        let procedure = &row["demarche_id"];
        assert_eq!(told["missing"], json!([]), "{at}: a pattern is named that is not there");
        let note = told["notes"][month].as_str().unwrap();
        // As the table beside the figure says it, and as the figure draws it.
        match state {
            State::Rate => assert_eq!(note.is_empty(), row["motif"].is_empty(), "{at}"),
            State::Always => {
                assert!(row["periode_complete"] == "false" || texts(&told["dots"]).contains(&fill), "{at}");
            }
            _ => {
                assert!(note.starts_with(words), "{at}");
                let fill = format!("{fill}mois-{procedure})");
                assert!(texts(&told["filled"]).contains(&fill.as_str()), "{at}");
            }
        }
        if month != closed {
            continue;
        }
        met.insert(state);
        let finding = told["finding"].as_str().unwrap();
        let sentence = sentences
            .iter()
            .find(|other| ["guichet_id", "demarche_id", "mois"].iter().all(|column| other[*column] == row[*column]));
        assert_eq!(told["copied"] == true, row["qualite"] == "suffisante", "{at}: only what may be cited is copied");
        if row["qualite"] == "suffisante" {
            let sentence = sentence.unwrap()["lecture"].replace(" %", "\u{a0}%");
            assert_eq!(told["sentence"].as_str().unwrap(), sentence, "{at}");
        } else {
            // Why, in words: a sentence that is quoted holds no code.
            assert!(told["classes"].as_str().unwrap().contains("aucune"), "{at}");
            assert!(!finding.contains('_') && finding.contains(state.clause()), "{at}");
            let refused = finding.contains("aucun taux ne peut être cité");
            assert_eq!(refused, !matches!(state, State::Rate | State::Always), "{at}");
            assert!(finding.contains(state.clause()), "{at}");
        }
        let compared = &seen["compare"][format!("{service}/{month}")];
        if state != State::Rate {
            assert_eq!((&compared[0], &compared[1]), (&json!(class), &json!(words)), "{at}");
        }
        let has_rate = matches!(state, State::Rate | State::Always);
        assert_eq!(compared[2] != "", has_rate, "{at}: a rate is shown where there is one, and nowhere else");
    }
    assert_eq!(met, BTreeSet::from([State::Rate, State::Always, State::TooFew, State::NoAnswer]));
    assert_map(&site, &seen, &closed);
}

/// Of most départements of the map nobody knows anything: they are hatched, and the legend says so.
fn assert_map(site: &Site, seen: &Value, closed: &str) {
    let known: BTreeSet<String> = site
        .version
        .rows("synthese_departements")
        .into_iter()
        .filter(|row| row["mois"] == closed)
        .map(|row| row["departement"].clone())
        .collect();
    let (words, class, fill) = State::NotMeasured.told();
    let mut hatched = 0;
    for shape in seen["map"].as_array().unwrap() {
        let [code, classes, filled, pattern] = [0_usize, 1, 2, 3].map(|at| shape[at].as_str().unwrap());
        if !known.contains(code) {
            assert!(classes.split(' ').any(|other| other == class) && filled.starts_with(fill), "{shape}");
            assert_eq!(pattern, "pattern", "{shape}: what is named is not there");
            hatched += 1;
        }
    }
    assert!(hatched > 100, "{hatched}");
    let legend = seen["legend"].as_array().unwrap();
    assert_eq!(legend.len(), 9);
    for state in [State::Always, State::TooFew, State::NoAnswer, State::NotMeasured] {
        let (words, class, fill) = state.told();
        let told = legend.iter().find(|told| told[0] == class).unwrap_or_else(|| panic!("no {class} in the legend"));
        assert!(told[1].as_str().unwrap().starts_with(fill) && told[2] == words, "{told}");
    }
    assert!(legend.iter().any(|told| told[2] == words));
    let apart: [BTreeSet<String>; 3] =
        [0_usize, 1, 2].map(|at| legend.iter().map(|told| told[at].to_string()).collect());
    assert!(apart.iter().all(|told| told.len() == legend.len()), "two states look or read alike: {legend:?}");
}

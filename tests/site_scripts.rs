//! What the scripts of the site do: the map by the keyboard, the table of all services, figures that are taken away, questions to
//! the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::site_figures::{closed_month, percent};
use crate::support::site::{Site, texts};
use crate::support::tools::node_project;
use crate::support::{Row, Run, root};

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

/// The rates of the départements, by procedure, month and code; none where no rate is published.
fn rates(site: &Site) -> BTreeMap<(String, String, String), Option<f64>> {
    let rows = site.version.rows("synthese_departements").into_iter();
    let key = |row: &Row| (row["demarche_id"].clone(), row["mois"].clone(), row["departement"].clone());
    rows.map(|row| (key(&row), row["taux_sans_rdv"].parse().ok())).collect()
}

/// What the map says of the one département that the sample measures: the words and the share of its row, the class of its shape.
fn told(state: &Value) -> (&str, &str, &str) {
    let row = state["rows"].as_array().unwrap().iter().find(|row| row[0] == "9Z").unwrap();
    let shape = state["shapes"].as_array().unwrap().iter().find(|shape| shape[0] == "9Z").unwrap();
    (row[1].as_str().unwrap(), row[2].as_str().unwrap(), shape[1].as_str().unwrap())
}

#[test]
fn the_map_goes_by_the_keyboard_alone_and_its_address_can_be_sent() {
    let Some(site) = Site::of_the_sample() else { return };
    let rates = rates(&site);
    let views = [site.http(), site.file()].map(|store| site.look("map", &store, &json!({ "page": "index.html" })));
    for seen in &views {
        assert_eq!(seen["complaints"], json!([]));
        let [first, procedure, arrow, button] = ["first", "procedure", "arrow", "button"].map(|step| &seen[step]);
        // Another procedure first, then the month before, then one more by its button.
        assert_ne!(first["procedure"], procedure["procedure"]);
        let months = [first, procedure, arrow, button].map(|state| text(state, "month").parse::<i32>().unwrap());
        assert_eq!(months, [months[0], months[0], months[0] - 1, months[0] - 2]);
        for (before, after) in [(first, procedure), (procedure, arrow), (arrow, button)] {
            assert_ne!(before["title"], after["title"]);
            assert_ne!(before["address"], after["address"]);
        }
        assert_ne!(procedure["spoken"], arrow["spoken"]);
        for state in [first, procedure, arrow, button] {
            assert!(text(state, "title").ends_with(&format!(", {}", text(state, "spoken"))), "{state}");
        }
        // What is known differs, and so do the table and the shapes.
        assert_ne!(told(first), told(procedure));
        let ((words, share, class), (_, other_share, other_class)) = (told(arrow), told(button));
        assert_eq!((words, share, class), ("des réponses, mais pas de quoi donner un taux", "", "trop_peu"));
        assert!(!other_share.is_empty() && other_class != class, "{other_share}, {other_class}");
        // The address holds it all; one that names nothing known shows the first view.
        let address = text(button, "address");
        assert!(address.contains("demarche=premier-titre") && address.contains("mois=2019-03"), "{address}");
        assert_eq!(button, &seen["reloaded"]);
        assert_eq!(told(first), told(&seen["unknown"]));
    }

    // Every procedure and month shows what the table has.
    let (mut shown, mut wrong) = (BTreeSet::new(), Vec::new());
    for view in views[0]["all"].as_array().unwrap() {
        let key = ["procedure", "month", "code"].map(|part| text(view, part).to_owned());
        let [procedure, month, code] = key.clone();
        let rate = rates.get(&(procedure, month, code)).copied().flatten();
        let share = rate.map(|rate| percent(rate, true)).unwrap_or_default();
        if text(view, "share") != share {
            wrong.push(format!("{view}, where the table has {share}"));
        }
        // A rate is a colour, or one with lines across where it is under reserve.
        let fill = text(view, "fill");
        assert_eq!(fill.starts_with("url(") && !fill.starts_with("url(#reserve-"), rate.is_none(), "{view}");
        shown.insert(key);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        rates
            .keys()
            .all(|(procedure, month, code)| { shown.contains(&[procedure.clone(), month.clone(), code.clone()]) })
    );
}

/// The columns of the table of all services that hold words.
const WORDS: usize = 3;

#[test]
fn the_table_of_all_services_is_sorted_searched_and_filtered() {
    let Some(site) = Site::of_the_sample() else { return };
    let rows = site.version.rows("disponibilite_mois");
    let closed = closed_month(&rows);
    let services: BTreeMap<String, &Row> = rows
        .iter()
        .filter(|row| row["mois"] == closed)
        .map(|row| (format!("{}/{}/{closed}", row["guichet_id"], row["demarche_id"]), row))
        .collect();
    let words = ["bois leger", "RENOUVELLEMENT titre", "zzz"];
    let seen = site.look("compare", &site.http(), &json!({ "page": "comparer.html", "words": words }));
    assert_eq!(seen["complaints"], json!([]));
    let all: BTreeSet<&str> = services.keys().map(String::as_str).collect();
    assert_eq!(shown(&seen["first"]), all);

    let columns = seen["first"]["sorted"].as_array().unwrap().len();
    for column in 0..columns {
        let [once, twice] = ["once", "twice"].map(|turn| &seen[format!("{column} {turn}")]);
        // Of numbers the highest are asked for first.
        let orders = if column < WORDS { ["ascending", "descending"] } else { ["descending", "ascending"] };
        for (state, order) in [once, twice].into_iter().zip(orders) {
            let sorted: Vec<Option<&str>> = state["sorted"].as_array().unwrap().iter().map(Value::as_str).collect();
            let expected: Vec<Option<&str>> = (0..columns).map(|other| (other == column).then_some(order)).collect();
            assert_eq!(sorted, expected, "{column}");
            assert_in_order(state, column, order);
        }
        let lasting = |state: &Value| values(state, column).into_iter().filter(|value| !value.is_empty()).count();
        assert_eq!(lasting(once), lasting(twice));
    }
    let last = &seen[format!("{} twice", columns - 1)];
    assert_eq!(&seen["sorted again"], last, "the address brings the order back");

    assert_search(&seen, &services);
    assert_eq!(seen["searched again"], seen["search zzz"], "the address brings the search back");
    for row in services.values() {
        for (field, value) in [("demarche", &row["demarche_id"]), ("departement", &row["departement"])] {
            let column = if field == "demarche" { "demarche_id" } else { field };
            let expected = services.iter().filter(|(_, other)| other[column] == *value).map(|(key, _)| key.as_str());
            let expected: BTreeSet<&str> = expected.collect();
            let state = &seen[format!("{field} {value}")];
            assert_eq!(shown(state), expected, "{value}");
            assert_count(state, services.len());
        }
    }
    let states = seen.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("etat ") && *name != "etat ");
    let by_state: usize = states.map(|(_, state)| state["shown"].as_array().unwrap().len()).sum();
    assert_eq!(by_state, services.len(), "each service has one state");
    assert_pairs(&seen["pairs"], &services);
}

/// The keys of the rows that are not hidden.
fn shown(state: &Value) -> BTreeSet<&str> {
    texts(&state["shown"]).into_iter().collect()
}

fn values(state: &Value, column: usize) -> Vec<&str> {
    state["values"].as_array().unwrap().iter().map(|row| row[column].as_str().unwrap()).collect()
}

/// What is known in its order, and after it what is not, in both directions.
fn assert_in_order(state: &Value, column: usize, order: &str) {
    let values = values(state, column);
    let known: Vec<&str> = values.iter().copied().take_while(|value| !value.is_empty()).collect();
    assert!(values[known.len()..].iter().all(|value| value.is_empty()), "{column}: {values:?}");
    let ordered = |pair: &[&str]| {
        let (first, second) = if order == "ascending" { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
        if column < WORDS {
            // As French orders words: accents come after letters.
            plain(first) <= plain(second)
        } else {
            first.parse::<f64>().unwrap() <= second.parse::<f64>().unwrap()
        }
    };
    assert!(known.windows(2).all(ordered), "{column}, {order}: {values:?}");
}

/// Words as they are sorted: small letters without accents, spaces for signs.
fn plain(words: &str) -> String {
    let bare = |letter: char| match letter {
        'à' | 'â' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'î' | 'ï' => 'i',
        'ô' => 'o',
        other => other,
    };
    let spaced = |letter: char| if letter.is_alphanumeric() { bare(letter) } else { ' ' };
    words.to_lowercase().chars().map(spaced).collect()
}

fn assert_count(state: &Value, all: usize) {
    let shown = state["shown"].as_array().unwrap().len();
    let services = if shown > 1 { "services" } else { "service" };
    let told = if shown == all { format!("{all} services") } else { format!("{shown} {services} sur {all}") };
    assert_eq!(text(state, "status"), told);
}

fn assert_search(seen: &Value, services: &BTreeMap<String, &Row>) {
    let found = |words: &str| shown(&seen[format!("search {words}")]);
    let of = |is: &dyn Fn(&Row) -> bool| -> BTreeSet<&str> {
        services.iter().filter(|(_, row)| is(row)).map(|(key, _)| key.as_str()).collect()
    };
    // Without accents, with a space for a hyphen, in any letters.
    assert_eq!(found("bois leger"), of(&|row| row["guichet_id"] == "exemple-bois-leger"));
    assert_eq!(found("RENOUVELLEMENT titre"), of(&|row| row["demarche_id"] == "renouvellement-titre"));
    assert!(found("zzz").is_empty());
    for words in ["bois leger", "RENOUVELLEMENT titre", "zzz"] {
        let state = &seen[format!("search {words}")];
        assert_count(state, services.len());
        assert!(text(state, "address").starts_with("#q="), "{state}");
    }
}

fn assert_pairs(pairs: &Value, services: &BTreeMap<String, &Row>) {
    let between = |key: &str, low: &str, high: &str| {
        let row = services[key];
        Some((row[low].parse::<f64>().ok()?, row[high].parse::<f64>().ok()?))
    };
    let meet = |one: (f64, f64), other: (f64, f64)| one.0 <= other.1 && other.0 <= one.1;
    let mut verdicts = BTreeSet::new();
    for pair in pairs["of"].as_array().unwrap() {
        let [first, second, told] = [0_usize, 1, 2].map(|at| pair[at].as_str().unwrap());
        let has_rate = [first, second].iter().all(|key| !services[*key]["taux_sans_rdv"].is_empty());
        let [one, other] = [first, second].map(|key| between(key, "ic95_bas", "ic95_haut"));
        let bounds = [first, second].map(|key| between(key, "borne_basse", "borne_haute"));
        let verdicts_of = match (one, other, bounds) {
            _ if !has_rate => ["n’a pas de taux\u{a0}: rien ne permet", ""],
            (Some(one), Some(other), _) if meet(one, other) => ["Les intervalles se recoupent\u{a0}:", ""],
            (Some(_), Some(_), _) => ["Les intervalles ne se recoupent pas.", ""],
            // Chance cannot be judged without both intervals; what nobody knows can, where both have bounds.
            (one, other, [Some(first), Some(second)]) => [
                if one.or(other).is_some() {
                    "L’un des deux n’a pas d’intervalle."
                } else {
                    "Aucun des deux n’a d’intervalle."
                },
                if meet(first, second) {
                    "Leurs bornes se recoupent\u{a0}:"
                } else {
                    "leurs bornes ne se recoupent pas\u{a0}:"
                },
            ],
            _ => panic!("a rate without bounds: {pair}"),
        };
        assert!(verdicts_of.iter().all(|verdict| told.contains(verdict)), "{pair}: {verdicts_of:?}");
        verdicts.insert(verdicts_of);
    }
    assert!(
        verdicts.len() > 3 && verdicts.iter().any(|verdict| verdict[1].contains("ne se recoupent")),
        "{verdicts:?}"
    );
    assert!(text(pairs, "none").contains("Cochez deux lignes") && text(pairs, "three").contains("que deux"), "{pairs}");
}

/// Words without what breaks lines in them.
fn flat(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ").replace('’', "'")
}

/// What browsers get is made of the sources beside it, and of nothing else.
#[test]
fn the_script_that_asks_is_what_its_sources_give() {
    let Some(folder) = node_project("src/site/browser") else { return };
    let built = Run::of(Command::new("node").arg("build.js").current_dir(&folder));
    assert_eq!(built.code, Some(0), "{}{}", built.stdout, built.stderr);
    let made = fs::read(folder.parent().unwrap().join("assets/interroger.js")).unwrap();
    assert!(
        made == fs::read(root().join("src/site/assets/interroger.js")).unwrap(),
        "run npm run build in src/site/browser"
    );
}

#[test]
fn a_figure_that_is_taken_away_says_what_it_is() {
    let Some(site) = Site::of_the_sample() else { return };
    let version = site.version.manifest["version"].as_str().unwrap();
    let pages = [
        ("index.html", "DONNÉES SIMULÉES"),
        ("guichets/exemple-val-imaginaire.html", "DONNÉES SIMULÉES"),
        ("en/guichets/exemple-haute-chimere.html", "SIMULATED DATA"),
    ];
    for (page, simulated) in pages {
        let seen = site.look("take", &site.http(), &json!({ "page": page }));
        assert_eq!(seen["complaints"], json!([]), "{page}");
        let figures = seen["found"].as_object().unwrap();
        assert!(!figures.is_empty(), "{page}");
        for (id, taken) in figures {
            let at = format!("{page}, {id}");
            let files = taken["files"].as_object().unwrap();
            let kinds: BTreeSet<&str> = files.keys().map(String::as_str).collect();
            assert_eq!(kinds, BTreeSet::from(["CSV", "PNG", "SVG"]), "{at}");
            for (kind, file) in files {
                let ending = format!("-donnees-simulees.{}", kind.to_lowercase());
                assert!(text(file, "name").ends_with(&ending), "{at}: {file}");
            }
            // The picture stands alone, and says of what it is.
            let picture = &taken["picture"];
            assert_eq!((text(picture, "error"), text(picture, "root")), ("", "svg"), "{at}");
            assert_eq!((&picture["lacks"], &picture["foreign"]), (&json!([]), &json!(0)), "{at}");
            let name = flat(text(taken, "name"));
            let parts: Vec<&str> = name.split(if page.starts_with("en/") { ": " } else { " : " }).collect();
            assert_said(text(picture, "text"), &parts, &format!("{at}, in the picture"));
            assert_said(text(picture, "text"), &[simulated, version], &format!("{at}, in the picture"));
            let png = &files["PNG"];
            let all = png["width"].as_u64().unwrap() * png["height"].as_u64().unwrap();
            assert!(png["inked"].as_u64() > Some(all / 200) && all > 100_000, "{at}: {png}");
            assert_eq!(csv_rows(text(&files["CSV"], "text")), page_rows(&taken["rows"]), "{at}");
            // In another page it stands alone, too.
            assert!(text(taken, "code").starts_with("<iframe title=\""), "{at}");
            let alone = &taken["alone"];
            assert_eq!(alone["others"], json!([]), "{at}");
            assert_eq!(alone["warned"], true, "{at}: the warning that data are simulated is gone");
            assert_said(text(alone, "words"), &parts, &format!("{at}, alone"));
            assert!(alone["height"].as_f64() > Some(50.0) && text(alone, "said").contains(version), "{at}: {alone}");
        }
    }
}

fn assert_said(words: &str, parts: &[&str], at: &str) {
    let words = flat(words);
    for part in parts {
        assert!(words.contains(part), "{at}: « {part} » is not said: {words}");
    }
}

fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(flat).collect()).collect()
}

fn page_rows(rows: &Value) -> Vec<Vec<String>> {
    rows.as_array().unwrap().iter().map(|row| texts(row).into_iter().map(flat).collect()).collect()
}

const COLUMNS: [&str; 6] = ["guichet_id", "demarche_id", "mois", "oui", "non", "taux_sans_rdv"];

/// The rows of a table of a counter, and of one of its procedures where it is told.
fn own(site: &Site, table: &str, procedure: Option<&str>, columns: &[&str]) -> Vec<Vec<String>> {
    let of =
        |row: &Row| row["guichet_id"] == COUNTER && procedure.is_none_or(|procedure| row["demarche_id"] == procedure);
    let rows = site.version.rows(table).into_iter().filter(of);
    let mut rows: Vec<Vec<String>> =
        rows.map(|row| columns.iter().map(|column| row[*column].clone()).collect()).collect();
    rows.sort();
    rows
}

const COUNTER: &str = "exemple-val-imaginaire";

/// The answer has the rows of the table, on the page as in the file that it gives.
fn assert_answer(found: &Value, columns: &[&str], expected: &[Vec<String>]) {
    assert_eq!(found["alert"], "");
    let mut rows = csv_rows(text(found, "csv"));
    assert_eq!(rows.remove(0), columns);
    rows.sort();
    assert_eq!(rows, expected);
    assert!(!expected.is_empty());
    assert_eq!(found["shown"], expected.len().min(200));
    assert!(text(found, "status").starts_with(&format!("{} lignes, ", expected.len())), "{found}");
    assert!(text(found, "name").ends_with("-donnees-simulees.csv"), "{found}");
}

#[test]
fn questions_are_answered_in_the_browser_and_fetch_little() {
    let Some(site) = Site::of_the_sample() else { return };
    let days = ["guichet_id", "demarche_id", "jour", "oui", "non", "taux_sans_rdv"];
    let counter = json!(["guichet_id", "eq", COUNTER]);
    let months = json!({ "table": "disponibilite_mois", "filters": [counter], "columns": COLUMNS });
    let history = json!({
        "table": "disponibilite_jour",
        "from": "2019-02",
        "to": "2019-05",
        "filters": [counter, ["demarche_id", "eq", "premier-titre"]],
        "columns": days,
    });
    let seen = site.look("ask", &site.http(), &json!({ "page": "interroger.html", "questions": [months, history] }));
    assert_eq!(seen["complaints"], json!([]));
    let [months, history] = [&seen["found"][0], &seen["found"][1]];
    assert_answer(months, &COLUMNS, &own(&site, "disponibilite_mois", None, &COLUMNS));
    let mut expected = own(&site, "disponibilite_jour", Some("premier-titre"), &days);
    expected.retain(|row| row[2].as_str() < "2019-06");
    assert_answer(history, &days, &expected);
    // Of four files hardly more than the ends, where their columns are told.
    assert!(history["bytes"].as_u64() < Some(400_000) && history["bytes"].as_u64() > Some(0), "{}", history["bytes"]);
    assert_eq!(seen["again"], history["status"], "the address holds the question");
}

#[test]
fn questions_are_answered_from_a_folder_once_a_file_is_chosen() {
    let Some(site) = Site::of_the_sample() else { return };
    let file: PathBuf = site.version.store().join("latest/disponibilite_mois.parquet");
    let question = json!({ "files": [file], "filters": [["guichet_id", "eq", COUNTER]], "columns": COLUMNS });
    for (page, few) in [("interroger.html", "8 lignes, "), ("en/interroger.html", "8 rows, ")] {
        let seen = site.look("ask", &site.file(), &json!({ "page": page, "questions": [question] }));
        assert_eq!(seen["complaints"], json!([]), "{page}");
        let found = &seen["found"][0];
        assert!(text(found, "status").starts_with(few), "{found}");
        if page == "interroger.html" {
            assert_answer(found, &COLUMNS, &own(&site, "disponibilite_mois", None, &COLUMNS));
        }
    }
}

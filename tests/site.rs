//! Every page of the site, from a server and from a folder: nothing is missing, nothing comes from elsewhere, nothing is wider
//! than the screen; it is accessible, valid, well set, readable without JavaScript, and fact sheets are one sheet of paper.

use serde_json::{Value, json};

use crate::support::site::{Site, texts};

/// Of pages that every counter has, one stands for all.
const COUNTER: &str = "exemple-val-imaginaire";
const WIDTHS: [u32; 4] = [320, 360, 768, 1440];

/// Every page at every width, as the test's own walk found it.
fn walk(site: &Site, folder: &str, store: &str) -> Value {
    site.look_in(folder, "walk", store, &json!({ "pages": site.pages(), "widths": WIDTHS }))
}

/// Everything of a kind that was found on any page, with the page.
fn told<'a>(walk: &'a Value, what: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let pages = walk.as_object().unwrap().iter().map(|(page, found)| (page.as_str(), texts(&found[what])));
    pages.filter(|(_, found)| !found.is_empty()).collect()
}

/// Whether a page is the method, which is prose of the project and holds no figure of a version.
fn is_method(page: &str) -> bool {
    page.ends_with("methode.html")
}

fn assert_sound(walk: &Value) {
    // Of the texts of a figure axe cannot tell what stands behind them: it is white.
    for what in ["complaints", "wide", "pale"] {
        let found = told(walk, what);
        assert!(found.is_empty(), "{what}: {found:#?}");
    }
    for (page, found) in told(walk, "text") {
        assert!(found.len() > 10, "{page} says next to nothing");
    }
}

/// No value of a program stands where a figure should.
fn assert_no_words_of_programs(walk: &Value) {
    let word = regex::Regex::new(r"\b(None|NaN|null|undefined)\b|Some\(").unwrap();
    for (page, found) in told(walk, "text").into_iter().filter(|(page, _)| !is_method(page)) {
        let words: Vec<&str> = found.into_iter().filter(|text| word.is_match(text)).collect();
        assert!(words.is_empty(), "{page}: {words:?}");
    }
}

fn assert_french_print(walk: &Value) {
    let mut found = told(walk, "broken");
    // The method cites works in English.
    found.extend(told(walk, "joined").into_iter().filter(|(page, _)| !is_method(page)));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_page_over_http_is_whole_and_fits_and_is_well_set() {
    let Some(site) = Site::of_the_sample() else { return };
    let walk = walk(&site, "latest/", &site.http());
    assert_eq!(walk.as_object().unwrap().len(), site.pages().len());
    assert_no_words_of_programs(&walk);
    assert_french_print(&walk);
    assert_sound(&walk);
}

/// The folder of the version holds the same pages one level deeper.
#[test]
fn every_page_from_a_folder_is_whole_and_fits() {
    let Some(site) = Site::of_the_sample() else { return };
    let folder = format!("versions/{}/", site.version.manifest["version"].as_str().unwrap());
    let walk = walk(&site, &folder, &site.file());
    assert_no_words_of_programs(&walk);
    assert_sound(&walk);
}

#[test]
fn axe_finds_no_violation_on_any_kind_of_page() {
    let Some(site) = Site::of_the_sample() else { return };
    let once = [
        "index.html",
        "comparer.html",
        "interroger.html",
        "lire.html",
        "incidents.html",
        "versions.html",
        "accessibilite.html",
        "changements.html",
    ];
    let of_a_counter = ["guichets", "fiches"].map(|folder| format!("{folder}/{COUNTER}.html"));
    let pages = once.into_iter().map(str::to_owned).chain(of_a_counter);
    let pages: Vec<String> = pages.flat_map(|page| [format!("en/{page}"), page]).collect();
    let mut found = site.look("axe", &site.http(), &json!({ "pages": pages, "widths": [360, 1440] }));
    // The method is long: axe takes its time over it.
    let method =
        site.look("axe", &site.http(), &json!({ "pages": ["methode.html", "en/methode.html"], "widths": [360] }));
    found.as_array_mut().unwrap().extend(method.as_array().unwrap().clone());
    assert!(found.as_array().unwrap().is_empty(), "{found:#}");
}

#[test]
fn every_page_is_valid_html() {
    let Some(site) = Site::of_the_sample() else { return };
    let found = site.look("valid", "", &json!({ "folder": site.version.folder(), "pages": site.pages() }));
    assert!(found.as_array().unwrap().is_empty(), "{found:#}");
}

#[test]
fn without_javascript_everything_can_be_read_and_downloaded() {
    let Some(site) = Site::of_the_sample() else { return };
    let counter = format!("guichets/{COUNTER}.html");
    let options = json!({ "front": "index.html", "counter": counter, "ask": "interroger.html" });
    let seen = site.look("still", &site.http(), &options);
    assert_eq!((&seen["front"], &seen["counter"]), (&json!([]), &json!([])));

    // The map and its table stand there; controls that would do nothing do not.
    assert!(seen["shapes"].as_u64() > Some(100), "{}", seen["shapes"]);
    assert!(seen["departments"].as_str().unwrap().contains("9Z Département fictif"), "{}", seen["departments"]);
    assert_eq!((&seen["controls"], &seen["tools"]), (&json!(0), &json!(0)));

    let files = seen["files"].as_object().unwrap();
    for table in ["disponibilite_mois", "synthese_departements", "delais"] {
        for ending in ["csv", "xlsx", "parquet"] {
            let name = format!("{table}.{ending}");
            let published =
                site.version.files().find(|file| file["path"].as_str().unwrap().ends_with(&format!("/{name}")));
            assert_eq!(files[&name], published.unwrap()["bytes"], "{name}");
        }
    }

    let services = services(&site);
    assert_eq!(seen["findings"].as_array().unwrap().len(), services);
    assert!(seen["drawings"].as_u64() >= u64::try_from(services).ok(), "{}", seen["drawings"]);
    let tables: Vec<u64> = seen["tables"].as_array().unwrap().iter().map(|rows| rows.as_u64().unwrap()).collect();
    assert!(seen["folded"].as_u64() < u64::try_from(tables.len()).ok(), "nothing is folded at first");
    assert!(tables.iter().all(|rows| *rows > 1), "a table stays hidden once its fold was opened: {tables:?}");
    assert!(seen["ask"].as_str().unwrap().contains("a besoin de JavaScript"), "{}", seen["ask"]);
}

/// How many services the counter has.
fn services(site: &Site) -> usize {
    let rows = site.version.rows("disponibilite_mois");
    let own = rows.iter().filter(|row| row["guichet_id"] == COUNTER).map(|row| row["demarche_id"].as_str());
    own.collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn every_fact_sheet_is_one_sheet_of_paper() {
    let Some(site) = Site::of_the_sample() else { return };
    let pages = site.pages_in("fiches");
    let sheets = site.look("print", &site.file(), &json!({ "pages": pages }));
    assert!(pages.len() > 10, "{pages:?}");
    for page in pages {
        assert_eq!(sheets[&page], 1, "{page}");
    }
}

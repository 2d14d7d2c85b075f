//! The page of a version leads to every file from both of its places, shows the figures of the version, and says in a browser
//! whether the store still holds by it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::browser::{Browser, Server};
use crate::support::{copy, json as read, root, sample};

const PAGE: &str = "fichiers.html";

/// The links of a page that need no script.
fn links(page: &str) -> BTreeSet<String> {
    let link = regex::Regex::new(r#"href="([^"]*)""#).unwrap();
    link.captures_iter(page).map(|found| found[1].to_owned()).collect()
}

#[test]
fn the_page_leads_to_every_file_from_both_of_its_places() {
    let version = sample();
    let places = [version.folder(), version.store().join("latest")];
    let [page, copied] = places.clone().map(|place| fs::read_to_string(place.join(PAGE)).unwrap());
    assert_eq!(page, copied);
    let mut named = BTreeSet::new();
    for link in links(&page).iter().filter(|link| !link.contains("://")) {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        for place in &places {
            let target = if path.is_empty() { PAGE } else { path };
            let text = fs::read_to_string(place.join(target)).unwrap_or_default();
            assert!(place.join(target).is_file(), "{link}");
            assert!(anchor.is_empty() || text.contains(&format!("id=\"{anchor}\"")), "{link}");
        }
        named.insert(path.to_owned());
    }
    let from_root = regex::Regex::new(r#"data-path="([^"]*)""#).unwrap();
    for found in from_root.captures_iter(&page) {
        assert!(version.store().join(&found[1]).is_file(), "{}", &found[1]);
        named.insert(found[1].to_owned());
    }
    let own = format!("versions/{}/", version.manifest["version"].as_str().unwrap());
    for file in version.files().filter(|file| file["table"].is_string()) {
        let path = file["path"].as_str().unwrap();
        assert!(named.contains(path.strip_prefix(&own).unwrap_or(path)), "{path}");
        assert!(page.contains(file["sha256"].as_str().unwrap()), "{path}");
    }
}

#[test]
fn the_page_carries_the_croissant_and_the_figures_of_the_version() {
    let version = sample();
    let page = fs::read_to_string(version.folder().join(PAGE)).unwrap();
    let script = page.split("<script type=\"application/ld+json\">").nth(1).unwrap().split("</script>").next().unwrap();
    let embedded: Value = serde_json::from_str(script).unwrap();
    assert_eq!(embedded, read(&version.folder().join("croissant.jsonld")));

    let days = version.rows("disponibilite_jour");
    let sum = |column: &str| days.iter().map(|row| row[column].parse::<i64>().unwrap()).sum::<i64>();
    let shown = |number: i64| {
        let digits = number.to_string();
        let apart = digits.len() % 3;
        let groups = digits.as_bytes()[apart..].chunks(3).map(|group| std::str::from_utf8(group).unwrap());
        let first = (apart > 0).then_some(&digits[..apart]);
        first.into_iter().chain(groups).collect::<Vec<_>>().join("\u{202f}")
    };
    for column in ["oui", "non", "inconnues", "cycles_mesures"] {
        let figure = format!("<b>{}</b>", shown(sum(column)));
        assert!(page.contains(&figure), "{column}: no {figure}");
    }
    for (whole, unit) in [("consultations", "consultations"), ("cycles_prevus", "cycles prévus")] {
        let whole = format!("sur {} {unit}", shown(sum(whole)));
        assert!(page.contains(&whole), "no « {whole} »");
    }
    // A share of all services together is no rate that the method knows.
    for figures in page.split("<dl class=\"figures\">").skip(1) {
        assert!(!figures.split("</dl>").next().unwrap().contains('%'));
    }
    let lines = version.manifest["accounting"]["lines"].as_i64().unwrap();
    assert!(page.contains(&format!("{} lignes = ", shown(lines))));
    for gate in version.manifest["gates"].as_array().unwrap() {
        assert!(page.contains(&format!("<code>{}</code>", gate["gate"].as_str().unwrap())), "{gate}");
    }
}

/// Whether a table's schema says that it is there for others only.
fn is_intermediate(schema: &Value) -> bool {
    schema["guichets"]["intermediate"] == true
}

#[test]
fn intermediate_tables_come_last_and_folded() {
    let version = sample();
    let page = fs::read_to_string(version.folder().join(PAGE)).unwrap();
    let (shown, rest) = page.split_once("<details>").unwrap();
    let (folded, after) = rest.split_once("</details>").unwrap();
    assert!(!after.contains("<details>"));
    let dictionary = fs::read_to_string(version.folder().join("dictionnaire.fr.html")).unwrap();
    let (read_first, last) = dictionary.split_once("<main>").unwrap().1.split_once("Tables intermédiaires").unwrap();
    let catalog = fs::read_to_string(version.folder().join("datapackage.json")).unwrap();
    let resources = read_resources(&catalog);
    let mut seen = 0;
    for (name, schema) in version.schemas() {
        let (link, anchor) = (format!("#table-{name}\""), format!("id=\"table-{name}\""));
        let intermediate = is_intermediate(&schema);
        // A step that leaves in no format has nothing to show but its columns.
        let has_files = version.files().any(|file| file["table"] == name.as_str());
        let told = (!intermediate && has_files, intermediate && has_files);
        assert_eq!((shown.contains(&link), folded.contains(&link)), told, "{name}");
        assert_eq!((read_first.contains(&anchor), last.contains(&anchor)), (!intermediate, intermediate), "{name}");
        seen += usize::from(intermediate);
    }
    assert!(seen > 0);
    let first = resources.iter().position(|name| is_intermediate(&version.schemas()[name])).unwrap();
    assert!(resources[first..].iter().all(|name| is_intermediate(&version.schemas()[name])), "{resources:?}");
}

/// The table of each resource of a Data Package.
fn read_resources(package: &str) -> Vec<String> {
    let package: Value = serde_json::from_str(package).unwrap();
    let schemas = package["resources"].as_array().unwrap().iter().map(|resource| resource["schema"].as_str().unwrap());
    schemas.map(|path| path.trim_start_matches("schemas/").trim_end_matches(".json").to_owned()).collect()
}

/// METHOD.md is one text in the project and two in a version, which together are all of it and lead to each other.
#[test]
fn a_version_carries_the_method_in_both_languages() {
    let version = sample();
    let halves = ["methode.fr.md", "methode.en.md"].map(|name| {
        assert!(version.store().join("latest").join(name).is_file(), "{name}");
        fs::read_to_string(version.folder().join(name)).unwrap()
    });
    let [french, english] = &halves;
    let joined = format!(
        "{}\n---\n\n{}",
        french.replace("](methode.en.md)", "](#method)"),
        english.replace("](methode.fr.md)", "](#méthode)")
    );
    assert_eq!(joined, fs::read_to_string(root().join("METHOD.md")).unwrap());
    let sections = |text: &str| text.lines().filter(|line| line.starts_with("## ")).count();
    assert_eq!(sections(french), sections(english));
    // What leads out of the folder of a version would lead nowhere there.
    let link = regex::Regex::new(r"\]\(([^)]*)\)").unwrap();
    for (half, other) in [(french, "methode.en.md"), (english, "methode.fr.md")] {
        let targets: Vec<&str> = link.captures_iter(half).map(|found| found.get(1).unwrap().as_str()).collect();
        let leads = |target: &&str| *target == other || target.contains("://");
        assert!(targets.contains(&other) && targets.iter().all(leads), "{targets:?}");
    }
    let page = fs::read_to_string(version.folder().join(PAGE)).unwrap();
    assert!(page.contains("href=\"methode.fr.md\"") && page.contains("href=\"methode.en.md\""));
}

/// The store's answer on top of the page; nothing where it has nothing to say.
fn notice(page: &str) -> Option<&str> {
    let state = page.split("id=\"state\"").nth(1).unwrap().split("</div>").next().unwrap();
    let (attributes, text) = state.split_once('>').unwrap();
    (!attributes.contains("hidden")).then_some(text)
}

fn change(path: &Path, change: impl Fn(&mut Value)) {
    let mut value = read(path);
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

#[test]
fn the_page_says_whether_the_store_still_holds_by_it() {
    let Some(browser) = Browser::found() else { return };
    let (version, store) = (sample(), tempfile::tempdir().unwrap());
    copy(version.store(), store.path());
    let server = Server::of(store.path());
    let name = version.manifest["version"].as_str().unwrap();
    let places = [(format!("versions/{name}"), "../../"), ("latest".to_owned(), "../")];
    let urls = places.each_ref().map(|(place, _)| format!("{}/{place}/{PAGE}", server.address));

    for ((place, root), url) in places.iter().zip(&urls) {
        let page = browser.dom(url);
        // The sample is finished: it is never stale.
        assert_eq!(notice(&page), None, "{place}");
        let shared = version.files().find(|file| file["partition"].is_string()).unwrap();
        let link = format!("href=\"{root}{}\"", shared["path"].as_str().unwrap());
        assert!(page.contains(&link), "{place} has no {link}");
    }

    for (place, _) in &places {
        let path = store.path().join(place).join(PAGE);
        let page = fs::read_to_string(&path).unwrap();
        assert!(page.contains(" data-finished>"));
        let width =
            "<script>document.title = document.documentElement.scrollWidth > innerWidth ? 'wide' : 'fits'</script>";
        fs::write(&path, page.replacen(" data-finished>", ">", 1).replace("</body>", &format!("{width}</body>")))
            .unwrap();
    }
    // Without a word of a next version none is late, either.
    assert_eq!(notice(&browser.dom(&urls[1])), None);
    change(&store.path().join("latest.json"), |latest| latest["fresh_until"] = json!("2019-06-02T12:00:00+02:00"));
    let page = browser.dom(&urls[1]);
    assert!(notice(&page).unwrap().contains("Ces données ne sont plus à jour"), "{:?}", notice(&page));
    assert!(page.contains("<title>fits</title>"), "the page is wider than a telephone");

    change(&store.path().join("latest.json"), |latest| latest["version"] = json!("2099-01-01"));
    let page = browser.dom(&urls[0]);
    let told = notice(&page).unwrap();
    assert!(told.contains("Une autre version est courante : 2099-01-01"), "{told}");
    assert!(told.contains("href=\"../../latest/index.html\""), "{told}");

    change(&store.path().join("versions.json"), |list| {
        list["versions"][0]["status"] = json!("retracted");
        list["versions"][0]["reason"] = json!("<b>horloge</b> fausse");
    });
    let told = browser.dom(&urls[0]);
    let told = notice(&told).unwrap();
    assert!(told.contains("Cette version a été retirée"), "{told}");
    assert!(told.contains("&lt;b&gt;horloge&lt;/b&gt; fausse"), "a reason is text: {told}");

    // Without an answer the page claims nothing.
    fs::remove_file(store.path().join("versions.json")).unwrap();
    fs::remove_file(store.path().join("latest.json")).unwrap();
    assert_eq!(notice(&browser.dom(&urls[0])), None);
}

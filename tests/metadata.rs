//! What a version says of itself satisfies those who read it, by their own validators; and each of them refuses a copy of
//! which one thing is spoiled, so that their approval means something.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json as object};

use crate::support::python::{Environment, python};
use crate::support::web::{Answer, Web};
use crate::support::{Run, Version, copy, json, root, sample, seine_maritime, udata};

/// The validators whose own requirements contradict those of the others.
static APART: Environment = Environment::new("tests/requirements-metadata.txt");

const SCRIPT: &str = include_str!("support/metadata.py");

/// What each validator is asked, and of which file.
const COMMON: [(&str, &str); 4] =
    [("profile", "datapackage.json"), ("package", "datapackage.json"), ("dataset", "croissant.jsonld"), ("page", PAGE)];
const SPECIAL: [(&str, &str); 3] =
    [("croissant", "croissant.jsonld"), ("dcat", "catalog.jsonld"), ("citation", "CITATION.cff")];
const PAGE: &str = "fichiers.html";

/// The validators that have an environment of their own.
fn apart(kind: &str) -> bool {
    SPECIAL.iter().any(|(special, _)| *special == kind)
}

/// What the validators find wrong, in the order asked.
fn complaints(asked: &[(&str, PathBuf)]) -> Vec<Vec<String>> {
    let mut told = vec![Vec::new(); asked.len()];
    for special in [false, true] {
        let chosen: Vec<usize> = (0..asked.len()).filter(|index| apart(asked[*index].0) == special).collect();
        let mut args = vec![root().join("tests/fixtures/metadata")];
        args.extend(chosen.iter().flat_map(|index| [PathBuf::from(asked[*index].0), asked[*index].1.clone()]));
        let printed = if special {
            let run = Run::of(Command::new(APART.interpreter()).arg("-c").arg(SCRIPT).args(&args));
            assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
            run.stdout
        } else {
            python(SCRIPT, &args)
        };
        let found: Vec<Vec<String>> =
            serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
        assert_eq!(found.len(), chosen.len());
        for (index, found) in chosen.into_iter().zip(found) {
            told[index] = found;
        }
    }
    told
}

fn assert_valid(folder: &Path) {
    let asked: Vec<(&str, PathBuf)> =
        COMMON.iter().chain(&SPECIAL).map(|(kind, file)| (*kind, folder.join(file))).collect();
    for ((kind, path), complaints) in asked.iter().zip(complaints(&asked)) {
        assert!(complaints.is_empty(), "{kind}, {}: {complaints:#?}", path.display());
    }
}

/// The sample, published where a public address of the store is stated.
fn with_an_address() -> Version {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = folder.path().join("exemple");
    copy(&root().join("pipelines/exemple"), &pipeline);
    let rules = root().join("pipelines/rendez-vous/outcome-rules.toml");
    let path = pipeline.join("pipeline.toml");
    let stated = fs::read_to_string(&path)
        .unwrap()
        .replace("../rendez-vous/outcome-rules.toml", rules.to_str().unwrap())
        .replace("[publication]", &format!("[publication]\nbase_url = \"{ADDRESS}/\""));
    let contact = "\n[publication.contact]\nname = \"Service\"\nemail = \"donnees@example.org\"\n";
    fs::write(&path, stated + contact).unwrap();
    Version::of(&pipeline, &[], "2019-06-01T00:00:00+02:00")
}

const ADDRESS: &str = "https://example.org/donnees";

#[test]
fn the_metadata_of_the_sample_satisfy_every_validator() {
    let version = sample();
    assert_valid(&version.folder());
    assert_valid(&version.store().join("latest"));
}

#[test]
fn the_metadata_of_seine_maritime_satisfy_every_validator() {
    if let Some(version) = seine_maritime() {
        assert_valid(&version.folder());
    }
}

#[test]
fn with_a_public_address_every_file_is_named_by_it() {
    let version = with_an_address();
    assert_valid(&version.folder());
    let tables: BTreeSet<&str> =
        version.files().filter(|file| file["table"].is_string()).map(|file| file["path"].as_str().unwrap()).collect();

    let croissant = json(&version.folder().join("croissant.jsonld"));
    let named: BTreeSet<String> = texts(&croissant["distribution"], "contentUrl").collect();
    assert_eq!(named, tables.iter().map(|path| format!("{ADDRESS}/{path}")).collect());

    // A catalogue keeps addresses from night to night: those under latest/ stay.
    let catalog = json(&version.folder().join("catalog.jsonld"));
    let stable = |path: &&str| format!("{ADDRESS}/latest/{}", path.rsplit('/').next().unwrap());
    let named: BTreeSet<String> = catalog["dcat:dataset"]["dcat:distribution"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["dcat:downloadURL"]["@id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named, tables.iter().map(stable).collect());

    let package = json(&version.folder().join("datapackage.json"));
    let months: BTreeSet<String> =
        texts(&package["resources"], "path").filter(|path| path.contains("/data/")).collect();
    // Of workbooks the package says nothing.
    let shared = tables.iter().filter(|path| path.starts_with("data/") && !path.contains(".xlsx"));
    assert_eq!(months, shared.map(|path| format!("{ADDRESS}/{path}")).collect());
    assert!(!months.is_empty());
}

fn texts<'a>(list: &'a Value, key: &'a str) -> impl Iterator<Item = String> + 'a {
    list.as_array().unwrap().iter().map(move |item| item[key].as_str().unwrap().to_owned())
}

/// Changes one text of a file, which must stand in it.
fn spoil(path: &Path, good: &str, bad: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(good), "{} has no {good}", path.display());
    fs::write(path, text.replacen(good, bad, 1)).unwrap();
}

#[test]
fn each_validator_refuses_what_is_spoiled() {
    let version = sample();
    let spoiled: [(&str, &str, &str, &str); 20] = [
        ("profile", "datapackage.json", "\"path\": \"issues.csv\"", "\"path\": \"../issues.csv\""),
        ("profile", "datapackage.json", "\"name\": \"exemple\"", "\"name\": \"Un exemple\""),
        ("profile", "datapackage.json", "\"resources\"", "\"tables\""),
        ("package", "datapackage.json", "\"hash\": \"sha256:", "\"hash\": \"sha256:0"),
        ("package", "delais.csv", "exemple-bois-leger", "exemple-bois"),
        ("package", "schemas/delais.json", "\"delai_min_jours\"", "\"delai_mini_jours\""),
        ("croissant", "croissant.jsonld", "\"fileObject\": {", "\"fichier\": {"),
        ("croissant", "croissant.jsonld", "\"column\": \"couverture\"", "\"column\": \"couvert\""),
        ("croissant", "croissant.jsonld", "croissant/1.1", "croissant/1.0"),
        ("croissant", "croissant.jsonld", "\"sha256\": ", "\"sha512\": "),
        ("dataset", "croissant.jsonld", "\"sc:Dataset\"", "\"sc:CreativeWork\""),
        ("dataset", "croissant.jsonld", "\"license\"", "\"licence\""),
        ("dataset", "croissant.jsonld", "\"contentUrl\": \"", "\"contentUrl\": \"\", \"x\": \""),
        ("dcat", "catalog.jsonld", "\"dcat:accessURL\"", "\"dcat:address\""),
        ("dcat", "catalog.jsonld", "\"foaf:Agent\",", ""),
        ("dcat", "catalog.jsonld", "\"dct:title\"", "\"dct:titre\""),
        ("citation", "CITATION.cff", "cff-version: 1.2.0", "cff-version: 2019"),
        ("citation", "CITATION.cff", "license: \"etalab-2.0\"", "license: \"libre\""),
        ("page", PAGE, "<caption>", "<b>"),
        ("page", PAGE, "</body>", "<img src=\"logo.png\"></body>"),
    ];
    let copies: Vec<_> = spoiled
        .iter()
        .map(|(kind, file, good, bad)| {
            let folder = tempfile::tempdir().unwrap();
            copy(&version.folder(), folder.path());
            spoil(&folder.path().join(file), good, bad);
            let asked = COMMON.iter().chain(&SPECIAL).find(|(other, _)| other == kind).unwrap();
            (folder.path().join(asked.1), folder)
        })
        .collect();
    let asked: Vec<(&str, PathBuf)> =
        spoiled.iter().zip(&copies).map(|(spoiled, (path, _))| (spoiled.0, path.clone())).collect();
    for ((kind, file, _, bad), complaints) in spoiled.iter().zip(complaints(&asked)) {
        assert!(!complaints.is_empty(), "{kind} accepts {file} with {bad}");
    }
}

/// What the platform's own harvester finds wrong with a record, and the datasets that it makes of it.
fn harvested(record: &str) -> (Vec<Value>, Vec<Value>) {
    let platform = udata();
    let known = platform.newcomers();
    let known = |name: &str| known[name].as_str().unwrap().to_owned();
    let (record, kind) = (record.as_bytes().to_vec(), ("Content-Type".to_owned(), "application/ld+json".to_owned()));
    let web = Web::serve(move |_| Answer::Whole(200, vec![kind.clone()], record.clone()));
    let source = object!({
        "name": "essai", "url": format!("{}/catalog.jsonld", web.url), "backend": "dcat",
        "organization": known("organization"),
    });
    let path = "/api/1/harvest/source/preview/";
    let (status, told) = platform.ask("POST", path, &known("key"), source.to_string().into_bytes());
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert!(status == 200 && !web.asked().is_empty(), "{status}: {told}");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (mut wrong, items) = (list(&told["errors"]), list(&told["items"]));
    wrong.extend(items.iter().flat_map(|item| list(&item["errors"])));
    wrong.extend(items.iter().filter(|item| item["status"] != "done").map(|item| item["status"].clone()));
    (wrong, items.iter().map(|item| item["dataset"].clone()).collect())
}

/// A portal that comes and fetches `catalog.jsonld` takes all of it, and would say so if it did not.
#[test]
fn the_harvester_of_the_platform_takes_the_record_and_refuses_a_spoiled_one() {
    let version = with_an_address();
    let record = fs::read_to_string(version.store().join("latest/catalog.jsonld")).unwrap();
    let (wrong, datasets) = harvested(&record);
    assert_eq!((wrong.as_slice(), datasets.len()), ([].as_slice(), 1), "{wrong:?}");
    let dataset = &datasets[0];
    assert_eq!((dataset["license"].as_str(), dataset["frequency"].as_str()), (Some("lov2"), Some("never")));
    let urls: BTreeSet<String> = texts(&dataset["resources"], "url").collect();
    let stated = json(&version.folder().join("catalog.jsonld"))["dcat:dataset"]["dcat:distribution"].clone();
    let stated = stated.as_array().unwrap().iter().map(|file| file["dcat:downloadURL"]["@id"].as_str().unwrap().into());
    assert_eq!(urls, stated.collect());

    let changed = |change: &dyn Fn(&mut Value)| {
        let mut record: Value = serde_json::from_str(&record).unwrap();
        change(&mut record);
        record.to_string()
    };
    let sum = object!({ "@type": "spdx:Checksum", "spdx:checksumValue": "00" });
    let spoiled = [
        (
            "without a title",
            changed(&|record| drop(record["dcat:dataset"].as_object_mut().unwrap().remove("dct:title"))),
        ),
        (
            "with a checksum",
            changed(&|record| {
                record["@context"]["spdx"] = "http://spdx.org/rdf/terms#".into();
                record["dcat:dataset"]["dcat:distribution"][0]["spdx:checksum"] = sum.clone();
            }),
        ),
        ("half", record[..record.len() / 2].to_owned()),
        ("without an address", fs::read_to_string(sample().store().join("latest/catalog.jsonld")).unwrap()),
    ];
    for (how, record) in spoiled {
        assert!(!harvested(&record).0.is_empty(), "the harvester takes a record {how}");
    }
}

#[test]
fn the_sums_refuse_a_page_of_which_one_byte_differs() {
    let store = tempfile::tempdir().unwrap();
    copy(sample().store(), store.path());
    let version = sample().manifest["version"].as_str().unwrap().to_owned();
    let folder = store.path().join("versions").join(version);
    let check = || Run::of(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&folder));
    assert_eq!(check().code, Some(0));
    spoil(&folder.join(PAGE), "Citer", "citer");
    let refused = check();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.contains(PAGE), "{}", refused.stdout);
}

/// Titles and descriptions of all the metadata of a version.
fn titles(folder: &Path) -> Vec<String> {
    let [package, croissant, catalog] =
        ["datapackage.json", "croissant.jsonld", "catalog.jsonld"].map(|name| json(&folder.join(name)));
    let mut titles: Vec<String> = texts(&package["resources"], "title").collect();
    let values = [&package["title"], &package["description"], &croissant["name"], &croissant["description"]];
    titles.extend(values.iter().map(|value| value.as_str().unwrap().to_owned()));
    titles.extend(texts(&package["resources"], "description"));
    titles.extend(texts(&croissant["distribution"], "description"));
    titles.extend(texts(&croissant["recordSet"], "description"));
    let files = catalog["dcat:dataset"]["dcat:distribution"].as_array().unwrap();
    for node in [&catalog, &catalog["dcat:dataset"]].into_iter().chain(files) {
        titles.extend(texts(&node["dct:title"], "@value"));
        titles.extend(texts(&node["dct:description"], "@value"));
    }
    let lines = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let cited = lines("CITATION.cff");
    titles.extend(
        cited.lines().filter(|line| line.starts_with("title") || line.starts_with("abstract")).map(str::to_owned),
    );
    let page = lines(PAGE);
    let heads = regex::Regex::new(r"(?s)<(title|h1|h2 id[^>]*)>(.*?)<").unwrap();
    titles.extend(heads.captures_iter(&page).map(|found| found[2].to_owned()));
    titles
}

#[test]
fn simulated_data_say_so_in_every_title_and_description_and_real_data_in_none() {
    let says = |title: &String| {
        let title = title.to_lowercase();
        ["données simulées", "simulated data"].iter().any(|warning| title.contains(warning))
    };
    let titles_of_the_sample = titles(&sample().folder());
    assert!(titles_of_the_sample.len() > 200);
    for title in titles_of_the_sample {
        assert!(says(&title), "{title}");
    }
    if let Some(version) = seine_maritime() {
        let taken = titles(&version.folder()).into_iter().find(says);
        assert_eq!(taken, None);
    }
}

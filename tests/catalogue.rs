//! The catalogue says what is published, once, and what people changed there stays: tried on the real platform.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use guichets_ouverts::digest::sha256;

use crate::support::{Scene, json as read_json, root};

/// The resources of a dataset that stand for our files, by file.
fn resources(dataset: &Value) -> BTreeMap<String, Value> {
    let ours = dataset["resources"].as_array().unwrap().iter();
    ours.filter_map(|resource| Some((resource["extras"]["guichets:fichier"].as_str()?.to_owned(), resource.clone())))
        .collect()
}

/// What each resource is called on the platform, by file.
fn ids(dataset: &Value) -> BTreeMap<String, String> {
    resources(dataset).into_iter().map(|(file, resource)| (file, resource["id"].as_str().unwrap().to_owned())).collect()
}

/// Resources by their titles, in their order.
fn order(dataset: &Value) -> Vec<&str> {
    dataset["resources"].as_array().unwrap().iter().map(|resource| resource["title"].as_str().unwrap()).collect()
}

/// The steps of a report, as a person would sum them up.
fn steps(report: &Value) -> Vec<String> {
    let steps = report["steps"].as_array().unwrap().iter();
    steps
        .map(|step| [&step["kind"], &step["file"]].map(|word| word.as_str().unwrap_or("").to_owned()).join(" "))
        .collect()
}

#[test]
fn the_first_push_says_everything_and_the_second_nothing() {
    let (scene, id) = Scene::whole().into_the_catalogue();
    let dataset = scene.dataset(&id);
    assert_eq!(dataset["quality"]["score"], 1.0, "{}", dataset["quality"]);
    assert_eq!(dataset["title"], "Essai");
    assert_eq!(dataset["license"], "lov2");
    assert_eq!(dataset["temporal_coverage"], json!({"start": "2019-04-01", "end": null}));
    assert_eq!(dataset["extras"]["guichets:version"], "2019-05-02");

    // Each address gives the very bytes that the resource vouches for, and so does its permanent link.
    let resources = resources(&dataset);
    assert!(resources.len() > 50, "{}", resources.len());
    for name in
        ["disponibilite_mois.csv", "disponibilite_mois.xlsx", "disponibilite_mois.parquet", "dictionnaire.fr.html"]
            .into_iter()
            .chain(["methode.fr.md", "methode.en.md", "tentatives-2019-04.csv", "tentatives-2019-04.parquet"])
            .chain(["tentatives-2019-05.csv", "tentatives-2019-05.parquet"])
    {
        assert!(resources.contains_key(name), "{name} is missing");
    }
    // What is there for other tables comes after all that is there for readers, and before the texts.
    let names: Vec<&str> = dataset["resources"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|resource| resource["schema"]["name"].as_str())
        .collect();
    let intermediate = |name: &&str| {
        read_json(&root().join(format!("schemas/tables/{name}.json")))["guichets"]["intermediate"] == true
    };
    let first = names.iter().position(intermediate).unwrap();
    assert!(names[first..].iter().all(intermediate), "{names:?}");
    for (name, resource) in &resources {
        let url = resource["url"].as_str().unwrap();
        let path = url.strip_prefix(&format!("{}/", scene.web.url)).unwrap();
        let bytes = fs::read(scene.store.path().join(path)).unwrap();
        assert_eq!(resource["checksum"], json!({"type": "sha256", "value": sha256(&bytes)}), "{name}");
        assert_eq!(resource["filesize"], bytes.len(), "{name}");
        assert!(!path.starts_with("latest/"), "{name}: what is under {path} is another file tomorrow");
        assert!(!resource["mime"].as_str().unwrap().contains("octet-stream"), "{name}");
        let permanent = format!("/api/1/datasets/r/{}", resource["id"].as_str().unwrap());
        let (status, location) = scene.udata.ask("GET", &permanent, "", Vec::new());
        assert_eq!((status, location.as_slice()), (302, url.as_bytes()), "{name}");
        if resource["format"] == "csv" {
            let schema =
                resource["schema"]["url"].as_str().unwrap().strip_prefix(&format!("{}/", scene.web.url)).unwrap();
            let schema = read_json(&scene.store.path().join(schema));
            assert_eq!(resource["schema"]["version"], schema["version"], "{name}");
        }
    }

    let before = scene.udata.writes(&id).len();
    let report = scene.pushed();
    assert_eq!(steps(&report), [""; 0]);
    assert_eq!(report["unchanged"], resources.len());
    let log = scene.udata.log(&id);
    assert_eq!(scene.udata.writes(&id).len(), before, "{log:?}");
    assert_eq!(scene.dataset(&id), dataset);
    let agent = format!(" guichets-ouverts/{} (+{}/)", env!("CARGO_PKG_VERSION"), scene.web.url);
    assert!(log.iter().any(|line| line.ends_with(&agent)), "{log:?}");
}

/// Nothing but the digest of one file is another in the manifest.
#[test]
fn a_changed_file_changes_one_resource_and_keeps_its_id() {
    let (scene, id) = Scene::in_the_catalogue();
    let before = scene.dataset(&id);
    scene.rewrite(|manifest| {
        let mut files = manifest["files"].as_array_mut().unwrap().iter_mut();
        let file = files.find(|file| file["path"].as_str().unwrap().ends_with("tentatives-2019-04.parquet")).unwrap();
        file["sha256"] = "0".repeat(64).into();
    });

    let written = scene.udata.writes(&id).len();
    assert_eq!(steps(&scene.pushed()), ["change tentatives-2019-04.parquet"]);
    assert_eq!(scene.udata.writes(&id).len(), written + 1);
    let after = scene.dataset(&id);
    assert_eq!(ids(&after), ids(&before));
    let (before, after) = (resources(&before), resources(&after));
    assert_eq!(after["tentatives-2019-04.parquet"]["checksum"]["value"], "0".repeat(64));
    let others = |all: &BTreeMap<String, Value>| {
        all.iter()
            .filter(|(name, _)| *name != "tentatives-2019-04.parquet")
            .map(|(_, resource)| resource.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(others(&after), others(&before));
}

#[test]
fn a_new_night_keeps_every_id_and_leaves_closed_months_alone() {
    let (scene, id) = Scene::in_the_catalogue();
    let before = scene.dataset(&id);
    scene.second_night();
    let done = steps(&scene.pushed());
    for format in ["csv", "parquet"] {
        assert!(done.contains(&format!("change tentatives-2019-05.{format}")), "{done:?}");
    }
    assert!(done.contains(&"change disponibilite_jour-2019-05.csv".to_owned()), "{done:?}");
    assert!(!done.iter().any(|step| step.contains("2019-04") || step.starts_with("add")), "{done:?}");
    assert!(!done.iter().any(|step| step.starts_with("order") || step.starts_with("metadata")), "{done:?}");
    let after = scene.dataset(&id);
    assert_eq!(ids(&after), ids(&before));
    assert_eq!(after["extras"]["guichets:version"], "2019-05-03");
    assert!(resources(&after)["disponibilite_mois.csv"]["url"].as_str().unwrap().contains("/versions/2019-05-03/"));
    assert_eq!(steps(&scene.pushed()), [""; 0]);
}

/// Once a year is over, its months are one file: who adds up the resources of a table must not count a month twice, and links to
/// the months go on working.
#[test]
fn months_of_a_year_that_is_over_say_so_and_keep_their_address() {
    let (scene, id) = Scene::in_the_catalogue();
    let before = resources(&scene.dataset(&id));
    scene.rewrite(|manifest| {
        let files = manifest["files"].as_array_mut().unwrap();
        files.retain(|file| file["table"] != "disponibilite_jour" || file["partition"] == "2019-04");
        for file in files.iter_mut().filter(|file| file["table"] == "disponibilite_jour") {
            let path = file["path"].as_str().unwrap().to_owned();
            let year = path.replace("2019-04", "2019");
            fs::create_dir_all(scene.store.path().join(&year).parent().unwrap()).unwrap();
            fs::copy(scene.store.path().join(&path), scene.store.path().join(&year)).unwrap();
            (file["path"], file["partition"]) = (year.into(), "2019".into());
        }
    });
    let report = scene.pushed();
    let done = steps(&report);
    for (month, format) in [("04", "csv"), ("04", "parquet"), ("05", "csv"), ("05", "parquet")] {
        assert!(done.contains(&format!("change disponibilite_jour-2019-{month}.{format}")), "{done:?}");
    }
    assert!(done.contains(&"add disponibilite_jour-2019.csv".to_owned()), "{done:?}");
    assert_eq!(report["left_alone"], json!([]));
    let dataset = scene.dataset(&id);
    let after = resources(&dataset);
    for file in ["disponibilite_jour-2019-04.csv", "disponibilite_jour-2019-05.parquet"] {
        let (before, after) = (&before[file], &after[file]);
        for kept in ["id", "url", "checksum", "filesize"] {
            assert_eq!(after[kept], before[kept], "{file}");
        }
        assert!(after["title"].as_str().unwrap().ends_with(", repris dans 2019"), "{}", after["title"]);
        assert_eq!(after["type"], "other");
    }
    // Those of tables that stay in months say nothing of it, and what is for nobody any more comes last.
    assert_eq!(after["tentatives-2019-04.csv"]["title"], before["tentatives-2019-04.csv"]["title"]);
    assert!(order(&dataset).last().unwrap().ends_with(", repris dans 2019"), "{:?}", order(&dataset));
    assert_eq!(steps(&scene.pushed()), [""; 0]);
}

#[test]
fn a_file_that_is_new_is_added_where_it_belongs() {
    let (scene, id) = Scene::in_the_catalogue();
    let before = scene.dataset(&id);
    let gone = ids(&before)["disponibilite_mois.csv"].clone();
    assert_eq!(scene.ask("DELETE", &format!("/api/1/datasets/{id}/resources/{gone}/"), &Value::Null).0, 204);
    assert_eq!(steps(&scene.pushed()), ["add disponibilite_mois.csv", "order "]);
    let after = scene.dataset(&id);
    assert_eq!(order(&after), order(&before));
    assert_eq!(steps(&scene.pushed()), [""; 0]);
}

#[test]
fn keywords_are_shared_with_people() {
    let (scene, id) = Scene::in_the_catalogue();
    let tags = || {
        let mut tags: Vec<String> = serde_json::from_value(scene.dataset(&id)["tags"].clone()).unwrap();
        tags.sort();
        tags
    };
    assert_eq!(tags(), ["prefecture", "rendez-vous"]);
    let coverage = scene.dataset(&id)["temporal_coverage"].clone();
    let by_hand = json!({
        "title": "Essai", "description": "Repris à la main.", "acronym": "ESS",
        "tags": ["immigration", "rendez-vous"], "temporal_coverage": coverage,
    });
    assert_eq!(scene.ask("PUT", &format!("/api/1/datasets/{id}/"), &by_hand).0, 200);

    // The description is ours, and comes back; with it go the keywords as people left them.
    assert_eq!(steps(&scene.pushed()), ["metadata "]);
    let dataset = scene.dataset(&id);
    assert!(dataset["description"].as_str().unwrap().starts_with("Essai.\n\n"));
    assert_eq!(dataset["temporal_coverage"], coverage);
    assert_eq!(dataset["acronym"], "ESS");
    assert_eq!(tags(), ["immigration", "rendez-vous"]);

    // One of ours that is new comes, one that we no longer want goes, the removed one stays away.
    scene.set_all(&format!("dataset = \"{id}\"\ntags = [\"prefecture\", \"etrangers\"]"));
    assert_eq!(steps(&scene.pushed()), ["metadata ", "extras "]);
    assert_eq!(tags(), ["etrangers", "immigration"]);
    assert_eq!(steps(&scene.pushed()), [""; 0]);
}

#[test]
fn the_order_is_restored_and_what_others_added_stays() {
    let (scene, id) = Scene::in_the_catalogue();
    let before = scene.dataset(&id);
    let guide = json!({
        "title": "Guide", "url": "https://example.org/guide.pdf", "filetype": "remote", "type": "documentation",
    });
    assert_eq!(scene.ask("POST", &format!("/api/1/datasets/{id}/resources/"), &guide).0, 201);
    let (status, _) = scene.ask("PUT", &format!("/api/2/datasets/{id}/extras/"), &json!({"autre:note": "à garder"}));
    assert_eq!(status, 200);
    let file = ids(&before)["disponibilite_mois.csv"].clone();
    let extras = format!("/api/2/datasets/{id}/resources/{file}/extras/");
    assert_eq!(scene.ask("PUT", &extras, &json!({"autre:note": "à garder"})).0, 200);
    let mut shuffled: Vec<Value> = scene.dataset(&id)["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| json!({"id": resource["id"]}))
        .collect();
    shuffled.reverse();
    assert_eq!(scene.ask("PUT", &format!("/api/1/datasets/{id}/resources/"), &json!(shuffled)).0, 200);

    scene.second_night();
    let done = steps(&scene.pushed());
    assert!(done.contains(&"order ".to_owned()), "{done:?}");
    let after = scene.dataset(&id);
    let titles = order(&before);
    assert_eq!(order(&after), [titles.as_slice(), &["Guide"]].concat());
    assert_eq!(after["extras"]["autre:note"], "à garder");
    assert_eq!(resources(&after)["disponibilite_mois.csv"]["extras"]["autre:note"], "à garder");
    assert_eq!(steps(&scene.pushed()), [""; 0]);
}

#[test]
fn resources_that_nothing_accounts_for_are_named_and_left_alone() {
    let (scene, id) = Scene::in_the_catalogue();
    let stray = |file: &str| {
        json!({
            "title": format!("Double de {file}"), "url": "https://example.org/x.csv", "filetype": "remote",
            "type": "main", "extras": {"guichets:fichier": file},
        })
    };
    for file in ["disponibilite_mois.csv", "table_abandonnee.csv"] {
        assert_eq!(scene.ask("POST", &format!("/api/1/datasets/{id}/resources/"), &stray(file)).0, 201);
    }
    let before = ids(&scene.dataset(&id));
    let report = scene.pushed();
    assert_eq!(steps(&report), ["order "]);
    let told: BTreeMap<&str, &str> = report["left_alone"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| (left["title"].as_str().unwrap(), left["why"].as_str().unwrap()))
        .collect();
    assert_eq!(told["Double de table_abandonnee.csv"], "the version has no such file");
    assert_eq!(told["Double de disponibilite_mois.csv"], "another resource stands for the same file");
    let after = scene.dataset(&id);
    assert_eq!(after["resources"].as_array().unwrap().len(), before.len() + 1);
    assert!(!order(&after)[..before.len() - 1].iter().any(|title| title.starts_with("Double")), "{:?}", order(&after));
}

#[test]
fn a_dry_run_tells_what_a_push_sends_and_writes_nothing() {
    let (scene, id) = Scene::in_the_catalogue();
    scene.second_night();
    let before = scene.udata.writes(&id).len();
    let told = scene.push(&["--dry-run"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert_eq!(scene.udata.writes(&id).len(), before);
    assert!(told.stdout.contains(" requests would be sent, none was"), "{}", told.stdout);
    let root = format!("{}/api/", scene.udata.url());
    let requests: Vec<&str> = told.stdout.lines().filter(|line| line.contains(&root)).collect();
    let requests: Vec<String> =
        requests.iter().filter(|line| !line.starts_with(' ')).map(|line| line.replace(scene.udata.url(), "")).collect();
    assert!(told.stdout.contains("\"value\": \""), "the bodies are told too: {}", told.stdout);

    scene.pushed();
    let sent = scene.udata.writes(&id);
    let sent: Vec<String> =
        sent[before..].iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(requests, sent);
}

#[test]
fn a_dry_run_creates_nothing() {
    let scene = Scene::new();
    let run = scene.push(&["--create", "--dry-run", "--json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = steps(&serde_json::from_str(&run.stdout).unwrap());
    assert_eq!((told.first().unwrap().as_str(), told.last().unwrap().as_str()), ("create ", "extras "));
    assert!(told.len() > 8 && told[1..told.len() - 1].iter().all(|step| step.starts_with("add ")), "{told:?}");
    assert_eq!(scene.datasets(), [Value::Null; 0]);
}

#[test]
fn only_create_creates_and_only_once() {
    let scene = Scene::new();
    let told = scene.refused(Some(scene.known("key")), &[], 2);
    assert!(told.contains("the pipeline names no dataset") && told.contains("--create"), "{told}");
    assert_eq!(scene.datasets(), [Value::Null; 0]);

    scene.set(&format!("organization = \"{}\"", scene.known("organization")));
    let run = scene.push(&["--create"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let datasets = scene.datasets();
    assert_eq!(datasets.len(), 1);
    assert_eq!(datasets[0]["organization"]["id"], scene.known("organization"));
    let line = format!("dataset = {}", datasets[0]["id"]);
    assert!(run.stdout.trim_end().ends_with(&line), "{}", run.stdout);

    // Whoever forgot to write the id down gets it again, and no second dataset.
    let told = scene.refused(Some(scene.known("key")), &["--create"], 2);
    assert!(told.contains("there is a dataset of this pipeline already") && told.contains(&line), "{told}");
    scene.set(&line);
    let told = scene.refused(Some(scene.known("key")), &["--create"], 2);
    assert!(told.contains("the publication has its dataset already"), "{told}");
    assert_eq!(scene.datasets().len(), 1);
    assert_eq!(steps(&scene.pushed()), [""; 0]);
}

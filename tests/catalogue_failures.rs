//! A push that cannot be done says why and what to do.

use std::fs;

use serde_json::{Value, json};

use crate::support::web::{Answer, Web};
use crate::support::{Scene, sample};

#[test]
fn a_deleted_dataset_stays_deleted() {
    let (scene, id) = Scene::in_the_catalogue();
    assert_eq!(scene.ask("DELETE", &format!("/api/1/datasets/{id}/"), &Value::Null).0, 204);
    scene.second_night();
    let before = scene.udata.writes(&id).len();
    // Who may edit it is told of the deletion with status 200, who may not with 410.
    for key in ["key", "foreign_key"] {
        let told = scene.refused(Some(scene.known(key)), &[], 4);
        assert!(told.contains("the dataset was deleted on 127.0.0.1, and nothing was sent"), "{told}");
        assert!(told.contains("nothing is created again by itself") && told.contains("--create"), "{told}");
    }
    assert_eq!(scene.udata.writes(&id).len(), before);
    assert_eq!(scene.datasets().len(), 1);
}

#[test]
fn a_key_that_does_not_open_says_why() {
    let (scene, id) = Scene::in_the_catalogue();
    scene.second_night();
    let before = scene.udata.writes(&id).len();
    for (key, code, wanted) in [
        (Some("udata_clef-inventee"), 4, "the key is not known to 127.0.0.1: Invalid API token"),
        (Some(scene.known("revoked_key")), 4, "the key was revoked to 127.0.0.1: Revoked API token"),
        (Some(scene.known("foreign_key")), 4, "127.0.0.1 does not let the owner of the key change this dataset"),
        (Some(""), 2, "DATAGOUV_API_KEY does not hold a key"),
        (Some("deux\nlignes"), 2, "DATAGOUV_API_KEY does not hold a key"),
        (None, 2, "the environment variable DATAGOUV_API_KEY holds no key"),
    ] {
        let told = scene.refused(key, &[], code);
        assert!(told.contains(wanted), "{key:?}: {told}");
        assert!(told.contains("hint: "), "{key:?}: {told}");
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            assert!(!told.contains(key), "{told}");
        }
    }
    assert_eq!(scene.udata.writes(&id).len(), before);
}

#[test]
fn nobody_publishes_in_the_name_of_others() {
    let scene = Scene::new();
    scene.set(&format!("organization = \"{}\"", scene.known("foreign_organization")));
    let told = scene.refused(Some(scene.known("key")), &["--create"], 4);
    assert!(told.contains("does not let the owner of the key publish in the name of this organisation"), "{told}");
    assert!(
        told.contains("Permission denied for this organization") && told.contains("datagouv.organization"),
        "{told}"
    );
    assert_eq!(scene.datasets(), [Value::Null; 0]);
}

#[test]
fn what_is_wrong_on_the_platform_is_not_overwritten() {
    let (scene, id) = Scene::in_the_catalogue();
    let told = |wanted: &str| {
        let told = scene.refused(Some(scene.known("key")), &[], 2);
        assert!(told.contains(wanted), "{told}");
    };
    scene.set(&format!("dataset = \"{id}\"\norganization = \"{}\"", scene.known("organization")));
    told("the dataset does not belong to the organisation");
    scene.set(&format!("dataset = \"{id}\""));
    let extras = format!("/api/2/datasets/{id}/extras/");
    assert_eq!(scene.ask("PUT", &extras, &json!({"guichets:pipeline": "autre"})).0, 200);
    told("the dataset is that of the pipeline autre, not of essai");
}

#[test]
fn a_dataset_that_is_not_there_is_told() {
    let scene = Scene::new();
    scene.set("dataset = \"0123456789abcdef01234567\"");
    let told = scene.refused(Some(scene.known("key")), &[], 4);
    assert!(told.contains("127.0.0.1 knows no such dataset or resource"), "{told}");
    assert!(told.contains("is the instance on which it was created"), "{told}");
}

#[test]
fn the_catalogue_speaks_of_nothing_that_readers_do_not_get() {
    let scene = Scene::new();
    let writes = || scene.udata.writes(&scene.web.url).len();
    let told = |code: i32, wanted: &str| {
        let told = scene.refused(Some(scene.known("key")), &["--create"], code);
        assert!(told.contains(wanted), "{told}");
        assert_eq!(scene.datasets(), [Value::Null; 0]);
        assert_eq!(writes(), 0);
    };
    // The public address is another store's, or nobody's.
    let elsewhere = Web::serve(|_| Answer::told(200, "{}"));
    scene.set_address(&format!("base_url = \"{}\"", elsewhere.url), "");
    told(4, "readers get another manifest of the version 2019-05-02");
    let nobody = Web::serve(|_| Answer::told(404, ""));
    scene.set_address(&format!("base_url = \"{}\"", nobody.url), "");
    told(4, "readers do not get it");
    scene.set("");

    let folder = scene.store.path();
    let file = folder.join("versions/2019-05-02/disponibilite_mois.csv");
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    told(4, "the file is not there as the manifest says");
    fs::write(&file, bytes).unwrap();

    let records = fs::read_to_string(folder.join("versions.json")).unwrap();
    fs::write(folder.join("versions.json"), records.replace("\"published\"", "\"retracted\"")).unwrap();
    told(4, "version 2019-05-02 was retracted, and is still current");
    let other = records.replace("\"manifest_sha256\":\"", "\"manifest_sha256\":\"0");
    assert_ne!(other, records);
    fs::write(folder.join("versions.json"), other).unwrap();
    told(4, "the list of versions does not vouch for version 2019-05-02");
    fs::write(folder.join("versions.json"), "{\"versions\": [], \"last_successful\": null}").unwrap();
    told(4, "version 2019-05-02 is not in the list of versions");
    fs::write(folder.join("versions.json"), records).unwrap();

    fs::remove_file(folder.join("latest.json")).unwrap();
    told(2, "nothing is published there yet");
}

/// Two runs chose one name: one published, and then a gate refused the other, which is noted down under the same name.
#[test]
fn a_refused_night_of_the_same_name_keeps_no_version_from_the_catalogue() {
    let scene = Scene::new();
    let file = scene.store.path().join("versions.json");
    let mut listed: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let mut refused = listed["versions"][0].clone();
    refused["status"] = "refused".into();
    listed["versions"].as_array_mut().unwrap().push(refused);
    fs::write(&file, listed.to_string()).unwrap();
    let run = scene.push(&["--create", "--dry-run"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

/// The sample, as it would be pushed to a platform, or to the one that is the default.
fn push_the_sample(api: &str) -> (i32, String) {
    let sample = sample();
    let folder = tempfile::tempdir().unwrap();
    let pipeline = fs::read_to_string(crate::support::root().join("pipelines/exemple/pipeline.toml")).unwrap();
    let store = sample.store().to_owned();
    let web = Web::serve(move |asked| crate::support::web::file_of(&store, &asked.path));
    let api = if api.is_empty() { String::new() } else { format!("api = \"{api}/api/1/\"") };
    let pipeline = pipeline.replace("[publication]", &format!("[publication]\nbase_url = \"{}\"", web.url));
    fs::write(folder.path().join("pipeline.toml"), format!("{pipeline}\n[datagouv]\n{api}\n")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_guichets"));
    command.arg("--project").arg(crate::support::root()).args(["catalogue", "push"]).arg(folder.path());
    command.args(["--create", "--store"]).arg(sample.store()).env("DATAGOUV_API_KEY", "clef");
    let run = crate::support::Run::of(&mut command);
    (run.code.unwrap(), run.stderr)
}

#[test]
fn simulated_data_enter_no_catalogue() {
    let (code, told) = push_the_sample("https://demo.data.gouv.fr");
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("the version 2019-06-01 is simulated"), "{told}");
    assert!(told.contains("simulated data enter no catalogue; nothing was sent"), "{told}");
    // A name that only looks like this machine's is none of its own; only this machine's gets past, as far as the key.
    for api in ["", "https://localhost.example.org", "https://127.0.0.1.example.org"] {
        assert_eq!(push_the_sample(api).0, 3, "{api}");
    }
    let platform = Web::serve(|_| Answer::told(401, "{\"message\": \"Invalid API token\"}"));
    let (code, told) = push_the_sample(&platform.url);
    assert!(code == 4 && told.contains("the key is not known"), "{told}");
}

#[test]
fn a_configuration_that_cannot_be_right_names_its_line() {
    let scene = Scene::new();
    for (more, wanted) in [
        ("api = \"http://www.data.gouv.fr/api/1/\"", "does not begin with https://"),
        ("api = \"https://www.data.gouv.fr/\"", "does not end in /api/1/"),
        ("api = \"https://moi:secret@www.data.gouv.fr/api/1/\"", "credentials have no place in a configuration"),
        ("api = \"https://www.data.gouv.fr/api/1\"", "it must end in a slash"),
        ("public_url = \"https://example.org/store/\"", "unknown key « datagouv.public_url »"),
        ("dataset = \"rendez-vous-en-prefecture\"", "is no id of the platform"),
        ("tags = [\"préfecture\"]", "is no keyword"),
        ("tags = [\"ab\"]", "is no keyword"),
        ("key = \"udata_secret\"", "unknown key « datagouv.key »"),
    ] {
        scene.set_all(more);
        let told = scene.refused(Some("clef"), &[], 2);
        assert!(told.contains(wanted) && told.contains("pipeline.toml"), "{more}: {told}");
    }
    for (address, wanted) in [
        ("", "publication.base_url is missing, and [datagouv] needs it"),
        ("base_url = \"http://example.org/store\"", "does not begin with https://"),
        ("base_url = \"https://moi:secret@example.org/store\"", "publication.base_url holds a name or a password"),
    ] {
        scene.set_address(address, "");
        let told = scene.refused(Some("clef"), &[], 2);
        assert!(
            told.contains(wanted) && told.contains("pipeline.toml") && told.contains("hint: "),
            "{address}: {told}"
        );
        assert!(!told.contains("secret"), "{told}");
    }
}

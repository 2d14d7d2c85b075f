//! A publication of a few attempts, readers' access to it, and the platform that is to speak of it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use guichets_ouverts::digest::sha256;
use serde_json::Value;

use super::web::{Web, file_of};
use super::{Attempts, Kind, Run, Store, Udata, copy, json, root, udata};

const FIRST_NIGHT: &str = "2019-05-02T00:00:00+02:00";
const SECOND_NIGHT: &str = "2019-05-03T00:00:00+02:00";
const SCHEDULE: &str = "*,*,2019-04-01T00:00:00+02:00,,60,true,essai";

pub struct Scene {
    pub store: Store,
    pub web: Web,
    pub udata: Arc<Udata>,
    known: Value,
    nights: Arc<[Store; 2]>,
    logs: Attempts,
    pipeline: Mutex<PathBuf>,
}

/// What most tests need of a version: the platform takes its time over each resource.
const TABLES: [&str; 3] = ["tentatives", "disponibilite_jour", "disponibilite_mois"];

fn logs() -> Attempts {
    Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z").saw(Kind::Yes, 2, "2019-05-01T08:00:00Z")
}

/// The store after the first night, and after a second on which there is one day more; published once for all.
fn published() -> Arc<[Store; 2]> {
    static SHARED: Mutex<Weak<[Store; 2]>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap();
    shared.upgrade().unwrap_or_else(|| {
        let stores = Arc::new([Store::new(), Store::new()]);
        let publish = |store: &Store, logs: &Attempts, night: &str| {
            let run = store.run(&logs.pipeline("", SCHEDULE), &[&logs.path()], night, &[]);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
        };
        publish(&stores[0], &logs(), FIRST_NIGHT);
        copy(&stores[0].path(), &stores[1].path());
        publish(&stores[1], &logs().saw(Kind::No, 3, "2019-05-02T08:00:00Z"), SECOND_NIGHT);
        *shared = Arc::downgrade(&stores);
        stores
    })
}

impl Scene {
    /// The first night is published, though not all of its tables, and in no catalogue.
    pub fn new() -> Self {
        let scene = Self::whole();
        scene.publish(0);
        scene
    }

    /// The first night is published with all of its tables, and in no catalogue.
    pub fn whole() -> Self {
        let (store, nights) = (Store::new(), published());
        copy(&nights[0].path(), &store.path());
        let folder = store.path();
        let web = Web::serve(move |asked| file_of(&folder, &asked.path));
        let udata = udata();
        let known = udata.newcomers();
        let scene = Self { store, web, udata, known, nights, logs: logs(), pipeline: Mutex::default() };
        scene.set("");
        scene
    }

    /// The first night is published, and the platform has it: the dataset's id.
    pub fn in_the_catalogue() -> (Self, String) {
        Self::new().into_the_catalogue()
    }

    /// Pushes for the first time: the dataset's id.
    pub fn into_the_catalogue(self) -> (Self, String) {
        let scene = self;
        let run = scene.push(&["--create", "--json"]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let id = report["dataset"].as_str().unwrap().to_owned();
        scene.set(&format!("dataset = \"{id}\""));
        (scene, id)
    }

    /// Configures the catalogue: the platform and the readers' address, keywords, and what is given besides.
    pub fn set(&self, more: &str) {
        self.set_all(&format!("tags = [\"prefecture\", \"rendez-vous\"]\n{more}"));
    }

    /// The same without keywords of its own. What is given may name the platform itself.
    pub fn set_all(&self, more: &str) {
        self.set_address(&format!("base_url = \"{}\"", self.web.url), more);
    }

    /// The same with the line that says where readers find the publication.
    pub fn set_address(&self, base_url: &str, more: &str) {
        let api = format!("api = \"{}/api/1/\"", self.udata.url());
        let api = if more.contains("api =") { "" } else { &api };
        let sections = format!("[publication]\n{base_url}\n[datagouv]\n{api}\n{more}\n");
        *self.pipeline.lock().unwrap() = self.logs.pipeline(&sections, SCHEDULE);
    }

    /// `key`, `revoked_key`, `organization`, and the same of a stranger after `foreign_`.
    pub fn known(&self, name: &str) -> &str {
        self.known[name].as_str().unwrap()
    }

    /// What the platform answers to the owner of the key, as a person with a browser would ask it.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, told) = self.udata.ask(method, path, self.known("key"), body.to_string().into_bytes());
        (status, serde_json::from_slice(&told).unwrap_or_default())
    }

    /// A dataset, as the platform says.
    pub fn dataset(&self, id: &str) -> Value {
        let (status, dataset) = self.ask("GET", &format!("/api/1/datasets/{id}/"), &Value::Null);
        assert_eq!(status, 200, "{dataset}");
        dataset
    }

    /// The datasets of the owner of the key.
    pub fn datasets(&self) -> Vec<Value> {
        let (status, datasets) = self.ask("GET", "/api/1/me/org_datasets/", &Value::Null);
        assert_eq!(status, 200, "{datasets}");
        datasets.as_array().unwrap().clone()
    }

    /// Publishes a second night, on which there is one day more.
    pub fn second_night(&self) {
        self.publish(1);
    }

    fn publish(&self, night: usize) {
        copy(&self.nights[night].path(), &self.store.path());
        self.rewrite(|manifest| {
            let files = manifest["files"].as_array_mut().unwrap();
            files.retain(|file| file["table"].as_str().is_none_or(|table| TABLES.contains(&table)));
        });
    }

    /// Changes the manifest of the current version, and has the pointer and the list vouch for it.
    pub fn rewrite(&self, change: impl FnOnce(&mut Value)) {
        let folder = self.store.path();
        let mut pointer = json(&folder.join("latest.json"));
        let path = folder.join(pointer["manifest"].as_str().unwrap());
        let mut manifest = json(&path);
        change(&mut manifest);
        let bytes = manifest.to_string();
        fs::write(path, &bytes).unwrap();
        pointer["manifest_sha256"] = sha256(bytes.as_bytes()).into();
        fs::write(folder.join("latest.json"), pointer.to_string()).unwrap();
        let mut versions = json(&folder.join("versions.json"));
        for record in versions["versions"].as_array_mut().unwrap() {
            if record["version"] == pointer["version"] && record["status"] != "refused" {
                record["manifest_sha256"] = pointer["manifest_sha256"].clone();
            }
        }
        fs::write(folder.join("versions.json"), versions.to_string()).unwrap();
    }

    /// Pushes with the good key.
    pub fn push(&self, more: &[&str]) -> Run {
        self.push_with(Some(self.known("key")), more)
    }

    /// Pushes with a key, or with none.
    pub fn push_with(&self, key: Option<&str>, more: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
        command.env_remove("DATAGOUV_API_KEY").env("GUICHETS_LOG", "debug");
        command.envs(key.map(|key| ("DATAGOUV_API_KEY", key)));
        command.arg("--project").arg(root()).args(["catalogue", "push"]).arg(&*self.pipeline.lock().unwrap());
        Run::of(command.arg("--store").arg(self.store.path()).args(more))
    }

    /// Pushes, and says what was written; it must succeed.
    pub fn pushed(&self) -> Value {
        let run = self.push(&["--json"]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// Pushes in vain, and says what was told.
    pub fn refused(&self, key: Option<&str>, more: &[&str], code: i32) -> String {
        let run = self.push_with(key, more);
        assert_eq!(run.code, Some(code), "{}{}", run.stdout, run.stderr);
        let told: Vec<&str> = run.stderr.lines().skip_while(|line| !line.starts_with("error")).collect();
        told.join("\n")
    }
}

//! The pages of the sample, as scripts of tests/support/site find them with Chromium.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};

use super::browser::{Browser, Server};
use super::tools::node_folder;
use super::{Run, Version, sample, skipped};

/// The sample with its pages, served.
pub struct Site {
    pub version: Arc<Version>,
    server: Server,
    scripts: PathBuf,
}

impl Site {
    /// The pages of the sample, where there is what looks at them.
    pub fn of_the_sample() -> Option<Self> {
        Browser::found()?;
        let scripts = node_folder("site")?;
        let recent = "process.exit(Number(process.versions.node.split('.')[0] < 20))";
        if Run::of(Command::new("node").args(["-e", recent])).code != Some(0) {
            skipped("Node.js is older than 20");
            return None;
        }
        let version = sample();
        let server = Server::of_store(version.store());
        Some(Self { version, server, scripts })
    }

    /// Where the store's folder is over HTTP.
    pub fn http(&self) -> String {
        format!("{}/", self.server.address)
    }

    /// Where it is on the disk.
    pub fn file(&self) -> String {
        format!("file://{}/", self.version.store().display())
    }

    /// Its pages, by their paths.
    pub fn pages(&self) -> Vec<String> {
        let list = super::json(&self.version.folder().join("site.json"));
        let names = list.as_array().unwrap().iter().map(|page| page["name"].as_str().unwrap());
        names
            .filter(|name| name.rsplit_once('.').is_some_and(|(_, ending)| ending == "html"))
            .map(str::to_owned)
            .collect()
    }

    /// Those of a folder, and of its like in English.
    pub fn pages_in(&self, folder: &str) -> Vec<String> {
        let inside = |page: &String| page.trim_start_matches("en/").starts_with(&format!("{folder}/"));
        self.pages().into_iter().filter(inside).collect()
    }

    /// What a script finds on the pages under `latest/` of a store at an address.
    pub fn look(&self, what: &str, store: &str, options: &Value) -> Value {
        self.look_in("latest/", what, store, options)
    }

    /// The same with the pages of a folder of the store.
    pub fn look_in(&self, folder: &str, what: &str, store: &str, options: &Value) -> Value {
        let mut told = json!({ "what": what, "store": store, "site": folder });
        told.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let run = Run::of(Command::new("node").arg(self.scripts.join("look.mjs")).arg(told.to_string()));
        assert_eq!(run.code, Some(0), "{told}\n{}", run.stderr);
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{what}, {error}:\n{}", run.stdout))
    }
}

/// A list of texts.
pub fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

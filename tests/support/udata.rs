//! The real platform behind data.gouv.fr, started by the first test that asks and ended with the last that uses it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};

use serde_json::Value;
use tempfile::TempDir;

use super::python::Environment;
use super::root;

static PACKAGES: Environment = Environment::new("tests/requirements-udata.txt");

/// A running platform.
pub struct Udata {
    url: String,
    child: Child,
    folder: TempDir,
}

/// The platform while anyone uses it.
pub fn udata() -> Arc<Udata> {
    static SHARED: Mutex<Weak<Udata>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap();
    shared.upgrade().unwrap_or_else(|| {
        let udata = Arc::new(Udata::start());
        *shared = Arc::downgrade(&udata);
        udata
    })
}

impl Udata {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let errors = fs::File::create(folder.path().join("errors")).unwrap();
        let mut child = Command::new(PACKAGES.interpreter())
            .arg(root().join("tests/support/platform_server.py"))
            .arg(folder.path().join("log"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port: u16 = line.trim().parse().unwrap_or_else(|error| {
            panic!("{error}: {line}{}", fs::read_to_string(folder.path().join("errors")).unwrap())
        });
        let udata = Self { url: format!("http://127.0.0.1:{port}"), child, folder };
        // It says where it will be just before it is there.
        for _ in 0..100 {
            if std::net::TcpStream::connect(udata.url().trim_start_matches("http://")).is_ok() {
                return udata;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the platform does not listen");
    }

    /// Its address, without a slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Two people who know nothing of each other: `key`, `revoked_key` and `organization`, and the same after `foreign_`.
    pub fn newcomers(&self) -> Value {
        let (status, told) = self.ask("GET", "/newcomers", "", Vec::new());
        assert_eq!(status, 200);
        serde_json::from_slice(&told).unwrap()
    }

    /// What it answers to the owner of a key; of a redirection, where it leads.
    pub fn ask(&self, method: &str, path: &str, key: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut request = client.request(method.parse().unwrap(), format!("{}{path}", self.url)).body(body);
        request = request.header("Content-Type", "application/json");
        if !key.is_empty() {
            request = request.header("X-API-KEY", key);
        }
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            match response.headers().get("location") {
                Some(location) => (status, location.as_bytes().to_vec()),
                None => (status, response.bytes().await.unwrap().to_vec()),
            }
        })
    }

    /// The requests that it got so far and that speak of a word: method, path, User-Agent.
    pub fn log(&self, word: &str) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        log.lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
    }

    /// Those of them that write.
    pub fn writes(&self, word: &str) -> Vec<String> {
        self.log(word).into_iter().filter(|line| !line.starts_with("GET ")).collect()
    }
}

impl Drop for Udata {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

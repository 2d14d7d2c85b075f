//! A server of Azure's blobs over HTTP, started by the first test that asks and ended with the test process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use guichets_ouverts::publish::ObjectBackend;
use object_store::azure::MicrosoftAzureBuilder;

use super::tools::node_folder;

/// The account that every such server has, and its key, which Microsoft publishes.
pub const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// The server; it goes when its standard input closes, which this process ending does.
struct Server {
    port: u16,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _process: Child,
}

impl Server {
    fn make(&self, container: &str) {
        let mut talk = self.talk.lock().unwrap();
        writeln!(talk.0, "{container}").unwrap();
        let mut made = String::new();
        talk.1.read_line(&mut made).unwrap();
        assert_eq!(made.trim(), container);
    }
}

/// Nothing where Node.js is not to be had.
fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let script = node_folder("azurite")?.join("serve.mjs");
        let mut command = Command::new("node");
        let mut process = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, mut stdout) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("the server says its port");
        Some(Server { port, talk: Mutex::new((stdin, stdout)), _process: process })
    });
    server.as_ref()
}

/// A container of a test's own, which anybody may read.
pub struct Container {
    pub name: String,
    pub port: u16,
}

impl Container {
    /// An empty one; nothing, said to be skipped, where no server can be had.
    pub fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = server()?;
        let name = format!("guichets-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        server.make(&name);
        Some(Self { name, port: server.port })
    }

    /// Its URL, with a prefix.
    pub fn url(&self) -> String {
        format!("az://{}/donnees/ouvertes", self.name)
    }

    /// Where a reader finds it.
    pub fn public_url(&self) -> String {
        format!("http://127.0.0.1:{}/{ACCOUNT}/{}/donnees/ouvertes", self.port, self.name)
    }

    /// What a publisher has in its environment.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        Self::environment_at(&format!("http://127.0.0.1:{}/{ACCOUNT}", self.port))
    }

    /// The same, for what answers at another address.
    pub fn environment_at(endpoint: &str) -> Vec<(&'static str, String)> {
        vec![
            ("AZURE_STORAGE_ENDPOINT", endpoint.to_owned()),
            ("AZURE_ALLOW_HTTP", "true".to_owned()),
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT.to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", KEY.to_owned()),
        ]
    }

    /// The store under the prefix, for this process.
    pub fn store(&self) -> ObjectBackend {
        let builder = self.environment().into_iter().fold(MicrosoftAzureBuilder::new(), |builder, (key, value)| {
            builder.with_config(key.to_ascii_lowercase().parse().unwrap(), value)
        });
        let store = builder.with_container_name(&self.name).build().unwrap();
        ObjectBackend::over(&self.url(), Arc::new(store)).unwrap()
    }
}

//! An S3 server over HTTP, started by the first test that asks and ended with the test process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use guichets_ouverts::publish::ObjectBackend;
use object_store::aws::AmazonS3Builder;

use super::python::Environment;

pub static ENVIRONMENT: Environment = Environment::new("tests/requirements-s3.txt");

/// The server; it goes when its standard input closes, which this process ending does.
struct Server {
    port: u16,
    _process: Child,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let mut process = Command::new(ENVIRONMENT.interpreter())
            .args(["-c", include_str!("s3_server.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { port: line.trim().parse().expect("the server says its port"), _process: process }
    })
}

/// A bucket of a test's own.
pub struct Bucket {
    pub name: String,
    pub port: u16,
}

impl Bucket {
    /// An empty one, which browsers of any origin may read.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("guichets-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let bucket = Self { name, port: server().port };
        assert_eq!(bucket.request("PUT", "", "").0, 200);
        let cors = "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
            <AllowedMethod>HEAD</AllowedMethod><AllowedHeader>Range</AllowedHeader><ExposeHeader>Content-Range</ExposeHeader>\
            <ExposeHeader>Content-Length</ExposeHeader><ExposeHeader>ETag</ExposeHeader><ExposeHeader>Accept-Ranges\
            </ExposeHeader></CORSRule></CORSConfiguration>";
        assert_eq!(bucket.request("PUT", "?cors", cors).0, 200);
        bucket.open_to_all(true);
        bucket
    }

    /// Whether readers need no credentials.
    pub fn open_to_all(&self, open: bool) {
        if !open {
            assert_eq!(self.request("DELETE", "?policy", "").0, 204);
            return;
        }
        let policy = format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"{}\",\"Principal\":\"*\",\
             \"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::{}/*\"}}]}}",
            "Allow", self.name
        );
        assert!([200, 204].contains(&self.request("PUT", "?policy", &policy).0));
    }

    /// Its URL, with a prefix: publications rarely have a bucket to themselves.
    pub fn url(&self) -> String {
        format!("s3://{}/donnees/ouvertes", self.name)
    }

    /// Where a reader finds it.
    pub fn public_url(&self) -> String {
        format!("http://127.0.0.1:{}/{}/donnees/ouvertes", self.port, self.name)
    }

    /// What a publisher has in its environment.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        Self::environment_through(self.port)
    }

    /// The same, through another port: of something that stands between.
    pub fn environment_through(port: u16) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "essai".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "un-secret-qui-ne-doit-jamais-etre-ecrit".to_owned()),
        ]
    }

    /// The store under the prefix, for this process.
    pub fn store(&self) -> ObjectBackend {
        let builder = self.environment().into_iter().fold(AmazonS3Builder::new(), |builder, (key, value)| {
            builder.with_config(key.to_ascii_lowercase().parse().unwrap(), value)
        });
        let store = builder.with_bucket_name(&self.name).build().unwrap();
        ObjectBackend::over(&self.url(), Arc::new(store)).unwrap()
    }

    /// The status, the head and the body of an answer to a plain request; `path` is within the bucket.
    pub fn request(&self, method: &str, path: &str, body: &str) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let separator = if path.starts_with('?') || path.is_empty() { "" } else { "/" };
        write!(
            stream,
            "{method} /{}{separator}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.name,
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), answer[end + 4..].to_vec())
    }

    /// The bytes of an object under the prefix; nothing where there is none.
    pub fn object(&self, path: &str) -> Option<Vec<u8>> {
        let (status, _, body) = self.request("GET", &format!("donnees/ouvertes/{path}"), "");
        (status == 200).then_some(body)
    }
}

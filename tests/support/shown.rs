//! `guichets site`, and what it serves.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use super::Run;

/// `guichets site`, while it serves; its temporary files are in a folder of its own.
pub struct Shown {
    process: Child,
    temporary: TempDir,
    told: BufReader<ChildStdout>,
    /// `127.0.0.1:8000`.
    pub address: String,
    /// Where the pages begin, without a slash before it.
    pub page: String,
}

impl Shown {
    pub fn of(store: impl AsRef<OsStr>, args: &[&str]) -> Self {
        Self::with(&[], store, args)
    }

    pub fn with(environment: &[(&'static str, String)], store: impl AsRef<OsStr>, args: &[&str]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichets"));
        command.arg("site").arg(store).args(args).env("TMPDIR", temporary.path());
        command.envs(environment.iter().map(|(key, value)| (*key, value.as_str())));
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            let read = told.read_line(&mut line).unwrap();
            assert!(read > 0, "nothing is served: {}", ended(&mut process, &mut told).stderr);
        }
        let url = line.split("http://").nth(1).unwrap().trim_end_matches(['\n', '"', ',']);
        let (address, page) = url.split_once('/').unwrap();
        Self { address: address.to_owned(), page: page.to_owned(), process, temporary, told }
    }

    /// The folder of the pages.
    pub fn folder(&self) -> &str {
        self.page.strip_suffix("index.html").unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, "")
    }

    /// The same with lines in the request's head.
    pub fn get_with(&self, path: &str, header: &str) -> Answer {
        asked(&self.address, path, header)
    }

    /// What it has left to say when it was sent a signal, and what stays of its temporary files.
    pub fn stopped(mut self, signal: &str) -> (Run, usize) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let run = ended(&mut self.process, &mut self.told);
        (run, fs::read_dir(self.temporary.path()).unwrap().count())
    }
}

impl Drop for Shown {
    /// A test that fails leaves no server.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ended(process: &mut Child, told: &mut impl Read) -> Run {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    told.read_to_string(&mut stdout).unwrap();
    process.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Run { code: process.wait().unwrap().code(), stdout, stderr }
}

/// What it answers.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

fn asked(address: &str, path: &str, header: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(format!("GET /{path} HTTP/1.1\r\nHost: x\r\n{header}Connection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    Answer { status: head[9..12].parse().unwrap(), body: answer.split_off(end + 4), head }
}

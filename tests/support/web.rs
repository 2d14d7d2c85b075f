//! A small HTTP server that answers as a test wants, badly too, and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What is answered.
pub enum Answer {
    /// An answer as it should be, with a status, further headers and a body.
    Whole(u16, Vec<(String, String)>, Vec<u8>),
    /// Half of the body, and then nothing.
    Half(Vec<u8>),
    /// Nothing, for longer than anyone waits.
    Silence(Duration),
    /// The end of the connection, and nothing before it.
    Nothing,
}

impl Answer {
    pub fn told(status: u16, body: &str) -> Self {
        Self::Whole(status, Vec::new(), body.as_bytes().to_vec())
    }
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The server; it goes with the process.
pub struct Web {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Web {
    pub fn serve(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                std::thread::spawn(move || {
                    if let Some(asked) = read(&stream) {
                        noted.lock().unwrap().push(asked.clone());
                        // Who asked may be gone.
                        let _ = write(&stream, answer(&asked));
                    }
                });
            }
        });
        Self { url, asked }
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// The file of a folder that a path names.
pub fn file_of(folder: &Path, path: &str) -> Answer {
    match std::fs::read(folder.join(path.trim_start_matches('/'))) {
        Ok(bytes) => Answer::Whole(200, Vec::new(), bytes),
        Err(_) => Answer::told(404, "not here"),
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut asked = Asked { method, path, headers, body: Vec::new() };
    let length: usize = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
    asked.body.resize(length, 0);
    reader.read_exact(&mut asked.body).ok()?;
    Some(asked)
}

fn write(mut stream: &TcpStream, answer: Answer) -> std::io::Result<()> {
    let (status, headers, body, sent) = match answer {
        Answer::Whole(status, headers, body) => (status, headers, body.clone(), body.len()),
        Answer::Half(body) => (200, Vec::new(), body.clone(), body.len() / 2),
        Answer::Silence(pause) => {
            std::thread::sleep(pause);
            return Ok(());
        }
        Answer::Nothing => return Ok(()),
    };
    write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n", body.len())?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n")?;
    stream.write_all(&body[..sent])
}

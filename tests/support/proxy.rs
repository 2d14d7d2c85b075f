//! Something between a publisher and a store that counts, delays, breaks.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request that went through, or would have.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// With the query.
    pub path: String,
    /// Bytes of its body.
    pub sent: usize,
    /// Bytes of the answer's body.
    pub received: usize,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    Pass,
    /// Answered with this status, and never seen by the store.
    Refused(u16),
    /// The store does it, and its answer is lost.
    Lost,
    /// The store does it, and half of its answer arrives.
    Half,
    /// It waits so long first.
    Slow(Duration),
}

/// Decides by the request and by how many came before it.
type Plan = Box<dyn Fn(&Request, usize) -> Fate + Send + Sync>;

pub struct Proxy {
    pub port: u16,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Proxy {
    /// Stands before a port of this machine, until the process ends.
    pub fn before(port: u16, plan: impl Fn(&Request, usize) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), log: Arc::default() };
        let (log, plan): (_, Arc<Plan>) = (Arc::clone(&proxy.log), Arc::new(Box::new(plan)));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (log, plan) = (Arc::clone(&log), Arc::clone(&plan));
                // A client that goes away is the client's business.
                std::thread::spawn(move || drop(serve(client, port, &log, &plan)));
            }
        });
        proxy
    }

    /// What came since the last time.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

/// One request a connection: the answer says that it closes.
fn serve(mut client: TcpStream, port: u16, log: &Mutex<Vec<Request>>, plan: &Plan) -> std::io::Result<()> {
    let (head, body) = message(&mut client)?;
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut request = Request { method, path, sent: body.len(), received: 0 };
    let count = log.lock().unwrap().len();
    let fate = plan(&request, count);
    let place = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    match fate {
        Fate::Refused(status) => {
            write!(client, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
            return Ok(());
        }
        Fate::Slow(wait) => std::thread::sleep(wait),
        _ => {}
    }
    let mut store = TcpStream::connect(("127.0.0.1", port))?;
    let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
    write!(store, "{first}\r\nConnection: close\r\n{rest}\r\n\r\n")?;
    store.write_all(&body)?;
    let mut answer = Vec::new();
    store.read_to_end(&mut answer)?;
    let head_end = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    request.received = answer.len() - head_end;
    if let Some(logged) = log.lock().unwrap().get_mut(place) {
        logged.received = request.received;
    }
    let shown = match fate {
        Fate::Lost => 0,
        Fate::Half => head_end + request.received / 2,
        _ => answer.len(),
    };
    client.write_all(&answer[..shown])?;
    client.shutdown(Shutdown::Both)
}

/// The head without its last line ends, and the body.
fn message(client: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match client.read(&mut buffer)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = bytes.split_off(end + 4);
    while body.len() < length.unwrap_or(0) {
        match client.read(&mut buffer)? {
            0 => break,
            read => body.extend_from_slice(&buffer[..read]),
        }
    }
    Ok((head, body))
}

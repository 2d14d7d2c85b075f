//! Models on an engine that spreads over machines, by the protocol of Spark Connect: Sail, or Apache Spark.
//!
//! The engine reads Parquet files and answers with rows. It never publishes: what it answers passes the same order, digests and gates
//! as the rows of the engine in this process, and some of it is worked out by both.

mod connect;
mod query;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use tokio::runtime::Handle;
use tokio::time::timeout;

use self::connect::{Failure, Session};
use crate::config::EngineSettings;
use crate::digest::token;
use crate::error::{Context, Error, Result};
use crate::model::{Engine, Engines, Model, Only};
use crate::progress::Progress;
use crate::publish::{self, Guard, StorageKey, Store};

/// How long an engine may take to say that it is there.
const GREETING: Duration = Duration::from_mins(1);
/// How long to wait before a query is tried again, times the number of tries so far: a lost worker is found out by silence.
const WAIT: Duration = Duration::from_secs(5);
/// How long a query is waited for before looking whether the run is to stop.
const LOOK: Duration = Duration::from_millis(200);

/// An engine elsewhere.
pub struct Cluster<'a> {
    address: String,
    session: Session,
    runtime: Handle,
    tries: u32,
    /// How long a query may take.
    patience: Duration,
    work: Option<Work>,
    progress: &'a dyn Progress,
}

/// Where files are put that the engine is to read, and from where they are removed in the end.
struct Work {
    store: Box<dyn Store>,
    address: String,
    /// What is there already, by the file here; the number tells files of one name apart.
    sent: Mutex<HashMap<PathBuf, String>>,
}

impl<'a> Cluster<'a> {
    /// Opens the engine that a pipeline or a person names, and has it answer once. `progress` says when a query is to be given up.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when its address, or that of the place of work, is none;
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it does not answer.
    pub fn open(settings: &EngineSettings, runtime: &Handle, progress: &'a dyn Progress) -> Result<Self> {
        let place = |error: Error| error.at(&settings.address);
        let authority = authority(&settings.address).map_err(place)?;
        // A channel is made within a runtime, though it asks nothing yet.
        let _within = runtime.enter();
        let session = Session::new(authority, session_id()).usage("not the address of an engine").map_err(place)?;
        let work = settings.work.as_deref().map(Work::open).transpose()?;
        let cluster = Self {
            address: settings.address.clone(),
            session,
            runtime: runtime.clone(),
            tries: settings.tries,
            patience: Duration::from_secs(settings.query_seconds),
            work,
            progress,
        };
        cluster.within(GREETING, cluster.session.count_in_utc())?.map_err(|failure| {
            let hint = "is the server running, and the port that of Spark Connect (15002 for Spark, 50051 for Sail)?";
            place(Error::unreachable(format!("the engine does not answer: {}", failure.told()))).hint(hint)
        })?;
        Ok(cluster)
    }

    /// The answer of the engine, or that there was none in time; an error where somebody wants the run to stop.
    fn within<T>(
        &self,
        patience: Duration,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<Result<T, Failure>> {
        let (mut answer, asked) = (pin!(answer), Instant::now());
        loop {
            if let Ok(answer) = self.runtime.block_on(async { timeout(LOOK, answer.as_mut()).await }) {
                return Ok(answer);
            }
            self.progress.proceed()?;
            if asked.elapsed() >= patience {
                return Ok(Err(Failure::Answer(format!("no answer after {} s", patience.as_secs()))));
            }
        }
    }

    /// Where the engine finds a file of this machine.
    fn address_of(&self, file: &Path) -> Result<String> {
        match &self.work {
            Some(work) => work.send(file),
            None => Ok(file.to_string_lossy().into_owned()),
        }
    }
}

impl Engines for Cluster<'_> {
    fn begin(&self) -> Result<Box<dyn Engine + '_>> {
        Ok(Box::new(Elsewhere { cluster: self, tables: Vec::new() }))
    }

    fn elsewhere(&self) -> Option<&'static str> {
        Some("Spark Connect")
    }
}

/// Some tables of a run, as the engine is told of them.
struct Elsewhere<'a> {
    cluster: &'a Cluster<'a>,
    tables: Vec<(String, String)>,
}

impl Engine for Elsewhere<'_> {
    fn register(&mut self, table: &str, files: &[PathBuf], some: &[Only<'_>]) -> Result<()> {
        let files = files.iter().map(|file| self.cluster.address_of(file)).collect::<Result<Vec<_>>>()?;
        self.tables.push((table.to_owned(), query::rows(&files, some)));
        Ok(())
    }

    fn run(&mut self, model: &Model) -> Result<RecordBatch> {
        let Cluster { session, tries, patience, address, work, .. } = self.cluster;
        let place = |error: Error| error.at(format!("models/{}.sql, on {address}", model.table));
        let statement = query::statement(&self.tables, &model.sql);
        let mut tried = 0;
        let rows = loop {
            tried += 1;
            match self.cluster.within(*patience, session.rows(statement.clone()))? {
                Ok(rows) => break rows,
                // Nothing of a try that failed is kept.
                Err(failure) if tried < *tries => {
                    tracing::warn!(table = model.table, tried, failure = failure.told(), "the engine is asked again");
                    // Waiting is for an answer that never comes, and ends as soon as the run is to stop.
                    let _ = self.cluster.within(WAIT * tried, std::future::pending::<Result<(), Failure>>())?;
                }
                Err(failure) => {
                    let error = Error::unreachable(format!("the engine fails: {}", failure.told()));
                    return Err(place(error.hint(if work.is_some() {
                        "nothing was published; look into the log of the engine"
                    } else {
                        "nothing was published; an engine on another machine needs a place that both see: --work"
                    })));
                }
            }
        };
        let Some(first) = rows.first() else {
            return Err(place(Error::unreachable("the engine's answer has no columns")));
        };
        concat_batches(&first.schema(), &rows)
            .unreachable("batches of the engine's answer do not fit together")
            .map_err(place)
    }
}

impl Work {
    fn open(place: &str) -> Result<Self> {
        let run = token();
        let root = match place.split_once("://") {
            None | Some(("file", _)) => {
                let folder = place.strip_prefix("file://").unwrap_or(place);
                std::path::absolute(folder)
                    .usage("not a folder")
                    .map_err(|error| error.at(place))?
                    .to_string_lossy()
                    .into_owned()
            }
            Some(_) => place.to_owned(),
        };
        let address = format!("{}/{run}", root.trim_end_matches('/'));
        Ok(Self { store: publish::open(&address, Guard::Waived)?, address, sent: Mutex::default() })
    }

    /// Puts a file there, once, and tells where.
    fn send(&self, file: &Path) -> Result<String> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = sent.get(file) {
            return Ok(address.clone());
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let path = format!("{}-{name}", sent.len());
        self.store.put_file(&StorageKey::File { path: path.clone() }, file)?;
        let address = format!("{}/{path}", self.address);
        sent.insert(file.to_owned(), address.clone());
        Ok(address)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let sent = std::mem::take(self.sent.get_mut().unwrap_or_else(PoisonError::into_inner));
        for address in sent.into_values() {
            let path = address[self.address.len() + 1..].to_owned();
            if let Err(error) = self.store.delete(&StorageKey::File { path }) {
                tracing::warn!(%error, address, "a file of the engine's place of work stays behind");
            }
        }
    }
}

/// Host and port of an address as Spark writes them.
fn authority(address: &str) -> Result<&str> {
    let hint = "as in sc://127.0.0.1:50051";
    let rest = address
        .strip_prefix("sc://")
        .ok_or_else(|| Error::usage("the address of an engine begins with sc://").hint(hint))?;
    let (authority, parameters) = rest.split_once('/').unwrap_or((rest, ""));
    if !parameters.trim_matches([';', '/']).is_empty() {
        return Err(Error::usage("no parameters of a connection are known")
            .hint("a token or TLS needs a proxy beside this program, that adds them"));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !host.contains('@') && port.parse::<u16>().is_ok() => Ok(authority),
        _ => Err(Error::usage("an engine has a host and a port").hint(hint)),
    }
}

/// A UUID, which is what the protocol asks for.
fn session_id() -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, token().as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(authority("sc://127.0.0.1:50051").unwrap(), "127.0.0.1:50051");
        assert_eq!(authority("sc://engine:15002/;").unwrap(), "engine:15002");
        for wrong in ["http://a:1", "sc://a", "sc://:1", "sc://a:x", "sc://a:1/;use_ssl=true", "sc://me:secret@a:1"] {
            assert!(authority(wrong).is_err(), "{wrong}");
        }
    }
}

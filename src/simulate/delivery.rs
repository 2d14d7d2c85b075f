//! The files of the log: cut by month or day, compressed, delivered with the accidents that the scenario asks for.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use flate2::write::GzEncoder;
use rand::RngExt;
use rand_pcg::Pcg64;

use crate::error::{Context, Result};

use super::evidence::generator;
use super::plan::Plan;
use super::scenario::{Cut, Damage};
use super::watch::Line;
use super::{Compression, Summary};

/// The lowest level: these lines are long repetitions and pure chance, and a higher level saves nothing on either.
const ZSTD_LEVEL: i32 = 1;

/// Writes lines into the file of their month or day.
pub struct Delivery<'p> {
    plan: &'p Plan,
    folder: PathBuf,
    compression: Compression,
    open: Option<OpenFile>,
    /// Lines that the next file delivers a second time.
    again: Vec<Vec<u8>>,
    /// The lines still to spoil.
    to_spoil: &'p [(DateTime<Utc>, Damage)],
    chance: Pcg64,
    summary: Summary,
}

struct OpenFile {
    label: String,
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl<'p> Delivery<'p> {
    /// A delivery into a folder, which is made if need be.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(plan: &'p Plan, folder: &Path, compression: Compression) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .unreachable("the folder of the logs cannot be made")
            .map_err(|error| error.at_path(folder))?;
        let summary =
            Summary { files: 0, attempts: 0, duplicates: 0, spoiled: 0, bytes: 0, from: plan.from, to: plan.to };
        Ok(Self {
            plan,
            folder: folder.to_owned(),
            compression,
            open: None,
            again: Vec::new(),
            to_spoil: &plan.spoiled,
            chance: generator(plan.seed, "delivery"),
            summary,
        })
    }

    /// Writes the lines of the cycle of that moment, into one file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, cycle: DateTime<Utc>, lines: &[Line]) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.turn_to(cycle)?;
        for line in lines {
            self.spoil(line)?;
            self.put(&line.bytes)?;
            self.summary.attempts += 1;
            if self.chance.random_bool(self.plan.duplicates) {
                self.again.push(line.bytes.clone());
            }
        }
        Ok(())
    }

    /// Closes the last file and says what was written.
    ///
    /// # Errors
    /// The file cannot be written to its end.
    pub fn finish(mut self) -> Result<Summary> {
        self.close()?;
        Ok(self.summary)
    }

    /// Opens the file of that moment if another one is open; it begins with what it delivers a second time.
    fn turn_to(&mut self, cycle: DateTime<Utc>) -> Result<()> {
        let format = match self.plan.cut {
            Cut::Month => "%Y-%m",
            Cut::Day => "%Y-%m-%d",
        };
        let label = cycle.with_timezone(&self.plan.zone).format(format).to_string();
        if self.open.as_ref().is_some_and(|file| file.label == label) {
            return Ok(());
        }
        self.close()?;
        self.open = Some(OpenFile::create(&self.folder, label, self.compression)?);
        for line in std::mem::take(&mut self.again) {
            self.put(&line)?;
            self.summary.duplicates += 1;
        }
        Ok(())
    }

    /// Writes the line badly first, if it is one that the scenario spoils.
    fn spoil(&mut self, line: &Line) -> Result<()> {
        while let Some(((at, damage), rest)) = self.to_spoil.split_first()
            && *at <= line.at
        {
            self.to_spoil = rest;
            self.put(&damage.done_to(&line.bytes))?;
            self.summary.spoiled += 1;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(file) = &mut self.open else { return Ok(()) };
        file.sink
            .writer()
            .write_all(bytes)
            .unreachable("the log cannot be written")
            .map_err(|error| error.at_path(&file.path))
    }

    fn close(&mut self) -> Result<()> {
        if let Some(file) = self.open.take() {
            self.summary.bytes += file.close()?;
            self.summary.files += 1;
        }
        Ok(())
    }
}

impl OpenFile {
    fn create(folder: &Path, label: String, compression: Compression) -> Result<Self> {
        let path = folder.join(format!("attempts-{label}.ndjson{}", compression.suffix()));
        let sink = File::create(&path)
            .and_then(|file| Sink::new(BufWriter::new(file), compression))
            .unreachable("the log cannot be created")
            .map_err(|error| error.at_path(&path))?;
        Ok(Self { label, path, sink })
    }

    /// Closes the file and returns its size.
    fn close(self) -> Result<u64> {
        self.sink
            .finish()
            .and_then(|file| Ok(file.metadata()?.len()))
            .unreachable("the log cannot be written to its end")
            .map_err(|error| error.at_path(&self.path))
    }
}

impl Sink {
    fn new(file: BufWriter<File>, compression: Compression) -> std::io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(file),
            Compression::Gzip => Self::Gzip(GzEncoder::new(file, flate2::Compression::default())),
            Compression::Zstd => Self::Zstd(zstd::Encoder::new(file, ZSTD_LEVEL)?),
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(sink) => sink,
            Self::Gzip(sink) => sink,
            Self::Zstd(sink) => sink,
        }
    }

    fn finish(self) -> std::io::Result<File> {
        let file = match self {
            Self::Plain(sink) => sink,
            Self::Gzip(sink) => sink.finish()?,
            Self::Zstd(sink) => sink.finish()?,
        };
        Ok(file.into_inner()?)
    }
}

impl Compression {
    const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

impl Damage {
    /// The line once it has been damaged.
    fn done_to(self, line: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(line);
        match self {
            Self::CutInHalf => [&line[..line.len() / 2], b"\n"].concat(),
            Self::UnknownField => text.replacen('{', r#"{"debug":true,"#, 1).into_bytes(),
            Self::ImpossibleDate => impossible_date(&text).into_bytes(),
            Self::InvalidUtf8 => [&line[..line.len() - 2], b"\xff}\n"].concat(),
        }
    }
}

/// The line, begun on 30 February of its year.
fn impossible_date(text: &str) -> String {
    const KEY: &str = r#""started_at":""#;
    let Some((before, after)) = text.split_once(KEY) else { return text.to_owned() };
    let year = after.get(..4).unwrap_or_default();
    format!("{before}{KEY}{year}-02-30{}", after.get(10..).unwrap_or_default())
}

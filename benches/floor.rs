//! The least that a reader of these logs can do: unpack each file, parse each line as an attempt, keep nothing.
//!
//! `cargo bench --bench floor -- FILE…`; `side_by_side/run.py` times it beside programs that do more.

use std::fs::File;
use std::io::{BufRead, BufReader, Error, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use guichets_ouverts::attempt::RawAttempt;
use rayon::prelude::*;

fn main() -> Result<(), Error> {
    // Cargo adds --bench.
    let paths: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let read: Vec<u64> = paths.par_iter().map(|path| attempts(Path::new(path))).collect::<Result<_, _>>()?;
    println!("{}", read.iter().sum::<u64>());
    Ok(())
}

/// How many lines of a file are attempts; one that is not ends the measurement.
fn attempts(path: &Path) -> Result<u64, Error> {
    let file = File::open(path)?;
    let unpacked: Box<dyn Read> = match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => Box::new(MultiGzDecoder::new(BufReader::new(file))),
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    };
    let mut lines = BufReader::with_capacity(1 << 18, unpacked);
    let (mut line, mut count) = (Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        let attempt: RawAttempt = serde_json::from_slice(&line)?;
        std::hint::black_box(&attempt);
        line.clear();
        count += 1;
    }
    Ok(count)
}

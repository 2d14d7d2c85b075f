//! The closing summary of a run, for people and for machines.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::time::Duration;

use guichets_ouverts::gate::GateReport;
use guichets_ouverts::ingest::{LeftAlone, WhyLeft};
use guichets_ouverts::job::{Built, LeftOut, RunDigest, SetAside};
use guichets_ouverts::outcome::endings;
use guichets_ouverts::publish::{News, Outcome};
use guichets_ouverts::release::{Accounting, exporter};
use guichets_ouverts::schema::Format;

/// How wide the longest bar is.
const BAR: i64 = 32;

/// The summary as one JSON object.
pub fn as_json(built: &Built, outcome: Option<&Outcome>) -> String {
    let manifest = &built.manifest;
    let status = match outcome {
        None => "not_published",
        Some(Outcome::NothingNew { .. }) => "nothing_new",
        Some(Outcome::Published(_)) => "published",
    };
    let told = serde_json::json!({
        "status": status,
        "version": match outcome { Some(Outcome::NothingNew { version }) => version, _ => &manifest.version },
        "simulated": manifest.simulated,
        "as_of": manifest.as_of,
        "summary": built.digest,
        "gates": built.gates,
        "files": manifest.files.len(),
        "only": match outcome { Some(Outcome::Published(published)) => only(published.news), _ => None },
    });
    format!("{told:#}")
}

/// The summary that a person reads.
pub fn as_text(store: &str, built: &Built, outcome: Option<&Outcome>, took: Duration) -> String {
    let style = Style::of_terminal();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut text, &style, store, built, outcome, took);
    text
}

fn write_all(
    text: &mut String,
    style: &Style,
    store: &str,
    built: &Built,
    outcome: Option<&Outcome>,
    took: Duration,
) -> std::fmt::Result {
    let (manifest, digest) = (&built.manifest, &built.digest);
    writeln!(text, "\n{}{}{}", style.bold, manifest.title, style.plain)?;
    match outcome {
        Some(Outcome::NothingNew { .. }) => writeln!(text, "as of {}\n", manifest.as_of)?,
        _ => writeln!(text, "version {}, as of {}\n", manifest.version, manifest.as_of)?,
    }
    write_account(text, digest.accounting)?;
    for kind in &digest.set_aside {
        writeln!(text, "    {}", set_aside(kind))?;
    }
    if let Some(dates) = dates_set_aside(digest) {
        writeln!(text, "    {dates}")?;
    }
    for mapping in &digest.unread {
        writeln!(text, "    {mapping}")?;
    }
    for table in &digest.left_out {
        writeln!(text, "    {}", left_out(table))?;
    }
    for (why, names) in left_alone(&digest.left_alone) {
        writeln!(text, "    left alone, {why}: {names}")?;
    }
    writeln!(
        text,
        "{} of {} expected cycles measured, for {}\n",
        grouped(digest.measured.max(0).cast_unsigned()),
        grouped(digest.expected.max(0).cast_unsigned()),
        plural(digest.services as u64, "service"),
    )?;
    write_outcomes(text, style, built)?;
    write_gates(text, style, &built.gates)?;
    write_end(text, style, store, built, outcome, took)
}

fn write_account(text: &mut String, account: Accounting) -> std::fmt::Result {
    write!(text, "{} in {}", plural(account.lines, "line"), plural(account.files, "file"))?;
    if account.headers > 0 {
        write!(text, " (and {} of column names)", plural(account.headers, "line"))?;
    }
    if account.records != account.lines {
        write!(text, ", {}", plural(account.records, "record"))?;
    }
    write!(
        text,
        " = {} attempts + {} duplicates + {} blank",
        grouped(account.attempts),
        grouped(account.duplicates),
        grouped(account.blank),
    )?;
    if account.without_data > 0 {
        write!(text, " + {} without data", grouped(account.without_data))?;
    }
    writeln!(text, " + {} set aside", grouped(account.quarantined))
}

/// How many dates of slots are not believed, and why, if there are any.
pub fn dates_set_aside(digest: &RunDigest) -> Option<String> {
    let count = u64::try_from(digest.dates_set_aside).ok().filter(|count| *count > 0)?;
    let dates = plural(count, "date");
    Some(format!("{dates} of slots not believed: before the day of the attempt, or of no year of the contract"))
}

/// `3 records set aside: type_invalide (slots.count), the first at a.csv:12`.
pub fn set_aside(kind: &SetAside) -> String {
    let field = kind.field.as_ref().map_or_else(String::new, |field| format!(" ({field})"));
    format!("{} set aside: {}{field}, the first at {}", plural(kind.records, "record"), kind.reason, kind.first)
}

/// For each reason why files were left alone, in a person's words, the names of the first few.
pub fn left_alone(files: &[LeftAlone]) -> Vec<(&'static str, String)> {
    /// As many as can be looked through; the manifest has them all.
    const FEW: usize = 10;
    let name = |file: &LeftAlone| match file.files {
        None => file.file.clone(),
        Some(count) => format!("{} ({})", file.file, plural(count, "file")),
    };
    let names = |why: WhyLeft| -> Vec<String> { files.iter().filter(|file| file.why == why).map(name).collect() };
    let told = |(why, names): (WhyLeft, Vec<String>)| {
        let more = names.len().saturating_sub(FEW) as u64;
        let first = names[..names.len().min(FEW)].join(", ");
        (why.told(), if more == 0 { first } else { format!("{first} and {} more", grouped(more)) })
    };
    let reasons = WhyLeft::ALL.iter().map(|why| (*why, names(*why)));
    reasons.filter(|(_, names)| !names.is_empty()).map(told).collect()
}

fn write_outcomes(text: &mut String, style: &Style, built: &Built) -> std::fmt::Result {
    let counts = &built.digest.outcomes;
    let most = counts.values().copied().max().unwrap_or(0).max(1);
    let consultations = u64::try_from(counts.values().sum::<i64>()).unwrap_or(0);
    writeln!(text, "{}, one cycle of a service each, by outcome:", plural(consultations, "consultation"))?;
    for ending in endings() {
        let count = counts.get(ending.code).copied().unwrap_or(0);
        if count > 0 {
            // Every outcome that happened leaves a mark, however rare.
            let length = usize::try_from(count * BAR / most).unwrap_or(0).max(1);
            writeln!(
                text,
                "  {:<20} {:<9} {:>10}  {}{}{}",
                ending.code,
                ending.answer.code(),
                grouped(count.max(0).cast_unsigned()),
                style.bar,
                "█".repeat(length),
                style.plain
            )?;
        }
    }
    writeln!(text)
}

fn write_gates(text: &mut String, style: &Style, gates: &[GateReport]) -> std::fmt::Result {
    let passed = gates.iter().filter(|gate| gate.passed).count();
    writeln!(text, "{passed} of {} gates passed", gates.len())?;
    for gate in gates.iter().filter(|gate| !gate.passed) {
        let verdict = gate.overruled.as_ref().map_or_else(|| "refuses".to_owned(), |why| format!("overruled: {why}"));
        writeln!(
            text,
            "  {}{}{}: {} (asked: {}): {verdict}",
            style.bad,
            gate.gate.code(),
            style.plain,
            gate.figure,
            gate.threshold
        )?;
    }
    Ok(())
}

fn write_end(
    text: &mut String,
    style: &Style,
    store: &str,
    built: &Built,
    outcome: Option<&Outcome>,
    took: Duration,
) -> std::fmt::Result {
    let seconds = took.as_secs_f64();
    match outcome {
        Some(Outcome::Published(published)) => {
            let bytes: u64 = built.manifest.files.iter().map(|file| file.bytes).sum();
            #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
            let megabytes = bytes as f64 / 1e6;
            let tables = |format| built.manifest.files.iter().filter(|file| file.format == Some(format)).count();
            writeln!(
                text,
                "{}published{} {} files, {megabytes:.1} MB ({} Parquet, {} CSV, {} XLSX), in {seconds:.1} s",
                style.good,
                style.plain,
                built.manifest.files.len(),
                tables(Format::Parquet),
                tables(Format::Csv),
                tables(Format::Xlsx),
            )?;
            if let Some(why) = only(published.news) {
                writeln!(text, "  {why}")?;
            }
            writeln!(text, "  {store}/versions/{}/   to cite: it never changes", published.version)?;
            write!(text, "  {store}/latest/index.html   to begin with; guichets site {store} --open shows it")
        }
        Some(Outcome::NothingNew { version }) => {
            write!(
                text,
                "{}nothing new{}: {store} says the same already, as version {version}",
                style.good, style.plain
            )
        }
        None => write!(text, "nothing was published ({seconds:.1} s)"),
    }
}

/// That a table is too long for one of its formats.
pub fn left_out(table: &LeftOut) -> String {
    let LeftOut { table, format, rows } = table;
    let format = exporter(*format).extension();
    format!("{table} has {} rows, more than {format} holds: it leaves in its other formats", grouped(*rows))
}

/// Why a version is published whose rows are those of the one before.
pub const fn only(news: News) -> Option<&'static str> {
    match news {
        News::Words => Some("the rows are those of the version before; only words, addresses or formats are new"),
        News::Signature => Some("the rows are those of the version before; only the signature is new"),
        News::Rows | News::None => None,
    }
}

/// `1 file`, `2 files`.
pub fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Thousands apart: `271 590`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// What is bad, on a terminal.
pub const BAD: &str = "\u{1b}[1;31m";
/// The end of any colour.
pub const PLAIN: &str = "\u{1b}[0m";
/// Every colour that is ever written: bold, good, bad, bar, plain.
pub const COLOURS: [&str; 5] = ["\u{1b}[1m", "\u{1b}[1;32m", BAD, "\u{1b}[34m", PLAIN];

/// Colours on a terminal, nothing elsewhere.
struct Style {
    bold: &'static str,
    good: &'static str,
    bad: &'static str,
    bar: &'static str,
    plain: &'static str,
}

impl Style {
    fn of_terminal() -> Self {
        if std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
            let [bold, good, bad, bar, plain] = COLOURS;
            Self { bold, good, bad, bar, plain }
        } else {
            Self { bold: "", good: "", bad: "", bar: "", plain: "" }
        }
    }
}

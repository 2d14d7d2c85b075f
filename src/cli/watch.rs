//! Who watches a run: progress bars where someone looks, and the signals that ask it to stop.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use guichets_ouverts::error::{Error, Kind, Result};
use guichets_ouverts::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::show;

/// Bars on a terminal, none where standard error is a file, or the answer is for a machine. From here on, the first
/// SIGINT or SIGTERM stops the run where it can be stopped cleanly, and the second one at once.
pub fn progress(json: bool) -> Box<dyn Progress> {
    let asked = Arc::new(Asked::default());
    // Where no handler can be set, the signal ends the process, which no reader sees either.
    if let Ok(signals) = Signals::new([SIGINT, SIGTERM]) {
        let asked = Arc::clone(&asked);
        std::thread::spawn(move || heed(signals, &asked, json));
    }
    let shows = !json && std::io::stderr().is_terminal();
    Box::new(Watch { asked, shows, bar: Mutex::default() })
}

/// What was asked of the run, and how far it is.
#[derive(Default)]
struct Asked {
    stop: AtomicBool,
    /// The version that readers may see already.
    visible: OnceLock<String>,
}

fn heed(mut signals: Signals, asked: &Asked, json: bool) {
    for _ in signals.forever() {
        if asked.stop.swap(true, Ordering::Relaxed) {
            let error = at_once(asked.visible.get().map(String::as_str));
            show(&error, json);
            std::process::exit(error.kind().exit_code().into());
        }
    }
}

/// What a second signal comes to: once the pointer may have moved, nobody can say that nothing is visible.
fn at_once(visible: Option<&str>) -> Error {
    match visible {
        None => Error::new(Kind::Interrupted, "stopped at once by a second signal").hint(UNSEEN),
        Some(version) => Error::unreachable(format!(
            "stopped at once by a second signal: version {version} is published, or was about to be, but is not yet in every list"
        ))
        .hint("run again: it finishes versions.json and latest/; guichets status says which version is current"),
    }
}

/// What a run that was stopped before the pointer moved leaves.
const UNSEEN: &str = "nothing of this run is visible; run it again when you like";

struct Watch {
    asked: Arc<Asked>,
    shows: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Watch {
    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        act(&mut self.bar.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Watch {
    fn begin(&self, stage: &str, total: u64) {
        if !self.shows {
            return;
        }
        let style = ProgressStyle::with_template("{prefix:>10} {wide_bar} {percent:>3} %");
        let bar = ProgressBar::new(total.max(1)).with_prefix(stage.to_owned());
        // The template is a constant that the library accepts.
        let bar = style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style));
        self.with(|shown| *shown = Some(bar));
    }

    fn advance(&self, amount: u64) {
        self.with(|shown| shown.iter().for_each(|bar| bar.inc(amount)));
    }

    fn end(&self) {
        self.with(|shown| shown.take().iter().for_each(ProgressBar::finish_and_clear));
    }

    fn proceed(&self) -> Result<()> {
        if self.asked.stop.load(Ordering::Relaxed) {
            return Err(Error::new(Kind::Interrupted, "stopped by a signal").hint(UNSEEN));
        }
        Ok(())
    }

    fn visible(&self, version: &str) {
        // Only one version is published by a run.
        let _ = self.asked.visible.set(version.to_owned());
    }
}

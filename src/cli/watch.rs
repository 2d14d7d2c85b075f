//! Who watches a run: progress bars where someone looks, and the signals that ask it to stop.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use guichets_ouverts::error::{Error, Kind, Result};
use guichets_ouverts::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Bars on a terminal, none where standard error is a file, or the answer is for a machine. From here on, the first
/// SIGINT or SIGTERM stops the run where it can be stopped cleanly, and the second one at once.
pub fn progress(json: bool) -> Box<dyn Progress> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the second signal finds the flag set. Where a handler cannot be set, the signal ends the
        // process, which no reader sees either.
        let _ =
            flag::register_conditional_shutdown(signal, i32::from(Kind::Interrupted.exit_code()), Arc::clone(&stop));
        let _ = flag::register(signal, Arc::clone(&stop));
    }
    let shows = !json && std::io::stderr().is_terminal();
    Box::new(Watch { stop, shows, bar: Mutex::default() })
}

struct Watch {
    stop: Arc<AtomicBool>,
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
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::new(Kind::Interrupted, "stopped by a signal")
                .hint("nothing of this run is visible; run it again when you like"));
        }
        Ok(())
    }
}

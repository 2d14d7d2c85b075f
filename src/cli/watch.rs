//! Who watches a run: progress bars where someone looks, and the signals that ask it to stop.

use std::future::poll_fn;
use std::io::{IsTerminal, Result as IoResult};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;

use guichets_ouverts::error::{self, Error, Result};
use guichets_ouverts::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::{Builder, Runtime};

use super::show;

/// Bars on a terminal, none where standard error is a file, or the answer is for a machine. From here on, the first
/// SIGINT or SIGTERM (Ctrl-C, where there are no signals) stops the run where it can be stopped cleanly, and the second one at once.
pub fn progress(json: bool) -> Box<dyn Progress> {
    let asked = Arc::new(Asked::default());
    // Where no handler can be set, the signal ends the process, which no reader sees either.
    if let Ok(mut signals) = Signals::new() {
        let asked = Arc::clone(&asked);
        std::thread::spawn(move || heed(&mut signals, &asked, json));
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

/// The signals that ask a run to stop, from the moment at which this is made.
struct Signals {
    runtime: Runtime,
    kinds: Vec<Kind>,
}

#[cfg(unix)]
type Kind = tokio::signal::unix::Signal;
#[cfg(windows)]
type Kind = tokio::signal::windows::CtrlC;

impl Signals {
    fn new() -> IoResult<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let kinds = {
            let _within = runtime.enter();
            Self::kinds()?
        };
        Ok(Self { runtime, kinds })
    }

    #[cfg(unix)]
    fn kinds() -> IoResult<Vec<Kind>> {
        use tokio::signal::unix::{SignalKind, signal};
        [SignalKind::interrupt(), SignalKind::terminate()].into_iter().map(signal).collect()
    }

    #[cfg(windows)]
    fn kinds() -> IoResult<Vec<Kind>> {
        Ok(vec![tokio::signal::windows::ctrl_c()?])
    }

    /// Waits for the next of them.
    fn wait(&mut self) {
        let kinds = &mut self.kinds;
        self.runtime.block_on(poll_fn(|context| {
            let came = kinds.iter_mut().any(|kind| kind.poll_recv(context).is_ready());
            if came { Poll::Ready(()) } else { Poll::Pending }
        }));
    }
}

fn heed(signals: &mut Signals, asked: &Asked, json: bool) {
    loop {
        signals.wait();
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
        None => Error::new(error::Kind::Interrupted, "stopped at once by a second signal").hint(UNSEEN),
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
            return Err(Error::new(error::Kind::Interrupted, "stopped by a signal").hint(UNSEEN));
        }
        Ok(())
    }

    fn visible(&self, version: &str) {
        // Only one version is published by a run.
        let _ = self.asked.visible.set(version.to_owned());
    }
}

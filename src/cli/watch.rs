//! Progress bars, where someone looks.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};

use guichets_ouverts::progress::{Progress, Silent};
use indicatif::{ProgressBar, ProgressStyle};

/// Bars on a terminal; nothing where standard error is a file, or the answer is for a machine.
pub fn progress(json: bool) -> Box<dyn Progress> {
    if json || !std::io::stderr().is_terminal() { Box::new(Silent) } else { Box::new(Bars::default()) }
}

#[derive(Default)]
struct Bars(Mutex<Option<ProgressBar>>);

impl Bars {
    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Bars {
    fn begin(&self, stage: &str, total: u64) {
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
}

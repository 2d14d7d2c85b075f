//! A panic inside the engine is an error of ours, with a name, and no backtrace on the terminal.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How the engine names the threads of its own.
const ENGINE_THREADS: &str = "polars";

/// How many calls of the engine are under way.
static CALLS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this very thread has called the engine.
    static CALLER: Cell<bool> = const { Cell::new(false) };
}

/// Runs the engine.
///
/// # Errors
/// What it said when it panicked. Whatever it worked on must not be used again.
pub(super) fn panics<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    be_silent_of_the_engine();
    CALLS.fetch_add(1, Ordering::SeqCst);
    let before = CALLER.replace(true);
    let done = catch_unwind(AssertUnwindSafe(run));
    CALLER.set(before);
    CALLS.fetch_sub(1, Ordering::SeqCst);
    done.map_err(|payload| said(payload.as_ref()))
}

/// From the first call on, panics of the engine are told by the error that they become, and every other as before.
fn be_silent_of_the_engine() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            let engine = thread.name().is_some_and(|name| name.starts_with(ENGINE_THREADS));
            let contained = CALLER.get() || (engine && CALLS.load(Ordering::SeqCst) > 0);
            if !contained {
                tell(panic);
            }
        }));
    });
}

fn said(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it did not say why").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_what_it_said() {
        assert_eq!(panics(|| 2 + 2), Ok(4));
        assert_eq!(
            panics(|| -> i32 { panic!("attempt to add with overflow") }),
            Err("attempt to add with overflow".into())
        );
        assert_eq!(panics(|| -> i32 { panic!("row {}", 7) }), Err("row 7".into()));
        assert!(!CALLER.get() && CALLS.load(Ordering::SeqCst) == 0);
    }
}

//! `guichets`: see `guichets --help`.

mod cli;

use std::process::ExitCode;

/// It gives back what a run no longer needs, which the system's own keeps in pieces.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::main()
}

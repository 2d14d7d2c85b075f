//! `guichets`: see `guichets --help`.

mod cli;

use std::process::ExitCode;

/// Where the system's allocator lets one thread in at a time, a run takes twice as long.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}

//! `guichets manual`: what a system's own help is made of, from the command line as it is declared.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;
use guichets_ouverts::error::{Context, Result};

use super::{Cli, language};

/// Write manual pages, and what shells complete the command by
///
/// Into man1/ and completions/ of a folder. Where they belong is the system's affair: manual pages under share/man/man1, and for
/// instance guichets.bash where bash-completion looks.
#[derive(Debug, Args)]
pub struct Manual {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Manual {
    /// Writes them all.
    pub fn run(self) -> Result<ExitCode> {
        let written = |name: &str, write: &dyn Fn(&Path) -> std::io::Result<()>| {
            let folder = self.folder.join(name);
            let done = std::fs::create_dir_all(&folder).and_then(|()| write(&folder));
            done.unreachable("cannot write the manual").map_err(|error| error.at_path(&folder))
        };
        // How to get help for help is left out.
        let all = language::helped(Cli::command().disable_help_subcommand(true));
        written("man1", &|folder| clap_mangen::generate_to(all.clone(), folder))?;
        written("completions", &|folder| {
            Shell::value_variants().iter().try_for_each(|shell| {
                clap_complete::generate_to(*shell, &mut all.clone(), "guichets", folder).map(|_| ())
            })
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

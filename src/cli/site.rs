//! `guichets site`: the pages of a version, to look at.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use guichets_ouverts::error::{Context, Error, Result};
use guichets_ouverts::publish::{self, Base, Guard, Store, manifest_of, unpack_pages};

use super::serve::serve;
use super::{Common, print};

/// Look at the pages of a version: serve them on this machine, or unpack them into a folder
///
/// Without --out the pages are served on the loopback interface until the command is stopped. A version keeps its pages in
/// one file, so that those of any night are there, byte for byte as they were published.
#[derive(Debug, Args)]
pub struct SiteCommand {
    /// The store: a folder, s3://, gs://, az://, or the http address where readers find it
    #[arg(value_name = "STORE", default_value = "public")]
    store: String,
    /// The version [default: the current one]
    #[arg(long, value_name = "V")]
    version: Option<String>,
    /// Unpack the pages into this folder, and serve nothing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Serve on this port [default: one that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true, conflicts_with = "out")]
    port: u16,
    /// Open them in the browser
    #[arg(long, conflicts_with = "out")]
    open: bool,
}

impl SiteCommand {
    /// Unpacks, or serves.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        if let Some(folder) = &self.out {
            let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
            if taken {
                return Err(Error::usage("the folder is not empty").at_path(folder).hint("name a new one with --out"));
            }
            let pages = self.unpack(folder)?;
            let begin = folder.join("index.html");
            print(&if common.json {
                format!("{:#}", serde_json::json!({ "pages": pages, "begin": begin }))
            } else {
                format!("unpacked {pages} pages\n  {}", begin.display())
            });
            return Ok(ExitCode::SUCCESS);
        }
        // A folder is served as it is, with the files that the pages lead to.
        let local = Path::new(&self.store);
        if self.version.is_none() && local.join("latest/index.html").is_file() {
            return self.show(local, "latest/index.html", common);
        }
        let folder = tempfile::tempdir().unreachable("cannot make a temporary folder")?;
        self.unpack(folder.path())?;
        self.show(folder.path(), "index.html", common)
    }

    /// Unpacks the pages; gives back how many.
    fn unpack(&self, folder: &Path) -> Result<usize> {
        let store = publish::open(&self.store, Guard::Reader)?;
        let version = self.version.clone().map_or_else(|| current(store.as_ref()), Ok)?;
        unpack_pages(store.as_ref(), &manifest_of(store.as_ref(), &version)?.1, folder)
    }

    fn show(&self, folder: &Path, page: &str, common: &Common) -> Result<ExitCode> {
        serve(folder, self.port, |address| {
            let url = format!("http://{address}/{page}");
            print(&if common.json {
                format!("{:#}", serde_json::json!({ "url": url }))
            } else {
                format!("{url}\nstop with Ctrl-C")
            });
            if self.open && open::that(&url).is_err() {
                eprintln!("no browser could be opened: go to {url}");
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn current(store: &dyn Store) -> Result<String> {
    let current = Base::read(store)?.current.map(|(pointer, _)| pointer.version);
    current.ok_or_else(|| Error::usage("the store has no current version").at(store.name()))
}

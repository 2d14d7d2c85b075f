//! `guichets site`: the pages of a version, to look at.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use guichets_ouverts::error::{Context, Error, Kind, Result};
use guichets_ouverts::publish::{self, Guard, StorageKey, Store, View, stable_names_stand, unpack_pages, view};
use serde_json::json;
use tempfile::TempDir;

use super::serve::{Remote, Served, serve};
use super::{Common, print, printable, watch};

/// Look at the pages of a version: serve them on this machine, or unpack them into a folder
///
/// Without --out the pages are served on the loopback interface until the command is stopped. A version keeps its pages in
/// one file, so that those of any night are there, byte for byte as they were published. A retracted version is shown, too,
/// and said to be one.
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
            return self.unpack(folder, common);
        }
        // Set before anything is made that a signal would leave behind.
        let progress = watch::progress(common.json);
        let (store, version) = self.look()?;
        let shown = self.lay_out(&store, &version)?;
        progress.proceed().map_err(stopped)?;
        warn(&shown.warnings);
        serve(shown.served, self.port, progress.as_ref(), |address| {
            self.tell(&format!("http://{address}/{}", shown.page), &version, &shown.warnings, common);
        })
        .map_err(stopped)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Opens the store and finds the version.
    fn look(&self) -> Result<(Arc<dyn Store>, View)> {
        let store = publish::open(&self.store, Guard::Reader)?;
        let version = view(store.as_ref(), self.version.as_deref())?;
        Ok((store.into(), version))
    }

    /// Unpacks the pages into a folder.
    fn unpack(&self, folder: &Path, common: &Common) -> Result<ExitCode> {
        if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Error::usage("the folder is not empty").at_path(folder).hint("name a new one with --out"));
        }
        let (store, version) = self.look()?;
        let pages = unpack_pages(store.as_ref(), &version.manifest, folder)?;
        let warnings: Vec<String> = retraction(&version).into_iter().collect();
        warn(&warnings);
        let begin = folder.join("index.html");
        print(&if common.json {
            let told = json!({
                "pages": pages, "begin": begin, "version": version.manifest.version, "retracted": version.retracted,
                "warnings": warnings,
            });
            format!("{told:#}")
        } else {
            format!("unpacked {pages} pages\n  {}", begin.display())
        });
        Ok(ExitCode::SUCCESS)
    }

    /// What is served, and where in it the pages begin. They are where they were written to be, in the folder of their version,
    /// with the rest of the store around it: their links are relative, and lead to its files from there.
    fn lay_out(&self, store: &Arc<dyn Store>, version: &View) -> Result<Shown> {
        let local = local(&self.store);
        let whole = local.is_none() || stable_names_stand(store.as_ref())?;
        let current = StorageKey::Stable { name: "index.html".to_owned() }.path();
        // A store of before there were packs has a page there, too.
        if let Some(folder) = local
            && self.version.is_none()
            && whole
            && folder.join(&current).is_file()
        {
            let served = Served { folders: vec![folder.to_owned()], remote: None };
            return Ok(Shown { served, page: current, warnings: Vec::new(), _pages: None });
        }
        let manifest = &version.manifest;
        let mut warnings: Vec<String> = retraction(version).into_iter().collect();
        // To say it alone would leave people with pages of two versions. Those of the pack are one version's, each checked; and
        // whoever publishes at this very moment is not waited for.
        warnings.extend((!whole && version.current.is_some()).then(|| mixed(&manifest.version)));
        let pages = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
        let own = StorageKey::Manifest { version: manifest.version.clone() }.path();
        let own = own.strip_suffix("manifest.json").unwrap_or_default();
        unpack_pages(store.as_ref(), manifest, &pages.path().join(own))?;
        let mut served = Served { folders: vec![pages.path().to_owned()], remote: None };
        if let Some(folder) = local {
            served.folders.push(folder.to_owned());
        } else {
            let remote = Remote::new(Arc::clone(store), manifest, pages.path());
            warnings.extend((!remote.leads_on() && !version.is_current()).then(|| NO_ADDRESS.to_owned()));
            served.remote = Some(remote);
        }
        Ok(Shown { served, page: format!("{own}index.html"), warnings, _pages: Some(pages) })
    }

    /// Says where the pages are.
    fn tell(&self, url: &str, version: &View, warnings: &[String], common: &Common) {
        print(&if common.json {
            let told = json!({
                "url": url, "version": version.manifest.version, "retracted": version.retracted, "warnings": warnings,
            });
            format!("{told:#}")
        } else {
            format!("{url}\nstop with Ctrl-C")
        });
        if self.open && open::that(url).is_err() {
            eprintln!("no browser could be opened: go to {}", printable(url));
        }
    }
}

/// What is served.
struct Shown {
    served: Served,
    /// Where the pages begin.
    page: String,
    /// What whoever looks should know.
    warnings: Vec<String>,
    /// Unpacked pages, which go with it.
    _pages: Option<TempDir>,
}

/// The folder of a store that is one.
fn local(store: &str) -> Option<&Path> {
    let path = store.strip_prefix("file://").unwrap_or(store);
    (!path.contains("://")).then(|| Path::new(path))
}

/// Nobody should take a version for good because its pages are there.
fn retraction(version: &View) -> Option<String> {
    let told = version.retracted.as_ref()?;
    Some(format!("version {} was retracted on {}: {}", version.manifest.version, told.retracted_at, told.reason))
}

fn mixed(version: &str) -> String {
    format!(
        "what is under latest/ is not whole, since a publication was cut short or is under way: these are the pages of version \
         {version} as they were packed; guichets run finishes latest/"
    )
}

const NO_ADDRESS: &str =
    "the store has no public address: the link of these pages to the current version leads nowhere";

fn warn(warnings: &[String]) {
    for warning in warnings {
        eprintln!("warning: {}", printable(warning));
    }
}

/// Of a run that was stopped there is more to say than of this.
fn stopped(error: Error) -> Error {
    match error.kind() {
        Kind::Interrupted => Error::new(Kind::Interrupted, "stopped by a signal"),
        _ => error,
    }
}

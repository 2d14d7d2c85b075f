//! The order of a push: look, compare, send what is missing, read back, compare again.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::client::{Client, Failure};
use super::plan::{Plan, object};
use super::reconcile::{LeftAlone, Step, contents, create, extras, left_alone, order};
use super::refusal::deleted;
use super::remote::{Remote, RemoteResource};
use super::version::PublishedVersion;
use crate::config::{Datagouv, Pipeline, is_loopback};
use crate::error::{Context, Error, Kind, Result};
use crate::progress::Progress;
use crate::publish::Store;

/// What a person asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// Create the dataset, which nothing else does.
    pub create: bool,
    /// Send nothing that writes.
    pub dry_run: bool,
}

/// What was done, or would be.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The dataset; none where it is not there yet.
    pub dataset: Option<String>,
    /// Its page.
    pub page: Option<String>,
    /// The version that it speaks of.
    pub version: String,
    /// Whether it was created.
    pub created: bool,
    /// Whether this was only told.
    pub dry_run: bool,
    /// The requests that wrote, or would, in their order.
    pub steps: Vec<Step>,
    /// Resources that were as they should be.
    pub unchanged: usize,
    /// Resources of ours that nothing accounts for; they are never removed.
    pub left_alone: Vec<LeftAlone>,
    /// The platform's score of quality, of 1.
    pub quality: Option<f64>,
}

/// Makes the platform say what the current version of a store is.
///
/// # Errors
/// [`Usage`](Kind::Usage) when the configuration does not allow it, or nothing is published;
/// [`Refused`](Kind::Refused) when the version is simulated and the platform is not on this machine;
/// [`Unreachable`](Kind::Unreachable) when the platform does not do as asked. What was published stays published.
pub fn push(
    pipeline: &Pipeline,
    settings: &Datagouv,
    store: &dyn Store,
    client: &Client,
    wish: Wish,
    progress: &dyn Progress,
) -> Result<Report> {
    let place = pipeline.folder.join("pipeline.toml");
    let version = PublishedVersion::read(store, &pipeline.name)?;
    refuse_simulated(&version, settings)?;
    let plan = Plan::new(pipeline, settings, &version)?;
    check_files(&plan, &version, store)?;
    check_public(&version, &pipeline.publication.root()?, client)?;
    client.get("1/me/")?;
    let push = Push { plan: &plan, client, dry_run: wish.dry_run, progress };
    match (&settings.dataset, wish.create) {
        (Some(id), false) => {
            let remote = push.read(id)?;
            check_dataset(&remote, &plan, settings, client.platform())?;
            push.reconcile(remote, Vec::new())
        }
        (None, true) => push.create(settings.organization.as_deref()),
        (Some(id), true) => Err(Error::usage(format!("the publication has its dataset already: {id}"))
            .at_path(&place)
            .hint("leave --create out")),
        (None, false) => Err(Error::usage("the pipeline names no dataset")
            .at_path(&place)
            .hint("put its id into [datagouv] dataset = \"…\"; --create makes a new one, once")),
    }
}

/// Simulated data are never mistaken for real: a platform for tests is one on this very machine.
fn refuse_simulated(version: &PublishedVersion, settings: &Datagouv) -> Result<()> {
    if version.manifest.simulated && !is_loopback(&settings.api) {
        return Err(Error::new(Kind::Refused, format!("the version {} is simulated", version.manifest.version))
            .at(&settings.api)
            .hint("simulated data enter no catalogue; nothing was sent"));
    }
    Ok(())
}

/// Everything that the catalogue will point at is in the store.
fn check_files(plan: &Plan, version: &PublishedVersion, store: &dyn Store) -> Result<()> {
    for resource in &plan.resources {
        let wanted = version.manifest.files.iter().find(|file| file.path == resource.path).map(|file| file.bytes);
        if store.size(&resource.path)? != wanted {
            return Err(Error::unreachable("the file is not there as the manifest says")
                .at(format!("{}/{}", store.name(), resource.path))
                .hint("publish again; nothing was sent to the catalogue"));
        }
    }
    Ok(())
}

/// Readers get this very version under the public address.
fn check_public(version: &PublishedVersion, root: &Url, client: &Client) -> Result<()> {
    let url = root.join(&version.pointer.manifest).internal("an address")?;
    let hint = "is the store synchronised, and publication.base_url its root? Nothing was sent to the catalogue";
    let bytes = client.public(&url).map_err(|error| error.hint(hint))?;
    if version.is_its_manifest(&bytes) {
        return Ok(());
    }
    Err(Error::unreachable(format!("readers get another manifest of the version {}", version.pointer.version))
        .at(url)
        .hint(hint))
}

/// The dataset is the one that was meant, and may be changed.
fn check_dataset(remote: &Remote, plan: &Plan, settings: &Datagouv, platform: &str) -> Result<()> {
    if remote.text("deleted").is_some() {
        return Err(deleted(platform).at(&remote.id));
    }
    if remote.text("archived").is_some() {
        return Err(Error::unreachable(format!("the dataset was archived on {platform}, and nothing was sent"))
            .at(&remote.id)
            .hint("take it out of the archive there, or out of pipeline.toml"));
    }
    if let Some(other) = remote.pipeline().filter(|name| *name != plan.pipeline) {
        return Err(Error::usage(format!("the dataset is that of the pipeline {other}, not of {}", plan.pipeline))
            .at(&remote.id)
            .hint("check datagouv.dataset"));
    }
    let owner =
        remote.fields.get("organization").and_then(|organization| organization.get("id")).and_then(Value::as_str);
    if let Some(wanted) = settings.organization.as_deref().filter(|wanted| owner != Some(wanted)) {
        return Err(Error::usage(format!("the dataset does not belong to the organisation {wanted}"))
            .at(&remote.id)
            .hint("check datagouv.organization, or transfer the dataset on the platform"));
    }
    if !remote.may_edit() {
        return Err(Error::unreachable(format!("{platform} does not let the owner of the key change this dataset"))
            .at(&remote.id)
            .hint("use the key of a member of the organisation that owns it, as editor or administrator"));
    }
    Ok(())
}

struct Push<'a> {
    plan: &'a Plan,
    client: &'a Client,
    dry_run: bool,
    progress: &'a dyn Progress,
}

impl Push<'_> {
    fn read(&self, id: &str) -> Result<Remote> {
        let path = format!("1/datasets/{id}/");
        Remote::of(self.client.get(&path)?).map_err(|error| error.at(self.client.address(&path)))
    }

    /// Creates the dataset, and then fills it.
    fn create(&self, organization: Option<&str>) -> Result<Report> {
        if let Some(there) = self.created_before()? {
            return Err(Error::usage(format!("there is a dataset of this pipeline already: {}", there.id))
                .at(self.client.platform())
                .hint(id_line(&there.id)));
        }
        let step = create(self.plan, organization);
        if self.dry_run {
            let mut imagined = Remote::imagined("NEW");
            imagined.fields = object(step.request.body.clone());
            return self.reconcile(imagined, vec![step]);
        }
        let remote = match self.client.send(&step.request) {
            Ok(answer) => Remote::of(answer)?,
            Err(failure) => match failure.unclear.then(|| self.created_before()).transpose()?.flatten() {
                Some(remote) => remote,
                None => return Err(failure.error),
            },
        };
        let id = remote.id.clone();
        self.reconcile(remote, vec![step]).map_err(|error| {
            Error::new(error.kind(), format!("the dataset {id} was created, but not filled: {error}"))
                .hint(id_line(&id))
        })
    }

    /// A dataset with our mark, among those that the owner of the key may change.
    fn created_before(&self) -> Result<Option<Remote>> {
        let Value::Array(datasets) = self.client.get("1/me/org_datasets/")? else { return Ok(None) };
        let ours = |remote: &Remote| remote.pipeline() == Some(&self.plan.pipeline) && remote.text("deleted").is_none();
        Ok(datasets.into_iter().filter_map(|dataset| Remote::of(dataset).ok()).find(ours))
    }

    fn reconcile(&self, mut remote: Remote, mut steps: Vec<Step>) -> Result<Report> {
        let created = !steps.is_empty();
        let missing = contents(self.plan, &remote);
        let touched =
            missing.iter().filter(|step| step.file.as_deref().is_some_and(|file| self.plan.has(file))).count();
        let writes = !missing.is_empty();
        self.progress.begin("data.gouv", missing.len() as u64);
        for step in missing {
            self.carry_out(&step, &mut remote)?;
            self.progress.advance(1);
            steps.push(step);
        }
        self.progress.end();
        if writes && !self.dry_run {
            remote = self.read(&remote.id)?;
        }
        let last: Vec<Step> = order(self.plan, &remote).into_iter().chain(extras(self.plan, &remote)).collect();
        for step in &last {
            self.carry_out(step, &mut remote)?;
        }
        if !(self.dry_run || last.is_empty() && !writes) {
            remote = self.read(&remote.id)?;
            self.compare(&remote)?;
        }
        steps.extend(last);
        Ok(Report {
            dataset: (!(created && self.dry_run)).then(|| remote.id.clone()),
            page: remote.text("page").map(str::to_owned),
            version: self.plan.version.clone(),
            created: created && !self.dry_run,
            dry_run: self.dry_run,
            steps,
            unchanged: self.plan.resources.len() - touched,
            left_alone: left_alone(self.plan, &remote),
            quality: remote.quality(),
        })
    }

    /// Sends a request, or imagines that it was.
    fn carry_out(&self, step: &Step, remote: &mut Remote) -> Result<()> {
        if self.dry_run {
            if let ("add", Some(file)) = (step.kind, &step.file) {
                let mut fields = object(step.request.body.clone());
                fields.insert("id".to_owned(), format!("NEW {file}").into());
                remote.resources.splice(0..0, RemoteResource::of(json!(fields)));
            }
            return Ok(());
        }
        match self.client.send(&step.request) {
            Ok(_) => Ok(()),
            Err(failure) => self.settle(step, failure, &remote.id),
        }
    }

    /// A `POST` of which nobody knows whether it was done is never sent again: the dataset says whether it was.
    fn settle(&self, step: &Step, failure: Failure, id: &str) -> Result<()> {
        let Some(file) = step.file.as_deref().filter(|_| failure.unclear && step.request.method == "POST") else {
            return Err(failure.error);
        };
        // It may still be at it.
        for pause in [Duration::ZERO, Duration::from_secs(2)] {
            std::thread::sleep(pause);
            if self.read(id).is_ok_and(|remote| remote.resource(file).is_some()) {
                tracing::warn!(error = %failure.error, file, "the answer was lost, the resource is there");
                return Ok(());
            }
        }
        Err(failure.error)
    }

    /// What was written is what is read.
    fn compare(&self, remote: &Remote) -> Result<()> {
        let left: Vec<Step> = contents(self.plan, remote)
            .into_iter()
            .chain(order(self.plan, remote))
            .chain(extras(self.plan, remote))
            .collect();
        let Some(first) = left.first() else { return Ok(()) };
        let about = first.file.as_deref().unwrap_or("the dataset");
        Err(Error::unreachable(format!(
            "{} did not keep what was sent: {} of {about}, and {} more",
            self.client.platform(),
            first.fields.join(", "),
            left.len() - 1
        ))
        .at(&remote.id)
        .hint("push again: what is missing is sent once more; if it stays so, the platform now writes it otherwise"))
    }
}

/// What to write down once a dataset is there.
fn id_line(id: &str) -> String {
    format!("put this line into [datagouv] of pipeline.toml: dataset = \"{id}\"")
}

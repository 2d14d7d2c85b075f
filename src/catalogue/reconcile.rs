//! From what the platform says to what it should say: the requests that are missing, and no others.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::plan::{FILE, PIPELINE, Plan, PlannedResource, TAGS, VERSION};
use super::remote::{Remote, RemoteResource};

/// A request that writes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// `POST` or `PUT`.
    pub method: &'static str,
    /// Its path from the root of the APIs, which begins with the number of one.
    pub path: String,
    /// What it says.
    pub body: Value,
}

/// A request, and what it is for.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// `create`, `metadata`, `change`, `add`, `order` or `extras`.
    pub kind: &'static str,
    /// The file whose resource it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The fields that it changes.
    pub fields: Vec<String>,
    /// The request.
    #[serde(flatten)]
    pub request: Request,
}

/// A resource with our mark that nothing in the version accounts for.
#[derive(Debug, Clone, Serialize)]
pub struct LeftAlone {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Why.
    pub why: &'static str,
}

/// Creates the dataset.
pub fn create(plan: &Plan, organization: Option<&str>) -> Step {
    let mut body = plan.fields.clone();
    body.retain(|_, value| !value.is_null());
    body.insert("tags".to_owned(), json!(plan.tags));
    body.insert("extras".to_owned(), json!({ PIPELINE: plan.pipeline, TAGS: plan.tags.join(",") }));
    if let Some(organization) = organization {
        body.insert("organization".to_owned(), organization.into());
    }
    step("create", None, body.keys().cloned().collect(), "POST", "1/datasets/".to_owned(), body.into())
}

/// What metadata, resources and new resources ask for.
pub fn contents(plan: &Plan, remote: &Remote) -> Vec<Step> {
    let changed = plan.resources.iter().filter_map(|planned| change(&planned.name, &planned.fields, remote));
    let joined = plan.months_joined.iter().filter(|(file, _)| !plan.has(file));
    let joined = joined.filter_map(|(file, fields)| change(file, fields, remote));
    // Each is put before the others: the last in order is added first.
    let added = plan.resources.iter().rev().filter_map(|planned| add(planned, remote));
    metadata(plan, remote).into_iter().chain(changed).chain(joined).chain(added).collect()
}

/// The dataset whole: what is left out of tags and coverage is erased; extras that are left out stay.
fn metadata(plan: &Plan, remote: &Remote) -> Option<Step> {
    let mut fields = differing(&plan.fields, &remote.fields);
    let tags = merged(plan, remote);
    let same = tags.len() == remote.tags().len() && tags.iter().all(|tag| remote.tags().contains(tag));
    if !same {
        fields.push("tags".to_owned());
    }
    (!fields.is_empty()).then(|| {
        let mut body = plan.fields.clone();
        body.insert("tags".to_owned(), json!(tags));
        step("metadata", None, fields, "PUT", format!("1/datasets/{}/", remote.id), body.into())
    })
}

/// Those that stand there, without those that we put there and no longer want, and those that we want and never put
/// there. What a person removed stays away, what a person added stays.
fn merged<'a>(plan: &'a Plan, remote: &'a Remote) -> Vec<&'a str> {
    let (there, before) = (remote.tags(), remote.tags_before());
    let wanted = |tag: &str| plan.tags.iter().any(|wanted| wanted == tag);
    let mut tags: Vec<&str> = there.into_iter().filter(|tag| wanted(tag) || !before.contains(tag)).collect();
    for tag in plan.tags.iter().map(String::as_str) {
        if !before.contains(&tag) && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

fn change(file: &str, wanted: &Map<String, Value>, remote: &Remote) -> Option<Step> {
    let there = remote.resource(file)?;
    let fields = differing(wanted, &there.fields);
    (!fields.is_empty()).then(|| {
        let body: Map<String, Value> = fields.iter().map(|name| (name.clone(), wanted[name].clone())).collect();
        let path = format!("1/datasets/{}/resources/{}/", remote.id, there.id);
        step("change", Some(file), fields, "PUT", path, body.into())
    })
}

fn add(planned: &PlannedResource, remote: &Remote) -> Option<Step> {
    if remote.resource(&planned.name).is_some() {
        return None;
    }
    let mut body = planned.fields.clone();
    body.retain(|_, value| !value.is_null());
    body.insert("filetype".to_owned(), "remote".into());
    body.insert("extras".to_owned(), json!({ FILE: planned.name }));
    let (fields, path) = (body.keys().cloned().collect(), format!("1/datasets/{}/resources/", remote.id));
    Some(step("add", Some(&planned.name), fields, "POST", path, body.into()))
}

/// Ours in the order of the plan, then those of others in the order in which they stand.
pub fn order(plan: &Plan, remote: &Remote) -> Option<Step> {
    let there: Vec<&str> = remote.resources.iter().map(|resource| resource.id.as_str()).collect();
    let mut wanted: Vec<&str> =
        plan.resources.iter().filter_map(|planned| Some(remote.resource(&planned.name)?.id.as_str())).collect();
    let others: Vec<&str> = there.iter().copied().filter(|id| !wanted.contains(id)).collect();
    wanted.extend(others);
    (wanted != there).then(|| {
        let body = wanted.iter().map(|id| json!({ "id": id })).collect();
        let path = format!("1/datasets/{}/resources/", remote.id);
        step("order", None, vec!["resources".to_owned()], "PUT", path, body)
    })
}

/// Our own extras of the dataset, merged with those of others by the second API.
pub fn extras(plan: &Plan, remote: &Remote) -> Option<Step> {
    let wanted = [(PIPELINE, plan.pipeline.clone()), (TAGS, plan.tags.join(",")), (VERSION, plan.version.clone())];
    let missing = wanted.into_iter().filter(|(name, value)| remote.extra(name) != Some(value));
    let body: Map<String, Value> = missing.map(|(name, value)| (name.to_owned(), value.into())).collect();
    (!body.is_empty()).then(|| {
        let fields = body.keys().cloned().collect();
        step("extras", None, fields, "PUT", format!("2/datasets/{}/extras/", remote.id), body.into())
    })
}

/// Resources of ours that stand for no file of the version, or for one that has a resource already.
pub fn left_alone(plan: &Plan, remote: &Remote) -> Vec<LeftAlone> {
    let why = |resource: &RemoteResource| {
        let file = resource.file()?;
        match remote.resource(file) {
            Some(first) if first.id != resource.id => Some("another resource stands for the same file"),
            _ if plan.has(file) || plan.months_joined.contains_key(file) => None,
            _ => Some("the version has no such file"),
        }
    };
    let told = |resource: &RemoteResource| {
        let title = resource.title().to_owned();
        Some(LeftAlone { id: resource.id.clone(), title, why: why(resource)? })
    };
    remote.resources.iter().filter_map(told).collect()
}

fn step(
    kind: &'static str,
    file: Option<&str>,
    fields: Vec<String>,
    method: &'static str,
    path: String,
    body: Value,
) -> Step {
    Step { kind, file: file.map(str::to_owned), fields, request: Request { method, path, body } }
}

/// The names of the fields that are not as wanted.
fn differing(wanted: &Map<String, Value>, there: &Map<String, Value>) -> Vec<String> {
    wanted.iter().filter(|(name, value)| !holds(there.get(*name), value)).map(|(name, _)| name.clone()).collect()
}

/// Whether a value says what is wanted; it may say more.
fn holds(there: Option<&Value>, wanted: &Value) -> bool {
    match (there.unwrap_or(&Value::Null), wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            wanted.iter().all(|(name, value)| holds(there.get(name), value))
        }
        (there, wanted) => there == wanted,
    }
}

//! What the platform says of a dataset, read leniently: it may say more next year, and say it in another order.

use serde_json::{Map, Value};

use super::plan::{FILE, PIPELINE, TAGS, object};
use crate::error::{Error, Result};

/// A dataset as the platform says that it is.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Its id.
    pub id: String,
    /// Everything that was said.
    pub fields: Map<String, Value>,
    /// Its resources, in their order.
    pub resources: Vec<RemoteResource>,
}

/// A resource as the platform says that it is.
#[derive(Debug, Clone)]
pub struct RemoteResource {
    /// Its id.
    pub id: String,
    /// Everything that was said.
    pub fields: Map<String, Value>,
}

impl Remote {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when it is no dataset.
    pub fn of(answer: Value) -> Result<Self> {
        let mut fields = object(answer);
        let resources = match fields.remove("resources") {
            Some(Value::Array(resources)) => resources.into_iter().map(RemoteResource::of).collect(),
            _ => None,
        };
        match (text(&fields, "id"), resources) {
            (Some(id), Some(resources)) => Ok(Self { id: id.to_owned(), fields, resources }),
            _ => Err(Error::unreachable("the platform's answer is no dataset")),
        }
    }

    /// A dataset that is not there yet, for a plan that is only told.
    pub fn imagined(id: &str) -> Self {
        Self { id: id.to_owned(), fields: Map::new(), resources: Vec::new() }
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        text(&self.fields, name)
    }

    /// The keywords.
    pub fn tags(&self) -> Vec<&str> {
        self.fields.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The keywords that we put there before, whatever became of them.
    pub fn tags_before(&self) -> Vec<&str> {
        self.extra(TAGS).unwrap_or_default().split(',').filter(|tag| !tag.is_empty()).collect()
    }

    /// An extra that is a text.
    pub fn extra(&self, name: &str) -> Option<&str> {
        self.fields.get("extras")?.get(name)?.as_str()
    }

    /// The pipeline that it belongs to.
    pub fn pipeline(&self) -> Option<&str> {
        self.extra(PIPELINE)
    }

    /// Whether the key's owner may change it; the platform will say so again if this is not told.
    pub fn may_edit(&self) -> bool {
        let may = |what: &str| self.fields.get("permissions").and_then(|all| all.get(what)).and_then(Value::as_bool);
        may("edit") != Some(false) && may("edit_resources") != Some(false)
    }

    /// The resource that stands for a file. Of two, the one that is there longest: readers have its address.
    pub fn resource(&self, file: &str) -> Option<&RemoteResource> {
        self.resources
            .iter()
            .filter(|resource| resource.file() == Some(file))
            .min_by_key(|resource| (text(&resource.fields, "created_at").unwrap_or_default(), resource.id.as_str()))
    }

    /// How many of the nine criteria of quality it meets, as a share.
    pub fn quality(&self) -> Option<f64> {
        self.fields.get("quality")?.get("score")?.as_f64()
    }
}

impl RemoteResource {
    /// Reads an answer; nothing when it is no resource.
    pub fn of(answer: Value) -> Option<Self> {
        let fields = object(answer);
        Some(Self { id: text(&fields, "id")?.to_owned(), fields })
    }

    /// The file that it stands for, where it is one of ours.
    pub fn file(&self) -> Option<&str> {
        self.fields.get("extras")?.get(FILE)?.as_str()
    }

    /// Its title.
    pub fn title(&self) -> &str {
        text(&self.fields, "title").unwrap_or_default()
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_str()
}

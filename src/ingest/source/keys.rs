//! The keys of a bucket, those that are no paths among them.
//!
//! `object_store` makes a path of each key that a store lists, and gives up a whole page of up to a thousand keys where
//! one of them is no path: an empty part (`a//b`), `.` or `..`, a control character. Its error says which key that was.
//! So smaller and smaller pages are asked for until that key stands alone, it is noted, and the listing goes on after it.

use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::{Error, ObjectMeta, path};

/// How many keys are asked for at once; stores give no more.
const PAGE: usize = 1000;

/// What a listing found.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// What can be asked for.
    pub objects: Vec<ObjectMeta>,
    /// Keys that are no paths.
    pub unnamed: Vec<String>,
}

/// Lists the keys that begin with `prefix`.
///
/// # Errors
/// Those of the store. A store that does not list in the order of keys after a given one cannot be gone through in this
/// way once it has such a key: it is then the error that it would have been.
pub(super) async fn list(store: &dyn PaginatedListStore, prefix: &str) -> object_store::Result<Keys> {
    let mut keys = within(store, prefix).await?;
    if prefix.is_empty() {
        // The library takes a slash off the front of a key and would then ask for another object.
        let rooted = within(store, "/").await?;
        for object in rooted.objects {
            if let Some(at) = keys.objects.iter().position(|other| *other == object) {
                keys.objects.swap_remove(at);
                keys.unnamed.push(format!("/{}", object.location));
            }
        }
    }
    Ok(keys)
}

async fn within(store: &dyn PaginatedListStore, prefix: &str) -> object_store::Result<Keys> {
    let mut keys = Keys::default();
    let (mut page, mut offset, mut token) = (PAGE, None, None);
    loop {
        let options = PaginatedListOptions {
            offset: Option::clone(&offset),
            max_keys: Some(page),
            page_token: Option::clone(&token),
            ..PaginatedListOptions::default()
        };
        match store.list_paginated((!prefix.is_empty()).then_some(prefix), options).await {
            Ok(answer) => {
                keys.objects.extend(answer.result.objects);
                page = PAGE.min(page * 2);
                token = answer.page_token;
                if token.is_none() {
                    return Ok(keys);
                }
            }
            Err(error) => {
                let Some(key) = no_path(&error) else { return Err(error) };
                if page > 1 {
                    page /= 2;
                } else if keys.unnamed.last() == Some(&key) {
                    return Err(error);
                } else {
                    offset = Some(key.clone());
                    token = None;
                    keys.unnamed.push(key);
                }
            }
        }
    }
}

/// The key because of which a page was given up.
fn no_path(error: &Error) -> Option<String> {
    let Error::InvalidPath { source } = error else { return None };
    match source {
        path::Error::EmptySegment { path } | path::Error::BadSegment { path, .. } => Some(path.clone()),
        _ => None,
    }
}

//! The keys of a bucket, those that are no paths among them.
//!
//! `object_store` makes a path of each key that a store lists, and gives up a whole page of up to a thousand keys where
//! one of them is no path: an empty part (`a//b`), `.` or `..`, a control character. Its error says which key that was.
//! So smaller and smaller pages are asked for until that key stands alone, it is noted, and the listing goes on after it.

use std::collections::HashMap;

use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path as ObjectPath;
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
        let mut by_location: HashMap<ObjectPath, Vec<ObjectMeta>> = HashMap::new();
        for object in rooted.objects {
            by_location.entry(object.location.clone()).or_default().push(object);
        }
        let unnamed = &mut keys.unnamed;
        keys.objects.retain(|object| {
            // One that has the slash and one that has none may be of one name.
            let Some(of_it) = by_location.get_mut(&object.location) else { return true };
            let Some(at) = of_it.iter().position(|rooted| rooted == object) else { return true };
            of_it.swap_remove(at);
            unnamed.push(format!("/{}", object.location));
            false
        });
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

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::time::{Duration, Instant};

    use object_store::ListResult;
    use object_store::list::PaginatedListResult;

    use super::*;

    /// A bucket in which each key begins with a slash, which the library takes off.
    struct Rooted(Vec<ObjectMeta>);

    impl PaginatedListStore for Rooted {
        fn list_paginated<'s, 'p, 'f>(
            &'s self,
            _prefix: Option<&'p str>,
            _options: PaginatedListOptions,
        ) -> Pin<Box<dyn Future<Output = object_store::Result<PaginatedListResult>> + Send + 'f>>
        where
            's: 'f,
            'p: 'f,
            Self: 'f,
        {
            let result = ListResult { common_prefixes: Vec::new(), objects: self.0.clone() };
            Box::pin(std::future::ready(Ok(PaginatedListResult { result, page_token: None })))
        }
    }

    #[test]
    fn a_bucket_full_of_rooted_keys_takes_the_time_of_its_keys() {
        let object = |at: u32| ObjectMeta {
            location: ObjectPath::from(format!("{at:06}.ndjson")),
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size: 1,
            e_tag: None,
            version: None,
        };
        let bucket = Rooted((0..100_000).map(object).collect());
        let begun = Instant::now();
        let keys = tokio::runtime::Runtime::new().unwrap().block_on(list(&bucket, "")).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!((keys.objects.len(), keys.unnamed.len()), (0, 100_000));
        assert_eq!(keys.unnamed.first().map(String::as_str), Some("/000000.ndjson"));
    }
}

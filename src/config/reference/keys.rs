//! Every key of a configuration by its path.

use serde_json::Value;

use super::schema::alternatives;

/// Every key that a schema knows, as a path with dots, without the numbers of lists: `source.time.zone`.
#[must_use]
pub fn keys(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(schema, schema, "", &mut found);
    found
}

fn collect(root: &Value, at: &Value, path: &str, found: &mut Vec<String>) {
    for schema in alternatives(root, at) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = joined(path, name);
            found.push(path.clone());
            collect(root, property, &path, found);
        }
        if schema["items"].is_object() {
            collect(root, &schema["items"], path, found);
        }
    }
}

/// A path and the next of its keys; one that holds a dot stands between quotes, as in TOML.
pub(super) fn joined(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let key = if plain { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

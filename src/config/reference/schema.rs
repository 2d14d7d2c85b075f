//! The JSON Schema of a struct, and how to go about in it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The JSON Schema, draft 7 as editors of TOML know it, of a file that is read as a `T`.
#[must_use]
pub fn json_schema<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    schema
}

/// Takes out what means nothing in TOML, which has no null, and what no validator knows.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(kinds)) = object.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [kind] = kinds.as_slice() {
                    let kind = kind.clone();
                    object.insert("type".to_owned(), kind);
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|choice| choice["type"] != "null");
                if let [choice] = choices.as_slice() {
                    let only = Value::Array(vec![choice.clone()]);
                    object.remove("anyOf");
                    object.insert("allOf".to_owned(), only);
                }
            }
            if object.get("default").is_some_and(|default| default.is_null() || default.is_object()) {
                object.remove("default");
            }
            // `uint64` and the like, which are no formats of JSON Schema.
            let is_number = object.get("type").is_some_and(|kind| kind == "integer" || kind == "number");
            if is_number && object.get("format").is_some_and(Value::is_string) {
                object.remove("format");
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// What a place of a schema may be, once references and choices are followed.
pub(super) fn alternatives<'a>(root: &'a Value, at: &'a Value) -> Vec<&'a Value> {
    if let Some(name) = definition(at) {
        return root["definitions"].get(name).map(|found| alternatives(root, found)).unwrap_or_default();
    }
    match ["allOf", "anyOf"].into_iter().find_map(|choice| at[choice].as_array()) {
        Some(choices) => choices.iter().flat_map(|choice| alternatives(root, choice)).collect(),
        None => vec![at],
    }
}

/// The name of the definition that a place refers to.
pub(super) fn definition(at: &Value) -> Option<&str> {
    at["$ref"].as_str()?.strip_prefix("#/definitions/")
}

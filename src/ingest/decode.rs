//! One line of the contract `attempt/1`, typed, borrowed from the line.

use serde_json::error::Category;

use super::reject::{Reason, Reject};
use crate::attempt::{CONTRACT, RawAttempt};

/// Decodes a line.
///
/// # Errors
/// Why it is set aside.
pub fn decode(line: &str) -> Result<RawAttempt<'_>, Reject> {
    // Serde also reads a struct from a list of its values in their order; the contract does not.
    if !line.trim_ascii_start().starts_with('{') {
        return Err(Reject::line(Reason::InvalidJson));
    }
    serde_json::from_str(line).map_err(|error| diagnose(line, &error))
}

/// Names what serde found wrong. This is the cold path: it may read the line again.
fn diagnose(line: &str, error: &serde_json::Error) -> Reject {
    if error.classify() != Category::Data {
        return Reject::line(Reason::InvalidJson);
    }
    // A line of a later contract fails on its new fields first; what should be said is that it is of a later contract.
    let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let contract = value.as_ref().and_then(|value| value.get("contract")).and_then(serde_json::Value::as_str);
    if contract.is_some_and(|contract| contract != CONTRACT) {
        return Reject::field(Reason::UnknownContract, "contract");
    }
    let message = error.to_string();
    // A nested object's field is named by serde without its parent; `field_named` then finds none, and says so.
    let reason = match message.split_once(' ').map(|(word, rest)| (word, rest.starts_with("field"))) {
        Some(("unknown", true)) => return Reject::line(Reason::UnknownField),
        Some(("missing", true)) => Reason::MissingField,
        Some(("duplicate", true)) => Reason::DuplicateField,
        // Either a type, or a name outside an enumeration (« unknown variant »), or a number outside its range.
        Some(("unknown", false)) => Reason::InvalidValue,
        _ if message.starts_with("invalid value") => Reason::InvalidValue,
        _ => Reason::WrongType,
    };
    Reject { reason, field: message.split('`').nth(1).and_then(field_named) }
}

/// The contract's own name for a field, so that no text of the line itself can reach a published table.
fn field_named(name: &str) -> Option<&'static str> {
    const FIELDS: &[&str] = &["contract", "attempt_id", "started_at", "counter", "procedure"];
    FIELDS.iter().find(|field| **field == name).copied()
}

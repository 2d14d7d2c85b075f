//! A foreign JSON line, read as it was written: numbers keep their digits, a key that is there twice is told, and only
//! what a mapping names is looked into.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::attempt::Text;
use crate::calendar::parse_rfc3339;
use crate::ingest::reject::{Reason, Reject};

/// How deep objects and lists may stand in each other.
const MAX_DEPTH: usize = 64;

/// An object of which the values were not looked into.
#[derive(Debug, Clone, Default)]
pub(super) struct Object<'l>(Vec<(Text<'l>, &'l RawValue)>);

/// A value that a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaf<'l> {
    /// Nothing stands there.
    Absent,
    /// `null` stands there.
    Null,
    /// A text, or the digits of a number as they were written, or `true` or `false`.
    Scalar(Cow<'l, str>),
}

impl<'l> Object<'l> {
    /// Reads an object.
    ///
    /// # Errors
    /// `json_invalide` where it is none, `champ_en_double` where a key is there twice.
    pub(super) fn read(text: &'l str) -> Result<Self, Reject> {
        let object: Self = serde_json::from_str(text).map_err(|_| Reject::line(Reason::InvalidJson))?;
        if object.has_a_key_twice() { Err(Reject::line(Reason::DuplicateField)) } else { Ok(object) }
    }

    fn has_a_key_twice(&self) -> bool {
        if self.0.len() < 16 {
            return self.0.iter().enumerate().any(|(at, (key, _))| self.0[..at].iter().any(|(other, _)| other == key));
        }
        let mut keys = HashSet::new();
        !self.0.iter().all(|(key, _)| keys.insert(&**key))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'l RawValue> {
        self.0.iter().find(|(name, _)| **name == *key).map(|(_, value)| *value)
    }

    /// The scalar that a path leads to.
    ///
    /// # Errors
    /// As for [`descend`].
    pub(super) fn scalar<S: AsRef<str>>(&self, path: &[S]) -> Result<Leaf<'l>, Reject> {
        find(self, path)?.map_or(Ok(Leaf::Absent), leaf)
    }

    /// The keys, for whoever is to be told what the line holds.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &**key)
    }
}

impl<'de: 'l, 'l> Deserialize<'de> for Object<'l> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// The members of a list.
///
/// # Errors
/// `type_invalide` where it is none.
pub(super) fn members(value: &RawValue) -> Result<Vec<&RawValue>, Reject> {
    serde_json::from_str(value.get()).map_err(|_| Reject::line(Reason::WrongType))
}

/// Goes down a path of keys and of positions in lists, from a value to a scalar.
///
/// # Errors
/// `champ_en_double` where an object on the way has a key twice, `type_invalide` where the path ends at an object or a list.
pub(super) fn descend<'l, S: AsRef<str>>(value: &'l RawValue, path: &[S]) -> Result<Leaf<'l>, Reject> {
    walk(value, path)?.map_or(Ok(Leaf::Absent), leaf)
}

/// What a path leads to within an object, whatever it is.
///
/// # Errors
/// `champ_en_double` where an object on the way has a key twice.
pub(super) fn find<'l, S: AsRef<str>>(object: &Object<'l>, path: &[S]) -> Result<Option<&'l RawValue>, Reject> {
    let Some((first, rest)) = path.split_first() else { return Ok(None) };
    object.get(first.as_ref()).map_or(Ok(None), |value| walk(value, rest))
}

fn walk<'l, S: AsRef<str>>(mut value: &'l RawValue, path: &[S]) -> Result<Option<&'l RawValue>, Reject> {
    for key in path {
        let key = key.as_ref();
        let next = match value.get().as_bytes().first() {
            Some(b'{') => Object::read(value.get())?.get(key),
            Some(b'[') => match key.parse::<usize>() {
                Ok(position) => members(value)?.get(position).copied(),
                Err(_) => None,
            },
            // Below null stands what stands there itself: nothing, and said so.
            Some(b'n') => return Ok(Some(value)),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

fn leaf(value: &RawValue) -> Result<Leaf<'_>, Reject> {
    let text = value.get();
    Ok(match text.as_bytes().first() {
        Some(b'n') => Leaf::Null,
        Some(b'"') => Leaf::Scalar(string(text)?),
        Some(b'{' | b'[') => return Err(Reject::line(Reason::WrongType)),
        _ => Leaf::Scalar(Cow::Borrowed(text)),
    })
}

fn string(text: &str) -> Result<Cow<'_, str>, Reject> {
    // A lone half of a pair of surrogates is well formed for the scanner, and no text.
    let text: Text<'_> = serde_json::from_str(text).map_err(|_| Reject::line(Reason::InvalidJson))?;
    Ok(text.0)
}

/// Writes what an object says, however it was written: keys in one order, no escapes, instants in UTC, nothing for null. What
/// the path leads to is left out.
///
/// # Errors
/// `champ_en_double`, or `json_invalide` where it is nested too deep.
pub(super) fn write_canonical<S: AsRef<str>>(
    object: &Object<'_>,
    left_out: &[S],
    out: &mut String,
) -> Result<(), Reject> {
    let left_out: Vec<&str> = left_out.iter().map(AsRef::as_ref).collect();
    write_object(object, &left_out, MAX_DEPTH, out)
}

/// The same of any value.
///
/// # Errors
/// As for [`write_canonical`].
pub(super) fn write_canonical_value(value: &RawValue, out: &mut String) -> Result<(), Reject> {
    write_value(value, &[], MAX_DEPTH, out)
}

/// What of a path is left below a key; nothing where the path does not go there.
fn below<'p, 'k>(path: &'p [&'k str], key: &str) -> &'p [&'k str] {
    path.split_first().filter(|(first, _)| **first == key).map_or(&[], |(_, rest)| rest)
}

fn write_object(object: &Object<'_>, left_out: &[&str], depth: usize, out: &mut String) -> Result<(), Reject> {
    let mut pairs: Vec<&(Text<'_>, &RawValue)> = object.0.iter().collect();
    pairs.sort_by_key(|(key, _)| &**key);
    out.push('{');
    for (key, value) in pairs {
        if *left_out == [&**key] || value.get() == "null" {
            continue;
        }
        write_string(key, out);
        out.push(':');
        write_value(value, below(left_out, key), depth, out)?;
        out.push(',');
    }
    out.push('}');
    Ok(())
}

fn write_value(value: &RawValue, left_out: &[&str], depth: usize, out: &mut String) -> Result<(), Reject> {
    let depth = depth.checked_sub(1).ok_or(Reject::line(Reason::InvalidJson))?;
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'{') => write_object(&Object::read(text)?, left_out, depth, out)?,
        Some(b'[') => {
            out.push('[');
            for (position, member) in members(value)?.into_iter().enumerate() {
                let position = position.to_string();
                if *left_out != [position.as_str()] {
                    write_value(member, below(left_out, &position), depth, out)?;
                }
                out.push(',');
            }
            out.push(']');
        }
        Some(b'"') => write_string(&string(text)?, out),
        _ => out.push_str(text),
    }
    Ok(())
}

fn write_string(text: &str, out: &mut String) {
    // Writing to a String cannot fail.
    match parse_rfc3339(text) {
        Some(instant) => drop(write!(out, "@{}", instant.timestamp_micros())),
        // The length keeps a text from posing as two.
        None => drop(write!(out, "{}\"{text}\"", text.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Result<String, Reason> {
        let mut out = String::new();
        Object::read(text)
            .and_then(|object| write_canonical::<&str>(&object, &[], &mut out))
            .map_err(|reject| reject.reason)?;
        Ok(out)
    }

    #[test]
    fn how_a_line_was_written_is_not_what_it_says() {
        let one = canonical(r#"{"b":1.0,"a":"é","at":"2019-04-16T08:00:00+02:00"}"#).unwrap();
        for other in [
            r#" { "at" : "2019-04-16T06:00:00Z", "a":"\u00e9", "b":1.0 } "#,
            r#"{"a":"é","at":"2019-04-16T06:00:00.000Z","b":1.0,"c":null}"#,
        ] {
            assert_eq!(canonical(other).unwrap(), one, "{other}");
        }
        for other in [r#"{"b":1.00,"a":"é","at":"2019-04-16T08:00:00+02:00"}"#, r#"{"a":"é","b":1.0}"#] {
            assert_ne!(canonical(other).unwrap(), one, "{other}");
        }
        assert_eq!(canonical(r#"{"a":{"b":1,"b":2}}"#), Err(Reason::DuplicateField));
        assert_eq!(
            canonical(&format!("{{\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000))),
            Err(Reason::InvalidJson)
        );
    }

    #[test]
    fn digits_stay_and_paths_end_at_values() {
        let line = r#"{"a":{"b.c":18446744073709551617,"d":[{"e":2.10},null]},"s":"x","n":null}"#;
        let object = Object::read(line).unwrap();
        let at = |path: &[&str]| match object.get(path[0]) {
            Some(value) => descend(value, &path[1..]).map_err(|reject| reject.reason),
            None => Ok(Leaf::Absent),
        };
        let scalar = |text: &str| Ok(Leaf::Scalar(text.to_owned().into()));
        assert_eq!(at(&["a", "b.c"]), scalar("18446744073709551617"));
        assert_eq!(at(&["a", "d", "0", "e"]), scalar("2.10"));
        assert_eq!(at(&["a", "d", "1", "e"]), Ok(Leaf::Null));
        assert_eq!(at(&["a", "d", "7"]), Ok(Leaf::Absent));
        assert_eq!(at(&["a", "z"]), Ok(Leaf::Absent));
        assert_eq!(at(&["s"]), scalar("x"));
        assert_eq!(at(&["n", "z"]), Ok(Leaf::Null));
        assert_eq!(at(&["a"]), Err(Reason::WrongType));
    }
}

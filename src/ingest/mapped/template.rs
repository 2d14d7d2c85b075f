//! Templates: literal text, and names in braces that stand for what a line, or the file's name, says.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::json::{Leaf, Object, descend};
use crate::ingest::reject::{Reason, Reject};

/// A template whose names are resolved.
#[derive(Debug)]
pub(super) struct Template<'m>(Vec<Part<'m>>);

#[derive(Debug)]
pub(super) enum Part<'m> {
    /// Text of the template, or what the file's name says.
    Literal(Cow<'m, str>),
    /// A value of a delimited line, by its position.
    Column(usize),
    /// A way through a JSON object.
    Path(Vec<Cow<'m, str>>),
    /// A way through the member of a list that is looked at, without the name of the member.
    Member(Vec<Cow<'m, str>>),
}

/// What a line holds.
pub(super) enum Row<'l> {
    /// Delimited values.
    Values(Vec<Cow<'l, str>>),
    /// An object.
    Object(&'l Object<'l>),
    /// What stands beside a list, and the member of the list that is looked at.
    Member(&'l Beside<'l>, &'l RawValue),
}

/// What the paths of templates lead to beside a list, each looked for once: a line may have as many members as beside them it has
/// keys.
pub(super) type Beside<'l> = HashMap<&'l [Cow<'l, str>], Result<Leaf<'l>, Reject>>;

impl<'m> Template<'m> {
    /// Resolves the names of a template.
    ///
    /// # Errors
    /// The name that stands for nothing, or what is wrong with the braces.
    pub(super) fn parse(text: &'m str, resolve: &impl Fn(&'m str) -> Option<Part<'m>>) -> Result<Self, &'m str> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, behind)) = rest.split_once('{') {
            let end = closing_brace(behind).ok_or(behind)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(Cow::Borrowed(literal)));
            }
            let name = &behind[..end];
            parts.push(resolve(name).ok_or(name)?);
            rest = &behind[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(Cow::Borrowed(rest)));
        }
        Ok(Self(parts))
    }

    /// Whether the template looks at a column.
    pub(super) fn looks_at(&self, column: usize) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Column(at) if *at == column))
    }

    /// The ways through the object that the template goes.
    pub(super) fn paths(&self) -> impl Iterator<Item = &[Cow<'m, str>]> {
        self.0.iter().filter_map(|part| if let Part::Path(path) = part { Some(path.as_slice()) } else { None })
    }

    /// What the template says of a line. What stands for null is empty, and so is what is absent where it is `optional`.
    ///
    /// # Errors
    /// `champ_manquant` where the line has no such value, and others as for [`descend`].
    pub(super) fn render<'l>(&'l self, row: &Row<'l>, optional: bool) -> Result<Cow<'l, str>, Reject> {
        match self.0.as_slice() {
            [part] => part.render(row, optional),
            parts => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&part.render(row, optional)?);
                }
                Ok(text.into())
            }
        }
    }
}

/// Where the brace closes; one between quotes is part of a key.
fn closing_brace(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'}' && !quoted
    })
}

/// The keys of a dotted path; a key that holds a dot stands between quotes, as in `page."http.status"`.
pub(super) fn path(text: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let (key, behind) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (key, behind) = quoted.split_once('"')?;
                (key, if behind.is_empty() { None } else { Some(behind.strip_prefix('.')?) })
            }
            None => rest.split_once('.').map_or((rest, None), |(key, behind)| (key, Some(behind))),
        };
        keys.push(Cow::Borrowed(key));
        match behind {
            None => return Some(keys),
            Some(behind) => rest = behind,
        }
    }
}

impl Part<'_> {
    fn render<'l>(&'l self, row: &Row<'l>, optional: bool) -> Result<Cow<'l, str>, Reject> {
        let leaf = match (self, row) {
            (Part::Literal(text), _) => return Ok(Cow::Borrowed(text)),
            // The number of values was checked against the columns.
            (Part::Column(index), Row::Values(values)) => return Ok(values[*index].clone()),
            (Part::Path(path), Row::Object(object)) => object.scalar(path)?,
            (Part::Path(path), Row::Member(beside, _)) => match beside.get(path.as_slice()) {
                Some(Ok(Leaf::Scalar(text))) => return Ok(Cow::Borrowed(text)),
                Some(Ok(Leaf::Null)) => Leaf::Null,
                Some(Err(reject)) => return Err(*reject),
                Some(Ok(Leaf::Absent)) | None => Leaf::Absent,
            },
            (Part::Member(path), Row::Member(_, member)) => descend(member, path)?,
            _ => Leaf::Absent,
        };
        match leaf {
            Leaf::Scalar(text) => Ok(text),
            Leaf::Null => Ok(Cow::Borrowed("")),
            Leaf::Absent if optional => Ok(Cow::Borrowed("")),
            Leaf::Absent => Err(Reject::line(Reason::MissingField)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_dot_stands_between_quotes() {
        let keys = |text| path(text).map(|keys| keys.join("|"));
        assert_eq!(keys("page.status").as_deref(), Some("page|status"));
        assert_eq!(keys("\"http.status\"").as_deref(), Some("http.status"));
        assert_eq!(keys("a.\"b.c\".0").as_deref(), Some("a|b.c|0"));
        assert_eq!(keys("a.\"b.c\"d"), None);
        assert_eq!(keys("\"a"), None);
    }
}

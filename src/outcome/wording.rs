//! Conditions, and what was found, in words.

use std::fmt;
use std::ops::RangeInclusive;

use super::condition::{Condition, Found, Slots};
use super::facts::Needle;

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::InTitle(needle) => write!(f, "« {needle} » in the title"),
            Self::InText(needle) => write!(f, "« {needle} » in the text"),
            Self::Stated(needle) => write!(f, "« {needle} » stated in the text"),
            Self::Date(date) => f.write_str(date),
            Self::Doubt(doubt) => doubt.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, objects) = match self {
            Self::System(any) => ("the system is", any.iter().map(|s| s.code().to_owned()).collect()),
            Self::Status(any) => ("the HTTP status is", any.iter().map(range_text).collect()),
            Self::Failure(any) => ("the failure is", any.iter().map(|f| f.code().to_owned()).collect()),
            Self::Step(any) => ("the step is", quoted(any.iter().map(|glob| &*glob.0))),
            Self::Url(any) => ("an address is", quoted(any.iter().map(|glob| &*glob.0))),
            Self::FinalUrl(any) => ("the final address is", quoted(any.iter().map(|glob| &*glob.0))),
            Self::Marker(any) => ("a marker is", quoted(any.iter().map(|glob| &*glob.0))),
            Self::Title(any) => ("the title contains", quoted(any.iter().map(Needle::text))),
            Self::Text(any) => ("the page contains", quoted(any.iter().map(Needle::text))),
            Self::TextAll(all) => {
                return write!(f, "the page contains {}", quoted(all.iter().map(Needle::text)).join(" and "));
            }
            Self::TextAtMost(most) => return write!(f, "the text has at most {most} characters"),
            Self::Sentence(any) => ("the page states", quoted(any.iter().map(Needle::text))),
            Self::DateAfter(any) => ("the page gives a date after", quoted(any.iter().map(Needle::text))),
            Self::Doubted => return f.write_str("the page has a phrase of these rules that it does not state"),
            Self::Hint => return f.write_str("something hints at a slot"),
            Self::Slots(Slots::Some) => return f.write_str("the probe counted slots"),
            Self::Slots(Slots::None) => return f.write_str("the probe counted no slot"),
            Self::Slots(Slots::Dated) => return f.write_str("the probe read the date of a slot"),
        };
        write!(f, "{subject} {}", objects.join(" or "))
    }
}

fn range_text(range: &RangeInclusive<i32>) -> String {
    if range.start() == range.end() {
        range.start().to_string()
    } else {
        format!("{} to {}", range.start(), range.end())
    }
}

fn quoted<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    texts.map(|text| format!("« {text} »")).collect()
}

//! What the server says of its visitor: it knows neither the plan's code nor its state.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::HOME;
use crate::support::web::Asked;

/// A request, as the server saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: DateTime<Utc>,
    pub host: String,
    pub method: String,
    pub path: String,
    pub fields: Vec<String>,
    pub agent: String,
    pub from: String,
    pub cookie: Option<String>,
    pub status: Option<u16>,
    pub retry_after: Option<String>,
}

impl Seen {
    pub fn of(
        asked: &Asked,
        at: DateTime<Utc>,
        host: String,
        status: Option<u16>,
        retry_after: Option<String>,
    ) -> Self {
        let header = |name: &str| asked.header(name).unwrap_or_default().to_owned();
        let names = url::form_urlencoded::parse(asked.body.as_slice()).map(|(name, _)| name.into_owned());
        Self {
            at,
            host,
            method: asked.method.clone(),
            path: asked.path.clone(),
            fields: names.collect(),
            agent: header("user-agent"),
            from: header("from"),
            cookie: asked.header("cookie").map(str::to_owned),
            status,
            retry_after,
        }
    }

    /// Where a request books, names a person, answers a captcha or logs in.
    fn is_forbidden(&self) -> bool {
        let path = self.path.split('?').next().unwrap();
        let after: Vec<&str> = path.rsplit('/').take(2).collect();
        let steps = ["5", "6", "7", "8", "9"];
        let booking = path.starts_with("/booking/") && (steps.contains(&after[0]) || steps.contains(&after[1]));
        let confirms = self.method == "POST" && path.ends_with("/4");
        let words = [
            "creneau",
            "_validerCaptcha",
            "coordonnees",
            "login",
            "/api/",
            "captcha",
            "/users/",
            "prescripteur",
            "ezjscore",
        ];
        booking || confirms || words.iter().any(|word| path.contains(word))
    }
}

/// What a visitor of a day may ask one host, as the server's keeper was told, and by whom.
pub fn violations(seen: &[Seen], allowed_per_day: usize, contact: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut by_host: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
    for one in seen {
        if !one.agent.starts_with("guichets-ouverts/") || !one.agent.contains(HOME) || one.from != contact {
            found.push(format!("nobody said who asks: {one:?}"));
        }
        if one.is_forbidden() {
            found.push(format!("forbidden: {one:?}"));
        }
        if one.fields.iter().any(|field| !["condition", "nextButton", "planning"].contains(&field.as_str())) {
            found.push(format!("a field that nobody sends: {one:?}"));
        }
        if one.host != HOME {
            by_host.entry(&one.host).or_default().push(one);
        }
    }
    for (host, requests) in by_host {
        let mut days: BTreeMap<NaiveDate, usize> = BTreeMap::new();
        if requests.first().is_some_and(|first| first.path != "/robots.txt") {
            found.push(format!("{host}: robots.txt was not asked for first"));
        }
        let (mut rest, mut last): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = (None, None);
        for one in requests {
            *days.entry(one.at.date_naive()).or_default() += 1;
            if last.is_some_and(|last| one.at - last < TimeDelta::seconds(5)) {
                found.push(format!("{host}: two requests within five seconds, at {}", one.at));
            }
            if rest.is_some_and(|rest| one.at < rest) {
                found.push(format!("{host}: asked at {} before {}", one.at, rest.unwrap()));
            }
            last = Some(one.at);
            rest = rest.max(rest_after(one));
        }
        found.extend(
            days.iter()
                .filter(|(_, count)| **count > allowed_per_day)
                .map(|(day, count)| format!("{host}: {count} on {day}")),
        );
    }
    found
}

/// Until when an answer wants to be left alone: an hour at least where it refuses without a date.
fn rest_after(one: &Seen) -> Option<DateTime<Utc>> {
    let after = one.retry_after.as_deref();
    let seconds = after.and_then(|text| text.parse::<i64>().ok());
    let date = after.and_then(|text| DateTime::parse_from_rfc2822(text).ok());
    match (one.status?, seconds, date) {
        (429 | 503, Some(seconds), _) => Some(one.at + TimeDelta::seconds(seconds.max(60))),
        (429 | 503, None, Some(date)) => Some(date.with_timezone(&Utc)),
        (429, None, None) => Some(one.at + TimeDelta::hours(1)),
        (403, ..) if one.path != "/robots.txt" => Some(one.at + TimeDelta::hours(1)),
        _ => None,
    }
}

//! From a look to the line of the contract that is left of it.

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::desk::Desk;
use super::page::{redact_address, redact_text};
use super::session::Last;
use super::system::{Finding, Slots as Offered, Target, markers_of, of};
use crate::attempt::bounds::{HORIZON_MAX_DAYS, PUBLISHED_TEXT_CHARS, SLOTS_MAX, TEXT_CHARS};
use crate::attempt::{CONTRACT, Failure, RawAttempt, Slots, Text};

/// The cycle to which looks belong.
#[derive(Debug, Clone)]
pub struct Cycle {
    /// Its id.
    pub run_id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When the plan wanted it.
    pub slot: DateTime<Utc>,
    /// Which try of its looks this is, from 1.
    pub attempt: i32,
}

/// The name of this robot in its lines.
const PROBE: &str = "guichets-probe";
/// Attempts are named by their cycle, whose id is drawn, and by what they look at.
const NAMESPACE: Uuid = Uuid::from_bytes(*b"guichets-sonde-1");

/// The line of a look that begins now and of which nothing else will ever be known.
#[must_use]
pub fn begun(cycle: &Cycle, target: Target<'_>, desk: &Desk<'_>, now: DateTime<Utc>) -> RawAttempt<'static> {
    let point = target.point;
    let mut name = [&cycle.run_id, &point.counter, &point.procedure, target.planning.unwrap_or_default()].join("\n");
    if cycle.attempt > 1 {
        name = format!("{name}\n{}", cycle.attempt);
    }
    let utc = |instant: DateTime<Utc>| Some(Text::from(instant.to_rfc3339_opts(SecondsFormat::Millis, true)));
    RawAttempt {
        contract: CONTRACT.into(),
        attempt_id: Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string().into(),
        run_id: Some(cycle.run_id.clone().into()),
        run_started_at: utc(cycle.started_at),
        scheduled_at: utc(cycle.slot),
        started_at: now.with_timezone(&target.zone).to_rfc3339_opts(SecondsFormat::Millis, false).into(),
        attempt_no: cycle.attempt,
        counter: point.counter.clone().into(),
        procedure: point.procedure.clone().into(),
        planning: target.planning.map(|planning| planning.to_owned().into()),
        system: point.system,
        target_url: Some(point.entry().to_string().into()),
        failure: Some(Failure::RobotError),
        probe: Some(PROBE.into()),
        probe_version: Some(env!("CARGO_PKG_VERSION").into()),
        vantage: Some(desk.plan.vantage.clone().into()),
        signature: Some(desk.identity.agent.clone().into()),
        clock_age_s: desk.clock.age_s(),
        ..RawAttempt::default()
    }
}

/// The line of a look that is over.
#[must_use]
pub fn done(
    begun: RawAttempt<'static>,
    target: Target<'_>,
    last: &Last,
    finding: &Finding,
    took_ms: i64,
) -> RawAttempt<'static> {
    let day = DateTime::parse_from_rfc3339(&begun.started_at).map(|instant| instant.date_naive()).ok();
    let sentence = match finding {
        Finding::None(sentence) => Some(sentence),
        _ => None,
    };
    let page = last.page.as_ref();
    let markers = page.map_or_else(Vec::new, |page| markers_of(of(target.point.system), page));
    let markers = markers.into_iter().chain(last.notes.iter().cloned()).map(Text::from).collect();
    RawAttempt {
        duration_ms: Some(took_ms),
        final_url: last.url.as_ref().map(|url| short(&redact_address(url, &target.point.address), TEXT_CHARS)),
        step: last.step.as_deref().map(|step| short(step, PUBLISHED_TEXT_CHARS)),
        http_status: last.status.map(i32::from),
        failure: last.failure,
        page_title: page.map(|page| short(&redact_text(&page.title), TEXT_CHARS / 2)),
        page_text: page.map(|page| page.excerpt(sentence).into()),
        markers,
        slots: match finding {
            Finding::Some(_, offered) => slots(offered, day),
            _ => None,
        },
        verdict: Some(finding.verdict().into()),
        body_sha256: last.body_sha256.clone().map(Text::from),
        ..begun
    }
}

fn slots(offered: &Offered, day: Option<chrono::NaiveDate>) -> Option<Slots<'static>> {
    if *offered == Offered::default() {
        return None;
    }
    let date = |index: usize| offered.dates.get(index).map(|date| date.to_string().into());
    let ahead = offered.horizon.zip(day).map(|(horizon, day)| (horizon - day).num_days());
    let ahead = ahead.and_then(|days| i32::try_from(days).ok()).filter(|days| (0..=HORIZON_MAX_DAYS).contains(days));
    let count = offered.count.map(|count| i32::try_from(count).unwrap_or(SLOTS_MAX).min(SLOTS_MAX));
    Some(Slots { count, first_date: date(0), second_date: date(1), horizon_days: ahead })
}

fn short(text: &str, limit: usize) -> Text<'static> {
    text.chars().take(limit).collect::<String>().into()
}

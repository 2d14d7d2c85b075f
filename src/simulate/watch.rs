//! One service, watched: when its turn comes, the robot looks, tries once more if nothing came, and writes it down.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rand::RngExt;
use rand_pcg::Pcg64;

use crate::attempt::{CONTRACT, RawAttempt, Slots, Text};
use crate::error::{Context, Result};

use super::evidence::{generator, number, picture, sha256, ulid};
use super::facade::{self, Facade};
use super::look::{Answers, Look, Mishap, Offer, offer};
use super::page::{Page, show};
use super::plan::{Plan, Stretch, Window};

/// What a line needs at most, most often: lines are many, and growing each of them would cost more than writing it.
const LINE_BYTES: usize = 1_536;

/// A cycle of the robot.
#[derive(Debug)]
pub struct Run {
    id: String,
    scheduled_at: DateTime<Utc>,
    started_at: DateTime<Utc>,
}

impl Run {
    /// Begins the cycle that was planned for that moment, hardly later.
    pub fn begin(scheduled_at: DateTime<Utc>, clock: &mut Pcg64) -> Self {
        let started_at = scheduled_at + millis(clock, 50, 1_500);
        Self { id: ulid(started_at, clock), scheduled_at, started_at }
    }
}

/// A line of the log.
#[derive(Debug)]
pub struct Line {
    /// When the attempt began.
    pub at: DateTime<Utc>,
    /// The attempt, with the line feed at its end.
    pub bytes: Vec<u8>,
}

/// The state of the robot before one service.
#[derive(Debug)]
pub struct Watch<'p> {
    plan: &'p Plan,
    stretch: &'p Stretch,
    facade: &'static Facade,
    site: String,
    id: String,
    answers: Answers,
    rng: Pcg64,
    turn: usize,
}

/// One visit: what does not change when the robot tries again.
struct Visit<'v> {
    run: &'v Run,
    vantage: &'v str,
    planning: Option<&'v str>,
    attempt_no: i32,
    at: DateTime<Utc>,
}

impl<'p> Watch<'p> {
    /// Begins to watch.
    pub fn new(plan: &'p Plan, stretch: &'p Stretch) -> Self {
        let service = &stretch.service;
        let name = format!("{}/{}", service.counter, service.procedure);
        let host = service.counter.strip_prefix("exemple-").unwrap_or(&service.counter);
        Self {
            plan,
            stretch,
            facade: facade::of(service.system),
            site: format!("https://{host}.exemple.invalid"),
            id: (1_000 + number(&name) % 9_000).to_string(),
            answers: Answers::new(service.availability.clone()),
            // A later stretch of the same service must not replay the chances of the first.
            rng: generator(plan.seed, &format!("{name}/{}", stretch.first)),
            turn: 0,
        }
    }

    /// Looks once at each planning of the service, and appends what it saw.
    ///
    /// # Errors
    /// A line cannot be serialised, which would be a bug.
    pub fn cycle(&mut self, run: &Run, lines: &mut Vec<Line>) -> Result<()> {
        let stretch = self.stretch;
        let vantage = &stretch.service.vantages[self.turn % stretch.service.vantages.len()];
        self.turn += 1;
        if self.rng.random_bool(stretch.noise.missed_cycle) {
            return Ok(());
        }
        let mut at = run.started_at + millis(&mut self.rng, 0, stretch.service.jitter_seconds * 1_000);
        for planning in stretch.plannings() {
            at = self.visit(Visit { run, vantage, planning, attempt_no: 1, at }, lines)?
                + millis(&mut self.rng, 2_000, 6_000);
        }
        Ok(())
    }

    /// Looks, and once more if nothing came; returns when it was done.
    fn visit(&mut self, mut visit: Visit, lines: &mut Vec<Line>) -> Result<DateTime<Utc>> {
        loop {
            if self.during(&self.plan.outages, &visit) {
                return Ok(visit.at);
            }
            let look = self.look(&visit);
            let duration = millis(&mut self.rng, look.duration().0, look.duration().1);
            lines.push(Line { at: visit.at, bytes: self.write(&visit, &look, duration)? });
            visit.at += duration;
            if visit.attempt_no > 1 || !look.is_transport_failure() {
                return Ok(visit.at);
            }
            visit.attempt_no += 1;
            visit.at += millis(&mut self.rng, 5_000, 30_000);
        }
    }

    fn during(&self, windows: &[Window], visit: &Visit) -> bool {
        windows.iter().any(|window| window.bears_on(self.stretch, visit.vantage, visit.at))
    }

    fn look(&mut self, visit: &Visit) -> Look {
        if self.during(&self.plan.blocks, visit) {
            return Look::Mishap(Mishap::Blocked);
        }
        if let Some(mishap) = self.stretch.noise.strike(&mut self.rng) {
            return Look::Mishap(mishap);
        }
        if self.during(&self.plan.captchas, visit) {
            return Look::Mishap(Mishap::Captcha);
        }
        let local = visit.at.with_timezone(&self.stretch.zone);
        if self.answers.available(local, &mut self.rng) {
            let lead = self.stretch.service.lead_days;
            Look::Offered(offer(local.date_naive(), lead, self.plan.horizon_days, &mut self.rng))
        } else {
            Look::NoSlot
        }
    }

    fn write(&mut self, visit: &Visit, look: &Look, duration: TimeDelta) -> Result<Vec<u8>> {
        let page = show(look, self.facade, &self.id, &mut self.rng);
        let wrong = self.rng.random_bool(self.stretch.noise.wrong_verdict);
        let pictured = self.rng.random_bool(self.plan.robot.pictures);
        let (plan, service) = (self.plan, &self.stretch.service);
        let local = |at: DateTime<Utc>, precision| {
            Text::from(at.with_timezone(&self.stretch.zone).to_rfc3339_opts(precision, false))
        };
        let asked = format!("{}{}", self.site, self.facade.entry.replace("{id}", &self.id));
        let attempt = RawAttempt {
            contract: CONTRACT.into(),
            attempt_id: ulid(visit.at, &mut self.rng).into(),
            run_id: Some(visit.run.id.as_str().into()),
            run_started_at: Some(local(visit.run.started_at, SecondsFormat::Millis)),
            scheduled_at: Some(local(visit.run.scheduled_at, SecondsFormat::Secs)),
            started_at: local(visit.at, SecondsFormat::Millis),
            duration_ms: Some(duration.num_milliseconds()),
            attempt_no: visit.attempt_no,
            counter: service.counter.as_str().into(),
            procedure: service.procedure.as_str().into(),
            planning: visit.planning.map(Text::from),
            system: service.system,
            final_url: final_url(&page, &self.site, &asked),
            target_url: Some(asked.into()),
            step: page.step.map(Text::from),
            http_status: page.http_status,
            failure: page.failure,
            page_title: page.title.map(Text::from),
            body_sha256: page.text.as_deref().map(|text| sha256(text).into()),
            screenshot_sha256: (page.text.is_some() && pictured).then(|| picture(&mut self.rng).into()),
            page_text: page.text.map(Text::from),
            markers: page.markers.into_iter().map(Text::from).collect(),
            slots: look.offer().map(|offer| slots(offer, plan.horizon_days)),
            verdict: Some(look.verdict(wrong).into()),
            probe: Some(plan.robot.probe.as_str().into()),
            probe_version: Some(plan.robot.version.as_str().into()),
            vantage: Some(visit.vantage.into()),
            signature: Some(plan.robot.signature.as_str().into()),
            clock_age_s: Some(self.rng.random_range(1..900)),
        };
        let mut bytes = Vec::with_capacity(LINE_BYTES);
        serde_json::to_writer(&mut bytes, &attempt).internal("an attempt cannot be written as JSON")?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Where the browser ended: where the page says, else where it was sent, and nowhere if nothing came.
fn final_url(page: &Page, site: &str, asked: &str) -> Option<Text<'static>> {
    page.http_status?;
    let url = page.path.as_ref().map_or_else(|| asked.to_owned(), |path| format!("{site}{path}"));
    Some(url.into())
}

fn slots(offer: Offer, horizon_days: u32) -> Slots<'static> {
    Slots {
        count: i32::try_from(offer.count).ok(),
        first_date: Some(offer.first.to_string().into()),
        second_date: offer.second.map(|date| date.to_string().into()),
        horizon_days: i32::try_from(horizon_days).ok(),
    }
}

/// A time between two numbers of milliseconds.
fn millis(rng: &mut Pcg64, least: u32, most: u32) -> TimeDelta {
    TimeDelta::milliseconds(rng.random_range(least..=most).into())
}

//! What a scenario means: dates become instants, defaults are filled in, nonsense is refused, the size is set.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use toml::value::{Datetime, Offset};

use crate::attempt::System;
use crate::error::{Error, Result};

use super::Options;
use super::scenario::{Availability, Cut, Damage, Event, Noise, Robot, Scenario, Service};

/// A scenario with nothing left to interpret.
#[derive(Debug)]
pub struct Plan {
    /// Where all chance comes from.
    pub seed: u64,
    /// The beginning of the campaign.
    pub from: DateTime<Utc>,
    /// Its end, excluded.
    pub to: DateTime<Utc>,
    /// The robot's own zone.
    pub zone: Tz,
    /// How the log is cut into files.
    pub cut: Cut,
    /// How many days ahead the robot looks.
    pub horizon_days: u32,
    /// Who the robot says it is.
    pub robot: Robot,
    /// What is watched.
    pub stretches: Vec<Stretch>,
    /// When the robot was silent.
    pub outages: Vec<Window>,
    /// When it was refused.
    pub blocks: Vec<Window>,
    /// When it met a captcha.
    pub captchas: Vec<Window>,
    /// The share of lines that the next file delivers again.
    pub duplicates: f64,
    /// The lines to spoil, the first one first.
    pub spoiled: Vec<(DateTime<Utc>, Damage)>,
}

/// A service over a stretch of time.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// What the scenario says of it; the counter is numbered if it is a repetition.
    pub service: Service,
    /// The counter's id in the scenario: what events refer to.
    pub original_counter: String,
    /// The counter's zone.
    pub zone: Tz,
    /// What goes wrong by itself.
    pub noise: Noise,
    /// The first cycle.
    pub first: DateTime<Utc>,
    /// The end, excluded.
    pub to: DateTime<Utc>,
    /// The time from one cycle to the next.
    pub cadence: TimeDelta,
}

/// An event of the scenario, with its instants.
#[derive(Debug)]
pub struct Window {
    event: Event,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Plan {
    /// The plan of a scenario.
    ///
    /// # Errors
    /// A date that no clock ever showed, an empty interval, a share that is not one.
    pub fn new(scenario: Scenario, options: &Options) -> Result<Self> {
        let zone = scenario.zone.0;
        let (from, to) = (instant(&scenario.from, zone)?, instant(&scenario.to, zone)?);
        check(from < to, "the campaign ends before it begins", "to")?;
        check_share(scenario.delivery.duplicates, "delivery.duplicates")?;
        check_share(scenario.robot.pictures, "robot.pictures")?;
        let windows =
            |events: Vec<Event>| events.into_iter().map(|event| Window::new(event, zone, to)).collect::<Result<_>>();
        let mut spoiled = Vec::new();
        for line in &scenario.delivery.spoiled_lines {
            spoiled.push((instant(&line.at, zone)?, line.damage));
        }
        spoiled.sort_by_key(|(at, _)| *at);
        let mut plan = Self {
            seed: options.seed.unwrap_or(scenario.seed),
            from,
            to,
            zone,
            cut: scenario.files,
            horizon_days: scenario.horizon_days,
            robot: scenario.robot,
            stretches: Vec::with_capacity(scenario.services.len()),
            outages: windows(scenario.outages)?,
            blocks: windows(scenario.blocks)?,
            captchas: windows(scenario.captchas)?,
            duplicates: scenario.delivery.duplicates,
            spoiled,
        };
        for service in scenario.services {
            let name = format!("service {}/{}", service.counter, service.procedure);
            let stretch = plan.stretch(service, &scenario.noise).map_err(|error| within(&name, error))?;
            plan.stretches.push(stretch);
        }
        if let Some(attempts) = options.attempts {
            plan.resize(attempts)?;
        }
        Ok(plan)
    }

    fn stretch(&self, service: Service, noise: &Noise) -> Result<Stretch> {
        let noise = service.noise.clone().unwrap_or_else(|| noise.clone());
        check_service(&service, &noise, self.horizon_days)?;
        let bound = |date: Option<&Datetime>, default| date.map_or(Ok(default), |date| instant(date, self.zone));
        let from = bound(service.from.as_ref(), self.from)?.max(self.from);
        let to = bound(service.to.as_ref(), self.to)?.min(self.to);
        check(from < to, "the service is never watched during the campaign", "from")?;
        Ok(Stretch {
            original_counter: service.counter.clone(),
            zone: service.zone.map_or(self.zone, |zone| zone.0),
            noise,
            first: from + TimeDelta::minutes(service.offset_minutes.into()),
            to,
            cadence: TimeDelta::minutes(service.cadence_minutes.into()),
            service,
        })
    }

    /// Repeats the services, or cuts the campaign short, until about so many attempts are planned.
    fn resize(&mut self, asked: u64) -> Result<()> {
        check(asked > 0, "a campaign of no attempts", "attempts")?;
        let planned = |stretches: &[Stretch]| stretches.iter().map(Stretch::planned).sum::<u64>();
        let base = planned(&self.stretches).max(1);
        if asked < base {
            let millis = i128::from((self.to - self.from).num_milliseconds()) * i128::from(asked) / i128::from(base);
            // A part of a number of milliseconds that fits is one that fits.
            self.to = self.from + TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(i64::MAX));
            for stretch in &mut self.stretches {
                stretch.to = stretch.to.min(self.to);
            }
            return Ok(());
        }
        let originals = self.stretches.clone();
        let mut total = base;
        let repetitions = (2_u64..).flat_map(|copy| originals.iter().map(move |stretch| stretch.numbered(copy)));
        for stretch in repetitions {
            if total >= asked {
                break;
            }
            total += stretch.planned();
            self.stretches.push(stretch);
        }
        Ok(())
    }
}

impl Stretch {
    /// The sub-units that a cycle asks, one after the other.
    pub fn plannings(&self) -> impl Iterator<Item = Option<&str>> {
        let none = self.service.plannings.is_empty().then_some(None);
        self.service.plannings.iter().map(|planning| Some(planning.as_str())).chain(none)
    }

    /// How many first tries the plan holds.
    fn planned(&self) -> u64 {
        let span = (self.to - self.first).num_minutes().max(0).unsigned_abs();
        span.div_ceil(u64::from(self.service.cadence_minutes)) * self.service.plannings.len().max(1) as u64
    }

    fn numbered(&self, copy: u64) -> Self {
        let mut twin = self.clone();
        twin.service.counter = format!("{}-{copy:03}", self.original_counter);
        twin
    }
}

impl Window {
    fn new(event: Event, zone: Tz, end: DateTime<Utc>) -> Result<Self> {
        let from = instant(&event.from, zone)?;
        let to = event.to.as_ref().map_or(Ok(end), |to| instant(to, zone))?;
        check(from < to, "the event ends before it begins", "to")?;
        Ok(Self { event, from, to })
    }

    /// Whether the event bears on a look at that service, from there, at that moment.
    pub fn bears_on(&self, stretch: &Stretch, vantage: &str, at: DateTime<Utc>) -> bool {
        let Event { vantage: from_there, systems, counters, .. } = &self.event;
        (self.from..self.to).contains(&at)
            && from_there.as_ref().is_none_or(|only| only == vantage)
            && (systems.is_empty() || systems.contains(&stretch.service.system))
            && (counters.is_empty() || counters.contains(&stretch.original_counter))
    }
}

/// The instant of a date: at its own offset, or in the zone; a date without a time is its first moment.
fn instant(date: &Datetime, zone: Tz) -> Result<DateTime<Utc>> {
    let nonsense = || Error::usage(format!("{date} is not a date of the calendar in {zone}"));
    let naive = naive(date).ok_or_else(nonsense)?;
    let instant = match date.offset {
        None => zone.from_local_datetime(&naive).earliest().map(|local| local.to_utc()),
        Some(Offset::Z) => Some(naive.and_utc()),
        Some(Offset::Custom { minutes }) => FixedOffset::east_opt(i32::from(minutes) * 60)
            .and_then(|offset| offset.from_local_datetime(&naive).single())
            .map(|local| local.to_utc()),
    };
    instant.ok_or_else(|| nonsense().hint("write the offset: 2019-03-31T02:30:00+01:00"))
}

fn naive(date: &Datetime) -> Option<NaiveDateTime> {
    let day = date.date.and_then(|d| NaiveDate::from_ymd_opt(d.year.into(), d.month.into(), d.day.into()))?;
    let time = date.time.map_or(Some(NaiveTime::MIN), |t| {
        NaiveTime::from_hms_opt(t.hour.into(), t.minute.into(), t.second.unwrap_or(0).into())
    })?;
    Some(day.and_time(time))
}

fn check_service(service: &Service, noise: &Noise, horizon_days: u32) -> Result<()> {
    let known =
        matches!(service.system, System::EzPlanning | System::Rdvpref | System::Esirius | System::RdvServicePublic);
    check(known, "nothing is known of the pages of this booking system", "system")?;
    check(service.cadence_minutes > 0, "a cadence of nothing", "cadence_minutes")?;
    check(!service.vantages.is_empty(), "nobody looks at the service", "vantages")?;
    let [least, most] = service.lead_days;
    check(least <= most && most <= horizon_days, "no date can be offered within the horizon", "lead_days")?;
    match service.availability {
        Availability::Probability(share) => check_share(share, "availability")?,
        Availability::Exact { yes, of } => check(of > 0 && yes <= of, "more proposals than answers", "availability")?,
        Availability::WeeklyRelease { hour, .. } => check(hour < 24, "no such hour", "availability")?,
        Availability::Never => {}
    }
    for (share, _) in noise.mishaps() {
        check_share(share, "noise")?;
    }
    check_share(noise.mishaps().iter().map(|(share, _)| share).sum(), "noise")?;
    check_share(noise.missed_cycle, "noise.missed_cycle")?;
    check_share(noise.wrong_verdict, "noise.wrong_verdict")
}

/// Names the file, or the part of it, before the key at which something is wrong.
pub fn within(part: &str, error: Error) -> Error {
    let place = error.place().map_or_else(|| part.to_owned(), |key| format!("{part}: {key}"));
    error.at(place)
}

fn check_share(share: f64, key: &str) -> Result<()> {
    check((0.0..=1.0).contains(&share), &format!("{share} is not a share, which goes from 0 to 1"), key)
}

fn check(holds: bool, complaint: &str, key: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::usage(complaint).at(key)) }
}

//! What a look at a service comes to: an answer, or one of the many ways of having none.

use chrono::{DateTime, Datelike, Days, NaiveDate, Timelike};
use chrono_tz::Tz;
use rand::RngExt;
use rand_pcg::Pcg64;

use crate::attempt::Failure;

use super::scenario::{Availability, Noise};

/// What a look comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Appointments are offered.
    Offered(Offer),
    /// There is none.
    NoSlot,
    /// No answer.
    Mishap(Mishap),
}

/// The appointments that are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// How many.
    pub count: u32,
    /// The first date.
    pub first: NaiveDate,
    /// The second date, if there is one within the horizon.
    pub second: Option<NaiveDate>,
}

/// What a look comes to when it comes to no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing came, or not enough.
    Network(Failure),
    /// The server failed, with this status.
    ServerError(i32),
    /// Too many requests.
    RateLimited,
    /// The site is closed for works.
    Maintenance,
    /// A captcha stands before the answer.
    Captcha,
    /// Thrown back to the first page.
    SessionLost,
    /// The robot is refused.
    Blocked,
    /// A page of which nothing is recognised.
    Unrecognized,
}

impl Look {
    /// Whether nothing came back, which is when the robot tries again.
    pub const fn is_transport_failure(&self) -> bool {
        matches!(self, Self::Mishap(Mishap::Network(_)))
    }

    /// What is offered, if anything is.
    pub const fn offer(&self) -> Option<Offer> {
        if let Self::Offered(offer) = self { Some(*offer) } else { None }
    }

    /// How long such a look lasts: at least, at most, in milliseconds.
    pub const fn duration(&self) -> (u32, u32) {
        match self {
            Self::Mishap(Mishap::Network(Failure::Timeout)) => (30_000, 30_100),
            Self::Mishap(Mishap::Network(_) | Mishap::Blocked | Mishap::RateLimited) => (80, 900),
            Self::Mishap(Mishap::ServerError(_)) => (300, 12_000),
            _ => (700, 6_000),
        }
    }

    /// The robot's own opinion; when it is wrong, it is wrong as real robots are: a bare exception handler makes a
    /// failure « no slot », a loose needle makes any page an offer.
    pub const fn verdict(&self, wrong: bool) -> &'static str {
        match self {
            Self::Offered(_) => "slot_offered",
            Self::NoSlot => "no_slot",
            Self::Mishap(Mishap::Unrecognized | Mishap::Maintenance) if wrong => "slot_offered",
            Self::Mishap(_) if wrong => "no_slot",
            Self::Mishap(mishap) => mishap.code(),
        }
    }
}

impl Mishap {
    const fn code(self) -> &'static str {
        match self {
            Self::Network(_) => "network_error",
            Self::ServerError(_) => "server_error",
            Self::RateLimited => "rate_limited",
            Self::Maintenance => "maintenance",
            Self::Captcha => "captcha_required",
            Self::SessionLost => "session_lost",
            Self::Blocked => "blocked",
            Self::Unrecognized => "unrecognized_page",
        }
    }
}

impl Noise {
    /// What may happen to a look, each with its share.
    pub const fn mishaps(&self) -> [(f64, Mishap); 11] {
        [
            (self.timeout, Mishap::Network(Failure::Timeout)),
            (self.connection_reset, Mishap::Network(Failure::ConnectionReset)),
            (self.empty_response, Mishap::Network(Failure::EmptyResponse)),
            (self.dns_error, Mishap::Network(Failure::DnsError)),
            (self.bad_gateway, Mishap::ServerError(502)),
            (self.overloaded, Mishap::ServerError(503)),
            (self.rate_limited, Mishap::RateLimited),
            (self.maintenance, Mishap::Maintenance),
            (self.captcha, Mishap::Captcha),
            (self.session_lost, Mishap::SessionLost),
            (self.unrecognized, Mishap::Unrecognized),
        ]
    }

    /// Whether one of them happens now, and which.
    pub fn strike(&self, rng: &mut Pcg64) -> Option<Mishap> {
        let mut draw: f64 = rng.random();
        self.mishaps().into_iter().find_map(|(share, mishap)| {
            draw -= share;
            (draw < 0.0).then_some(mishap)
        })
    }
}

/// Answers, as the scenario's model of availability gives them.
#[derive(Debug)]
pub struct Answers {
    model: Availability,
    /// For [`Availability::Exact`]: the proposals and the answers that are left in the current series.
    left: (u32, u32),
}

impl Answers {
    /// Answers of this model.
    pub const fn new(model: Availability) -> Self {
        Self { model, left: (0, 0) }
    }

    /// Whether there are appointments at that moment, on the counter's own clock.
    pub fn available(&mut self, at: DateTime<Tz>, rng: &mut Pcg64) -> bool {
        match self.model {
            Availability::Never => false,
            Availability::Probability(share) => rng.random_bool(share),
            Availability::Exact { yes, of } => self.draw_without_replacement(yes, of, rng),
            Availability::WeeklyRelease { weekday, hour, lasts_hours } => {
                let hour_of_week = |days: u32, hour: u32| days * 24 + hour;
                let now = hour_of_week(at.weekday().num_days_from_monday(), at.hour());
                let release = hour_of_week(weekday.num_days_from_monday(), hour);
                (now + 7 * 24 - release) % (7 * 24) < lasts_hours
            }
        }
    }

    /// An urn with `yes` proposals among `of` answers, filled again when it is empty: exact over every series.
    fn draw_without_replacement(&mut self, yes: u32, of: u32, rng: &mut Pcg64) -> bool {
        if self.left.1 == 0 {
            self.left = (yes, of);
        }
        let drawn = rng.random_ratio(self.left.0, self.left.1);
        self.left = (self.left.0 - u32::from(drawn), self.left.1 - 1);
        drawn
    }
}

/// The dates that are offered on a day: the first between `lead_days`, none beyond the horizon.
pub fn offer(today: NaiveDate, lead_days: [u32; 2], horizon_days: u32, rng: &mut Pcg64) -> Offer {
    let lead = rng.random_range(lead_days[0]..=lead_days[1]);
    let count = rng.random_range(1..=12);
    let second_lead = lead + rng.random_range(1..=14_u32);
    let day = |lead: u32| today + Days::new(u64::from(lead));
    let second = (count > 1 && second_lead <= horizon_days).then(|| day(second_lead));
    Offer { count, first: day(lead), second }
}

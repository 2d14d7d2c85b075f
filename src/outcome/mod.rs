//! What an attempt says about the service: the heart of the method.
//!
//! « We could not look » is never « there was none ». An [`Outcome`] is recomputed from the [`Evidence`] of a line (the
//! HTTP status, the page, the traces seen in it) by the first of an ordered list of published rules that applies (a
//! [`RuleSet`]). The robot's own verdict is not part of the evidence: it is kept beside the outcome, and never read.
//!
//! What nobody recognises is [`Outcome::UnrecognizedPage`], whose answer is unknown. Only a rule written for a sentence
//! or a trace that was really seen can answer yes or no.
//!
//! ```
//! use guichets_ouverts::outcome::{Classifier, Evidence, RuleSet};
//!
//! let rules = RuleSet::load("pipelines/rendez-vous/outcome-rules.toml".as_ref())?;
//! let mut classifier = Classifier::new(&rules);
//! let mut outcome = |status, text| {
//!     let evidence = Evidence { http_status: Some(status), page_text: Some(text), ..Evidence::default() };
//!     rules.rules()[classifier.classify(&evidence)].outcome.code()
//! };
//! let none = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";
//! assert_eq!(outcome(200, none), "aucun_rdv");
//! // The same sentence under an error of the server says nothing of appointments, and neither does a page that nobody knows.
//! assert_eq!(outcome(502, none), "erreur_serveur");
//! assert_eq!(outcome(200, "Bienvenue"), "page_non_reconnue");
//! # Ok::<(), guichets_ouverts::error::Error>(())
//! ```

mod classifier;
mod condition;
mod dates;
mod elsewhere;
mod entities;
mod explain;
mod facts;
mod rules;
mod sentence;
pub mod text;
mod wording;
mod words;

use chrono::NaiveDate;

use crate::attempt::{Failure, RawAttempt, System, Text, wire_enum};

pub use classifier::Classifier;
pub use explain::{Explanation, NearMiss, Obstacle, Satisfied, explain};
pub use rules::{Rule, RuleSet};

wire_enum! {
    /// What became of an attempt, in the order of the published column `issue`.
    Outcome {
        /// At least one slot was offered.
        SlotOffered = "rdv_propose",
        /// The service said that it has no slot.
        NoSlot = "aucun_rdv",
        /// A captcha stood before the answer.
        CaptchaRequired = "captcha_exige",
        /// The captcha was answered, and the answer refused.
        CaptchaFailed = "captcha_refuse",
        /// The service forgot the visitor and sent them back to the start.
        SessionLost = "session_perdue",
        /// The service refuses this visitor.
        Blocked = "bloque",
        /// The service finds that this visitor asks too often.
        RateLimited = "debit_limite",
        /// The service broke; a person would have seen a failure too.
        ServerError = "erreur_serveur",
        /// The service says that it is closed for maintenance.
        Maintenance = "maintenance",
        /// No complete page arrived.
        NetworkError = "erreur_reseau",
        /// The page of the service no longer exists.
        TargetGone = "cible_disparue",
        /// The service now asks for an account.
        LoginRequired = "connexion_exigee",
        /// The procedure is now filed through another channel, without an appointment.
        OtherChannel = "autre_canal",
        /// A page that no rule recognises: never yes, never no.
        UnrecognizedPage = "page_non_reconnue",
    }
}

wire_enum! {
    /// Whether an outcome answers « is there an appointment? ».
    Answer {
        /// There is one.
        Yes = "oui",
        /// There is none.
        No = "non",
        /// We could not see.
        Unknown = "inconnue",
        /// The question no longer makes sense for this service.
        OutOfScope = "hors_champ",
    }
}

impl Outcome {
    /// What the outcome answers. Two outcomes only answer yes or no.
    #[must_use]
    pub const fn answer(self) -> Answer {
        match self {
            Self::SlotOffered => Answer::Yes,
            Self::NoSlot => Answer::No,
            Self::CaptchaRequired
            | Self::CaptchaFailed
            | Self::SessionLost
            | Self::Blocked
            | Self::RateLimited
            | Self::ServerError
            | Self::Maintenance
            | Self::NetworkError
            | Self::UnrecognizedPage => Answer::Unknown,
            Self::TargetGone | Self::LoginRequired | Self::OtherChannel => Answer::OutOfScope,
        }
    }

    /// Whether it is a failure that a user meets too, and never a refusal that is met by the robot alone.
    #[must_use]
    pub const fn is_shared_failure(self) -> bool {
        matches!(self, Self::SessionLost | Self::ServerError | Self::Maintenance | Self::NetworkError)
    }
}

/// What a consultation can end in.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    /// As the published column `issue` names it.
    pub code: &'static str,
    /// What it answers.
    pub answer: Answer,
    /// See [`Outcome::is_shared_failure`].
    pub is_shared_failure: bool,
}

/// Every way in which a consultation ends: as its attempts do, or `incomplete`, where an expected planning was not asked.
pub fn endings() -> impl Iterator<Item = Ending> {
    let of_attempts = Outcome::ALL.iter().map(|outcome| Ending {
        code: outcome.code(),
        answer: outcome.answer(),
        is_shared_failure: outcome.is_shared_failure(),
    });
    of_attempts.chain([Ending { code: "incomplete", answer: Answer::Unknown, is_shared_failure: false }])
}

/// What a line shows of the page, without the robot's opinion of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// The booking system, as the registry or the probe names it.
    pub system: System,
    /// The HTTP status of the last page.
    pub http_status: Option<i32>,
    /// What failed below HTTP.
    pub failure: Option<Failure>,
    /// The step of the booking flow that was reached.
    pub step: Option<&'a str>,
    /// The address that was asked.
    pub target_url: Option<&'a str>,
    /// The address at which the browser ended.
    pub final_url: Option<&'a str>,
    /// The title of the last page.
    pub page_title: Option<&'a str>,
    /// An excerpt of the last page.
    pub page_text: Option<&'a str>,
    /// Machine-readable traces seen in the page.
    pub markers: &'a [Text<'a>],
    /// How many slots were counted.
    pub slot_count: Option<i32>,
    /// Whether the date of a slot was read.
    pub has_first_date: bool,
    /// The day of the attempt, before which no date that a page gives is believed; nothing is asked of it if unknown.
    pub day: Option<NaiveDate>,
}

impl<'a> Evidence<'a> {
    /// The evidence of a raw line. Its `verdict` is left out on purpose.
    #[must_use]
    pub fn of(raw: &'a RawAttempt<'_>) -> Self {
        let slots = raw.slots.as_ref();
        Self {
            system: raw.system,
            http_status: raw.http_status,
            failure: raw.failure,
            step: raw.step.as_deref(),
            target_url: raw.target_url.as_deref(),
            final_url: raw.final_url.as_deref(),
            page_title: raw.page_title.as_deref(),
            page_text: raw.page_text.as_deref(),
            markers: &raw.markers,
            slot_count: slots.and_then(|slots| slots.count),
            has_first_date: slots
                .and_then(|slots| slots.first_date.as_deref())
                .is_some_and(|date| !date.trim().is_empty()),
            day: raw.started_at.get(..10).and_then(|day| day.parse().ok()),
        }
    }
}

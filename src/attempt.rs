//! One attempt as a probe writes it: the contract `attempt/1`.
//!
//! The struct is the decoder and the encoder at once, so that the simulator cannot write what the decoder does not
//! read; `schemas/raw/attempt-v1.schema.json` states the same for other languages, and a test holds the two together.

pub mod bounds;

use std::borrow::Cow;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize};

/// The value of [`RawAttempt::contract`] that this version understands.
pub const CONTRACT: &str = "attempt/1";

/// The fields of the contract to which a foreign log can be mapped; the time has a table of its own.
pub const MAPPED_FIELDS: &[&str] = &[
    "attempt_id",
    "run_id",
    "run_started_at",
    "counter",
    "procedure",
    "planning",
    "system",
    "target_url",
    "final_url",
    "step",
    "http_status",
    "failure",
    "page_title",
    "page_text",
    "slots.count",
    "slots.first_date",
    "slots.second_date",
    "slots.horizon_days",
    "verdict",
    "probe",
    "probe_version",
    "vantage",
    "signature",
    "duration_ms",
    "try",
];

/// Text borrowed from the line where it has no escape in it, and owned where it has.
///
/// A plain `Option<Cow<str>>` never borrows under serde; this wrapper does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

/// A raw line. Fields stand in the order in which the simulator writes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAttempt<'a> {
    /// Always [`CONTRACT`].
    #[serde(borrow)]
    pub contract: Text<'a>,
    /// ULID or UUID given by the probe; the key of deduplication.
    #[serde(borrow)]
    pub attempt_id: Text<'a>,
    /// The cycle to which the attempt belongs: one run over the targets, of a few hours at most, in which a try asks each
    /// planning of a service once. An id names one cycle, unless `run_started_at` tells those of one id apart.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Text<'a>>,
    /// When the cycle began, RFC 3339: the same on each of its attempts.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub run_started_at: Option<Text<'a>>,
    /// When the plan wanted the attempt, RFC 3339.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Text<'a>>,
    /// When the attempt began, RFC 3339 with an offset.
    #[serde(borrow)]
    pub started_at: Text<'a>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// 1 for the first try of a cycle, 2 and more for a retry.
    #[serde(default = "first_try", deserialize_with = "first_try_or_null", rename = "try")]
    pub attempt_no: i32,
    /// The counter, by its id in the registry.
    #[serde(borrow)]
    pub counter: Text<'a>,
    /// The procedure, by its id in the registry.
    #[serde(borrow)]
    pub procedure: Text<'a>,
    /// The sub-unit of the service that was asked, if it has several.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub planning: Option<Text<'a>>,
    /// The booking system that answered.
    #[serde(default, deserialize_with = "default_or_null")]
    pub system: System,
    /// The address that was asked.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub target_url: Option<Text<'a>>,
    /// The address at which the browser ended.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub final_url: Option<Text<'a>>,
    /// The step of the booking flow that was reached.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Text<'a>>,
    /// The HTTP status of the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<i32>,
    /// What failed below HTTP, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The title of the last page; looked at by the rules, never published.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub page_title: Option<Text<'a>>,
    /// An excerpt of the last page, 2,000 characters at most; looked at by the rules, never published.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub page_text: Option<Text<'a>>,
    /// Machine-readable traces seen in the page, such as `td.status-1.free`.
    #[serde(borrow, default, deserialize_with = "default_or_null", skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<Text<'a>>,
    /// What was offered, and how far ahead the probe looked.
    #[serde(borrow, default, deserialize_with = "object_or_null", skip_serializing_if = "Option::is_none")]
    pub slots: Option<Slots<'a>>,
    /// The probe's own opinion: kept, not trusted.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Text<'a>>,
    /// SHA-256 of the page's body, kept elsewhere.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub body_sha256: Option<Text<'a>>,
    /// SHA-256 of the screenshot, kept elsewhere.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub screenshot_sha256: Option<Text<'a>>,
    /// Which robot.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Text<'a>>,
    /// Which version of the robot.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub probe_version: Option<Text<'a>>,
    /// From where it looked: an alias, never an address.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub vantage: Option<Text<'a>>,
    /// Under which declared identity it looked; a digest is published, the text where a pipeline lists it.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Text<'a>>,
    /// Seconds since the probe's clock was last synchronised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_age_s: Option<i64>,
}

const fn first_try() -> i32 {
    1
}

fn first_try_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(first_try()))
}

/// Null says no more than a field that is not there.
fn default_or_null<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What a page offered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slots<'a> {
    /// How many slots were seen within the horizon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i32>,
    /// The first date offered, `YYYY-MM-DD`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub first_date: Option<Text<'a>>,
    /// The second date offered, `YYYY-MM-DD`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub second_date: Option<Text<'a>>,
    /// How many days ahead the probe looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon_days: Option<i32>,
}

/// An object or null. Serde would also take a list of the values in their order, which the contract does not know.
fn object_or_null<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Slots<'a>>, D::Error> {
    struct Visitor;

    impl<'de> serde::de::Visitor<'de> for Visitor {
        type Value = Option<Slots<'de>>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object or null")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<M: serde::de::MapAccess<'de>>(self, map: M) -> Result<Self::Value, M::Error> {
            Slots::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    deserializer.deserialize_any(Visitor)
}

/// Declares an enumeration of the contract once: its variants, their names on the wire, and the list of them.
macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $code)] $variant),+ }

        impl $name {
            /// All of them, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on the wire and in the published tables.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The variant of that name.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        // Derived, it would also take `{"name": null}` for the name.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <$crate::attempt::Text<'_> as serde::Deserialize>::deserialize(deserializer)?;
                Self::from_code(&code).ok_or_else(|| serde::de::Error::unknown_variant(&code, &[$($code),+]))
            }
        }
    };
}
pub(crate) use wire_enum;

wire_enum! {
    /// The booking system that answered.
    #[derive(Default)]
    System {
        /// `www.<department>.gouv.fr/booking/create/<id>`, 2012 to about 2024.
        EzPlanning = "ez_planning",
        /// RDV-Préfecture, 2022 and after.
        Rdvpref = "rdvpref",
        /// eAppointment, Val-de-Marne, about 2019-20.
        Esirius = "esirius",
        /// RDV Service Public, 2023 and after.
        RdvServicePublic = "rdv_service_public",
        /// Online filing by the ministry's portal: no appointment.
        Anef = "anef",
        /// Online filing by form: no appointment.
        DemarchesSimplifiees = "demarches_simplifiees",
        /// Any other.
        #[default]
        Other = "other",
    }
}

wire_enum! {
    /// What failed below HTTP.
    Failure {
        /// The name did not resolve.
        DnsError = "dns_error",
        /// Nobody listens there.
        ConnectionRefused = "connection_refused",
        /// The connection was cut.
        ConnectionReset = "connection_reset",
        /// No secure connection could be made.
        TlsError = "tls_error",
        /// No answer in time.
        Timeout = "timeout",
        /// A connection, and nothing on it.
        EmptyResponse = "empty_response",
        /// Part of a page.
        TruncatedBody = "truncated_body",
        /// The probe itself broke.
        RobotError = "robot_error",
        /// Anything else.
        Other = "other",
    }
}

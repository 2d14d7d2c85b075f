//! Raw logs of an appointment probe in, versioned, documented, verifiable tables out.
//!
//! One direction, six stations: [`ingest`] → `model` → `gate` → `release` → [`publish`] → `catalogue`, with
//! [`outcome`] as the heart of the first: « we could not look » is never « there was none ». `ARCHITECTURE.md` says who
//! may import whom.
//!
//! This is a command first. Five things of it are of use to other programs, and have an example each: judging what a page says
//! ([`outcome`]), reading lines of logs ([`ingest`]), publishing ([`publish`]), verifying what was published
//! ([`publish::verify`]), and logs that no probe wrote ([`simulate`]). All the rest is reachable for the command and its tests
//! alone, is in no documentation, and changes as it must.

pub mod attempt;
pub mod error;
pub mod ingest;
pub mod outcome;
pub mod progress;
pub mod publish;
pub mod simulate;

#[doc(hidden)]
pub mod calendar;
#[doc(hidden)]
pub mod catalogue;
#[doc(hidden)]
pub mod charset;
#[doc(hidden)]
pub mod cluster;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod diff;
#[doc(hidden)]
pub mod digest;
#[doc(hidden)]
pub mod dossier;
#[doc(hidden)]
pub mod gate;
#[doc(hidden)]
pub mod grid;
#[doc(hidden)]
pub mod job;
#[doc(hidden)]
pub mod metadata;
#[doc(hidden)]
pub mod model;
#[doc(hidden)]
pub mod net;
#[doc(hidden)]
pub mod probe;
#[doc(hidden)]
pub mod propose;
#[doc(hidden)]
pub mod registry;
#[doc(hidden)]
pub mod release;
#[doc(hidden)]
pub mod schema;
#[doc(hidden)]
pub mod scope;
#[doc(hidden)]
pub mod site;
#[doc(hidden)]
pub mod tables;
#[doc(hidden)]
pub mod words;

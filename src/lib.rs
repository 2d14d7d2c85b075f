//! Raw logs of an appointment probe in, versioned, documented, verifiable tables out.
//!
//! One direction, six stations: [`ingest`] → [`model`] → [`gate`] → [`release`] → [`publish`] → [`catalogue`], with
//! [`outcome`] as the heart of the first: « we could not look » is never « there was none ». `ARCHITECTURE.md` says who
//! may import whom.

pub mod attempt;
pub mod calendar;
pub mod catalogue;
pub mod charset;
pub mod cluster;
pub mod config;
pub mod diff;
pub mod digest;
pub mod dossier;
pub mod error;
pub mod gate;
pub mod grid;
pub mod ingest;
pub mod job;
pub mod metadata;
pub mod model;
pub mod net;
pub mod outcome;
pub mod probe;
pub mod progress;
pub mod propose;
pub mod publish;
pub mod registry;
pub mod release;
pub mod schema;
pub mod scope;
pub mod simulate;
pub mod site;
pub mod tables;
pub mod words;

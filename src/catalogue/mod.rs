//! Catalogue: one dataset on data.gouv.fr, or another instance of udata, says what the store holds.
//!
//! A [`Plan`] is what the platform should say, as data, derived from the published version alone. `reconcile` compares
//! it with what the platform says and gives the requests that are missing; [`push`] sends them, reads back and compares
//! again. What a person changed there and we have no opinion on stays. Nothing here writes to the store.

mod client;
mod plan;
mod push;
mod reconcile;
mod refusal;
mod remote;
mod version;

pub use client::{Client, KEY_VARIABLE};
pub use plan::{Plan, PlannedResource};
pub use push::{Report, Wish, push};
pub use reconcile::{LeftAlone, Request, Step};
pub use version::PublishedVersion;

//! The probe: a robot that says who it is, looks whether an appointment is offered, and writes what it saw. It books nothing,
//! types nobody's data, and answers no captcha.
//!
//! A system has a [`Session`] and nothing else, the session asks through the [`Desk`], the desk asks the gate ([`restraint`]),
//! and only then the [`wire`] sends; our own declared page alone is asked for without. `ARCHITECTURE.md`, « The way of one request », says it at length.

mod account;
pub mod bounds;
mod clock;
mod cycle;
mod declaration;
mod desk;
mod draft;
mod due;
mod folder;
mod identity;
mod jar;
mod line;
mod log;
pub mod page;
pub mod plan;
mod proof;
pub mod restraint;
mod run;
mod session;
pub mod shape;
pub mod system;
mod verify;
mod warc;
pub mod wire;

pub use account::CycleAccount;
pub use clock::{Clock, RehearsalClock, SystemClock};
pub use declaration::declaration;
pub use desk::{Desk, NotSent};
pub use draft::draft;
pub use due::{Agenda, Load, Watched};
pub use folder::{Entry, Folder};
pub use identity::Identity;
pub use log::file_of;
pub use plan::{Plan, plan_schema};
pub use proof::{DayManifest, Link};
pub use run::{Probe, Wires};
pub use session::{Last, Session, Stop};
pub use verify::{VerifiedFolder, is_folder, verify};

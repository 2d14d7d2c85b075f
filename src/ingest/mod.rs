//! Ingest: raw logs in, attempts by month out, and an account of every line.
//!
//! [`list`] finds the files, [`Stream`] unpacks one, [`LineReader`] splits it, `decode` or a mapping makes attempts of a
//! line, `check` believes them or not, the rules give each an outcome. `judge` is all of this for one file, and shows
//! what becomes of each line to a [`Witness`]: [`Months`] gathers the columns, `guichets explain` tells a person.
//! A line that fails at any of these is set aside with its place and a reason; nothing that a file holds stops the run.
//!
//! ```
//! use guichets_ouverts::ingest::{check, decode};
//!
//! let line = r#"{"contract":"attempt/1","attempt_id":"00000000-0000-4000-8000-000000000001",
//!     "started_at":"2019-04-16T08:10:00Z","counter":"evry-prefecture","procedure":"premier-titre",
//!     "system":"ez_planning","probe":"essai","http_status":200}"#.replace('\n', "");
//! let attempt = decode(&line).unwrap();
//! assert!(check(&attempt).is_ok());
//! // What cannot be read has a reason and, where there is one, the field that is at fault.
//! assert_eq!(decode(&line[..20]).unwrap_err().reason.code(), "json_invalide");
//! let late = line.replace("2019-04-16", "2019-04-31");
//! let reject = check(&decode(&late).unwrap()).unwrap_err();
//! assert_eq!((reject.reason.code(), reject.field.as_deref()), ("date_invalide", Some("started_at")));
//! ```

/// Raised whenever this program makes something else of a raw line than before: nights then read every log again instead
/// of standing on what was read. A test holds what the sample becomes against the revision.
pub const INGEST_REVISION: u32 = 4;

mod account;
mod check;
mod columns;
mod context;
mod decode;
mod decoder;
mod file;
mod find;
mod history;
mod judge;
mod ledger;
mod left_alone;
mod lines;
mod mapped;
mod months;
mod packing;
mod page;
mod reader;
mod reject;
mod rotated;
mod shard;
mod source;
mod stream;
mod values;

pub use account::{FileAccount, accounts_table};
pub use check::{Checked, check, parse_id};
pub use columns::{Columns, Place, Row, delay_class};
pub use context::Ingest;
pub use decode::decode;
pub use find::{Found, find, is_log_named, log_at, mapping};
pub use history::{History, Repeat, id_fingerprint, id_fingerprints, identifiers_table, recall, repetitions_table};
pub use judge::{Fate, LinePlace, Witness};
pub use ledger::{Entry, Repeats};
pub use left_alone::{LeftAlone, WhyLeft, gathered};
pub use lines::{Item, LineEnd, LineReader};
pub use months::Months;
pub use packing::Compression;
pub use reader::Reading;
pub use reject::{Quarantined, Reason, Reject, quarantine_table};
pub use shard::{Shard, ShardReading, placed, together};
pub use source::{Chosen, Listing, SourceFile, list, names};
pub use stream::{Delivered, Stream};

//! Of a publication whose data are finished no newer version is due, and none is late, however long ago the last one was.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stores::ask;
use crate::support::{Attempts, Kind, Run, guichets_with};

const SCHEDULE: &str = "*,*,2019-01-01T00:00:00+01:00,,60,true,essai";
const FINISHED: &str = "[publication]\nfrequency = \"never\"\n";
const LONG_AFTER: &str = "2031-01-01T00:00:00Z";

struct Publication {
    logs: Attempts,
    store: tempfile::TempDir,
}

impl Publication {
    fn new() -> Self {
        let logs = Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z");
        Self { logs, store: tempfile::tempdir().unwrap() }
    }

    fn store(&self) -> &str {
        self.store.path().to_str().unwrap()
    }

    fn pipeline(&self, more: &str) -> PathBuf {
        self.logs.pipeline(more, SCHEDULE)
    }

    fn publish(&self, pipeline: &Path, as_of: &str) {
        let raw = self.logs.path();
        let args = ["run", pipeline.to_str().unwrap(), "--raw", raw.to_str().unwrap(), "--store", self.store()];
        let run = guichets_with(&[], raw.parent().unwrap(), args.iter().chain(&["--as-of", as_of]));
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    }

    fn status(&self, more: &[&str]) -> Run {
        ask(&[], &[&["status", self.store(), "--at", LONG_AFTER], more].concat())
    }
}

fn assert_finished(status: &Run) {
    assert_eq!(status.code, Some(0), "{}\n{}", status.stdout, status.stderr);
    let told = "fresh: version 2019-05-01, of 2019-05-01T00:00:00+02:00, finished: no other is due";
    assert!(status.stdout.starts_with(told), "{}", status.stdout);
}

/// The store says so by itself, to who knows no pipeline, and goes on saying so after a retraction.
#[test]
fn a_finished_publication_is_never_late() {
    let publication = Publication::new();
    let pipeline = publication.pipeline(FINISHED);
    publication.publish(&pipeline, "2019-05-01T00:00:00+02:00");
    assert_finished(&publication.status(&[]));
    assert_finished(&publication.status(&["--pipeline", pipeline.to_str().unwrap()]));
    let pointer: Value =
        serde_json::from_slice(&fs::read(publication.store.path().join("latest.json")).unwrap()).unwrap();
    assert_eq!(pointer.get("fresh_until"), None, "{pointer}");
    assert_eq!(ask(&[], &["verify", publication.store()]).code, Some(0));

    publication.publish(&pipeline, "2019-05-02T00:00:00+02:00");
    let retracted = ask(&[], &["retract", publication.store(), "2019-05-02", "--reason", "essai"]);
    assert_eq!(retracted.code, Some(0), "{}", retracted.stderr);
    assert_finished(&publication.status(&[]));
}

/// A pipeline that ends keeps the store that it has: what the pointer says of a next version no longer holds.
#[test]
fn a_publication_that_ends_is_late_only_for_who_does_not_know_its_pipeline() {
    let publication = Publication::new();
    publication.publish(&publication.pipeline(""), "2019-05-01T00:00:00+02:00");
    let late = publication.status(&[]);
    assert_eq!(late.code, Some(1), "{}", late.stdout);
    assert!(late.stdout.starts_with("STALE: version 2019-05-01"), "{}", late.stdout);
    assert_eq!(publication.status(&["--pipeline", publication.pipeline("").to_str().unwrap()]).code, Some(1));
    assert_finished(&publication.status(&["--pipeline", publication.pipeline(FINISHED).to_str().unwrap()]));
}

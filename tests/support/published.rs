//! Versions that several tests read: each is made by the first test that asks, and goes with the last that reads it.

use std::sync::{Arc, Mutex, Weak};

use super::{Version, real_logs, root, skipped};

/// A version while anyone reads it.
struct Shared(Mutex<Weak<Version>>);

impl Shared {
    const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    fn get(&self, make: impl FnOnce() -> Version) -> Arc<Version> {
        let mut shared = self.0.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let version = Arc::new(make());
            *shared = Arc::downgrade(&version);
            version
        })
    }
}

/// The version that `cargo run` makes.
pub fn sample() -> Arc<Version> {
    static SAMPLE: Shared = Shared::new();
    SAMPLE.get(|| Version::of(&root().join("pipelines/exemple"), &[], "2019-06-01T00:00:00+02:00"))
}

/// The log of Seine-Maritime, where it is there.
pub fn seine_maritime() -> Option<Arc<Version>> {
    static SEINE_MARITIME: Shared = Shared::new();
    let Some(real) = real_logs() else {
        skipped("the real log of Seine-Maritime is not here");
        return None;
    };
    let (pipeline, logs) = (root().join("pipelines/seine-maritime-2022"), real.join("seine_maritime_2022"));
    Some(SEINE_MARITIME.get(|| Version::of(&pipeline, &[&logs], "2022-06-12T00:00:00+02:00")))
}

/// The log of German offices, where it is there.
pub fn german_offices() -> Option<Arc<Version>> {
    static GERMAN_OFFICES: Shared = Shared::new();
    let Some(real) = real_logs() else {
        skipped("the real log of German offices is not here");
        return None;
    };
    let pipeline = root().join("tests/fixtures/pipelines/bureaux-allemands");
    let logs = real.join("german_offices_2026");
    Some(GERMAN_OFFICES.get(|| Version::of(&pipeline, &[&logs], "2026-02-09T00:00:00+01:00")))
}

//! Conditional writes: which answers mean that another publisher was faster, and whether the store gives such answers.

use std::time::Duration;

use object_store::{Error as StoreError, ObjectStore, PutMode, PutOptions, UpdateVersion};

use super::{ObjectBackend, put_options};
use crate::digest::token;
use crate::error::{Error, Result};
use crate::net::{Answer, Provider, refused};
use crate::publish::store::Guard;
use crate::publish::{StorageKey, Store as _};

/// How long to wait before each further try, where nothing is decided yet.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// What the store says to a write under a condition.
enum Said {
    Written,
    /// The condition does not hold.
    Refused(StoreError),
    /// Another write is under way, and nothing is decided.
    Busy(StoreError),
    /// Anything else.
    Failed(StoreError),
}

fn say(backend: &ObjectBackend, store: &dyn ObjectStore, key: &StorageKey, bytes: &[u8], mode: PutMode) -> Said {
    let mode = if backend.guard == Guard::Waived { PutMode::Overwrite } else { mode };
    match backend.put_opts(store, &key.path(), bytes, PutOptions { mode, ..put_options(key) }) {
        Ok(()) => Said::Written,
        Err(error) if Answer::of(&error).conflicts() => Said::Busy(error),
        Err(error @ (StoreError::AlreadyExists { .. } | StoreError::Precondition { .. })) => Said::Refused(error),
        Err(error) => Said::Failed(error),
    }
}

/// See [`Store::swap`](crate::publish::Store::swap). Another publisher was faster only where something of another's is
/// there: a store may refuse while nothing is decided, or for reasons of its own.
pub(super) fn swap(backend: &ObjectBackend, key: &StorageKey, expected: Option<&[u8]>, bytes: &[u8]) -> Result<bool> {
    let path = key.path();
    let mut pauses = PAUSES.into_iter();
    let mut tried = false;
    loop {
        let mode = match (expected, backend.current(&path)?) {
            (None, None) => PutMode::Create,
            (Some(expected), Some((current, mark))) if current == expected => PutMode::Update(mark),
            // Ours may be what is there: a try whose answer was lost.
            (_, current) => return Ok(tried && current.is_some_and(|(current, _)| current == bytes)),
        };
        let error = match say(backend, backend.store.as_ref(), key, bytes, mode) {
            Said::Written => return Ok(true),
            Said::Refused(error) | Said::Busy(error) => error,
            Said::Failed(error) => {
                return match backend.get(&path) {
                    Ok(Some(current)) if current == bytes => Ok(true),
                    _ => Err(backend.refused(&path, error, "cannot write conditionally")),
                };
            }
        };
        tried = true;
        if changed(backend, &path, expected)? {
            continue;
        }
        let Some(pause) = pauses.next() else {
            return Err(backend.at(&path)(undecided(error, Provider::of(&backend.name))));
        };
        std::thread::sleep(pause);
    }
}

/// Whether there is now something else than what a write was to replace.
fn changed(backend: &ObjectBackend, path: &str, expected: Option<&[u8]>) -> Result<bool> {
    Ok(backend.get(path)?.as_deref() != expected)
}

/// The store refuses, and nobody was faster.
fn undecided(error: StoreError, provider: Provider) -> Error {
    let busy = Answer::of(&error).conflicts();
    let told =
        refused(error, "the conditional write is refused again and again, though nobody else wrote there", provider);
    if busy {
        told.hint("the store says that another write is under way: run again later")
    } else {
        told.hint("what is read may be an old state, or what is there may not be read: run again later, and see that the key may read everything")
    }
}

/// See [`Store::check_swap`](crate::publish::Store::check_swap).
pub(super) fn check(backend: &ObjectBackend) -> Result<()> {
    if backend.guard == Guard::Waived {
        return Ok(());
    }
    let key = StorageKey::Probe { token: token() };
    backend.put(&key, PROBE)?;
    let found = keeps_its_word(backend, &key);
    let removed = backend.delete(&key);
    found.and(removed)
}

/// What is written to try the store.
const PROBE: &[u8] = b"probe\n";

fn keeps_its_word(backend: &ObjectBackend, key: &StorageKey) -> Result<()> {
    let stale = UpdateVersion { e_tag: Some("\"0\"".to_owned()), version: Some("0".to_owned()) };
    must_refuse(backend, key, &PutMode::Create)?;
    // One that refuses to create needs to refuse to replace, too.
    if !backend.name.starts_with("gs://") {
        must_refuse(backend, key, &PutMode::Update(stale))?;
    }
    must_take_its_own_tag(backend, key)
}

/// A condition that does not hold is refused, and by nothing else than a refusal.
fn must_refuse(backend: &ObjectBackend, key: &StorageKey, mode: &PutMode) -> Result<()> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let error = match say(backend, backend.once.as_ref(), key, PROBE, mode.clone()) {
            Said::Refused(_) => return Ok(()),
            Said::Written => return Err(unconditional(backend)),
            Said::Failed(error @ (StoreError::NotImplemented { .. } | StoreError::NotSupported { .. })) => {
                return Err(unconditional(backend).because(error));
            }
            Said::Busy(error) | Said::Failed(error) => error,
        };
        let answer = Answer::of(&error);
        // The same write without a condition was just done.
        if answer.unknown_request() {
            return Err(unconditional(backend).because(refused(
                error,
                "to a write with a condition",
                Provider::of(&backend.name),
            )));
        }
        match pauses.next().filter(|_| answer.passes()) {
            Some(pause) => std::thread::sleep(pause),
            None => return Err(backend.refused(&key.path(), error, "cannot try a conditional write")),
        }
    }
}

/// A condition that holds is not refused: the tag is the one with which the store gave the object.
fn must_take_its_own_tag(backend: &ObjectBackend, key: &StorageKey) -> Result<()> {
    const AGAIN: &[u8] = b"probe again\n";
    let mut pauses = PAUSES.into_iter();
    loop {
        // What was just written may not be seen at once; what is seen may be the write whose answer was lost.
        let tag = match backend.current(&key.path())? {
            Some((current, _)) if current == AGAIN => return Ok(()),
            Some((_, mark)) => {
                let tag = mark.e_tag.clone();
                if tag.is_none() && mark.version.is_none() {
                    return Err(useless_tags(backend, "the store gives no entity tags"));
                }
                match say(backend, backend.once.as_ref(), key, AGAIN, PutMode::Update(mark)) {
                    Said::Written => return Ok(()),
                    Said::Refused(_) => tag,
                    Said::Busy(error) | Said::Failed(error) if Answer::of(&error).passes() => None,
                    Said::Busy(error) | Said::Failed(error) => {
                        return Err(backend.refused(&key.path(), error, "cannot try a conditional write"));
                    }
                }
            }
            None => None,
        };
        match (pauses.next(), tag) {
            (_, Some(tag)) if tag.starts_with("W/") => {
                return Err(useless_tags(
                    backend,
                    &format!("the store, or a proxy before it, gives weak entity tags ({tag})"),
                ));
            }
            (Some(pause), _) => std::thread::sleep(pause),
            (None, Some(tag)) => {
                return Err(useless_tags(backend, &format!("the store does not know its own entity tag {tag} again")));
            }
            (None, None) => {
                return Err(Error::unreachable("what was just written cannot be read, or not be replaced")
                    .at(&backend.name)
                    .hint("run again later"));
            }
        }
    }
}

fn unconditional(backend: &ObjectBackend) -> Error {
    Error::usage("the store does not write conditionally: two publishers at once could overwrite each other")
        .at(&backend.name)
        .hint("use a store that honours If-Match and If-None-Match, or say --sole-publisher if there is never a second one")
}

fn useless_tags(backend: &ObjectBackend, what: &str) -> Error {
    Error::usage(format!("{what}: a conditional write is refused though nobody else wrote"))
        .at(&backend.name)
        .hint(
            "name the store's own endpoint, or turn off compression in the proxy before it; or say --sole-publisher if there \
             is never a second publisher",
        )
}

//! A store in memory that answers one operation at a time, or gives the answers that a process has had once more.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use guichets_ouverts::error::{Error, Result};
use guichets_ouverts::publish::{CachePolicy, Object, StorageKey, Store};

/// What a store holds, and what has ever been there to be cached.
#[derive(Clone, Default)]
pub struct World {
    pub objects: BTreeMap<Arc<str>, Arc<[u8]>>,
    /// By the path of each object that caches keep for ever, what it held first.
    kept: BTreeMap<Arc<str>, u64>,
    /// A path that caches keep for ever, and that held something else later.
    pub broken: Option<Arc<str>>,
    pub hash: u64,
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl World {
    /// Writes an object.
    pub fn put(&mut self, key: &StorageKey, bytes: &[u8]) {
        let path: Arc<str> = key.path().into();
        self.take_out(&path);
        self.hash ^= hash_of((&path, bytes));
        if key.cache_policy() == CachePolicy::Immutable {
            let first = *self.kept.entry(Arc::clone(&path)).or_insert_with(|| {
                self.hash ^= hash_of(("kept", &path, bytes));
                hash_of(bytes)
            });
            if first != hash_of(bytes) {
                self.broken = Some(Arc::clone(&path));
            }
        }
        self.objects.insert(path, bytes.into());
    }

    fn take_out(&mut self, path: &str) {
        if let Some(before) = self.objects.remove(path) {
            self.hash ^= hash_of((path, &*before));
        }
    }
}

/// What a process asks of the store.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Operation {
    Get(Arc<str>),
    Size(Arc<str>),
    Put(StorageKey, Arc<[u8]>),
    Delete(StorageKey),
    Swap(StorageKey, Option<Arc<[u8]>>, Arc<[u8]>),
    List,
}

/// What the store answers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    Bytes(Option<Arc<[u8]>>),
    Size(Option<u64>),
    Done(bool),
    Listed(Vec<(String, u64)>),
}

impl Operation {
    /// Its name, the path that it is about (`*` for all), and whether it may change what is there.
    pub fn about(&self) -> (&'static str, Arc<str>, bool) {
        match self {
            Self::Get(path) => ("get", Arc::clone(path), false),
            Self::Size(path) => ("size", Arc::clone(path), false),
            Self::Put(key, _) => ("put", key.path().into(), true),
            Self::Delete(key) => ("delete", key.path().into(), true),
            Self::Swap(key, ..) => ("swap", key.path().into(), true),
            Self::List => ("list", "*".into(), false),
        }
    }

    pub fn act(&self, world: &mut World) -> Answer {
        match self {
            Self::Get(path) => Answer::Bytes(world.objects.get(path).cloned()),
            Self::Size(path) => Answer::Size(world.objects.get(path).map(|bytes| bytes.len() as u64)),
            Self::Put(key, bytes) => {
                world.put(key, bytes);
                Answer::Done(true)
            }
            Self::Delete(key) => {
                world.take_out(&key.path());
                Answer::Done(true)
            }
            Self::Swap(key, expected, bytes) => {
                let holds = world.objects.get(&*key.path()) == expected.as_ref();
                if holds {
                    world.put(key, bytes);
                }
                Answer::Done(holds)
            }
            Self::List => {
                let of = |(path, bytes): (&Arc<str>, &Arc<[u8]>)| (path.to_string(), bytes.len() as u64);
                Answer::Listed(world.objects.iter().map(of).collect())
            }
        }
    }
}

/// Who answers a process.
enum Answers {
    /// The store, at once: nobody else is there.
    Alone(World),
    /// Answers that it has had, the next one last; then what it asks for next, which nobody answers yet.
    Again(Vec<Answer>, Option<Operation>),
}

/// The store as one process has it.
pub struct Place {
    answers: Mutex<Answers>,
    who: usize,
    tokens: Mutex<u32>,
}

impl Place {
    /// For one who is alone in a world.
    pub fn alone(world: World) -> Self {
        Self { answers: Answers::Alone(world).into(), who: usize::MAX, tokens: 0.into() }
    }

    /// What is there now.
    pub fn world(&self) -> World {
        match &*self.lock() {
            Answers::Alone(world) => world.clone(),
            Answers::Again(..) => World::default(),
        }
    }

    /// For the process `who`, which has had these answers, the last one first.
    pub fn again(who: usize, answers: Vec<Answer>) -> Self {
        Self { answers: Answers::Again(answers, None).into(), who, tokens: 0.into() }
    }

    /// What was asked for that nobody has answered.
    pub fn unanswered(self) -> Option<Operation> {
        match self.answers.into_inner().unwrap() {
            Answers::Again(left, next) => {
                assert!(left.is_empty(), "the same answers lead elsewhere");
                next
            }
            Answers::Alone(_) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap()
    }

    fn ask(&self, operation: Operation) -> Result<Answer> {
        match &mut *self.lock() {
            Answers::Alone(world) => Ok(operation.act(world)),
            Answers::Again(answers, next) => answers.pop().ok_or_else(|| {
                next.get_or_insert(operation);
                Error::unreachable("not answered yet")
            }),
        }
    }
}

impl Store for Place {
    fn name(&self) -> String {
        "model".to_owned()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Answer::Bytes(bytes) = self.ask(Operation::Get(path.into()))? else { unreachable!() };
        Ok(bytes.map(|bytes| bytes.to_vec()))
    }

    fn get_file(&self, path: &str, file: &Path, _at_most: u64) -> Result<bool> {
        let bytes = self.get(path)?;
        Ok(bytes.is_some_and(|bytes| fs::write(file, bytes).is_ok()))
    }

    fn size(&self, path: &str) -> Result<Option<u64>> {
        let Answer::Size(size) = self.ask(Operation::Size(path.into()))? else { unreachable!() };
        Ok(size)
    }

    fn put_file(&self, key: &StorageKey, file: &Path) -> Result<()> {
        self.put(key, &fs::read(file).unwrap())
    }

    fn put(&self, key: &StorageKey, bytes: &[u8]) -> Result<()> {
        self.ask(Operation::Put(key.clone(), bytes.into())).map(|_| ())
    }

    fn delete(&self, key: &StorageKey) -> Result<()> {
        self.ask(Operation::Delete(key.clone())).map(|_| ())
    }

    fn swap(&self, key: &StorageKey, expected: Option<&[u8]>, bytes: &[u8]) -> Result<bool> {
        let operation = Operation::Swap(key.clone(), expected.map(Into::into), bytes.into());
        Ok(self.ask(operation)? == Answer::Done(true))
    }

    fn check_swap(&self) -> Result<()> {
        Ok(())
    }

    /// All is eight days old: whatever a time of grace would keep is not kept here.
    fn objects(&self) -> Result<Vec<Object>> {
        let Answer::Listed(found) = self.ask(Operation::List)? else { unreachable!() };
        let modified = Utc::now() - TimeDelta::days(8);
        Ok(found.into_iter().map(|(path, bytes)| Object { path, bytes, modified }).collect())
    }

    fn public_url(&self, _: &str) -> Option<String> {
        None
    }

    /// One after the other, so that the same answers lead to the same questions.
    fn at_once(&self) -> usize {
        1
    }

    /// Time is nobody's operation: all orders are tried without it.
    fn pause(&self, _: Duration) {}

    fn token(&self) -> String {
        let mut tokens = self.tokens.lock().unwrap();
        *tokens += 1;
        format!("{:x}-{tokens}", self.who)
    }
}

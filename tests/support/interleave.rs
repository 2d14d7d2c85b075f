//! Every order in which several processes may take their steps on one store, one after the other.
//!
//! The processes are the real code, a step is one operation on the store. What a process does next follows from what it was
//! answered so far: it is run anew with these answers, until it asks for what nobody has answered yet. So nothing waits and
//! no thread is switched; a state is the store and the answers of each, all orders that lead to one state are one from
//! there on, and a process that is killed is one that never gets another answer. An operation on an object that only one
//! process writes or reads is no reason to let another go first: which objects these are is found by the search itself,
//! which begins again whenever it learns of one more that is shared.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use guichets_ouverts::publish::Store;

use super::model_store::{Answer, Operation, Place, World};

/// What a process does, and what it tells in the end.
pub type Process<'a, T> = Box<dyn Fn(&dyn Store) -> T + 'a>;

/// A process after so many answers: what it asks for next, or what it tells.
struct Moment<T> {
    before: Option<(usize, Answer)>,
    next: Result<Operation, T>,
    after: HashMap<Answer, usize>,
}

/// All that a process may come to.
struct Life<'a, T> {
    who: usize,
    process: &'a Process<'a, T>,
    moments: Vec<Moment<T>>,
}

impl<'a, T> Life<'a, T> {
    fn new(who: usize, process: &'a Process<'a, T>) -> Self {
        let mut life = Self { who, process, moments: Vec::new() };
        life.live(None);
        life
    }

    /// Runs the process with the answers that led here.
    fn live(&mut self, before: Option<(usize, Answer)>) -> usize {
        let mut answers = Vec::new();
        let mut link = &before;
        while let Some((moment, answer)) = link {
            answers.push(answer.clone());
            link = &self.moments[*moment].before;
        }
        let place = Place::again(self.who, answers);
        let told = (self.process)(&place);
        let next = place.unanswered().ok_or(told);
        self.moments.push(Moment { before, next, after: HashMap::new() });
        self.moments.len() - 1
    }

    fn after(&mut self, moment: usize, answer: Answer) -> usize {
        if let Some(after) = self.moments[moment].after.get(&answer) {
            return *after;
        }
        let after = self.live(Some((moment, answer.clone())));
        self.moments[moment].after.insert(answer, after);
        after
    }
}

/// A state that was come to.
struct Step {
    /// From which one, and by whose operation.
    from: Option<(usize, usize)>,
    place: Situation,
    /// States that follow.
    to: Vec<usize>,
}

/// Where everybody is.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Situation {
    moments: Vec<usize>,
    /// Who had the last turn, and how many turns were taken from one who could have gone on; neither where that does not
    /// matter.
    last: Option<usize>,
    taken: usize,
}

/// How far a search went.
#[derive(Debug, Default)]
pub struct Explored {
    /// Orders of steps from beginning to end.
    pub interleavings: f64,
    /// States: what the store holds, and what each process was answered.
    pub states: usize,
    /// What the store held, without regard to the processes: in each of these all of them may be killed.
    pub worlds: usize,
}

/// What several processes do to one store.
struct Search<'a, T> {
    lives: Vec<Life<'a, T>>,
    /// Paths that more than one touch, and at least one of them changes.
    shared: HashSet<Arc<str>>,
    /// By path: who reads it, who writes it.
    touched: HashMap<Arc<str>, [BTreeSet<usize>; 2]>,
    steps: Vec<Step>,
    /// How many turns may be taken from one who could have gone on.
    most_taken: usize,
}

/// Runs processes in every order of their steps in which no more turns than `most_taken` are taken from one who could have
/// gone on; `usize::MAX` for every order that there is. `anywhere` is asked of each world, `finally` of each end, with what the
/// processes told; each says what is wrong.
pub fn explore<T>(
    initial: &World,
    processes: &[Process<'_, T>],
    most_taken: usize,
    anywhere: impl Fn(&World) -> Result<(), String>,
    finally: impl Fn(&World, &[&T]) -> Result<(), String>,
) -> Explored {
    let lives = processes.iter().enumerate().map(|(who, process)| Life::new(who, process)).collect();
    let mut search = Search { lives, shared: HashSet::new(), touched: HashMap::new(), steps: Vec::new(), most_taken };
    let worlds = RefCell::new(HashSet::new());
    let anywhere = |world: &World| if worlds.borrow_mut().insert(world.hash) { anywhere(world) } else { Ok(()) };
    while !search.through(initial, &anywhere, &finally) {}
    Explored { interleavings: search.interleavings(), states: search.steps.len(), worlds: worlds.into_inner().len() }
}

impl<T> Search<'_, T> {
    /// Goes through all states; false where it learnt on the way that an object is shared.
    fn through(
        &mut self,
        initial: &World,
        anywhere: &impl Fn(&World) -> Result<(), String>,
        finally: &impl Fn(&World, &[&T]) -> Result<(), String>,
    ) -> bool {
        let shared = self.shared.len();
        let place = Situation { moments: vec![0; self.lives.len()], last: None, taken: 0 };
        self.steps = vec![Step { from: None, place, to: Vec::new() }];
        let mut known: HashMap<(u64, Situation), usize> = HashMap::new();
        let mut waiting = vec![(0, initial.clone())];
        while let Some((at, world)) = waiting.pop() {
            anywhere(&world).unwrap_or_else(|wrong| panic!("{wrong}, after\n{}", self.story(at)));
            let able = self.able(at);
            if able.is_empty() {
                let told: Vec<&T> = self.told(at);
                finally(&world, &told).unwrap_or_else(|wrong| panic!("{wrong}, after\n{}", self.story(at)));
            }
            for (who, mut place) in able {
                let mut world = world.clone();
                let next = self.lives[who].moments[place.moments[who]].next.as_ref();
                let Ok(operation) = next.cloned() else { continue };
                self.touch(who, &operation);
                if self.shared.len() > shared {
                    return false;
                }
                let answer = operation.act(&mut world);
                place.moments[who] = self.lives[who].after(place.moments[who], answer);
                let next = self.steps.len();
                let to = *known.entry((world.hash, place.clone())).or_insert(next);
                if to == next {
                    self.steps.push(Step { from: Some((at, who)), place, to: Vec::new() });
                    waiting.push((to, world));
                }
                self.steps[at].to.push(to);
            }
        }
        true
    }

    /// Who may go on, and how it then is: all that wait for something, or one alone where that is nobody else's business.
    fn able(&self, at: usize) -> Vec<(usize, Situation)> {
        let place = &self.steps[at].place;
        let next = |who: usize| self.lives[who].moments[place.moments[who]].next.as_ref().ok();
        let waiting: Vec<usize> = (0..self.lives.len()).filter(|who| next(*who).is_some()).collect();
        let own = |path: &Arc<str>| &**path != "*" && !self.shared.contains(path);
        let alone = waiting.iter().copied().find(|who| next(*who).is_some_and(|operation| own(&operation.about().1)));
        if let Some(alone) = alone {
            return vec![(alone, place.clone())];
        }
        let before = place.last.filter(|last| waiting.contains(last));
        let turn = |who: usize| {
            let taken = place.taken + usize::from(before.is_some_and(|last| last != who));
            let (last, taken) = if self.most_taken == usize::MAX { (None, 0) } else { (Some(who), taken) };
            (taken <= self.most_taken).then(|| (who, Situation { last, taken, ..place.clone() }))
        };
        waiting.into_iter().filter_map(turn).collect()
    }

    fn told(&self, at: usize) -> Vec<&T> {
        let moments = self.lives.iter().zip(&self.steps[at].place.moments);
        moments.filter_map(|(life, moment)| life.moments[*moment].next.as_ref().err()).collect()
    }

    fn touch(&mut self, who: usize, operation: &Operation) {
        let (_, path, may_change) = operation.about();
        let listers = self.touched.get("*").map(|[readers, _]| readers.clone()).unwrap_or_default();
        let [readers, writers] = self.touched.entry(Arc::clone(&path)).or_default();
        let _ = if may_change { writers.insert(who) } else { readers.insert(who) };
        readers.extend(listers);
        if readers.union(writers).count() > 1 && !writers.is_empty() {
            self.shared.insert(path);
        }
    }

    /// What was done, for whoever wonders how it came to this.
    fn story(&self, at: usize) -> String {
        let mut done = Vec::new();
        let mut step = &self.steps[at];
        while let Some((from, who)) = step.from {
            step = &self.steps[from];
            if let Ok(operation) = &self.lives[who].moments[step.place.moments[who]].next {
                let (what, path, _) = operation.about();
                done.push((who, what, path));
            }
        }
        done.iter().rev().fold(String::new(), |mut story, (who, what, path)| {
            writeln!(story, "  {who}: {what} {path}").unwrap();
            story
        })
    }

    /// Orders from the beginning to an end: the sum of those of the states that follow, which are found after a state.
    fn interleavings(&self) -> f64 {
        let mut orders = vec![f64::NAN; self.steps.len()];
        let mut waiting = vec![0];
        while let Some(at) = waiting.last().copied() {
            let unknown: Vec<usize> = self.steps[at].to.iter().copied().filter(|to| orders[*to].is_nan()).collect();
            if unknown.is_empty() {
                let following: f64 = self.steps[at].to.iter().map(|to| orders[*to]).sum();
                orders[at] = if self.steps[at].to.is_empty() { 1.0 } else { following };
                waiting.pop();
            }
            waiting.extend(unknown);
        }
        orders[0]
    }
}

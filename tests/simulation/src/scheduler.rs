//! One thread, in which the seed decides who goes next.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::timeline::Timeline;
use crate::trace::Trace;

/// Whose task it is: it dies, sleeps and wakes with the others of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The vendors and those who push: they never die.
    World,
    /// A process of the relay: its place, and how many have been there before.
    Process {
        /// The place.
        slot: usize,
        /// How many have been there before.
        life: u32,
    },
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Runs tasks, one step at a time.
pub struct Scheduler {
    /// The time.
    pub timeline: Arc<Timeline>,
    /// What happened.
    pub trace: Arc<Trace>,
    dice: StdRng,
    tasks: BTreeMap<u64, (Owner, Task)>,
    next: u64,
    ready: Arc<Ready>,
    spawner: Spawner,
    halts: Halts,
    /// Owners that are stopped, and until when.
    stopped: BTreeMap<Owner, Duration>,
    /// Owners that die, and after how many more steps of theirs.
    fuses: BTreeMap<Owner, u64>,
    steps: u64,
}

/// Tasks that somebody has woken.
#[derive(Default)]
struct Ready(Mutex<BTreeSet<u64>>);

struct Alarm {
    task: u64,
    ready: Arc<Ready>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.ready.0.lock().unwrap_or_else(PoisonError::into_inner).insert(self.task);
    }
}

/// Takes tasks from within tasks.
#[derive(Clone, Default)]
pub struct Spawner(Arc<Mutex<Vec<Begun>>>);

/// A task that has just begun, and whose it is.
type Begun = (Owner, BoxFuture<'static, ()>);

impl Spawner {
    /// Begins a task.
    pub fn spawn(&self, owner: Owner, task: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((owner, Box::pin(task)));
    }

    fn take(&self) -> Vec<Begun> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Has an owner die or stand still, from within its tasks.
#[derive(Clone, Default)]
pub struct Halts(Arc<Mutex<Option<Halt>>>);

/// Who, and how long; for good where nothing is said.
type Halt = (Owner, Option<Duration>);

impl Halts {
    /// That owner takes no other step, for a while or for good.
    pub fn halt(&self, owner: Owner, lasts: Option<Duration>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((owner, lasts));
    }

    fn take(&self) -> Option<Halt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Why the scheduler came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pause {
    /// The time was reached.
    Reached,
    /// A process died of its fuse.
    Died(Owner),
    /// A task panicked.
    Panicked(Owner, String),
    /// So many steps without an end: something goes round and round.
    Endless,
}

impl Scheduler {
    /// An empty one. `seed` decides who goes first, always.
    #[must_use]
    pub fn new(seed: u64, trace: Arc<Trace>) -> Self {
        Self {
            timeline: Arc::default(),
            trace,
            dice: StdRng::seed_from_u64(seed),
            tasks: BTreeMap::new(),
            next: 0,
            ready: Arc::default(),
            spawner: Spawner::default(),
            halts: Halts::default(),
            stopped: BTreeMap::new(),
            fuses: BTreeMap::new(),
            steps: 0,
        }
    }

    /// Takes tasks from within tasks.
    #[must_use]
    pub fn spawner(&self) -> Spawner {
        self.spawner.clone()
    }

    /// Has an owner die or stand still, from within its tasks.
    #[must_use]
    pub fn halts(&self) -> Halts {
        self.halts.clone()
    }

    /// Steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Begins a task.
    pub fn spawn(&mut self, owner: Owner, task: impl Future<Output = ()> + 'static) {
        self.admit(owner, Box::pin(task));
    }

    fn admit(&mut self, owner: Owner, task: Task) {
        self.next += 1;
        self.tasks.insert(self.next, (owner, task));
        self.ready.0.lock().unwrap_or_else(PoisonError::into_inner).insert(self.next);
    }

    /// A process is gone, with all that it was doing.
    pub fn kill(&mut self, owner: Owner) {
        self.fuses.remove(&owner);
        self.stopped.remove(&owner);
        let (dead, alive) =
            std::mem::take(&mut self.tasks).into_iter().partition(|(_, task)| task.0 == owner);
        self.tasks = alive;
        // Dropping them may wake others, which are among the living by now.
        drop::<BTreeMap<_, _>>(dead);
    }

    /// Whether anything of that owner goes on.
    #[must_use]
    pub fn lives(&self, owner: Owner) -> bool {
        self.tasks.values().any(|(other, _)| *other == owner)
    }

    /// A process dies after so many more of its steps.
    pub fn kill_after(&mut self, owner: Owner, steps: u64) {
        self.fuses.insert(owner, steps);
    }

    /// A process that was to die lives, and one that stands still goes on.
    pub fn spare(&mut self, owner: Owner) {
        self.fuses.remove(&owner);
        self.stopped.remove(&owner);
    }

    /// A process stands still for a while, as one whose machine sleeps.
    pub fn stop(&mut self, owner: Owner, duration: Duration) {
        self.stopped.insert(owner, self.timeline.now() + duration);
    }

    /// Runs until that time, or until something happens that the caller has to see to.
    pub fn run_until(&mut self, time: Duration, most_steps: u64) -> Pause {
        let end = self.steps + most_steps;
        loop {
            if self.steps >= end {
                return Pause::Endless;
            }
            for (owner, task) in self.spawner.take() {
                self.admit(owner, task);
            }
            match self.pick() {
                Some(task) => {
                    if let Some(pause) = self.step(task) {
                        return pause;
                    }
                }
                None => match self.next_moment().filter(|next| *next <= time) {
                    Some(next) => self.timeline.advance_to(next),
                    None => {
                        self.timeline.advance_to(time);
                        return Pause::Reached;
                    }
                },
            }
        }
    }

    /// One of the tasks that can go on.
    fn pick(&mut self) -> Option<u64> {
        let now = self.timeline.now();
        self.stopped.retain(|_, until| *until > now);
        let mut ready = self.ready.0.lock().unwrap_or_else(PoisonError::into_inner);
        ready.retain(|task| self.tasks.contains_key(task));
        let stopped = &self.stopped;
        let free: Vec<u64> =
            ready.iter().copied().filter(|task| !stopped.contains_key(&self.tasks[task].0)).collect();
        if free.is_empty() {
            return None;
        }
        let task = free[self.dice.random_range(0..free.len())];
        ready.remove(&task);
        Some(task)
    }

    /// When somebody is woken next, or goes on after a stop.
    fn next_moment(&self) -> Option<Duration> {
        self.timeline.next_due().into_iter().chain(self.stopped.values().copied()).min()
    }

    fn step(&mut self, id: u64) -> Option<Pause> {
        let (owner, mut task) = self.tasks.remove(&id)?;
        self.steps += 1;
        self.trace.step(self.timeline.now(), id);
        let waker = Waker::from(Arc::new(Alarm { task: id, ready: self.ready.clone() }));
        let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut Context::from_waker(&waker))));
        match polled {
            Ok(Poll::Pending) => _ = self.tasks.insert(id, (owner, task)),
            Ok(Poll::Ready(())) => {}
            Err(panic) => return Some(Pause::Panicked(owner, words(&*panic))),
        }
        match self.halts.take() {
            None => {}
            Some((owner, Some(lasts))) => self.stop(owner, lasts),
            Some((owner, None)) => {
                self.kill(owner);
                return Some(Pause::Died(owner));
            }
        }
        if let Some(left) = self.fuses.get_mut(&owner) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.kill(owner);
                return Some(Pause::Died(owner));
            }
        }
        None
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}

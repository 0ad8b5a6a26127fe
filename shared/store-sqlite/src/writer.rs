//! The one connection that writes.
//!
//! **Group commit.** A commit waits for the disk, and most of a write's time is that wait. So whatever has gathered in
//! the meantime is done in one transaction and committed together: sixteen pushes at once cost two waits and not sixteen.
//! One that fails rolls back alone: the others are done again, each behind a savepoint of its own. Nobody is answered before
//! the commit that holds the request is durable.
//!
//! Requests are served off the async threads by a task that ends when there are none left. The task is tokio's, so that a
//! clock that stands still while the program works stands still while the store does.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use relay_core::{StoreError, StoreErrorKind};
use rusqlite::Connection;

use super::blocking::Blocking;
use super::health::Health;
use super::housekeeping::{self, Cleaned, Pace};
use super::request::{Request, request};
use super::retention::Retention;
use super::steady_time::{Began, SteadyTime};
use super::wal::{self, Wal};

/// How many requests share a transaction at most: some milliseconds of work beside the wait for the disk.
const LARGEST_GROUP: usize = 256;

type Failure = Arc<rusqlite::Error>;

/// Takes requests to the connection that writes. Dropping it does what was asked for and closes the file.
pub(super) struct Writer {
    shared: Arc<Shared>,
    blocking: Blocking,
}

struct Shared {
    waiting: Mutex<Waiting>,
    /// `None` once the file is closed.
    at_work: Mutex<Option<AtWork>>,
}

/// The requests that nobody has begun.
#[derive(Default)]
struct Waiting {
    requests: VecDeque<Box<dyn Request>>,
    /// Whether somebody serves them.
    is_served: bool,
}

impl Writer {
    /// Writes over a connection of its own.
    pub(super) fn new(
        connection: Connection,
        health: Arc<Health>,
        time: SteadyTime,
        retention: Retention,
        blocking: Blocking,
    ) -> Self {
        let wal = Wal::of(&health);
        let at_work = AtWork { connection, wal, health, time, retention, pace: Pace::default() };
        let shared = Shared { waiting: Mutex::default(), at_work: Mutex::new(Some(at_work)) };
        Self { shared: Arc::new(shared), blocking }
    }

    /// Has some work done in a transaction. Who is dropped before its turn has done nothing; who is dropped later does it
    /// all the same.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnMut(&Connection, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (request, answered) = request(doing, work);
        if self.shared.enqueue(request) {
            let shared = self.shared.clone();
            self.blocking.begin(move || shared.serve());
        }
        let gone = || StoreError::new(doing, "the store was closed before it was done");
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A runtime that has ended may have left requests behind.
        self.shared.serve();
        drop(self.shared.at_work().take());
    }
}

impl Shared {
    /// Adds a request, and says whether nobody serves it yet: then the caller is to see to that.
    fn enqueue(&self, request: Box<dyn Request>) -> bool {
        let mut waiting = self.waiting();
        waiting.requests.push_back(request);
        !std::mem::replace(&mut waiting.is_served, true)
    }

    /// Serves requests until there are none left.
    fn serve(&self) {
        let mut at_work = self.at_work();
        let Some(at_work) = at_work.as_mut() else { return };
        while let Some(first) = self.first() {
            at_work.serve_group(first, || self.waiting().requests.pop_front());
            at_work.keep_house(|| self.waiting().requests.is_empty());
        }
    }

    /// The next request; where there is none, whoever asks next is to see to it.
    fn first(&self) -> Option<Box<dyn Request>> {
        let mut waiting = self.waiting();
        let first = waiting.requests.pop_front();
        waiting.is_served = first.is_some();
        first
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at_work(&self) -> MutexGuard<'_, Option<AtWork>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What writing takes.
struct AtWork {
    connection: Connection,
    wal: Wal,
    health: Arc<Health>,
    time: SteadyTime,
    retention: Retention,
    pace: Pace,
}

/// What is undone where a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Undo {
    /// The whole transaction.
    Together,
    /// That request alone.
    Apart,
}

/// What became of a transaction.
enum Attempt {
    Done,
    /// A request has failed, and nothing of the group has happened.
    Undone,
}

/// A request in a transaction.
struct Turn {
    request: Box<dyn Request>,
    /// Why its own part was rolled back.
    failed: Option<StoreError>,
}

impl Turn {
    fn of(request: Box<dyn Request>) -> Self {
        Self { request, failed: None }
    }
}

impl AtWork {
    /// Serves a request together with those that have gathered behind it.
    fn serve_group(&mut self, first: Box<dyn Request>, arriving: impl FnMut() -> Option<Box<dyn Request>>) {
        let is_full = self.serve(first, arriving);
        if self.wal.wants_shrinking(is_full, self.time.clock().monotonic()) {
            self.wal.shrink(&self.connection);
        }
    }

    /// Serves a request together with those that have gathered behind it. Says whether the disk is full.
    fn serve(&self, first: Box<dyn Request>, mut arriving: impl FnMut() -> Option<Box<dyn Request>>) -> bool {
        let mut group = vec![Turn::of(first)];
        group.extend(std::iter::from_fn(&mut arriving).take(LARGEST_GROUP - 1).map(Turn::of));
        match self.transact(&mut group, arriving) {
            // One of them may ask for more room than there is: it must not take the others with it.
            Err(error) if group.len() > 1 && self.is_full(&error) => {
                let alone = group.into_iter().map(|turn| {
                    let mut alone = vec![turn];
                    let done = self.transact(&mut alone, || None);
                    self.answer(alone, &done)
                });
                alone.fold(false, |is_full, found| is_full | found)
            }
            done => self.answer(group, &done),
        }
    }

    /// Does a group in one transaction, with those that arrive while others have their turn. After an error nothing of it
    /// has happened.
    ///
    /// A savepoint has SQLite copy each page that is changed behind it, and nearly none is needed: so the group is done
    /// without, and once more with them where a request has failed.
    fn transact(
        &self,
        group: &mut Vec<Turn>,
        mut arriving: impl FnMut() -> Option<Box<dyn Request>>,
    ) -> Result<(), Failure> {
        match self.attempt(group, &mut arriving, Undo::Together)? {
            Attempt::Done => Ok(()),
            // One alone is undone with its transaction.
            Attempt::Undone if group.len() == 1 => Ok(()),
            Attempt::Undone => self.attempt(group, arriving, Undo::Apart).map(drop),
        }
    }

    fn attempt(
        &self,
        group: &mut Vec<Turn>,
        arriving: impl FnMut() -> Option<Box<dyn Request>>,
        undo: Undo,
    ) -> Result<Attempt, Failure> {
        // Immediate: two programs never both read and then both try to write.
        self.execute("BEGIN IMMEDIATE")?;
        let done = match self.take_all(group, arriving, undo) {
            Ok(Attempt::Done) => self.execute("COMMIT").map(|()| Attempt::Done),
            other => other,
        };
        if !matches!(done, Ok(Attempt::Done)) && !self.connection.is_autocommit() {
            // Where it cannot be rolled back, the next transaction cannot begin and says why.
            _ = self.execute("ROLLBACK");
        }
        done
    }

    fn take_all(
        &self,
        group: &mut Vec<Turn>,
        mut arriving: impl FnMut() -> Option<Box<dyn Request>>,
        undo: Undo,
    ) -> Result<Attempt, Failure> {
        let began = self.time.settle(&self.connection)?;
        let mut next = 0;
        while let Some(turn) = group.get_mut(next) {
            self.take(turn, began, undo)?;
            if undo == Undo::Together && turn.failed.is_some() {
                return Ok(Attempt::Undone);
            }
            next += 1;
            if next == group.len() && next < LARGEST_GROUP {
                group.extend(arriving().map(Turn::of));
            }
        }
        Ok(Attempt::Done)
    }

    /// Does one request. An error is one of the whole transaction: SQLite has given it up.
    fn take(&self, turn: &mut Turn, began: Began, undo: Undo) -> Result<(), Failure> {
        let doing = turn.request.doing();
        turn.failed = self.health.still_well(doing).err();
        if turn.failed.is_some() || !turn.request.is_wanted() {
            return Ok(());
        }
        let savepoint = |sql| if undo == Undo::Apart { self.execute(sql) } else { Ok(()) };
        savepoint("SAVEPOINT request")?;
        let work = AssertUnwindSafe(|| turn.request.work(&self.connection, self.time.after(began)));
        turn.failed = match catch_unwind(work) {
            Ok(Ok(())) => None,
            Ok(Err(error)) if self.connection.is_autocommit() => return Err(error.into()),
            Ok(Err(error)) => Some(self.health.met(doing, error)),
            // The hook for panics has printed where. What it was about may be a document, and is not repeated.
            Err(_) => {
                Some(StoreError::new(doing, "a transaction panicked: this is a mistake in the program"))
            }
        };
        if turn.failed.is_some() {
            savepoint("ROLLBACK TO request")?;
        }
        savepoint("RELEASE request")
    }

    /// Answers everybody in a group. Says whether the disk is full.
    fn answer(&self, group: Vec<Turn>, done: &Result<(), Failure>) -> bool {
        // After the commit, so that a file that was taken away in its midst is noticed too.
        let is_ours = group.first().is_none_or(|turn| self.health.still_ours(turn.request.doing()).is_ok());
        let mut is_full = false;
        for Turn { request, failed } in group {
            let doing = request.doing();
            let answer = match (done, failed) {
                (Err(error), _) => Err(self.health.met(doing, error.clone())),
                (Ok(()), Some(failed)) => Err(failed),
                (Ok(()), None) if is_ours => Ok(()),
                (Ok(()), None) => self.health.still_ours(doing).and_then(|()| self.health.still_well(doing)),
            };
            is_full |= matches!(&answer, Err(error) if error.kind == StoreErrorKind::Full);
            request.answer(answer);
        }
        is_full
    }

    /// Cleans up a little, if it is time to: after the answers, so that a push does not wait for it, and in transactions of
    /// their own, so that none depends on them.
    fn keep_house(&mut self, is_idle: impl Fn() -> bool) {
        if !self.pace.is_time(self.time.clock().monotonic()) {
            return;
        }
        // Another program that writes is not waited for: that would keep the next push waiting too.
        let hurried = self.connection.busy_timeout(wal::PATIENCE);
        let cleaned = match hurried {
            Ok(()) => self.clean().and_then(|cleaned| Ok(cleaned.and(self.give_back(is_idle)?))),
            Err(error) => Err(self.health.met(housekeeping::DOING, error)),
        };
        if let Err(error) = self.connection.busy_timeout(super::open::BUSY_TIMEOUT) {
            tracing::warn!(%error, "the store no longer waits for other programs");
        }
        self.pace.note(self.time.clock().monotonic(), *cleaned.as_ref().unwrap_or(&Cleaned::default()));
        if let Err(error) = cleaned
            && error.kind != StoreErrorKind::Busy
        {
            tracing::warn!(%error, "the store could not be cleaned up");
        }
    }

    fn clean(&self) -> Result<Cleaned, StoreError> {
        let retention = self.retention;
        self.alone(move |connection, now| housekeeping::clean(connection, now, &retention))
    }

    /// Gives free pages back for as long as nobody waits, and no more of them at a time than the budget has.
    fn give_back(&self, is_idle: impl Fn() -> bool) -> Result<Cleaned, StoreError> {
        let mut given = Cleaned::default();
        for _ in 0..housekeeping::STEPS {
            if !is_idle() {
                break;
            }
            given = self.alone(|connection, _| housekeeping::give_back(connection))?;
            if !given.has_more {
                break;
            }
        }
        Ok(given)
    }

    /// Does what nobody has asked for.
    fn alone(
        &self,
        work: impl FnMut(&Connection, DateTime<Utc>) -> rusqlite::Result<Cleaned> + Send + 'static,
    ) -> Result<Cleaned, StoreError> {
        let (request, mut cleaned) = request(housekeeping::DOING, work);
        let mut alone = vec![Turn::of(request)];
        let done = self.transact(&mut alone, || None);
        self.answer(alone, &done);
        cleaned.try_recv().unwrap_or_else(|_| Ok(Cleaned::default()))
    }

    fn is_full(&self, error: &Failure) -> bool {
        self.health.meaning(error) == StoreErrorKind::Full
    }

    fn execute(&self, sql: &str) -> Result<(), Failure> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .map_err(Arc::new)
    }
}

#[cfg(test)]
mod tests;

//! A batch of messages, and how long they are this receiver's.
//!
//! A message is in flight for a while. A receiver that works for longer, that was suspended, or whose machine's clock was
//! set, may find that another has received the message meanwhile. So the time in flight is prolonged before each call that
//! is made for a document, and a receiver whose receipt has lapsed gives the rest of its batch up.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::clock::{Clock, Deadline};
use relay_core::policy::Receiver;
use relay_core::{Outcome, Queue, Received, StoreError, System, backoff};
use tokio::sync::Mutex as AsyncMutex;

use crate::gather::Gather;
use crate::history::History;
use crate::open::Message;
use crate::stop::Stop;

/// Messages are kept in flight when this much time has gone by: a killed worker's come back soon, a slow one's do not
/// come twice.
const KEEP_AFTER: Duration = Duration::from_secs(30);

/// The time that one call to a vendor may take once it has begun.
const ONE_CALL: Duration = Duration::from_secs(35);

/// Messages of one target system.
pub(crate) struct Batch<'a> {
    /// The target system.
    pub(crate) system: System,
    /// The messages, in the order they were received.
    pub(crate) messages: Vec<Message>,
    /// Who received them.
    pub(crate) receiver: Receiver,
    /// How long messages stay in flight, where the pusher is to keep them there itself.
    pub(crate) visibility: Option<Duration>,
    /// Whether an earlier turn may have sent what they say, whatever their receive counts tell.
    pub(crate) is_repeated: bool,
    /// The ids of messages that were put off whenever they were received before: nothing of them was sent.
    pub(crate) put_off: HashSet<String>,
    /// Nothing is sent after it.
    pub(crate) deadline: Deadline,
    /// Asked before each document, and between its look-ups: whether there is time for one more.
    pub(crate) goes_on: &'a (dyn Fn() -> bool + Send + Sync),
    /// Set once all of its documents have begun.
    pub(crate) has_begun: &'a AtomicBool,
}

/// The messages of a batch that are still to be worked.
pub(crate) struct Held<'a> {
    batch: &'a Batch<'a>,
    queue: &'a dyn Queue,
    clock: &'a dyn Clock,
    history: &'a History,
    gather: Gather,
    /// The places of messages that are done with.
    done: Mutex<BTreeSet<usize>>,
    /// Held while the messages are kept in flight: once is enough for all documents.
    flight: AsyncMutex<Flight>,
}

struct Flight {
    kept: Moment,
    has_lapsed: bool,
}

/// One moment on both clocks: neither runs while the other is set, or while the machine sleeps.
#[derive(Clone, Copy)]
struct Moment {
    wall: DateTime<Utc>,
    monotonic: Duration,
}

impl Moment {
    fn now(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), monotonic: clock.monotonic() }
    }

    /// How long ago it was, by the clock that says more.
    fn age(self, clock: &dyn Clock) -> Duration {
        let now = Self::now(clock);
        let by_wall = (now.wall - self.wall).abs().to_std().unwrap_or_default();
        by_wall.max(now.monotonic.saturating_sub(self.monotonic))
    }
}

impl<'a> Held<'a> {
    /// Holds the messages of a batch that has just been received.
    pub(crate) fn new(
        batch: &'a Batch<'a>,
        queue: &'a dyn Queue,
        clock: &'a dyn Clock,
        history: &'a History,
    ) -> Self {
        let flight = AsyncMutex::new(Flight { kept: Moment::now(clock), has_lapsed: false });
        let (gather, done) = (Gather::default(), Mutex::default());
        Self { batch, queue, clock, history, gather, done, flight }
    }

    /// The target system of the batch.
    pub(crate) fn system(&self) -> System {
        self.batch.system
    }

    /// What the archive is told of the batch.
    pub(crate) fn history(&self) -> &'a History {
        self.history
    }

    /// The documents that go out together.
    pub(crate) fn gather(&self) -> &Gather {
        &self.gather
    }

    /// Who received the messages.
    pub(crate) fn receiver(&self) -> Receiver {
        self.batch.receiver
    }

    /// Whether an earlier turn may have sent what that message says, by all that its queue tells.
    pub(crate) fn is_repeated(&self, message: &Received) -> bool {
        self.batch.is_repeated || message.receive_count > 1 && !self.was_put_off(message)
    }

    /// Whether nothing of that message was sent whenever it was received before.
    pub(crate) fn was_put_off(&self, message: &Received) -> bool {
        self.batch.put_off.contains(&message.id)
    }

    /// Whether there is time for one more document, or one more call for it.
    pub(crate) fn goes_on(&self) -> bool {
        (self.batch.goes_on)() && !self.batch.deadline.is_over(self.clock)
    }

    /// All documents have begun.
    pub(crate) fn has_begun(&self) {
        self.batch.has_begun.store(true, Ordering::Relaxed);
    }

    /// From here on that message is done with.
    pub(crate) fn is_done(&self, place: usize) {
        self.done().insert(place);
    }

    /// What the rest of the batch comes to where it is left for later, before its next document is begun.
    pub(crate) async fn halted(&self) -> Option<Outcome> {
        if !self.goes_on() {
            return Some(Outcome::AT_ONCE);
        }
        match self.keep().await {
            Ok(_) => None,
            Err(Stop::Store(error)) => {
                tracing::error!(%error, "the rest of the batch waits for the store");
                Some(Outcome::Postponed { wait: backoff::STORE })
            }
            Err(_) => {
                tracing::warn!("the rest of the batch is another's: its time in flight is over");
                Some(Outcome::AT_ONCE)
            }
        }
    }

    /// Makes sure that the messages are this receiver's for one more call, and tells until when that may begin.
    ///
    /// # Errors
    /// Where another may have them by now, their turn comes later; a store that does not answer.
    pub(crate) async fn keep(&self) -> Result<Deadline, Stop> {
        let Some(visibility) = self.batch.visibility else { return Ok(self.batch.deadline) };
        let mut flight = self.flight.lock().await;
        if flight.kept.age(self.clock) >= KEEP_AFTER && !flight.has_lapsed {
            let renewed = Moment::now(self.clock);
            flight.has_lapsed = !self.prolong(visibility).await?;
            flight.kept = renewed;
        }
        if flight.has_lapsed {
            return Err(Stop::Ended(Outcome::AT_ONCE));
        }
        let age = flight.kept.age(self.clock);
        let left = visibility.saturating_sub(age + ONE_CALL);
        Ok(self.batch.deadline.or_sooner(Deadline::within(self.clock, left)))
    }

    /// Prolongs the time in flight of what is not done with; says whether all of it is still this receiver's.
    async fn prolong(&self, visibility: Duration) -> Result<bool, StoreError> {
        let done = self.done().clone();
        for (place, message) in self.batch.messages.iter().enumerate() {
            let receipt = &message.received.receipt;
            if !done.contains(&place) && !self.queue.delay(self.batch.system, receipt, visibility).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn done(&self) -> MutexGuard<'_, BTreeSet<usize>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

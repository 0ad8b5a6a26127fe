//! A batch of messages, and how long they are this receiver's.
//!
//! A message is in flight for a while. A receiver that works for longer, that was suspended, or whose machine's clock was
//! set, may find that another has received the message meanwhile. So the time in flight is prolonged before each call that
//! is made for a document, and a receiver whose receipt has lapsed gives the rest of its batch up.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::clock::{Clock, Deadline};
use relay_core::policy::Receiver;
use relay_core::{Outcome, Queue, System};

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
    /// Nothing is sent after it.
    pub(crate) deadline: Deadline,
    /// Asked before each document, and between its look-ups: whether there is time for one more.
    pub(crate) goes_on: &'a (dyn Fn() -> bool + Send + Sync),
}

/// The messages of a batch that are still to be worked.
pub(crate) struct Held<'a> {
    batch: &'a Batch<'a>,
    queue: &'a dyn Queue,
    clock: &'a dyn Clock,
    history: &'a History,
    state: Mutex<State>,
}

struct State {
    /// The first message that is not done with.
    place: usize,
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
        let state = State { place: 0, kept: Moment::now(clock), has_lapsed: false };
        Self { batch, queue, clock, history, state: Mutex::new(state) }
    }

    /// The target system of the batch.
    pub(crate) fn system(&self) -> System {
        self.batch.system
    }

    /// What the archive is told of the batch.
    pub(crate) fn history(&self) -> &'a History {
        self.history
    }

    /// Who received the messages.
    pub(crate) fn receiver(&self) -> Receiver {
        self.batch.receiver
    }

    /// Whether an earlier turn may have sent what the messages say.
    pub(crate) fn is_repeated(&self) -> bool {
        self.batch.is_repeated
    }

    /// Whether there is time for one more document, or one more call for it.
    pub(crate) fn goes_on(&self) -> bool {
        (self.batch.goes_on)() && !self.batch.deadline.is_over(self.clock)
    }

    /// From here on the messages before `place` are done with.
    pub(crate) fn begin(&self, place: usize) {
        self.state(|state| state.place = place);
    }

    /// Makes sure that the messages are this receiver's for one more call, and tells until when that may begin.
    ///
    /// # Errors
    /// Where another may have them by now, their turn comes later; a store that does not answer.
    pub(crate) async fn keep(&self) -> Result<Deadline, Stop> {
        let Some(visibility) = self.batch.visibility else { return Ok(self.batch.deadline) };
        let (place, kept, has_lapsed) = self.state(|state| (state.place, state.kept, state.has_lapsed));
        if has_lapsed {
            return Err(Stop::Ended(Outcome::AT_ONCE));
        }
        let mut age = kept.age(self.clock);
        if age >= KEEP_AFTER {
            let renewed = Moment::now(self.clock);
            for message in self.batch.messages.iter().skip(place) {
                let receipt = &message.received.receipt;
                if !self.queue.delay(self.batch.system, receipt, visibility).await? {
                    self.state(|state| state.has_lapsed = true);
                    return Err(Stop::Ended(Outcome::AT_ONCE));
                }
            }
            self.state(|state| state.kept = renewed);
            age = renewed.age(self.clock);
        }
        let left = visibility.saturating_sub(age + ONE_CALL);
        Ok(self.batch.deadline.or_sooner(Deadline::within(self.clock, left)))
    }

    fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

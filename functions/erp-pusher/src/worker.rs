//! The queue's receive loop, where no Lambda does it.

use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::{Clock, Deadline};
use relay_core::policy::{self, Receive, Receiver};
use relay_core::{Checkpoints, Queue, StoreError, System, pause};

use crate::batch::Batch;
use crate::open::{Message, Turn};
use crate::push::Pusher;

const BATCH: usize = 10;

/// How long received messages stay in flight: the pusher keeps them there while it works, so this is how soon those of
/// a killed process come back.
const VISIBILITY: Duration = Duration::from_secs(120);

/// Works the queue of one system.
pub struct Worker {
    pub(crate) system: System,
    pub(crate) pusher: Arc<Pusher>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What a worker found to do.
#[derive(Debug)]
pub enum Worked {
    /// A batch, and what became of each message.
    Batch(Vec<Turn>),
    /// Nothing can be worked before `wait` is over.
    Nothing {
        /// When to look again; `None`: the queue is empty.
        wait: Option<Duration>,
    },
    /// The target is paused.
    Paused(pause::Pause),
}

impl Worker {
    /// The system whose queue it works.
    #[must_use]
    pub fn system(&self) -> System {
        self.system
    }

    /// Works one batch: receives, pushes, deletes what is done and delays what comes again. `goes_on` is asked before
    /// each document; what is not begun comes again at once.
    ///
    /// # Errors
    /// When a store does not answer; what was received comes again by itself.
    pub async fn work(&self, goes_on: &(dyn Fn() -> bool + Send + Sync)) -> Result<Worked, StoreError> {
        if let Some(pause) = pause::current(self.checkpoints.as_ref(), self.system, self.clock.now()).await? {
            return Ok(Worked::Paused(pause));
        }
        let messages = self.queue.receive(self.system, BATCH, VISIBILITY).await?;
        if messages.is_empty() {
            return self.nothing().await;
        }
        let open = |received| Message::open(Some(self.system), received);
        let batch = Batch {
            system: self.system,
            messages: messages.into_iter().map(open).collect(),
            receiver: Receiver::Loop,
            visibility: Some(VISIBILITY),
            is_repeated: false,
            deadline: Deadline::NONE,
            goes_on,
        };
        let turns = self.pusher.push(batch).await.unwrap_or_else(|unread| unread.turns);
        self.conclude(&turns).await?;
        Ok(Worked::Batch(turns))
    }

    async fn conclude(&self, turns: &[Turn]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut done = Vec::with_capacity(turns.len());
        for Turn { message, outcome } in turns {
            let count = message.received.receive_count;
            match policy::of(outcome, Receive { now, count, receiver: Receiver::Loop }).again {
                // One that has lapsed meanwhile is another's: nothing of it is to be changed here.
                Some(wait) => _ = self.queue.delay(self.system, &message.received.receipt, wait).await?,
                None => done.push(message.received.receipt.clone()),
            }
        }
        self.queue.delete(self.system, &done).await
    }

    async fn nothing(&self) -> Result<Worked, StoreError> {
        let depth = self.queue.depth(self.system).await?;
        let next = depth.next_visible_at.map(|time| (time - self.clock.now()).to_std().unwrap_or_default());
        let waits = depth.waiting + depth.in_flight > 0;
        Ok(Worked::Nothing { wait: waits.then(|| next.unwrap_or(Duration::from_secs(1))) })
    }
}

//! The queue's receive loop, where no Lambda does it.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::stream::{FuturesUnordered, StreamExt as _};
use relay_core::clock::{Clock, Deadline};
use relay_core::policy::{self, Receive, Receiver};
use relay_core::{Checkpoints, Queue, Received, StoreError, System, pause};
use relay_job::backups;
use tokio::sync::OnceCell;

use crate::BATCH;
use crate::batch::Batch;
use crate::open::{Message, Turn};
use crate::push::Pusher;
use crate::width::MOST;

/// So many batches are under way at most.
const BATCHES: usize = MOST / BATCH;

/// So many messages are received at once at most, where they can all begin at once: each receive, and each delete, is a wait for
/// the disk.
pub(crate) const LARGEST: usize = 50;

/// So long a turn goes on receiving: whoever keeps the worker going is to hear now and then that all is well.
const TURN: Duration = Duration::from_secs(300);

/// A queue that had too little for a batch is looked at again after so long, while documents are waited for.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

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
    /// So many messages are received at once, and more only where those can begin at once.
    pub(crate) most: usize,
    /// Until when each document is asked for before it is sent, because the store is a backup.
    pub(crate) restored: OnceCell<Option<DateTime<Utc>>>,
}

/// What a worker found to do.
#[derive(Debug)]
pub enum Worked {
    /// A batch, and what became of each message.
    Batch(Vec<Turn>),
    /// Nothing.
    Idle(Idle),
}

/// Why there is nothing to do.
#[derive(Debug)]
pub enum Idle {
    /// Nothing can be worked before `wait` is over.
    Nothing {
        /// When to look again; `None`: the queue is empty.
        wait: Option<Duration>,
    },
    /// The target is paused.
    Paused(pause::Pause),
    /// It was not looked for more: the turn is over, or does not go on.
    NotLooked,
}

/// Whether to go on: asked before each document.
type GoesOn<'a> = dyn Fn() -> bool + Send + Sync + 'a;

/// What a look at the queue gives.
enum Look {
    Messages(Vec<Received>),
    Idle(Idle),
}

/// What is under way at the same time.
enum Step {
    Looked(Result<Look, StoreError>),
    Worked(Result<Vec<Turn>, StoreError>),
}

impl Worker {
    /// The system whose queue it works.
    #[must_use]
    pub fn system(&self) -> System {
        self.system
    }

    /// Waits until there may be something to work: for so long at most, or until this process has queued something.
    pub async fn wait(&self, most: Duration) {
        tokio::select! {
            () = self.queue.arrives(self.system) => {}
            () = self.clock.sleep(most) => {}
        }
    }

    /// Works one batch: receives, pushes, deletes what is done and delays what comes again. `goes_on` is asked before
    /// each document; what is not begun comes again at once.
    ///
    /// # Errors
    /// When a store does not answer; what was received comes again by itself.
    pub async fn work(&self, goes_on: &GoesOn<'_>) -> Result<Worked, StoreError> {
        let messages = match self.receive().await? {
            Look::Messages(messages) => messages,
            Look::Idle(idle) => return Ok(Worked::Idle(idle)),
        };
        Ok(Worked::Batch(self.batch(messages, goes_on, Arc::default()).await?))
    }

    /// Works batches until there is nothing left to receive, for some minutes at most. While documents of one are waited
    /// for, others are begun, as long as the target has room for more; `told` hears of each batch.
    ///
    /// # Errors
    /// When a store does not answer, once what had begun has ended; what was received comes again by itself.
    pub async fn work_through(
        &self,
        goes_on: &GoesOn<'_>,
        told: &(dyn Fn(&[Turn]) + Send + Sync),
    ) -> Result<Idle, StoreError> {
        // A look at the queue is one of them. A lock goes to whoever is first in its line: a look that was waited for alone
        // would stand behind a document that nobody polls meanwhile, for ever.
        let mut under_way = FuturesUnordered::new();
        let (mut batches, mut is_looking) = (0, false);
        // Whether what was received last has begun.
        let mut has_begun = Arc::new(AtomicBool::new(true));
        let (mut failed, mut pause) = (None, Duration::ZERO);
        let turn = Deadline::within(self.clock.as_ref(), TURN);
        loop {
            let is_over = failed.is_some() || turn.is_over(self.clock.as_ref()) || !goes_on();
            let may_look = !is_over && !is_looking && batches < BATCHES;
            tokio::select! {
                // What has been received begins before there is more.
                biased;
                Some(step) = under_way.next() => match step {
                    Step::Worked(worked) => {
                        batches -= 1;
                        pause = Duration::ZERO;
                        match worked {
                            Ok(turns) => told(&turns),
                            Err(error) => failed = Some(error),
                        }
                    }
                    Step::Looked(looked) => {
                        is_looking = false;
                        match looked {
                            Ok(Look::Messages(messages)) => {
                                batches += 1;
                                pause = if messages.len() < self.most { LOOK_AGAIN } else { Duration::ZERO };
                                has_begun = Arc::default();
                                let worked = self.batch(messages, goes_on, has_begun.clone());
                                under_way.push(worked.map(Step::Worked).boxed());
                            }
                            Ok(Look::Idle(idle)) if batches == 0 && failed.is_none() => return Ok(idle),
                            Ok(Look::Idle(_)) => pause = LOOK_AGAIN,
                            Err(error) => failed = Some(error),
                        }
                    }
                },
                () = self.room(pause, &has_begun), if may_look => {
                    is_looking = true;
                    under_way.push(self.receive().map(Step::Looked).boxed());
                }
                else => return failed.map_or(Ok(Idle::NotLooked), Err),
            }
        }
    }

    /// Waits for so long, and until every document that was received has begun.
    async fn room(&self, pause: Duration, has_begun: &AtomicBool) {
        if !pause.is_zero() {
            self.clock.elapse(pause).await;
        }
        let has_begun = || has_begun.load(Ordering::Relaxed);
        // Documents begin in this very task, which looks here after them.
        poll_fn(|_| if has_begun() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// What there is to work, unless the target is paused.
    async fn receive(&self) -> Result<Look, StoreError> {
        if let Some(pause) = pause::current(self.checkpoints.as_ref(), self.system, self.clock.now()).await? {
            return Ok(Look::Idle(Idle::Paused(pause)));
        }
        let most = self.pusher.soon(self.system).min(LARGEST).max(self.most);
        let messages = self.queue.receive(self.system, most, VISIBILITY).await?;
        if messages.is_empty() { Ok(Look::Idle(self.nothing().await?)) } else { Ok(Look::Messages(messages)) }
    }

    async fn batch(
        &self,
        messages: Vec<Received>,
        goes_on: &GoesOn<'_>,
        has_begun: Arc<AtomicBool>,
    ) -> Result<Vec<Turn>, StoreError> {
        let open = |received| Message::open(Some(self.system), received);
        let batch = Batch {
            system: self.system,
            messages: messages.into_iter().map(open).collect(),
            receiver: Receiver::Loop,
            visibility: Some(VISIBILITY),
            is_repeated: self.may_have_sent_before().await?,
            put_off: HashSet::new(),
            deadline: Deadline::NONE,
            goes_on,
            has_begun: &has_begun,
        };
        let turns = self.pusher.push(batch).await.unwrap_or_else(|unread| unread.turns);
        has_begun.store(true, Ordering::Relaxed);
        conclude(self.queue.as_ref(), self.clock.as_ref(), self.system, &turns, Receiver::Loop).await?;
        Ok(turns)
    }

    /// Whether another store, of which this one is a backup, may have sent whatever there is to send. What another program puts in
    /// the store's place meanwhile is no longer this one's.
    async fn may_have_sent_before(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let until = async || {
            let restored = backups::restored(self.checkpoints.as_ref(), now).await?;
            Ok::<_, StoreError>(
                restored.map(|restored| restored.asked_until().unwrap_or(DateTime::<Utc>::MAX_UTC)),
            )
        };
        Ok(self.restored.get_or_try_init(until).await?.is_some_and(|until| now < until))
    }

    async fn nothing(&self) -> Result<Idle, StoreError> {
        let depth = self.queue.depth(self.system).await?;
        let next = depth.next_visible_at.map(|time| (time - self.clock.now()).to_std().unwrap_or_default());
        let waits = depth.waiting + depth.in_flight > 0;
        Ok(Idle::Nothing { wait: waits.then(|| next.unwrap_or(Duration::from_secs(1))) })
    }
}

/// Deletes what is done, and delays what comes again.
pub(crate) async fn conclude(
    queue: &dyn Queue,
    clock: &dyn Clock,
    system: System,
    turns: &[Turn],
    receiver: Receiver,
) -> Result<(), StoreError> {
    let now = clock.now();
    let (mut done, mut again) = (Vec::with_capacity(turns.len()), Vec::new());
    for Turn { message, outcome } in turns {
        let count = message.received.receive_count;
        match policy::of(outcome, Receive { now, count, receiver }).again {
            Some(wait) => again.push((message.received.receipt.clone(), wait)),
            None => done.push(message.received.receipt.clone()),
        }
    }
    if !again.is_empty() {
        queue.delay_all(system, &again).await?;
    }
    queue.delete(system, &done).await
}

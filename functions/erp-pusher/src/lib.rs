//! Queue → mapping → target → ledger → acknowledge the source.
//!
//! The only place that talks to targets, so quotas, retries and the ledger live in one place.
//!
//! A document goes through phases: **open** the message, **guard** against what is older or known, **resolve** its codes,
//! **map** it, **deliver** it, **settle** what became of it.
//!
//! | module | what for |
//! |---|---|
//! | [`event`] | the SQS event and its partial-batch answer |
//! | [`worker`] | the queue's receive loop, where no Lambda does it |
//! | `top_up` | more of what a call takes than an event holds |
//! | `push` | one batch: what is known, what is paused, what became of it |
//! | `lines` | its documents side by side, the versions of each in order |
//! | `boxed` | long work on the heap |
//! | `batch` | the messages of a batch, as long as they are this receiver's |
//! | `width` | how many are under way to a target at once |
//! | `places` | when a document comes again that would only wait for a permit |
//! | `open` | a message with what it says, read once |
//! | `document` | one document through its phases |
//! | `planned` | guard, resolve, map: what its turn comes to |
//! | `work` | what is known of a document, and what that makes it wait for |
//! | `stop` | what ends a document's turn before all phases are done |
//! | `guard` | whether it is for the target |
//! | `resolve` | the ids that it needs |
//! | `waiting` | documents that failed for a code, sent again when it is known |
//! | `map` | the document in its target's form |
//! | `parts` | a document that is split: its parts, queued instead of sent |
//! | `withdraw` | a part that its document has no lines for any more |
//! | `whole` | a document of which all parts have ended |
//! | `echo` | documents that another flow of ours has made |
//! | `damp` | which alerts go out, where a flow damps them |
//! | `contribute` | what a document brings into its group, stored instead of sent |
//! | `deliver` | asked after, and sent |
//! | `life` | its bill through the steps that follow, and what a newer version does to it |
//! | `gather` | the documents that a target takes in one call |
//! | `settle` | recorded, told to its source, counted: as the outcome policy says |
//! | `targets` | the target systems, out of what the job is connected to |
//! | `pauses` | whether a target is paused, asked of the store once a minute |

mod batch;
mod boxed;
mod contribute;
mod damp;
mod deliver;
mod document;
mod echo;
pub mod event;
mod gather;
mod guard;
mod history;
mod life;
mod lines;
mod map;
mod open;
mod parts;
mod pauses;
mod places;
mod planned;
mod push;
mod resolve;
mod settle;
mod stop;
mod targets;
mod top_up;
mod waiting;
mod whole;
mod width;
mod withdraw;
mod work;
pub mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context as _;
use futures::future::join_all;
use relay_connector::Role;
use relay_core::System;
use relay_core::policy::{self, Receive, Receiver};
use relay_job::echoes::Echoes;
use relay_job::sightings::Seen;
use relay_job::{Flows, Invocation, Job, Needs, Parts};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::batch::Batch;
use crate::damp::Damping;
use crate::document::Documents;
use crate::echo::Own;
use crate::parts::Divider;
use crate::pauses::Pauses;
use crate::places::Places;
use crate::push::{Pusher, Unread};
use crate::resolve::Resolver;
use crate::settle::{Acknowledger, LedgerWriter};
use crate::targets::Targets;
use crate::waiting::Waiting;
use crate::width::Widths;

use crate::open::{length, open_within};
pub use open::{Message, Turn};
pub use worker::{Idle, Worked, Worker};

/// As many messages as an event source hands out at most.
const BATCH: usize = 10;

/// So much text is opened at once: a document takes some twenty times its length, and the function has 144 MB.
const AT_ONCE: usize = 4 * 1024 * 1024;

/// Pushes what the queues hold.
pub struct ErpPusher {
    pusher: Arc<Pusher>,
    parts: WorkerParts,
}

/// What workers are built of.
struct WorkerParts {
    queue: Arc<dyn relay_core::Queue>,
    checkpoints: Arc<dyn relay_core::Checkpoints>,
    clock: Arc<dyn relay_core::clock::Clock>,
    queues: BTreeMap<String, System>,
    systems: Vec<System>,
}

impl Job for ErpPusher {
    type Handled = Vec<Turn>;

    /// The targets of all flows, and the sources of those that read a pool: their rows are acknowledged.
    fn needs(flows: &Flows) -> Needs {
        let mut needs = Needs::sources(flows.with_source(Role::Pool));
        for routed in flows.iter() {
            let target = routed.flow.target();
            needs.target(target.document, target.route);
            routed.flow.tables().into_iter().for_each(|lookup| needs.lookup(&lookup.table, flows));
            needs.settings.extend(routed.flow.settings().into_iter().map(str::to_owned));
        }
        needs
    }

    fn build(parts: &Parts) -> anyhow::Result<Self> {
        let settings = parts.settings.values(parts.flows.iter().flat_map(|routed| routed.flow.settings()))?;
        let stores = &parts.stores;
        let targets = Targets(parts.connections.clone());
        let waiting = Arc::new(Waiting::new(parts));
        let resolver = Resolver::new(parts, waiting.clone());
        let ledger_writer = LedgerWriter {
            listeners: parts.listeners(),
            checkpoints: stores.checkpoints.clone(),
            ledger: stores.ledger.clone(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
        };
        let seen = Seen::new(stores.checkpoints.clone());
        let documents = Documents {
            own: Own { echoes: Echoes::of(&parts.flows), ledger: stores.ledger.clone() },
            damping: Damping { checkpoints: stores.checkpoints.clone() },
            flows: parts.flows.clone(),
            settings,
            targets,
            resolver,
            waiting,
            ledger_writer,
            groups: stores.groups.clone(),
            divider: Divider::new(parts),
            seen,
        };
        let pusher = Pusher {
            documents,
            acknowledger: Acknowledger::build(parts)?,
            flows: parts.flows.clone(),
            queue: stores.queue.clone(),
            widths: Widths::default(),
            pauses: Pauses::new(stores.checkpoints.clone(), parts.clock.clone()),
            places: Places::new(stores.checkpoints.clone(), parts.clock.clone()),
            ledger: stores.ledger.clone(),
            archive: stores.archive.clone(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
            credential_check: parts.credential_check.clone(),
            health: parts.health.clone(),
        };
        let parts = WorkerParts {
            queue: stores.queue.clone(),
            checkpoints: stores.checkpoints.clone(),
            clock: parts.clock.clone(),
            queues: parts.queues.clone(),
            systems: parts.systems(),
        };
        Ok(Self { pusher: Arc::new(pusher), parts })
    }

    /// Works one SQS event.
    ///
    /// # Errors
    /// An event of another kind; and where nothing could be worked because a store does not answer: the queue gives the
    /// messages out again when their visibility timeout ends, later than we would, and Lambda counts the error.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Vec<Turn>> {
        let messages = event::decode(event, &self.parts.queues, self.parts.clock.now());
        let (messages, closed) = open_within(AT_ONCE, messages.context("reading the SQS event")?);
        let mut turns = Vec::with_capacity(messages.len());
        turns.extend(closed.into_iter().map(Turn::later));
        let (mut begun, mut unread) = (false, None);
        for (system, mut messages) in self.by_system(messages)? {
            let of_event = messages.len();
            let more = self.top_up(system, &messages, invocation.deadline).await;
            let (more, closed) = open_within(AT_ONCE.saturating_sub(length(&messages)), more);
            messages.extend(more);
            let received = messages.iter().map(|message| &message.received);
            let put_off = self.pusher.places.put_off(system, received).await;
            let batch = Batch {
                system,
                messages,
                receiver: Receiver::EventSource,
                visibility: None,
                is_repeated: invocation.is_repeated,
                put_off,
                deadline: invocation.deadline,
                goes_on: &|| true,
                has_begun: &AtomicBool::new(false),
            };
            let mut worked = match self.pusher.push(batch).await {
                Ok(worked) => {
                    begun = true;
                    worked
                }
                Err(Unread { turns: waiting, error }) => {
                    unread = Some(error);
                    waiting
                }
            };
            let mut own = worked.split_off(of_event);
            own.extend(closed.into_iter().map(Turn::later));
            self.conclude_own(system, &own).await;
            turns.extend(worked);
        }
        match unread {
            Some(error) if !begun => Err(error.into()),
            // What was worked for another system is answered for: as a failed event it would come again.
            _ => Ok(turns),
        }
    }

    /// Gives back what comes again, and answers which messages those are. Not in `handle`: a message that is given back
    /// may be worked by another instance, while a second turn at the same event works it here. All at once: a queue that
    /// hangs would take up the rest of the invocation, message by message.
    async fn answer(&self, turns: Vec<Turn>) -> Value {
        let now = self.parts.clock.now();
        let again = turns.iter().filter_map(|turn| {
            let count = turn.message.received.receive_count;
            let receive = Receive { now, count, receiver: Receiver::EventSource };
            Some((turn, policy::of(&turn.outcome, receive).again?))
        });
        let again: Vec<_> = again.collect();
        self.give_back(&again).await;
        let ids: Vec<_> = again.iter().map(|(turn, _)| turn.message.received.id.clone()).collect();
        event::encode(&ids)
    }
}

impl ErpPusher {
    /// The messages of an event, by the system that they are worked for. What the message itself says counts; the queue's
    /// name is all there is where it cannot be read. Any system records as failed what names neither a flow of ours nor a
    /// queue of ours.
    fn by_system(&self, messages: Vec<Message>) -> anyhow::Result<BTreeMap<System, Vec<Message>>> {
        let any = self.parts.systems.first().copied();
        let mut batches = BTreeMap::<System, Vec<Message>>::new();
        for mut message in messages {
            let system = self.pusher.system_of(&message).or(message.queue).or(any);
            let system = system.context("there is no system that has a queue")?;
            message.queue.get_or_insert(system);
            batches.entry(system).or_default().push(message);
        }
        Ok(batches)
    }

    async fn give_back(&self, turns: &[(&Turn, Duration)]) {
        let mut delays = BTreeMap::<System, Vec<(String, Duration)>>::new();
        for (Turn { message, .. }, wait) in turns {
            if let Some(queue) = message.queue {
                delays.entry(queue).or_default().push((message.received.receipt.clone(), *wait));
            }
        }
        let given_back = delays.iter().map(|(queue, delays)| async move {
            // A delay that is not taken is a delay of the queue's own length: the messages come again all the same.
            if let Err(error) = self.parts.queue.delay_all(*queue, delays).await {
                tracing::warn!(%error, %queue, "messages come again when the queue says");
            }
        });
        join_all(given_back).await;
    }

    /// A worker for each system, also for one that no flow delivers to: what is in its queue is of a flow whose file was
    /// taken away, and is recorded as failed.
    #[must_use]
    pub fn workers(&self) -> Vec<Worker> {
        let worker = |system: &System| Worker {
            system: *system,
            pusher: self.pusher.clone(),
            queue: self.parts.queue.clone(),
            checkpoints: self.parts.checkpoints.clone(),
            clock: self.parts.clock.clone(),
            most: self.pusher.most_together(*system).max(BATCH),
            restored: OnceCell::new(),
        };
        self.parts.systems.iter().map(worker).collect()
    }
}

//! Queue → mapping → target → ledger → acknowledge the source.
//!
//! The only place that talks to targets, so quotas, retries and the ledger live in one place.
//!
//! | module | what for |
//! |---|---|
//! | `opened` | a message with what it says, read once |
//! | `push` | one batch: order, pauses, deadlines, acknowledgements |
//! | `held` | the messages of a batch, as long as they are this receiver's |
//! | `document` | one document: guard, map, push |
//! | `send` | one mapped document: asked after, and sent |
//! | `work` | what is known of a document, and what that makes it wait for |
//! | `ledger_writer` | what the ledger is told of a document's turn |
//! | `crossed` | what is said where two workers had one document under way at once |
//! | [`guard`] | never an older version over a newer one: pure |
//! | [`outcome`] | what can become of a document's turn |
//! | `targets` | the target systems, out of what the job is connected to |
//! | `resolve` | the ids that a document needs |
//! | `health` | how a target is doing, as a batch shows it |
//! | `pauses` | whether a target is paused, asked of the store once a minute |
//! | `acknowledge`, `release` | telling the pools what became of their rows, and what their answers come to |
//! | [`worker`] | the queue's receive loop, where no Lambda does it |
//! | [`event`] | the SQS event and its partial-batch answer |

mod acknowledge;
mod backoff;
mod crossed;
mod document;
pub mod event;
pub mod guard;
mod health;
mod held;
mod ledger_writer;
mod opened;
pub mod outcome;
mod pauses;
mod push;
mod release;
mod resolve;
mod send;
mod targets;
mod work;
pub mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures::future::join_all;
use relay_connector::Role;
use relay_core::System;
use relay_job::sightings::Seen;
use relay_job::{Flows, Invocation, Job, Needs, Parts};
use serde_json::Value;

use crate::acknowledge::Acknowledger;
use crate::document::Documents;
use crate::ledger_writer::LedgerWriter;
use crate::pauses::Pauses;
use crate::resolve::Resolver;
use crate::targets::Targets;

pub use ledger_writer::UNREADABLE;
pub use opened::Opened;
pub use outcome::{Outcome, Skip, Turn};
pub use push::{Batch, Pusher};
pub use worker::Worker;

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

/// What became of an event's messages.
#[derive(Debug, Default)]
pub struct Handled {
    /// Each with the system in whose queue its message is: its flow may point to another one by now.
    turns: Vec<(System, Turn)>,
    /// Messages that were not begun, because a store did not answer.
    unworked: Vec<String>,
}

impl Job for ErpPusher {
    type Handled = Handled;

    /// The targets of all flows, and the sources of those that read a pool: their rows are acknowledged.
    fn needs(flows: &Flows) -> Needs {
        let mut needs = Needs::sources(flows.with_source(Role::Pool));
        for routed in flows.iter() {
            needs.target(routed.system);
            needs.settings.extend(routed.flow.settings().into_iter().map(str::to_owned));
        }
        needs
    }

    fn build(parts: &Parts) -> anyhow::Result<Self> {
        let settings = parts.settings.values(parts.flows.iter().flat_map(|routed| routed.flow.settings()))?;
        let stores = &parts.stores;
        let targets = Targets(parts.connections.clone());
        let resolver = Resolver::new(stores.lookups.clone(), targets.clone(), parts.clock.clone());
        let ledger_writer = LedgerWriter {
            checkpoints: stores.checkpoints.clone(),
            ledger: stores.ledger.clone(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
        };
        let seen = Seen::new(stores.checkpoints.clone());
        let documents =
            Documents { flows: parts.flows.clone(), settings, targets, resolver, ledger_writer, seen };
        let pusher = Pusher {
            documents,
            acknowledger: Acknowledger::build(parts)?,
            flows: parts.flows.clone(),
            queue: stores.queue.clone(),
            pauses: Pauses::new(stores.checkpoints.clone(), parts.clock.clone()),
            ledger: stores.ledger.clone(),
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
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Handled> {
        let messages = event::decode(event, &self.parts.queues, self.parts.clock.now());
        let messages = messages.context("reading the SQS event")?;
        // Any system records a message as failed that names neither a flow of ours nor a queue of ours.
        let any = self.parts.systems.first().copied();
        let mut batches = BTreeMap::<System, (Vec<System>, Vec<Opened>)>::new();
        for message in messages {
            let opened = Opened::from(message.received);
            // What the message itself says counts; the queue's name is all there is where it cannot be read.
            let system = self.pusher.system_of(&opened).or(message.queue).or(any);
            let system = system.context("there is no system that has a queue")?;
            let (queues, messages) = batches.entry(system).or_default();
            queues.push(message.queue.unwrap_or(system));
            messages.push(opened);
        }
        let mut handled = Handled::default();
        let mut unworked = Ok(());
        for (system, (queues, messages)) in batches {
            let batch = Batch {
                system,
                messages: &messages,
                visibility: None,
                is_repeated: invocation.is_repeated,
                deadline: invocation.deadline,
                goes_on: &|| true,
            };
            match self.pusher.push(batch).await {
                Ok(turns) => handled.turns.extend(queues.into_iter().zip(turns)),
                Err(error) => {
                    tracing::error!(%error, %system, "the messages come again when the queue says");
                    handled.unworked.extend(messages.into_iter().map(|message| message.received.id));
                    unworked = Err(error);
                }
            }
        }
        // What was worked for another system is answered for: as a failed event it would come again.
        if handled.turns.is_empty() {
            unworked?;
        }
        Ok(handled)
    }

    /// Gives back what comes again, and answers which messages those are. Not in `handle`: a message that is given back
    /// may be worked by another instance, while a second turn at the same event works it here. All at once: a queue that
    /// hangs would take up the rest of the invocation, message by message.
    async fn answer(&self, handled: Handled) -> Value {
        let now = self.parts.clock.now();
        let again =
            handled.turns.into_iter().filter_map(|(queue, turn)| Some((queue, turn.comes_again(now)?, turn)));
        let given_back = join_all(again.map(|(queue, wait, turn)| self.give_back(queue, wait, turn))).await;
        event::encode(&[handled.unworked, given_back].concat())
    }
}

impl ErpPusher {
    async fn give_back(&self, queue: System, wait: Duration, turn: Turn) -> String {
        // A delay that is not taken is a delay of the queue's own length: the message comes again all the same.
        if let Err(error) = self.parts.queue.delay(queue, &turn.receipt, wait).await {
            tracing::warn!(%error, message_id = turn.message_id, "the message comes again when the queue says");
        }
        turn.message_id
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
        };
        self.parts.systems.iter().map(worker).collect()
    }
}

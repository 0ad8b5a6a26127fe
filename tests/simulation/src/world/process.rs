//! One process of the relay: what `relay serve` does at once, or what a stack's functions do.

use std::sync::Arc;
use std::time::Duration;

use relay_bill_closer::BillCloser;
use relay_core::clock::{Clock, Deadline};
use relay_core::{Queue, System};
use relay_erp_pusher::{ErpPusher, Idle, Worker};
use relay_host::Wiring;
use relay_job::{Invocation, Job as _};
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use relay_webhook_receiver::Receiver;
use serde_json::{Value, json};

use crate::scheduler::{Owner, Scheduler};

/// The vendors' advice, as `relay serve` and the template have it.
const POLL_EVERY: Duration = Duration::from_secs(5 * 60);
const SYNC_EVERY: Duration = Duration::from_secs(3 * 60);

/// As `relay serve` has it, and on an idle day.
const CLOSE_EVERY: Duration = Duration::from_secs(60);
const CLOSE_LATER: Duration = Duration::from_secs(5 * 60);

/// How long after a failed turn the next begins.
const AGAIN: Duration = Duration::from_secs(2);

/// Most happens in so much time.
const EARLY: Duration = Duration::from_secs(20 * 60);
const LATER: Duration = Duration::from_secs(100);

/// As the template has it: of the queues, and of the function.
const VISIBILITY: Duration = Duration::from_secs(720);
const TIMEOUT: Duration = Duration::from_secs(120);

/// Every so many batches an event source that redelivers does not delete what is done.
const FORGETS: usize = 7;

/// How a process goes about its work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// How often it looks at an empty queue.
    pub(super) look: Duration,
    /// Whether it pushes as Lambda does, out of an event, and not in a loop.
    pub(super) by_events: bool,
    /// Whether its event source delivers now and then again what is done.
    pub(super) redelivers: bool,
}

/// A process that lives.
pub(super) struct Process {
    pub(super) owner: Owner,
    pub(super) receiver: Arc<Receiver>,
}

impl Process {
    /// Begins everything that a process does.
    pub(super) fn start(
        scheduler: &mut Scheduler,
        owner: Owner,
        wiring: &Wiring,
        habits: Habits,
    ) -> anyhow::Result<Self> {
        let clock = wiring.clock.clone();
        let pusher = Arc::new(wiring.build::<ErpPusher>()?);
        let (poller, syncer) = (wiring.build::<TradePoller>()?, wiring.build::<StockSyncer>()?);
        let receiver = Arc::new(wiring.build::<Receiver>()?);
        let checkpoints = wiring.stores.checkpoints.clone();
        let (guesses, now) = (relay_connectors::targets(), clock.now());
        scheduler.spawn(owner, async move {
            _ = relay_core::pause::end_guesses(checkpoints.as_ref(), guesses, now).await;
        });
        for worker in pusher.workers() {
            if habits.by_events {
                let (system, queue) = (worker.system(), wiring.stores.queue.clone());
                scheduler.spawn(owner, invoke(clock.clone(), pusher.clone(), queue, system, habits));
            } else {
                scheduler.spawn(owner, work(clock.clone(), worker, habits.look));
            }
        }
        scheduler.spawn(owner, poll(clock.clone(), poller));
        scheduler.spawn(owner, sync(clock.clone(), syncer));
        if wiring.flows.iter().any(|routed| BillCloser::serves(routed)) {
            scheduler.spawn(owner, close(clock, wiring.build::<BillCloser>()?));
        }
        Ok(Self { owner, receiver })
    }
}

async fn work(clock: Arc<dyn Clock>, worker: Worker, look: Duration) {
    loop {
        let wait = match worker.work_through(&|| true, &|_| {}).await {
            Ok(Idle::NotLooked) => Duration::ZERO,
            Ok(_) => patience(clock.as_ref(), look),
            Err(_) => AGAIN,
        };
        clock.sleep(wait).await;
    }
}

/// How long nobody looks at an empty queue: most happens in the first minutes, and an idle day is to take no time.
fn patience(clock: &dyn Clock, look: Duration) -> Duration {
    if is_early(clock) { look } else { look.max(LATER) }
}

fn is_early(clock: &dyn Clock) -> bool {
    clock.monotonic() < crate::timeline::UPTIME + EARLY
}

/// What the event source of a queue does with a function.
async fn invoke(
    clock: Arc<dyn Clock>,
    pusher: Arc<ErpPusher>,
    queue: Arc<dyn Queue>,
    system: System,
    habits: Habits,
) {
    // Batches are split as it happens.
    for (turn, most) in (1..=10).cycle().enumerate() {
        let Ok(messages) = queue.receive(system, most, VISIBILITY).await else {
            clock.sleep(AGAIN).await;
            continue;
        };
        if messages.is_empty() {
            clock.sleep(patience(clock.as_ref(), habits.look)).await;
            continue;
        }
        let records: Vec<Value> = messages
            .iter()
            .map(|message| {
                json!({
                    "messageId": message.id,
                    "receiptHandle": message.receipt,
                    "body": message.body,
                    "attributes": {
                        "ApproximateReceiveCount": message.receive_count.to_string(),
                        "SentTimestamp": message.sent_at.timestamp_millis().to_string(),
                        "SequenceNumber": message.place.as_ref().map(|place| place.number().to_string()),
                        "MessageGroupId": message.group,
                    },
                    "eventSource": "aws:sqs",
                    "eventSourceARN": format!("arn:aws:sqs:cn-north-1:1:{system}.fifo"),
                })
            })
            .collect();
        let deadline = Deadline::within(clock.as_ref(), TIMEOUT);
        let event = json!({ "Records": records });
        // An event that failed comes again whole, when the queue says.
        let Ok(turns) = pusher.handle(event, Invocation::first(deadline)).await else { continue };
        let answer = pusher.answer(turns).await;
        let failed: Vec<&str> = answer["batchItemFailures"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|failure| failure["itemIdentifier"].as_str())
            .collect();
        let done: Vec<String> = messages
            .iter()
            .filter(|message| !failed.contains(&message.id.as_str()))
            .map(|message| message.receipt.clone())
            .collect();
        let is_forgotten = habits.redelivers && turn % FORGETS == 0;
        if !is_forgotten {
            _ = queue.delete(system, &done).await;
        }
    }
}

async fn poll(clock: Arc<dyn Clock>, poller: TradePoller) {
    loop {
        _ = poller.poll_all(Deadline::NONE, &|_| {}).await;
        clock.sleep(POLL_EVERY).await;
    }
}

async fn sync(clock: Arc<dyn Clock>, syncer: StockSyncer) {
    loop {
        let began = clock.monotonic();
        _ = syncer.sync_along().await;
        clock.sleep(SYNC_EVERY.saturating_sub(clock.monotonic() - began)).await;
    }
}

async fn close(clock: Arc<dyn Clock>, closer: BillCloser) {
    loop {
        _ = closer.end_waits(Deadline::NONE).await;
        _ = closer.close_all(Deadline::NONE).await;
        clock.sleep(if is_early(clock.as_ref()) { CLOSE_EVERY } else { CLOSE_LATER }).await;
    }
}

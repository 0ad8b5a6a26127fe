//! From work items to durable messages: what every source ends with.

use std::sync::Arc;

use crate::clock::Clock;
use async_trait::async_trait;
use serde_json::Value;

use crate::item::{MAX_DEPTH, content_hash};
use crate::ledger::{Entry, EntryId, Failed};
use crate::policy::{self, Receive};
use crate::queue::{MAX_BODY_BYTES, Outgoing};
use crate::told;
use crate::{FailureClass, Ledger, Outcome, Queue, Skip, StoreError, System, WorkItem};

/// Takes work items in. When it says `Ok`, every one of them is stored durably: in the queue, or in the ledger as
/// failed where the queue cannot carry it.
#[derive(Clone)]
pub struct Intake {
    queue: Arc<dyn Queue>,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    listens: Option<Arc<dyn Listens>>,
}

/// Hears of what fails before the queue could have it.
#[async_trait]
pub trait Listens: Send + Sync {
    /// Hears of a failure that stands, before the ledger records it: a crash in between repeats both.
    ///
    /// # Errors
    /// When it cannot be told: then it is not recorded either.
    async fn failed(&self, id: &EntryId, failed: &Failed) -> Result<(), StoreError>;
}

/// What became of the items of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Items that the queue has.
    pub queued: u64,
    /// Items that were recorded as failed.
    pub failed: u64,
    /// Items that the queue cannot carry either, and of which a newer version is known.
    pub superseded: u64,
    /// The places of both: what the queue has not.
    pub uncarried: Vec<usize>,
}

/// One system's items, before they are sent.
struct Prepared<'a> {
    messages: Vec<Outgoing>,
    /// Each message's flow.
    flows: Vec<&'a str>,
    taken: Taken,
}

impl Prepared<'_> {
    /// Counts what was sent.
    fn count(self) -> Taken {
        for flow in self.flows {
            metrics::counter!("queued", "flow" => crate::metric_name(flow)).increment(1);
        }
        self.taken
    }
}

impl Intake {
    /// An intake into these stores.
    #[must_use]
    pub fn new(queue: Arc<dyn Queue>, ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Self {
        Self { queue, ledger, clock, listens: None }
    }

    /// The same, whose failures somebody hears of.
    #[must_use]
    pub fn heard_by(self, listens: Arc<dyn Listens>) -> Self {
        Self { listens: Some(listens), ..self }
    }

    /// Takes items for one target system.
    ///
    /// # Errors
    /// When a store does not take them: none of them may be considered taken, and all may be sent again.
    pub async fn take(&self, system: System, items: &[WorkItem]) -> Result<Taken, StoreError> {
        let prepared = self.prepare(items).await?;
        if !prepared.messages.is_empty() {
            self.queue.send(system, &prepared.messages).await?;
        }
        Ok(prepared.count())
    }

    /// Takes items for several target systems, such as a push that several flows read: with one send, which is one
    /// transaction where the store has those. Answers what became of each system's items, in the same order.
    ///
    /// # Errors
    /// As [`Intake::take`].
    pub async fn take_all(&self, items: &[(System, &[WorkItem])]) -> Result<Vec<Taken>, StoreError> {
        let (mut messages, mut taken) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
        for (system, items) in items {
            let mut prepared = self.prepare(items).await?;
            if !prepared.messages.is_empty() {
                messages.push((*system, std::mem::take(&mut prepared.messages)));
            }
            taken.push(prepared);
        }
        if !messages.is_empty() {
            self.queue.send_all(&messages).await?;
        }
        Ok(taken.into_iter().map(Prepared::count).collect())
    }

    /// The items' messages; what the queue cannot carry is recorded as failed.
    async fn prepare<'a>(&self, items: &'a [WorkItem]) -> Result<Prepared<'a>, StoreError> {
        let (mut messages, mut flows) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
        let mut taken = Taken::default();
        for (place, item) in items.iter().enumerate() {
            let body = match self.body_of(item).await? {
                Ok(body) => body,
                Err(stands) => {
                    *(if stands { &mut taken.failed } else { &mut taken.superseded }) += 1;
                    taken.uncarried.push(place);
                    continue;
                }
            };
            flows.push(item.flow.as_str());
            let deduplication = item.deduplication_of(&body);
            messages.push(Outgoing { group: item.group(), deduplication, body });
        }
        taken.queued = messages.len() as u64;
        Ok(Prepared { messages, flows, taken })
    }

    /// An item's message; or, where the queue cannot carry it, whether its failure stands.
    async fn body_of(&self, item: &WorkItem) -> Result<Result<String, bool>, StoreError> {
        if let Some(depth) = item.too_deep() {
            return self.record_too_deep(item, depth).await.map(Err);
        }
        let body = item.encode();
        if Self::is_too_large(&body) {
            return self.record_too_large(item, body.len()).await.map(Err);
        }
        Ok(Ok(body))
    }

    /// Whether the queue cannot carry an item's message.
    #[must_use]
    pub fn is_too_large(body: &str) -> bool {
        body.len() > MAX_BODY_BYTES
    }

    async fn record_too_large(&self, item: &WorkItem, bytes: usize) -> Result<bool, StoreError> {
        let message = format!(
            "the document takes {bytes} bytes in a message, compressed, and the queue carries {MAX_BODY_BYTES}: \
             split it in the source system, or enter it in the target by hand"
        );
        self.record(item, FailureClass::TooLarge, message, item.document.clone()).await
    }

    /// Kept as text: what reads the ledger could not read it otherwise.
    async fn record_too_deep(&self, item: &WorkItem, depth: usize) -> Result<bool, StoreError> {
        let message = format!(
            "the document is nested {depth} levels deep, and no more than {MAX_DEPTH} are carried: flatten it in the \
             source system, or enter it in the target by hand; a replay cannot carry it either"
        );
        self.record(item, FailureClass::TooDeep, message, item.document.to_string().into()).await
    }

    async fn record(
        &self,
        item: &WorkItem,
        class: FailureClass,
        message: String,
        document: Value,
    ) -> Result<bool, StoreError> {
        let failed = Failed {
            version: item.version.clone(),
            version_kind: item.version_kind,
            hash: content_hash(&item.document),
            class,
            code: None,
            message,
            attempts: 0,
            document,
            received_at: item.received_at,
            at: self.clock.now(),
            trace: item.trace.clone(),
            replay: item.replay.clone(),
            step: None,
            target_id: None,
            missing: Vec::new(),
        };
        self.fail(&EntryId::new(&item.flow, &item.key), &failed).await
    }

    /// Records what cannot even be queued as failed, and tells of it as the pusher tells of what fails there: the same
    /// alarm and the same list show both. `false`: a newer version is known, so it is no failure.
    ///
    /// # Errors
    /// When the ledger does not take it: the caller keeps the document.
    pub async fn fail(&self, id: &EntryId, failed: &Failed) -> Result<bool, StoreError> {
        let stands = self.recorded(id, failed).await?;
        let outcome = if stands {
            let Failed { class, code, message, .. } = failed.clone();
            Outcome::Failed { class, code, message, tried: false }
        } else {
            Outcome::Skipped(Skip::Older)
        };
        let consequences = policy::of(&outcome, Receive::first(failed.at));
        told::count(&id.flow, &consequences);
        let span = tracing::info_span!(
            "document",
            flow = id.flow,
            key = id.key,
            version = failed.version,
            attempt = failed.attempts,
            trace = failed.trace
        );
        span.in_scope(|| told::log(&outcome, &consequences));
        Ok(stands)
    }

    /// Records a failure, once who listens has been told of it. One that stands already is told once.
    async fn recorded(&self, id: &EntryId, failed: &Failed) -> Result<bool, StoreError> {
        loop {
            let known = self.ledger.read(std::slice::from_ref(id)).await?.remove(id);
            let mut entry = known.unwrap_or_else(|| Entry::new(id.clone()));
            let is_known = entry.failures().any(|known| {
                (&known.hash, &known.class, &known.message) == (&failed.hash, &failed.class, &failed.message)
            });
            let stands = entry.fail(failed.clone());
            if let Some(listens) = self.listens.as_ref().filter(|_| stands && !is_known) {
                listens.failed(id, failed).await?;
            }
            if self.ledger.write(&entry).await? {
                return Ok(stands);
            }
        }
    }
}

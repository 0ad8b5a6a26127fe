//! Port: one FIFO queue per target system, with the semantics of SQS FIFO queues.
//!
//! - Messages of one group are received in the order they were sent, and none while another of the group is in flight.
//! - A message with the deduplication id of one sent less than five minutes ago is accepted and dropped.
//! - A received message is in flight until it is deleted or its visibility timeout ends.
//! - A message received too often moves to the dead-letter queue, until a person redrives it.

mod place;

use std::collections::HashMap;
use std::future::pending;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{StoreError, System};

pub use place::Place;

/// How long a deduplication id is remembered.
pub const DEDUPLICATION_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The longest visibility timeout: a longer one is cut. SQS would allow twelve hours, but whatever ends a wait, a person
/// or a clock that is corrected, is to take effect sooner.
pub const MAX_VISIBILITY: Duration = Duration::from_secs(30 * 60);

/// The largest body, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long the queue keeps a message; the dead-letter queue keeps it as long again.
pub const RETENTION: Duration = Duration::from_secs(14 * 86_400);

/// A message to send.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The group that orders it.
    pub group: String,
    /// What makes it the same message as another: equal only where one is the other, sent once more. A queue knows
    /// nothing of what was sent in between.
    pub deduplication: String,
    /// The body, at most [`MAX_BODY_BYTES`].
    pub body: String,
}

/// A message that was received and is in flight.
#[derive(Debug, Clone)]
pub struct Received {
    /// The message's id, the same at every receive.
    pub id: String,
    /// What deletes or delays it: of this receive only.
    pub receipt: String,
    /// The group that orders it.
    pub group: String,
    /// The body.
    pub body: String,
    /// How often it has been received, this time included.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// Where it stands in its queue, the same at every receive, where the adapter tells.
    pub place: Option<Place>,
}

/// A message that was received too often, and waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message's id in the dead-letter queue.
    pub id: String,
    /// The group that orders it.
    pub group: String,
    /// The body.
    pub body: String,
    /// How often it has been received, as the adapter counts.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

/// A message that is not done, as whoever looks into the queue sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The body.
    pub body: String,
    /// How often it has been received.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// Until when it is in flight: worked, or put away; `None` while it waits to be received.
    pub in_flight_until: Option<DateTime<Utc>>,
    /// How many messages of the queue were sent before it and are not done.
    pub before: u64,
}

/// Which messages somebody looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought<'a> {
    /// Those of a group.
    Group(&'a str),
    /// Those whose document or head holds this text, among the [`LOOKED_AT`] that were sent first.
    Text(&'a str),
}

/// So many messages of a queue are looked at by whoever asks for more than one group.
pub const LOOKED_AT: u64 = 20_000;

/// How much is in a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that wait to be received.
    pub waiting: u64,
    /// Messages in flight: being worked, or waiting out a back-off.
    pub in_flight: u64,
    /// When the next message in flight becomes visible again, where the adapter knows.
    pub next_visible_at: Option<DateTime<Utc>>,
    /// When the oldest message that is not done was sent, where the adapter knows.
    pub oldest_sent_at: Option<DateTime<Utc>>,
}

/// Messages between the functions.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends messages, any number of them. `Ok` means that all are stored durably; after an error some may be, and
    /// sending all of them again is safe within [`DEDUPLICATION_INTERVAL`] and harmless after it.
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError>;

    /// Sends messages to several systems, as [`Queue::send`] does to one. An adapter that can stores all of them or none.
    async fn send_all(&self, messages: &[(System, Vec<Outgoing>)]) -> Result<(), StoreError> {
        for (system, messages) in messages {
            self.send(*system, messages).await?;
        }
        Ok(())
    }

    /// Receives up to `max` messages, in flight for `visibility`.
    async fn receive(
        &self,
        system: System,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError>;

    /// Waits until this process has sent something to the queue since it was last waited for, where the adapter can tell: it
    /// may never end, so whoever waits looks at the queue now and then all the same. One waits for a system at a time.
    async fn arrives(&self, _system: System) {
        pending::<()>().await;
    }

    /// Deletes messages that are done. A receipt that has lapsed deletes nothing.
    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError>;

    /// Makes a message in flight visible again after `delay`, at most [`MAX_VISIBILITY`]. `false`: the receipt has lapsed,
    /// the message is not this receiver's any more, and nothing has changed.
    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError>;

    /// Delays messages as [`Queue::delay`] does one. Those whose receipts have lapsed are left alone.
    async fn delay_all(&self, system: System, delays: &[(String, Duration)]) -> Result<(), StoreError> {
        for (receipt, delay) in delays {
            self.delay(system, receipt, *delay).await?;
        }
        Ok(())
    }

    /// Counts the messages.
    async fn depth(&self, system: System) -> Result<Depth, StoreError>;

    /// Counts the messages that are not done by their flow ([`crate::item::flow_of`]), where the adapter can look into the
    /// queue and it holds no more than [`LOOKED_AT`].
    async fn by_flow(&self, _system: System) -> Result<Option<HashMap<String, u64>>, StoreError> {
        Ok(None)
    }

    /// The messages that are not done, sent first at the beginning, where the adapter can look into the queue without
    /// receiving: SQS shows nobody what it holds.
    async fn seek(&self, _system: System, _sought: Sought<'_>) -> Result<Option<Vec<Seen>>, StoreError> {
        Ok(None)
    }

    /// Counts the messages in the dead-letter queue.
    async fn dead(&self, system: System) -> Result<u64, StoreError>;

    /// Lists the dead-letter queue, the message sent first at the beginning, at most `limit`, after the one with the id
    /// `after`. Where that one has left the queue meanwhile the list may end there.
    async fn dead_letters(
        &self,
        system: System,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<DeadLetter>, StoreError>;

    /// Moves messages from the dead-letter queue back to the end of the queue they came from, in their order and as if
    /// they had never been received: those with these ids, or all. Returns how many; ids that are not there are left out.
    /// After an error some may have moved, and a message may stand in both queues: the ledger's guard then skips the
    /// repetition.
    async fn redrive(&self, system: System, ids: Option<&[String]>) -> Result<u64, StoreError>;
}

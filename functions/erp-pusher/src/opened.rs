//! A message with what it says, which is read once: by it the message finds its system, and is worked there.

use relay_core::{EntryId, Received, WorkItem};

use crate::outcome::{Outcome, Turn};

/// A message, opened.
#[derive(Debug)]
pub struct Opened {
    /// The message.
    pub received: Received,
    /// What it says, or why that cannot be read.
    pub item: Result<WorkItem, String>,
}

impl From<Received> for Opened {
    fn from(received: Received) -> Self {
        Self { item: WorkItem::decode(&received.body), received }
    }
}

impl Opened {
    /// The ledger's entry of its document, as far as it could be read.
    pub(crate) fn entry_id(&self) -> Option<EntryId> {
        self.item.as_ref().ok().map(|item| EntryId::new(&item.flow, &item.key))
    }

    /// What its turn came to.
    pub(crate) fn turn(&self, outcome: Outcome) -> Turn {
        let Received { id, receipt, receive_count, sent_at, .. } = self.received.clone();
        let (flow, key, version) = match &self.item {
            Ok(item) => (item.flow.clone(), item.key.clone(), item.version.clone()),
            Err(_) => (String::new(), id.clone(), None),
        };
        Turn { message_id: id, receipt, receive_count, sent_at, flow, key, version, outcome }
    }
}

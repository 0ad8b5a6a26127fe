//! Open: what a message says is read once. By it the message finds its system, and is worked there.

use relay_connector::Use;
use relay_core::ledger::of_no_flow;
use relay_core::{EntryId, Outcome, Received, System, WorkItem, codec};

/// A message, opened.
#[derive(Debug, Clone)]
pub struct Message {
    /// The system in whose queue it is, where that is known: its flow may point to another one by now.
    pub queue: Option<System>,
    /// What the queue has handed out.
    pub received: Received,
    /// What it says, or why that cannot be read.
    pub item: Result<WorkItem, String>,
}

impl Message {
    /// Opens a message.
    #[must_use]
    pub fn open(queue: Option<System>, received: Received) -> Self {
        Self { queue, item: WorkItem::decode(&received.body), received }
    }

    /// A message that stays closed, because there was no room for it beside others.
    fn closed(queue: Option<System>, received: Received) -> Self {
        let item = Err("it was too large to be opened beside others".to_owned());
        Self { queue, received, item }
    }

    /// The flow, as far as it could be read.
    pub(crate) fn flow(&self) -> Option<&str> {
        self.item.as_ref().ok().map(|item| item.flow.as_str())
    }

    /// How urgent the call is that it makes.
    pub(crate) fn purpose(&self) -> Use {
        self.item.as_ref().map_or(Use::Push, purpose)
    }

    /// The ledger's entry of its document, as far as it could be read.
    pub(crate) fn entry_id(&self) -> Option<EntryId> {
        self.item.as_ref().ok().map(|item| EntryId::new(&item.flow, &item.key))
    }
}

/// How long the texts of messages are together.
pub(crate) fn length(messages: &[Message]) -> usize {
    messages.iter().map(|message| codec::unpacked_len(&message.received.body)).sum()
}

/// Opens messages as far as their texts are no longer than that together, and tells which stay closed. The first is opened
/// however large it is, so that each has its turn.
pub(crate) fn open_within(
    most: usize,
    messages: Vec<(Option<System>, Received)>,
) -> (Vec<Message>, Vec<Message>) {
    let (mut open, mut closed, mut length) = (Vec::new(), Vec::new(), 0_usize);
    for (queue, received) in messages {
        length = length.saturating_add(codec::unpacked_len(&received.body));
        if open.is_empty() || length <= most {
            open.push(Message::open(queue, received));
        } else {
            closed.push(Message::closed(queue, received));
        }
    }
    (open, closed)
}

/// How urgent the call for a document is.
pub(crate) fn purpose(item: &WorkItem) -> Use {
    if item.replay.is_some() { Use::Replay } else { Use::Push }
}

/// A message that had its turn.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The message.
    pub message: Message,
    /// What became of it.
    pub outcome: Outcome,
}

impl Turn {
    /// The turn of a message that comes again at once.
    pub(crate) fn later(message: Message) -> Self {
        Self { message, outcome: Outcome::AT_ONCE }
    }

    /// The flow, or the name in a flow's place where the message could not be read.
    #[must_use]
    pub fn flow(&self) -> &str {
        self.message.item.as_ref().map_or(of_no_flow::UNREADABLE, |item| &item.flow)
    }

    /// The document's key; the message's id where it could not be read.
    #[must_use]
    pub fn key(&self) -> &str {
        self.message.item.as_ref().map_or(&self.message.received.id, |item| &item.key)
    }
}

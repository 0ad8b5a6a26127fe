//! Messages that were received too often, and wait for a person.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use relay_core::{DeadLetter, System, WorkItem};
use serde::Serialize;

use crate::log::Did;
use crate::{OperationError, Operations};

const PAGE: usize = 100;

/// A message that was received too often, with what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dead {
    /// The message's id in the dead-letter queue.
    pub id: String,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// How often it was received.
    pub receive_count: u32,
    /// What it says.
    #[serde(flatten)]
    pub says: Says,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Says {
    /// A document of a flow.
    Item {
        /// The flow.
        flow: String,
        /// The document's key.
        key: String,
        /// Its version.
        version: Option<String>,
        /// Follows the document through the logs.
        trace: String,
    },
    /// No work item.
    Unreadable {
        /// Why it cannot be read.
        unreadable: String,
        /// The message's body.
        body: String,
    },
}

impl From<DeadLetter> for Dead {
    fn from(DeadLetter { id, body, receive_count, sent_at, .. }: DeadLetter) -> Self {
        let says = match WorkItem::decode(&body) {
            Ok(WorkItem { flow, key, version, trace, .. }) => Says::Item { flow, key, version, trace },
            Err(unreadable) => Says::Unreadable { unreadable, body },
        };
        Self { id, sent_at, receive_count, says }
    }
}

impl Operations<'_> {
    /// The dead letters of a target, or of all, the message sent first at the beginning.
    ///
    /// # Errors
    /// A target that nobody knows; a store that does not answer.
    pub async fn dead_letters(
        &self,
        target: Option<&str>,
    ) -> Result<BTreeMap<System, Vec<Dead>>, OperationError> {
        let mut letters = BTreeMap::new();
        for system in self.systems(target)? {
            letters.insert(system, self.dead_letters_of(system).await?);
        }
        Ok(letters)
    }

    /// Moves dead letters of a target, or of all, back to the end of the queue they came from: those with these ids, or
    /// all. Answers how many.
    ///
    /// # Errors
    /// A target that nobody knows; a store that does not answer, after which some may have moved.
    pub async fn redrive(
        &self,
        target: Option<&str>,
        ids: Option<&[String]>,
    ) -> Result<BTreeMap<System, u64>, OperationError> {
        let mut moved = BTreeMap::new();
        for system in self.systems(target)? {
            moved.insert(system, self.stores.queue.redrive(system, ids).await?);
        }
        let to = target.unwrap_or("all targets");
        self.note(Did::of("dead --redrive", to).times(moved.values().sum())).await;
        Ok(moved)
    }

    pub(crate) fn systems(&self, target: Option<&str>) -> Result<Vec<System>, OperationError> {
        match target {
            Some(name) => Ok(vec![self.target(name)?]),
            None => Ok(self.targets().collect()),
        }
    }

    pub(crate) async fn dead_letters_of(&self, system: System) -> Result<Vec<Dead>, OperationError> {
        let (mut letters, mut seen) = (Vec::<Dead>::new(), BTreeSet::new());
        loop {
            let after = letters.last().map(|letter| letter.id.as_str());
            let page = self.stores.queue.dead_letters(system, PAGE, after).await?;
            let is_last = page.len() < PAGE;
            // Another may redrive meanwhile: a page that repeats what is known ends the list.
            let news: Vec<_> = page.into_iter().filter(|letter| seen.insert(letter.id.clone())).collect();
            if is_last || news.is_empty() {
                letters.extend(news.into_iter().map(Dead::from));
                return Ok(letters);
            }
            letters.extend(news.into_iter().map(Dead::from));
        }
    }
}

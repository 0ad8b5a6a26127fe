//! Everything that is known of one document: where it stands, and what came, was sent and was answered.

use chrono::{DateTime, Utc};
use relay_core::archive::Record;
use relay_core::ledger::{Attempts, Delivered, Edit, Settled, Unanswered};
use relay_core::pause::{self, Pause};
use relay_core::{Bill, Entry, EntryId, Failed, Step};
use relay_reconcile::compare::{By, Differing, differing};
use serde::Serialize;

use crate::failures::Failure;
use crate::flow_texts::MadeBy;
use crate::groups::InGroup;
use crate::parts::Part;
use crate::queued::Queued;
use crate::{OperationError, Operations};

/// Everything that is known of one document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// The flow.
    pub flow: String,
    /// The document's key.
    pub key: String,
    /// The numbers that it is found by, beside its key.
    pub numbers: Vec<String>,
    /// The version that the target has.
    pub delivered: Option<Delivered>,
    /// The text of the flow's file by which that was made, where it was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_by: Option<MadeBy>,
    /// The bills that it has at its target, oldest first, where they have a life of more than one step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bills: Vec<BillShown>,
    /// Attempts since the last delivery.
    pub attempts: Option<Attempts>,
    /// The last request whose answer was lost: the vendor may still be working on it.
    pub unanswered: Option<Unanswered>,
    /// What a person has dealt with by hand.
    pub settled: Option<ByHand>,
    /// What a person has edited before it was sent, last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edit>,
    /// The versions that failed and wait for a person.
    pub failures: Vec<Failure>,
    /// Why it waits, where its flow or its target is paused.
    pub paused: Option<Pause>,
    /// Its group, with its bills; of a bill, its members.
    pub group: Option<InGroup>,
    /// Its parts, where its flow splits it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// The key of the document that it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// What waits of it in its queue: versions whose turn comes, or comes again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queued: Vec<Queued>,
    /// What came, what was sent and what was answered, oldest first; empty where no history is kept, or no more.
    pub history: Vec<Record>,
}

/// A bill that a document has, or had, at its target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BillShown {
    /// Our number of it.
    pub number: Option<String>,
    /// The target's id of it, once that is known.
    pub target_id: Option<String>,
    /// The version of the document that it tells of.
    pub version: Option<String>,
    /// Where it stands; `None` while it is not known to be there.
    pub stage: Option<Step>,
    /// Our number of the bill that it takes back.
    pub takes_back: Option<String>,
    /// When it came to stand there.
    pub at: DateTime<Utc>,
}

fn bills(entry: &Entry) -> Vec<BillShown> {
    let number = |place: usize| entry.bills.get(place).and_then(|bill| bill.number.clone());
    let shown = |bill: &Bill| BillShown {
        number: bill.number.clone(),
        target_id: bill.target_id.clone(),
        version: bill.version.clone(),
        stage: bill.stage,
        takes_back: bill.takes_back.and_then(number),
        at: bill.at,
    };
    entry.bills.iter().map(shown).collect()
}

/// Versions that a person has dealt with by hand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByHand {
    /// Who.
    pub by: String,
    /// What the person said of it.
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// The versions, with what they had failed with.
    pub versions: Vec<Failure>,
}

impl Operations<'_> {
    /// Everything that is known of one document.
    ///
    /// # Errors
    /// A flow that nobody knows; a document that neither the ledger, the archive nor a queue knows, as far as that can be
    /// looked into; a store that does not answer.
    pub async fn show(&self, flow: &str, key: &str) -> Result<Shown, OperationError> {
        self.check_flow(flow).await?;
        let entry = match self.entry(flow, key).await? {
            Some(entry) => Some(entry),
            None => self.bill_named(flow, key).await?,
        };
        match self.shown(flow, key, entry).await? {
            Some(shown) => Ok(shown),
            None => Err(self.unknown(flow, key).await?),
        }
    }

    /// What is known of a document by its entry and by the archive; `None` where that is nothing.
    pub(crate) async fn shown(
        &self,
        flow: &str,
        key: &str,
        entry: Option<Entry>,
    ) -> Result<Option<Shown>, OperationError> {
        let is_known = entry.is_some();
        let entry = entry.unwrap_or_else(|| Entry::new(EntryId::new(flow, key)));
        let history = self.stores.archive.read(&entry.id, &entry.archive).await?;
        let queued = self.queued(flow, &entry.id.key).await?;
        if !is_known && history.is_empty() && queued.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.all_of(entry, queued, history).await?))
    }

    /// A document of which nothing is known but what waits.
    pub(crate) async fn only_queued(
        &self,
        id: EntryId,
        queued: Vec<Queued>,
    ) -> Result<Shown, OperationError> {
        self.all_of(Entry::new(id), queued, Vec::new()).await
    }

    async fn all_of(
        &self,
        entry: Entry,
        queued: Vec<Queued>,
        history: Vec<Record>,
    ) -> Result<Shown, OperationError> {
        let flow = entry.id.flow.as_str();
        let paused = self.paused(flow).await?;
        let group = self.in_group(&entry).await?;
        let parts = self.parts_of(&entry).await?;
        let part_of = self.whole_of(flow, &entry.id.key);
        let (failures, bills) = (Failure::of_entry(&entry), bills(&entry));
        let settled = entry.settled.as_ref().map(|settled| by_hand(&entry, settled));
        let made_by = match &entry.delivered {
            Some(delivered) => self.made_by(flow, delivered.at).await?,
            None => None,
        };
        let numbers = entry.numbers.all().to_vec();
        let Entry { delivered, attempts, unanswered, edited, id: EntryId { flow, key }, .. } = entry;
        Ok(Shown {
            flow,
            key,
            numbers,
            delivered,
            made_by,
            bills,
            attempts,
            unanswered,
            settled,
            edited,
            failures,
            paused,
            group,
            parts,
            part_of,
            queued,
            history,
        })
    }

    /// The pause of a flow, or of its target.
    pub(crate) async fn paused(&self, flow: &str) -> Result<Option<Pause>, OperationError> {
        let of_flow = self.pause_of_flow(flow).await?;
        let Some(routed) = self.flows.named(flow).filter(|_| of_flow.is_none()) else { return Ok(of_flow) };
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        Ok(pause::current(checkpoints, routed.system, now).await?)
    }
}

/// Where what came differs from what had come before it, of two documents as the archive has them.
#[must_use]
pub fn changed(before: &str, now: &str) -> Vec<Differing> {
    match (serde_json::from_str(before), serde_json::from_str(now)) {
        (Ok(before), Ok(now)) => differing(&before, &now, By::Text),
        _ => Vec::new(),
    }
}

fn by_hand(entry: &Entry, settled: &Settled) -> ByHand {
    let versions: Vec<&Failed> = std::iter::once(&settled.version).chain(&settled.beside).collect();
    ByHand {
        by: settled.by.clone(),
        reason: settled.reason.clone(),
        at: settled.at,
        versions: versions.into_iter().map(|version| Failure::new(entry, version)).collect(),
    }
}

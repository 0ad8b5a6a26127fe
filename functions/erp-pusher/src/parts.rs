//! Parts: a document that its flow splits is not sent. Its parts are queued, each an item of its own, with its own number, turns,
//! failures and replay.
//!
//! The document's entry notes the parts, then they are queued, then it is recorded as done with: a crash in between repeats what
//! the queue and the guard of each part take for what it is. A part that a newer version has no lines for is queued without any
//! ([`crate::withdraw`]).

use std::sync::Arc;

use relay_core::clock::Clock;
use relay_core::groups::unmarked;
use relay_core::guard::{self, Verdict};
use relay_core::ledger::{self, Delivered, Divided};
use relay_core::life::standing;
use relay_core::{Entry, FailureClass, Intake, Ledger, Outcome, WorkItem};
use relay_job::{Parts, Routed};
use relay_mapping::{Cause, Fault, Flow};
use serde_json::Value;

use crate::batch::Held;
use crate::map::faults;
use crate::open::Message;
use crate::settle;
use crate::stop::Stop;
use crate::work::Work;

/// So many parts are in memory, and on their way to the queue, at once.
const AT_ONCE: usize = 50;

/// Whether an item is a document that its flow splits, and none of its parts.
pub(crate) fn is_to_divide(flow: &Flow, item: &WorkItem) -> bool {
    flow.split().is_some() && flow.part_of_key(&item.key).is_none()
}

/// Whether a message's document is divided, so that no call is made for it.
pub(crate) fn is_divided(flow: &Flow, message: &Message) -> bool {
    message.item.as_ref().is_ok_and(|item| is_to_divide(flow, item))
}

/// Queues the parts of documents.
pub(crate) struct Divider {
    intake: Intake,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
}

impl Divider {
    pub(crate) fn new(parts: &Parts) -> Self {
        let (ledger, clock) = (parts.stores.ledger.clone(), parts.clock.clone());
        Self { intake: parts.intake(), ledger, clock }
    }

    /// Notes a document's parts, queues them, and records that.
    pub(crate) async fn divide(
        &self,
        routed: &Routed,
        work: &Work<'_>,
        held: &Held<'_>,
    ) -> Result<Outcome, Stop> {
        let (flow, document) = (&routed.flow, &work.item.document);
        if let Some(stop) = is_there_as_a_whole(work) {
            return Err(stop);
        }
        // A request of the whole, from before its flow split it, is not confirmed by parts.
        if let Verdict::Skip(skip) = guard::judge(&work.known.entry, work.candidate()) {
            return Ok(Outcome::Skipped(skip));
        }
        let divided = flow.divide(document).map_err(|fault| faults(vec![fault]))?;
        let Some(divided) = divided else { return Ok(Outcome::AT_ONCE) };
        let parts = divided.parts();
        let hashes = parts.iter().map(|part| (part.name.clone(), flow.content_hash(&divided.document(part))));
        let noted = Divided::new(&work.hash, hashes);
        let without_lines = divided.without_lines();
        let known = work.known.entry.divided.as_ref();
        let is_known = known.is_some_and(|known| known.all().next().is_some());
        if parts.is_empty() && !is_known && !is_over(flow, document).map_err(|fault| faults(vec![fault]))? {
            return Err(faults(vec![no_lines(flow)]));
        }
        let Some(withdrawn) = self.note(work, &noted, &flow.content_hash(&without_lines)).await? else {
            return Ok(Outcome::AT_ONCE);
        };
        let count = parts.len() + withdrawn.len();
        let documents = parts.iter().map(|part| (part.name.as_str(), divided.document(part)));
        let withdrawn = withdrawn.iter().map(|part| (part.as_str(), without_lines.clone()));
        let mut items = documents.chain(withdrawn).enumerate().map(|(place, (part, document))| {
            let key = flow.key_of_part(&work.item.key, part);
            item(work, key, place, document)
        });
        loop {
            let items: Vec<_> = items.by_ref().take(AT_ONCE).collect();
            if items.is_empty() {
                break;
            }
            // Whoever has lost the message to another queues nothing.
            held.keep().await?;
            self.intake.take(routed.system, &items).await?;
        }
        let delivered = self.delivered(work);
        let is_recorded = ledger::update(self.ledger.as_ref(), &work.known.entry.id, None, |entry| {
            settle::noted(work, entry, |entry| entry.queued(delivered.clone()))
        });
        Ok(if is_recorded.await? { Outcome::Divided { parts: count } } else { Outcome::AT_ONCE })
    }

    /// Notes the parts, and answers those that are withdrawn. `None`: another version has been noted meanwhile that is newer.
    async fn note(
        &self,
        work: &Work<'_>,
        noted: &Divided,
        without_lines: &str,
    ) -> Result<Option<Vec<String>>, Stop> {
        let note = |entry: &mut Entry| {
            let is_for_target = guard::judge(entry, work.candidate()) == Verdict::Push;
            is_for_target.then(|| entry.divide(noted, without_lines))
        };
        let known = Some(work.known.entry.clone());
        Ok(ledger::update(self.ledger.as_ref(), &work.known.entry.id, known, note).await?)
    }

    /// That the parts have taken the document's place, as the ledger has it: nothing of it stands in the target itself.
    fn delivered(&self, work: &Work<'_>) -> Delivered {
        let at = self.clock.now();
        Delivered {
            version: work.item.version.clone(),
            version_kind: work.kind,
            hash: work.hash.clone(),
            body_hash: work.hash.clone(),
            target_id: None,
            number: None,
            received_at: Some(work.item.received_at),
            at,
            follows: work.follows(at),
        }
    }
}

/// A part as an item. A turn that is repeated gives the same one, which the queue drops.
fn item(work: &Work<'_>, key: String, place: usize, document: Value) -> WorkItem {
    let WorkItem { flow, version, acknowledge, received_at, trace, replay, .. } = work.item;
    WorkItem {
        flow: flow.clone(),
        key,
        version: version.clone(),
        version_kind: work.kind,
        acknowledge: *acknowledge,
        received_at: *received_at,
        trace: format!("{trace}.{}", place + 1),
        replay: replay.clone(),
        document,
    }
}

/// The failure of a document that came to its target, or into a group, as a whole: from before its flow split its documents.
fn is_there_as_a_whole(work: &Work<'_>) -> Option<Stop> {
    let entry = &work.known.entry;
    let id = match (entry.there(), standing(&entry.bills).map(|place| &entry.bills[place])) {
        _ if entry.divided.is_some() => return None,
        (Some(delivered), _) => delivered.target_id.as_deref(),
        (None, Some(bill)) if bill.stage.is_some() => bill.target_id.as_deref(),
        (None, _) => return None,
    };
    Some(is_whole(work, id))
}

/// The same of one that was tried, and that the target has; or may have, where it cannot be asked.
pub(crate) fn is_whole(work: &Work<'_>, id: Option<&str>) -> Stop {
    let id = id.unwrap_or("unknown");
    let there = match unmarked(id) {
        Some(group) => format!("the group {group} has an older version of it as a whole"),
        None => format!("{} has an older version of it as a whole (id {id})", work.system),
    };
    let message = format!(
        "{there}, from before this flow split its documents: its parts would come there beside it; change it there by hand, and \
         settle this version"
    );
    Stop::failed(FailureClass::Changed, message)
}

/// The failure of a document that goes to its target as a whole, and of which parts went there when its flow split its documents.
pub(crate) fn is_there_in_parts(work: &Work<'_>) -> Option<Stop> {
    let divided = work.known.entry.divided.as_ref()?;
    let parts: Vec<_> = divided.all().map(|(part, _)| part).collect();
    if parts.is_empty() {
        return None;
    }
    let message = format!(
        "{} has, or will have, parts of an older version of it ({}), from when this flow split its documents: as a whole it would \
         come there beside them; change them there by hand, and settle this version",
        work.system,
        parts.join(", ")
    );
    Some(Stop::failed(FailureClass::Changed, message))
}

/// The failure of a part whose flow splits its documents no more: it would come to its target as if it were the whole.
pub(crate) fn split_no_more(work: &Work<'_>, document: &str, part: &str) -> Stop {
    let message = format!(
        "it is a part ({part}) of {document}, from when this flow split its documents: {} would have it under the number of the \
         whole; replay it once its flow splits again, or settle it",
        work.system
    );
    Stop::failed(FailureClass::Changed, message)
}

/// Whether its source has cancelled a document: whatever lines it has, it is to have no bill, and nothing in a group.
fn is_over(flow: &Flow, document: &Value) -> Result<bool, Fault> {
    Ok(flow.cancels(document)? || flow.withdraws(document)?)
}

/// A document without any line becomes nothing.
fn no_lines(flow: &Flow) -> Fault {
    let source = flow.split().map(|split| split.written().to_owned()).unwrap_or_default();
    Fault { target: "split".to_owned(), source, value: None, cause: Cause::NoLines }
}

//! Work items made of a source's documents.

use chrono::{DateTime, Utc};
use relay_core::clock::Rng;
use relay_core::item::content_hash;
use relay_core::{EntryId, Failed, WorkItem};
use relay_mapping::Flow;
use serde_json::Value;

/// Makes a work item of a document for a flow.
///
/// A document whose key cannot be read still becomes one, under a key made of its content: the pusher records it as
/// failed, with the reason, so that it is not lost.
#[must_use]
pub fn item(flow: &Flow, document: Value, acknowledge: bool, now: DateTime<Utc>, rng: &dyn Rng) -> WorkItem {
    let key = flow.key(&document).unwrap_or_else(|_| unreadable_key(&document));
    WorkItem {
        flow: flow.name().to_owned(),
        key,
        version: flow.version(&document),
        version_kind: Some(flow.version_kind(&document)),
        document,
        acknowledge,
        received_at: now,
        trace: rng.uuid().to_string(),
        replay: None,
    }
}

/// A version that has failed as a new message, with key and version as the flow reads them today: what could not be read
/// when it failed is perhaps what was mended. It acknowledges nothing: what the source counts has moved on.
#[must_use]
pub fn again(flow: &Flow, id: &EntryId, failed: &Failed, now: DateTime<Utc>, rng: &dyn Rng) -> WorkItem {
    let mut item = item(flow, failed.document.clone(), false, now, rng);
    if !is_unreadable(&id.key) {
        item.key.clone_from(&id.key);
    }
    mark(&mut item, failed, rng);
    item
}

/// A replay tells of the document what its first message told.
pub fn mark(item: &mut WorkItem, failed: &Failed, rng: &dyn Rng) {
    item.received_at = failed.received_at;
    item.trace.clone_from(&failed.trace);
    item.replay = Some(rng.uuid().to_string());
}

/// Whether a key is one that was made of a document's content, because the flow could not read it.
#[must_use]
pub fn is_unreadable(key: &str) -> bool {
    key.strip_prefix('?').is_some_and(|hash| hash.len() == 16)
}

fn unreadable_key(document: &Value) -> String {
    format!("?{}", &content_hash(document)[..16])
}

//! Work items made of a source's documents.

use chrono::{DateTime, Utc};
use clock::Chance;
use mapping::Flow;
use pipeline::WorkItem;
use pipeline::item::content_hash;
use serde_json::Value;

/// Makes a work item of a document for a flow.
///
/// A document whose key cannot be read still becomes one, under a key made of its content: the pusher records it as
/// failed, with the reason, so that it is not lost.
#[must_use]
pub fn item(
    flow: &Flow,
    document: Value,
    acknowledge: bool,
    now: DateTime<Utc>,
    chance: &dyn Chance,
) -> WorkItem {
    let key = flow.key(&document).unwrap_or_else(|_| unreadable_key(&document));
    WorkItem {
        flow: flow.name().to_owned(),
        key,
        version: flow.version(&document),
        version_kind: Some(flow.version_kind()),
        document,
        acknowledge,
        received_at: now,
        trace: chance.uuid().to_string(),
        replay: None,
    }
}

fn unreadable_key(document: &Value) -> String {
    format!("?{}", &content_hash(document)[..16])
}

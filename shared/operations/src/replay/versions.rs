//! Which of several versions of one document are sent.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use relay_core::WorkItem;
use relay_core::ledger::Stamp;

/// The newest version of each document; and those of which nobody can tell whether they are older, in the order in which
/// they were received.
pub(super) fn newest(items: Vec<WorkItem>) -> Vec<WorkItem> {
    let mut documents = BTreeMap::<_, Vec<WorkItem>>::new();
    for item in items {
        documents.entry((item.flow.clone(), item.key.clone())).or_default().push(item);
    }
    documents.into_values().flat_map(newest_of_one).collect()
}

fn newest_of_one(mut versions: Vec<WorkItem>) -> Vec<WorkItem> {
    versions.sort_by_key(|item| item.received_at);
    // Of two with an equal version the one received last wins, as it does in the guard.
    let is_overtaken = |place: usize, item: &WorkItem| {
        versions.iter().enumerate().any(|(other_place, other)| match stamp(item).compare(stamp(other)) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => place < other_place,
            Some(Ordering::Greater) | None => false,
        })
    };
    let stays: Vec<_> = versions.iter().enumerate().map(|(place, item)| !is_overtaken(place, item)).collect();
    versions.into_iter().zip(stays).filter_map(|(item, stays)| stays.then_some(item)).collect()
}

fn stamp(item: &WorkItem) -> Stamp<'_> {
    Stamp { version: item.version.as_deref(), kind: item.version_kind, received_at: Some(item.received_at) }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use relay_core::VersionKind;
    use serde_json::json;

    use super::*;

    /// A version of one document, received in that second.
    fn item(version: Option<&str>, second: i64) -> WorkItem {
        WorkItem {
            flow: "f".to_owned(),
            key: "k".to_owned(),
            version: version.map(str::to_owned),
            version_kind: Some(VersionKind::Time),
            document: json!({ "second": second }),
            acknowledge: false,
            received_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(second),
            trace: "t".to_owned(),
            replay: None,
        }
    }

    fn sent(items: Vec<WorkItem>) -> Vec<i64> {
        newest(items).iter().map(|item| item.document["second"].as_i64().unwrap()).collect()
    }

    #[test]
    fn of_several_versions_the_newest_is_sent_whenever_it_was_received() {
        let (older, newer) = (Some("2026-11-22 10:00:00"), Some("2026-11-22 10:00:01"));
        assert_eq!(sent(vec![item(newer, 1), item(older, 2)]), [1]);
        assert_eq!(
            sent(vec![item(older, 1), item(newer, 2), item(newer, 3)]),
            [3],
            "the last of two contents"
        );
    }

    #[test]
    fn what_cannot_be_compared_is_sent_in_the_order_received() {
        let (older, newer) = (Some("2026-11-22 10:00:00"), Some("2026-11-22 10:00:01"));
        assert_eq!(sent(vec![item(None, 3), item(newer, 2), item(older, 1)]), [2, 3]);
    }
}

//! What was delivered within a span of time.

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::{Entry, EntryId, Ledger};

use super::Ports;
use super::ledger::{delivered, failed};

/// A time of the day that the entries are of, in milliseconds.
fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::milliseconds(millis)
}

async fn deliver(ledger: &dyn Ledger, flow: &str, key: &str, millis: i64) {
    let id = EntryId::new(flow, key);
    let known = ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id);
    let mut entry = known.unwrap_or_else(|| Entry::new(id));
    let mut delivery = delivered("1");
    delivery.at = at(millis);
    entry.delivered = Some(delivery);
    assert!(ledger.write(&entry).await.unwrap());
}

/// All of a span, `limit` at a time.
async fn all(ledger: &dyn Ledger, flow: Option<&str>, span: (i64, i64), limit: usize) -> Vec<String> {
    let (mut keys, mut from) = (Vec::new(), None);
    loop {
        let span = (at(span.0), at(span.1));
        let (page, next) = ledger.delivered(flow, span, from.as_deref(), limit).await.unwrap();
        keys.extend(page.into_iter().map(|entry| entry.id.key));
        from = next;
        if from.is_none() {
            break;
        }
    }
    if !ledger.finds_by_time().await.unwrap() {
        keys.sort();
        keys.reverse();
    }
    keys
}

#[tokio::test]
async fn what_was_delivered_within_a_span_is_listed_whole_whatever_the_pages() {
    let ports = Ports::open().await;
    let ledger = ports.stores.ledger.as_ref();
    // Seven within one second, and one in each before and after it.
    for place in 0..7 {
        deliver(ledger, ["f", "g"][place % 2], &format!("k{place}"), 5_000 + place as i64).await;
    }
    deliver(ledger, "f", "before", 4_000).await;
    deliver(ledger, "f/x", "later", 6_000).await;
    let seven = ["k6", "k5", "k4", "k3", "k2", "k1", "k0"];
    for limit in [1, 2, 3, 100] {
        let mut found = all(ledger, None, (4_500, 5_999), limit).await;
        found.sort();
        found.reverse();
        assert_eq!(found, seven, "{limit} at a time");
        let mut found = all(ledger, Some("f"), (0, 9_000), limit).await;
        found.sort();
        assert_eq!(found, ["before", "k0", "k2", "k4", "k6"], "of one flow, {limit} at a time");
    }
    assert_eq!(
        all(ledger, None, (5_002, 5_003), 10).await.len(),
        2,
        "the ends are among it, to the millisecond"
    );
    assert!(all(ledger, None, (7_000, 9_000), 10).await.is_empty());
    assert!(all(ledger, Some("nobody"), (0, 9_000), 10).await.is_empty());
}

#[tokio::test]
async fn the_latest_comes_first_where_deliveries_are_found_by_time() {
    let ports = Ports::open().await;
    let ledger = ports.stores.ledger.as_ref();
    for (key, seconds) in [("b", 2), ("c", 3), ("a", 1)] {
        deliver(ledger, "f", key, seconds * 1_000).await;
    }
    assert_eq!(all(ledger, None, (0, 9_000), 2).await, ["c", "b", "a"]);
    // Delivered again, a document stands where it was delivered last.
    deliver(ledger, "f", "a", 8_000).await;
    let found = all(ledger, None, (0, 9_000), 2).await;
    if ledger.finds_by_time().await.unwrap() {
        assert_eq!(found, ["a", "c", "b"]);
    }
    assert!(all(ledger, None, (500, 1_500), 10).await.is_empty());
}

#[tokio::test]
async fn what_failed_is_no_delivery_and_what_failed_after_one_still_is() {
    let ports = Ports::open().await;
    let ledger = ports.stores.ledger.as_ref();
    let mut entry = Entry::new(EntryId::new("f", "failed"));
    entry.failed = Some(failed(1_790_000_001));
    assert!(ledger.write(&entry).await.unwrap());
    deliver(ledger, "f", "both", 1_000).await;
    let id = EntryId::new("f", "both");
    let mut entry = ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    entry.failed = Some(failed(1_790_000_002));
    assert!(ledger.write(&entry).await.unwrap());
    assert_eq!(all(ledger, None, (0, 9_000), 10).await, ["both"]);
}

/// On AWS it stands in parts beside the others.
#[tokio::test]
async fn a_large_entry_is_listed_too() {
    let ports = Ports::open().await;
    let ledger = ports.stores.ledger.as_ref();
    deliver(ledger, "f", "large", 1_000).await;
    let id = EntryId::new("f", "large");
    let mut entry = ledger.read(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap();
    let mut large = failed(1_790_000_002);
    large.document = serde_json::json!(super::intake::noise(900_000));
    entry.failed = Some(large);
    assert!(ledger.write(&entry).await.unwrap());
    assert_eq!(all(ledger, Some("f"), (0, 9_000), 10).await, ["large"]);
}

//! Events of SQS, and the bodies of their messages: plain, and compressed as large ones are.
//!
//! An input is an event as JSON, or the body of one message. It is opened as it stands and in its compressed form; what it
//! says goes through the flow that it names.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use relay_core::guard::{self, Candidate, Verdict};
use relay_core::item::content_hash;
use relay_core::ledger::{Delivered, Entry, Stamp};
use relay_core::{EntryId, Skip, System, WorkItem, codec};
use relay_erp_pusher::{Message, event};
use serde_json::{Value, json};

use crate::Depth;
use crate::house::{FLOWS, follow, now};
use crate::input::text;

/// Words that its parsers look for.
pub const WORDS: &[&str] = &[
    "\"Records\":[",
    "\"messageId\":\"m\"",
    "\"receiptHandle\":\"r\"",
    "\"body\":\"{}\"",
    "\"body\":\"gzip:\"",
    "gzip:",
    "\"attributes\":{",
    "\"SentTimestamp\":\"9223372036854775807\"",
    "\"SentTimestamp\":\"8210266876799999\"",
    "\"SentTimestamp\":\"-8334601228800000\"",
    "\"ApproximateReceiveCount\":\"4294967295\"",
    "\"MessageGroupId\":\"g\"",
    "\"eventSourceARN\":\"arn:aws:sqs:x:1:relay-kingdee.fifo\"",
    "\"flow\":\"trade-to-kingdee\"",
    "\"flow\":\"direct-order-to-sharecrm\"",
    "\"flow\":\"direct-order-to-wangdian\"",
    "\"flow\":\"stock-to-sharecrm\"",
    "\"flow\":\"shipping-to-sharecrm\"",
    "\"key\":\"k\"",
    "\"version\":\"2026-11-22 10:42:17\"",
    "\"version_kind\":\"time\"",
    "\"version_kind\":\"integer\"",
    "\"version_kind\":\"received\"",
    "\"document\":{",
    "\"acknowledge\":true",
    "\"received_at\":\"+262142-12-31T23:59:59Z\"",
    "\"received_at\":\"-262143-01-01T00:00:00Z\"",
    "\"received_at\":\"2026-11-22T02:42:17Z\"",
    "\"trace\":\"t\"",
    "\"replay\":\"r\"",
    "\"goods_list\":[{",
    "\"prods\":[{",
    "\"tax_rate\":\"1e-28\"",
    "\"num\":\"79228162514264337593543950335\"",
    "\"num\":0",
    "江苏省南京市建邺区云龙山路66号",
    "null",
    "[]",
    "{}",
    "[[[[[[[[[[",
    "]]]]]]]]]]",
    "{\"a\":{\"a\":{\"a\":",
    "\\ud83d",
    "\\u0000",
    "$serde_json::private::Number",
    "1e400",
    "-0",
    "0.10",
];

static QUEUES: LazyLock<BTreeMap<String, System>> = LazyLock::new(|| {
    let queues =
        [("kingdee", "kingdee"), ("sharecrm", "sharecrm"), ("wangdian", "wangdian"), ("wdt", "wangdian")];
    queues.into_iter().map(|(queue, system)| (queue.to_owned(), System::new(system))).collect()
});

/// Feeds an event, and the same bytes as the body of a message.
pub fn run(input: &[u8]) -> Depth {
    let body = text(input);
    comes_back(&body);
    let packed = packed(&body);
    assert_eq!(WorkItem::decode(&packed), WorkItem::decode(&body), "a compressed body says the same");
    let record = json!({"messageId": "m", "body": packed, "attributes": {"SentTimestamp": "1795320000000"}});
    let as_body = opened(json!({"Records": [record]}));
    let as_event = serde_json::from_slice(input).map_or(Depth::Refused, opened);
    as_body.max(as_event)
}

/// What is packed is unpacked again.
fn comes_back(text: &str) {
    _ = codec::unpack(text);
    // Nothing that is packed begins so: it is JSON.
    if !text.starts_with("gzip:") {
        let packed = codec::pack(text.to_owned());
        assert_eq!(codec::unpack(&packed).as_deref(), Ok(text));
    }
}

/// A text in the form that large ones travel in, however small it is. What has that form already stays as it is.
fn packed(text: &str) -> String {
    if text.starts_with("gzip:") {
        return text.to_owned();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory takes it");
    format!("gzip:{}", BASE64.encode(encoder.finish().expect("memory takes it")))
}

fn opened(event: Value) -> Depth {
    let count = event.get("Records").and_then(Value::as_array).map(Vec::len);
    let Ok(messages) = event::decode(event, &QUEUES, now()) else {
        assert_eq!(count, None, "every list of records is read");
        return Depth::Refused;
    };
    assert_eq!(Some(messages.len()), count, "a message for each record");
    let messages = messages.into_iter().map(|(queue, received)| Message::open(queue, received));
    messages.map(|message| worked(&message)).max().unwrap_or(Depth::Refused)
}

fn worked(message: &Message) -> Depth {
    // The age of a message decides on it.
    _ = now() - message.received.sent_at;
    let Ok(item) = &message.item else { return Depth::Refused };
    travels(item);
    is_known_once_delivered(item);
    match FLOWS.named(&item.flow).map(|routed| follow(&routed.flow, &item.document)) {
        Some(Ok(_)) => Depth::Accepted,
        _ => Depth::Opened,
    }
}

/// An item that was read can be sent on as it is.
fn travels(item: &WorkItem) {
    assert_eq!(WorkItem::decode(&item.encode()).as_ref(), Ok(item), "a message says what was put into it");
    let again = WorkItem { trace: format!("{}+", item.trace), ..item.clone() };
    assert_eq!((item.group(), item.content_id()), (again.group(), again.content_id()));
    assert_ne!(item.deduplication(), again.deduplication(), "it is another message");
    assert_eq!(
        content_hash(&item.document),
        content_hash(&reversed(item.document.clone())),
        "order says nothing"
    );
}

/// The same document with its fields in another order.
fn reversed(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, reversed(value))).collect();
            fields.into_iter().rev().collect()
        }
        Value::Array(rows) => rows.into_iter().map(reversed).collect(),
        scalar => scalar,
    }
}

/// What the target has is not sent to it once more, unless its version cannot be read.
fn is_known_once_delivered(item: &WorkItem) {
    let hash = content_hash(&item.document);
    let (version, kind) = (item.version.as_deref(), item.version_kind);
    let stamp = Stamp { version, kind, received_at: Some(item.received_at) };
    let candidate = Candidate { stamp, hash: &hash, replay: item.replay.as_deref() };
    let mut entry = Entry::new(EntryId::new(&item.flow, &item.key));
    let first = guard::judge(&entry, candidate);
    assert!(matches!(first, Verdict::Push | Verdict::Unordered(_)), "{first:?}");
    entry.delivered = Some(Delivered {
        version: item.version.clone(),
        version_kind: kind,
        received_at: Some(item.received_at),
        hash: hash.clone(),
        body_hash: String::new(),
        target_id: None,
        number: None,
        at: now(),
        follows: None,
    });
    let second = guard::judge(&entry, candidate);
    assert!(matches!(second, Verdict::Skip(Skip::Same) | Verdict::Unordered(_)), "{second:?}");
}

//! The SQS event and its partial-batch answer.
//!
//! Records are decoded one by one: a body that is no work item fails alone, in the pusher, and not its batch.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use pipeline::{Received, System};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SqsEvent {
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    #[serde(default)]
    receipt_handle: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default, rename = "eventSourceARN")]
    event_source_arn: String,
}

/// Reads an event: its messages by the system whose queue they come from, which the queue's name ends with
/// (`…-kingdee.fifo`).
///
/// # Errors
/// An event that is none of SQS, or of a queue that is none of ours.
pub fn decode(event: Value, now: DateTime<Utc>) -> anyhow::Result<BTreeMap<System, Vec<Received>>> {
    let event: SqsEvent = serde_json::from_value(event)
        .context("it has no list `Records` of messages with `messageId` and `body`")?;
    let mut messages = BTreeMap::<_, Vec<_>>::new();
    for record in event.records {
        let queue = record.event_source_arn.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        let name = queue.strip_suffix(".fifo").unwrap_or(&queue);
        let system = System::ALL
            .into_iter()
            .find(|system| name == system.name() || name.ends_with(&format!("-{system}")))
            .with_context(|| {
                format!("the queue `{queue}` is none of ours: its name must end with a system's")
            })?;
        messages.entry(system).or_default().push(received(record, now));
    }
    Ok(messages)
}

fn received(record: Record, now: DateTime<Utc>) -> Received {
    let attribute = |name: &str| record.attributes.get(name);
    let sent_at = attribute("SentTimestamp").and_then(|millis| millis.parse().ok());
    Received {
        group: attribute("MessageGroupId").cloned().unwrap_or_else(|| record.message_id.clone()),
        receive_count: attribute("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1),
        sent_at: sent_at.and_then(DateTime::from_timestamp_millis).unwrap_or(now),
        id: record.message_id,
        receipt: record.receipt_handle,
        body: record.body,
    }
}

/// Writes the answer (`ReportBatchItemFailures`).
#[must_use]
pub fn encode(coming_again: &[String]) -> Value {
    let failures: Vec<_> = coming_again.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failures })
}

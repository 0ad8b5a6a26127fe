//! The SQS event and its partial-batch answer.
//!
//! Records are decoded one by one: a body that is no work item fails alone, when it is opened, and not its batch.

use std::collections::BTreeMap;

use anyhow::bail;
use chrono::{DateTime, Utc};
use relay_core::item::content_hash;
use relay_core::{Place, Received, System};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    #[serde(default)]
    receipt_handle: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
    #[serde(default, rename = "eventSourceARN")]
    event_source_arn: String,
}

/// Reads an event; the queue that a message comes from is known where its name says so (`…-kingdee.fifo`). The parser's own
/// words are left out of errors: they quote what they stumble over.
///
/// # Errors
/// An event that is none of SQS.
pub fn decode(
    event: Value,
    queues: &BTreeMap<String, System>,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<(Option<System>, Received)>> {
    let records = match event {
        Value::Object(mut fields) => fields.remove("Records"),
        _ => None,
    };
    let Some(Value::Array(records)) = records else { bail!("it has no list `Records` of messages") };
    Ok(records.iter().map(|record| message(record, queues, now)).collect())
}

fn message(
    record: &Value,
    queues: &BTreeMap<String, System>,
    now: DateTime<Utc>,
) -> (Option<System>, Received) {
    match Record::deserialize(record) {
        Ok(record) => (system_of(&record.event_source_arn, queues), received(record, now)),
        Err(_) => (None, received(stranger(record), now)),
    }
}

/// A record that is none of SQS, as a message whose body it is: that is no work item, so it is recorded as failed.
fn stranger(record: &Value) -> Record {
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    Record {
        message_id: text("messageId").unwrap_or_else(|| content_hash(record)),
        receipt_handle: text("receiptHandle").unwrap_or_default(),
        body: record.to_string(),
        attributes: BTreeMap::new(),
        event_source_arn: String::new(),
    }
}

fn system_of(queue_arn: &str, queues: &BTreeMap<String, System>) -> Option<System> {
    let name = queue_name(queue_arn).to_ascii_lowercase();
    let last = name.rsplit('-').next().unwrap_or_default();
    queues.get(last).copied()
}

fn queue_name(queue_arn: &str) -> &str {
    let name = queue_arn.rsplit(':').next().unwrap_or_default();
    name.strip_suffix(".fifo").unwrap_or(name)
}

fn received(record: Record, now: DateTime<Utc>) -> Received {
    let attribute = |name: &str| record.attributes.get(name).and_then(Value::as_str);
    let sent_at = attribute("SentTimestamp").and_then(|millis| millis.parse().ok());
    let sent_at = sent_at.and_then(DateTime::from_timestamp_millis);
    let number = attribute("SequenceNumber").and_then(|number| number.parse().ok());
    let place = |number| Place::new(queue_name(&record.event_source_arn), number).sent_at(sent_at);
    Received {
        place: number.map(place),
        group: attribute("MessageGroupId").unwrap_or(&record.message_id).to_owned(),
        receive_count: attribute("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1),
        sent_at: sent_at.unwrap_or(now),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn queues() -> BTreeMap<String, System> {
        let names =
            [("kingdee", "kingdee"), ("sharecrm", "sharecrm"), ("wangdian", "wangdian"), ("wdt", "wangdian")];
        names.into_iter().map(|(queue, system)| (queue.to_owned(), System::new(system))).collect()
    }

    fn decode(event: Value) -> anyhow::Result<Vec<Received>> {
        let messages = super::decode(event, &queues(), DateTime::UNIX_EPOCH)?;
        Ok(messages.into_iter().map(|(_, received)| received).collect())
    }

    #[test]
    fn a_queue_names_its_system_at_the_end() {
        let system_of = |queue_arn| system_of(queue_arn, &queues()).map(System::name);
        assert_eq!(system_of("arn:aws-cn:sqs:cn-north-1:1:relay-prod-kingdee.fifo"), Some("kingdee"));
        assert_eq!(system_of("arn:aws:sqs:eu-west-1:1:sharecrm.fifo"), Some("sharecrm"));
        assert_eq!(system_of("arn:aws:sqs:eu-west-1:1:relay-WDT.fifo"), Some("wangdian"));
        assert_eq!(system_of("arn:aws:sqs:eu-west-1:1:orders.fifo"), None);
        assert_eq!(system_of(""), None);
    }

    #[test]
    fn a_record_without_body_or_attributes_is_still_a_message() {
        let event = json!({ "Records": [{ "messageId": "m1" }] });
        let messages = decode(event).unwrap();
        let received = &messages[0];
        assert_eq!((received.id.as_str(), received.body.as_str(), received.receive_count), ("m1", "", 1));
        assert_eq!(received.group, "m1", "it holds no other back");
    }

    #[test]
    fn a_message_bears_the_name_of_its_queue_and_the_number_there() {
        let record = |attributes: Value| {
            json!({ "messageId": "m1", "attributes": attributes,
                    "eventSourceARN": "arn:aws:sqs:eu-west-1:1:relay-prod-kingdee.fifo" })
        };
        let attributes =
            json!({ "SequenceNumber": "18893456789012345678", "SentTimestamp": "1764500000123" });
        let records = [record(attributes), record(json!({}))];
        let messages = decode(json!({ "Records": records })).unwrap();
        let sent_at = DateTime::from_timestamp_millis(1_764_500_000_123);
        let place = Place::new("relay-prod-kingdee", 18_893_456_789_012_345_678).sent_at(sent_at);
        assert_eq!(messages[0].place, Some(place));
        assert_eq!(messages[1].place, None);
    }

    #[test]
    fn an_event_that_is_none_of_sqs_is_an_error_that_quotes_nothing() {
        for event in
            [json!({ "flow": "13912345678" }), json!({ "Records": "13912345678" }), json!("13912345678")]
        {
            let error = format!("{:#}", decode(event).unwrap_err());
            assert!(error.contains("`Records`") && !error.contains("139"), "{error}");
        }
        assert!(decode(json!({ "Records": [] })).unwrap().is_empty());
    }

    #[test]
    fn a_record_that_is_none_of_sqs_is_a_message_of_its_own() {
        let records = json!([null, { "body": "{}" }, { "messageId": "m3", "body": { "flow": "f" } },
                             { "messageId": "m4", "attributes": { "SentTimestamp": 1 } }]);
        let messages = decode(json!({ "Records": records })).unwrap();
        let ids: Vec<_> = messages.iter().map(|message| message.id.as_str()).collect();
        assert_eq!((ids.len(), &ids[2..]), (4, ["m3", "m4"].as_slice()));
        assert_ne!(ids[0], ids[1]);
        assert_eq!(messages[2].body, r#"{"messageId":"m3","body":{"flow":"f"}}"#);
    }
}

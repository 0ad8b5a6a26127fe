//! One document for one flow.

use std::fmt;

use crate::VersionKind;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::codec;

/// How many levels of lists and objects a document may be nested. A message, the ledger and answers wrap it in some more,
/// and whoever reads those gives up at 128 (`serde_json`); no vendor's document has ten.
pub const MAX_DEPTH: usize = 100;

/// A system that documents go to or come from, by the name that its documents' names begin with. Each target has a
/// queue of its own, so that a slow one delays no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct System(&'static str);

impl System {
    /// The system of that name, which the registry of connectors knows.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The system of a document, such as `kingdee.sal_order_save`.
    #[must_use]
    pub fn of_document(document: &'static str) -> Self {
        Self(document.split_once('.').map_or(document, |(system, _)| system))
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One document for one flow, as it travels in a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkItem {
    /// The flow's name.
    pub flow: String,
    /// The document's key, as the flow says.
    pub key: String,
    /// The document's version as found; the flow says how versions compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How the flow compared versions when the document came: it may be gone when the version is to be compared.
    /// `None` in messages of programs that did not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_kind: Option<VersionKind>,
    /// Whether the source waits for an acknowledgement. A replay never acknowledges: its counters are old.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acknowledge: bool,
    /// When we received it.
    pub received_at: DateTime<Utc>,
    /// Follows the document through the logs. Each item that is made of a document has one of its own.
    pub trace: String,
    /// Set when a person replays it, and unlike any other message's: a replay keeps the trace of what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// The document as the source handed it over. It comes last, so that the messages of one document for several targets
    /// end alike, and a store can keep the end once.
    pub document: Value,
}

/// What the replay's name begins with of a document that is to be sent although the target has it.
const AGAIN: &str = "again/";

/// The name of a replay that sends a document again although the target has it: a person says so.
#[must_use]
pub fn again(id: impl fmt::Display) -> String {
    format!("{AGAIN}{id}")
}

/// Whether a replay is one.
#[must_use]
pub fn is_again(replay: Option<&str>) -> bool {
    replay.is_some_and(|replay| replay.starts_with(AGAIN))
}

/// The flow that a message body names, without reading the document; `None` where the body is none of a work item.
#[must_use]
pub fn flow_of(body: &str) -> Option<String> {
    /// What a plain body begins with, as [`WorkItem::encode`] writes it.
    const BEGINS: &str = r#"{"flow":"#;
    match body.strip_prefix(BEGINS) {
        // The rest of it stays unread.
        Some(rest) => serde_json::Deserializer::from_str(rest).into_iter::<String>().next()?.ok(),
        None => WorkItem::decode(body).ok().map(|item| item.flow),
    }
}

impl WorkItem {
    /// Whether a person has it sent although the target has it.
    #[must_use]
    pub fn is_again(&self) -> bool {
        is_again(self.replay.as_deref())
    }

    /// What orders messages: versions of one document follow each other, different documents do not wait.
    #[must_use]
    pub fn group(&self) -> String {
        Self::group_of(&self.flow, &self.key)
    }

    /// The group of the messages of a document.
    #[must_use]
    pub fn group_of(flow: &str, key: &str) -> String {
        digest(&[flow, key])
    }

    /// What the item says, of which document and in which version: equal for two readings of an unchanged document.
    #[must_use]
    pub fn content_id(&self) -> String {
        let version = self.version.as_deref().unwrap_or_default();
        digest(&[&self.flow, &self.key, version, &content_hash(&self.document)])
    }

    /// What makes two messages the same message: being of this very item. The queue remembers ids for five minutes and
    /// knows nothing of what came in between, so an id made of the content would take the third of A, B, A for the first.
    /// Equal ids are of one item that is sent again because nobody knows whether the queue took it; a document that
    /// comes again is another item, with a trace of its own, which the ledger's guard skips where it repeats what the
    /// target has.
    #[must_use]
    pub fn deduplication(&self) -> String {
        self.deduplication_of(&self.encode())
    }

    /// [`WorkItem::deduplication`], with the item's body at hand. It begins with the time, so that a store that keeps ids in
    /// their order writes those of one moment side by side.
    #[must_use]
    pub fn deduplication_of(&self, body: &str) -> String {
        format!("{:011x}{}", self.received_at.timestamp_millis().max(0), digest(&[body]))
    }

    /// How many levels the document is nested, where those are more than are carried ([`MAX_DEPTH`]).
    #[must_use]
    pub fn too_deep(&self) -> Option<usize> {
        Some(depth(&self.document)).filter(|depth| *depth > MAX_DEPTH)
    }

    /// The message body.
    #[must_use]
    pub fn encode(&self) -> String {
        // Straight to text: as a value, the document would be made anew. Should it ever fail, the value's panic fails this document
        // alone, and nothing empty is sent.
        codec::pack(serde_json::to_string(self).unwrap_or_else(|_| serde_json::json!(self).to_string()))
    }

    /// Reads a message body.
    ///
    /// # Errors
    /// What is wrong with the body, in words.
    pub fn decode(body: &str) -> Result<Self, String> {
        let text = codec::unpack(body)?;
        // Of a text that is none, `serde_json` says where.
        let item = Self::read(&text).or_else(|_| serde_json::from_str(&text));
        item.map_err(|error| format!("it is no work item: {error}"))
    }

    fn read(text: &str) -> Result<Self, serde_json::Error> {
        let mut whole: Value = serde_json::from_str(text)?;
        // It is moved as it is, for it would be made anew field by field with the rest.
        let document = whole.get_mut("document").map(Value::take);
        let mut item: Self = serde_json::from_value(whole)?;
        if let Some(document) = document {
            item.document = document;
        }
        Ok(item)
    }
}

/// A hash of what a document says, however it is written: vendors answer the same row with its fields in another order,
/// with numbers as strings, and with empty lists as `null` or left out.
#[must_use]
pub fn content_hash(document: &Value) -> String {
    // Of the usual length of a trade.
    let mut content = Vec::with_capacity(8 * 1024);
    write_content(document, &mut content);
    hex::encode(Sha256::digest(content))
}

fn write_content(value: &Value, content: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !is_nothing(value));
            let mut fields: Vec<_> = fields.map(|(name, value)| (beginning(name), name, value)).collect();
            fields.sort_unstable_by_key(|(beginning, name, _)| (*beginning, *name));
            content.push(b'{');
            for (_, name, value) in fields {
                // As JSON text: quotes keep a name from running into its value.
                write_text(name, content);
                write_content(value, content);
            }
            content.push(b'}');
        }
        Value::Array(rows) => {
            content.push(b'[');
            for row in rows {
                write_content(row, content);
                content.push(b',');
            }
            content.push(b']');
        }
        Value::Number(number) => write_text(number.as_str(), content),
        Value::String(text) => write_text(text, content),
        Value::Bool(flag) => content.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Null => content.extend_from_slice(b"null"),
    }
}

/// The first bytes of a name as one number, in the order of names: most differ in it, so that few need be compared further.
fn beginning(name: &str) -> u128 {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name.bytes()).for_each(|(byte, of_name)| *byte = of_name);
    u128::from_be_bytes(bytes)
}

/// Writes a text as JSON. Most hold nothing that is to be escaped.
fn write_text(text: &str, content: &mut Vec<u8>) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        content.push(b'"');
        content.extend_from_slice(text.as_bytes());
        content.push(b'"');
    } else {
        // A text that is written to memory does not fail.
        _ = serde_json::to_writer(content, text);
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// How many levels of lists and objects a value is nested.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(rows) => 1 + rows.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// SQS ids are at most 128 plain characters; keys may be Chinese and long.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(document: Value) -> WorkItem {
        WorkItem {
            flow: "trade-to-kingdee".to_owned(),
            key: "JY1".to_owned(),
            version: Some("2022-11-01 10:00:00".to_owned()),
            version_kind: Some(VersionKind::Time),
            document,
            acknowledge: false,
            received_at: DateTime::UNIX_EPOCH,
            trace: "t".to_owned(),
            replay: None,
        }
    }

    #[test]
    fn a_body_brings_every_digit_back() {
        let sent = item(json!({"id": "7226306356013346628", "amount": "35.10", "名": "苏果"}));
        assert_eq!(WorkItem::decode(&sent.encode()).unwrap(), sent);
        let text = r#"{"n": 7226306356013346628123, "d": 0.10}"#;
        let sent = item(serde_json::from_str(text).unwrap());
        let received = WorkItem::decode(&sent.encode()).unwrap();
        assert_eq!(received.document.to_string(), r#"{"n":7226306356013346628123,"d":0.10}"#);
    }

    #[test]
    fn the_hash_follows_the_content_not_the_order() {
        assert_eq!(content_hash(&json!({"a": 1, "b": [1, 2]})), content_hash(&json!({"b": [1, 2], "a": 1})));
        assert_ne!(content_hash(&json!({"b": [1, 2]})), content_hash(&json!({"b": [2, 1]})));
        assert_ne!(content_hash(&json!({"a": "1"})), content_hash(&json!({"a": "2"})));
        assert_ne!(content_hash(&json!({"a": "", "b": ""})), content_hash(&json!({"a": {"b": ""}})));
        let known = "abf40be0e3109e1372e0ab2967d223118a0199a41cdea35de673b03bae360e78";
        assert_eq!(
            content_hash(&json!({"b\"": [1.50, "x", null], "a": true})),
            known,
            "it is kept in ledgers"
        );
    }

    #[test]
    fn the_same_row_written_otherwise_has_the_same_hash() {
        let one: Value =
            serde_json::from_str(r#"{"n": 7226306356013346628, "d": 0.10, "lines": []}"#).unwrap();
        let two = json!({"d": "0.10", "n": "7226306356013346628", "lines": null, "remark": null});
        assert_eq!(content_hash(&one), content_hash(&two));
        assert_ne!(
            content_hash(&json!({"remark": ""})),
            content_hash(&json!({})),
            "an emptied field is a change"
        );
    }

    #[test]
    fn versions_share_a_group_and_differ_in_content() {
        let (one, mut two) = (item(json!({})), item(json!({})));
        two.version = Some("2022-11-01 10:00:01".to_owned());
        assert_eq!(one.group(), two.group());
        assert_ne!(one.content_id(), two.content_id());
    }

    #[test]
    fn a_message_is_a_repetition_of_its_own_item_alone() {
        let one = item(json!({}));
        assert_eq!(one.deduplication(), one.clone().deduplication(), "sent again");
        assert!(one.deduplication().len() <= 128, "as long as SQS takes");
        let again = WorkItem { trace: "u".to_owned(), ..one.clone() };
        assert_eq!(one.content_id(), again.content_id());
        assert_ne!(one.deduplication(), again.deduplication(), "read again");
        let replay = WorkItem { replay: Some("r1".to_owned()), ..one.clone() };
        assert_ne!(one.deduplication(), replay.deduplication());
    }

    #[test]
    fn a_document_names_its_system() {
        assert_eq!(System::of_document("kingdee.sal_order_save"), System::new("kingdee"));
    }
}

//! Entries that are larger than an item of DynamoDB may be: 400 KB, where a failed document may have megabytes.
//!
//! Such an entry is cut into parts, items of the same table whose ids are its own, the hash of its content, and a
//! number. They are written before the entry, which names the hash and how many there are, and never change: whoever
//! reads an entry finds the parts that it names. Those that no entry names any more are left to the table's time to
//! live. (A crash between parts and entry leaves parts that nobody names and nothing deletes. They only take space.)

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::Aws;
use super::item::{EXPIRES_AT, ID, Item, number, number_of, text, text_of};
use relay_core::StoreError;

/// With the id, which may stand in an item twice, and the other attributes well below 400 KB.
const PART_BYTES: usize = 350 * 1024;

/// Whoever has read the entry before it changed may still be reading its parts.
const KEPT: Duration = Duration::from_secs(7 * 86_400);

/// The entry's attributes that name its parts, and a part's content.
const HASH: &str = "parts_hash";
const COUNT: &str = "parts";
const PART: &str = "part";

/// The parts that an entry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    id: String,
    hash: String,
    count: usize,
}

impl Parts {
    /// The parts that an item names, if it does.
    pub(super) fn of(item: &Item) -> Option<Self> {
        let (id, hash) = (text_of(item, ID)?, text_of(item, HASH)?);
        Some(Self { id: id.to_owned(), hash: hash.to_owned(), count: number_of(item, COUNT)? })
    }

    /// The attributes of the entry that name them.
    pub(super) fn attributes(&self) -> Item {
        Item::from([(HASH.to_owned(), text(&self.hash)), (COUNT.to_owned(), number(self.count))])
    }

    fn ids(&self) -> impl Iterator<Item = String> {
        (0..self.count).map(|place| format!("{}#{}#{place}", self.id, self.hash))
    }
}

impl Aws {
    /// Writes the parts of an entry, if it needs any.
    pub(super) async fn write_parts(&self, id: &str, entry: &str) -> Result<Option<Parts>, StoreError> {
        if entry.len() <= PART_BYTES {
            return Ok(None);
        }
        let call = self.ledger_call("writing a part of an entry", "dynamodb:PutItem");
        let cut = cut(entry);
        let hash = hex::encode(Sha256::digest(entry));
        let parts = Parts { id: id.to_owned(), hash, count: cut.len() };
        for (part_id, part) in parts.ids().zip(cut) {
            let put = self.dynamodb().put_item().table_name(call.name);
            let put = put.item(ID, text(part_id)).item(PART, text(part)).send().await;
            put.map_err(|error| call.failed(&error))?;
        }
        Ok(Some(parts))
    }

    /// Puts an entry together again; the inner error is that one of its parts is missing.
    pub(super) async fn read_parts(&self, parts: &Parts) -> Result<Result<String, StoreError>, StoreError> {
        let call = self.ledger_call("reading the parts of an entry", "dynamodb:BatchGetItem");
        let items = self.items(call, parts.ids()).await?;
        let part = |id: String| items.get(&id).and_then(|item| text_of(item, PART));
        let entry: Option<String> = parts.ids().map(part).collect();
        Ok(entry.ok_or_else(|| call.because(format!("a part of the entry {} is missing", parts.id))))
    }

    /// Lets parts go that no entry names any more.
    pub(super) async fn forget_parts(&self, parts: &Parts) {
        let call = self.ledger_call("letting a part of an old entry go", "dynamodb:UpdateItem");
        let end = number((self.clock.now() + KEPT).timestamp());
        for id in parts.ids() {
            let update = self
                .dynamodb()
                .update_item()
                .table_name(call.name)
                .key(ID, text(&id))
                .update_expression("SET #end = :end")
                // What is gone already is not to come back.
                .condition_expression("attribute_exists(#id)")
                .expression_attribute_names("#end", EXPIRES_AT)
                .expression_attribute_names("#id", ID)
                .expression_attribute_values(":end", end.clone());
            if let Err(error) = update.send().await {
                let error = call.failed(&error);
                tracing::warn!(%error, "a part of an old entry stays in the ledger: it only takes space");
            }
        }
    }
}

/// Text in pieces of at most `PART_BYTES`.
fn cut(mut text: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(text.len() / PART_BYTES + 1);
    while !text.is_empty() {
        let (part, rest) = text.split_at(text.floor_char_boundary(PART_BYTES));
        parts.push(part);
        text = rest;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_cut_in_two() {
        let text = format!("x{}", "订".repeat(PART_BYTES));
        let parts = cut(&text);
        assert!(parts.len() == 4 && parts.iter().all(|part| part.len() <= PART_BYTES), "{}", parts.len());
        assert_eq!(parts.concat(), text);
    }
}

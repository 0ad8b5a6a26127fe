//! What the rows of groups are called, how they are read, and seals that are larger than a row.

use relay_core::groups::GroupId;
use relay_core::{EntryId, StoreError, codec};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::Aws;
use crate::failure::Call;
use crate::item::{ID, Item, id, text, text_of};

/// The sort key.
pub(super) const ROW: &str = "row";
/// What a row holds, as JSON text.
pub(super) const VALUE: &str = "value";

/// What the sort keys of members, seals and parts of seals begin with.
pub(super) const MEMBER: &str = "m#";
pub(super) const SEAL: &str = "s#";
pub(super) const PART: &str = "p#";

/// Items of DynamoDB have 400 KB.
pub(super) const PART_BYTES: usize = 350 * 1024;

impl Aws {
    /// Rows of one id, in their order, strongly consistent.
    pub(crate) async fn rows(
        &self,
        call: Call<'_>,
        id: &str,
        prefix: &str,
        mut start: Option<Item>,
        limit: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        while items.len() < limit {
            let left = i32::try_from(limit - items.len()).unwrap_or(i32::MAX);
            let query = self.dynamodb().query().table_name(call.name).consistent_read(true).limit(left);
            let query =
                query.expression_attribute_values(":id", text(id)).set_exclusive_start_key(start.take());
            let query = match prefix {
                "" => query.key_condition_expression("id = :id"),
                prefix => query
                    .key_condition_expression("id = :id AND begins_with(#row, :prefix)")
                    .expression_attribute_names("#row", ROW)
                    .expression_attribute_values(":prefix", text(prefix)),
            };
            let answer = query.send().await.map_err(|error| call.failed(&error))?;
            items.extend(answer.items.unwrap_or_default());
            match answer.last_evaluated_key {
                Some(last) if !last.is_empty() => start = Some(last),
                _ => break,
            }
        }
        Ok(items)
    }

    /// Writes the parts of a seal under the hash of its content, so that two writers never mix theirs.
    pub(super) async fn write_parts_of_seal(
        &self,
        id: &str,
        value: &str,
    ) -> Result<(String, usize), StoreError> {
        let call = self.groups_call("writing a part of a seal", "dynamodb:PutItem");
        let hash = hex::encode(Sha256::digest(value));
        let (mut rest, mut count) = (value, 0);
        while !rest.is_empty() {
            let (part, after) = rest.split_at(rest.floor_char_boundary(PART_BYTES));
            let put = self.dynamodb().put_item().table_name(call.name);
            let put = put.item(ID, text(id)).item(ROW, text(part_row(&hash, count))).item(VALUE, text(part));
            put.send().await.map_err(|error| call.failed(&error))?;
            (rest, count) = (after, count + 1);
        }
        Ok((hash, count))
    }

    pub(super) async fn parts_of_seal(
        &self,
        id: &str,
        hash: &str,
        count: usize,
    ) -> Result<String, StoreError> {
        let call = self.groups_call("reading the parts of a seal", "dynamodb:Query");
        let parts = self.rows(call, id, &format!("{PART}{hash}#"), None, usize::MAX).await?;
        if parts.len() != count {
            return Err(call.because(format!("a part of a seal of {id} is missing")));
        }
        Ok(parts.iter().filter_map(|part| text_of(part, VALUE)).collect())
    }
}

pub(super) fn key(id: &str, row: &str) -> Item {
    Item::from([(ID.to_owned(), text(id)), (ROW.to_owned(), text(row))])
}

pub(super) fn group_id(group: &GroupId) -> String {
    id(&group.flow, &group.group)
}

/// The row that notes a document's group. No flow is called so.
pub(super) fn document_key(document: &EntryId) -> Item {
    key(&format!("#document/{}", id(&document.flow, &document.key)), "group")
}

/// No flow is called so.
pub(super) fn open_id(flow: &str) -> String {
    format!("#open/{flow}")
}

pub(super) fn sealed_id(flow: &str) -> String {
    format!("#sealed/{flow}")
}

pub(super) fn member_row(key: &str) -> String {
    // A longer key than fits is cut, and told apart by its hash.
    id("m", key).replacen('/', "#", 1)
}

pub(super) fn seal_row(number: u32) -> String {
    format!("{SEAL}{number:010}")
}

fn part_row(hash: &str, place: usize) -> String {
    format!("{PART}{hash}#{place:05}")
}

pub(super) fn decode<T: DeserializeOwned>(call: Call<'_>, item: &Item, value: &str) -> Result<T, StoreError> {
    let unreadable = |reason: String| {
        let (id, row) = (text_of(item, ID).unwrap_or_default(), text_of(item, ROW).unwrap_or_default());
        call.because(format!("the row {row} of {id} cannot be read: {reason}"))
    };
    let text = codec::unpack(value).map_err(unreadable)?;
    serde_json::from_str(&text).map_err(|error| unreadable(codec::reason(&error)))
}

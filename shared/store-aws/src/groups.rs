//! One table for groups: the members and seals of a group stand under its id, each in a row of its own, so that a group is
//! read by one query; open groups stand under their flow.
//!
//! A group is opened before anything is put into it, for a minute at a time: a process that has opened it puts further
//! members without a word. Whoever closes a group leaves it open while that minute lasts, and who has put a member later than
//! that opens it once more.
//!
//! Which group a document is in is noted before it is put there, so that a member costs two writes: no transaction of
//! DynamoDB costs less, and without the note a crash before the ledger would leave a document that moves in both groups.
//!
//! | module | what |
//! |---|---|
//! | `lapse` | groups that are forgotten |
//! | `members` | a document in its group, and which group that is |
//! | `opened` | the groups that this process has opened |
//! | `waiters` | documents that wait for a code, in rows of the same table |
//! | `rows` | what rows are called, how they are read, and seals that are larger than a row |

mod lapse;
mod members;
mod opened;
mod rows;
pub(super) mod waiters;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use chrono::{DateTime, Utc};
use relay_core::groups::{Contribution, GroupId, Groups, Open, Seal};
use relay_core::{EntryId, StoreError, codec};

pub(super) use opened::Opened;

use super::Aws;
use super::failure::Call;
use super::item::{ID, Item, number, number_of, text, text_of};
use rows::{
    MEMBER, PART_BYTES, ROW, SEAL, VALUE, decode, document_key, group_id, key, member_row, open_id, seal_row,
    sealed_id,
};

/// The group that a document is in.
const GROUP: &str = "group";
/// What orders the contributions of a document, in milliseconds.
const RECEIVED_AT: &str = "received_at";
/// When a member was put, in milliseconds.
const PUT_AT: &str = "put_at";
/// Since when a group is open, and until when members may be put without opening it again; in milliseconds.
const SINCE: &str = "since";
const UNTIL: &str = "until";
const ASKED: &str = "asked";
const QUEUED: &str = "queued";
/// Which call wrote a seal.
const WRITTEN_BY: &str = "written_by";
/// Into how many parts a seal is cut, and what they are called.
const PARTS: &str = "parts";
const HASH: &str = "hash";

/// By so much the clocks of machines may differ.
const SKEW: Duration = Duration::from_secs(30);

#[async_trait]
impl Groups for Aws {
    async fn put(&self, group: &GroupId, contribution: &Contribution) -> Result<bool, StoreError> {
        let document = EntryId::new(&group.flow, &contribution.key);
        let mut former = None;
        while let Some(found) = self.note_group_of(&document, group, former.as_ref()).await? {
            // Before it is noted that the document is in the other group: who comes after a crash leaves the former once more.
            if !self.put_member(&found, &contribution.left()).await? {
                return Ok(false);
            }
            former = Some(found);
        }
        self.put_member(group, contribution).await
    }

    async fn group_of(&self, document: &EntryId) -> Result<Option<GroupId>, StoreError> {
        let call = self.groups_call("reading a document's group", "dynamodb:GetItem");
        let get = self.dynamodb().get_item().table_name(call.name).set_key(Some(document_key(document)));
        let answer = get.consistent_read(true).send().await.map_err(|error| call.failed(&error))?;
        let group = answer.item.as_ref().and_then(|item| text_of(item, GROUP));
        Ok(group.map(|group| GroupId::new(&document.flow, group)))
    }

    async fn members(
        &self,
        group: &GroupId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Contribution>, StoreError> {
        let call = self.groups_call("reading a group", "dynamodb:Query");
        let id = group_id(group);
        let start = after.map(|after| key(&id, &member_row(after)));
        let items = self.rows(call, &id, MEMBER, start, limit).await?;
        items.iter().map(|item| decode(call, item, text_of(item, VALUE).unwrap_or_default())).collect()
    }

    async fn open(&self, flow: &str) -> Result<Vec<Open>, StoreError> {
        let call = self.groups_call("listing open groups", "dynamodb:Query");
        let items = self.rows(call, &open_id(flow), "", None, usize::MAX).await?;
        let open = |item: &Item| {
            let since = number_of(item, SINCE).and_then(DateTime::from_timestamp_millis);
            Open {
                id: GroupId::new(flow, text_of(item, ROW).unwrap_or_default()),
                since: since.unwrap_or_default(),
                asked: number_of(item, ASKED).unwrap_or_default(),
                stamp: number_of(item, UNTIL).unwrap_or_default(),
            }
        };
        Ok(items.iter().map(open).collect())
    }

    async fn ask(&self, group: &GroupId) -> Result<(), StoreError> {
        let call = self.groups_call("asking for a group to be closed", "dynamodb:UpdateItem");
        let update = self
            .dynamodb()
            .update_item()
            .table_name(call.name)
            .set_key(Some(key(&open_id(&group.flow), &group.group)))
            .update_expression(
                "SET asked = :now, since = if_not_exists(since, :now), #until = if_not_exists(#until, :zero)",
            )
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":now", number(self.clock.now().timestamp_millis()));
        update.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn looked(&self, open: &Open) -> Result<(), StoreError> {
        let call = self.groups_call("noting a closed group", "dynamodb:DeleteItem");
        let now = self.clock.now();
        let row = key(&open_id(&open.id.flow), &open.id.group);
        let delete = self
            .dynamodb()
            .delete_item()
            .table_name(call.name)
            .set_key(Some(row.clone()))
            .condition_expression("#until = :seen AND #until < :past")
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":seen", number(open.stamp))
            .expression_attribute_values(":past", number((now - SKEW).timestamp_millis()));
        if call.done_where_it_may(delete.send().await)? {
            return Ok(());
        }
        let call = self.groups_call("noting a closed group", "dynamodb:UpdateItem");
        // Who has asked meanwhile asks for what has come meanwhile.
        let (update, condition) = match open.asked {
            0 => ("SET since = :now", "attribute_exists(id)"),
            _ => ("SET since = :now REMOVE asked", "attribute_exists(id) AND asked = :asked"),
        };
        let asked = (open.asked > 0).then(|| (":asked".to_owned(), number(open.asked)));
        let now = (":now".to_owned(), number(now.timestamp_millis()));
        let update = self
            .dynamodb()
            .update_item()
            .table_name(call.name)
            .set_key(Some(row))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(asked.into_iter().chain([now]).collect()));
        call.done_where_it_may(update.send().await).map(drop)
    }

    async fn seals(&self, group: &GroupId) -> Result<Vec<Seal>, StoreError> {
        let call = self.groups_call("reading the seals of a group", "dynamodb:Query");
        let id = group_id(group);
        let items = self.rows(call, &id, SEAL, None, usize::MAX).await?;
        let mut seals = Vec::with_capacity(items.len());
        for item in &items {
            let value = match text_of(item, HASH) {
                Some(hash) => {
                    self.parts_of_seal(&id, hash, number_of(item, PARTS).unwrap_or_default()).await?
                }
                None => text_of(item, VALUE).unwrap_or_default().to_owned(),
            };
            seals.push(Seal { is_queued: item.contains_key(QUEUED), ..decode(call, item, &value)? });
        }
        // What is being forgotten counts no more.
        if items.first().is_some_and(lapse::is_lapsed)
            && let Some(last) = seals.first().map(|lapsed| lapsed.number)
        {
            seals.retain(|seal| seal.number > last || seal.members.is_empty() && seal.number == last);
        }
        Ok(seals)
    }

    async fn seal(&self, group: &GroupId, seal: &Seal) -> Result<bool, StoreError> {
        let id = group_id(group);
        let value = codec::pack(serde_json::json!(seal).to_string());
        let writer = self.rng.uuid().simple().to_string();
        let call = self.groups_call("sealing a group", "dynamodb:PutItem");
        let put = self
            .dynamodb()
            .put_item()
            .table_name(call.name)
            .item(ID, text(&id))
            .item(ROW, text(seal_row(seal.number)))
            .item(WRITTEN_BY, text(&writer))
            .condition_expression("attribute_not_exists(id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = if value.len() <= PART_BYTES {
            put.item(VALUE, text(value))
        } else {
            // Before the seal that names them; those that no seal names only take space.
            let (hash, parts) = self.write_parts_of_seal(&id, &value).await?;
            put.item(HASH, text(hash)).item(PARTS, number(parts))
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                // The SDK has repeated a write whose answer was lost: what stands there is ours.
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(failed.item().is_some_and(|found| text_of(found, WRITTEN_BY) == Some(&writer)))
                }
                _ => Err(call.failed(&error)),
            },
        }
    }

    async fn queued(&self, group: &GroupId, seal: &Seal) -> Result<(), StoreError> {
        if seal.number == 1 {
            let call = self.groups_call("listing a sealed group", "dynamodb:PutItem");
            let at = seal.at.timestamp_millis().max(0);
            let put = self.dynamodb().put_item().table_name(call.name);
            let put = put
                .item(ID, text(sealed_id(&group.flow)))
                .item(ROW, text(format!("{at:015}#{}", group.group)));
            put.send().await.map_err(|error| call.failed(&error))?;
        }
        let call = self.groups_call("noting the bills of a group", "dynamodb:UpdateItem");
        let update = self
            .dynamodb()
            .update_item()
            .table_name(call.name)
            .set_key(Some(key(&group_id(group), &seal_row(seal.number))))
            .update_expression("SET queued = :one")
            .expression_attribute_values(":one", number(1));
        update.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn lapse(&self, flow: &str) -> Result<bool, StoreError> {
        self.forget_groups(flow).await
    }

    async fn sealed(&self, flow: &str, limit: usize) -> Result<Vec<(GroupId, DateTime<Utc>)>, StoreError> {
        let call = self.groups_call("listing sealed groups", "dynamodb:Query");
        let query = self
            .dynamodb()
            .query()
            .table_name(call.name)
            .key_condition_expression("id = :id")
            .expression_attribute_values(":id", text(sealed_id(flow)))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = query.send().await.map_err(|error| call.failed(&error))?;
        let group = |item: &Item| {
            let (at, group) = text_of(item, ROW)?.split_once('#')?;
            Some((GroupId::new(flow, group), at.parse().ok().and_then(DateTime::from_timestamp_millis)?))
        };
        Ok(answer.items().iter().filter_map(group).collect())
    }
}

impl Aws {
    pub(super) fn groups_call(&self, doing: &'static str, action: &'static str) -> Call<'_> {
        Call { doing, action, setting: "GROUP_TABLE", name: &self.names.group_table }
    }
}

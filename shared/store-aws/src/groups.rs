//! One table for groups: the members and seals of a group stand under its id, each in a row of its own, so that a group is
//! read by one query; open groups stand under their flow.
//!
//! A group is opened before anything is put into it, for a minute at a time: a process that has opened it puts further
//! members without a word, so that a member costs one write. Whoever closes a group leaves it open while that minute lasts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use chrono::{DateTime, Utc};
use relay_core::groups::{Contribution, GroupId, Groups, Open, Seal};
use relay_core::{StoreError, codec};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::Aws;
use super::failure::Call;
use super::item::{ID, Item, id, number, number_of, text, text_of};

/// The sort key.
const ROW: &str = "row";
/// What a row holds, as JSON text.
const VALUE: &str = "value";
/// When a member's document was received, in milliseconds.
const RECEIVED_AT: &str = "received_at";
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

const MEMBER: &str = "m#";
const SEAL: &str = "s#";
const PART: &str = "p#";

/// Items of DynamoDB have 400 KB.
const PART_BYTES: usize = 350 * 1024;

/// For so long a group is opened at a time. The process that has opened it relies on that for less.
const OPENED: Duration = Duration::from_secs(60);
const RELIED_ON: Duration = Duration::from_secs(45);

/// By so much the clocks of machines may differ.
const SKEW: Duration = Duration::from_secs(30);

/// More groups than these are not remembered at once.
const REMEMBERED: usize = 10_000;

/// The groups that this process has opened, and until when it relies on that.
#[derive(Default)]
pub(super) struct Opened(Mutex<HashMap<GroupId, DateTime<Utc>>>);

impl Opened {
    fn is_open(&self, group: &GroupId, now: DateTime<Utc>) -> bool {
        // A clock that was set back relies on nothing that it opened before.
        let is_near = |until: &DateTime<Utc>| now < *until && *until <= now + RELIED_ON;
        self.lock().get(group).is_some_and(is_near)
    }

    fn note(&self, group: &GroupId, now: DateTime<Utc>) {
        let mut opened = self.lock();
        if opened.len() >= REMEMBERED {
            opened.retain(|_, until| *until > now);
        }
        opened.insert(group.clone(), now + RELIED_ON);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<GroupId, DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Groups for Aws {
    async fn put(&self, group: &GroupId, contribution: &Contribution) -> Result<bool, StoreError> {
        let now = self.clock.now();
        if !self.opened.is_open(group, now) {
            self.open_group(group, now).await?;
            self.opened.note(group, now);
        }
        let call = self.groups_call("writing a group's member", "dynamodb:PutItem");
        let value = codec::pack(serde_json::json!(contribution).to_string());
        let received_at = number(contribution.received_at.timestamp_millis());
        let put = self
            .dynamodb()
            .put_item()
            .table_name(call.name)
            .item(ID, text(group_id(group)))
            .item(ROW, text(member_row(&contribution.key)))
            .item(VALUE, text(value))
            .item(RECEIVED_AT, received_at.clone())
            .condition_expression("attribute_not_exists(id) OR received_at <= :received_at")
            .expression_attribute_values(":received_at", received_at);
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(call.failed(&error)),
            },
        }
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
                is_asked: item.contains_key(ASKED),
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
                "SET asked = :one, since = if_not_exists(since, :now), #until = if_not_exists(#until, :zero)",
            )
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":one", number(1))
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
        match delete.send().await {
            Ok(_) => return Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) => {}
            Err(error) => return Err(call.failed(&error)),
        }
        let call = self.groups_call("noting a closed group", "dynamodb:UpdateItem");
        let update = self
            .dynamodb()
            .update_item()
            .table_name(call.name)
            .set_key(Some(row))
            .update_expression("SET since = :now REMOVE asked")
            .condition_expression("attribute_exists(id)")
            .expression_attribute_values(":now", number(now.timestamp_millis()));
        match update.send().await {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Err(call.failed(&error))
            }
            _ => Ok(()),
        }
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
    fn groups_call(&self, doing: &'static str, action: &'static str) -> Call<'_> {
        Call { doing, action, setting: "GROUP_TABLE", name: &self.names.group_table }
    }

    /// Opens a group for a while. What another has opened for longer stays so.
    async fn open_group(&self, group: &GroupId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let call = self.groups_call("opening a group", "dynamodb:UpdateItem");
        let update = self
            .dynamodb()
            .update_item()
            .table_name(call.name)
            .set_key(Some(key(&open_id(&group.flow), &group.group)))
            .update_expression("SET #until = :until, since = if_not_exists(since, :now)")
            .condition_expression("attribute_not_exists(#until) OR #until < :until")
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":until", number((now + OPENED).timestamp_millis()))
            .expression_attribute_values(":now", number(now.timestamp_millis()));
        match update.send().await {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Err(call.failed(&error))
            }
            _ => Ok(()),
        }
    }

    /// Rows of one id, in their order, strongly consistent.
    async fn rows(
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
    async fn write_parts_of_seal(&self, id: &str, value: &str) -> Result<(String, usize), StoreError> {
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

    async fn parts_of_seal(&self, id: &str, hash: &str, count: usize) -> Result<String, StoreError> {
        let call = self.groups_call("reading the parts of a seal", "dynamodb:Query");
        let parts = self.rows(call, id, &format!("{PART}{hash}#"), None, usize::MAX).await?;
        if parts.len() != count {
            return Err(call.because(format!("a part of a seal of {id} is missing")));
        }
        Ok(parts.iter().filter_map(|part| text_of(part, VALUE)).collect())
    }
}

fn key(id: &str, row: &str) -> Item {
    Item::from([(ID.to_owned(), text(id)), (ROW.to_owned(), text(row))])
}

fn group_id(group: &GroupId) -> String {
    id(&group.flow, &group.group)
}

/// No flow is called so.
fn open_id(flow: &str) -> String {
    format!("#open/{flow}")
}

fn sealed_id(flow: &str) -> String {
    format!("#sealed/{flow}")
}

fn member_row(key: &str) -> String {
    // A longer key than fits is cut, and told apart by its hash.
    id("m", key).replacen('/', "#", 1)
}

fn seal_row(number: u32) -> String {
    format!("{SEAL}{number:010}")
}

fn part_row(hash: &str, place: usize) -> String {
    format!("{PART}{hash}#{place:05}")
}

fn decode<T: DeserializeOwned>(call: Call<'_>, item: &Item, value: &str) -> Result<T, StoreError> {
    let unreadable = |reason: String| {
        let (id, row) = (text_of(item, ID).unwrap_or_default(), text_of(item, ROW).unwrap_or_default());
        call.because(format!("the row {row} of {id} cannot be read: {reason}"))
    };
    let text = codec::unpack(value).map_err(unreadable)?;
    serde_json::from_str(&text).map_err(|error| unreadable(codec::reason(&error)))
}

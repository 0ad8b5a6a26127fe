//! One item per entry, below 1 KB where the document was delivered. An entry with a failed version stands in the sparse
//! index `failed` too, in the order of failure; a delivery touches no index.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Utc};

use super::Aws;
use super::failure::Call;
use super::item::{EXPIRES_AT, ID, Item, number, number_of, text, text_of};
use super::parts::Parts;
use relay_core::StoreError;
use relay_core::ledger::{Counts, Entry, EntryId, Ledger};

/// The entry as JSON; one that has parts is in them.
pub(super) const ENTRY: &str = "entry";
pub(super) const REVISION: &str = "revision";
/// Which call wrote the entry.
const WRITTEN_BY: &str = "written_by";

/// The index, and its hash key: the same for all that have failed.
const FAILED: &str = "failed";
/// The index's sort key: when, and the id, so that no two are the same.
const FAILED_AT: &str = "failed_at";
/// Comes before every time; DynamoDB takes no empty text here.
const BEGINNING: &str = "-";
/// Stands in the index, so that failures are counted and chosen by it.
const FLOW: &str = "flow";

#[async_trait]
impl Ledger for Aws {
    async fn read(&self, ids: &[EntryId]) -> Result<HashMap<EntryId, Entry>, StoreError> {
        let call = self.ledger_call("reading the ledger", "dynamodb:BatchGetItem");
        let mut items = self.items(call, ids.iter().map(item_id)).await?;
        let mut entries = HashMap::with_capacity(items.len());
        for id in ids {
            if let Some(item) = items.remove(&item_id(id)) {
                let entry = self.entry(call, &item).await?;
                let entry = entry.map_err(|error| StoreError { unreadable: Some(id.clone()), ..error })?;
                entries.insert(id.clone(), entry);
            }
        }
        Ok(entries)
    }

    async fn write(&self, entry: &Entry) -> Result<bool, StoreError> {
        let call = self.ledger_call("writing the ledger", "dynamodb:PutItem");
        // Before the entry that has them: a row that points to an entry in vain is passed over.
        self.index(entry).await?;
        let writer = self.rng.uuid().simple().to_string();
        let json = serde_json::json!(entry).to_string();
        let parts = self.write_parts(&item_id(&entry.id), &json).await?;
        let mut item = item(entry, &writer);
        match &parts {
            Some(parts) => item.extend(parts.attributes()),
            None => {
                item.insert(ENTRY.to_owned(), text(json));
                // Its parts would stay behind; entries that have some are rare.
                if entry.is_only_delivered() {
                    let expires_at = self.clock.now() + self.names.ledger_kept;
                    item.insert(EXPIRES_AT.to_owned(), number(expires_at.timestamp()));
                }
            }
        }
        let put = self.dynamodb().put_item().table_name(call.name).set_item(Some(item));
        let put = match entry.revision {
            0 => put.condition_expression("attribute_not_exists(id)"),
            read => {
                let put = put.condition_expression("revision = :read");
                put.expression_attribute_values(":read", number(read))
            }
        };
        let put = put
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let (written, unnamed) = match put.send().await {
            Ok(answer) => (true, answer.attributes.as_ref().and_then(Parts::of)),
            Err(error) => match error.as_service_error() {
                // The SDK has repeated a write whose answer was lost: what stands there is ours.
                Some(PutItemError::ConditionalCheckFailedException(failed))
                    if failed.item().is_some_and(|found| text_of(found, WRITTEN_BY) == Some(&writer)) =>
                {
                    (true, None)
                }
                Some(PutItemError::ConditionalCheckFailedException(_)) => (false, parts.clone()),
                _ => return Err(call.failed(&error)),
            },
        };
        if let Some(unnamed) = unnamed.filter(|unnamed| !written || Some(unnamed) != parts.as_ref()) {
            self.forget_parts(&unnamed).await;
        }
        Ok(written)
    }

    async fn failed(
        &self,
        flow: Option<&str>,
        limit: usize,
        after: Option<&EntryId>,
    ) -> Result<Vec<Entry>, StoreError> {
        let call = self.ledger_call("listing failures of the ledger", "dynamodb:BatchGetItem");
        let mut next = match after {
            None => Some(BEGINNING.to_owned()),
            // One that has failed no longer has no place in the list.
            Some(id) => self.failed_at(id).await?,
        };
        let mut entries = Vec::new();
        while let Some(after) = next.take()
            && entries.len() < limit
        {
            let page = self.failures(flow, &after, limit - entries.len()).await?;
            let items = self.items(call, page.ids.clone()).await?;
            for item in page.ids.iter().filter_map(|id| items.get(id)) {
                let entry = self.entry(call, item).await??;
                // The index lags behind.
                entries.extend(entry.failed.is_some().then_some(entry));
            }
            next = page.next;
        }
        Ok(entries)
    }

    async fn find(&self, number: &str) -> Result<Vec<EntryId>, StoreError> {
        self.found(number).await
    }

    async fn known(&self, numbers: &[String]) -> Result<HashSet<String>, StoreError> {
        self.known_numbers(numbers).await
    }

    async fn list(
        &self,
        flow: Option<&str>,
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        let call = self.ledger_call("listing the ledger", "dynamodb:Scan");
        let mut from = from.map(str::to_owned);
        let mut entries = Vec::new();
        loop {
            let start = from.take().map(|from| Item::from([(ID.to_owned(), text(from))]));
            let mut scan = self.dynamodb().scan().table_name(call.name).set_exclusive_start_key(start);
            if let Some(flow) = flow {
                scan = scan
                    .filter_expression("begins_with(#id, :flow)")
                    .expression_attribute_names("#id", ID)
                    .expression_attribute_values(":flow", text(super::item::id(flow, "")));
            }
            let answer = scan.send().await.map_err(|error| call.failed(&error))?;
            // Parts of entries stand beside them.
            for item in answer.items().iter().filter(|item| item.contains_key(REVISION)) {
                entries.push(self.entry(call, item).await??);
            }
            from = answer.last_evaluated_key.as_ref().and_then(|last| text_of(last, ID)).map(str::to_owned);
            if from.is_none() || entries.len() >= limit {
                return Ok((entries, from));
            }
        }
    }

    async fn delivered(
        &self,
        flow: Option<&str>,
        span: (DateTime<Utc>, DateTime<Utc>),
        from: Option<&str>,
        _limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        self.delivered_of_round(flow, span, from).await
    }

    async fn finds_by_time(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let call = self.ledger_call("counting the failures of the ledger", "dynamodb:Query");
        let mut pages = self.query(call, BEGINNING).into_paginator().items().send();
        let mut failed = HashMap::new();
        while let Some(item) = pages.try_next().await.map_err(|error| call.failed(&error))? {
            *failed.entry(text_of(&item, FLOW).unwrap_or_default().to_owned()).or_default() += 1;
        }
        Ok(Counts { delivered: None, failed })
    }
}

/// A part of the list of failures.
struct Page {
    ids: Vec<String>,
    /// After which place in the index the list goes on, if it does.
    next: Option<String>,
}

impl Aws {
    pub(super) fn ledger_call(&self, doing: &'static str, action: &'static str) -> Call<'_> {
        Call { doing, action, setting: "LEDGER_TABLE", name: &self.names.ledger_table }
    }

    /// The entry that an item holds, or that its parts do; the inner error is one of the item itself.
    pub(super) async fn entry(
        &self,
        call: Call<'_>,
        item: &Item,
    ) -> Result<Result<Entry, StoreError>, StoreError> {
        let parts = match Parts::of(item) {
            Some(parts) => Some(self.read_parts(&parts).await?),
            None => None,
        };
        let json = match &parts {
            Some(Err(missing)) => return Ok(Err(missing.clone())),
            Some(Ok(json)) => json,
            None => text_of(item, ENTRY).unwrap_or_default(),
        };
        let entry = serde_json::from_str::<Entry>(json).map_err(|error| {
            let id = text_of(item, ID).unwrap_or_default();
            call.because(format!("the item {id} holds no entry: {}", relay_core::codec::reason(&error)))
        });
        Ok(entry.map(|entry| Entry { revision: number_of(item, REVISION).unwrap_or_default(), ..entry }))
    }

    /// The place of an entry in the index, if it stands there.
    async fn failed_at(&self, id: &EntryId) -> Result<Option<String>, StoreError> {
        let call = self.ledger_call("reading the ledger", "dynamodb:GetItem");
        let get = self.dynamodb().get_item().table_name(call.name).key(ID, text(item_id(id)));
        let get = get.projection_expression(FAILED_AT).consistent_read(true);
        let answer = get.send().await.map_err(|error| call.failed(&error))?;
        Ok(answer.item.as_ref().and_then(|item| text_of(item, FAILED_AT)).map(str::to_owned))
    }

    /// Up to `limit` failures after a place in the index; fewer, or none, where others stand in between.
    async fn failures(&self, flow: Option<&str>, after: &str, limit: usize) -> Result<Page, StoreError> {
        let call = self.ledger_call("listing failures of the ledger", "dynamodb:Query");
        let query = self.query(call, after).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = match flow {
            Some(flow) => query
                .filter_expression("#flow = :flow")
                .expression_attribute_names("#flow", FLOW)
                .expression_attribute_values(":flow", text(flow)),
            None => query,
        };
        let answer = query.send().await.map_err(|error| call.failed(&error))?;
        let next = answer.last_evaluated_key.as_ref().and_then(|last| text_of(last, FAILED_AT));
        let ids = answer.items().iter().filter_map(|item| text_of(item, ID)).map(str::to_owned).collect();
        Ok(Page { ids, next: next.map(str::to_owned) })
    }

    fn query(&self, call: Call<'_>, after: &str) -> QueryFluentBuilder {
        self.dynamodb()
            .query()
            .table_name(call.name)
            .index_name(FAILED)
            .key_condition_expression("#failed = :failed AND #failed_at > :after")
            .expression_attribute_names("#failed", FAILED)
            .expression_attribute_names("#failed_at", FAILED_AT)
            .expression_attribute_values(":failed", text(FAILED))
            .expression_attribute_values(":after", text(after))
    }
}

fn item_id(id: &EntryId) -> String {
    super::item::id(&id.flow, &id.key)
}

/// An entry's item, without the entry itself.
fn item(entry: &Entry, writer: &str) -> Item {
    let id = item_id(&entry.id);
    let mut item = Item::from([
        (REVISION.to_owned(), number(entry.revision + 1)),
        (WRITTEN_BY.to_owned(), text(writer)),
    ]);
    if let Some(failed) = &entry.failed {
        let at = failed.at.timestamp_millis().max(0);
        item.insert(FAILED.to_owned(), text(FAILED));
        item.insert(FAILED_AT.to_owned(), text(format!("{at:015}/{id}")));
        item.insert(FLOW.to_owned(), text(&entry.id.flow));
    }
    item.insert(ID.to_owned(), text(id));
    item
}

//! Ids and tables stand in the table of look-ups, an item for each code. Who waits for a code stands in the table of groups,
//! the one that has a sort key, a row for each document: a set in one item would end at 400 KB, and each change would be paid
//! for by its size.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use relay_core::ordered;

use super::Aws;
use super::failure::Call;
use super::item::{EXPIRES_AT, ID, Item, id, number, number_of, text, text_of};
use crate::groups::waiters::{waiter_key, waiter_of, waiter_row, waiting_id};
use relay_core::{EntryId, LookupRow, Lookups, StoreError, UnknownCode, Waiter};

/// The target's id.
const VALUE: &str = "value";
/// Table and code, where the item's id does not tell them whole.
const TABLE: &str = "table";
const CODE: &str = "code";

/// So many single deletions are under way at once.
const AT_ONCE: usize = 10;

#[async_trait]
impl Lookups for Aws {
    async fn get(&self, codes: &[(String, String)]) -> Result<HashMap<(String, String), String>, StoreError> {
        let call = self.lookups_call("reading look-ups", "dynamodb:BatchGetItem");
        let items = self.items(call, codes.iter().map(|(table, code)| id(table, code))).await?;
        // DynamoDB deletes what has expired within days, not at once.
        let now = self.clock.now().timestamp();
        let is_known = |item: &&Item| number_of::<i64>(item, EXPIRES_AT).is_none_or(|end| end > now);
        let known = |(table, code): &(String, String)| {
            let item = items.get(&id(table, code)).filter(is_known)?;
            Some(((table.clone(), code.clone()), text_of(item, VALUE)?.to_owned()))
        };
        Ok(codes.iter().filter_map(known).collect())
    }

    async fn put(
        &self,
        table: &str,
        code: &str,
        value: &str,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let call = self.lookups_call("writing a look-up", "dynamodb:PutItem");
        let put = self.dynamodb().put_item().table_name(call.name);
        let put = put.set_item(Some(item(table, code, value, expires_at)));
        put.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn put_all(&self, table: &str, ids: &[(String, String)]) -> Result<(), StoreError> {
        // DynamoDB refuses a request that names an item twice.
        let items =
            ordered::map(ids.iter().map(|(code, value)| (id(table, code), item(table, code, value, None))));
        self.change(items.into_values().map(put_of).collect()).await
    }

    async fn replace(&self, table: &str, ids: &[(String, String)]) -> Result<(), StoreError> {
        let kept = ordered::set(ids.iter().map(|(code, _)| id(table, code)));
        let known = self.scanned(Some(table)).await?;
        self.put_all(table, ids).await?;
        let gone = known.iter().filter_map(|item| text_of(item, ID)).filter(|id| !kept.contains(*id));
        self.change(gone.map(delete_of).collect()).await
    }

    async fn list(&self, table: Option<&str>) -> Result<Vec<LookupRow>, StoreError> {
        let now = self.clock.now().timestamp();
        let items = self.scanned(table).await?;
        let is_known = |item: &&Item| number_of::<i64>(item, EXPIRES_AT).is_none_or(|end| end > now);
        Ok(ordered::set(items.iter().filter(is_known).filter_map(row)).into_iter().collect())
    }

    async fn remove(&self, table: &str, code: &str) -> Result<(), StoreError> {
        let call = self.lookups_call("removing a look-up", "dynamodb:DeleteItem");
        let delete = self.dynamodb().delete_item().table_name(call.name).key(ID, text(id(table, code)));
        delete.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn wait(&self, code: &UnknownCode, document: &EntryId) -> Result<(), StoreError> {
        let call = self.groups_call("noting what waits for a code", "dynamodb:PutItem");
        let put = self.dynamodb().put_item().table_name(call.name);
        let put = put.set_item(Some(waiter_row(code, document, self.clock.now())));
        put.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn waiting(
        &self,
        code: &UnknownCode,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Waiter>, StoreError> {
        let call = self.groups_call("reading what waits for a code", "dynamodb:Query");
        let start = after.map(|after| waiter_key(code, after));
        let items = self.rows(call, &waiting_id(code), "", start, limit).await?;
        items
            .iter()
            .map(|item| waiter_of(item).ok_or_else(|| call.because("a row names no document")))
            .collect()
    }

    async fn release(&self, code: &UnknownCode, documents: &[EntryId]) -> Result<(), StoreError> {
        let call = self.groups_call("noting what waits for a code no longer", "dynamodb:DeleteItem");
        for documents in documents.chunks(AT_ONCE) {
            let deleted = documents.iter().map(|document| {
                let delete = self.dynamodb().delete_item().table_name(call.name);
                delete.set_key(Some(waiter_key(code, document))).send()
            });
            try_join_all(deleted).await.map_err(|error| call.failed(&error))?;
        }
        Ok(())
    }
}

/// An item. Its id tells table and code where it holds both whole.
fn item(table: &str, code: &str, value: &str, expires_at: Option<DateTime<Utc>>) -> Item {
    let id = id(table, code);
    let mut item = Item::from([(VALUE.to_owned(), text(value))]);
    if told(&id) != Some((table.to_owned(), code.to_owned())) {
        item.insert(TABLE.to_owned(), text(table));
        item.insert(CODE.to_owned(), text(code));
    }
    item.insert(ID.to_owned(), text(id));
    item.extend(expires_at.map(|end| (EXPIRES_AT.to_owned(), number(end.timestamp()))));
    item
}

/// The table and the code that an id tells.
fn told(id: &str) -> Option<(String, String)> {
    let (table, code) = id.split_once('/')?;
    Some((table.replace("%2F", "/").replace("%25", "%"), code.to_owned()))
}

fn row(item: &Item) -> Option<LookupRow> {
    let written = text_of(item, TABLE).zip(text_of(item, CODE));
    let written = written.map(|(table, code)| (table.to_owned(), code.to_owned()));
    let (table, code) = written.or_else(|| told(text_of(item, ID)?))?;
    let end = number_of::<i64>(item, EXPIRES_AT);
    let expires_at = end.and_then(|end| DateTime::from_timestamp(end, 0));
    Some(LookupRow { table, code, id: text_of(item, VALUE)?.to_owned(), expires_at })
}

fn put_of(item: Item) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item)).build().ok();
    WriteRequest::builder().set_put_request(put).build()
}

fn delete_of(id: &str) -> WriteRequest {
    let delete = DeleteRequest::builder().key(ID, text(id)).build().ok();
    WriteRequest::builder().set_delete_request(delete).build()
}

impl Aws {
    /// Makes changes.
    async fn change(&self, changes: Vec<WriteRequest>) -> Result<(), StoreError> {
        self.write_all(self.lookups_call("writing look-ups", "dynamodb:BatchWriteItem"), changes).await
    }

    /// The items of a table, or all: for a person's commands, which read the whole of it.
    async fn scanned(&self, table: Option<&str>) -> Result<Vec<Item>, StoreError> {
        let call = self.lookups_call("listing look-ups", "dynamodb:Scan");
        let scan = self.dynamodb().scan().table_name(call.name).consistent_read(true);
        let scan = match table {
            Some(table) => scan
                .filter_expression("begins_with(#id, :table)")
                .expression_attribute_names("#id", ID)
                .expression_attribute_values(":table", text(id(table, ""))),
            None => scan,
        };
        let mut pages = scan.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.try_next().await.map_err(|error| call.failed(&error))? {
            items.push(item);
        }
        Ok(items)
    }

    fn lookups_call(&self, doing: &'static str, action: &'static str) -> Call<'_> {
        Call { doing, action, setting: "LOOKUP_TABLE", name: &self.names.lookup_table }
    }
}

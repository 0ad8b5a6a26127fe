//! The index of numbers: a row of the operators' table for each number of each entry, one write unit apiece. Without the
//! index the ledger is read through, which costs nothing before somebody asks: some 90,000 read units for a million entries.

use std::collections::{BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use futures::future::try_join_all;
use relay_core::StoreError;
use relay_core::ledger::{Entry, EntryId};
use relay_core::ordered;

use super::Aws;
use super::failure::Call;
use super::item::{EXPIRES_AT, ID, Item, id, number, text, text_of};
use super::ledger::ENTRY;

/// The sort key of the operators' table.
pub(super) const ROW: &str = "row";
/// The entry that a number belongs to.
const FLOW: &str = "flow";
const KEY: &str = "key";

/// As many readers go through the ledger at once.
pub(super) const SEGMENTS: i32 = 8;

/// As many numbers are searched for at once: an expression of DynamoDB is 4 KB at most.
const SEARCHED: usize = 40;

/// DynamoDB takes as many items in one request.
const BATCH: usize = 25;

impl Aws {
    /// The call on the operators' table, where the stack has one.
    pub(super) fn operators_call(
        &self,
        doing: &'static str,
        action: &'static str,
    ) -> Result<Call<'_>, StoreError> {
        let name = self.names.operator_table.as_deref().ok_or_else(|| {
            let why = "OPERATOR_TABLE is not set: update the stack, and take its output `Environment` again";
            StoreError::new(doing, why)
        })?;
        Ok(Call { doing, action, setting: "OPERATOR_TABLE", name })
    }

    /// Writes the rows of the numbers that are new to an entry, all in one request.
    pub(super) async fn index(&self, entry: &Entry) -> Result<(), StoreError> {
        if entry.numbers.unknown().is_empty() || !self.names.has_number_index {
            return Ok(());
        }
        let call = self.operators_call("indexing the numbers of an entry", "dynamodb:BatchWriteItem")?;
        // Longer than the entry, whose time each version renews.
        let expires_at = (self.clock.now() + 2 * self.names.ledger_kept).timestamp();
        let EntryId { flow, key } = &entry.id;
        let put = |found: &String| {
            let row = Item::from([
                (ID.to_owned(), text(number_id(found))),
                (ROW.to_owned(), text(id(flow, key))),
                (FLOW.to_owned(), text(flow)),
                (KEY.to_owned(), text(key)),
                (EXPIRES_AT.to_owned(), number(expires_at)),
            ]);
            let put = PutRequest::builder().set_item(Some(row)).build().ok();
            WriteRequest::builder().set_put_request(put).build()
        };
        self.write_all(call, entry.numbers.unknown().iter().map(put).collect()).await
    }

    /// The entries that a number belongs to.
    pub(super) async fn found(&self, number: &str) -> Result<Vec<EntryId>, StoreError> {
        if !self.has_number_index() {
            let found = self.searched(&[number.to_owned()]).await?;
            return Ok(found.into_iter().map(|(_, id)| id).collect());
        }
        let call = self.operators_call("finding a number", "dynamodb:Query")?;
        let query = self
            .dynamodb()
            .query()
            .table_name(call.name)
            .key_condition_expression("id = :id")
            .expression_attribute_values(":id", text(number_id(number)));
        let mut pages = query.into_paginator().items().send();
        let mut ids = Vec::new();
        while let Some(item) = pages.try_next().await.map_err(|error| call.failed(&error))? {
            let id = text_of(&item, FLOW).zip(text_of(&item, KEY));
            ids.extend(id.map(|(flow, key)| EntryId::new(flow, key)));
        }
        Ok(ids)
    }

    fn has_number_index(&self) -> bool {
        self.names.has_number_index && self.names.operator_table.is_some()
    }

    /// Those of some numbers that belong to an entry.
    pub(super) async fn known_numbers(&self, numbers: &[String]) -> Result<HashSet<String>, StoreError> {
        let mut known = HashSet::new();
        if self.has_number_index() {
            for number in numbers {
                known.extend((!self.found(number).await?.is_empty()).then(|| number.clone()));
            }
        } else {
            for numbers in numbers.chunks(SEARCHED) {
                known.extend(self.searched(numbers).await?.into_iter().map(|(number, _)| number));
            }
        }
        Ok(known)
    }

    /// Reads the ledger through, for numbers and the entries that have them. Entries that stand in parts are left out: those have
    /// failed, and are listed.
    async fn searched(&self, numbers: &[String]) -> Result<BTreeSet<(String, EntryId)>, StoreError> {
        let segments = (0..SEGMENTS).map(|segment| self.searched_segment(numbers, segment));
        Ok(ordered::set(try_join_all(segments).await?.into_iter().flatten()))
    }

    async fn searched_segment(
        &self,
        numbers: &[String],
        segment: i32,
    ) -> Result<Vec<(String, EntryId)>, StoreError> {
        let call = self.ledger_call("searching the ledger", "dynamodb:Scan");
        let contains = (0..numbers.len()).map(|place| format!("contains(#entry, :number{place})"));
        let mut scan = self
            .dynamodb()
            .scan()
            .table_name(call.name)
            .segment(segment)
            .total_segments(SEGMENTS)
            .filter_expression(contains.collect::<Vec<_>>().join(" OR "))
            .projection_expression("#entry")
            .expression_attribute_names("#entry", ENTRY);
        for (place, number) in numbers.iter().enumerate() {
            let quoted = text(serde_json::json!(number).to_string());
            scan = scan.expression_attribute_values(format!(":number{place}"), quoted);
        }
        let mut pages = scan.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.try_next().await.map_err(|error| call.failed(&error))? {
            let entry = serde_json::from_str::<Entry>(text_of(&item, ENTRY).unwrap_or_default());
            let Ok(entry) = entry else { continue };
            let of_it = numbers.iter().filter(|number| has(&entry, number));
            found.extend(of_it.map(|number| (number.clone(), entry.id.clone())));
        }
        Ok(found)
    }

    /// Writes items, 25 in a request. Where the table is throttled an answer names what was left out.
    pub(super) async fn write_all(&self, call: Call<'_>, items: Vec<WriteRequest>) -> Result<(), StoreError> {
        for batch in items.chunks(BATCH) {
            let mut retry = self.retry();
            let mut left = batch.to_vec();
            loop {
                let asked = left.len();
                let answer = self.dynamodb().batch_write_item().request_items(call.name, left).send().await;
                let answer = answer.map_err(|error| call.failed(&error))?;
                left =
                    answer.unprocessed_items.into_iter().flat_map(HashMap::into_values).flatten().collect();
                if left.is_empty() {
                    break;
                }
                if left.len() < asked {
                    retry.renew();
                }
                if !retry.wait().await {
                    let left =
                        format!("UnprocessedItems: {} of {asked} left out again and again", left.len());
                    return Err(call.refused(Some("ThrottlingException"), &left));
                }
            }
        }
        Ok(())
    }
}

/// Whether it is a number of that entry; entries of before there were any have the target's alone.
fn has(entry: &Entry, number: &str) -> bool {
    let of_target = entry.delivered.iter().flat_map(|delivered| [&delivered.target_id, &delivered.number]);
    entry.numbers.all().iter().chain(of_target.flatten()).any(|known| known == number)
}

fn number_id(number: &str) -> String {
    id("number", number)
}

//! Values and leases stand in one table: a value under its name, a lease under `lease/` and its name. Only values have
//! the attribute `value`.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Utc};

use super::Aws;
use super::failure::Call;
use super::item::{Item, number, number_of, text, text_of};
use relay_core::StoreError;
use relay_core::checkpoint::{Checkpoint, Checkpoints, Lease};

/// The hash key.
const NAME: &str = "name";
const VALUE: &str = "value";
const REVISION: &str = "revision";
const FENCE: &str = "fence";
const OWNER: &str = "owner";
/// In milliseconds since 1970; 0 once the lease was given back.
const UNTIL: &str = "until";
/// Which call wrote the value.
const WRITTEN_BY: &str = "written_by";

#[async_trait]
impl Checkpoints for Aws {
    async fn get(&self, name: &str) -> Result<Option<Checkpoint>, StoreError> {
        let call = self.checkpoints_call("reading a checkpoint", "dynamodb:GetItem");
        let get =
            self.dynamodb().get_item().table_name(call.name).key(NAME, text(name)).consistent_read(true);
        let answer = get.send().await.map_err(|error| call.failed(&error))?;
        Ok(answer.item.as_ref().and_then(checkpoint))
    }

    async fn put(
        &self,
        name: &str,
        value: &str,
        expected: Option<u64>,
        lease: Option<&Lease>,
    ) -> Result<bool, StoreError> {
        let call = self.checkpoints_call("writing a checkpoint", "dynamodb:UpdateItem");
        let mut change = "SET #value = :value, #revision = :next, #writer = :writer".to_owned();
        let mut condition =
            if expected.is_some() { "#revision = :expected" } else { "attribute_not_exists(#revision)" }
                .to_owned();
        let writer = self.rng.uuid().simple().to_string();
        let mut update = self
            .update(name)
            .expression_attribute_names("#value", VALUE)
            .expression_attribute_names("#revision", REVISION)
            .expression_attribute_names("#writer", WRITTEN_BY)
            .expression_attribute_values(":value", text(value))
            .expression_attribute_values(":next", number(expected.unwrap_or(0) + 1))
            .expression_attribute_values(":writer", text(&writer));
        if let Some(expected) = expected {
            update = update.expression_attribute_values(":expected", number(expected));
        }
        if let Some(lease) = lease {
            change.push_str(", #fence = :fence");
            condition.push_str(" AND (attribute_not_exists(#fence) OR #fence <= :fence)");
            update = update
                .expression_attribute_names("#fence", FENCE)
                .expression_attribute_values(":fence", number(lease.fence));
        }
        match update.update_expression(change).condition_expression(condition).send().await {
            Ok(_) => Ok(true),
            // The SDK has repeated a write whose answer was lost: what stands there is ours.
            Err(error) => match found_instead(&call, &error)? {
                Some(found) => Ok(text_of(&found, WRITTEN_BY) == Some(&writer)),
                None => Ok(false),
            },
        }
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let call = self.checkpoints_call("removing a checkpoint", "dynamodb:DeleteItem");
        let delete = self.dynamodb().delete_item().table_name(call.name).key(NAME, text(name));
        delete.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn acquire(&self, name: &str, owner: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now();
        let lease = Lease { name: name.to_owned(), owner: owner.to_owned(), fence: 0, until: now + ttl };
        let call = self.checkpoints_call("taking a lease", "dynamodb:UpdateItem");
        let taken = self
            .update_lease(name)
            .update_expression("SET #owner = :owner, #until = :until ADD #fence :one")
            .condition_expression("attribute_not_exists(#until) OR #until <= :now")
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_names("#fence", FENCE)
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":until", millis(lease.until))
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match taken {
            Ok(answer) => Ok(Some(with_fence(lease, answer.attributes.as_ref()))),
            Err(error) => match found_instead(&call, &error)? {
                Some(found) if text_of(&found, OWNER) == Some(owner) => {
                    self.renew(with_fence(lease, Some(&found)), now).await
                }
                _ => Ok(None),
            },
        }
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let call = self.checkpoints_call("releasing a lease", "dynamodb:UpdateItem");
        // The item stays, so that the fence goes on from where it is.
        let released = self.update_held(lease).expression_attribute_values(":until", number(0)).send().await;
        match released {
            Ok(_) => Ok(()),
            // Lost already.
            Err(error) => found_instead(&call, &error).map(drop),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Checkpoint)>, StoreError> {
        let call = self.checkpoints_call("listing checkpoints", "dynamodb:Scan");
        // All of the table, which holds a few tens of items.
        let mut pages = self
            .dynamodb()
            .scan()
            .table_name(call.name)
            .consistent_read(true)
            .filter_expression("begins_with(#name, :prefix) AND attribute_exists(#value)")
            .expression_attribute_names("#name", NAME)
            .expression_attribute_names("#value", VALUE)
            .expression_attribute_values(":prefix", text(prefix))
            .into_paginator()
            .items()
            .send();
        let mut found = BTreeMap::new();
        while let Some(item) = pages.try_next().await.map_err(|error| call.failed(&error))? {
            if let (Some(name), Some(checkpoint)) = (text_of(&item, NAME), checkpoint(&item)) {
                found.insert(name.to_owned(), checkpoint);
            }
        }
        Ok(found.into_iter().collect())
    }
}

impl Aws {
    fn checkpoints_call(&self, doing: &'static str, action: &'static str) -> Call<'_> {
        Call { doing, action, setting: "CHECKPOINT_TABLE", name: &self.names.checkpoint_table }
    }

    fn update(&self, name: &str) -> UpdateItemFluentBuilder {
        self.dynamodb()
            .update_item()
            .table_name(&self.names.checkpoint_table)
            .key(NAME, text(name))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    fn update_lease(&self, name: &str) -> UpdateItemFluentBuilder {
        self.update(&format!("lease/{name}")).expression_attribute_names("#until", UNTIL)
    }

    /// Sets the end (`:until`) of a lease that is still its holder's.
    fn update_held(&self, lease: &Lease) -> UpdateItemFluentBuilder {
        self.update_lease(&lease.name)
            .update_expression("SET #until = :until")
            .condition_expression("#owner = :owner AND #fence = :fence")
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_names("#fence", FENCE)
            .expression_attribute_values(":owner", text(&lease.owner))
            .expression_attribute_values(":fence", number(lease.fence))
    }

    /// Prolongs a lease that its owner holds already. Its fence stays: the lease has not changed hands.
    async fn renew(&self, lease: Lease, now: DateTime<Utc>) -> Result<Option<Lease>, StoreError> {
        let call = self.checkpoints_call("renewing a lease", "dynamodb:UpdateItem");
        let renewed = self
            .update_held(&lease)
            .condition_expression("#owner = :owner AND #fence = :fence AND #until > :now")
            .expression_attribute_values(":until", millis(lease.until))
            .expression_attribute_values(":now", millis(now))
            .send()
            .await;
        match renewed {
            Ok(_) => Ok(Some(lease)),
            Err(error) => found_instead(&call, &error).map(|_| None),
        }
    }
}

type UpdateFailure =
    aws_sdk_dynamodb::error::SdkError<UpdateItemError, aws_sdk_dynamodb::config::http::HttpResponse>;

/// What stood there where the condition did not hold; every other failure is one.
fn found_instead(call: &Call<'_>, error: &UpdateFailure) -> Result<Option<Item>, StoreError> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(failed.item.clone()),
        _ => Err(call.failed(error)),
    }
}

fn checkpoint(item: &Item) -> Option<Checkpoint> {
    Some(Checkpoint { value: text_of(item, VALUE)?.to_owned(), revision: number_of(item, REVISION)? })
}

fn with_fence(lease: Lease, item: Option<&Item>) -> Lease {
    let fence = item.and_then(|item| number_of(item, FENCE)).unwrap_or_default();
    Lease { fence, ..lease }
}

fn millis(time: DateTime<Utc>) -> aws_sdk_dynamodb::types::AttributeValue {
    number(time.timestamp_millis())
}

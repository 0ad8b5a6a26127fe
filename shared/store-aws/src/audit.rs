//! What people have done: rows of the operators' table under one id, in the order of time.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_core::StoreError;
use relay_core::audit::{Action, Audit, KEPT};

use super::Aws;
use super::item::{EXPIRES_AT, ID, number, text, text_of};
use super::numbers::ROW;

/// The id that they stand under.
const ACTIONS: &str = "actions";
/// The action, as JSON.
const ACTION: &str = "action";

#[async_trait]
impl Audit for Aws {
    async fn note(&self, action: &Action) -> Result<(), StoreError> {
        let call = self.operators_call("noting an action", "dynamodb:PutItem")?;
        let row = format!("{}#{}", place(action.at), self.rng.uuid().simple());
        let put = self
            .dynamodb()
            .put_item()
            .table_name(call.name)
            .item(ID, text(ACTIONS))
            .item(ROW, text(row))
            .item(ACTION, text(serde_json::json!(action).to_string()))
            .item(EXPIRES_AT, number((action.at + KEPT).timestamp()));
        put.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn actions(&self, since: Option<DateTime<Utc>>, limit: usize) -> Result<Vec<Action>, StoreError> {
        let call = self.operators_call("listing actions", "dynamodb:Query")?;
        let query = self
            .dynamodb()
            .query()
            .table_name(call.name)
            .key_condition_expression("id = :id AND #row >= :since")
            .expression_attribute_names("#row", ROW)
            .expression_attribute_values(":id", text(ACTIONS))
            .expression_attribute_values(":since", text(since.map_or_else(|| "-".to_owned(), place)))
            .consistent_read(true)
            .scan_index_forward(false);
        let mut pages = query.into_paginator().items().send();
        let mut actions = Vec::new();
        while actions.len() < limit
            && let Some(item) = pages.try_next().await.map_err(|error| call.failed(&error))?
        {
            let action = serde_json::from_str(text_of(&item, ACTION).unwrap_or_default());
            actions.push(action.map_err(|error| {
                call.because(format!("an action cannot be read: {}", relay_core::codec::reason(&error)))
            })?);
        }
        Ok(actions)
    }
}

fn place(at: DateTime<Utc>) -> String {
    format!("{:015}", at.timestamp_millis().max(0))
}

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Aws;
use super::failure::Call;
use super::item::{EXPIRES_AT, ID, Item, id, number, number_of, text, text_of};
use relay_core::{Lookups, StoreError};

/// The target's id.
const VALUE: &str = "value";

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
        let put = put.item(ID, text(id(table, code))).item(VALUE, text(value));
        let put = match expires_at {
            Some(end) => put.item(EXPIRES_AT, number(end.timestamp())),
            None => put,
        };
        put.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn remove(&self, table: &str, code: &str) -> Result<(), StoreError> {
        let call = self.lookups_call("removing a look-up", "dynamodb:DeleteItem");
        let delete = self.dynamodb().delete_item().table_name(call.name).key(ID, text(id(table, code)));
        delete.send().await.map_err(|error| call.failed(&error)).map(drop)
    }
}

impl Aws {
    fn lookups_call(&self, doing: &'static str, action: &'static str) -> Call<'_> {
        Call { doing, action, setting: "LOOKUP_TABLE", name: &self.names.lookup_table }
    }
}

//! What items of all tables share: keys, attributes, reading many at once.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use relay_core::ordered;
use sha2::{Digest as _, Sha256};

use super::Aws;
use super::failure::Call;
use relay_core::StoreError;

/// An item as DynamoDB gives it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The hash key of all tables but that of the checkpoints.
pub(super) const ID: &str = "id";

/// When DynamoDB may delete an item: the attribute of the tables' time to live, in seconds since 1970.
pub(super) const EXPIRES_AT: &str = "expires_at";

/// DynamoDB takes hash keys of 2,048 bytes and sort keys of 1,024: an id stands in both, in the sort key behind the
/// time of a failure.
const LONGEST_ID: usize = 960;

/// DynamoDB gives at most as many items in one request.
const BATCH: usize = 100;

/// The id of what is called `rest` within `first`. A longer one than fits is cut, and told apart by its hash.
pub(super) fn id(first: &str, rest: &str) -> String {
    // The first slash is the one between them.
    let id = format!("{}/{rest}", first.replace('%', "%25").replace('/', "%2F"));
    if id.len() <= LONGEST_ID {
        return id;
    }
    let hash = hex::encode(Sha256::digest(&id));
    format!("{}#{hash}", &id[..id.floor_char_boundary(LONGEST_ID - hash.len() - 1)])
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl ToString + Copy) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// An attribute that is text.
pub(super) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// An attribute that is a whole number.
pub(super) fn number_of<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

impl Aws {
    /// Reads items by their ids, strongly consistent; those that are not there are left out.
    pub(super) async fn items(
        &self,
        call: Call<'_>,
        ids: impl IntoIterator<Item = String>,
    ) -> Result<HashMap<String, Item>, StoreError> {
        // DynamoDB refuses a request that names an item twice.
        let ids: Vec<_> = ordered::set(ids).into_iter().collect();
        let mut items = HashMap::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            self.read_batch(call, batch, &mut items).await?;
        }
        Ok(items)
    }

    /// Reads up to a hundred items. An answer holds 16 MB at most, and less where the table is throttled: it names
    /// what it left out.
    async fn read_batch(
        &self,
        call: Call<'_>,
        ids: &[String],
        items: &mut HashMap<String, Item>,
    ) -> Result<(), StoreError> {
        let mut retry = self.retry();
        let mut keys: Vec<Item> = ids.iter().map(|id| Item::from([(ID.to_owned(), text(id))])).collect();
        loop {
            let asked = keys.len();
            let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let request = request.map_err(|error| call.because(error.to_string()))?;
            let answer = self.dynamodb().batch_get_item().request_items(call.name, request).send().await;
            let answer = answer.map_err(|error| call.failed(&error))?;
            for item in answer.responses.into_iter().flat_map(HashMap::into_values).flatten() {
                if let Some(id) = text_of(&item, ID) {
                    items.insert(id.to_owned(), item);
                }
            }
            let left = answer.unprocessed_keys.into_iter().flat_map(HashMap::into_values).next();
            keys = left.map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(());
            }
            if keys.len() < asked {
                retry.renew();
            }
            if !retry.wait().await {
                let left =
                    format!("UnprocessedKeys: {} of {asked} items left out again and again", keys.len());
                return Err(call.refused(Some("ThrottlingException"), &left));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_what_it_is_made_of_and_fits_however_long_that_is() {
        assert_eq!(id("trade-to-kingdee", "JY/1 南京"), "trade-to-kingdee/JY/1 南京");
        assert_ne!(id("qince/unrouted", "a"), id("qince", "unrouted/a"));
        let long = |end: char| id("f", &format!("{}{end}", "订".repeat(5_000)));
        assert!(long('a').len() <= LONGEST_ID && long('a').starts_with("f/订订"), "{}", long('a'));
        assert_ne!(long('a'), long('b'));
    }
}

//! The rows of documents that wait for a code.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use relay_core::{EntryId, UnknownCode, Waiter};

use super::SINCE;
use super::rows::key;
use crate::item::{Item, id, number, number_of, text, text_of};

/// The document, which the sort key may not tell whole.
const FLOW: &str = "flow";
const KEY: &str = "key";

/// No flow is called so.
pub(crate) fn waiting_id(code: &UnknownCode) -> String {
    format!("#waiting/{}", id(&code.table, &code.code))
}

pub(crate) fn waiter_key(code: &UnknownCode, document: &EntryId) -> Item {
    key(&waiting_id(code), &id(&document.flow, &document.key))
}

pub(crate) fn waiter_row(code: &UnknownCode, document: &EntryId, since: DateTime<Utc>) -> Item {
    let rest: [(&str, AttributeValue); 3] =
        [(FLOW, text(&document.flow)), (KEY, text(&document.key)), (SINCE, number(since.timestamp_millis()))];
    let mut row = waiter_key(code, document);
    row.extend(rest.map(|(name, value)| (name.to_owned(), value)));
    row
}

pub(crate) fn waiter_of(row: &Item) -> Option<Waiter> {
    let since = number_of(row, SINCE).and_then(DateTime::from_timestamp_millis)?;
    Some(Waiter { document: EntryId::new(text_of(row, FLOW)?, text_of(row, KEY)?), since })
}

//! What our ledger says: of a document, and of a day.

use std::collections::HashMap;

use chrono::NaiveDate;
use relay_connector::{Document, china};
use relay_core::archive::{Event, Record};
use relay_core::groups::unmarked;
use relay_core::ledger::Stamp;
use relay_core::{Entry, Ledger, StoreError};
use serde_json::{Map, Value};

use crate::days;
use crate::sum::{Content, Sum};
use crate::verdict::InLedger;

/// So many entries are looked at at once.
const PAGE: usize = 500;

/// The documents of a flow by their days, of a range of days.
pub type ByDay = HashMap<NaiveDate, Vec<String>>;

/// The keys of a flow's documents by the day of their version, of those of a range. It reads the flow's entries through.
///
/// # Errors
/// A store that does not answer.
pub async fn by_day(
    ledger: &dyn Ledger,
    flow: &str,
    days: (NaiveDate, NaiveDate),
) -> Result<ByDay, StoreError> {
    let (mut found, mut from) = (ByDay::new(), None);
    loop {
        let (page, next) = ledger.list(Some(flow), from.as_deref(), PAGE).await?;
        page.into_iter().for_each(|entry| sort(entry, days, &mut found));
        match next {
            Some(next) => from = Some(next),
            None => return Ok(found),
        }
    }
}

/// Puts the key of an entry to its day, where that is one of these.
pub(crate) fn sort(entry: Entry, (first, last): (NaiveDate, NaiveDate), found: &mut ByDay) {
    // Bills are gone by with their groups, and what was split by its parts.
    let is_of_its_own = unmarked(&entry.id.key).is_none() && entry.divided.is_none();
    if let Some(day) = day_of(&entry).filter(|day| is_of_its_own && first <= *day && *day <= last) {
        found.entry(day).or_default().push(entry.id.key);
    }
}

/// The day of the version that a document is known in.
fn day_of(entry: &Entry) -> Option<NaiveDate> {
    let delivered = entry.there().map(relay_core::ledger::Delivered::stamp);
    let failed = entry.failed.as_ref().map(relay_core::Failed::stamp);
    let settled = entry.settled.as_ref().map(|settled| settled.version.stamp());
    let Stamp { version, kind, received_at } = delivered.or(failed).or(settled)?;
    days::time_of(version, kind).or(received_at).map(days::of)
}

/// What an entry says of its document.
#[must_use]
pub(crate) fn says(entry: Option<&Entry>) -> InLedger {
    let Some(entry) = entry else { return InLedger::Nothing };
    // What its source did not take is no failure of the target.
    if let Some(failed) = entry.failures().find(|failed| !failed.is_of_source()) {
        return InLedger::Explains(format!("failed ({})", failed.class));
    }
    if let Some(settled) = &entry.settled {
        let reason = settled.reason.as_deref().unwrap_or("no reason was given");
        return InLedger::Explains(format!("settled by {}: {reason}", settled.by));
    }
    if entry.attempts.is_some() || entry.unanswered.is_some() {
        return InLedger::Explains("it waits to be tried again".to_owned());
    }
    match (&entry.delivered, entry.there()) {
        (Some(_), None) => InLedger::Explains("withdrawn".to_owned()),
        (_, Some(there)) => InLedger::Delivered { at: china::format(there.at), id: there.target_id.clone() },
        (None, None) => InLedger::Nothing,
    }
}

/// Why the last turn of a document left it alone, as the archive has it.
pub(crate) fn left_alone(history: &[Record]) -> Option<String> {
    history.iter().rev().find_map(|record| match &record.event {
        Event::Ended { outcome, message, .. } if outcome == "skipped" => {
            Some(format!("skipped: {}", message.as_deref().unwrap_or("the archive does not say why")))
        }
        _ => None,
    })
}

/// What was sent last of the document with that number, as the archive has it.
pub(crate) fn sent(history: &[Record], field: &str, number: &str) -> Option<Value> {
    history
        .iter()
        .rev()
        .find_map(|record| match &record.event {
            Event::Called(exchange) => {
                let texts = exchange.parameters.iter().map(|(_, value)| value.as_str());
                std::iter::once(exchange.body.as_str()).chain(texts).find_map(|text| {
                    // Questions hold the number too, and neither lines nor a record.
                    let value = serde_json::from_str::<Value>(text).ok()?;
                    holding(&value, field, number)
                        .filter(|found| found.values().any(|value| value.is_array() || value.is_object()))
                        .cloned()
                })
            }
            _ => None,
        })
        .map(Value::Object)
}

/// What the document with that number came to as it was sent last, as the archive has it; of a target whose documents are summed.
#[must_use]
pub fn sum_of_sent(history: &[Record], document: &Document, number: &str) -> Option<Content> {
    let sent = sent(history, document.number()?, number)?;
    Sum::of(&sent, &document.measures, None).content
}

fn holding<'v>(value: &'v Value, field: &str, number: &str) -> Option<&'v Map<String, Value>> {
    match value {
        Value::Object(fields) => {
            let is_it = relay_connector::lenient::field(value, field).as_deref() == Some(number);
            let within = || fields.values().find_map(|value| holding(value, field, number));
            if is_it { Some(fields) } else { within() }
        }
        Value::Array(items) => items.iter().find_map(|item| holding(item, field, number)),
        _ => None,
    }
}

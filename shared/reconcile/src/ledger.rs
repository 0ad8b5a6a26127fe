//! What our ledger says: of a document, and of a day.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use relay_connector::{Document, china, lenient};
use relay_core::archive::{Event, Record};
use relay_core::groups::unmarked;
use relay_core::ledger::Stamp;
use relay_core::{Entry, Ledger, StoreError};
use serde_json::{Map, Value};

use crate::days;
use crate::sum::{self, Content, Sum};
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

/// The same by the values of a field: of the lines as they were sent, where they have it, or else of the document as it came. A document
/// whose lists have other values than its head is under all of them: nobody knows which line became which.
#[must_use]
pub fn sums_of_sent(
    history: &[Record],
    document: &Document,
    number: &str,
    field: &str,
) -> Vec<(String, Option<Content>)> {
    let sent = document.number().and_then(|name| sent(history, name, number));
    if let Some(by_line) = sent.as_ref().and_then(|sent| sum::by_line(sent, &document.measures, field)) {
        return by_line;
    }
    let whole = sent.and_then(|sent| Sum::of(&sent, &document.measures, None).content);
    let mut values = BTreeSet::new();
    if let Some(came) = came(history) {
        values.extend(lenient::field(&came, field));
        named_within(&came, field, &mut values);
    }
    vec![(values.into_iter().collect::<Vec<_>>().join(" + "), whole)]
}

/// The document as it came last, as the archive has it.
#[must_use]
pub fn came(history: &[Record]) -> Option<Value> {
    history.iter().rev().find_map(|record| match &record.event {
        Event::Received { document } => serde_json::from_str(document).ok(),
        _ => None,
    })
}

/// The values of a field in the lists of a document.
fn named_within(value: &Value, field: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| named_within(value, field, found)),
        Value::Array(items) => items.iter().for_each(|item| {
            found.extend(lenient::field(item, field));
            named_within(item, field, found);
        }),
        _ => {}
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, Utc};
    use relay_connector::{Measures, Push, Repeat};
    use relay_core::EntryId;
    use relay_core::archive::Exchange;
    use serde_json::json;

    use super::*;

    const ORDER: Document = Document {
        name: "kingdee.order",
        push: Some(Push::new(Some("billno"), Repeat::Refuses, None)),
        measures: Measures {
            shop: &[],
            warehouse: &[],
            quantity: &["qty"],
            amount: &["amount"],
            price: &["price"],
        },
        ..Document::UNKNOWN
    };

    fn record(event: Event) -> Record {
        let (id, trace, at) = (EntryId::new("f", "A1"), "t".to_owned(), DateTime::<Utc>::UNIX_EPOCH);
        Record { id, version: None, trace, at, event }
    }

    /// A document that came so, and was sent so.
    fn history(came: &Value, sent: &Value) -> [Record; 2] {
        let call = Exchange {
            vendor: "kingdee".to_owned(),
            operation: "save".to_owned(),
            parameters: Vec::new(),
            body: sent.to_string(),
            answer: Ok(String::new()),
            duration: Duration::ZERO,
        };
        [record(Event::Received { document: came.to_string() }), record(Event::Called(call))]
    }

    #[test]
    fn what_was_sent_is_summed_by_the_values_of_a_field_of_its_lines_or_of_what_came() {
        let came = json!({ "shop_no": "S1", "tax_rate": "0.1300", "rate": "0.13", "goods": [
            { "rate": "0.09", "unit": "瓶" }, { "rate": "0.13", "unit": "瓶" }
        ] });
        let sent = json!({ "billno": "A1", "lines": [
            { "qty": "2", "amount": "10.10", "tax": 13 }, { "qty": "1", "amount": "5", "tax": 9 }, { "qty": "1", "amount": "1", "tax": 13 }
        ] });
        let history = history(&came, &sent);
        let sums = |field: &str| {
            let sums = sums_of_sent(&history, &ORDER, "A1", field);
            let told = |(value, content): (String, Option<Content>)| {
                (value, content.map(|of| (of.lines, of.quantity.to_string(), of.amount.to_string())))
            };
            sums.into_iter().map(told).collect::<Vec<_>>()
        };
        let all = Some((3, "4".to_owned(), "16.10".to_owned()));
        assert_eq!(sums("shop_no"), [("S1".to_owned(), all.clone())]);
        assert_eq!(
            sums("tax"),
            [
                ("13".to_owned(), Some((2, "3".to_owned(), "11.10".to_owned()))),
                ("9".to_owned(), Some((1, "1".to_owned(), "5".to_owned()))),
            ],
            "line by line, as they were sent"
        );
        assert_eq!(
            sums("rate"),
            [("0.09 + 0.13".to_owned(), all.clone())],
            "nobody knows which line is which"
        );
        assert_eq!(sums("unit"), [("瓶".to_owned(), all.clone())]);
        assert_eq!(sums("nothing"), [(String::new(), all)]);
        assert_eq!(sums_of_sent(&[], &ORDER, "A1", "shop_no"), [(String::new(), None)], "not kept");
    }
}

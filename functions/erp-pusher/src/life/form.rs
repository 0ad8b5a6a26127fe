//! What is sent in a bill.

use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};
use relay_connector::{Dated, Document, china, lenient};
use relay_mapping::Mapped;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Living, words};
use crate::stop::Stop;
use crate::work::Work;

impl Living<'_> {
    /// What is sent in the bill in that place.
    pub(super) fn form(&self, place: usize, work: &Work<'_>) -> Result<Arc<Mapped>, Stop> {
        let (bill, document) = (&self.bills[place], self.plan.document);
        let mut mapped = Mapped::clone(&self.plan.mapped);
        if let Some(of) = bill.takes_back.and_then(|place| self.bills.get(place)) {
            let signed = document.push.map_or(&[][..], |push| push.signed);
            let Some(body) = &of.body else { return Err(words::not_kept(work.system, of)) };
            mapped.body = body.clone();
            negate(&mut mapped.body, signed);
            if let Some(dated) = dated(document) {
                remark(&mut mapped.body, dated, &format!("冲销{}", of.number.as_deref().unwrap_or_default()));
            }
        }
        if let (Some(field), Some(number)) = (document.number(), &bill.number) {
            // What goes is asked for by its number, whatever else is in it.
            if mapped.body.is_null() {
                mapped.body = Value::Object(Map::new());
            }
            if let Value::Object(body) = &mut mapped.body {
                body.insert(field.to_owned(), Value::from(number.as_str()));
            }
        }
        if let Some(open_from) = mapped.open_from.filter(|_| self.life.moves_date()) {
            mapped = on_or_after(document, &mapped, open_from).unwrap_or(mapped);
        }
        Ok(Arc::new(mapped))
    }
}

fn dated(document: &Document) -> Option<Dated> {
    document.push?.dated
}

/// The same bill with a date that is not before that one; `None` where it has such a date, or none that can be read.
fn on_or_after(document: &Document, mapped: &Mapped, day: NaiveDate) -> Option<Mapped> {
    let dated = dated(document)?;
    let date =
        lenient::field(&mapped.body, dated.date)?.parse::<NaiveDate>().ok().filter(|date| *date < day)?;
    let mut moved = mapped.clone();
    moved.body[dated.date] = Value::from(day.to_string());
    // One that is moved once more was remarked upon before.
    if !lenient::field(&moved.body, dated.remark).is_some_and(|remark| remark.contains(ORIGINAL)) {
        remark(&mut moved.body, dated, &format!("{ORIGINAL}{date}"));
    }
    Some(moved)
}

/// What the remark says before the date that the source has.
const ORIGINAL: &str = "原单据日期";

/// The same bill on the next day that may be open: the one that the target names, or else the first of the next month. No
/// day that has not come is tried, unless the target names it.
pub(super) fn moved(
    document: &Document,
    mapped: &Mapped,
    open_from: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Option<Mapped> {
    let date = lenient::field(&mapped.body, dated(document)?.date)?.parse::<NaiveDate>().ok()?;
    let named = open_from.filter(|open_from| *open_from > date);
    let today = now.with_timezone(&china::zone()).date_naive();
    let next_month = || date.with_day(1)?.checked_add_months(Months::new(1)).filter(|first| *first <= today);
    on_or_after(document, mapped, named.or_else(next_month)?)
}

fn remark(body: &mut Value, dated: Dated, text: &str) {
    let before = lenient::field(body, dated.remark).filter(|before| !before.is_empty());
    let text = before.map_or_else(|| text.to_owned(), |before| format!("{before};{text}"));
    if let Value::Object(body) = body {
        body.insert(dated.remark.to_owned(), Value::from(text));
    }
}

/// Turns the sign of every quantity and amount, those of lines too.
fn negate(value: &mut Value, signed: &[&str]) {
    match value {
        Value::Array(lines) => lines.iter_mut().for_each(|line| negate(line, signed)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Array(_) | Value::Object(_) => negate(value, signed),
                    _ if signed.iter().any(|word| name.contains(word)) => negated(value),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn negated(value: &mut Value) {
    let Some(number) = lenient::text(value).and_then(|text| text.parse::<Decimal>().ok()) else { return };
    let number = if number.is_zero() { number } else { -number };
    *value = match value {
        Value::Number(_) => serde_json::from_str(&number.to_string()).unwrap_or_else(|_| value.clone()),
        _ => Value::from(number.to_string()),
    };
}

#[cfg(test)]
mod tests;

//! Constants of a flow file, checked against what the target wants.

use relay_connector::Kind;
use serde_json::Value;
use toml_edit::Item;

use super::report::Report;
use super::table::Entry;
use crate::{number, time};

/// A constant as it is sent: text for all but flags.
pub(super) fn constant(entry: &Entry<'_>, kind: Option<Kind>, report: &mut Report<'_>) -> Option<Value> {
    let value = match entry.item {
        Item::Value(toml_edit::Value::Integer(integer)) => Some(Value::String(integer.value().to_string())),
        Item::Value(toml_edit::Value::Boolean(flag)) => Some(Value::Bool(*flag.value())),
        item => item.as_str().map(|text| Value::String(text.to_owned())),
    };
    let is_fitting = |value: &Value| match (kind, value) {
        (None | Some(Kind::Any), _)
        | (Some(Kind::Text), Value::String(_))
        | (Some(Kind::Flag), Value::Bool(_)) => true,
        (Some(Kind::Integer), Value::String(text)) => text.parse::<i128>().is_ok(),
        (Some(Kind::Decimal), Value::String(text)) => number::read(text).is_ok(),
        (Some(Kind::Date | Kind::Time), Value::String(text)) => {
            // The zero date is WDT's way to say that there is none.
            time::is_zero_date(text) || time::read(text, &[], time::china()).is_some()
        }
        _ => false,
    };
    let fitting = value.filter(is_fitting);
    if fitting.is_none() {
        entry.wrong_type(expected(kind), report);
    }
    fitting
}

fn expected(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Flag) => "true or false (without quotes)",
        Some(Kind::Integer) => "a whole number",
        Some(Kind::Decimal) => "an amount in quotes, such as \"0.13\" (so that it stays exact)",
        Some(Kind::Date | Kind::Time) => "a time in quotes, such as \"2016-12-01 00:00:00\"",
        Some(Kind::Text) => "a text in quotes",
        _ => "a text in quotes, a whole number, or true or false",
    }
}

//! Answers in either route's envelope, with the liberties that WDT takes with numbers and empty lists.

use serde_json::{Map, Number, Value, json};

use super::Refusal;
use crate::call::Reply;
use crate::dice::Dice;
use crate::faults::Fault;

/// What an endpoint found or did.
pub(super) struct Found {
    list: Option<(&'static str, Vec<Value>)>,
    fields: Map<String, Value>,
}

impl Found {
    pub(super) fn fields(fields: &[(&str, usize)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        Self { list: None, fields }
    }

    pub(super) fn list(key: &'static str, rows: Vec<Value>) -> Self {
        Self { list: Some((key, rows)), fields: Map::new() }
    }

    pub(super) fn with_list(self, key: &'static str, rows: Vec<Value>) -> Self {
        Self { list: Some((key, rows)), ..self }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.to_owned(), json!(value));
        self
    }

    pub(super) fn counted(mut self, name: &str, count: Option<usize>) -> Self {
        if let Some(count) = count {
            self.fields.insert(name.to_owned(), json!(count));
        }
        self
    }

    /// With one more row in its count than there are, or with one less.
    pub(super) fn miscounted(mut self, more: bool) -> Self {
        if let Some(count) = self.fields.get_mut("total_count") {
            let right = count.as_u64().unwrap_or_default();
            *count = json!(if more { right + 1 } else { right.saturating_sub(1) });
        }
        self
    }
}

#[derive(Clone, Copy)]
enum Numbers {
    AsKept,
    Strings,
    Decimals,
}

#[derive(Clone, Copy)]
enum EmptyList {
    Present,
    LeftOut,
    Null,
}

/// The liberties of one answer.
pub(super) struct Style {
    numbers: Numbers,
    empty_list: EmptyList,
    zero_dates: bool,
    /// Qimen: the code is named `errorcode`.
    errorcode: bool,
}

impl Style {
    pub(super) fn new(dice: &Dice, fault: Option<&Fault>) -> Self {
        let numbers = match fault {
            Some(Fault::StringNumbers) => Numbers::Strings,
            Some(Fault::IntNumbers) => Numbers::Decimals,
            _ if dice.coin() => Numbers::Strings,
            _ => Numbers::AsKept,
        };
        let empty_list = match fault {
            Some(Fault::EmptyLists) => EmptyList::Present,
            Some(Fault::LeaveOutEmptyLists) => EmptyList::LeftOut,
            Some(Fault::NullLists) => EmptyList::Null,
            _ if dice.coin() => EmptyList::LeftOut,
            _ => EmptyList::Present,
        };
        let zero_dates = matches!(fault, Some(Fault::ZeroDates));
        Self { numbers, empty_list, zero_dates, errorcode: dice.coin() }
    }
}

/// `{"code", "message", …}`.
pub(super) fn direct(result: Result<Found, Refusal>, style: &Style) -> Reply {
    Reply::json(&Value::Object(answer(result, style, "code")))
}

/// `{"response": {"flag", "code" or "errorcode", "message", "request_id", …}}`.
pub(super) fn qimen(result: Result<Found, Refusal>, style: &Style, request_id: &str, as_xml: bool) -> Reply {
    let flag = if result.is_ok() { "success" } else { "failure" };
    let mut response = Map::from_iter([("flag".to_owned(), json!(flag))]);
    response.extend(answer(result, style, if style.errorcode { "errorcode" } else { "code" }));
    response.insert("request_id".to_owned(), json!(request_id));
    rendered("response", Value::Object(response), as_xml)
}

/// The gateway's own refusal.
pub(super) fn gateway(code: i64, msg: &str, sub_code: &str, request_id: &str, as_xml: bool) -> Reply {
    let error = json!({
        "code": code, "msg": msg, "sub_code": sub_code, "sub_msg": msg, "request_id": request_id,
    });
    rendered("error_response", error, as_xml)
}

fn rendered(name: &str, body: Value, as_xml: bool) -> Reply {
    if as_xml {
        let mut xml = r#"<?xml version="1.0" encoding="utf-8"?>"#.to_owned();
        write_xml(&mut xml, name, &body);
        Reply::xml(xml)
    } else {
        Reply::json(&Value::Object(Map::from_iter([(name.to_owned(), body)])))
    }
}

fn write_xml(xml: &mut String, name: &str, value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| write_xml(xml, name, item)),
        Value::Object(fields) => {
            *xml += &format!("<{name}>");
            fields.iter().for_each(|(name, value)| write_xml(xml, name, value));
            *xml += &format!("</{name}>");
        }
        scalar => {
            let text = scalar.as_str().map_or_else(|| scalar.to_string(), str::to_owned);
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            *xml += &format!("<{name}>{text}</{name}>");
        }
    }
}

fn answer(result: Result<Found, Refusal>, style: &Style, code: &str) -> Map<String, Value> {
    let mut answer = Map::new();
    match result {
        Err(refusal) => {
            answer.insert(code.to_owned(), json!(refusal.code));
            answer.insert("message".to_owned(), json!(refusal.message));
        }
        Ok(found) => {
            answer.insert(code.to_owned(), json!(0));
            answer.insert("message".to_owned(), json!(""));
            answer.extend(found.fields);
            if let Some((key, mut rows)) = found.list {
                if style.zero_dates {
                    rows.iter_mut().for_each(zero_dates);
                }
                let list = match style.empty_list {
                    _ if !rows.is_empty() => Some(Value::Array(rows)),
                    EmptyList::Present => Some(json!([])),
                    EmptyList::LeftOut => None,
                    EmptyList::Null => Some(Value::Null),
                };
                answer.extend(list.map(|list| (key.to_owned(), list)));
            }
        }
    }
    answer.values_mut().for_each(|value| restyle(value, style.numbers));
    answer
}

fn restyle(value: &mut Value, numbers: Numbers) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| restyle(item, numbers)),
        Value::Object(fields) => fields.values_mut().for_each(|field| restyle(field, numbers)),
        Value::Number(number) if matches!(numbers, Numbers::Strings) => *value = json!(number.to_string()),
        Value::String(text) if matches!(numbers, Numbers::Decimals) && is_decimal(text) => {
            if let Ok(number) = text.parse::<Number>() {
                *value = Value::Number(number);
            }
        }
        _ => {}
    }
}

/// `12.3400`: digits, a point, digits. Whole numbers in strings may be codes and stay as they are.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    text.split_once('.').is_some_and(|(whole, rest)| digits(whole) && digits(rest))
}

/// Times that an order may be without; the time of ordering stays.
fn zero_dates(row: &mut Value) {
    let Value::Object(fields) = row else { return };
    for (name, value) in fields {
        match value {
            Value::Array(lines) => lines.iter_mut().for_each(zero_dates),
            Value::String(time) if matches!(name.as_str(), "pay_time" | "delay_to_time" | "consign_time") => {
                "0000-00-00 00:00:00".clone_into(time);
            }
            _ => {}
        }
    }
}

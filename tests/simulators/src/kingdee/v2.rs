//! V2's calls: lists and details by `GET`, saves by `POST`, `errcode` over HTTP 200.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::books::{self, Saved};
use super::entries;
use super::kinds::{self, Form, Interface, Kind, What};
use super::master;
use super::{Kingdee, State, app, take_liberties};
use crate::call::{Call, Params, Reply};
use crate::faults::Fault;
use crate::lock;

/// More rows than this are not given, whatever was asked for.
const LARGEST_PAGE: usize = 100;
const DEFAULT_PAGE: usize = 10;

/// What a call of V2 is named by: `sal_order_save`, `customer_list`, `common_operate`.
pub(super) fn operation(call: &Call) -> Option<String> {
    let (kind, form) = Kind::of_v2(call.method.as_str(), &call.path)?;
    Some(format!("{}_{}", kind.name, form.name()))
}

pub(super) fn refuse(code: i64, text: &str) -> Reply {
    Reply::json(&json!({"errcode": code, "description": text, "data": null}))
}

impl Kingdee {
    /// A call under `/jdyconnector/`.
    pub(super) fn connector(&self, call: &Call) -> Reply {
        let mut state = lock(&self.state);
        if let Err(refusal) = app::check_signature(&mut state, call) {
            return refusal;
        }
        match call.path.rsplit('/').next() {
            Some("push_app_authorize") => app::authorize(&mut state, call, &self.dice),
            Some("kingdee_auth_token") => app::token(&mut state, call, &self.dice),
            _ => Reply::json_with_status(404, &json!({"errcode": 404, "description": "not found"})),
        }
    }

    /// A call under `/jdy/v2/`.
    pub(super) fn business_v2(&self, call: &Call, fault: Option<&Fault>) -> Reply {
        let mut state = lock(&self.state);
        let checked =
            app::check_signature(&mut state, call).and_then(|()| app::check_token(&mut state, call));
        if let Err(refusal) = checked {
            return refusal;
        }
        if let Some(Fault::InnerRefusal(text) | Fault::OuterRefusal(text)) = fault {
            return refuse(2_000_014_001, text);
        }
        match self.answered_v2(&mut state, call) {
            Ok(data) => {
                let mut answer = json!({"errcode": 0, "description": "success", "data": data});
                take_liberties(&mut answer, fault);
                Reply::json(&answer)
            }
            Err(text) => refuse(2_000_014_000, &text),
        }
    }

    fn answered_v2(&self, state: &mut State, call: &Call) -> Result<Value, String> {
        let body = || match call.json() {
            Some(Value::Object(body)) => Ok(body),
            _ => Err("请求体不是JSON对象".to_owned()),
        };
        if call.path == "/jdy/v2/sys/common_operate" && call.method == "POST" {
            return operate(state, &body()?, self.clock.now());
        }
        let (kind, form) = Kind::of_v2(call.method.as_str(), &call.path)
            .ok_or_else(|| format!("接口不存在: {} {}", call.method, call.path))?;
        match form {
            Form::Save => {
                let now = self.clock.now();
                let (id, number) = books::save(state, Interface::V2, kind, &body()?, now, &self.dice)?;
                Ok(json!({"ids": [id], "id_number_map": {id: number}}))
            }
            Form::List => list(state, kind, &call.query()?),
            Form::Detail => detail(state, kind, &call.query()?),
        }
    }
}

/// `common_operate`.
fn operate(state: &mut State, body: &Map<String, Value>, now: DateTime<Utc>) -> Result<Value, String> {
    const KNOWN: [&str; 5] = ["ids", "numbers", "entity_number", "operate_type", "ignore_warn"];
    if let Some(unknown) = body.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(format!("未知的参数{unknown}"));
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let entity = text("entity_number");
    let kind = Kind::of_entity(entity).ok_or_else(|| format!("参数entity_number[{entity}]不存在"))?;
    let texts = |name: &str| -> Vec<String> {
        let listed = body.get(name).and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (ids, numbers) = (texts("ids"), texts("numbers"));
    if ids.is_empty() == numbers.is_empty() {
        return Err("参数ids和numbers必须且只能填写一个".to_owned());
    }
    let mut done = Map::new();
    for wanted in ids.iter().chain(&numbers) {
        let is_it = |saved: &Saved| saved.id == *wanted || (ids.is_empty() && saved.number == *wanted);
        let found = books::operate(state, kind, text("operate_type"), is_it, now)?;
        let (id, number) = found.ok_or_else(|| format!("参数id[{wanted}]不存在"))?;
        done.insert(id, Value::from(number));
    }
    Ok(json!({"ids": done.keys().collect::<Vec<_>>(), "id_number_map": done}))
}

/// A page, of rows that were changed within the window and fit the filters.
fn list(state: &State, kind: Kind, query: &Params) -> Result<Value, String> {
    const PAGING: [&str; 2] = ["page", "page_size"];
    let known = kinds::takes(Interface::V2, kind, Form::List).ok_or("接口不存在")?;
    let is_known = |name: &&String| PAGING.contains(&name.as_str()) || known.contains(name.as_str());
    if let Some(unknown) = query.keys().find(|name| !is_known(name)) {
        return Err(format!("未知的参数{unknown}"));
    }
    let number = |name: &str, otherwise: usize| match query.get(name) {
        None => Ok(otherwise),
        Some(text) => {
            text.parse().ok().filter(|number| *number > 0).ok_or(format!("{name}必须大于0: {text}"))
        }
    };
    let (page, asked) = (number("page", 1)?, number("page_size", DEFAULT_PAGE)?);
    let time = |name: &str| match query.get(name) {
        None => Ok(None),
        Some(text) if text.len() == 13 => text
            .parse()
            .ok()
            .and_then(DateTime::from_timestamp_millis)
            .map(Some)
            .ok_or(format!("{name}格式错误")),
        Some(text) => Err(format!("{name}格式错误: {text}")),
    };
    let (from, until) = (time("modify_start_time")?, time("modify_end_time")?);
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let is_dated = |row: &Row| {
        let date = row.shown["bill_date"].as_str().unwrap_or_default().get(..10).unwrap_or_default();
        let (first, last) = (text("start_bill_date"), text("end_bill_date"));
        (first.is_empty() || date >= first) && (last.is_empty() || date <= last)
    };
    let rows: Vec<Value> = everything(state, kind)
        .into_iter()
        .filter(is_dated)
        .filter(|row| from.is_none_or(|from| row.modified >= from))
        .filter(|row| until.is_none_or(|until| row.modified <= until))
        .filter(|row| row.number.contains(text("search")) || row.name.contains(text("search")))
        .filter(|row| text("bill_no").is_empty() || row.number == text("bill_no"))
        .filter(|row| text("bill_status").is_empty() || row.shown["bill_status"] == text("bill_status"))
        .map(|row| only(kind, row.shown))
        .collect();
    let (count, size) = (rows.len(), asked.min(LARGEST_PAGE));
    let rows: Vec<_> = rows.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    // The pages are counted by what was asked for.
    Ok(json!({
        "count": count, "total_page": count.div_ceil(asked), "page": page, "page_size": size,
        "current_page": page, "current_page_size": rows.len(), "rows": rows,
    }))
}

struct Row {
    number: String,
    name: String,
    modified: DateTime<Utc>,
    /// All of it.
    shown: Value,
}

/// A row of a list shows less than there is.
fn only(kind: Kind, shown: Value) -> Value {
    match (kinds::shows(kind), shown) {
        (Some(known), Value::Object(fields)) => {
            fields.into_iter().filter(|(name, _)| known.contains(name.as_str())).collect()
        }
        (_, shown) => shown,
    }
}

fn everything(state: &State, kind: Kind) -> Vec<Row> {
    match kind.what {
        What::BaseData => master::everything(state, kind.name)
            .map(|(record, shown)| Row {
                number: record.number.clone(),
                name: record.name.clone(),
                modified: record.modified,
                shown,
            })
            .collect(),
        _ => state.books.get(kind.name).into_iter().flatten().map(bill).collect(),
    }
}

fn bill(saved: &Saved) -> Row {
    let mut shown = saved.body.clone();
    let status = if saved.is_audited { "C" } else { "Z" };
    shown.insert("id".to_owned(), json!(saved.id));
    shown.entry("bill_no").or_insert_with(|| json!(saved.number));
    shown.insert("bill_status".to_owned(), json!(status));
    if let Some(total) = total(&saved.body) {
        shown.insert("total_amount".to_owned(), json!(total));
    }
    shown.insert("create_time".to_owned(), json!(in_china(saved.created)));
    shown.insert("modify_time".to_owned(), json!(in_china(saved.modified)));
    Row {
        number: saved.number.clone(),
        name: String::new(),
        modified: saved.modified,
        shown: Value::Object(shown),
    }
}

/// What the lines of a bill come to, tax included.
fn total(body: &Map<String, Value>) -> Option<String> {
    let decimal =
        |line: &Value, name: &str| relay_connector::lenient::field(line, name)?.parse::<Decimal>().ok();
    let lines = body.get("material_entity")?.as_array()?;
    let amounts =
        lines.iter().map(|line| Some((decimal(line, "qty")? * decimal(line, "tax_price")?).round_dp(2)));
    Some(amounts.sum::<Option<Decimal>>()?.to_string())
}

fn in_china(time: DateTime<Utc>) -> String {
    relay_connector::china::format(time)
}

fn detail(state: &State, kind: Kind, query: &Params) -> Result<Value, String> {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let (id, number) = (text("id"), text("number"));
    if let Some(unknown) = query.keys().find(|name| !["id", "number"].contains(&name.as_str())) {
        return Err(format!("未知的参数{unknown}"));
    }
    let found = everything(state, kind).into_iter().find(|row| match id.is_empty() {
        false => row.shown["id"] == id,
        true => row.number == number,
    });
    let mut shown = found.map(|row| row.shown).ok_or_else(|| format!("参数id[{id}]不存在"))?;
    let bill = state.books.get(kind.name).into_iter().flatten().find(|saved| shown["id"] == saved.id);
    let lines = shown.get_mut("material_entity").and_then(Value::as_array_mut).into_iter().flatten();
    for (place, line) in lines.enumerate() {
        let material = line["material_id"].as_str().and_then(|id| state.record(master::MATERIAL, id));
        if let Some(number) = material.map(|material| json!(material.number)) {
            line["material_number"] = number;
        }
        line["seq"] = json!(place + 1);
        line["id"] = json!(bill.map(|bill| entries::line_id(bill, place)));
    }
    Ok(shown)
}

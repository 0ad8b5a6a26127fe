//! `sal_order_save` 新增或者修改一张销售订单, and what is read of the orders.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::checks::{is_of_one_sign, is_open_on};
use super::master::{CUSTOMER, MATERIAL, STORE, paged};
use super::{Refusal, State};
use crate::dice::Dice;

/// A saved order.
#[derive(Debug, Clone)]
pub struct SavedOrder {
    /// Its record id, 19 digits.
    pub id: String,
    /// 单据编号.
    pub billno: String,
    /// The body of the last save.
    pub body: Map<String, Value>,
    /// How often it was changed by its id.
    pub edits: u32,
}

/// Fields of the head; tenants have `custom_field…` besides.
const HEAD: [&str; 19] = [
    "id",
    "billno",
    "billdate",
    "billsource",
    "customerid_id",
    "empid_id",
    "remark",
    "contact_linkman",
    "contact_phone",
    "contact_country_id",
    "contact_province_id",
    "contact_city_id",
    "contact_district_id",
    "contact_address",
    "bill_dis_amount",
    "bill_dis_rate",
    "material_entity",
    "delivery_type_number",
    "deliverydate",
];
const LINE: [&str; 10] = [
    "materialid_id",
    "stockid_id",
    "spid_id",
    "qty",
    "unit_id",
    "taxprice",
    "is_free",
    "cess",
    "remark",
    "deliverydate",
];

pub(super) fn save(state: &mut State, body: &Map<String, Value>, dice: &Dice) -> Result<Value, Refusal> {
    check(state, body).map_err(Refusal::Inner)?;
    let id = body.get("id").and_then(Value::as_str);
    if let Some(id) = id.filter(|id| !state.orders.contains_key(*id)) {
        return Err(Refusal::Inner(format!("参数id[{id}]不存在")));
    }
    let billno = match body.get("billno").and_then(Value::as_str) {
        Some(billno) => billno.to_owned(),
        None => format!("XSDD-{}-{:05}", dice.digits(8), state.orders.len() + 1),
    };
    let others = state.by_billno.get(&billno).into_iter().flatten();
    if state.refuses_duplicates && others.into_iter().any(|other| Some(other.as_str()) != id) {
        let text = format!("单据编号[{billno}]");
        // Both texts are known from V2; which of them V1 uses is open.
        return Err(Refusal::Inner(if dice.coin() {
            format!("{text}已存在")
        } else {
            format!("{text}组合值与其他表单重复")
        }));
    }
    let edits = id.and_then(|id| state.orders.get(id)).map_or(0, |order| order.edits + 1);
    let id = id.map_or_else(|| dice.digits(19), str::to_owned);
    if let Some(before) = state.orders.get(&id) {
        let date = before.body.get("billdate").and_then(Value::as_str).unwrap_or_default();
        is_open_on(state, date).map_err(Refusal::Inner)?;
    }
    if let Some(before) = state.orders.get(&id)
        && let Some(ids) = state.by_billno.get_mut(&before.billno)
    {
        ids.retain(|other| *other != id);
    }
    state.by_billno.entry(billno.clone()).or_default().push(id.clone());
    state.orders.insert(id.clone(), SavedOrder { id: id.clone(), billno, body: body.clone(), edits });
    Ok(json!({"success": true, "successPkIds": [id], "errorInfo": []}))
}

fn check(state: &State, body: &Map<String, Value>) -> Result<(), String> {
    let custom = |name: &str| name.starts_with("custom_field");
    if let Some(unknown) = body.keys().find(|name| !HEAD.contains(&name.as_str()) && !custom(name)) {
        return Err(format!("未知的参数{unknown}"));
    }
    if body.get("billno").is_some_and(|billno| billno.as_str().is_none_or(str::is_empty)) {
        return Err("单据编号格式错误".to_owned());
    }
    let date = body.get("billdate").and_then(Value::as_str).ok_or("单据日期不能为空")?;
    if date.len() != 10 || NaiveDate::parse_from_str(date, "%Y-%m-%d").is_err() {
        return Err(format!("单据日期格式错误: {date}"));
    }
    let customer = id(body, "customerid_id")?;
    state.record(CUSTOMER, customer).ok_or_else(|| format!("参数customerid_id[{customer}]不存在"))?;
    let lines = body.get("material_entity").and_then(Value::as_array);
    let lines = lines.filter(|lines| !lines.is_empty()).ok_or("商品分录不能为空")?;
    for (place, line) in lines.iter().enumerate() {
        let line = line.as_object().ok_or("商品分录格式错误")?;
        check_line(state, line).map_err(|error| format!("第{}行{error}", place + 1))?;
    }
    is_of_one_sign(lines)?;
    is_open_on(state, date)
}

fn check_line(state: &State, line: &Map<String, Value>) -> Result<(), String> {
    let custom = |name: &str| name.starts_with("custom_field");
    if let Some(unknown) = line.keys().find(|name| !LINE.contains(&name.as_str()) && !custom(name)) {
        return Err(format!("未知的参数{unknown}"));
    }
    let missing = |name: &str, id: &str| format!("参数{name}[{id}]不存在");
    let material = id(line, "materialid_id")?;
    let material = state.record(MATERIAL, material).ok_or_else(|| missing("materialid_id", material))?;
    let store = id(line, "stockid_id")?;
    state.record(STORE, store).ok_or_else(|| missing("stockid_id", store))?;
    let unit = id(line, "unit_id").map_err(|_| r#"基础资料"unit"字段不能为空"#.to_owned())?;
    if !material.units.iter().any(|linked| linked == unit) {
        return Err(format!("单位[{unit}]不是该商品关联的单位"));
    }
    if decimal(line, "qty")?.ok_or("数量不能为空")?.is_zero() {
        return Err("数量不能为0".to_owned());
    }
    if decimal(line, "taxprice")?.ok_or("单价不能为空")? < Decimal::ZERO {
        return Err("单价不能小于0".to_owned());
    }
    if let Some(cess) = decimal(line, "cess")?
        && !(Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&cess)
    {
        return Err(format!("税率超出范围: {cess}"));
    }
    match line.get("is_free") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(Value::String(text)) if text == "true" || text == "false" => Ok(()),
        Some(other) => Err(format!("是否赠品格式错误: {other}")),
    }
}

/// Record ids are strings.
fn id<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    match fields.get(name) {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        Some(Value::Number(id)) => Err(format!("参数{name}须为字符串: {id}")),
        _ => Err(format!("参数{name}不能为空")),
    }
}

fn decimal(fields: &Map<String, Value>, name: &str) -> Result<Option<Decimal>, String> {
    let text = match fields.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    text.parse().map(Some).map_err(|_| format!("参数{name}不是数字: {text}"))
}

/// `sal_order_list`: `search` is fuzzy on the number.
pub(super) fn list(state: &State, body: &Map<String, Value>) -> Result<Value, Refusal> {
    let search = body.get("search").and_then(Value::as_str).unwrap_or_default();
    let found = state.orders.values().filter(|order| order.billno.contains(search)).map(|order| {
        json!({
            "id": order.id,
            "billno": order.billno,
            "billdate": order.body.get("billdate"),
            "customerid_id": order.body.get("customerid_id"),
            "billstatus": "Z",
        })
    });
    paged(found, body)
}

/// `sal_order_detail`, by id.
pub(super) fn detail(state: &State, body: &Map<String, Value>) -> Result<Value, Refusal> {
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    let order = state.orders.get(id).ok_or_else(|| Refusal::Outer(format!("参数id[{id}]不存在")))?;
    let mut detail = order.body.clone();
    detail.insert("id".to_owned(), json!(order.id));
    detail.insert("billno".to_owned(), json!(order.billno));
    Ok(Value::Object(detail))
}

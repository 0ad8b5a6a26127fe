//! `trade_push.php` 创建原始订单: what WDT takes and what it refuses, in its own words.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::pushed::{Pushed, PushedOrder};
use super::samples::Shop;
use super::trades::text;
use super::{Refusal, fields, time};
use crate::call::Params;

const ORDERS: usize = 50;
const SUB_ORDERS: usize = 200;
const ORDERS_OF_ONE_NICK: usize = 30;

const REQUIRED: [&str; 17] = [
    "tid",
    "trade_status",
    "delivery_term",
    "pay_time",
    "buyer_nick",
    "receiver_name",
    "receiver_province",
    "receiver_city",
    "receiver_district",
    "receiver_address",
    "receiver_mobile",
    "post_amount",
    "cod_amount",
    "ext_cod_fee",
    "other_amount",
    "paid",
    "order_list",
];
const LINE_REQUIRED: [&str; 11] = [
    "oid",
    "num",
    "price",
    "status",
    "refund_status",
    "goods_id",
    "spec_no",
    "goods_name",
    "adjust_amount",
    "discount",
    "share_discount",
];

/// The orders of one push, checked.
pub(super) struct Checked {
    pub(super) shop_no: String,
    pub(super) orders: Vec<Map<String, Value>>,
    /// `{tid, error}` of those that are not taken, where the others are.
    pub(super) errors: Vec<Value>,
}

/// Checks a push as a whole: one bad order refuses all of them, with one `{tid, error}` for each where there are
/// several (the form of 2017), plain text where there is one. Whether the orders beside a bad one are taken is not said
/// of pushes: with `takes_rest` they are, and the bad one is told as acknowledgements tell theirs.
pub(super) fn check(
    params: &Params,
    shops: &BTreeMap<String, Shop>,
    known: &Pushed,
    takes_rest: bool,
) -> Result<Checked, Refusal> {
    let refuse = |message: &str| Refusal::new(1, message);
    if params.get("switch").is_some_and(|switch| !["0", "1"].contains(&switch.as_str())) {
        return Err(refuse("switch只能为0或1"));
    }
    let shop = params.get("shop_no").and_then(|shop_no| shops.get(shop_no));
    let shop = shop.ok_or_else(|| refuse("无效店铺编号"))?;
    if shop.is_disabled {
        return Err(refuse("店铺已停用"));
    }
    if shop.platform_id != 127 {
        return Err(refuse("只有自有平台店铺才支持推送"));
    }
    let orders = orders_in(params)?;
    let mut nicks: BTreeMap<String, usize> = BTreeMap::new();
    let mut oids = BTreeSet::new();
    let mut errors = Vec::new();
    for order in &orders {
        let nick = nicks.entry(text(order, "buyer_nick").unwrap_or_default()).or_default();
        *nick += 1;
        let checked = if *nick > ORDERS_OF_ONE_NICK {
            Err(format!("同一buyer_nick单次最多推送{ORDERS_OF_ONE_NICK}单"))
        } else {
            check_order(order, known, &mut oids)
        };
        if let Err(error) = checked {
            errors.push((text(order, "tid").unwrap_or_default(), error));
        }
    }
    match errors.as_slice() {
        [] => Ok(Checked { shop_no: shop.shop_no.clone(), orders, errors: Vec::new() }),
        errors if takes_rest => {
            let is_taken = |order: &Map<String, Value>| {
                let tid = text(order, "tid").unwrap_or_default();
                errors.iter().all(|(bad, _)| *bad != tid)
            };
            let orders = orders.into_iter().filter(is_taken).collect();
            let errors =
                errors.iter().map(|(tid, error)| serde_json::json!({"tid": tid, "error": error})).collect();
            Ok(Checked { shop_no: shop.shop_no.clone(), orders, errors })
        }
        [(_, error)] if orders.len() == 1 => Err(refuse(error)),
        errors => {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let list = errors
                .iter()
                .map(|(tid, error)| serde_json::json!({"tid": tid, "error": encoded(error)}))
                .collect::<Value>();
            Err(refuse(&list.to_string()))
        }
    }
}

/// `trade_list`: a JSON array of 1 to 50 orders.
fn orders_in(params: &Params) -> Result<Vec<Map<String, Value>>, Refusal> {
    let refuse = |message: &str| Refusal::new(1, message);
    let list = params.get("trade_list").map(|list| serde_json::from_str::<Value>(list));
    let orders = match list {
        None => return Err(refuse("trade_list订单列表为空")),
        Some(Err(_)) => return Err(refuse("trade_list json格式错误,无法解析")),
        Some(Ok(Value::Array(orders))) => orders,
        Some(Ok(_)) => return Err(refuse("trade_list订单列表结构异常")),
    };
    let orders: Option<Vec<Map<String, Value>>> = orders
        .into_iter()
        .map(|order| if let Value::Object(order) = order { Some(order) } else { None })
        .collect();
    let orders = orders.ok_or_else(|| refuse("trade_list订单列表结构异常"))?;
    if orders.is_empty() {
        return Err(refuse("trade_list订单列表为空"));
    }
    if orders.len() > ORDERS {
        return Err(refuse(&format!("单次最多推送{ORDERS}单")));
    }
    Ok(orders)
}

fn check_order(
    order: &Map<String, Value>,
    known: &Pushed,
    oids: &mut BTreeSet<String>,
) -> Result<(), String> {
    fields::check("trade_push", "trade_list[]", order)?;
    required(order, &REQUIRED)?;
    plain_text(order)?;
    let tid = text(order, "tid").unwrap_or_default();
    let code = |field: &str, codes: &[&str]| match text(order, field) {
        Some(code) if !codes.contains(&code.as_str()) => Err(format!("{field}无效: {code}")),
        _ => Ok(()),
    };
    code("trade_status", &["10", "20", "30", "40", "50", "70", "80", "90"])?;
    code("delivery_term", &["1", "2", "3"])?;
    code("pay_status", &["0", "1", "2"])?;
    for field in ["trade_time", "pay_time"] {
        let value = text(order, field).filter(|value| value != "0000-00-00 00:00:00");
        if let Some(value) = value.filter(|value| time::parse(value).is_none()) {
            return Err(format!("{field}格式错误: {value}"));
        }
    }
    let Some(Value::Array(lines)) = order.get("order_list") else {
        return Err("order_list结构异常".to_owned());
    };
    if lines.is_empty() || lines.len() > SUB_ORDERS {
        return Err(format!("子订单数超出范围(1-{SUB_ORDERS})"));
    }
    let mut goods = Decimal::ZERO;
    for line in lines {
        let Value::Object(line) = line else { return Err("order_list结构异常".to_owned()) };
        goods += check_line(line, &tid, known, oids)?;
    }
    check_amounts(order, goods)?;
    check_status(order, known.orders.get(&tid))
}

fn check_line(
    line: &Map<String, Value>,
    tid: &str,
    known: &Pushed,
    oids: &mut BTreeSet<String>,
) -> Result<Decimal, String> {
    required(line, &LINE_REQUIRED)?;
    plain_text(line)?;
    let oid = text(line, "oid").unwrap_or_default();
    let elsewhere = known.oids.get(&oid).is_some_and(|owner| owner != tid);
    if !oids.insert(oid.clone()) || elsewhere {
        return Err("订单货品数量不一致".to_owned());
    }
    let refund_status = text(line, "refund_status").unwrap_or_default();
    if !["0", "1", "2", "3", "4", "5"].contains(&refund_status.as_str()) {
        return Err(format!("refund_status无效: {refund_status}"));
    }
    if refund_status.as_str() > "2" && text(line, "status").as_deref() != Some("80") {
        return Err(format!("子订单{oid}退款状态与子订单状态不一致"));
    }
    let num = amount(line, "num")?;
    if num <= Decimal::ZERO {
        return Err(format!("子订单{oid}数量必须大于0"));
    }
    Ok(num * amount(line, "price")? + amount(line, "adjust_amount")?
        - amount(line, "discount")?
        - amount(line, "share_discount")?)
}

fn check_amounts(order: &Map<String, Value>, goods: Decimal) -> Result<(), String> {
    let due = goods + amount(order, "post_amount")?;
    let paid = amount(order, "paid")?;
    let cod_amount = amount(order, "cod_amount")?;
    amount(order, "ext_cod_fee")?;
    amount(order, "other_amount")?;
    if due < Decimal::ZERO {
        return Err("应收不能小于0".to_owned());
    }
    if paid != due {
        return Err(format!("已付金额不正确 paid: {paid} 应为 {due}"));
    }
    let is = |field: &str, code: &str| text(order, field).as_deref() == Some(code);
    if is("delivery_term", "2") && is("trade_status", "30") && cod_amount.is_zero() {
        return Err("货到付款订单COD金额不能为0".to_owned());
    }
    if cod_amount > paid {
        return Err("COD金额cod_amount大于应收paid".to_owned());
    }
    Ok(())
}

/// From 30 only to 70 or 80; what is finished stays so.
fn check_status(order: &Map<String, Value>, known: Option<&PushedOrder>) -> Result<(), String> {
    let Some(known) = known else { return Ok(()) };
    let was = text(&known.order, "trade_status").unwrap_or_default();
    let is = text(order, "trade_status").unwrap_or_default();
    let allowed = was == is
        || match was.as_str() {
            "10" | "20" => true,
            "30" => ["70", "80"].contains(&is.as_str()),
            "40" | "50" => ["50", "70", "80"].contains(&is.as_str()),
            _ => false,
        };
    if allowed { Ok(()) } else { Err(format!("订单状态不能由{was}变更为{is}")) }
}

fn required(fields: &Map<String, Value>, names: &[&str]) -> Result<(), String> {
    let missing = names.iter().find(|name| match fields.get(**name) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    });
    missing.map_or(Ok(()), |name| Err(format!("{name}不能为空")))
}

/// Characters above U+FFFF break the vendor's database write.
fn plain_text(fields: &Map<String, Value>) -> Result<(), String> {
    let bad = |value: &Value| value.as_str().is_some_and(|text| text.chars().any(|c| c > '\u{FFFF}'));
    let bad = fields.iter().find(|(_, value)| bad(value));
    bad.map_or(Ok(()), |(name, _)| Err(format!("{name}含有无法保存的字符")))
}

fn amount(fields: &Map<String, Value>, name: &str) -> Result<Decimal, String> {
    let value = text(fields, name).and_then(|text| text.parse().ok());
    value.ok_or_else(|| format!("{name}不是数字"))
}

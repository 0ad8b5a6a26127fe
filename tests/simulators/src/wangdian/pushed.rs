//! What trade pushes leave behind: orders by `tid`, and trades that can be queried.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::envelope::Found;
use super::time;
use super::trade_push::Checked;
use super::trades::{Trades, text};

/// An order as it stands after the pushes of its `tid`.
#[derive(Debug, Clone, Default)]
pub struct PushedOrder {
    /// 店铺编号.
    pub shop_no: String,
    /// The order; of lines that were pushed before, `num` and `price` are those of the first push.
    pub order: Map<String, Value>,
    /// Pushes that made the order: 1, whatever happens.
    pub creates: u32,
    /// Pushes that changed it.
    pub updates: u32,
    /// Pushes that changed nothing: the same again.
    pub repeats: u32,
    /// `buyer_message` of every push, in the order in which they came.
    pub messages: Vec<String>,
    /// Changes of `num` or `price`, which WDT does not take after the first push.
    pub ignored_changes: u32,
}

/// All pushed orders.
#[derive(Default)]
pub(super) struct Pushed {
    /// By `tid`.
    pub(super) orders: BTreeMap<String, PushedOrder>,
    /// Which `tid` an `oid` belongs to: unique among all orders of the account.
    pub(super) oids: HashMap<String, String>,
}

/// Stores the orders of one push; `new_count` and `chg_count` of the answer.
pub(super) fn store(checked: Checked, pushed: &mut Pushed, trades: &mut Trades, now: i64) -> Found {
    let (mut new_count, mut chg_count) = (0, 0);
    for mut order in checked.orders {
        let tid = text(&order, "tid").unwrap_or_default();
        let oids = lines(&order).filter_map(|line| text(line, "oid")).map(|oid| (oid, tid.clone()));
        pushed.oids.extend(oids);
        let entry = pushed.orders.entry(tid.clone()).or_default();
        if entry.creates == 0 {
            entry.creates = 1;
            new_count += 1;
        } else {
            entry.ignored_changes += keep_num_and_price(&mut order, &entry.order);
            chg_count += 1;
            if entry.order == order {
                entry.repeats += 1;
            } else {
                entry.updates += 1;
            }
        }
        checked.shop_no.clone_into(&mut entry.shop_no);
        entry.messages.push(text(&order, "buyer_message").unwrap_or_default());
        entry.order = order;
        trades.put(as_trade(&tid, &checked.shop_no, &entry.order, now), now);
    }
    let found = Found::fields(&[("new_count", new_count), ("chg_count", chg_count)]);
    if checked.errors.is_empty() { found } else { found.with_list("errors", checked.errors) }
}

/// `num` and `price` of a line stay as they were first pushed.
fn keep_num_and_price(order: &mut Map<String, Value>, before: &Map<String, Value>) -> u32 {
    let mut ignored = 0;
    let new_lines = order.get_mut("order_list").and_then(Value::as_array_mut).into_iter().flatten();
    for line in new_lines.filter_map(Value::as_object_mut) {
        let oid = text(line, "oid");
        let Some(old) = lines(before).find(|old| text(old, "oid") == oid) else { continue };
        for field in ["num", "price"] {
            let amount =
                |line: &Map<String, Value>| text(line, field).and_then(|text| text.parse::<Decimal>().ok());
            if amount(line) != amount(old) {
                ignored += 1;
                line.insert(field.to_owned(), old.get(field).cloned().unwrap_or_default());
            }
        }
    }
    ignored
}

/// The 订单 that the ERP makes of a pushed 原始订单.
fn as_trade(tid: &str, shop_no: &str, order: &Map<String, Value>, now: i64) -> Map<String, Value> {
    let status = match text(order, "trade_status").as_deref() {
        Some("10") => 10,
        Some("20") => 12,
        Some("40" | "50") => 95,
        Some("70") => 110,
        Some("80" | "90") => 5,
        _ => 30,
    };
    let mut row = Map::from_iter([
        ("trade_no".to_owned(), json!(format!("JY{tid}"))),
        ("src_tids".to_owned(), json!(tid)),
        ("shop_no".to_owned(), json!(shop_no)),
        ("platform_id".to_owned(), json!(127)),
        ("trade_status".to_owned(), json!(status)),
        ("created".to_owned(), json!(time::format(now))),
        ("modified".to_owned(), json!(time::format(now))),
    ]);
    let same = [
        "trade_time",
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
        "paid",
        "buyer_message",
    ];
    copy(order, &mut row, &same);
    let goods_list = lines(order).map(|line| {
        let mut goods = Map::from_iter([
            ("src_tid".to_owned(), json!(tid)),
            ("src_oid".to_owned(), line.get("oid").cloned().unwrap_or_default()),
        ]);
        copy(line, &mut goods, &["num", "price", "spec_no", "goods_no", "goods_name", "spec_name", "remark"]);
        Value::Object(goods)
    });
    row.insert("goods_list".to_owned(), goods_list.collect());
    row
}

fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, fields: &[&str]) {
    let found = fields.iter().filter_map(|field| Some(((*field).to_owned(), from.get(*field)?.clone())));
    to.extend(found);
}

/// The lines of an order.
fn lines(order: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    order.get("order_list").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

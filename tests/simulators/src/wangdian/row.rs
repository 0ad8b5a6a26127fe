//! A trade as a row of `trade_query`, made when it is asked for: 100,000 of them are kept as a few bytes each.

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::samples::{GOODS, PEOPLE, SHOPS, TEMPLATE};
use super::trades::Trade;
use crate::wangdian::time;

/// The row of a generated trade. `seed` and its serial number decide everything but its times and edition.
pub(super) fn render(trade: &Trade, seed: u64) -> Map<String, Value> {
    if let Some(given) = &trade.given {
        return overlaid(given);
    }
    let mut rng = StdRng::seed_from_u64(seed ^ u64::from(trade.serial));
    let mut row = TEMPLATE.trade.clone();
    let shop = &SHOPS[usize::from(trade.shop) % SHOPS.len()];
    let person = &PEOPLE[rng.random_range(0..PEOPLE.len())];
    row.extend(person.clone());
    let area = ["receiver_province", "receiver_city", "receiver_district"]
        .map(|field| person.get(field).and_then(Value::as_str).unwrap_or_default())
        .join(" ");
    let tid = src_tid(trade);
    let lines = lines(trade, &tid, &mut rng);
    let goods_count: Decimal = lines.iter().map(|line| line.num).sum();
    let goods_amount: Decimal = lines.iter().map(|line| line.num * line.price).sum();
    let shared: Decimal = lines.iter().map(|line| line.num * line.share_price).sum();
    let post_amount = Decimal::from(if rng.random_range(0..3) == 0 { 10 } else { 0 });
    let created = time::format(trade.created);
    for (field, value) in [
        ("trade_id", json!(trade.serial)),
        ("trade_no", json!(trade_no(trade))),
        ("platform_id", json!(trade.platform)),
        ("shop_no", json!(shop.shop_no)),
        ("shop_name", json!(shop.shop_name)),
        ("shop_id", json!(trade.shop + 1)),
        ("warehouse_no", json!(if rng.random_range(0..4) == 0 { "WH02" } else { "WH01" })),
        ("src_tids", json!(tid)),
        ("trade_status", json!(trade.status)),
        ("receiver_area", json!(area)),
        ("customer_name", row.get("receiver_name").cloned().unwrap_or_default()),
        ("customer_no", json!(format!("KH{:05}", trade.serial % 500))),
        ("trade_time", json!(created)),
        ("pay_time", json!(created)),
        ("created", json!(created)),
        ("modified", json!(time::format(trade.modified))),
        ("version_id", json!(trade.edition)),
        (
            "cs_remark",
            json!(if trade.edition > 1 { format!("第{}次修改", trade.edition) } else { String::new() }),
        ),
        ("goods_type_count", json!(lines.len())),
        ("goods_count", decimal(goods_count)),
        ("raw_goods_count", decimal(goods_count)),
        ("goods_amount", decimal(goods_amount)),
        ("discount", decimal(goods_amount - shared)),
        ("post_amount", decimal(post_amount)),
        ("receivable", decimal(shared + post_amount)),
        ("paid", decimal(shared + post_amount)),
        ("dap_amount", decimal(shared + post_amount)),
        ("goods_list", lines.into_iter().map(|line| line.row).collect()),
    ] {
        row.insert(field.to_owned(), value);
    }
    row
}

struct Line {
    num: Decimal,
    price: Decimal,
    share_price: Decimal,
    row: Value,
}

fn lines(trade: &Trade, tid: &str, rng: &mut StdRng) -> Vec<Line> {
    let count = rng.random_range(1..=4);
    let mut lines: Vec<Line> = Vec::with_capacity(count);
    for place in 0..count {
        // The last of several lines is now and then a gift of the first line's good: the same spec_no twice.
        let is_gift = place > 0 && place + 1 == count && rng.random_range(0..2) == 0;
        let first = lines.first().and_then(|line| line.row.get("spec_no").cloned());
        let goods = match first {
            Some(spec_no) if is_gift => GOODS.iter().find(|goods| spec_no == goods.spec_no.as_str()),
            _ => None,
        }
        .unwrap_or_else(|| &GOODS[rng.random_range(0..GOODS.len())]);
        // Every change orders one more of the first line, so that a target shows which version it has.
        let more = if place == 0 { trade.edition - 1 } else { 0 };
        let num = Decimal::from(rng.random_range(1..=12) + more);
        let off = Decimal::new(rng.random_range(0..4) * 50, 2);
        let share_price = if is_gift { Decimal::ZERO } else { goods.price - off };
        let mut row = TEMPLATE.line.clone();
        for (field, value) in [
            ("rec_id", json!(u64::from(trade.serial) * 10 + place as u64)),
            ("trade_id", json!(trade.serial)),
            ("platform_id", json!(trade.platform)),
            ("src_oid", json!(format!("{tid}-{}", place + 1))),
            ("src_tid", json!(tid)),
            ("gift_type", json!(u8::from(is_gift))),
            ("num", decimal(num)),
            ("actual_num", decimal(num)),
            ("price", decimal(goods.price)),
            ("order_price", decimal(share_price)),
            ("share_price", decimal(share_price)),
            ("share_amount", decimal(num * share_price)),
            ("share_amount2", decimal(num * share_price)),
            ("paid", decimal(num * share_price)),
            ("discount", decimal(num * (goods.price - share_price))),
            ("goods_no", json!(goods.goods_no)),
            ("goods_name", json!(goods.goods_name)),
            ("api_goods_name", json!(goods.goods_name)),
            ("spec_no", json!(goods.spec_no)),
            ("spec_code", json!(goods.spec_no)),
            ("spec_name", json!(goods.spec_name)),
            ("barcode", json!(goods.barcode)),
            ("unit_name", json!(goods.unit_name)),
            ("modified", json!(time::format(trade.modified))),
            ("created", json!(time::format(trade.created))),
        ] {
            row.insert(field.to_owned(), value);
        }
        lines.push(Line { num, price: goods.price, share_price, row: Value::Object(row) });
    }
    lines
}

/// A row that was given, with every field that it leaves open.
fn overlaid(given: &Map<String, Value>) -> Map<String, Value> {
    let mut row = TEMPLATE.trade.clone();
    row.extend(given.clone());
    if let Some(Value::Array(lines)) = row.get_mut("goods_list") {
        for line in lines {
            if let Value::Object(given) = line.take() {
                let mut whole = TEMPLATE.line.clone();
                whole.extend(given);
                *line = Value::Object(whole);
            }
        }
    }
    row
}

pub(super) fn trade_no(trade: &Trade) -> String {
    numbered("JY", trade)
}

pub(super) fn src_tid(trade: &Trade) -> String {
    numbered("DD", trade)
}

/// `JY` or `DD`, the day, and the serial number: so a number leads back to its trade without an index.
fn numbered(prefix: &str, trade: &Trade) -> String {
    let day = DateTime::<Utc>::from_timestamp(trade.created, 0).unwrap_or_default();
    format!("{prefix}{}{:08}", day.with_timezone(&time::china()).format("%Y%m%d"), trade.serial)
}

pub(super) fn serial_in(number: &str) -> Option<u32> {
    number.get(number.len().checked_sub(8)?..)?.parse().ok()
}

/// Four decimals, in a string.
fn decimal(mut value: Decimal) -> Value {
    value.rescale(4);
    json!(value.to_string())
}

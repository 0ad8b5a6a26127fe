//! Sample 直营订单, with every field that the vendor's page knows.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Qince;
use crate::wangdian;
use crate::wangdian::samples::GOODS;

/// An address as a salesperson types it, and the parts that it has.
#[derive(Debug, Clone, Deserialize)]
pub struct Address {
    /// `receive_addr`.
    pub text: String,
    /// 省.
    pub province: String,
    /// 市.
    pub city: String,
    /// 区县.
    pub district: String,
    /// What follows.
    pub rest: String,
}

#[derive(Deserialize)]
struct Template {
    order: Map<String, Value>,
    line: Map<String, Value>,
}

#[expect(clippy::expect_used, reason = "files of this crate, which its tests read")]
static TEMPLATE: LazyLock<Template> =
    LazyLock::new(|| serde_json::from_str(include_str!("data/order.json")).expect("the order file"));

#[expect(clippy::expect_used, reason = "files of this crate, which its tests read")]
static ADDRESSES: LazyLock<Vec<Address>> =
    LazyLock::new(|| serde_json::from_str(include_str!("data/addresses.json")).expect("the address file"));

/// The addresses of the sample orders: all kinds of provinces, and one without its 市.
#[must_use]
pub fn addresses() -> &'static [Address] {
    &ADDRESSES
}

/// The version of an order: its `modify_time_str`.
#[must_use]
pub fn modify_time(order: &Value) -> &str {
    order.get("modify_time_str").and_then(Value::as_str).unwrap_or_default()
}

impl Qince {
    /// A new order, made at that time.
    pub fn order(&self, at: DateTime<Utc>) -> Value {
        let mut order = TEMPLATE.order.clone();
        let address = &ADDRESSES[self.dice.below(u32::try_from(ADDRESSES.len()).unwrap_or(1)) as usize];
        let lines: Vec<Line> = (0..=self.dice.below(4)).map(|place| self.line(place)).collect();
        let amount: Decimal = lines.iter().map(|line| line.amount).sum();
        let discount: Decimal = lines.iter().map(|line| line.discount).sum();
        let text = wangdian::time::format(at.timestamp());
        let day = text.split(' ').next().unwrap_or_default();
        let purchase_no = format!("CK{}{}", day.replace('-', ""), self.dice.digits(6));
        for (field, value) in [
            ("id", self.dice.digits(19)),
            ("purchase_no", purchase_no),
            ("date", day.to_owned()),
            ("date2", text.clone()),
            ("consignment_date", day.to_owned()),
            ("create_time_str", precise(at)),
            ("modify_time_str", precise(at)),
            ("confirm_time_str", text),
            ("receive_addr", address.text.clone()),
            ("receive_phone", format!("138{}", self.dice.digits(8))),
            ("order_amount", money(amount - discount)),
            ("order_discount_amount", money(discount)),
        ] {
            order.insert(field.to_owned(), json!(value));
        }
        order.insert("prods".to_owned(), lines.into_iter().map(|line| Value::Object(line.row)).collect());
        Value::Object(order)
    }

    /// Orders at even distances from `from` to `to`.
    pub fn orders(&self, count: u32, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Value> {
        let distance = (to - from) / i32::try_from(count.max(1)).unwrap_or(i32::MAX);
        (0..count)
            .map(|place| self.order(from + distance * i32::try_from(place).unwrap_or(i32::MAX)))
            .collect()
    }

    /// The next version of an order, `after` its last change, in that `purchase_status`.
    #[must_use]
    pub fn changed(&self, order: &Value, after: TimeDelta, purchase_status: &str) -> Value {
        let mut order = order.clone();
        let before = chrono::NaiveDateTime::parse_from_str(modify_time(&order), "%Y-%m-%d %H:%M:%S%.f");
        let modified = before.map(|before| before + after);
        if let Ok(modified) = modified {
            order["modify_time_str"] = json!(modified.format("%Y-%m-%d %H:%M:%S%.3f").to_string());
        }
        order["purchase_status"] = json!(purchase_status);
        order["purchase_business_status"] = json!(purchase_status);
        order["remark"] = json!(format!("第{}次变更", self.dice.digits(4)));
        order
    }

    fn line(&self, place: u32) -> Line {
        let goods = &GOODS[self.dice.below(u32::try_from(GOODS.len()).unwrap_or(1)) as usize];
        let is_gift = place > 0 && self.dice.below(4) == 0;
        let count = Decimal::from(self.dice.below(20) + 1);
        let price = if is_gift { Decimal::ZERO } else { goods.price };
        let amount = (price * count).round_dp(2);
        let discount = if is_gift || self.dice.coin() { Decimal::ZERO } else { Decimal::TWO };
        let mut row = TEMPLATE.line.clone();
        for (field, value) in [
            ("product_id", self.dice.digits(19)),
            ("product_name", goods.goods_name.clone()),
            ("product_code", goods.spec_no.clone()),
            ("allocated_amount", eight(amount - discount)),
            ("purchase_price", eight(price)),
            ("purchase_count", eight(count)),
            ("purchase_input_unit_name", goods.unit_name.clone()),
            ("base_unit_name", goods.unit_name.clone()),
            ("purchase_base_unit_count", eight(count)),
            ("purchase_amount", money(amount)),
            ("purchase_discount_amount", money(discount)),
            ("is_gift", if is_gift { "Y" } else { "N" }.to_owned()),
            ("posnr", ((place + 1) * 10).to_string()),
        ] {
            row.insert(field.to_owned(), json!(value));
        }
        Line { amount, discount, row }
    }
}

struct Line {
    amount: Decimal,
    discount: Decimal,
    row: Map<String, Value>,
}

fn precise(at: DateTime<Utc>) -> String {
    at.with_timezone(&wangdian::time::china()).format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// Money of the head: two decimals.
fn money(mut value: Decimal) -> String {
    value.rescale(2);
    value.to_string()
}

/// Prices and quantities of lines: eight decimals.
fn eight(mut value: Decimal) -> String {
    value.rescale(8);
    value.to_string()
}

//! A small set-up: some hours of trade, and the oddities that a relay must cope with.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Vendors;
use crate::qince::{PushStyle, SignedPush, Story};
use crate::wangdian::samples::GOODS;

/// What the demo asks of a relay, beyond what lies in the vendors.
pub struct Demo {
    /// The pushes that Qince sends, in this order: 8 orders, one pushed twice, one in an older version after the
    /// newer, one redelivered.
    pub pushes: Vec<SignedPush>,
    /// The trade whose material Kingdee does not know: to be refused.
    pub trade_without_material: String,
    /// The `id` of the direct order whose address has no province, city or district: WDT cannot take it.
    pub order_without_address: String,
    /// The orders that WDT ships in the course of a day, of one shop and one warehouse: the last is reported on the next.
    pub shipped: Vec<Shipped>,
    box_unit: String,
}

/// An order that is shipped: what stands in its stock-out (销售出库单).
#[derive(Debug, Clone, Deserialize)]
pub struct Shipped {
    /// 出库单号.
    pub order_no: String,
    /// 邮费.
    pub post_amount: Decimal,
    lines: Vec<ShippedLine>,
}

#[derive(Debug, Clone, Deserialize)]
struct ShippedLine {
    spec_no: String,
    goods_count: Decimal,
    share_amount: Decimal,
}

impl Shipped {
    /// 应收金额: what the customer pays.
    #[must_use]
    pub fn receivable(&self) -> Decimal {
        self.lines.iter().map(|line| line.share_amount).sum::<Decimal>() + self.post_amount
    }
}

/// The material that Kingdee does not know, and the unit it is sold in.
const MISSING_MATERIAL: (&str, &str, &str) = ("NEW-2026", "新品试吃装", "箱");

/// What the customer whose address cannot be split says when asked.
const RIGHT_ADDRESS: &str = "江苏省苏州市姑苏区人民路1188号门卫室";

#[derive(Deserialize)]
struct File {
    customers: Vec<Named>,
    stores: Vec<Named>,
    units: Vec<Named>,
    trades: Vec<TradeLine>,
    stock: Vec<StockLine>,
    shipments: Vec<Map<String, Value>>,
    orders: Vec<OrderLine>,
    shipped: Vec<Shipped>,
}

#[derive(Deserialize)]
struct Named {
    number: String,
    name: String,
}

#[derive(Deserialize)]
struct TradeLine {
    minutes_ago: i64,
    shop_no: Option<String>,
    row: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct StockLine {
    shop_no: String,
    spec_no: String,
    stock: Decimal,
}

#[derive(Deserialize)]
struct OrderLine {
    minutes_ago: i64,
    story: Story,
    receive_addr: Option<String>,
}

#[expect(clippy::expect_used, reason = "a file of this crate, which its tests read")]
fn file() -> File {
    serde_json::from_str(include_str!("data/demo.json")).expect("the demo file")
}

impl Vendors {
    /// Gives Kingdee a customer for each shop, a warehouse for each of WDT's, every unit, and a material for every
    /// spec that generated trades sell.
    pub fn load_master_data(&self) {
        _ = self.load_base_data();
    }

    /// Loads the base data, and gives the ids of the units by their names.
    fn load_base_data(&self) -> BTreeMap<String, String> {
        let file = file();
        for customer in &file.customers {
            self.kingdee.add_customer(&customer.number, &customer.name);
        }
        for store in &file.stores {
            self.kingdee.add_store(&store.number, &store.name);
        }
        let units: BTreeMap<String, String> = file
            .units
            .into_iter()
            .map(|unit| (unit.name.clone(), self.kingdee.add_unit(&unit.number, &unit.name)))
            .collect();
        for goods in GOODS.iter() {
            let unit = units.get(goods.unit_name.as_str()).map(String::as_str);
            self.kingdee.add_material(&goods.spec_no, &goods.goods_name, unit.as_slice());
        }
        units
    }

    /// Loads the demo: the master data, 25 trades of the last hours (two of them 淘系), 12 stock changes and 6
    /// shipments. The direct orders come back as the pushes that Qince sends.
    #[must_use]
    pub fn load_demo_data(&self) -> Demo {
        let now = self.clock.now();
        let units = self.load_base_data();
        let file = file();
        let mut trade_without_material = String::new();
        for trade in file.trades {
            let at = now - TimeDelta::minutes(trade.minutes_ago);
            match trade.row {
                None => {
                    self.wangdian.generate_trade(trade.shop_no.as_deref().unwrap_or_default(), 55, at);
                }
                Some(mut row) => {
                    row.get("trade_no")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .clone_into(&mut trade_without_material);
                    let text = crate::wangdian::time::format(at.timestamp());
                    for field in ["trade_time", "pay_time", "created", "modified"] {
                        row.insert(field.to_owned(), json!(text));
                    }
                    self.wangdian.add_trade(row);
                }
            }
        }
        for line in file.stock {
            let goods_no = line.spec_no.split('-').next().unwrap_or_default();
            self.wangdian.change_stock(&line.shop_no, goods_no, &line.spec_no, line.stock);
        }
        for shipment in file.shipments {
            self.wangdian.add_shipment(shipment);
        }
        let mut order_without_address = String::new();
        let mut pushes = Vec::new();
        for line in file.orders {
            let mut order = self.qince.order(now - TimeDelta::minutes(line.minutes_ago));
            if let Some(address) = line.receive_addr {
                order["receive_addr"] = json!(address);
                order["id"].as_str().unwrap_or_default().clone_into(&mut order_without_address);
            }
            pushes.extend(self.qince.tell(line.story, &order));
        }
        let (_, _, unit) = MISSING_MATERIAL;
        let box_unit = units.get(unit).cloned().unwrap_or_default();
        self.kingdee.add_material("POSTAGE", "邮资", &[&box_unit]);
        Demo { pushes, trade_without_material, order_without_address, shipped: file.shipped, box_unit }
    }

    /// WDT ships an order at that time, and shows it from now on.
    pub fn ship(&self, order: &Shipped, at: DateTime<Utc>) {
        let line = |line: &ShippedLine| {
            json!({
                "spec_no": line.spec_no, "goods_count": line.goods_count.to_string(),
                "share_amount": line.share_amount.to_string(), "gift_type": u8::from(line.share_amount.is_zero()),
            })
        };
        let row = json!({
            "order_no": order.order_no, "trade_no": order.order_no.replace("CK", "JY"), "shop_no": "S001",
            "warehouse_no": "WH01", "status": 95, "consign_time": crate::wangdian::time::format(at.timestamp()),
            "receivable": order.receivable().to_string(), "post_amount": order.post_amount.to_string(),
            "details_list": order.lines.iter().map(line).collect::<Vec<_>>(),
        });
        if let Value::Object(row) = row {
            self.wangdian.put_row("stockout_order_query_trade", &["order_no"], row);
        }
    }

    /// Somebody creates the missing material in Kingdee.
    pub fn create_missing_material(&self, demo: &Demo) {
        let (number, name, _) = MISSING_MATERIAL;
        self.kingdee.add_material(number, name, &[&demo.box_unit]);
    }

    /// Somebody corrects the address in Qince, which pushes the order anew.
    #[must_use]
    pub fn correct_address(&self, demo: &Demo) -> Option<SignedPush> {
        let pushed =
            demo.pushes.iter().rev().find(|push| push.order["id"] == demo.order_without_address.as_str())?;
        let mut order = self.qince.changed(&pushed.order, TimeDelta::hours(1), "CG_DFH");
        order["receive_addr"] = json!(RIGHT_ADDRESS);
        Some(self.qince.push(&order, &PushStyle::default()))
    }
}

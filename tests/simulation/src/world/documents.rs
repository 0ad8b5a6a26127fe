//! The documents of a merchant: how they come about, and how they change.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::World;
use super::books::{Pile, Pushed};
use crate::scenario::{Change, Vendor};

/// The material of bad trades.
pub(super) const MISSING: &str = "NEW-2026";

impl World {
    pub(super) fn order(&self, number: usize) {
        let mut books = self.books.state();
        while books.orders.len() <= number {
            books.orders.push(Pushed::default());
        }
        // An order is made once; after that it changes.
        if !books.orders[number].versions.is_empty() {
            drop(books);
            return self.change_order(number, Change::Onward);
        }
        let order = self.vendors.qince.order(self.now());
        books.orders[number].versions.push(order.clone());
        drop(books);
        self.vendors.qince.submit(order);
    }

    pub(super) fn change_order(&self, number: usize, how: Change) {
        let mut books = self.books.state();
        let Some(pushed) = books.orders.get_mut(number) else { return };
        let Some(newest) = pushed.versions.last() else { return };
        let mut changed = self.vendors.qince.changed(newest, TimeDelta::seconds(7), "CG_FHZ");
        match how {
            Change::Onward | Change::Emptied => {}
            Change::Back => {
                let before = pushed.versions.iter().rev().nth(1).unwrap_or(newest);
                for field in ["remark", "purchase_status", "purchase_business_status", "status"] {
                    changed[field] = before[field].clone();
                }
            }
            Change::Deleted => changed["status"] = json!("0"),
        }
        pushed.versions.push(changed.clone());
        drop(books);
        self.vendors.qince.submit(changed);
    }

    pub(super) fn order_again(&self, number: usize, back: usize) {
        let books = self.books.state();
        let version =
            books.orders.get(number).and_then(|order| order.versions.iter().rev().nth(back)).cloned();
        drop(books);
        version.into_iter().for_each(|version| self.vendors.qince.submit(version));
    }

    pub(super) fn trade(&self, ago: Duration, is_audited: bool) {
        let status = if is_audited { 55 } else { 30 };
        let number = self.vendors.wangdian.generate_trade("S001", status, self.now() - ago);
        self.books.state().trades.push(number);
    }

    /// As a generated one, but of a good that Kingdee does not know.
    pub(super) fn bad_trade(&self) {
        let mut books = self.books.state();
        let number = format!("BAD{:04}", books.bad_trades.len() + 1);
        let line = json!({
            "rec_id": "1", "spec_no": MISSING, "goods_no": MISSING, "goods_name": "新品", "num": "2.0000",
            "share_price": "19.9900", "share_amount": "39.9800", "gift_type": "0", "unit_name": "新箱",
        });
        let row = json!({
            "trade_no": number, "shop_no": "S001", "warehouse_no": "WH01", "platform_id": "127",
            "trade_status": "55", "src_tids": format!("T{number}"), "goods_list": [line],
        });
        let Value::Object(mut row) = row else { return };
        let now = relay_simulators::wangdian::time_text(self.now());
        for field in ["trade_time", "created", "modified"] {
            row.insert(field.to_owned(), json!(now));
        }
        self.vendors.wangdian.add_trade(row);
        books.bad_trades.insert(number.clone());
        books.trades.push(number);
    }

    pub(super) fn change_trade(&self, number: usize) {
        let trades = self.books.state().trades.clone();
        let generated: Vec<_> = trades.iter().filter(|trade| !trade.starts_with("BAD")).collect();
        if let Some(trade) = generated.get(number) {
            self.vendors.wangdian.change_trade(trade, self.now());
        }
    }

    pub(super) fn change_stock(&self, good: usize, left: u32) {
        let (goods_no, spec_no) = (format!("G{good}"), format!("G{good}-1"));
        self.vendors.wangdian.change_stock("S001", &goods_no, &spec_no, Decimal::from(left));
    }

    pub(super) fn shipment(&self) {
        let place =
            self.vendors.wangdian.waiting_shipments().len() + self.vendors.wangdian.logistics_acks().len();
        let row = Map::from_iter([
            ("tid".to_owned(), json!(format!("T{place}"))),
            ("logistics_no".to_owned(), json!(format!("SF{place}"))),
            ("shop_no".to_owned(), json!("S001")),
        ]);
        self.vendors.wangdian.add_shipment(row);
    }

    /// A new document, or a new version of one; answers its place.
    pub(super) fn json(&self, pile: Pile, number: usize) -> usize {
        let now = self.now();
        self.json_of(pile, number, now, None)
    }

    /// Three versions of one time: the third says what the first says.
    pub(super) fn json_flap(&self, pile: Pile, number: usize) -> [usize; 3] {
        let now = self.now();
        let first = self.json_of(pile, number, now, None);
        [first, self.json_of(pile, number, now, None), self.json_of(pile, number, now, Some(first))]
    }

    fn json_of(&self, pile: Pile, number: usize, time: DateTime<Utc>, says: Option<usize>) -> usize {
        let mut books = self.books.state();
        let documents = books.pile_mut(pile);
        while documents.len() <= number {
            documents.push(Pushed::default());
        }
        let versions = &mut documents[number].versions;
        let place = versions.len();
        versions.push(json!({
            "id": format!("J{number}"),
            "updated_at": time.to_rfc3339(),
            "status": "paid",
            "total": "12.50",
            "remark": format!("v{}", says.unwrap_or(place)),
            "items": [{"sku": "A", "quantity": 1}],
        }));
        place
    }

    pub(super) fn add_material(&self) {
        if self.vendors.kingdee.has_material(MISSING) {
            return;
        }
        let unit = self.vendors.kingdee.add_unit("BOX", "新箱");
        self.vendors.kingdee.add_material(MISSING, "新品", &[&unit]);
    }

    /// The right secret of a vendor, or a wrong one, in the settings.
    pub(super) fn set_secret(&mut self, vendor: Vendor, is_right: bool) {
        let name = match vendor {
            Vendor::Wangdian => "WDT_APPSECRET",
            Vendor::Kingdee => "KINGDEE_CLIENT_SECRET",
            Vendor::Sharecrm => "SHARECRM_APP_SECRET",
            Vendor::Qince => "QINCE_APPKEY",
            Vendor::Http => "HTTP_POST_SECRET",
        };
        let settings = relay_simulators::settings();
        let right = settings.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| value);
        let value = if is_right { right.to_owned() } else { "wrong".to_owned() };
        self.settings.insert(name.to_owned(), value);
    }
}

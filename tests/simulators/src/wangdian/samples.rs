//! The sample files that generated rows are made of.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Every field of 订单 and of its lines, with the value that it has when nothing is known.
#[derive(Deserialize)]
pub(crate) struct Template {
    pub(crate) trade: Map<String, Value>,
    pub(crate) line: Map<String, Value>,
}

/// One 单品 that generated trades sell.
#[derive(Deserialize)]
pub(crate) struct Goods {
    pub(crate) spec_no: String,
    pub(crate) goods_no: String,
    pub(crate) goods_name: String,
    pub(crate) spec_name: String,
    pub(crate) unit_name: String,
    pub(crate) price: Decimal,
    pub(crate) barcode: String,
}

/// One 店铺.
#[derive(Clone, Deserialize)]
pub(crate) struct Shop {
    pub(crate) shop_no: String,
    pub(crate) shop_name: String,
    pub(crate) platform_id: u16,
    pub(crate) is_disabled: bool,
}

pub(crate) static TEMPLATE: LazyLock<Template> = LazyLock::new(|| read(include_str!("data/trade.json")));
pub(crate) static GOODS: LazyLock<Vec<Goods>> = LazyLock::new(|| read(include_str!("data/goods.json")));
pub(crate) static SHOPS: LazyLock<Vec<Shop>> = LazyLock::new(|| read(include_str!("data/shops.json")));
pub(crate) static PEOPLE: LazyLock<Vec<Map<String, Value>>> =
    LazyLock::new(|| read(include_str!("data/people.json")));

#[expect(clippy::expect_used, reason = "files of this crate, which its tests read")]
fn read<T: DeserializeOwned>(file: &str) -> T {
    serde_json::from_str(file).expect("a sample file of this crate")
}

//! What the simulated 旺店通 holds: loading it, and looking at what calls did to it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::documents::{Documents, PushedDocument};
use super::endpoints::Endpoint;
use super::envelope::Found;
use super::pools::{LogisticsAck, Pools, StockChange};
use super::pushed::{self, Pushed, PushedOrder};
use super::samples::{SHOPS, Shop};
use super::trades::Trades;
use super::{Refusal, Route, Wangdian, time, trade_push, trade_query};
use crate::call::Params;
use crate::dice::Dice;
use crate::faults::Fault;
use crate::limit::Limit;
use crate::lock;

/// How many of 1,000 generated trades are of each kind; the rest are audited (55) orders of the own shop.
#[derive(Debug, Clone, Copy, Default)]
pub struct TradeMix {
    /// 淘系: over Qimen only.
    pub taobao_per_mille: u32,
    /// Orders of another platform (京东).
    pub jd_per_mille: u32,
    /// Not audited yet (30 待客审).
    pub unaudited_per_mille: u32,
}

/// A trade as the ERP has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeSummary {
    /// 系统订单编号.
    pub trade_no: String,
    /// 订单状态.
    pub status: u16,
    /// Whether it is a 淘系 order.
    pub taobao: bool,
    /// Its last change.
    pub modified: DateTime<Utc>,
    /// Grows by one with every change.
    pub version_id: u16,
}

pub(super) struct State {
    pub(super) trades: Trades,
    pub(super) pools: Pools,
    pub(super) limit: Limit,
    pub(super) documents: Documents,
    pushed: Pushed,
    shops: BTreeMap<String, Shop>,
}

impl State {
    pub(super) fn new(seed: u64, limit: Limit) -> Self {
        Self {
            trades: Trades::new(seed),
            pools: Pools::default(),
            limit,
            documents: Documents::default(),
            pushed: Pushed::default(),
            shops: SHOPS.iter().map(|shop| (shop.shop_no.clone(), shop.clone())).collect(),
        }
    }

    pub(super) fn push_trades(
        &mut self,
        params: &Params,
        now: i64,
        fault: Option<&Fault>,
    ) -> Result<Found, Refusal> {
        let takes_rest = fault == Some(&Fault::ErrorsUnderCodeZero);
        let checked = trade_push::check(params, &self.shops, &self.pushed, takes_rest)?;
        Ok(pushed::store(checked, &mut self.pushed, &mut self.trades, now))
    }

    /// Up to three rows of the window change and so leave it; one more trade comes in.
    pub(super) fn move_rows(&mut self, dice: &Dice, endpoint: &'static Endpoint, params: &Params, now: i64) {
        let serials = trade_query::window_serials(&self.trades, endpoint, params, now);
        let Ok(count) = u32::try_from(serials.len()) else { return };
        if count == 0 {
            return;
        }
        for _ in 0..3.min(count) {
            if let Some(serial) = serials.get(dice.below(count) as usize) {
                self.trades.touch(*serial, now, now);
            }
        }
        self.trades.generate(0, 127, 55, now);
    }
}

impl Wangdian {
    /// Adds a trade, or changes the one of its `trade_no`, at the row's `modified` (default: now). Fields that the
    /// row leaves open are filled in.
    pub fn add_trade(&self, row: Map<String, Value>) {
        let now = self.clock.now().timestamp();
        lock(&self.state).trades.put(row, now);
    }

    /// Adds `count` trades with all fields, changed at even distances from `from` to `to`; those of the future are
    /// seen when their time has come.
    pub fn generate_trades(&self, count: u32, from: DateTime<Utc>, to: DateTime<Utc>, mix: TradeMix) {
        let mut state = lock(&self.state);
        let span = (to - from).num_seconds();
        for place in 0..count {
            let modified = from.timestamp() + span * i64::from(place) / i64::from(count);
            let roll = self.dice.below(1_000);
            let (shop, platform) = match roll {
                roll if roll < mix.taobao_per_mille => (1, 1),
                roll if roll < mix.taobao_per_mille + mix.jd_per_mille => (2, 3),
                _ => (0, 127),
            };
            let status = if self.dice.below(1_000) < mix.unaudited_per_mille { 30 } else { 55 };
            state.trades.generate(shop, platform, status, modified);
        }
    }

    /// Adds one trade with all fields, and answers its number; a shop that no sample has is the own one.
    pub fn generate_trade(&self, shop_no: &str, status: u16, modified: DateTime<Utc>) -> String {
        let shop = SHOPS.iter().position(|shop| shop.shop_no == shop_no).unwrap_or_default();
        let shop_index = u8::try_from(shop).unwrap_or_default();
        let platform = SHOPS[shop].platform_id;
        let trades = &mut lock(&self.state).trades;
        let serial = trades.generate(shop_index, platform, status, modified.timestamp());
        trades.get(serial).map(|trade| trades.number_of(trade)).unwrap_or_default()
    }

    /// Changes a trade at that time, which may be to come. Answers whether there is such a trade.
    pub fn change_trade(&self, trade_no: &str, at: DateTime<Utc>) -> bool {
        let now = self.clock.now().timestamp();
        let mut state = lock(&self.state);
        let serial = state.trades.find_number(trade_no);
        if let Some(serial) = serial {
            state.trades.touch(serial, at.timestamp(), now);
        }
        serial.is_some()
    }

    /// Trades are seen only so long after their last change, as while the vendor's transaction is still open.
    pub fn set_lag(&self, lag: Duration) {
        lock(&self.state).trades.lag = i64::try_from(lag.as_secs()).unwrap_or(i64::MAX);
    }

    /// Calls in any minute over both routes; `None` is no limit.
    pub fn set_calls_a_minute(&self, calls: Option<usize>) {
        lock(&self.state).limit.set(calls);
    }

    /// Counts calls against that limit from here on.
    pub(crate) fn begin_quota_anew(&self) {
        lock(&self.state).limit.begin_anew();
    }

    /// How many calls were above that limit.
    pub(crate) fn refused_for_quota(&self) -> u64 {
        lock(&self.state).limit.refused()
    }

    /// Every trade that is seen now, by last change.
    #[must_use]
    pub fn trades(&self) -> Vec<TradeSummary> {
        let now = self.clock.now().timestamp();
        let mut state = lock(&self.state);
        state.trades.settle(now);
        let trades = state.trades.changed(i64::MIN, now, now);
        trades
            .map(|trade| TradeSummary {
                trade_no: state.trades.number_of(trade),
                status: trade.status,
                taobao: trade.is_taobao(),
                modified: DateTime::from_timestamp(trade.modified, 0).unwrap_or_default(),
                version_id: trade.edition,
            })
            .collect()
    }

    /// The row of a trade as the Qimen route shows it now.
    #[must_use]
    pub fn trade(&self, trade_no: &str) -> Option<Value> {
        let now = self.clock.now().timestamp();
        let mut state = lock(&self.state);
        state.trades.settle(now);
        let trade = state.trades.get(state.trades.find_number(trade_no)?)?;
        Some(Value::Object(trade_query::row(&state.trades, trade, Route::Qimen)))
    }

    /// Adds a shop; pushes are taken for those of platform 127 (自有) that are not disabled.
    pub fn add_shop(&self, shop_no: &str, platform_id: u16, is_disabled: bool) {
        let shop =
            Shop { shop_no: shop_no.to_owned(), shop_name: shop_no.to_owned(), platform_id, is_disabled };
        lock(&self.state).shops.insert(shop_no.to_owned(), shop);
    }

    /// 可销库存 changed: it waits in the pool until acknowledged. Answers its `rec_id`.
    pub fn change_stock(&self, shop_no: &str, goods_no: &str, spec_no: &str, stock: Decimal) -> u64 {
        lock(&self.state).pools.change_stock(shop_no, goods_no, spec_no, stock)
    }

    /// A shipment for the logistics pool; `rec_id` is given unless the row has one. Answers it.
    pub fn add_shipment(&self, row: Map<String, Value>) -> u64 {
        lock(&self.state).pools.add_shipment(row)
    }

    /// Every 平台货品 with its counts; waiting are those whose acknowledged count is the lower one.
    #[must_use]
    pub fn stock(&self) -> Vec<StockChange> {
        lock(&self.state).pools.stock()
    }

    /// How shipments were acknowledged, by `rec_id`.
    #[must_use]
    pub fn logistics_acks(&self) -> BTreeMap<u64, LogisticsAck> {
        lock(&self.state).pools.logistics_acks()
    }

    /// The shipments that still wait, by `rec_id`.
    #[must_use]
    pub fn waiting_shipments(&self) -> Vec<u64> {
        lock(&self.state).pools.waiting_shipments()
    }

    /// From now on a pool row's acknowledgement is refused with that reason; without one it is taken again.
    pub fn refuse_acknowledgement(&self, rec_id: u64, reason: Option<&str>) {
        lock(&self.state).pools.refuse(rec_id, reason);
    }

    /// The orders that pushes made, by `tid`.
    #[must_use]
    pub fn pushed_orders(&self) -> BTreeMap<String, PushedOrder> {
        lock(&self.state).pushed.orders.clone()
    }

    /// The documents that pushes of that endpoint (without `.php`) made, orders excepted.
    #[must_use]
    pub fn pushed_documents(&self, push: &str) -> Vec<PushedDocument> {
        lock(&self.state).documents.pushed(push)
    }

    /// A row that the query of that name (without `.php`) shows, in place of the one with the same `key`. Without a
    /// `modified` it was changed just now.
    pub fn put_row(&self, query: &str, key: &[&str], mut row: Map<String, Value>) {
        let now = self.clock.now().timestamp();
        row.entry("modified").or_insert_with(|| Value::from(time::format(now)));
        lock(&self.state).documents.put(query, key, row);
    }

    /// The row of a query (without `.php`) whose field has that value is shown no more.
    pub fn remove_row(&self, query: &str, field: &str, value: &str) {
        lock(&self.state).documents.remove(query, field, value);
    }

    /// How many calls came in, by endpoint (without `.php`; both routes together).
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.traffic.calls()
    }
}

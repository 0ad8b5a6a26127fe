//! What is true of every document, kept beside the relay and its vendors: what the judge goes by.

mod bills;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use relay_core::groups::GroupId;
use relay_core::{EntryId, Stores};
use relay_simulators::Vendors;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::scenario::{Drawing, Scenario, Table};
use crate::timeline::Timeline;
use crate::trace::clock;
use crate::world::by_hand::ByHand;

use bills::Seen;
pub use bills::{prefix_of, sale_of};

/// A document that somebody pushes, in all of its versions.
#[derive(Debug, Clone, Default)]
pub struct Pushed {
    /// The versions, oldest first.
    pub versions: Vec<Value>,
    /// Which of them the relay has said that it took.
    pub accepted: BTreeSet<usize>,
}

impl Pushed {
    /// The newest version that the relay has said that it took.
    #[must_use]
    pub fn newest(&self) -> Option<Value> {
        self.versions.get(*self.accepted.iter().max()?).cloned()
    }
}

/// A row that the relay reads of a vendor.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// What it has said, oldest first.
    pub says: Vec<String>,
    /// Whether it is there no more.
    pub is_gone: bool,
}

/// What is pushed as signed JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pile {
    /// Orders that go on as JSON.
    Orders,
    /// Sales that become bills.
    Sales,
    /// Receipts that refer to sales.
    Receipts,
    /// Orders that are made in Qince.
    Purchases,
    /// States of orders that are written back to Qince.
    States,
}

impl Pile {
    /// Where it is pushed to.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Orders => "/http/orders",
            Self::Sales => "/http/sales",
            Self::Receipts => "/http/receipts",
            Self::Purchases => "/http/purchases",
            Self::States => "/http/states",
        }
    }
}

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule, by a name that stays.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
}

/// What is true of every document.
pub struct Books {
    vendors: Arc<Vendors>,
    timeline: Arc<Timeline>,
    /// The relay's, as no fault disturbs them.
    stores: Mutex<Stores>,
    drawing: Drawing,
    /// Whether processes stand still for a while.
    stops: bool,
    /// Whether calls to the CRM come later than they were meant.
    holds_up_receipts: bool,
    state: Mutex<State>,
}

/// The pages of the books.
#[derive(Debug, Default)]
pub struct State {
    /// Direct orders, by number.
    pub orders: Vec<Pushed>,
    /// What is pushed as JSON, each by number.
    piles: [Vec<Pushed>; 5],
    /// Rows that the relay reads of vendors.
    pub rows: BTreeMap<(Table, usize), Row>,
    /// Trades, by number: what WDT calls them.
    pub trades: Vec<String>,
    /// Trades of goods that Kingdee did not know when they were made.
    pub bad_trades: BTreeSet<String>,
    /// Documents that a person has entered by hand, by flow and key.
    pub settled: BTreeSet<(String, String)>,
    /// What the ledger has ever had as delivered: flow, key and version.
    pub delivered: BTreeSet<(String, String, Option<String>)>,
    /// What Kingdee's records of base data have said one after the other, by kind and number.
    pub records: BTreeMap<(&'static str, String), Vec<String>>,
    /// How often each document was queued without a person's word, by flow and key.
    pub queued: BTreeMap<(String, String), usize>,
    /// What was in each group when a person had it closed: members, with version and hash of what each brought.
    pub asked: BTreeMap<GroupId, BTreeMap<String, (Option<String>, String)>>,
    /// How many versions of each sale there were when its flow began to audit bills.
    pub audits_from: Option<Vec<usize>>,
    /// What a person has done beside the relay.
    pub by_hand: ByHand,
    /// Rules that did not hold at some moment.
    pub violations: Vec<Violation>,
    seen: Seen,
    acknowledged_stock: BTreeMap<u64, u64>,
    acknowledged_shipments: BTreeSet<u64>,
    quantities: BTreeMap<String, Decimal>,
}

impl State {
    /// What is pushed as JSON, by number.
    #[must_use]
    pub fn pile(&self, pile: Pile) -> &[Pushed] {
        &self.piles[pile as usize]
    }

    /// The same, to be added to.
    pub(super) fn pile_mut(&mut self, pile: Pile) -> &mut Vec<Pushed> {
        &mut self.piles[pile as usize]
    }

    /// The flow of sales audits its bills from now on.
    pub(super) fn audits_from_now(&mut self) {
        let counts = self.pile(Pile::Sales).iter().map(|sale| sale.versions.len()).collect();
        self.audits_from.get_or_insert(counts);
    }

    /// Everything that is pushed as JSON.
    pub fn pushed(&self) -> impl Iterator<Item = &Pushed> {
        self.piles.iter().flatten()
    }
}

impl Books {
    pub(super) fn new(
        vendors: Arc<Vendors>,
        timeline: Arc<Timeline>,
        stores: Stores,
        scenario: &Scenario,
    ) -> Self {
        let (drawing, stops) = (scenario.drawing(), scenario.stops());
        let holds_up_receipts = scenario.events.iter().any(|event| event.what.holds_up_calls_of("sharecrm"));
        let (stores, state) = (Mutex::new(stores), Mutex::default());
        Self { vendors, timeline, stores, drawing, stops, holds_up_receipts, state }
    }

    /// From now on the stores are read so.
    pub(super) fn read(&self, stores: Stores) {
        *self.stores.lock().unwrap_or_else(PoisonError::into_inner) = stores;
    }

    fn stores(&self) -> Stores {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn entry(&self, id: &EntryId) -> Option<relay_core::Entry> {
        let read = self.stores().ledger.read(std::slice::from_ref(id)).now_or_never();
        read.and_then(Result::ok).and_then(|mut entries| entries.remove(id))
    }

    /// An entry was written: what it has as delivered is remembered.
    pub(super) fn hear_of(&self, id: &EntryId) {
        if let Some(delivered) = self.has_bills().then(|| self.entry(id)?.delivered).flatten() {
            let known = (id.flow.clone(), id.key.clone(), delivered.version);
            self.state().delivered.insert(known);
        }
    }

    /// The pages.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the vendors after a call, by its method and path, for what must be true at every moment.
    pub fn look(&self, called: &str) {
        let state = &mut *self.state();
        match self.drawing {
            Drawing::Documents => {
                self.look_at_stock(state);
                self.look_at_shipments(state);
                self.look_at_orders(state);
            }
            Drawing::Bills => self.look_at_bills(state, called),
            Drawing::Lists => self.look_at_records(state, called),
        }
    }

    fn has_bills(&self) -> bool {
        self.drawing == Drawing::Bills
    }

    /// Acknowledged only after the effect: what WDT was told is done stands in the CRM.
    fn look_at_stock(&self, state: &mut State) {
        for row in self.vendors.wangdian.stock() {
            let known = state.acknowledged_stock.entry(row.rec_id).or_default();
            if row.acknowledged_count <= *known {
                continue;
            }
            *known = row.acknowledged_count;
            let records = self.vendors.sharecrm.records();
            let record = records.get(&("erpStockObj".to_owned(), row.rec_id.to_string()));
            let pushes = record.into_iter().flat_map(|record| &record.history);
            let mut counts =
                pushes.filter_map(|push| number(&push.data["masterFieldVal"]["stock_change_count"]));
            if !counts.any(|count| count >= row.acknowledged_count) {
                self.must_be_excused(state, "stock-to-sharecrm", &row.rec_id.to_string());
            }
        }
    }

    /// What was acknowledged without an effect stands as failed at that moment, or a person has dealt with it.
    fn must_be_excused(&self, state: &mut State, flow: &str, key: &str) {
        let entry = self.entry(&EntryId::new(flow, key));
        if !entry.is_some_and(|entry| entry.failed.is_some() || entry.settled.is_some()) {
            let found = format!(
                "at {} {flow} {key} was acknowledged, and the CRM did not have it",
                clock(self.timeline.now())
            );
            state.violations.push(Violation { rule: "acknowledged only after the effect", found });
        }
    }

    fn look_at_shipments(&self, state: &mut State) {
        for (rec_id, ack) in self.vendors.wangdian.logistics_acks() {
            if !state.acknowledged_shipments.insert(rec_id) || ack.status != 0 {
                continue;
            }
            let records = self.vendors.sharecrm.records();
            if !records.contains_key(&("erpShipmentObj".to_owned(), rec_id.to_string())) {
                self.must_be_excused(state, "shipping-to-sharecrm", &rec_id.to_string());
            }
        }
    }

    /// No older version over a newer: of a trade each version orders more than the one before.
    fn look_at_orders(&self, state: &mut State) {
        for billno in &state.trades {
            for order in self.vendors.kingdee.orders(billno) {
                let quantity = decimal(&order.body["material_entity"][0]["qty"]);
                let known = state.quantities.entry(order.id.clone()).or_insert(quantity);
                if quantity < *known {
                    let found = format!(
                        "at {:?} Kingdee's order {billno} went from {known} of its first line to {quantity}",
                        self.timeline.now()
                    );
                    state.violations.push(Violation { rule: "no older version over a newer", found });
                }
                *known = quantity;
            }
        }
    }

    /// Since the beginning.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.timeline.now()
    }
}

/// A number, however it is written.
#[must_use]
pub fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// An amount, however it is written; nothing where there is none.
#[must_use]
pub fn decimal(value: &Value) -> Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().unwrap_or_default()
}
